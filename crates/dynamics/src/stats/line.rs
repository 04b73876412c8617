//! Slopes with their errors.

use super::{Interval, normal_quantile};

/// A weighted least-squares line `y ≈ intercept + slope x` through points of known standard error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Slope.
    pub slope: f64,
    /// Standard error of the slope, from the errors or the scatter of the points.
    pub slope_se: f64,
}

impl Line {
    /// Fits points `(x, y, standard error of y)`; weights are `1/se²`.
    pub fn fit(points: &[(f64, f64, f64)]) -> Self {
        let weight = |se: f64| 1.0 / (se * se);
        let total: f64 = points.iter().map(|p| weight(p.2)).sum();
        let mean = |value: fn(&(f64, f64, f64)) -> f64| {
            points.iter().map(|p| weight(p.2) * value(p)).sum::<f64>() / total
        };
        let (x_mean, y_mean) = (mean(|p| p.0), mean(|p| p.1));
        let spread: f64 = points.iter().map(|p| weight(p.2) * (p.0 - x_mean).powi(2)).sum();
        let covariance: f64 = points.iter().map(|p| weight(p.2) * (p.0 - x_mean) * (p.1 - y_mean)).sum();
        let slope = covariance / spread;
        Self { slope, slope_se: spread.sqrt().recip() }
    }

    /// Ordinary least squares through points `(x, y, standard error of y)`. Weights by estimated errors would favour the points that
    /// happen to have a small one; where it goes with `y`, that biases the slope.
    pub fn unweighted(points: &[(f64, f64, f64)]) -> Self {
        let x_mean = points.iter().map(|p| p.0).sum::<f64>() / points.len() as f64;
        let spread: f64 = points.iter().map(|p| (p.0 - x_mean).powi(2)).sum();
        let slope = points.iter().map(|p| (p.0 - x_mean) / spread * p.1).sum();
        let variance: f64 = points.iter().map(|p| ((p.0 - x_mean) / spread * p.2).powi(2)).sum();
        Self { slope, slope_se: variance.sqrt() }
    }

    /// Ordinary least squares through points `(x, y)` of unknown error, which their scatter about the line tells; it takes
    /// three points at least.
    pub fn through(points: &[(f64, f64)]) -> Self {
        let unweighted: Vec<(f64, f64, f64)> = points.iter().map(|&(x, y)| (x, y, 1.0)).collect();
        let Self { slope, slope_se } = Self::fit(&unweighted);
        let n = points.len() as f64;
        let mean = |value: fn(&(f64, f64)) -> f64| points.iter().map(value).sum::<f64>() / n;
        let (x_mean, y_mean) = (mean(|p| p.0), mean(|p| p.1));
        let scatter: f64 = points.iter().map(|(x, y)| (y - y_mean - slope * (x - x_mean)).powi(2)).sum();
        Self { slope, slope_se: slope_se * (scatter / (n - 2.0)).sqrt() }
    }

    /// Normal interval of the slope at error level `level`.
    pub fn slope_interval(&self, level: f64) -> Interval {
        let half = normal_quantile(level) * self.slope_se;
        Interval { low: self.slope - half, high: self.slope + half }
    }
}
