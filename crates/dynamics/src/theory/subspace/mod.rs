//! Several neurons (beyond the paper): the subspace in which `k` tied linear neurons `x ↦ WᵀW x` end, over `m` orthonormal samples.
//!
//! Let `c_i = W a_i ∈ R^k` be what the neurons say of sample `i`, `C = (c_1 … c_m)`, `[k, m]`, `R = W(I − Π)` what lies outside the span of the
//! samples, and `G = WWᵀ = CCᵀ + RRᵀ`. The loss `½‖a_i − WᵀW a_i‖²` has the gradient `c_i c_iᵀ W − (2I − G) c_i a_iᵀ`, so a batch takes the step
//!
//! ```text
//! c_j ← F c_j + 1[j ∈ B] η_B (2I − G) c_j,    R ← F R,    F = I − η_B Σ_{i∈B} c_i c_iᵀ.
//! ```
//!
//! **Full batches.** `C ← (I + η_B (2I − CCᵀ − G)) C` keeps the row space of `C`, as long as the matrix in front has full rank. At a limit with `R = 0` and
//! `CCᵀ = I` the matrix `WᵀW` is therefore the projector on the row space of `W_0Π` ([`projector`]). If `R_0 = 0` the matrix in front is a polynomial of
//! `CCᵀ`: singular vectors stay, singular values take the step `σ ← σ(1 + 2η_B(1 − σ²))`, and `W` tends to the polar factor of `W_0` ([`polar_factor`]); for
//! `η_B ≤ ¼` and `0 < σ_0 ≤ 1` they increase to 1. If `R_0 ≠ 0` the matrices in front do not commute, and `W` tends to another factor of the same projector.
//!
//! **Absorbing states.** All gradients vanish iff the `c_i` that are not 0 are orthonormal, and orthogonal to the columns of `R`. There
//! are at most `k` of them. With `k` of them, `S`, `R = 0`, `WᵀW` is the coordinate projector of the samples of `S`, and `W = U E_S`: an orthogonal `U` mixes
//! them in every single neuron. The law of a start that is the same for `QW_0` as for `W_0`, for every orthogonal `Q`, makes `U` uniform, whatever `S` is
//! ([`mean_fourth_powers`]), because steps turn with the neurons.
//!
//! **Small steps.** On the manifold `G = I`, `R = 0` the row space of `C` is moved by a batch as by the factor
//! `1 + η_B 1[j ∈ B]` at sample `j`, which commutes with all others, and at the second order by `η_B² Σ_{i,j∈B} e_i P_ij e_jᵀ`, `P = CᵀC`. The mean of that over batches is
//! `κ diag P`, `κ` that of [`selection::diffusion_rate`], up to a multiple of `P`, and `C P = C` shows that this is common to all. A deviation
//! `G − I` acts on all samples alike in the mean. As `η → 0` the row space at the time `τ = κt` is therefore that of `C_0 diag(e^y)`,
//!
//! ```text
//! dy_i = P_ii dτ + dW_i    (up to a common shift),    P the projector on that row space,
//! ```
//!
//! in which neither `b` nor `η` is left. With the minors `π_S` of `C_0` (Plücker coordinates, `|S| = k`), `y_S = Σ_{i∈S} y_i` and
//! `φ = (Σ_S π_S² e^{2y_S})^{1/2}`, `P_ii` is the share of the sets with `i` in `φ²` (Cauchy and Binet), so the drift is `∇ log φ`: a Brownian motion
//! transformed by `φ`, as for one neuron. Since `∂_i P_ii = 2P_ii(1 − P_ii)` and `Σ P_ii = k`, `½Δφ/φ = k − ½ΣP_ii²`.
//!
//! **Odds.** Let `π̂_S = π_S e^{y_S}/φ` and `A_t = ∫_0^t Σ P_ii(1 − P_ii) dτ`. The density of a Brownian motion with drift `1_S` over that of `y` is
//! `e^{A_t/2} |π̂_S(t)/π̂_S(0)|`, which therefore is a martingale. The sum of `e^{A/2}|π̂_S|` over all sets is at least `e^{A/2}`; it converges, so
//! `A_∞ < ∞`, all `P_ii` converge, to 0 or 1, and
//!
//! ```text
//! E[e^{A_∞/2}; S wins] = |π̂_S(0)|,    P(S) = |π̂_S(0)| E_S e^{−A_∞/2}
//! ```
//!
//! with `E_S` the mean over Brownian motions with drift `1_S` ([`odds`]). `log|π̂_S|` has the drift `Σ_{i∈S} P_ii − k`; its mean over all `S` falls at
//! `k(m−k)/m` ([`fall`]).
//!
//! **Duality.** The orthogonal complement of the row space has the same `|π̂|`, at the complements of the sets, and moves with `−y`, whose drift is
//! `1 − P_ii` up to a common shift: the law for `m − k` neurons. For `k = m − 1` the sample that is dropped has the odds of one neuron that
//! starts at the unit normal vector ([`dropped`]). **Blocks.** If the rows of `C_0` are those of neurons that share no sample, `P` is made of their blocks, whose `y`
//! are independent: `P(S)` is the product of their odds.
//!
//! **ReLU.** For `x ↦ Wᵀφ(Wx)`, `h_i = φ(W a_i)`, all gradients vanish iff every sample is silent, `h_i = 0`, or reconstructed, `a_i = Wᵀh_i`: with `r = a_i − Wᵀh_i` a gradient is
//! `−h_i rᵀ − D_i W r a_iᵀ`, and if it vanishes `r = λ a_i`, `D_i W r = λ h_i`, so `2λ h_i = 0`. At most `k` samples are reconstructed, as they lie in the row space of `W`. For `k = 2` no neuron is active
//! on two of them: if `w_1 = (p, q)`, `p, q > 0`, on the only two, `a_1 = p w_1 + φ(w_21) w_2` asks for `w_21 > 0 > w_22`, so that `a_2 = q w_1`, and `pq = 0`. For `k = 3` the
//! rotations of `(1, 1, −1)/√2` reconstruct three samples, each active on two: not every absorbing state is made of pure neurons. [`relu`] has all that are not.
//!
//! **Depth.** Let `x ↦ Mx`, `M = AᵀA`, `A = W_L ⋯ W_1`, be a tied linear network, and `u = Ax`, `y = Mx`. The loss `½‖x − y‖²` has the gradient `G = −u(x − y)ᵀ − A(x − y)xᵀ` in `A`, and
//! `(W_L ⋯ W_2)ᵀG` in `W_1`. All gradients of the sample vanish iff `y = 0` or `y = x`: if that in `W_1` does, so does `W_1ᵀ` times it, `AᵀG = yyᵀ − (2y − My)xᵀ`. Unless `y = 0`, both terms have rank one, so
//! `y = sx`, `My = s²x` and `s² = 2s − s²`. Conversely `y = 0` means `u = 0`, and either makes `G` vanish. If the gradients of all batches of `b < m` samples vanish, those of single samples do, since batches that
//! differ in one sample make them equal. The absorbing states of SGD are therefore those with `M a_i ∈ {0, a_i}` for all `i`. At most as many samples are kept as the narrowest layer has
//! neurons; if there are as many, `M` is their coordinate projector. Layers are not determined by that: with `W_l` also `Q W_l` and `W_{l+1} Q⁻¹` have the same `M`, for any invertible `Q`.
//!
//! **Stability at depth.** A step on a batch takes a small deviation from such a state to `I − η_B H_B` of itself, `H_B` the sum of the Hessians of the losses of its samples. Of a kept sample, whose residual vanishes, that is `JᵀJ`, `J` the
//! Jacobian of `Mx` in the weights. Of a lost one, `Ax = 0`, it is the quadratic form `−2|δu|² + |Aᵀδu|²` of `δu = δA x`; at full rank `AAᵀ` is the projector on the range of `A`, and the form is at most `−|δu|²`. Only kept samples therefore curve upwards. If `η_B λ_max(H_B) < 2`
//! for every batch of `b` samples, no step lengthens a deviation along what curves upwards, and the state is called *stable* for `b` and `η_B`; what is left are the directions of the lost samples, in which a deviation is multiplied by more than 1 where they are drawn and by less than 1 where kept
//! ones are: the lottery. If `η_B λ_max(H_B) ≥ 2` for some batch, its step shortens no deviation along the top eigenvector. For balanced layers, `W_lW_lᵀ = W_{l+1}ᵀW_{l+1}`, `λ_max(H_B) = 4L` for every batch with a kept
//! sample, since no product of layers lengthens a vector. Of a kept sample alone the Hessian always has `λ_max ≥ 4L`: with `x_l` what enters layer `l` and `z_l = (W_L ⋯ W_{l+1})ᵀu`, `λ_max ≥ |Jᵀx|² = 4 Σ_l |z_l|²|x_l|²`, and `|z_l||x_{l+1}| ≥ ⟨z_l, W_l x_l⟩ = |u|² = 1`
//! makes the product of the terms at least 1. There is no upper bound ([`depth`](super::depth) has width one), since `W_1` may be multiplied by any factor that `W_2` is divided by.
//!
//! What is said of the limit of the diffusion is proved here; that the odds of the chain tend to those of the diffusion is not ([`selection`]).

