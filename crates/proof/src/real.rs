//! What a formula is written in: numbers that can be intervals, or intervals with derivatives.

use crate::interval::Interval;
use std::ops::{Add, Mul, Neg, Sub};

/// Arithmetic that encloses: every value stands for all functions, or numbers, that it contains.
pub trait Real:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Neg<Output = Self>
{
    /// A constant, exactly.
    fn constant(x: f64) -> Self;
    /// `x²`.
    fn square(self) -> Self;
    /// `1/x`.
    fn recip(self) -> Self;
}

impl Real for Interval {
    fn constant(x: f64) -> Self {
        Self::point(x)
    }
    fn square(self) -> Self {
        self.square()
    }
    fn recip(self) -> Self {
        self.recip()
    }
}
