//! Centring and scaling of samples, each a step of its own.

use serde::Serialize;

use super::{Dataset, norm};
use crate::error::{Error, Result};
use crate::vectors::largest_size;

/// What is done to samples before training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// Nothing.
    #[default]
    None,
    /// Every sample to norm 1.
    Unit,
    /// The mean sample subtracted, then every sample to norm 1.
    CentredUnit,
    /// From every sample the mean of its own entries subtracted (the contrast of an image), then norm 1.
    ContrastUnit,
}

impl Dataset {
    /// Applies a normalisation.
    ///
    /// # Errors
    /// [`Error::ZeroRow`] where nothing is left to scale; [`Error::ImplicitData`].
    pub fn normalised(self, normalisation: Normalisation) -> Result<Self> {
        match normalisation {
            Normalisation::None => Ok(self),
            Normalisation::Unit => self.unit_rows(),
            Normalisation::CentredUnit => {
                self.centred()?.divided(", less the mean sample,", &vec![1.0; self.samples])
            }
            Normalisation::ContrastUnit => {
                self.contrasts()?.divided(", less the mean of its entries,", &vec![1.0; self.samples])
            }
        }
    }

    /// Every sample divided by its norm.
    ///
    /// # Errors
    /// [`Error::ZeroRow`] naming the first sample of norm 0; [`Error::ImplicitData`].
    pub fn unit_rows(&self) -> Result<Self> {
        self.divided("", &vec![1.0; self.samples])
    }

    /// The same, where an error says what samples are `less`, and the norms that they are to have in the end.
    fn divided(&self, less: &'static str, ends: &[f64]) -> Result<Self> {
        self.with_rows(|rows, dim| {
            for (row, (values, &end)) in rows.chunks_exact_mut(dim).zip(ends).enumerate() {
                // By the largest entry first: squares of 1e200 or 1e-200 leave the range of f64.
                let largest = largest_size(values.iter().copied());
                if largest == 0.0 {
                    return Err(Error::ZeroRow { row, less, end });
                }
                values.iter_mut().for_each(|x| *x /= largest);
                let length = norm(values);
                values.iter_mut().for_each(|x| *x /= length);
            }
            Ok(())
        })
    }

    /// Every sample brought to a norm `‖x_i‖` of its own. Equal norms of 1 leave orthonormal data as it is.
    ///
    /// # Errors
    /// [`Error::Length`] unless there is one a sample; [`Error::OutOfRange`] for one whose powers leave the range of f64; [`Error::ZeroRow`]; [`Error::ImplicitData`].
    pub fn with_norms(&self, norms: &[f64]) -> Result<Self> {
        if norms.len() != self.samples {
            return Err(Error::Length {
                what: "the list of norms",
                expected: self.samples,
                got: norms.len(),
            });
        }
        if let Some(&got) = norms.iter().find(|norm| !(1e-100..=1e100).contains(*norm)) {
            return Err(Error::OutOfRange { what: "the norm of a sample", range: "[1e-100, 1e100]", got });
        }
        let unit = if self.orthonormal { self.clone() } else { self.divided("", norms)? };
        unit.with_rows(|rows, dim| {
            for (row, norm) in rows.chunks_exact_mut(dim).zip(norms) {
                row.iter_mut().for_each(|x| *x *= norm);
            }
            Ok(())
        })
    }

    /// Samples minus the mean sample, `x_i − (1/m) Σ_j x_j`. What is left of rounding counts as 0.
    ///
    /// # Errors
    /// [`Error::ImplicitData`].
    pub fn centred(&self) -> Result<Self> {
        self.with_rows(|rows, dim| {
            let samples = rows.len() / dim;
            for column in 0..dim {
                let entries = || (0..samples).map(|i| i * dim + column);
                subtract_mean(rows, entries);
            }
            Ok(())
        })
    }

    /// Samples minus the mean of their own entries. A constant sample becomes 0; what is left of rounding counts as 0.
    ///
    /// # Errors
    /// [`Error::ImplicitData`].
    pub fn contrasts(&self) -> Result<Self> {
        self.with_rows(|rows, dim| {
            for start in (0..rows.len()).step_by(dim) {
                subtract_mean(rows, || start..start + dim);
            }
            Ok(())
        })
    }

    /// The same data with other rows; dictionary and shape stay.
    fn with_rows(&self, change: impl FnOnce(&mut [f64], usize) -> Result<()>) -> Result<Self> {
        let mut rows = self.rows()?.to_vec();
        change(&mut rows, self.dim)?;
        let dictionary = self.dictionary.clone();
        Ok(Self { dictionary, ..Self::from_rows(rows, self.samples, self.dim)? })
    }
}

