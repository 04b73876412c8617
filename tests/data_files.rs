//! Files of data: every layout that is meant to be read, every defect that is meant to be refused.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use npyz::WriterBuilder;
use puremix::data::{Dataset, FromFile};
use puremix::init::Start;

fn write<T: npyz::Serialize + npyz::AutoSerialize + Copy>(
    path: &Path,
    values: &[T],
    shape: &[u64],
    order: npyz::Order,
) {
    let file = fs::File::create(path).unwrap();
    let options = npyz::WriteOptions::new().default_dtype().order(order).shape(shape);
    let mut writer = options.writer(file).begin_nd().unwrap();
    writer.extend(values.iter().copied()).unwrap();
    writer.finish().unwrap();
}

fn file() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.npy");
    (directory, path)
}

fn refusal(path: &Path) -> String {
    Dataset::from_file(path).unwrap_err().to_string()
}

#[test]
fn both_widths_and_both_orders_are_read() {
    let (_directory, path) = file();
    let rows = [0.5, -1.25, 2.0, 0.0, 3.5, 1.0];
    write(&path, &rows, &[2, 3], npyz::Order::C);
    assert_eq!(Dataset::from_file(&path).unwrap().rows().unwrap(), rows);
    write(&path, &rows.map(|x| x as f32), &[2, 3], npyz::Order::C);
    assert_eq!(Dataset::from_file(&path).unwrap().rows().unwrap(), rows);
    // Column by column: [[0.5, 2.0, 3.5], [-1.25, 0.0, 1.0]].
    write(&path, &rows, &[2, 3], npyz::Order::Fortran);
    let data = Dataset::from_file(&path).unwrap();
    assert_eq!(data.rows().unwrap(), [0.5, 2.0, 3.5, -1.25, 0.0, 1.0]);
    assert_eq!((data.samples(), data.dim()), (2, 3));
}

#[test]
fn orthonormal_rows_are_recognised_and_others_named() {
    let (_directory, path) = file();
    let (m, n) = (4, 6);
    let mut rows = Dataset::orthonormal(m, n, 3).unwrap().rows().unwrap().to_vec();
    write(&path, &rows, &[4, 6], npyz::Order::C);
    assert!(Dataset::from_file(&path).unwrap().require_orthonormal().is_ok());
    for k in 0..n {
        rows[2 * n + k] += 0.01 * rows[k];
    }
    write(&path, &rows, &[4, 6], npyz::Order::C);
    let data = Dataset::from_file(&path).unwrap();
    let message = data.require_orthonormal().unwrap_err().to_string();
    assert!(message.starts_with("rows 0 and 2 have inner product"), "{message}");
    assert!(message.contains("e-2") || message.contains("e-3"), "{message}");
    assert!(message.contains("needs 0"), "{message}");
    // It is still data, only without the theorems.
    assert!(Start::gaussian(&data, 0.5, 1, 0).is_ok());
}

#[test]
fn defects_are_refused_in_words() {
    let (_directory, path) = file();
    write(&path, &[1.0, 2.0], &[2], npyz::Order::C);
    assert!(
        refusal(&path)
            .contains("expected an array [samples, …] of 2 or more dimensions, got shape [2] (labels?)")
    );
    write(&path, &[1.0, f64::NAN, 2.0, 3.0], &[2, 2], npyz::Order::C);
    assert!(refusal(&path).contains("row 0, column 1 of the data is NaN"));
    write(&path, &[1.0; 0], &[0, 3], npyz::Order::C);
    assert!(refusal(&path).contains("the number of samples must be at least 1"));
    write(&path, &[1.0, 2.0, 3.0, 4.0], &[2, 2], npyz::Order::C);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
    assert!(refusal(&path).contains("truncated or malformed"), "{}", refusal(&path));
    fs::write(&path, b"not numpy at all").unwrap();
    assert!(refusal(&path).contains("not a .npy file"));
    fs::remove_file(&path).unwrap();
    assert!(refusal(&path).contains("No such file"));
}

#[test]
fn the_name_tells_the_format_and_gzip_goes_with_it() {
    let (directory, _) = file();
    let put = |name: &str, bytes: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let gzip = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let csv = b"0.5,-1.25,2\n0,3.5,1\n";
    let idx = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3][..], &[7, 0, 255, 1, 2, 3]].concat();
    for path in [put("a.csv", csv), put("a.csv.gz", &gzip(csv))] {
        let data = Dataset::from_file(&path).unwrap();
        assert_eq!(data.rows().unwrap(), [0.5, -1.25, 2.0, 0.0, 3.5, 1.0]);
        assert_eq!((data.samples(), data.dim()), (2, 3));
    }
    for path in [
        put("b.idx", &idx),
        put("t10k-images-idx3-ubyte", &idx),
        put("t10k-images-idx3-ubyte.gz", &gzip(&idx)),
    ] {
        let data = Dataset::from_file(&path).unwrap();
        assert_eq!(data.rows().unwrap(), [7.0, 0.0, 255.0, 1.0, 2.0, 3.0], "{}", path.display());
    }
    // Two members are one file; anything else after the first is not.
    let halves = [gzip(&csv[..9]), gzip(&csv[9..])].concat();
    assert_eq!(Dataset::from_file(put("c.csv.gz", &halves)).unwrap().samples(), 2);
    let refusal = |path: &Path| Dataset::from_file(path).unwrap_err().to_string();
    let damaged = refusal(&put("d.csv.gz", &[&gzip(csv)[..], b"tail"].concat()));
    assert!(
        damaged.contains("the gzip stream is damaged") && damaged.contains("after 20 unpacked bytes"),
        "{damaged}"
    );
    let cut = refusal(&put("e.csv.gz", &gzip(csv)[..15]));
    assert!(cut.contains("the gzip stream is damaged"), "{cut}");
    // The bytes tell whether a file is gzipped: some programs unpack, or pack, and leave the name.
    assert_eq!(Dataset::from_file(put("f.csv.gz", csv)).unwrap().samples(), 2);
    assert_eq!(Dataset::from_file(put("f.csv", &gzip(csv))).unwrap().samples(), 2);
    assert!(
        refusal(&put("f.npy", &gzip(&gzip(b"")))).contains("it begins like a gzip stream, inside another")
    );
    // Every refusal names its file; a table of nothing is none.
    assert!(refusal(&put("g.csv", b"")).contains("g.csv: the number of samples must be at least 1"));
    assert!(refusal(&put("h.idx", csv)).contains("h.idx: not an IDX file, for which its name was taken"));
    assert!(
        refusal(&put("i.csv", b"1,2\n3,x\n"))
            .contains("i.csv: row 1, column 1 (line 2, byte 6): `x` is not a number")
    );
}
