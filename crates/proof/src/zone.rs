//! Zones: the boxes around the mixed orbits, where growth is 0 at one point and no lower bound of it is positive.
//!
//! The mixed orbit of `k` samples has `q_j = a` on its support, where `a` is the root in `(0, 1]` of
//!
//! ```text
//! f(a) = a (1 + Σ_{i<k} u^{−2i} + Σ_{0<i<k} u^{−i}) = 2,    u = 1 − ηa,
//! ```
//!
//! whose left side increases. In a sector of its support it is at the corner `y_i = 1` (in the support), `y_i = 0` (not), and at
//! `δ = ka − 1 + ¾η(1 − 1/k)`. A zone is `1 − ρ ≤ y_i ≤ 1` or `0 ≤ y_i ≤ ρ`, times an interval of `δ` with the root strictly inside for every `η` of the piece.

use crate::chart::Cell;
use crate::interval::Interval;
use crate::jet::Jet;
use crate::real::Real;

/// Parts into which the step sizes of a piece are cut to enclose the orbit.
const PARTS: usize = 64;

/// A zone of a sector.
#[derive(Clone, Debug)]
pub struct Zone<const M: usize> {
    /// Which `y_i` are small: those of the samples outside the support.
    pub small: [bool; M],
    /// The box.
    pub cell: Cell<M>,
}

impl<const M: usize> Zone<M> {
    /// Whether all of `cell` lies in it.
    pub fn holds(&self, cell: &Cell<M>) -> bool {
        (0..M)
            .all(|i| self.cell.side(i).low <= cell.side(i).low && cell.side(i).high <= self.cell.side(i).high)
    }
}

/// The zones of a sector for step sizes between `step_size.low` and `.high`: one for every support that contains the sample of the sector.
///
/// # Errors
/// The support whose orbit is not enclosed.
pub fn zones<const M: usize>(step_size: Interval) -> Result<Vec<Zone<M>>, String> {
    (0..1usize << (M - 1))
        .map(|mask| {
            let small: [bool; M] = std::array::from_fn(|i| i < M - 1 && mask >> i & 1 == 1);
            let samples = M - small.iter().filter(|small| **small).count();
            let radius = radius(step_size.high);
            let scale = scales(samples, step_size, radius);
            if !encloses(samples, scale, step_size) {
                return Err(format!("δ of the orbit of {samples} samples is not in {scale:?}"));
            }
            let ratios = std::array::from_fn(|i| match (i < M - 1, small[i]) {
                (false, _) => Interval::point(0.0),
                (true, true) => Interval::new(0.0, radius),
                (true, false) => Interval::new(1.0 - radius, 1.0),
            });
            Ok(Zone { small, cell: Cell { ratios, scale, step_size } })
        })
        .collect()
}

/// `ρ`: a power of 2, near `η²/32`.
fn radius(step_size: f64) -> f64 {
    (step_size.powi(2) / 32.0).log2().floor().exp2()
}

/// `f(a)`.
fn balance<T: Real>(samples: usize, a: T, step_size: T) -> T {
    let one = T::constant(1.0);
    let inverse = (one - step_size * a).recip();
    let (mut power, mut sum) = (one, one + one);
    for _ in 1..samples {
        power = power * inverse;
        sum = sum + power.square() + power;
    }
    a * sum
}

/// An interval of `δ` of which [`encloses`] is to be verified.
fn scales(samples: usize, step_size: Interval, radius: f64) -> Interval {
    let k = samples as f64;
    let at = |step_size: f64| {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let a = 0.5 * (low + high);
            let value = balance(samples, Interval::point(a), Interval::point(step_size));
            if value.high < 2.0 { low = a } else { high = a }
        }
        k * high - 1.0 + 0.75 * step_size * (1.0 - 1.0 / k)
    };
    let (a, b, place) = (at(step_size.low), at(step_size.high), radius / 32.0);
    let low = ((a.min(b) - 0.5 * radius) / place).floor() * place;
    let high = ((a.max(b) + 0.5 * radius) / place).ceil() * place;
    Interval::new(low, high)
}

/// Whether, for every step size, the root lies strictly between the ends: `f < 2` at the lower, `f > 2` at the upper.
fn encloses(samples: usize, scale: Interval, step_size: Interval) -> bool {
    let share = Interval::point(samples as f64).recip();
    let spread = Interval::point(0.75) * (Interval::point(1.0) - share);
    let place = (step_size.high - step_size.low) / PARTS as f64;
    (0..PARTS).all(|part| {
        let low = step_size.low + part as f64 * place;
        let (part, middle) = (Interval::new(low, low + place), Interval::point(low + 0.5 * place));
        // f at a = (1 − ¾η(1 − 1/k) + δ)/k, in mean-value form in η.
        let at = |scale: f64, step_size: Interval| {
            let step_size = Jet::<1>::variable(step_size, 0);
            let of = |x: Interval| Jet::<1> { value: x, ..Jet::constant(0.0) };
            let a = (Jet::constant(1.0) - of(spread) * step_size + Jet::constant(scale)) * of(share);
            balance(samples, a, step_size)
        };
        let value = |scale: f64| at(scale, middle).value + at(scale, part).gradient[0] * (part - middle);
        value(scale.low).high < 2.0 && value(scale.high).low > 2.0
    })
}
