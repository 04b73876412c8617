//! The function that grows along every cycle of cyclic SGD, in visit coordinates (`docs/cyclic-theorem.md`, where it is verified for two and three samples).
//!
//! `q_j` is the value of `⟨w, x_j⟩²` when sample `j` is visited next, and `s = ‖w − Πw‖²`. With `u_i = 1 − ηq_i`, `⟨w, x_j⟩² = q_j Π_{i<j} u_i^{−2}` at the
//! beginning of a cycle, and
//!
//! ```text
//! W = V − (η/2) D² − s,   V = Σq²/(Σq)²,   D = 2 − N − μ − (E − μ)/P,   μ = Σq²/Σq,   P = Π u_i,   E = (1 − P)/η
//! ```

/// Sizes of the correlations at the beginning of a cycle that will visit `q`.
pub fn correlations(q: &[f64], step_size: f64) -> Vec<f64> {
    let mut shrunk = 1.0;
    q.iter()
        .map(|q| {
            let c = q.sqrt() / shrunk;
            shrunk *= 1.0 - step_size * q;
            c
        })
        .collect()
}

/// `D`, which is 0 at every mixed orbit.
pub fn defect(q: &[f64], residual_sq: f64, step_size: f64) -> f64 {
    let norm_sq = residual_sq + correlations(q, step_size).iter().map(|c| c * c).sum::<f64>();
    let mean = q.iter().map(|q| q * q).sum::<f64>() / q.iter().sum::<f64>();
    // E = Σ q_j Π_{i<j} u_i, without cancellation.
    let (mut shrunk, mut product) = (0.0, 1.0);
    for q in q {
        shrunk += q * product;
        product *= 1.0 - step_size * q;
    }
    2.0 - norm_sq - mean - (shrunk - mean) / product
}

/// `V`: 1/k if `k` samples have the same `q` and the others 0.
pub fn concentration(q: &[f64]) -> f64 {
    q.iter().map(|q| q * q).sum::<f64>() / q.iter().sum::<f64>().powi(2)
}

/// `W`.
pub fn lyapunov(q: &[f64], residual_sq: f64, step_size: f64) -> f64 {
    concentration(q) - 0.5 * step_size * defect(q, residual_sq, step_size).powi(2) - residual_sq
}

/// `q` in proportion to `shares`, without residual, at which `D = 0`: the surface near which runs stay once the norm has settled. By bisection of
/// `Σq` between 1/2 and 3/2, between which `D` changes its sign for `η ≤ 1/5` and some more.
pub fn settled(shares: &[f64], step_size: f64) -> Vec<f64> {
    let total: f64 = shares.iter().sum();
    let of = |sum: f64| -> Vec<f64> { shares.iter().map(|p| sum * p / total).collect() };
    let (mut low, mut high) = (0.5, 1.5);
    for _ in 0..55 {
        let middle = 0.5 * (low + high);
        if defect(&of(middle), 0.0, step_size) > 0.0 { low = middle } else { high = middle }
    }
    of(0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::super::mixed::mixed_orbit;
    use super::*;

    #[test]
    fn mixed_orbits_are_where_d_is_0_and_w_is_one_in_k() {
        for eta in [0.01, 0.13, 0.2] {
            for k in 1..=5 {
                let orbit = mixed_orbit(k, eta);
                let q = vec![orbit[0] * orbit[0]; k];
                let back = correlations(&q, eta);
                assert!(back.iter().zip(&orbit).all(|(a, b)| (a - b).abs() < 1e-14), "{back:?} {orbit:?}");
                assert!(defect(&q, 0.0, eta).abs() < 1e-13, "k = {k}, η = {eta}");
                assert!((lyapunov(&q, 0.0, eta) - 1.0 / k as f64).abs() < 1e-14);
                assert!((lyapunov(&q, 0.01, eta) - lyapunov(&q, 0.0, eta) + 0.01).abs() < 1e-4);
                let settled = settled(&vec![1.0; k], eta);
                assert!((settled[0] - q[0]).abs() < 1e-14, "k = {k}, η = {eta}: {settled:?}");
            }
        }
    }

    /// Visits one after the other, by the update.
    #[test]
    fn correlations_are_those_that_a_cycle_visits() {
        let (q, eta): ([f64; 4], f64) = ([0.4, 0.07, 0.3, 0.2], 0.17);
        let mut c = correlations(&q, eta);
        for (j, q) in q.into_iter().enumerate() {
            assert!((c[j] * c[j] - q).abs() < 1e-15, "{j}: {c:?}");
            let (norm_sq, visited) = (c.iter().map(|c| c * c).sum::<f64>(), c[j]);
            c.iter_mut().for_each(|c| *c *= 1.0 - eta * visited * visited);
            c[j] += eta * visited * (2.0 - norm_sq);
        }
        let settled = settled(&q, eta);
        assert!(
            defect(&settled, 0.0, eta).abs() < 1e-14 && (settled[2] / settled[1] - 30.0 / 7.0).abs() < 1e-12
        );
    }
}
