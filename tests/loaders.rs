//! Whatever the bytes, a loader returns a table that is one, or a defect; it does not panic, ends at once, and reserves
//! no more than was there.
//!
//! `PROPTEST_CASES` sets the number of cases of each property: see CONTRIBUTING.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use itertools::Itertools;
use npyz::WriterBuilder;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::RngSeed;
use puremix::data::file::{Format, ReadOptions};

use crate::readers::data::{read, unpacked};

/// Cases of each property, of which there are seven, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 3000;

fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { rng_seed: RngSeed::Fixed(3), ..ProptestConfig::with_cases(asked.unwrap_or(CASES)) }
}

/// Every reader on some bytes.
fn read_all(bytes: &[u8]) {
    read_with(bytes, &ReadOptions::default());
}

fn read_with(bytes: &[u8], options: &ReadOptions) {
    let size = unpacked(bytes);
    for format in Format::ALL {
        read(format, bytes, size, options);
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

/// A file that its reader accepts, and what it holds.
fn valid_file() -> impl Strategy<Value = (Format, Vec<u8>, Vec<f64>)> {
    let shape = (1usize..5, 1usize..5);
    let table = shape.prop_flat_map(|(m, n)| (Just((m, n)), vec(-100i8..100, m * n)));
    (table, select(vec![0u8, 1, 2, 3, 8, 9, 11, 12, 13, 14, 20, 21, 22, 23, 24])).prop_map(
        |(((m, n), values), kind)| {
            let numbers: Vec<f64> = values.iter().map(|&x| f64::from(x)).collect();
            match kind {
                0..=3 => {
                    let delimiter = [",", ";", "\t", "  "][usize::from(kind)];
                    let lines = numbers
                        .chunks(n)
                        .map(|row| row.iter().map(f64::to_string).join(delimiter))
                        .join("\n");
                    (Format::Csv, lines.into_bytes(), numbers)
                }
                20..=24 => {
                    let order = if kind == 21 { npyz::Order::Fortran } else { npyz::Order::C };
                    let shape = [m as u64, n as u64];
                    let bytes = match kind {
                        22 => npy(values.iter().map(|&x| f32::from(x)), order, &shape),
                        23 => npy(values.iter().copied(), order, &shape),
                        24 => npy(values.iter().map(|&x| i64::from(x)), order, &shape),
                        _ => npy(numbers.iter().copied(), order, &shape),
                    };
                    let by_rows =
                        |k: usize| if kind == 21 { numbers[(k % n) * m + k / n] } else { numbers[k] };
                    (Format::Npy, bytes, (0..m * n).map(by_rows).collect())
                }
                code => {
                    let mut bytes = vec![0, 0, code, 2];
                    bytes.extend([m, n].iter().flat_map(|&d| (d as u32).to_be_bytes()));
                    for &x in &values {
                        match code {
                            8 | 9 => bytes.push(x as u8),
                            11 => bytes.extend(i16::from(x).to_be_bytes()),
                            12 => bytes.extend(i32::from(x).to_be_bytes()),
                            13 => bytes.extend(f32::from(x).to_be_bytes()),
                            _ => bytes.extend(f64::from(x).to_be_bytes()),
                        }
                    }
                    let unsigned = |x: &f64| if code == 8 && *x < 0.0 { x + 256.0 } else { *x };
                    (Format::Idx, bytes, numbers.iter().map(unsigned).collect())
                }
            }
        },
    )
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
    fn loaders_survive_mutated_files((format, mut bytes, values) in valid_file(), mutations in vec(mutation(), 1..5)) {
        prop_assert_eq!(format.parse(&bytes).unwrap().values, values, "{} {:?}", format, bytes);
        mutations.into_iter().for_each(|mutation| mutate(&mut bytes, mutation));
        read_all(&bytes);
    }

    #[test]
    fn loaders_survive_mutated_gzip((format, bytes, values) in valid_file(), mutations in vec(mutation(), 1..4)) {
        let mut packed = gzip(&bytes);
        prop_assert_eq!(format.parse(&packed).unwrap().values, values, "{}", format);
        mutations.into_iter().for_each(|mutation| mutate(&mut packed, mutation));
        read_all(&packed);
    }

    #[test]
    fn loaders_survive_text_that_is_nearly_numbers(text in "[0-9eE+.,\\-\n\r infa\"]{0,120}") {
        read_all(text.as_bytes());
    }

    #[test]
    fn loaders_survive_tables_of_any_delimiter(
        mark in select(vec!["", "\u{feff}", "#", "\"\n"]),
        names in vec(select(vec!["x", "y", "\"a b\"", "1", "", "nan", "last", "\u{202e}"]), 0..4),
        rows in vec(vec(select(vec!["0", "1.5", "-2e3", " 7 ", "NA", "", "1,5", "\"q\""]), 1..4), 0..6),
        delimiters in vec(select(vec![",", ";", "\t", " ", "  ", " ; "]), 3),
        ends in vec(select(vec!["\n", "\r\n", "\r", "\n\n"]), 3),
        skip_rows in 0usize..3,
        label_column in proptest::option::of(select(vec!["first", "last", "0", "1", "x", "a b", "9", ""])),
        mutations in vec(mutation(), 0..3),
    ) {
        // As a rule one delimiter and one end of lines.
        let at = |k: usize, of: usize| if k % 7 == 6 { k % of } else { 0 };
        let mut text = format!("{mark}{}{}", names.join(delimiters[0]), ends[0]);
        for (k, row) in rows.iter().enumerate() {
            text += &format!("{}{}", row.join(delimiters[at(k, 3)]), ends[at(k + 1, 3)]);
        }
        let mut bytes = text.into_bytes();
        mutations.into_iter().for_each(|mutation| mutate(&mut bytes, mutation));
        read_with(&bytes, &ReadOptions { skip_rows, label_column: label_column.map(String::from) });
    }

    #[test]
    fn loaders_survive_headers_of_mutated_tokens(
        version in 1u8..4,
        tokens in vec((any::<Index>(), select(vec![
            "{", "}", "(", ")", "[", "'", "\"", ",", ":", " ", "\\", "'descr'", "'shape'", "'fortran_order'", "True",
            "False", "'<f8'", "'|u1'", "'>f2'", "2", "3L", "-1", "18446744073709551616", "(')',", "\n", "\u{1b}[2J",
        ])), 0..5),
        removed in vec(any::<Index>(), 0..3),
        rest in vec(any::<u8>(), 0..60),
    ) {
        let header = "{ 'descr' : '<f8' , 'fortran_order' : False , 'shape' : ( 2 , 3 ) , }";
        let mut words: Vec<&str> = header.split(' ').collect();
        for at in removed {
            words.remove(at.index(words.len()));
        }
        for (at, token) in tokens {
            words.insert(at.index(words.len() + 1), token);
        }
        let text = words.concat();
        let length = (text.len() as u32).to_le_bytes();
        let length = if version == 1 { &length[..2] } else { &length[..] };
        read_all(&[&b"\x93NUMPY"[..], &[version, 0], length, text.as_bytes(), &rest].concat());
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

#[test]
fn large_files_cost_what_they_hold() {
    let header = |text: &str, version: u8| {
        let length = (text.len() as u32).to_le_bytes();
        [&b"\x93NUMPY"[..], &[version, 0], &length[..if version == 1 { 2 } else { 4 }], text.as_bytes()]
            .concat()
    };
    let brackets = "(')',".repeat(2_000_000);
    read_all(&header(&brackets, 2));
    read_all(&header(&format!("{{'shape': ({}", "1,".repeat(4000)), 1));
    read_all(&header(&format!("{{'shape': ({}", "9".repeat(9000)), 1));
    // A million zeros in each format, packed and not: a thousandth of their size.
    let zeros = vec![0; 1 << 20];
    let text = "0\n".repeat(1 << 20);
    let array = header("{'descr': '|u1', 'fortran_order': True, 'shape': (1024, 2, 512)}", 1);
    for bytes in [
        [&[0, 0, 8, 2, 0, 0, 4, 0, 0, 0, 4, 0][..], &zeros].concat(),
        [array, zeros].concat(),
        text.as_bytes().to_vec(),
        text.replace('\n', ",").into_bytes(),
        [&b"#"[..], text.replace('0', ",").as_bytes()].concat(),
        text.replace('\n', "").into_bytes(),
    ] {
        read_all(&bytes);
        read_all(&gzip(&bytes));
    }
}
