//! Tables: a row is a struct whose fields are the columns, for whoever writes it and for whoever draws it.

use csv::StringRecord;
use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::{Deserialize, Serialize, forward_to_deserialize_any};

/// A struct whose fields are the columns of a table: numbers, texts, and what is one of several words. A field that may be missing is an
/// `Option`, and empty where it is.
pub trait Row: Serialize + DeserializeOwned {
    /// Name of the table, and of its file without extension: `[a-z0-9_]+`.
    const TABLE: &'static str;
}

/// Numbers behind a claim that do not fit a check, written beside the report as `NAME.csv`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// File name without extension.
    pub name: String,
    /// The file: a line of column names, and a line a row.
    pub csv: String,
}

impl Table {
    /// The table of these rows, numbers in full.
    ///
    /// # Panics
    /// If a field of the rows is no number, text or word.
    pub fn of<R: Row>(rows: impl IntoIterator<Item = R>) -> Self {
        let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
        let flaw = |e: csv::Error| -> ! { panic!("a row of {}: {e}", R::TABLE) };
        writer.write_record(columns::<R>()).unwrap_or_else(|e| flaw(e));
        rows.into_iter().for_each(|row| writer.serialize(row).unwrap_or_else(|e| flaw(e)));
        let bytes = writer.into_inner().expect("a vector takes all that is written");
        Self { name: R::TABLE.into(), csv: String::from_utf8(bytes).expect("fields are texts") }
    }

    /// The rows, if it is the table of this type.
    ///
    /// # Errors
    /// Which row and column do not hold what they should.
    pub fn rows<R: Row>(&self) -> Result<Vec<R>, String> {
        let mut reader = csv::Reader::from_reader(self.csv.as_bytes());
        let header = reader.headers().map_err(|e| e.to_string())?.clone();
        let rows = reader.records().enumerate().map(|(k, record)| {
            let record = record.map_err(|e| e.to_string())?;
            read(&header, &record).map_err(|flaw| format!("row {}, {flaw}", k + 1))
        });
        rows.collect()
    }

    /// Why this can be no table that a study wrote.
    pub(crate) fn flaw(&self) -> Option<String> {
        if !is_table_name(&self.name) {
            return Some("a table has a name that no table has".into());
        }
        let mut reader = csv::Reader::from_reader(self.csv.as_bytes());
        let is_ragged = reader.records().any(|record| record.is_err());
        is_ragged.then(|| format!("the rows of its table {} have other lengths than the header", self.name))
    }
}

/// Whether a word can name a table: it becomes a file name and a link.
pub(crate) fn is_table_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Reads a row.
///
/// # Errors
/// Which column does not hold what it should.
pub(crate) fn read<R: Row>(header: &StringRecord, record: &StringRecord) -> Result<R, String> {
    record.deserialize(Some(header)).map_err(|e| match e.kind() {
        csv::ErrorKind::Deserialize { err, .. } => {
            let at = err.field().and_then(|k| header.get(k as usize));
            format!("{}{}", at.map_or(String::new(), |name| format!("column `{name}`: ")), err.kind())
        }
        _ => e.to_string(),
    })
}

/// Names of the columns, in order.
pub(crate) fn columns<R: Row>() -> &'static [&'static str] {
    let mut columns: &'static [&'static str] = &[];
    // A derived implementation says which fields it wants before it takes any: here it is given none.
    let _ = R::deserialize(AskedFor(&mut columns));
    columns
}

/// Takes down which fields a struct asks for.
struct AskedFor<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for AskedFor<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("a row is a struct"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Point {
        samples: usize,
        word: String,
        height: f64,
        limit: Option<f64>,
    }

    impl Row for Point {
        const TABLE: &'static str = "points";
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let point = |height, limit| Point { samples: 3, word: "a, \"b\"".into(), height, limit };
        let rows =
            vec![point(1.0 / 3.0, None), point(f64::NEG_INFINITY, Some(1e-300)), point(-0.0, Some(2e22))];
        let table = Table::of(rows.clone());
        assert_eq!(table.csv.lines().next(), Some("samples,word,height,limit"));
        assert_eq!(table.csv.lines().nth(1), Some("3,\"a, \"\"b\"\"\",0.3333333333333333,"));
        assert_eq!(table.rows::<Point>().unwrap(), rows);
        assert!(Table::of([point(f64::NAN, None)]).rows::<Point>().unwrap()[0].height.is_nan());
        assert_eq!(table.flaw(), None);
    }

    #[test]
    fn a_table_without_rows_has_its_header() {
        assert_eq!(Table::of::<Point>([]).csv, "samples,word,height,limit\n");
    }

    #[test]
    fn what_is_no_row_is_refused_with_its_place() {
        let refusal =
            |csv: &str| Table { name: "points".into(), csv: csv.into() }.rows::<Point>().unwrap_err();
        assert_eq!(
            refusal("samples,word,height,limit\n3,a,1,\n3,a,much,\n"),
            "row 2, column `height`: invalid float literal"
        );
        assert_eq!(refusal("samples,word,limit\n3,a,1\n"), "row 1, missing field `height`");
        let flaw = |csv: &str| Table { name: "points".into(), csv: csv.into() }.flaw().unwrap();
        assert!(flaw("a,b\n1\n").contains("other lengths than the header"));
        assert!(Table { name: "../x".into(), csv: String::new() }.flaw().unwrap().contains("no table has"));
    }
}
