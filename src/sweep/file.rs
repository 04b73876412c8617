//! Study files: TOML, of which every key and value is known with its line and column.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::given::Given;
use super::names::Options;
use super::study::{Axis, Column, Compare, FigureAsked, Setting, Study};
use crate::error::{Error, Result};
use crate::regular;
use crate::text;
use crate::written::{self, Places, written};

/// Most bytes of a study file.
const MAX: u64 = 1 << 20;

/// Most comparisons, and most figures, of a study.
const MAX_ENTRIES: usize = 1000;

/// Reads a study file.
///
/// # Errors
/// [`Error::Study`] with line and column, [`Error::File`], [`Error::NotRegular`], [`Error::Io`].
pub(super) fn read(path: &Path, known: &Options) -> Result<Study> {
    let bytes = regular::read(path, MAX)?;
    let text =
        String::from_utf8(bytes).map_err(|e| Error::File { path: path.into(), reason: e.to_string() })?;
    parse(&text, &text::path(path).to_string(), known)
}

/// Reads the text of a study; `name` is what positions are given in.
///
/// # Errors
/// [`Error::Study`] with line and column.
pub(super) fn parse(text: &str, name: &str, known: &Options) -> Result<Study> {
    let reader = Reader { places: Places::new(text, name), known };
    reader.study(written::parse(text, name)?.get_ref())
}

struct Reader<'a> {
    places: Places<'a>,
    known: &'a Options,
}

