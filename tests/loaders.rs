//! Whatever the bytes, a loader returns a table that is one, or a defect; it does not panic, and reserves no more than was there.
//!
//! `PROPTEST_CASES` sets the number of cases of each property: see CONTRIBUTING.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use npyz::WriterBuilder;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;
use puremix::data::file::{Format, Table, gunzip};

/// Cases of each property, of which there are five, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 4000;

fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { rng_seed: RngSeed::Fixed(3), ..ProptestConfig::with_cases(asked.unwrap_or(CASES)) }
}

/// Every reader on the bytes as they are, and on what they unpack to.
fn read_all(bytes: &[u8]) {
    let unpacked = gunzip(bytes).ok();
    for bytes in [Some(bytes), unpacked.as_deref()].into_iter().flatten() {
        for format in Format::ALL {
            match format.parse(bytes) {
                Ok(Table { values, samples, dim }) => {
                    assert!(samples > 0 && dim > 0 && samples.checked_mul(dim) == Some(values.len()));
                    assert!(values.iter().all(|x| x.is_finite()));
                    assert!(values.len() <= bytes.len());
                }
                Err(defect) => assert!(!defect.to_string().is_empty()),
            }
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn npy<T: npyz::AutoSerialize + npyz::Serialize>(
    values: impl Iterator<Item = T>,
    order: npyz::Order,
    shape: &[u64],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new().default_dtype().order(order).shape(shape);
    let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
    writer.extend(values).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A file that its reader accepts.
fn valid_file() -> impl Strategy<Value = (Format, Vec<u8>)> {
    let shape = (1usize..5, 1usize..5);
    let table = shape.prop_flat_map(|(m, n)| (Just((m, n)), vec(-100i8..100, m * n)));
    (table, select(vec![0u8, 8, 9, 11, 12, 13, 14, 20, 21, 22])).prop_map(|(((m, n), values), kind)| {
        match kind {
            0 => {
                let line = |row: &[i8]| {
                    row.iter().map(|x| format!("{}", f64::from(*x) / 8.0)).collect::<Vec<_>>().join(",")
                };
                (Format::Csv, values.chunks(n).map(line).collect::<Vec<_>>().join("\n").into_bytes())
            }
            20..=22 => {
                let order = if kind == 21 { npyz::Order::Fortran } else { npyz::Order::C };
                let shape = [m as u64, n as u64];
                let bytes = match kind {
                    22 => npy(values.iter().map(|&x| f32::from(x)), order, &shape),
                    _ => npy(values.iter().map(|&x| f64::from(x)), order, &shape),
                };
                (Format::Npy, bytes)
            }
            code => {
                let mut bytes = vec![0, 0, code, 2];
                bytes.extend([m, n].iter().flat_map(|&d| (d as u32).to_be_bytes()));
                for x in values {
                    match code {
                        8 | 9 => bytes.push(x as u8),
                        11 => bytes.extend(i16::from(x).to_be_bytes()),
                        12 => bytes.extend(i32::from(x).to_be_bytes()),
                        13 => bytes.extend(f32::from(x).to_be_bytes()),
                        _ => bytes.extend(f64::from(x).to_be_bytes()),
                    }
                }
                (Format::Idx, bytes)
            }
        }
    })
}

/// A small change somewhere in a file.
#[derive(Clone, Debug)]
enum Mutation {
    Set(Index, u8),
    Flip(Index, u8),
    Delete(Index, usize),
    Insert(Index, Vec<u8>),
    Repeat(Index, usize),
    Truncate(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set(at, byte)),
        (at(), 0u8..8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        (at(), 1usize..9).prop_map(|(at, count)| Mutation::Delete(at, count)),
        (at(), vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (at(), 1usize..9).prop_map(|(at, count)| Mutation::Repeat(at, count)),
        at().prop_map(Mutation::Truncate),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: Mutation) {
    if bytes.is_empty() {
        return;
    }
    let size = bytes.len();
    let end = |at: usize, count: usize| (at + count).min(size);
    match mutation {
        Mutation::Set(at, byte) => bytes[at.index(size)] = byte,
        Mutation::Flip(at, bit) => bytes[at.index(size)] ^= 1 << bit,
        Mutation::Delete(at, count) => drop(bytes.drain(at.index(size)..end(at.index(size), count))),
        Mutation::Insert(at, new) => drop(bytes.splice(at.index(size)..at.index(size), new)),
        Mutation::Repeat(at, count) => {
            let at = at.index(size);
            let part = bytes[at..end(at, count)].to_vec();
            drop(bytes.splice(at..at, part));
        }
        Mutation::Truncate(at) => bytes.truncate(at.index(size)),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn loaders_survive_arbitrary_bytes(
        magic in select(vec![&b""[..], b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00", b"\0\0\x08\x02\0\0\0", b"\0\0\x0e\x03", b"\x1f\x8b\x08\0"]),
        bytes in vec(any::<u8>(), 0..200),
    ) {
        read_all(&[magic, &bytes].concat());
    }

    #[test]
    fn loaders_survive_mutated_files((format, mut bytes) in valid_file(), mutations in vec(mutation(), 1..5)) {
        prop_assert!(format.parse(&bytes).is_ok(), "{format} {bytes:?}");
        mutations.into_iter().for_each(|mutation| mutate(&mut bytes, mutation));
        read_all(&bytes);
    }

    #[test]
    fn loaders_survive_mutated_gzip((format, bytes) in valid_file(), mutations in vec(mutation(), 1..4)) {
        let mut packed = gzip(&bytes);
        prop_assert_eq!(gunzip(&packed).unwrap(), bytes, "{}", format);
        mutations.into_iter().for_each(|mutation| mutate(&mut packed, mutation));
        read_all(&packed);
    }

    #[test]
    fn loaders_survive_text_that_is_nearly_numbers(text in "[0-9eE+.,\\-\n\r infa\"]{0,120}") {
        read_all(text.as_bytes());
    }

    #[test]
    fn loaders_survive_headers_that_are_nearly_numpy(
        version in 1u8..4,
        descr in prop_oneof![Just("'<f8'".to_owned()), "'[<>|=][fiucSVMmO]?[0-9]{0,20}'", "[\\[\\](){},:'a-z0-9 ]{0,30}"],
        order in select(vec!["False", "True", "None", "0", "'C'"]),
        shape in prop_oneof!["\\([0-9]{1,21}, ?[0-9]{1,21}\\)", "[(), 0-9\\-L]{0,30}"],
        rest in vec(any::<u8>(), 0..40),
    ) {
        let text = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n");
        let length = (text.len() as u32).to_le_bytes();
        let length = if version == 1 { &length[..2] } else { &length[..] };
        read_all(&[&b"\x93NUMPY"[..], &[version, 0], length, text.as_bytes(), &rest].concat());
    }
}
