//! Integrals of smooth functions.

/// Composite Simpson rule over `[from, to]` in an even number of intervals.
pub(super) fn simpson(f: impl Fn(f64) -> f64, from: f64, to: f64, intervals: usize) -> f64 {
    let h = (to - from) / intervals as f64;
    let weight = |i: usize| match i {
        0 => 1.0,
        i if i == intervals => 1.0,
        i if i % 2 == 1 => 4.0,
        _ => 2.0,
    };
    h / 3.0 * (0..=intervals).map(|i| weight(i) * f(from + i as f64 * h)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    #[test]
    fn cubics_are_exact() {
        let integral = super::simpson(|x| x * x * x - 2.0 * x, -0.5, 2.0, 4);
        assert!((integral - (4.0 - 1.0 / 64.0 - 3.75)).abs() < 1e-14, "{integral}");
    }
}
