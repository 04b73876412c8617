//! Files of data as users have them: what `train` reads of each, what it says of that in `config.json`, and in which
//! words it refuses the others.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::common::{binary, ended, floats, json as read_json, stderr, temporary, text_path};

/// The matrix that most of these files hold, `[3, 4]`.
const A: [f64; 12] = [1.5, -2.25, 3.0, 0.125, 4.0, 5.5, -6.0, 7.75, 0.5, 0.25, 8.0, -9.0];

fn train(data: &Path, options: &str, out: &Path) -> Output {
    let mut command = binary("train");
    command.arg("--data").arg(data).args(options.split_whitespace());
    command.args([
        "--steps",
        "3",
        "--activation",
        "linear",
        "--engine",
        "analytic",
        "--step-size",
        "1e-9",
        "--out",
    ]);
    command.arg(out).timeout(Duration::from_secs(60)).output().unwrap()
}

/// A `.npy` file of version 1.0 with its header as NumPy pads it.
fn npy(dictionary: &str, data: impl AsRef<[u8]>) -> Vec<u8> {
    let width = (dictionary.len() + 11).next_multiple_of(64) - 11;
    let text = format!("{dictionary:<width$}\n");
    [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), data.as_ref()].concat()
}

fn header(descr: &str, fortran_order: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': {fortran_order}, 'shape': {shape}, }}")
}

