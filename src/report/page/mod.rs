//! A run as one HTML page: figures inlined, formulas as MathML, nothing fetched, no script.

mod claims;
mod sweep;
mod train;

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Value, context};

pub(super) use self::claims::{html as claims, lead};
pub use self::sweep::SweepPage;
pub(super) use self::train::html as train;
use super::prose;
use crate::error::{Error, Result};
use crate::plot::Figure;

/// A figure on the page.
pub(super) struct Picture<'a> {
    /// The claim or exploration that it is about; `train` of a run.
    pub study: String,
    pub figure: &'a dyn Figure,
    /// The file that it is drawn from.
    pub data: String,
    pub caption: String,
    /// The figure as an element of the page, or why there is none.
    pub svg: std::result::Result<String, String>,
}

/// The templates, by name.
const TEMPLATES: [(&str, &str); 6] = [
    ("base.html", include_str!("base.html")),
    ("figure.html", include_str!("figure.html")),
    ("glossary.html", include_str!("glossary.html")),
    ("claims.html", include_str!("claims.html")),
    ("sweep.html", include_str!("sweep.html")),
    ("train.html", include_str!("train.html")),
];
const STYLE: &str = include_str!("page.css");

/// A page from its template.
///
/// # Errors
/// None in practice: the templates are part of the program.
fn rendered(template: &str, content: Value) -> Result<String> {
    let refuse = |e: minijinja::Error| Error::Usage(format!("the page of the run: {e:#}"));
    let mut environment = Environment::new();
    let lean = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(refuse)?;
    environment.set_syntax(lean);
    environment.add_filter("prose", |text: &str| Value::from_safe_string(prose::html(text)));
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).map_err(refuse)?;
    }
    let style = Value::from_safe_string(STYLE.into());
    environment
        .get_template(template)
        .and_then(|template| template.render(context! { style, ..content }))
        .map_err(refuse)
}

fn figure(picture: &Picture) -> Value {
    let svg = picture.svg.as_ref();
    context! {
        id => picture.figure.id(),
        title => picture.figure.title(),
        data => picture.data.as_str(),
        caption => picture.caption.as_str(),
        svg => svg.ok().map(|svg| Value::from_safe_string(svg.clone())),
        flaw => svg.err(),
    }
}

fn mathml(latex: &str) -> std::result::Result<String, String> {
    let converter = LatexToMathML::new(MathCoreConfig::default()).map_err(|e| format!("{e:?}"))?;
    let converted = converter.convert_with_local_state(latex, MathDisplay::Block);
    converted.map(|result| result.mathml).map_err(|e| format!("{latex}: {e:?}"))
}
