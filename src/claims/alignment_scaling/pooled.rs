//! Laws that hold at every size, over all sizes of a reduction.

use super::grid::{Expected, Size};
use super::pairs::{Pair, Sampled};
use super::{NOMINAL, Prediction};
use crate::problem::Reduction;
use crate::stats::{CHECK_LEVEL, Mean, distance_to_law, largest_distance};
use crate::theory::budget::MISS;
use crate::vectors::largest;
use crate::verdict::{Always, Check, Covered, Equality, OneSided, OneSidedInterval, Register};

/// Probability with which a start may exceed the bounds of Corollary 3, and the level of the test whether it does.
const DELTA: f64 = 0.01;
const DELTA_LEVEL: f64 = 0.5 * CHECK_LEVEL;

/// A quantity whose mean is known at every size.
type Known = (fn(&Pair) -> f64, fn(&Expected) -> f64);

/// What the sizes of a reduction are held to together.
pub(super) struct Pooled {
    reduction: Reduction,
    arrivals: Always,
    means: Vec<(Known, Covered)>,
    law: OneSided,
    gd_beyond: OneSided,
    sgd_beyond: OneSided,
    bound: OneSidedInterval,
    purity: Equality,
    closed_form: Equality,
}

impl Pooled {
    pub fn new(sizes: &[Size], reduction: Reduction, register: &mut Register) -> Self {
        let ours: Vec<&Size> = sizes.iter().filter(|size| size.reduction == reduction).collect();
        let starts = ours.iter().map(|size| size.live.len() as u64).sum::<u64>();
        let name =
            |what: &str| format!("{what} ({} reduction, {} sizes pooled)", reduction.name(), ours.len());

        let why = "within 1e-8 of a predicted limit; the other checks are over these";
        let arrivals = register
            .expect(name("GD and SGD: starts from which both arrive"), 1.0, why)
            .always(0.9, MISS, starts);
        let known: [(&str, Known); 2] = [
            ("GD: max cos", (|pair| pair.gd.max_cos, |of| of.max_cos)),
            ("GD: participation ratio", (|pair| pair.gd.participation, |of| of.participation)),
        ];
        let means = known.map(|(what, known)| {
            let why = "exact expectation at each size, rows of the table; half the level is for skewness";
            let name = name(&format!("{what}, over its exact expectation, mean"));
            let precision = if reduction == Reduction::Sum { 0.05 } else { 0.1 };
            (known, register.expect(name, 1.0, why).covered(precision))
        });
        let law = law(name, starts, register);
        let [gd_beyond, sgd_beyond] = beyond(name, starts, register);
        let why =
            "start by start c_{i*} ≤ max|c_i| already follows from the closed form; this is by how much";
        let bound =
            register.expect(name("SGD: cos(w, w_0) over E max_i|c_i|/‖w_0‖, mean"), 1.0, why).bounded();
        let why =
            "stopped 1e-8 from a datapoint: the cosine is off by half the square of that, and by rounding";
        let purity = register.expect(name("SGD: largest 1 − max cos"), 0.0, why).within(1e-14);
        let closed_form = register
            .expect(name("GD and SGD: cos(w, w_0) off its closed form"), 0.0, "stopped 1e-8 from the limit")
            .within(2e-8);
        let means = means.into();
        Self { reduction, arrivals, means, law, gd_beyond, sgd_beyond, bound, purity, closed_form }
    }

