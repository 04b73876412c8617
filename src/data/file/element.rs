//! Numbers in binary, of any type that arrays are saved in.

use std::fmt;

use super::{Defect, Input};

/// Bytes that are decoded at a time.
const BLOCK: usize = 1 << 16;

/// What the bits of a number mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Unsigned,
    Signed,
    Float,
}

/// Type of the elements of an array. Integers beyond ±2⁵³ are rounded to the nearest f64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub kind: Kind,
    /// Bytes: 1, 2, 4 or 8.
    pub size: usize,
    pub big_endian: bool,
}

impl Element {
    /// Reads so many numbers. Memory grows with what is there, not with what is announced.
    pub fn read(self, input: &mut Input, count: usize) -> Result<Vec<f64>, Defect> {
        let expected = u128::from(input.position()) + count as u128 * self.size as u128;
        let mut values = Vec::new();
        let mut block = vec![0; BLOCK];
        while values.len() < count {
            let bytes = ((count - values.len()).saturating_mul(self.size)).min(BLOCK);
            input.fill(&mut block[..bytes], expected)?;
            values.extend(block[..bytes].chunks_exact(self.size).map(|bytes| self.decode(bytes)));
        }
        Ok(values)
    }

    fn decode(self, bytes: &[u8]) -> f64 {
        let append = |bits: u64, &byte: &u8| bits << 8 | u64::from(byte);
        let bits =
            if self.big_endian { bytes.iter().fold(0, append) } else { bytes.iter().rev().fold(0, append) };
        let unused = 64 - 8 * self.size;
        match (self.kind, self.size) {
            (Kind::Boolean, _) => f64::from(u8::from(bits != 0)),
            (Kind::Unsigned, _) => bits as f64,
            (Kind::Signed, _) => ((bits << unused).cast_signed() >> unused) as f64,
            (Kind::Float, 2) => half(bits as u16),
            (Kind::Float, 4) => f32::from_bits(bits as u32).into(),
            (Kind::Float, _) => f64::from_bits(bits),
        }
    }
}

impl fmt::Display for Element {
    /// As NumPy writes it: `<f8`, `|u1`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let order = match (self.size, self.big_endian) {
            (1, _) => '|',
            (_, true) => '>',
            _ => '<',
        };
        let kind = match self.kind {
            Kind::Boolean => 'b',
            Kind::Unsigned => 'u',
            Kind::Signed => 'i',
            Kind::Float => 'f',
        };
        write!(f, "{order}{kind}{}", self.size)
    }
}

/// IEEE 754 binary16: one bit of sign, five of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    sign * magnitude
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_exact() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333251953125),
            (0x7bff, 65504.0),
            (0x0400, 2f64.powi(-14)),
            (0x03ff, 1023.0 / 1024.0 * 2f64.powi(-14)),
            (0x0001, 2f64.powi(-24)),
            (0x7c00, f64::INFINITY),
            (0xfc00, f64::NEG_INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan() && half(0x8000).is_sign_negative());
    }

    #[test]
    fn every_type_is_decoded_in_both_byte_orders() {
        let decode = |kind, little: &[u8]| {
            let element = |big_endian| Element { kind, size: little.len(), big_endian };
            let big: Vec<u8> = little.iter().rev().copied().collect();
            let value = element(false).decode(little);
            assert_eq!(element(true).decode(&big), value);
            value
        };
        assert_eq!(decode(Kind::Boolean, &[2]), 1.0);
        assert_eq!(decode(Kind::Unsigned, &[200]), 200.0);
        assert_eq!(decode(Kind::Signed, &[200]), -56.0);
        assert_eq!(decode(Kind::Signed, &(-2i16).to_le_bytes()), -2.0);
        assert_eq!(decode(Kind::Unsigned, &40_000u16.to_le_bytes()), 40_000.0);
        assert_eq!(decode(Kind::Signed, &i32::MIN.to_le_bytes()), -2_147_483_648.0);
        assert_eq!(decode(Kind::Unsigned, &u32::MAX.to_le_bytes()), 4_294_967_295.0);
        assert_eq!(decode(Kind::Signed, &i64::MIN.to_le_bytes()), -(2f64.powi(63)));
        assert_eq!(decode(Kind::Unsigned, &u64::MAX.to_le_bytes()), 2f64.powi(64));
        assert_eq!(decode(Kind::Float, &[0x00, 0xc1]), -2.5);
        assert_eq!(decode(Kind::Float, &0.1f32.to_le_bytes()), f64::from(0.1f32));
        assert_eq!(decode(Kind::Float, &0.1f64.to_le_bytes()), 0.1);
    }
}
