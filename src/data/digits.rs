//! Real data that every binary carries: the 8×8 handwritten digits of the UCI repository.

use super::Dataset;
use super::file::Format;

/// Handwritten digits with what they show.
#[derive(Clone, Debug)]
pub struct Digits {
    /// Images of 8×8 pixels, row by row, `[1797, 64]`; whole numbers from 0 to 16, not normalised.
    pub images: Dataset,
    /// Digit shown by each, 0 to 9, `[1797]`.
    pub labels: Vec<u8>,
}

/// The test set of "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI Machine Learning
/// Repository (1998), CC BY 4.0.
pub fn digits() -> Digits {
    let packed = include_bytes!("../../data/digits.csv.gz");
    let table = Format::Csv.parse(packed).expect("a file of this crate");
    let (pixels, labels) = table.split_label();
    let images = Dataset::from_rows(pixels, table.samples, table.dim - 1).expect("finite and rectangular");
    Digits { images, labels: labels.into_iter().map(|label| label as u8).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_are_all_there() {
        let Digits { images, labels } = digits();
        assert_eq!((images.samples(), images.dim(), labels.len()), (1797, 64, 1797));
        let pixels = images.rows().unwrap();
        assert!(pixels.iter().all(|&x| (0.0..=16.0).contains(&x) && x.fract() == 0.0));
        // Counts of the digits 0 to 9, as published, and the first image.
        let counts: Vec<usize> = (0..10).map(|d| labels.iter().filter(|&&l| l == d).count()).collect();
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        assert_eq!(pixels[..16], [0., 0., 5., 13., 9., 1., 0., 0., 0., 0., 13., 15., 10., 15., 5., 0.]);
        assert_eq!(labels[..5], [0, 1, 2, 3, 4]);
    }
}