fn encode<const N: usize>(values: impl IntoIterator<Item = f64>, bytes: impl Fn(f64) -> [u8; N]) -> Vec<u8> {
    values.into_iter().flat_map(bytes).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A file by its name, options, and what is read: shape, numbers, some keys of `data_read`.
type Read = (&'static str, Vec<u8>, &'static str, [u64; 2], Vec<f64>, Value);

fn arrays() -> Vec<Read> {
    let (whole, eighths) = (A.map(|x| x * 8.0), |x: f64| x * 8.0);
    // A, column by column, and as an array [3, 2, 2] in the order where the first index moves fastest.
    let columns = [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11].map(|k| A[k]);
    let rank_three = [0, 4, 8, 2, 6, 10, 1, 5, 9, 3, 7, 11].map(|k| A[k]);
    let double = |values: [f64; 12]| encode(values, f64::to_le_bytes);
    let half =
        [0x3e00u16, 0xc080, 0x4200, 0x3000, 0x4400, 0x4580, 0xc600, 0x47c0, 0x3800, 0x3400, 0x4800, 0xc880];
    let numbers = |order: &str, shape: &str| header("<f8", order, shape);
    let row = |name, bytes, values: &[f64], said| (name, bytes, "", [3, 4], values.to_vec(), said);
    let usual = |descr: &str| header(descr, "False", "(3, 4)");
    let said = |dtype: &str, shape: &[u64]| json!({"format": "npy", "gzipped": false, "dtype": dtype, "shape": shape});
    vec![
        row(
            "u1.npy",
            npy(&usual("|u1"), A.map(|x| eighths(x.abs()) as u8)),
            &whole.map(f64::abs),
            said("|u1", &[3, 4]),
        ),
        row(
            "i8.npy",
            npy(&usual("<i8"), encode(whole, |x| (x as i64).to_le_bytes())),
            &whole,
            said("<i8", &[3, 4]),
        ),
        row(
            "i2.npy",
            npy(&usual(">i2"), encode(whole, |x| (x as i16).to_be_bytes())),
            &whole,
            said(">i2", &[3, 4]),
        ),
        row("f2.npy", npy(&usual("<f2"), half.map(u16::to_le_bytes).concat()), &A, said("<f2", &[3, 4])),
        row("f2-big.npy", npy(&usual(">f2"), half.map(u16::to_be_bytes).concat()), &A, said(">f2", &[3, 4])),
        row(
            "f4-big.npy",
            npy(&usual(">f4"), encode(A, |x| (x as f32).to_be_bytes())),
            &A,
            said(">f4", &[3, 4]),
        ),
        row(
            "b1.npy",
            npy(&usual("|b1"), A.map(|x| u8::from(x > 1.0))),
            &A.map(|x| f64::from(u8::from(x > 1.0))),
            said("|b1", &[3, 4]),
        ),
        row("py2-L.npy", npy(&numbers("False", "(3L, 4L)"), double(A)), &A, said("<f8", &[3, 4])),
        row("fortran.npy", npy(&numbers("True", "(3, 4)"), double(columns)), &A, said("<f8", &[3, 4])),
        row("images.npy", npy(&numbers("False", "(3, 2, 2)"), double(A)), &A, said("<f8", &[3, 2, 2])),
        row(
            "images-fortran.npy",
            npy(&numbers("True", "(3, 2, 2)"), double(rank_three)),
            &A,
            said("<f8", &[3, 2, 2]),
        ),
        row(
            "packed.npy",
            gzip(&npy(&usual("<f8"), double(A))),
            &A,
            json!({"format": "npy", "gzipped": true}),
        ),
        (
            "labelled.npy",
            npy(&usual("<f8"), double(A)),
            "--label-column first",
            [3, 3],
            [1, 2, 3, 5, 6, 7, 9, 10, 11].map(|k| A[k]).to_vec(),
            json!({"shape": [3, 4], "label_column": 0}),
        ),
    ]
}

fn texts() -> Vec<Read> {
    let four = || vec![1.0, 2.0, 3.0, 4.0];
    let row =
        |name, text: &str, options, said| (name, text.as_bytes().to_vec(), options, [2, 2], four(), said);
    let text = |delimiter: &str, header: Value| json!({"format": "csv", "gzipped": false, "delimiter": delimiter, "skip_rows": 0, "header": header, "label_column": null});
    vec![
        row("header.csv", "x,y\n1,2\n3,4\n", "", text(",", json!(["x", "y"]))),
        row("bom.csv", "\u{feff}1,2\n3,4\n", "", text(",", Value::Null)),
        row("semicolons.csv", "\"a\";\"b\"\r\n1;2\r\n3;4\r\n", "", text(";", json!(["a", "b"]))),
        row("tabs.tsv", "1\t2\n3\t4\n", "", text("\t", Value::Null)),
        row(
            "savetxt.txt",
            "# a b\n1.000e+00 2.000e+00\n3.000e+00 4.000e+00\n",
            "",
            text(" ", json!(["a", "b"])),
        ),
        row(
            "frame.csv",
            ",0,1\nr1,1,2\nr2,3,4\n",
            "--skip-rows 1 --label-column first",
            json!({"skip_rows": 1, "header": null, "label_column": 0, "shape": [2, 3]}),
        ),
        row(
            "iris.csv",
            "width,species,length\n1,setosa,2\n3,\"virginica\",4\n",
            "--label-column species",
            json!({"header": ["width", "species", "length"], "label_column": 1}),
        ),
    ]
}

#[test]
fn files_are_read_as_the_numbers_they_hold() {
    let directory = temporary();
    for (name, bytes, options, shape, values, said) in arrays().into_iter().chain(texts()) {
        let (data, out) = (directory.path().join(name), directory.path().join(format!("{name}.run")));
        fs::write(&data, bytes).unwrap();
        let output = train(&data, options, &out);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        assert_eq!(stderr(&output), "", "{name}");
        assert_eq!(floats(&out.join("data.npy")), (shape.to_vec(), values), "{name}");
        let read = &read_json(&out.join("config.json"))["data_read"];
        for (key, value) in said.as_object().unwrap() {
            assert_eq!(&read[key], value, "{name}: {key} of {read}");
        }
    }
}

#[test]
fn what_is_not_data_is_refused_in_words() {
    let directory = temporary();
    let nested = header("<f8", "False", &format!("({}{}", "(')',".repeat(45), ")".repeat(45)));
    let cases: Vec<(&str, Vec<u8>, &str, &str)> = vec![
        (
            "cr-only.csv",
            b"1,2\r3,4\n".into(),
            "",
            r"row 0, column 1 (line 1, byte 2): `2\r3` is not a number",
        ),
        (
            "escape.csv",
            b"1,\x1b[2J\x1b[31mhello\n3,4\n".into(),
            "",
            r"(line 1, byte 2): `\u{1b}[2J\u{1b}[31mhello` is not a",
        ),
        (
            "bidi.csv",
            "1,\u{202e}2\n".into(),
            "",
            r"`\u{202e}2` is not a number (--skip-rows leaves out lines",
        ),
        ("latin.csv", b"1,2\n3,\xe9\n".into(), "", r"(line 2, byte 6): `\xe9` is not a number"),
        (
            "utf16.csv",
            b"\xff\xfe1\0,\x002\0".into(),
            "",
            "it begins like text in UTF-16, to be saved as UTF-8",
        ),
        ("nested.npy", npy(&nested, [0; 8]), "", "not a .npy file (byte 61): expected a whole number"),
        ("arrays.npz", b"PK\x03\x04\x14\0\0\0".into(), "", "(.npz or .zip), to be unpacked first"),
        (
            "rows.dat",
            b"1,2\n3,4\n".into(),
            "",
            r"(known endings: .npy, .csv, .tsv, .txt, .idx, -ubyte, each also with .gz): it begins with `1,2\n3,4\n`",
        ),
        ("complex.npy", npy(&header("<c16", "False", "(1, 1)"), [0; 16]), "", "got dtype '<c16'"),
        ("objects.npy", npy(&header("|O", "False", "(1, 1)"), []), "", "b1), got dtype '|O'"),
        (
            "huge.npy",
            npy(&header("|b1", "False", "(1048576, 1025)"), []),
            "",
            "it holds 1074790400 numbers or more, and at most 1073741824 are read",
        ),
        (
            "names.csv",
            b"x,y\n1,2\n".into(),
            "--label-column z",
            "there is no column `z`: give first, last, a number from 0 to 1, or",
        ),
        (
            "skip.npy",
            npy(&header("|u1", "False", "(1, 2)"), [1, 2]),
            "--skip-rows 1",
            "a .npy file has no lines that --skip-rows",
        ),
        (
            "control\u{1b}[2J.csv",
            b"cat\n".into(),
            "",
            r"control\u{1b}[2J.csv: the number of samples must be at least 1",
        ),
    ];
    for (name, bytes, options, message) in cases {
        let (data, out) = (directory.path().join(name), directory.path().join("never"));
        fs::write(&data, bytes).unwrap();
        let output = train(&data, options, &out);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {error}");
        assert!(error.contains(message), "{name}: {error}");
        assert!(error.trim_end().chars().all(|c| !c.is_control()), "{name}: {error:?}");
        assert!(output.stdout.is_empty() && !out.exists(), "{name}");
    }
    let output = train(Path::new("digits"), "--label-column last", &directory.path().join("never"));
    assert!(stderr(&output).contains("--data digits is no file: leave out --skip-rows and --label-column"));
}

#[test]
fn labels_among_the_features_are_pointed_out() {
    let directory = temporary();
    let (data, out) = (directory.path().join("iris.csv"), directory.path().join("run"));
    let rows: String = (0..30).map(|k| format!("{}.5,{}.25,{}\n", k % 7, k % 4, k / 10)).collect();
    fs::write(&data, rows).unwrap();
    let output = train(&data, "", &out);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let warning = "iris.csv: column 2 holds a few whole numbers, each many times, and looks like labels; it is taken \
                   as a feature (--label-column 2 leaves it out)\n";
    assert!(
        stderr(&output).starts_with("warning: ") && stderr(&output).ends_with(warning),
        "{}",
        stderr(&output)
    );
    assert_eq!(read_json(&out.join("config.json"))["data_read"]["label_like_column"], 2);
    assert_eq!(floats(&out.join("data.npy")).0, [30, 3]);
    let without = directory.path().join("without");
    let output = train(&data, "--label-column 2", &without);
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    assert_eq!(floats(&without.join("data.npy")).0, [30, 2]);
    assert_eq!(read_json(&without.join("config.json"))["data_read"]["label_like_column"], Value::Null);
}

#[test]
fn a_small_file_that_unpacks_to_a_large_one_is_refused_before_that() {
    let directory = temporary();
    let idx = [&[0, 0, 8, 2][..], &[0x80, 0, 0, 0, 0, 0, 0, 1], &[0; 100]].concat();
    let line = [&b"#"[..], &vec![b','; 70 << 20], b"\n1,2\n"].concat();
    for (name, bytes, message) in [
        ("bomb.idx.gz", gzip(&idx), "it holds 2147483648 numbers or more"),
        ("line.csv.gz", gzip(&line), "line 1 (at byte 0) is longer than 67108864 bytes"),
        (
            "names.csv.gz",
            gzip(&[&line[..1 << 20], b"\n1,2\n"].concat()),
            "line 1, before the numbers, has 1048576 names, row 0 (line 2) has 2 columns",
        ),
    ] {
        let data = directory.path().join(name);
        fs::write(&data, bytes).unwrap();
        ended(&train(&data, "", &directory.path().join("never")), 2, message);
    }
}

#[test]
#[cfg(unix)]
fn only_regular_files_are_opened() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    let directory = temporary();
    let at = |name: &str| directory.path().join(name);
    assert!(std::process::Command::new("mkfifo").arg(at("fifo.csv")).status().unwrap().success());
    let _socket = UnixListener::bind(at("socket.npy")).unwrap();
    fs::create_dir(at("folder.csv")).unwrap();
    symlink("/dev/zero", at("zero.npy")).unwrap();
    for (name, kind) in [
        ("fifo.csv", "a FIFO or pipe"),
        ("socket.npy", "a socket"),
        ("folder.csv", "a directory"),
        ("zero.npy", "a device"),
    ] {
        let output = train(&at(name), "", &at("never"));
        assert_eq!(output.status.code(), Some(2), "{name}: {}", stderr(&output));
        let message = format!("error: {} is {kind}, not a regular file\n", text_path(directory.path(), name));
        assert_eq!(stderr(&output), message);
    }
    // A link to a regular file is one.
    fs::write(at("rows.csv"), "1,2\n3,4\n").unwrap();
    symlink("rows.csv", at("link.csv")).unwrap();
    assert_eq!(train(&at("link.csv"), "", &at("run")).status.code(), Some(0));
}

#[test]
#[cfg(target_os = "linux")]
fn names_that_are_not_utf8_are_names() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let directory = temporary();
    for (name, rows) in [(&b"\xff.csv"[..], "1,2\n3,4\n"), (b"\xfe.csv", "5,6\n7,8\n")] {
        fs::write(directory.path().join(OsStr::from_bytes(name)), rows).unwrap();
    }
    let data = directory.path().join(OsStr::from_bytes(b"\xfe.csv"));
    let output = train(&data, "", &directory.path().join("run"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(floats(&directory.path().join("run/data.npy")).1, [5.0, 6.0, 7.0, 8.0]);
    let source = read_json(&directory.path().join("run/config.json"))["data"].as_str().unwrap().to_owned();
    assert!(source.ends_with(r"/\xfe.csv"), "{source}");
    let output =
        train(&directory.path().join(OsStr::from_bytes(b"\xfd.csv")), "", &directory.path().join("never"));
    assert!(stderr(&output).contains(r"\xfd.csv: No such file"), "{}", stderr(&output));
}