mod monte_carlo;
pub mod relu;

use itertools::Itertools;
use nalgebra::DMatrix;

use super::selection::{self, Odds};
use crate::vectors;

/// The sets of `k` of `m` samples, in lexicographic order: that of everything here which has an entry a set.
pub fn sets(samples: usize, neurons: usize) -> Vec<Vec<usize>> {
    (0..samples).combinations(neurons).collect()
}

/// Projector `Cᵀ(CCᵀ)⁻¹C` on the row space of `C`, `[k, m]` of rank `k`: of `WᵀW` within the span of the samples, the limit under full batches.
pub fn projector(c: &DMatrix<f64>) -> DMatrix<f64> {
    let basis = c.transpose().qr().q();
    &basis * basis.transpose()
}

/// Polar factor `(CCᵀ)^{−1/2} C` of `C`, `[k, m]` of rank `k`: the limit of `C` under full batches if nothing lies outside the span.
///
/// # Panics
/// If the iteration for the singular values does not end, on numbers that are not finite.
pub fn polar_factor(c: &DMatrix<f64>) -> DMatrix<f64> {
    let svd = c.clone().svd(true, true);
    svd.u.expect("asked for") * svd.v_t.expect("asked for")
}

/// `|π̂_S|`, set by set: sizes of the minors of `C`, `[k, m]`, over their norm. They depend on the row space alone, and are 0 for sets that cannot win; minors whose
/// terms cancel are as large as their rounding.
pub fn cosines(c: &DMatrix<f64>) -> Vec<f64> {
    let scaled = c * vectors::scale(c.iter().copied());
    let minors: Vec<f64> =
        sets(c.ncols(), c.nrows()).iter().map(|set| scaled.select_columns(set).determinant().abs()).collect();
    let norm = vectors::norm(&minors);
    minors.into_iter().map(|minor| minor / norm).collect()
}