/// Subtracts from the given entries their mean; differences below the rounding of the sum become 0.
fn subtract_mean<I: Iterator<Item = usize>>(values: &mut [f64], entries: impl Fn() -> I) {
    let (count, sum, largest) = entries().fold((0usize, 0.0, 0.0f64), |(count, sum, largest), at| {
        (count + 1, sum + values[at], largest.max(values[at].abs()))
    });
    let (mean, rounding) = (sum / count as f64, f64::EPSILON * count as f64 * largest);
    for at in entries() {
        let difference = values[at] - mean;
        values[at] = if difference.abs() <= rounding { 0.0 } else { difference };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(rows: &[f64], dim: usize) -> Dataset {
        Dataset::from_rows(rows.to_vec(), rows.len() / dim, dim).unwrap()
    }

    fn rows(data: Result<Dataset>) -> Vec<f64> {
        data.unwrap().rows().unwrap().to_vec()
    }

    #[test]
    fn rows_come_to_norm_one_from_any_scale() {
        let got = rows(data(&[3.0, -4.0, 3e200, 4e200, 0.0, 1e-200], 2).unit_rows());
        let expected = [0.6, -0.8, 0.6, 0.8, 0.0, 1.0];
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{got:?}");
        // Rows that were orthonormal but for their lengths are recognised.
        let stretched = data(&[0.0, 2.0, 0.0, -3.0, 0.0, 0.0], 3);
        assert!(!stretched.is_orthonormal() && stretched.unit_rows().unwrap().is_orthonormal());
    }

    #[test]
    fn samples_take_norms_of_their_own() {
        let data = Dataset::orthonormal(3, 5, 4).unwrap();
        let unequal = data.with_norms(&[2.0, 0.5, 1.0]).unwrap();
        assert!(!unequal.is_orthonormal() && (unequal.row_norm(1) - 0.5).abs() < 1e-15);
        let gram = unequal.gram().unwrap();
        assert!((gram[(0, 0)] - 4.0).abs() < 1e-14 && gram[(0, 2)].abs() < 1e-15);
        assert!(data.with_norms(&[1.0; 3]).unwrap().is_orthonormal());
        let general = data.with_norms(&[3.0, 1.0, 7.0]).unwrap().with_norms(&[2.0, 0.5, 1.0]).unwrap();
        let close =
            general.rows().unwrap().iter().zip(unequal.rows().unwrap()).all(|(a, b)| (a - b).abs() < 1e-15);
        assert!(close);
        let message = |norms: &[f64]| data.with_norms(norms).unwrap_err().to_string();
        assert!(message(&[1.0]).contains("the list of norms has 1 entries, expected 3"));
        assert!(
            message(&[1.0, -2.0, 1.0]).contains("the norm of a sample must lie in [1e-100, 1e100], got -2.0")
        );
    }

    #[test]
    fn centring_removes_the_mean_of_columns_or_of_rows() {
        let original = data(&[1.0, 5.0, 0.5, 3.0, 7.0, -1.5], 3);
        assert_eq!(rows(original.centred()), [-1.0, -1.0, 1.0, 1.0, 1.0, -1.0]);
        let contrasts = rows(original.contrasts());
        for row in contrasts.chunks_exact(3) {
            assert!(row.iter().sum::<f64>().abs() < 1e-14);
        }
        assert!((contrasts[1] - contrasts[0] - 4.0).abs() < 1e-14);
    }

    #[test]
    fn what_cannot_be_scaled_is_named() {
        let refusal = |data: Dataset, how| data.normalised(how).unwrap_err().to_string();
        let zero = data(&[1.0, 2.0, 0.0, 0.0], 2);
        let expected = "row 1 of the data is zero: it cannot be brought to norm 1";
        assert_eq!(refusal(zero.clone(), Normalisation::Unit), expected);
        let expected = "row 1 of the data is zero: it cannot be brought to norm 2.5";
        assert_eq!(zero.with_norms(&[1.0, 2.5]).unwrap_err().to_string(), expected);
        assert!(zero.normalised(Normalisation::None).is_ok());
        // 0.1 three times has a mean that is not 0.1: only rounding is left of a constant row.
        let constant = data(&[1.0, 2.0, 3.0, 0.1, 0.1, 0.1], 3);
        let refused = refusal(constant, Normalisation::ContrastUnit);
        assert!(
            refused.starts_with("row 1 of the data, less the mean of its entries, is zero:"),
            "{refused}"
        );
        let equal = data(&[0.1, 0.7, 0.1, 0.7, 0.1, 0.7], 2);
        let refused = refusal(equal, Normalisation::CentredUnit);
        assert!(refused.starts_with("row 0 of the data, less the mean sample, is zero:"), "{refused}");
    }
}
