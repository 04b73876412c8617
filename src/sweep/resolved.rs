//! A study as it was resolved, as TOML: `study.toml`.

use std::fmt::Write;

use toml::de::DeValue;

use super::given::Given;
use super::study::{Axis, Study, column_name};

impl Study {
    /// The study with what the command line changed in it. Read again, it is the same study.
    pub fn to_toml(&self) -> String {
        let mut text = format!("title = {}\nseeds = {}\n", quoted(&self.title), self.seeds);
        let mut table = |name: &str, entries: Vec<(&str, String)>| {
            if !entries.is_empty() {
                let _ = writeln!(text, "\n[{name}]");
                entries.into_iter().for_each(|(key, value)| {
                    let _ = writeln!(text, "{} = {value}", column_name(key));
                });
            }
        };
        let base = self.base.iter().map(|setting| (setting.option.as_str(), value(&setting.value)));
        table("base", base.collect());
        table("grid", columns(&self.axes, false));
        table("zip", columns(&self.axes, true));
        for compare in &self.compares {
            let mut entries =
                vec![("axis", quoted(&column_name(&compare.axis.text))), ("with", value(&compare.with))];
            entries.extend(compare.measure.as_ref().map(|measure| ("measure", quoted(&measure.text))));
            table("[compare]", entries);
        }
        for figure in &self.figures {
            let mut entries = vec![("x", quoted(&figure.x.text)), ("y", quoted(&figure.y.text))];
            entries.extend(figure.series.as_ref().map(|series| ("series", quoted(&series.text))));
            entries.extend(figure.colour.as_ref().map(|colour| ("colour", quoted(&colour.text))));
            table("[figure]", entries);
        }
        text
    }
}

fn columns(axes: &[Axis], is_zip: bool) -> Vec<(&str, String)> {
    let axes = axes.iter().filter(|axis| axis.is_zip == is_zip);
    let columns = axes.flat_map(|axis| &axis.columns).map(|column| {
        let values: Vec<String> = column.values.iter().map(value).collect();
        (column.option.as_str(), format!("[{}]", values.join(", ")))
    });
    columns.collect()
}

/// A number or truth value as it is, anything else in quotes.
fn value(given: &Given) -> String {
    let text = &given.text;
    let is_of_toml = |value: &DeValue| match value {
        // Whole numbers beyond 64 bits are none of TOML's.
        DeValue::Integer(_) => text.parse::<i64>().is_ok(),
        value => value.is_float(),
    };
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite)
        && DeValue::parse(text).is_ok_and(|value| is_of_toml(value.get_ref()));
    if is_number || ["true", "false"].contains(&text.as_str()) { text.clone() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::super::file::parse;
    use super::super::names::Options;

    #[test]
    fn a_study_read_again_is_the_same() {
        let known = Options::new();
        let text = r#"
            seeds = 1_0
            title = 'a "b" \c'
            [grid]
            step-size = [0.1, 5e-2, "1e-1"]
            data = ["sparse:12,2", "digits"]
            sharpness = [true, false]
            [zip]
            lr = 3
            [base]
            steps = 400_000
            tolerance = "007"
            [[compare]]
            axis = "step-size"
            with = 0.1
            [[figure]]
            x = "step_size"
            y = "data"
            colour = "loss"
        "#;
        let text = text.replace(
            "[zip]\n            lr = 3\n",
            "[zip]\n            batch = [1, 2]\n            dim = [9, 18]\n",
        );
        let once = parse(&text, "a", &known).unwrap().to_toml();
        assert_eq!(parse(&once, "b", &known).unwrap().to_toml(), once);
        for line in [
            "title = \"a \\\"b\\\" \\\\c\"",
            "seeds = 10",
            "steps = 400000",
            "tolerance = \"007\"",
            "step_size = [0.1, 5e-2, 1e-1]",
            "data = [\"sparse:12,2\", \"digits\"]",
            "sharpness = [true, false]",
            "[zip]",
            "dim = [9, 18]",
            "[[compare]]",
            "with = 0.1",
            "colour = \"loss\"",
        ] {
            assert!(once.lines().any(|other| other == line), "no {line} in\n{once}");
        }
    }
}
