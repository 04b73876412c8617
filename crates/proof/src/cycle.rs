//! One cycle of cyclic SGD, and the function that grows along it.
//!
//! A tied linear neuron `w`, orthonormal samples, step size `η`, batch size 1. With `c = ⟨w, x_j⟩` and `N = ‖w‖²` the visit of sample `j` is
//! `w ← (1 − ηc²) w + ηc(2 − N) x_j`. The coordinates here are *visit coordinates*: `q_j` is the value of `⟨w, x_j⟩²` at the next visit of
//! sample `j`, and `s` is what of `N` lies outside the span of the samples. Before the cycle `⟨w, x_j⟩² = q_j Π_{i<j} (1 − ηq_i)^{−2}`. The visited values
//! of a run, one after the other, obey
//!
//! ```text
//! q_{t+m} = q_t (u_t + η(2 − N_t))² Π_{0<i<m} u_{t+i}²,    u_t = 1 − ηq_t,
//! N_{t+1} = u_t² N_t + ηq_t(2 − N_t)(2u_t + η(2 − N_t)),    s_{t+1} = u_t² s_t,    N_0 = s_0 + Σ_j q_j Π_{i<j} u_i^{−2}.
//! ```

use crate::real::Real;

/// `Σ y² / (Σ y)²`, which is 1/k if k values are the same and the others 0.
pub fn concentration<T: Real, const M: usize>(y: &[T; M]) -> T {
    total(&y.map(Real::square)) * total(y).square().recip()
}

/// `N` before a cycle in which `q` will be visited.
pub fn norm<T: Real, const M: usize>(q: &[T; M], s: T, step_size: T) -> T {
    let (mut norm, mut factor) = (s + q[0], factor_of(q[0], step_size).square().recip());
    for &q in &q[1..M - 1] {
        norm = norm + q * factor;
        factor = factor * factor_of(q, step_size).square().recip();
    }
    norm + q[M - 1] * factor
}

/// `D = 2 − N − μ − (E − μ)/P`, where `μ = Σq²/Σq`, `P = Π u`, `E = (1 − P)/η`.
///
/// If `q_j = a` for `k` samples and 0 for the others, it is `2 − N − (u^{1−k} − u)/η`, which is 0 if and only if what a visit multiplies the correlation
/// by and the `k − 1` shrinkings after it cancel, `(u + η(2 − N)) u^{k−1} = 1`: on a mixed orbit.
fn defect<T: Real, const M: usize>(q: &[T; M], factors: &[T; M], norm: T) -> T {
    let mean = total(&q.map(Real::square)) * total(q).recip();
    let (mut shrunk, mut product) = (q[0], factors[0]);
    for i in 1..M {
        shrunk = shrunk + q[i] * product;
        product = product * factors[i];
    }
    T::constant(2.0) - norm - mean - (shrunk - mean) * product.recip()
}

/// The map and the function whose growth is bounded: those of the theorem ([`PROVED`]), or, for a control, neighbours of them.
#[derive(Clone, Copy, Debug)]
pub struct Inequality {
    /// `β/η`.
    pub weight: f64,
    /// A visit multiplies its correlation by `u + push · η(2 − N)`; 1 is cyclic SGD.
    pub push: f64,
    /// `V` of `shift^j p_j` in place of the `p_j`; 1 is the `V` of the theorem.
    pub shift: f64,
}

/// Cyclic SGD, and `W = V − (η/2) D² − s`.
pub const PROVED: Inequality = Inequality { weight: 0.5, push: 1.0, shift: 1.0 };