/// Mean over all sets of `log|π̂_S|`, which falls at [`fall`]; `−∞` if one vanishes.
pub fn mean_log_cosine(cosines: &[f64]) -> f64 {
    cosines.iter().map(|cosine| cosine.ln()).sum::<f64>() / cosines.len() as f64
}

/// Mean fall of [`mean_log_cosine`] in a unit of the diffusion's time, `k(m−k)/m`, from every subspace: `(1/#) Σ_S log|π̂_S| + k(m−k)τ/m` is a
/// martingale, and `k(m−k)/m · E τ` the mean fall until any stopping time of finite mean.
pub fn fall(samples: usize, neurons: usize) -> f64 {
    (neurons * (samples - neurons)) as f64 / samples as f64
}

/// Probability of each set of `k` samples to be the one whose coordinate projector `WᵀW` tends to, as `η → 0`, from `C_0`, `[k, m]` of rank `k`; to a
/// standard error of at most `tolerance` each, the same for the same `seed`.
///
/// `P(S) = |π̂_S| E_S e^{−A/2}` by a Monte Carlo without a time step, that of [`selection::monte_carlo`](selection::monte_carlo()) for one neuron. Points of a Poisson process of rate
/// `½ min(k, m − k)` stand for the integral; one motion serves all sets, and the sum of the estimators, whose mean is 1, is a control variate. A point costs
/// `O(k s²)` for `s = m!/k!(m−k)!` sets: it is meant for a few dozen of them. A set with `π_S = 0` has probability 0.
///
/// # Panics
/// If the tolerance is not positive, or there are no neurons, or more than samples.
pub fn odds(c: &DMatrix<f64>, tolerance: f64, seed: u64) -> Odds {
    let (neurons, samples) = c.shape();
    assert!((1..=samples).contains(&neurons), "{neurons} neurons of {samples} samples");
    monte_carlo::estimate(&cosines(c), samples, neurons, tolerance, seed)
}

/// Probability of each of `m` samples to be the one that `k = m − 1` neurons drop, `[m]`: the odds of one neuron that starts at the unit normal vector of
/// the row space of `C_0`, `[m − 1, m]`, by [`selection::probabilities`].
pub fn dropped(c: &DMatrix<f64>, tolerance: f64, seed: u64) -> Odds {
    // The sets in order drop the last sample first.
    let normal: Vec<f64> = cosines(c).into_iter().rev().collect();
    selection::probabilities(&normal, tolerance, seed)
}

/// A first guess, wrong: `π̂_S²`, the share of the squared volume.
pub fn by_volume(cosines: &[f64]) -> Vec<f64> {
    cosines.iter().map(|cosine| cosine * cosine).collect()
}

/// A second guess, wrong: `|π̂_S|/Σ|π̂|`.
pub fn proportional(cosines: &[f64]) -> Vec<f64> {
    selection::proportional(cosines)
}

/// Mean of `Σ_i U_{1i}⁴` over uniform orthogonal matrices `U`, `[k, k]`: `3/(k + 2)`, where a pure neuron has 1. It is that of the first neuron at the end,
/// `Σ_i C_{1i}⁴`, from starts whose law no rotation of the neurons changes.
pub fn mean_fourth_powers(neurons: usize) -> f64 {
    3.0 / (neurons as f64 + 2.0)
}

/// The set of the coordinate projector nearest to `P`, `[m, m]` of rank `k`: the `k` largest entries of its diagonal; and the largest size of an entry of the
/// difference.
pub fn nearest_set(p: &DMatrix<f64>, neurons: usize) -> (Vec<usize>, f64) {
    let mut order: Vec<usize> = (0..p.ncols()).collect();
    order.sort_by(|&i, &j| p[(j, j)].total_cmp(&p[(i, i)]));
    let mut set = order[..neurons.min(order.len())].to_vec();
    set.sort_unstable();
    let mut rest = p.clone();
    set.iter().for_each(|&i| rest[(i, i)] -= 1.0);
    (set, vectors::largest_size(rest.iter().copied()))
}

#[cfg(test)]
mod tests;
