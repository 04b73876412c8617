//! Every law against a route that does not know it.

use nalgebra::DMatrix;
use rand_distr::{Distribution, StandardNormal};

use super::super::random_walk::for_each_subset;
use super::super::selection::{diffusion_rate, pair, triangle};
use super::*;
use crate::rng::{Purpose, stream};

/// Two neurons of four samples, no minor of which is 0.
fn general() -> DMatrix<f64> {
    DMatrix::from_row_slice(2, 4, &[0.9, 0.5, 0.3, 0.1, -0.2, 0.6, 0.5, 0.8])
}

/// Independent numbers, `[k, m]`.
fn gaussian(neurons: usize, samples: usize, replica: u64) -> DMatrix<f64> {
    let mut rng = stream(61, Purpose::Protocol, replica);
    DMatrix::from_fn(neurons, samples, |_, _| StandardNormal.sample(&mut rng))
}

fn agree(odds: &Odds, law: &[f64]) {
    assert!((odds.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    for ((p, error), law) in odds.probabilities.iter().zip(&odds.errors).zip(law) {
        assert!((p - law).abs() <= 4.5 * error + 1e-13, "{odds:?} {law:?}");
    }
}

/// One step on the samples of a batch, with nothing outside the span: the gradient of the loss, entry by entry.
fn step(c: &DMatrix<f64>, batch: &[usize], step_per_sample: f64) -> DMatrix<f64> {
    let gram = c * c.transpose();
    let mut next = c.clone();
    for &i in batch {
        let column = c.column(i);
        next -= step_per_sample * column * (column.transpose() * c);
        let pull = step_per_sample * (2.0 * column - &gram * column);
        next.column_mut(i).iter_mut().zip(pull.iter()).for_each(|(c, pull)| *c += pull);
    }
    next
}

#[test]
fn a_step_goes_down_the_loss() {
    // Central differences of ½ Σ_{i∈B} ‖e_i − CᵀC e_i‖².
    let (c, batch) = (0.4 * gaussian(2, 5, 0), [0, 3]);
    let loss = |c: &DMatrix<f64>| {
        let map = c.transpose() * c;
        let of = |&i: &usize| (0..5).map(|j| (map[(j, i)] - f64::from(i == j)).powi(2)).sum::<f64>();
        0.5 * batch.iter().map(of).sum::<f64>()
    };
    let moved = (&c - step(&c, &batch, 1e-3)) / 1e-3;
    for at in 0..c.len() {
        let shifted = |h: f64| {
            let mut c = c.clone();
            c[at] += h;
            loss(&c)
        };
        let slope = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
        assert!((slope - moved[at]).abs() < 1e-8, "{slope} {}", moved[at]);
    }
}

#[test]
fn full_batches_keep_the_row_space_and_end_at_the_polar_factor() {
    for (neurons, samples) in [(1, 3), (2, 5), (3, 4), (3, 3)] {
        let start = 0.2 * gaussian(neurons, samples, 1);
        let batch: Vec<usize> = (0..samples).collect();
        let mut c = start.clone();
        (0..2000).for_each(|_| c = step(&c, &batch, 0.1));
        assert!((&c - polar_factor(&start)).amax() < 1e-13);
        assert!((c.transpose() * &c - projector(&start)).amax() < 1e-13);
    }
}

#[test]
fn drift_and_covariance_of_the_minors_are_those_of_the_diffusion() {
    // All batches enumerated at small η: log|π̂_S| drifts by κ(Σ_{i∈S} P_ii − k), and log|π_S/π_B| has the variance κ|S △ B|.
    let eta = 1e-3;
    for (neurons, samples) in [(2, 5), (3, 5), (2, 4)] {
        let c = polar_factor(&gaussian(neurons, samples, 2));
        let (sets, before, p) = (sets(samples, neurons), cosines(&c), projector(&c));
        for batch_size in 1..samples {
            let kappa = diffusion_rate(samples, batch_size, eta);
            let (mut drift, mut square, mut count) = (vec![0.0; sets.len()], 0.0, 0.0);
            for_each_subset(samples, batch_size, |batch| {
                let after = cosines(&step(&c, batch, eta));
                let change: Vec<f64> =
                    before.iter().zip(&after).map(|(before, after)| (after / before).ln()).collect();
                drift.iter_mut().zip(&change).for_each(|(drift, change)| *drift += change);
                (square, count) = (square + (change[0] - change[sets.len() - 1]).powi(2), count + 1.0);
            });
            for (set, drift) in sets.iter().zip(&drift) {
                let expected = set.iter().map(|&i| p[(i, i)]).sum::<f64>() - neurons as f64;
                assert!(
                    (drift / count / kappa - expected).abs() < 8e-3,
                    "{set:?} b = {batch_size}: {drift} {expected}"
                );
            }
            let mean = drift.iter().sum::<f64>() / count / sets.len() as f64;
            assert!(
                (mean / kappa + fall(samples, neurons)).abs() < 8e-3,
                "b = {batch_size}: {}",
                mean / kappa
            );
            let apart = 2.0 * sets[0].iter().filter(|i| !sets[sets.len() - 1].contains(i)).count() as f64;
            assert!(
                (square / count / kappa - apart).abs() < 8e-3,
                "b = {batch_size}: {}",
                square / count / kappa
            );
        }
    }
}

#[test]
fn what_no_sample_moves_are_coordinate_projectors() {
    // A rotation of three neurons at samples 0, 2 and 3 of five, and with one of them left out; an even mixture of two samples moves.
    let turned = gaussian(3, 3, 4).qr().q();
    let at = |samples: &[usize]| {
        let mut c = DMatrix::zeros(3, 5);
        samples.iter().enumerate().for_each(|(k, &i)| c.set_column(i, &turned.column(k)));
        c
    };
    let moves = |c: &DMatrix<f64>| (0..5).map(|i| (step(c, &[i], 0.3) - c).amax()).fold(0.0, f64::max);
    for samples in [&[0, 2, 3][..], &[0, 3], &[]] {
        let c = at(samples);
        assert!(moves(&c) < 4e-15, "{samples:?}: {:e}", moves(&c));
        let p = c.transpose() * &c;
        assert!(nearest_set(&p, samples.len()).1 < 4e-15);
    }
    let mut c = at(&[0, 2, 3]);
    c.set_column(1, &(0.6 * turned.column(0)));
    c.set_column(0, &(0.8 * turned.column(0)));
    assert!((&c * c.transpose() - DMatrix::identity(3, 3)).amax() < 4e-15 && moves(&c) > 0.05);
}

/// Largest derivative of the loss of any of five samples `e_i ∈ R^6` by any weight of `x ↦ AᵀAx`, `A = W_2 W_1`, from differences that have no error
/// but rounding: the loss is of degree four in a weight.
fn largest_slope(layers: &[DMatrix<f64>; 2]) -> f64 {
    let loss = |layers: &[DMatrix<f64>; 2], i: usize| {
        let a = &layers[1] * &layers[0];
        let mut error = a.transpose() * a.column(i);
        error[i] -= 1.0;
        0.5 * error.norm_squared()
    };
    let mut largest = 0.0f64;
    for (layer, i) in (0..2).flat_map(|layer| (0..5).map(move |i| (layer, i))) {
        for entry in 0..layers[layer].len() {
            let at = |h: f64| {
                let mut moved = layers.clone();
                moved[layer][entry] += h;
                loss(&moved, i)
            };
            let slope = (8.0 * (at(0.01) - at(-0.01)) - (at(0.02) - at(-0.02))) / 0.12;
            largest = largest.max(slope.abs());
        }
    }
    largest
}

#[test]
fn deep_networks_rest_where_each_sample_is_kept_or_lost() {
    // A = W_2 W_1 keeps samples 0 and 3 up to a rotation; W_1 has a third neuron that W_2 does not read.
    let turned = gaussian(2, 2, 7).qr().q();
    let mixed = gaussian(2, 2, 8);
    let split = |a: &DMatrix<f64>| {
        let mut first = gaussian(3, 6, 9);
        first.rows_mut(0, 2).copy_from(&(&mixed * a));
        let mut second = DMatrix::zeros(2, 3);
        second.columns_mut(0, 2).copy_from(&mixed.clone().try_inverse().unwrap());
        [first, second]
    };
    let mut kept = DMatrix::zeros(2, 6);
    kept.set_column(0, &turned.column(0));
    kept.set_column(3, &turned.column(1));
    let at_rest = largest_slope(&split(&kept));
    assert!(at_rest < 1e-10, "{at_rest:e}");
    let first = &split(&kept)[0];
    assert!((first.transpose() * first - DMatrix::identity(6, 6)).column(0).norm() > 0.1);
    // One sample alone is a place of rest, too; a shorter one is not, nor are two samples that share a direction.
    let mut one = kept.clone();
    one.set_column(3, &DMatrix::zeros(2, 1).column(0));
    assert!(largest_slope(&split(&one)) < 1e-10);
    assert!(largest_slope(&split(&(0.95 * &kept))) > 0.05);
    let mut shared = kept.clone();
    shared.set_column(0, &(0.6 * turned.column(0)));
    shared.set_column(1, &(0.8 * turned.column(0)));
    assert!(largest_slope(&split(&shared)) > 0.05);
}

#[test]
fn one_neuron_and_all_but_one_have_the_odds_of_the_lattice() {
    let normal = [5.0, 3.0, 2.0];
    let law = triangle::solve(normal);
    let one = DMatrix::from_row_slice(1, 3, &normal);
    agree(&odds(&one, 5e-4, 3), &law);
    // The plane orthogonal to it, in a basis of no meaning.
    let plane = DMatrix::from_row_slice(2, 3, &[3.0, -5.0, 0.0, 1.0, 1.0, -4.0]);
    agree(&odds(&plane, 5e-4, 4), &[law[2], law[1], law[0]]);
    let odds = dropped(&plane, 1e-4, 0);
    assert!((0..3).all(|j| (odds.probabilities[j] - law[j]).abs() < 1e-12), "{odds:?} {law:?}");
}

#[test]
fn blocks_have_products_of_the_arctan_law() {
    let blocks = DMatrix::from_row_slice(2, 4, &[0.8, 0.3, 0.0, 0.0, 0.0, 0.0, 0.2, 0.5]);
    let mixed = DMatrix::from_row_slice(2, 2, &[1.0, 3.0, -2.0, 0.5]) * blocks;
    let (a, b) = (pair([0.8, 0.3]), pair([0.2, 0.5]));
    let law = [0.0, a * b, a * (1.0 - b), (1.0 - a) * b, (1.0 - a) * (1.0 - b), 0.0];
    agree(&odds(&mixed, 5e-4, 5), &law);
    // Three samples of one neuron beside two of another.
    let of_three = [5.0, 3.0, 2.0];
    let mut blocks = DMatrix::zeros(2, 5);
    (0..3).for_each(|j| blocks[(0, 2 * j)] = of_three[j]);
    (blocks[(1, 1)], blocks[(1, 3)]) = (0.8, 0.3);
    let (first, second) = (triangle::solve(of_three), [a, 1.0 - a]);
    let law: Vec<f64> = sets(5, 2)
        .iter()
        .map(|set| {
            let (odd, even): (Vec<usize>, Vec<usize>) = set.iter().partition(|&i| i % 2 == 1);
            if odd.len() == 1 { first[even[0] / 2] * second[odd[0] / 2] } else { 0.0 }
        })
        .collect();
    agree(&odds(&blocks, 1e-3, 6), &law);
}

#[test]
fn complements_have_the_minors_and_the_odds() {
    let c = general();
    let basis = c.transpose().qr().q();
    // Orthogonal complement by the projector.
    let rest = DMatrix::identity(4, 4) - &basis * basis.transpose();
    let complement = rest.columns(0, 2).transpose();
    let (ours, mut theirs) = (cosines(&c), cosines(&complement));
    theirs.reverse();
    assert!(ours.iter().zip(&theirs).all(|(a, b)| (a - b).abs() < 1e-13), "{ours:?} {theirs:?}");
    let (first, mut second) = (odds(&c, 1e-3, 7), odds(&complement, 1e-3, 8));
    second.probabilities.reverse();
    for j in 0..6 {
        let apart = (first.probabilities[j] - second.probabilities[j]).abs();
        assert!(apart < 4.5 * 2f64.sqrt() * 1e-3, "{first:?} {second:?}");
    }
}

#[test]
fn paths_of_the_equation_itself_end_as_often_as_predicted() {
    // Euler steps of dy = diag P dτ + dW, P by an orthonormal basis and not by minors, until a projector is reached to 1e-2. Half the step moves no
    // frequency of 20,000 paths by more than its error.
    let (c, paths, dt) = (general(), 4000, 0.02);
    let law = odds(&c, 5e-4, 9);
    let all = sets(4, 2);
    let mut counts = vec![0.0; all.len()];
    for path in 0..paths {
        let mut rng = stream(62, Purpose::Protocol, path);
        let mut v = c.clone();
        let winner = loop {
            let basis = v.transpose().qr().q();
            v = basis.transpose();
            let p = projector(&v);
            let (set, rest) = nearest_set(&p, 2);
            if rest < 1e-2 {
                break set;
            }
            for i in 0..4 {
                let noise: f64 = StandardNormal.sample(&mut rng);
                v.column_mut(i).scale_mut((p[(i, i)] * dt + dt.sqrt() * noise).exp());
            }
        };
        counts[all.iter().position(|set| *set == winner).unwrap()] += 1.0;
    }
    let n = paths as f64;
    for (count, p) in counts.iter().zip(&law.probabilities) {
        let error = (p * (1.0 - p) / n).sqrt();
        assert!((count / n - p).abs() < 4.0 * error, "{counts:?} {law:?}");
    }
    // The two guesses are far from it.
    let misfit = |guess: Vec<f64>| {
        counts.iter().zip(&guess).map(|(count, p)| (count / n - p).powi(2) / p).sum::<f64>() * n
    };
    assert!(misfit(law.probabilities.clone()) < 38.0);
    assert!(misfit(by_volume(&cosines(&c))) > 300.0 && misfit(proportional(&cosines(&c))) > 20.0);
}

#[test]
fn sets_that_cannot_win_have_no_odds() {
    let alone = DMatrix::from_row_slice(2, 3, &[0.3, 0.0, 0.0, 0.0, 0.0, -2.0]);
    assert_eq!(odds(&alone, 1e-2, 1).probabilities, [0.0, 1.0, 0.0]);
    let all = odds(&gaussian(3, 3, 5), 1e-2, 1);
    assert_eq!((all.probabilities, all.paths), (vec![1.0], 0));
    let (set, rest) = nearest_set(&DMatrix::from_row_slice(2, 2, &[0.25, 0.4, 0.4, 0.75]), 1);
    assert_eq!((set, rest), (vec![1], 0.4));
}

#[test]
fn guesses_are_those_of_minors_by_hand() {
    // Minors 1, 3, 6 of the sets 01, 02, 12.
    let cosines = cosines(&DMatrix::from_row_slice(2, 3, &[1.0, 2.0, 0.0, 0.0, 1.0, 3.0]));
    let [by_volume, proportional] = [by_volume(&cosines), proportional(&cosines)];
    assert_eq!([by_volume.len(), proportional.len()], [3, 3]);
    for (j, minor) in [1.0, 3.0, 6.0].into_iter().enumerate() {
        assert!((by_volume[j] - minor * minor / 46.0).abs() < 1e-15, "{by_volume:?}");
        assert!((proportional[j] - minor / 10.0).abs() < 1e-15, "{proportional:?}");
    }
}

#[test]
fn uniform_orthogonal_matrices_have_the_mean_fourth_powers() {
    // First row of a uniform matrix: a uniform point of the sphere.
    for neurons in [2, 3, 5] {
        let mut rng = stream(63, Purpose::Protocol, neurons as u64);
        let sample: Vec<f64> = (0..20_000)
            .map(|_| {
                let row: Vec<f64> = (0..neurons).map(|_| StandardNormal.sample(&mut rng)).collect();
                let square: f64 = row.iter().map(|x: &f64| x * x).sum();
                row.iter().map(|x| x.powi(4)).sum::<f64>() / (square * square)
            })
            .collect();
        let mean = crate::stats::Mean::of(&sample);
        assert!((mean.mean - mean_fourth_powers(neurons)).abs() < 4.5 * mean.sem, "{mean:?}");
    }
}