/// By how much a cycle increases `W = V − βD² − s`, where `V = Σq²/(Σq)²` is [`concentration`], and `β = η/2`.
///
/// Let `q_j` become `g_j² q_j`, and let `p = q/Σq`, `h = Σ p g²`. What `V` gains is written as products of two factors that vanish at
/// a mixed orbit, so that intervals do not lose what cancels:
///
/// ```text
/// V' − V = h^{−2} Σ_{j<k} p_j p_k (g_j − g_k)(g_j + g_k)(p_j (g_j² + h) − p_k (g_k² + h)),    D'² − D² = (D' − D)(D' + D)
/// ```
pub fn growth<T: Real, const M: usize>(q: &[T; M], shares: &[T; M], s: T, step_size: T, of: Inequality) -> T {
    let norm = norm(q, s, step_size);
    let before = defect(q, &q.map(|q| factor_of(q, step_size)), norm);
    let Cycle { visited, factors, multipliers, norm, kept } = cycle(q, norm, step_size, of.push);
    let after = defect(&visited, &factors, norm);
    gain(&shifted(shares, of.shift), &multipliers)
        - T::constant(of.weight) * step_size * ((after - before) * (after + before))
        + s * (T::constant(1.0) - kept.square())
}

/// What a cycle leaves.
#[derive(Clone, Copy, Debug)]
pub struct Cycle<T, const M: usize> {
    /// `q`, after the cycle.
    pub visited: [T; M],
    /// `u = 1 − ηq` of them.
    pub factors: [T; M],
    /// `g`: `q_j` has become `g_j² q_j`.
    pub multipliers: [T; M],
    /// `N`, after the cycle.
    pub norm: T,
    /// What the residual was multiplied by; `s` by its square.
    pub kept: T,
}

/// A cycle from `q` and `N` before it, a visit after the other. `push` is 1 for cyclic SGD, see [`Inequality`].
pub fn cycle<T: Real, const M: usize>(q: &[T; M], norm: T, step_size: T, push: f64) -> Cycle<T, M> {
    let (one, two) = (T::constant(1.0), T::constant(2.0));
    let (mut q, mut norm) = (*q, norm);
    let mut factors = q.map(|q| factor_of(q, step_size));
    let (mut kept, mut multipliers) = (one, [one; M]);
    for t in 0..M {
        let (u, push) = (factors[t], T::constant(push) * step_size * (two - norm));
        kept = kept * u;
        norm = u.square() * norm + q[t] * push * (two * u + push);
        // What the visit multiplies the correlation by, and the visits of the other samples until the next one.
        let others = (0..M).filter(|i| *i != t).map(|i| factors[i]).reduce(|a, b| a * b).unwrap_or(one);
        multipliers[t] = (u + push) * others;
        q[t] = q[t] * multipliers[t].square();
        factors[t] = factor_of(q[t], step_size);
    }
    Cycle { visited: q, factors, multipliers, norm, kept }
}

/// `shift^j p_j`, divided by their sum.
fn shifted<T: Real, const M: usize>(shares: &[T; M], shift: f64) -> [T; M] {
    if shift == 1.0 {
        return *shares;
    }
    let moved = std::array::from_fn(|j| T::constant(shift.powi(j as i32)) * shares[j]);
    let unit = total(&moved).recip();
    moved.map(|p| p * unit)
}

/// `V' − V`, from `p` and `g`.
fn gain<T: Real, const M: usize>(shares: &[T; M], multipliers: &[T; M]) -> T {
    let squares = multipliers.map(Real::square);
    let mean = total(&std::array::from_fn::<T, M, _>(|i| shares[i] * squares[i]));
    let drive: [T; M] = std::array::from_fn(|i| shares[i] * (squares[i] + mean));
    let mut sum = T::constant(0.0);
    for j in 0..M {
        for k in j + 1..M {
            let difference = (multipliers[j] - multipliers[k]) * (multipliers[j] + multipliers[k]);
            sum = sum + shares[j] * shares[k] * difference * (drive[j] - drive[k]);
        }
    }
    sum * mean.square().recip()
}

fn factor_of<T: Real>(q: T, step_size: T) -> T {
    T::constant(1.0) - step_size * q
}

fn total<T: Real, const M: usize>(values: &[T; M]) -> T {
    values[1..].iter().fold(values[0], |sum, &value| sum + value)
}