type Key<'a> = Spanned<std::borrow::Cow<'a, str>>;
type Value<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    /// Where a piece of the text begins.
    fn at(&self, span: Range<usize>) -> String {
        self.places.at(span)
    }

    fn refuse<T>(&self, span: Range<usize>, reason: impl Into<String>) -> Result<T> {
        Err(Error::Study { at: self.at(span), reason: reason.into() })
    }

    fn key(&self, key: &Key) -> Given {
        Given::new(key.get_ref().as_ref(), self.at(key.span()))
    }

    fn study(&self, table: &DeTable) -> Result<Study> {
        let mut study = Study::new();
        for (key, value) in in_order(table) {
            match key.get_ref().as_ref() {
                "title" => study.title = self.title(value)?,
                "seeds" => study.seeds = self.seeds(value)?,
                "base" => study.base = self.base(self.table("base", value)?)?,
                "grid" | "zip" => {}
                "compare" => {
                    study.compares = self.entries(key, value, |it, table, at| it.compare(table, at))?
                }
                "figure" => study.figures = self.entries(key, value, |it, table, at| it.figure(table, at))?,
                other => {
                    let expected = "expected title, seeds, base, grid, zip, compare or figure";
                    return self.refuse(key.span(), format!("a study has no `{other}`: {expected}"));
                }
            }
        }
        if let Some((_, value)) = table.get_key_value("grid") {
            let columns = self.columns(self.table("grid", value)?)?;
            study.axes =
                columns.into_iter().map(|column| Axis { columns: vec![column], is_zip: false }).collect();
        }
        if let Some((_, value)) = table.get_key_value("zip") {
            study.axes.extend(Axis::zip(self.columns(self.table("zip", value)?)?)?);
        }
        self.set_once(&study)?;
        Ok(study)
    }

    /// Refuses an option that is set twice.
    fn set_once(&self, study: &Study) -> Result<()> {
        let mut seen: Vec<&str> = Vec::new();
        let base = study.base.iter().map(|setting| (&setting.option, &setting.value.at));
        for (option, at) in base.chain(study.columns().map(|column| (&column.option, &column.at))) {
            if seen.contains(&option.as_str()) {
                let reason = format!("`{option}` is set twice");
                return Err(Error::Study { at: at.clone(), reason });
            }
            seen.push(option);
        }
        Ok(())
    }

    fn title(&self, value: &Value) -> Result<String> {
        match value.get_ref() {
            DeValue::String(title) if !title.trim().is_empty() && !title.contains(text::is_unsafe) => {
                Ok(title.to_string())
            }
            _ => self.refuse(value.span(), "the title must be a line of text"),
        }
    }

    fn seeds(&self, value: &Value) -> Result<u64> {
        let given = self.value(value)?;
        match given.text.parse() {
            Ok(seeds) if seeds > 0 => Ok(seeds),
            _ => Err(given.refuse(format!("`seeds` is the number of seeds, from 1 on, got {}", given.text))),
        }
    }

    fn table<'a>(&self, name: &str, value: &'a Value) -> Result<&'a DeTable<'a>> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => self.refuse(value.span(), format!("`{name}` must be a table, [{name}]")),
        }
    }

    fn base(&self, table: &DeTable) -> Result<Vec<Setting>> {
        let setting = |(key, value): (&Key, &Value)| {
            let option = self.known.find(&self.key(key))?;
            if matches!(value.get_ref(), DeValue::Array(_)) {
                return self.refuse(
                    value.span(),
                    format!("`{option}` has one value under [base]; lists stand under [grid]"),
                );
            }
            Ok(Setting { option, value: self.value(value)? })
        };
        in_order(table).into_iter().map(setting).collect()
    }

    fn columns(&self, table: &DeTable) -> Result<Vec<Column>> {
        let column = |(key, value): (&Key, &Value)| {
            let name = self.key(key);
            let values = match value.get_ref() {
                DeValue::Array(values) => {
                    values.iter().map(|value| self.value(value)).collect::<Result<_>>()?
                }
                _ => vec![self.value(value)?],
            };
            let column = Column { option: self.known.find(&name)?, at: name.at.clone(), values };
            if column.values.is_empty() {
                Err(name.refuse(format!("`{}` has no values", name.text)))
            } else {
                Ok(column)
            }
        };
        in_order(table).into_iter().map(column).collect()
    }

    /// The tables of `[[compare]]` or `[[figure]]`.
    fn entries<T>(
        &self,
        key: &Key,
        value: &Value,
        read: impl Fn(&Self, &DeTable, Range<usize>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let name = key.get_ref();
        let reason = format!("`{name}` must be an array of tables, [[{name}]]");
        let DeValue::Array(entries) = value.get_ref() else { return self.refuse(key.span(), reason) };
        if entries.len() > MAX_ENTRIES {
            let reason = format!("{} entries of [[{name}]], where {MAX_ENTRIES} are the most", entries.len());
            return self.refuse(key.span(), reason);
        }
        let entry = |value: &Value| match value.get_ref() {
            DeValue::Table(table) => read(self, table, value.span()),
            _ => self.refuse(value.span(), reason.clone()),
        };
        entries.iter().map(entry).collect()
    }

    fn compare(&self, table: &DeTable, at: Range<usize>) -> Result<Compare> {
        let [axis, with, measure] = self.fields(table, ["axis", "with", "measure"])?;
        match (axis, with) {
            (Some(axis), Some(with)) => Ok(Compare { axis, with, measure }),
            _ => self.refuse(at, "a comparison names its `axis` and the value that it compares `with`"),
        }
    }

    fn figure(&self, table: &DeTable, at: Range<usize>) -> Result<FigureAsked> {
        let [x, y, series, colour] = self.fields(table, ["x", "y", "series", "colour"])?;
        match (x, y) {
            (Some(_), Some(_)) if series.is_some() && colour.is_some() => {
                self.refuse(at, "a figure has `series` or, as a heat map, `colour`, not both")
            }
            (Some(x), Some(y)) => Ok(FigureAsked { x, y, series, colour }),
            _ => self.refuse(at, "a figure names its `x` and its `y`"),
        }
    }

    /// The values of a table with these keys and no others.
    fn fields<const N: usize>(&self, table: &DeTable, names: [&str; N]) -> Result<[Option<Given>; N]> {
        if let Some((key, _)) = table.iter().find(|(key, _)| !names.contains(&key.get_ref().as_ref())) {
            return self.refuse(key.span(), format!("`{}` is none of {}", key.get_ref(), names.join(", ")));
        }
        let read = |name: &str| table.get_key_value(name).map(|(_, value)| self.value(value)).transpose();
        let values: Vec<Option<Given>> = names.into_iter().map(read).collect::<Result<_>>()?;
        Ok(values.try_into().expect("one a name"))
    }

    /// A word, a number or a truth value.
    fn value(&self, value: &Value) -> Result<Given> {
        let Some(text) = written(value.get_ref()) else {
            return self.refuse(value.span(), "expected a word or a number");
        };
        Given::checked(text, self.at(value.span()))
    }
}

/// The entries of a table in the order in which they were written.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Key<'i>, &'a Value<'i>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}
