//! Intervals and tests against textbooks, exact counts and their own levels.

use super::*;
use crate::rng::{Purpose, stream};
use rand_distr::{Distribution, StandardNormal};

#[test]
fn binomial_bounds_match_tables() {
    // No miss in n: α^(1/n).
    assert!((binomial_lower_bound(50, 50, 0.05) - 0.05f64.powf(0.02)).abs() < 1e-15);
    // R: binom.test(8, 10, alternative = "greater")$conf.int = 0.4930987.
    assert!((binomial_lower_bound(8, 10, 0.05) - 0.493_098_7).abs() < 1e-7);
    for (k, n, alpha) in [(1, 4, 1e-5), (4999, 5000, 1e-5), (3, 100_000, 1e-3), (70_000, 100_000, 1e-5)] {
        let p = binomial_lower_bound(k, n, alpha);
        let tail = statrs::function::beta::beta_reg(k as f64, (n - k + 1) as f64, p);
        assert!((tail / alpha - 1.0).abs() < 1e-5, "k = {k}, n = {n}: P = {tail:e} at {p}");
    }
    assert_eq!(binomial_lower_bound(0, 9, 0.01), 0.0);
}

/// A number of a format that is text or not; nothing is a null.
struct Told(Option<f64>, bool);

impl<'de> Deserializer<'de> for Told {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            Some(number) => visitor.visit_f64(number),
            None => visitor.visit_unit(),
        }
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.0.is_some() { visitor.visit_some(self) } else { visitor.visit_none() }
    }

    fn is_human_readable(&self) -> bool {
        self.1
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[test]
fn ends_that_text_cannot_write_are_infinite() {
    for readable in [true, false] {
        assert_eq!(low_end(Told(Some(0.3), readable)), Ok(0.3));
        assert_eq!(high_end(Told(Some(-0.7), readable)), Ok(-0.7));
    }
    assert_eq!(low_end(Told(None, true)), Ok(f64::NEG_INFINITY));
    assert_eq!(high_end(Told(None, true)), Ok(f64::INFINITY));
    assert!(high_end(Told(None, false)).is_err());
    let interval = Interval { low: -0.5, high: 2.0 };
    assert_eq!([-0.6, -0.5, 1.0, 2.0, 2.1].map(|x| interval.contains(x)), [false, true, true, true, false]);
    assert_eq!(interval.half_width(), 1.25);
}

#[test]
fn intervals_cover_as_often_as_they_say() {
    // 95 % intervals of slope and mean over 2000 data sets: hits are Bin(2000, 0.95) with sd 9.7.
    let mut rng = stream(3, Purpose::Protocol, 0);
    let (mut slopes, mut means) = (0, 0);
    for _ in 0..2000 {
        let points: Vec<(f64, f64, f64)> = (0..7)
            .map(|k| {
                let (x, se): (f64, f64) = (f64::from(k) * 0.7, 0.1 + 0.05 * f64::from(k));
                let noise: f64 = StandardNormal.sample(&mut rng);
                (x, 0.3 - 1.7 * x + se * noise, se)
            })
            .collect();
        slopes += u32::from(Line::fit(&points).slope_interval(0.05).contains(-1.7));
        let sample: Vec<f64> = (0..6)
            .map(|_| {
                let noise: f64 = StandardNormal.sample(&mut rng);
                4.2 + 3.0 * noise
            })
            .collect();
        means += u32::from(Mean::of(&sample).interval(0.05).contains(4.2));
    }
    assert!(slopes.abs_diff(1900) < 45, "slope: {slopes}");
    assert!(means.abs_diff(1900) < 45, "mean: {means}");
}

#[test]
fn what_strata_differ_by_is_no_error_of_a_mean() {
    // A quarter of the numbers about 3, the rest about −1, deviation 0.3: mean 0, deviation 1.76. Of 95 % intervals over 2000 samples of
    // 300, 1900 with deviation 9.7 cover it; they are 0.3/1.76 as wide as those of the plain mean.
    let mut rng = stream(4, Purpose::Protocol, 0);
    let (mut hits, mut narrower) = (0, Vec::new());
    for _ in 0..2000 {
        let sample: Vec<(usize, f64)> = (0..300)
            .map(|_| {
                let stratum = usize::from(rand::RngExt::random::<f64>(&mut rng) < 0.25);
                let noise: f64 = StandardNormal.sample(&mut rng);
                (stratum, 4.0 * stratum as f64 - 1.0 + 0.3 * noise)
            })
            .collect();
        let mean = Mean::post_stratified(&sample, &[0.75, 0.25]);
        hits += u32::from(mean.interval(0.05).contains(0.0));
        let plain = Mean::of(&sample.iter().map(|(_, x)| *x).collect::<Vec<_>>());
        narrower.push(mean.sem / plain.sem);
    }
    assert!(hits.abs_diff(1900) < 45, "{hits}");
    assert!((Mean::of(&narrower).mean - 0.3 / 3.09f64.sqrt()).abs() < 0.005);
    // (1 + 3)/2 · ¼ + 5 · ¾.
    assert_eq!(Mean::post_stratified(&[(0, 1.0), (1, 5.0), (0, 3.0)], &[0.25, 0.75]).mean, 4.25);
}

#[test]
fn an_extrapolated_mean_has_the_errors_of_both() {
    let [coarse, fine] = [(0.7, 0.3, 40), (0.5, 0.2, 90)].map(|(mean, sem, n)| Mean { mean, sem, n });
    let Mean { mean, sem, n } = Mean::extrapolated(coarse, fine);
    assert!((mean - 0.3).abs() < 1e-15 && (sem - 0.5).abs() < 1e-15 && n == 130, "{mean} {sem} {n}");
}

#[test]
fn a_mean_has_the_interval_of_students_law() {
    // t with 9 degrees of freedom: 2.262157; the numbers 0 to 9 have variance 55/6.
    let mean = Mean::of(&(0..10).map(f64::from).collect::<Vec<_>>());
    assert_eq!((mean.mean, mean.n), (4.5, 10));
    let half = 2.262_157_162_8 * (55.0f64 / 60.0).sqrt();
    let Interval { low, high } = mean.interval(0.05);
    assert!((low - 4.5 + half).abs() < 1e-9 && (high - 4.5 - half).abs() < 1e-9, "{low} {high}");
    let single = Mean::of(&[3.0]);
    assert!(single.mean == 3.0 && single.sem.is_nan());
    assert_eq!(single.interval(0.05), Interval { low: f64::NEG_INFINITY, high: f64::INFINITY });
}

#[test]
fn the_scatter_of_points_gives_the_error_of_their_slope() {
    // Sxx = 35/4, Sxy = 10, Syy = 14: slope 8/7, scatter 14 − 80/7, variance of the slope (18/7)/2/(35/4) = 36/245.
    let line = Line::through(&[(0.0, 1.0), (1.0, 3.0), (2.0, 2.0), (4.0, 6.0)]);
    assert!((line.slope - 8.0 / 7.0).abs() < 1e-12, "{line:?}");
    assert!((line.slope_se - (36.0f64 / 245.0).sqrt()).abs() < 1e-12, "{line:?}");
    assert!(Line::through(&[(1.0, 2.0), (3.0, 8.0), (4.0, 11.0)]).slope_se < 1e-12);
}

#[test]
fn errors_of_points_add_up_in_an_unweighted_slope() {
    // Weights (−3, −1, 1, 3)/10 of y.
    let line = Line::unweighted(&[(0.0, 1.0, 0.1), (1.0, 3.0, 0.2), (2.0, 2.0, 0.3), (3.0, 6.0, 0.4)]);
    assert!((line.slope - 1.4).abs() < 1e-12, "{line:?}");
    assert!((line.slope_se - 0.0166f64.sqrt()).abs() < 1e-12, "{line:?}");
}

#[test]
fn tests_of_laws_err_as_often_as_they_say() {
    // 2000 tables of three rows of 200 over probabilities (0.5, 0.3, 0.2), and as many samples of 50 uniforms:
    // p-values below 0.1 and distances beyond the bound at 0.1 in 200 cases at most, deviation 13.4.
    let mut rng = stream(5, Purpose::Protocol, 0);
    let (mut tables, mut samples) = (0, 0);
    for _ in 0..2000 {
        let mut row = || {
            let mut counts = vec![0; 4];
            for _ in 0..200 {
                let u: f64 = rand::RngExt::random(&mut rng);
                counts[if u < 0.5 {
                    0
                } else if u < 0.8 {
                    2
                } else {
                    3
                }] += 1;
            }
            counts
        };
        tables += u32::from(homogeneity(&[row(), row(), row()]) < 0.1);
        let mut sample: Vec<f64> = (0..50).map(|_| rand::RngExt::random(&mut rng)).collect();
        samples += u32::from(distance_to_law(&mut sample, |x| x) > largest_distance(50, 0.1));
    }
    assert!(tables.abs_diff(200) < 60, "{tables}");
    assert!(samples < 260 && samples > 100, "{samples}");
    // R: chisq.test(matrix(c(30, 20, 10, 40), 2))$p.value without correction = 3.0e-5 or so.
    let p = homogeneity(&[vec![30, 10], vec![20, 40]]);
    let statistic: f64 = 100.0 * (30.0 * 40.0 - 20.0 * 10.0f64).powi(2) / (40.0 * 60.0 * 50.0 * 50.0);
    assert!((p / (2.0 * Normal::standard().cdf(-statistic.sqrt())) - 1.0).abs() < 1e-6, "{p}");
}

#[test]
fn two_sided_binomial_intervals_match_tables() {
    // R: binom.test(7, 20)$conf.int = 0.1539092 0.5921885.
    let interval = binomial_interval(7, 20, 0.05);
    assert!((interval.low - 0.153_909_2).abs() < 1e-6 && (interval.high - 0.592_188_5).abs() < 1e-6);
    let (value, interval) = combination(&[(2.0, 0.3, 0.01), (-1.0, 0.5, 0.02)], 0.05);
    assert!((value - 0.1).abs() < 1e-15);
    assert!((interval.half_width() - 1.959_964 * 0.02 * 2f64.sqrt()).abs() < 1e-7);
}

#[test]
fn variance_intervals_match_tables() {
    // SciPy: (n − 1)/chi2.isf(level/2, n − 1) and (n − 1)/chi2.ppf(level/2, n − 1).
    for (n, level, low, high) in [
        (10, 0.05, 0.473_117_271_643, 3.332_852_538_519),
        (600, 5e-6, 0.777_504_779_851, 1.319_345_991_863),
        (12_000, 5e-6, 0.943_361_071_005, 1.061_385_522_130),
    ] {
        let interval = variance_interval(1.0, n, level);
        assert!(
            (interval.low - low).abs() < 1e-7 && (interval.high - high).abs() < 1e-7,
            "{n}: {interval:?}"
        );
    }
}

#[test]
fn quantiles_are_two_sided() {
    assert!((normal_quantile(0.05) - 1.959_963_984_540_054).abs() < 1e-9);
}