    /// Judges what the starts came to.
    pub fn judge(self, samples: &[Sampled], prediction: &Prediction) -> Vec<Check> {
        let ours: Vec<&Sampled> =
            samples.iter().filter(|sampled| sampled.size.reduction == self.reduction).collect();
        let over = |value: &dyn Fn(&Size, &Pair) -> f64| -> Vec<f64> {
            ours.iter().flat_map(|sampled| sampled.of(|pair| value(&sampled.size, pair))).collect()
        };
        let starts = ours.iter().map(|sampled| sampled.size.live.len() as u64).sum();
        let n = ours.iter().map(|sampled| sampled.pairs.len() as u64).sum();
        let mut checks = vec![self.arrivals.counted(n, starts)];
        for ((value, exact), expected) in self.means {
            let mean = Mean::of(&over(&|size, pair| value(pair) / exact(&size.expected)));
            checks.push(expected.estimated(mean.mean, mean.interval(NOMINAL), n));
        }
        // The distribution function of cos² at cos² is uniform.
        let mut uniform =
            over(&|size, pair| (prediction.gd_cos_init_law)(pair.active, size.dim, pair.gd.cos_init.powi(2)));
        checks.push(self.law.measured(distance_to_law(&mut uniform, |x| x), n));
        let share = |tails: Vec<f64>| tails.iter().filter(|&&tail| tail < DELTA).count() as f64 / n as f64;
        let gd = over(&|_, pair| (prediction.gd_max_cos_tail)(pair.active, pair.gd.max_cos));
        checks.push(self.gd_beyond.measured(share(gd), n));
        let sgd =
            over(&|size, pair| (prediction.sgd_cos_init_tail)(pair.active, size.dim, pair.sgd.cos_init));
        checks.push(self.sgd_beyond.measured(share(sgd), n));
        let mean = Mean::of(&over(&|size, pair| pair.sgd.cos_init / size.expected.sgd_cos_init));
        checks.push(self.bound.estimated(mean.mean, mean.interval(NOMINAL), n));
        let off = over(&|_, pair| (prediction.sgd_max_cos - pair.sgd.max_cos).abs());
        checks.push(self.purity.measured(largest(off), n));
        let off = over(&|_, pair| largest([pair.gd, pair.sgd].map(|run| run.off_closed_form.abs())));
        checks.push(self.closed_form.measured(largest(off), 2 * n));
        checks
    }
}

/// The law of `cos²(w_GD, w_0)`, exact at every size.
fn law(name: impl Fn(&str) -> String, starts: u64, register: &mut Register) -> OneSided {
    let why = "largest distance between distribution functions, Dvoretzky–Kiefer–Wolfowitz; the law is Beta(k/2, (n−k)/2), k samples \
               mixed";
    let name = name("GD: cos²(w, w_0), distance of its distribution from the exact law");
    let critical = largest_distance(starts as usize, CHECK_LEVEL);
    register.expect(name, critical, why).chance(CHECK_LEVEL).at_most()
}

/// How many starts exceed a bound that each exceeds with probability [`DELTA`] at most: of GD's largest cosine, and of SGD's cosine with the start.
fn beyond(name: impl Fn(&str) -> String, starts: u64, register: &mut Register) -> [OneSided; 2] {
    let critical = critical_count(starts, DELTA, DELTA_LEVEL) as f64 / starts as f64;
    [
        (
            "GD: starts whose max cos exceeds its bound of 99 %, share",
            "bound x of probability k P(Beta(½, (k−1)/2) > x²) = 1 %, k samples mixed, of the order √(log m / m)",
        ),
        (
            "SGD: starts whose cos(w, w_0) exceeds its bound of 99 %, share",
            "bound x of probability k P(Beta(½, (n−1)/2) > x²) = 1 %, k active samples, of the order √(log m / n)",
        ),
    ]
    .map(|(what, bound)| {
        let why = format!(
            "{bound}; as many of {starts} starts with probability {DELTA_LEVEL:.1e}, at 1 % each"
        );
        register.expect(name(what), critical, why).chance(DELTA_LEVEL).at_most()
    })
}

/// The least `k` with `P(Bin(n, p) > k) ≤ level`.
fn critical_count(n: u64, p: f64, level: f64) -> u64 {
    use statrs::distribution::{Binomial, DiscreteCDF};
    let law = Binomial::new(p, n).expect("a probability");
    ((n as f64 * p) as u64..n).find(|&k| law.sf(k) <= level).unwrap_or(n)
}

#[cfg(test)]
mod tests {
    #[test]
    fn critical_counts_are_quantiles() {
        // P(Bin(10, ½) > 8) = 11/1024, P(> 9) = 1/1024.
        assert_eq!(super::critical_count(10, 0.5, 0.011), 8);
        assert_eq!(super::critical_count(10, 0.5, 0.010), 9);
    }
}
