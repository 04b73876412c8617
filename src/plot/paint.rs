//! Figures as SVG and PNG, by way of kuva.

use std::sync::Arc;

use kuva::backend::svg::SvgBackend;
use kuva::prelude::{
    ColorMap, Heatmap, Layout, LegendEntry, LegendPosition, LegendShape, LinePlot, LineStyle, MarkerShape,
    Plot, ScatterPlot, Theme, TickFormat,
};
use kuva::render::figure::Figure as Grid;
use kuva::render::render::Scene;

use super::drawing::{Axis, Colour, Drawing, Marks, Panel, Point, Scale, Series, Shades, Shape, Stroke};
use super::raster;

/// Where a figure is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// In a file of its own: black on white.
    File,
    /// In the page: colours are the page's variables, and follow its scheme.
    Page,
}

/// Width and height of a panel, by the number of panels side by side.
const SIZES: [(f64, f64); 3] = [(620.0, 400.0), (440.0, 340.0), (340.0, 320.0)];
const SQUARE: (f64, f64) = (520.0, 500.0);

/// Width and height of an image without axes, and the room for its title, of which the backend wants the lower half.
const IMAGE: (f64, f64) = (102.0, 117.0);
const IMAGE_TITLE: f64 = 29.0;

/// Faces as wide as the one that text was measured in, the same first.
const FONTS: &str = "DejaVu Sans, Verdana, Geneva, sans-serif";

impl Look {
    fn css(self, colour: Colour) -> String {
        let (name, hex) = match colour {
            Colour::Text => ("text", "#1a1a1a"),
            Colour::Grey => ("grey", "#767676"),
            Colour::Blue => ("blue", "#0072b2"),
            Colour::Vermillion => ("vermillion", "#d55e00"),
            Colour::Green => ("green", "#009e73"),
            Colour::Orange => ("orange", "#e69f00"),
            Colour::Sky => ("sky", "#56b4e9"),
            Colour::Purple => ("purple", "#cc79a7"),
            Colour::Yellow => ("yellow", "#f0e442"),
        };
        match self {
            Look::File => hex.into(),
            Look::Page => format!("var(--{name})"),
        }
    }

    fn theme(self) -> Theme {
        let colour = self.css(Colour::Text);
        let (paper, grid) = match self {
            Look::File => ("#ffffff", "#e4e4e4"),
            Look::Page => ("none", "var(--grid)"),
        };
        Theme {
            background: paper.into(),
            axis_color: colour.clone(),
            tick_color: colour.clone(),
            text_color: colour,
            grid_color: grid.into(),
            legend_bg: "none".into(),
            legend_border: "none".into(),
            font_family: Some(FONTS.into()),
            ..Theme::light()
        }
    }
}

/// The figure as a document of its own, or as an element of the page.
pub fn svg(drawing: &Drawing, id: &str, look: Look) -> String {
    let scene = scene(drawing, look);
    let (width, height) = (scene.width, scene.height);
    let text = SvgBackend::new().render_scene(&scene);
    // Clip paths are numbered through the process: name them by the figure, or two runs would not be equal.
    let text = renumbered(&text, "kuva-clip-", &format!("{id}-clip-"));
    let size = format!(r#"width="{width}" height="{height}""#);
    let scalable = match look {
        Look::File => format!(r#"{size} viewBox="0 0 {width} {height}""#),
        // No larger than drawn, so that letters have one size on the page; small images twice as large.
        Look::Page => {
            let bare = drawing.panels.iter().all(|panel| panel.bare);
            let natural = if bare { 2.0 * width } else { width };
            format!(
                r#"viewBox="0 0 {width} {height}" style="--natural: {natural}px" role="img" aria-labelledby="caption-{id}""#
            )
        }
    };
    text.replacen(&size, &scalable, 1)
}

/// The figure as a PNG.
///
/// # Errors
/// A message of the rasteriser.
pub fn png(drawing: &Drawing) -> Result<Vec<u8>, String> {
    raster::png(scene(drawing, Look::File))
}

/// Puts `fresh` and numbers from 0 on in place of `stale` and numbers from anywhere on.
fn renumbered(text: &str, stale: &str, fresh: &str) -> String {
    let mut seen: Vec<&str> = Vec::new();
    let mut parts = text.split(stale);
    let mut result = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(digits);
        let k = seen.iter().position(|other| *other == number).unwrap_or_else(|| {
            seen.push(number);
            seen.len() - 1
        });
        result.push_str(&format!("{fresh}{k}{rest}"));
    }
    result
}

fn scene(drawing: &Drawing, look: Look) -> Scene {
    let bare = drawing.panels.iter().all(|panel| panel.bare);
    let columns = if bare { drawing.columns } else { drawing.columns.clamp(1, 3) };
    let rows = drawing.panels.len().div_ceil(columns);
    let (mut plots, mut layouts) = (Vec::new(), Vec::new());
    let square = drawing.panels.iter().all(|panel| panel.square);
    let (width, height) = match (bare, square) {
        (true, _) => IMAGE,
        (false, true) => SQUARE,
        (false, false) => SIZES[columns - 1],
    };
    for panel in &drawing.panels {
        plots.push(panel.series.iter().flat_map(|series| paint(series, panel, look)).collect::<Vec<Plot>>());
        layouts.push(layout(panel, width, look));
    }
    let height = height + drawing.panels.iter().map(|panel| legend_height(panel, width)).fold(0.0, f64::max);
    let grid = Grid::new(rows, columns).with_plots(plots).with_layouts(layouts);
    let spacing = if bare { 2.0 } else { 10.0 };
    let mut scene = grid.with_cell_size(width, height).with_spacing(spacing).with_padding(6.0).render();
    let theme = look.theme();
    scene.background_color = Some(theme.background);
    scene.text_color = Some(theme.text_color);
    scene.font_family = theme.font_family;
    scene
}

/// Room for the legend below a panel, so that it takes none from the axes.
fn legend_height(panel: &Panel, width: f64) -> f64 {
    let entries = legend(panel, Look::File);
    let names = || entries.iter().map(|entry| entry.label.chars().count());
    let longest = names().max().unwrap_or(0) as f64;
    let side_by_side = ((width - 80.0) / (40.0 + 6.5 * longest)).floor().max(1.0);
    if names().count() == 0 { 0.0 } else { 18.0 * (names().count() as f64 / side_by_side).ceil() + 20.0 }
}

/// Rows of a heat map whose names have room one above the other in a panel of any size.
const NAMED_ROWS: usize = 16;

/// As many of the names of columns as there is room for.
fn columns_named(names: &[String], width: f64) -> Vec<String> {
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0) as f64;
    let every = (names.len() as f64 * (7.0 * longest + 8.0) / (width - 90.0)).ceil().max(1.0) as usize;
    thinned(names, every)
}

/// Every so many of the names; the others stay empty.
fn thinned(names: &[String], every: usize) -> Vec<String> {
    names
        .iter()
        .enumerate()
        .map(|(k, name)| if k % every == 0 { name.clone() } else { String::new() })
        .collect()
}

fn layout(panel: &Panel, width: f64, look: Look) -> Layout {
    let (x, y) = (&panel.x, &panel.y);
    let mut layout = Layout::new(x.range, y.range)
        .with_x_axis_min(x.range.0)
        .with_x_axis_max(x.range.1)
        .with_y_axis_min(y.range.0)
        .with_y_axis_max(y.range.1)
        .with_x_label(&x.label)
        .with_y_label(&y.label)
        .with_theme(look.theme())
        .with_title_size(14)
        .with_label_size(13)
        .with_tick_size(11)
        .with_body_size(11)
        .with_ticks(6)
        .with_font_family(FONTS)
        .with_legend_box(false)
        .with_legend_position(LegendPosition::OutsideBottomColumns);
    let entries = legend(panel, look);
    if !entries.is_empty() {
        layout = layout.with_legend_entries(entries);
    }
    if !panel.title.is_empty() {
        layout = layout.with_title(&panel.title);
    }
    layout = match x.scale {
        Scale::Linear => layout.with_x_tick_format(plain()),
        Scale::Log => layout.with_log_x().with_x_tick_format(powers()),
    };
    layout = match y.scale {
        Scale::Linear => layout.with_y_tick_format(plain()),
        Scale::Log => layout.with_log_y().with_y_tick_format(powers()),
    };
    if !x.names.is_empty() {
        layout = layout.with_x_categories(columns_named(&x.names, width));
    }
    if !y.names.is_empty() {
        layout = layout.with_y_categories(thinned(&y.names, y.names.len().div_ceil(NAMED_ROWS)));
    }
    if panel.square {
        layout = layout.with_equal_aspect();
    }
    if panel.bare { without_axes(layout) } else { layout }
}

/// A frame and a title, and nothing else.
fn without_axes(layout: Layout) -> Layout {
    let mut layout = layout
        .with_box_axes()
        .with_show_grid(false)
        .with_title_size(11)
        .with_force_margins(7.0, 7.0)
        .with_force_margins_y(IMAGE_TITLE, 0.0);
    (layout.x_label, layout.y_label) = (None, None);
    (layout.suppress_x_ticks, layout.suppress_y_ticks) = (true, true);
    layout
}

/// Ticks of a linear axis.
fn plain() -> TickFormat {
    TickFormat::Custom(Arc::new(|value| crate::text::number(value).replace('-', "−")))
}

/// Ticks of a logarithmic axis: 10ᵏ, with plain numbers where they are short.
fn powers() -> TickFormat {
    TickFormat::Custom(Arc::new(|value| {
        let exponent = value.log10().round();
        let is_power = (value.log10() - exponent).abs() < 1e-9;
        if (0.01..=1000.0).contains(&value) {
            return crate::text::number(value);
        }
        let superscript = |c: char| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            digit => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).unwrap_or(digit),
        };
        let power = |exponent: f64| {
            format!("10{}", format!("{exponent}").chars().map(superscript).collect::<String>())
        };
        if is_power {
            return power(exponent);
        }
        let exponent = value.log10().floor();
        format!("{:.0}·{}", value / 10f64.powf(exponent), power(exponent))
    }))
}

fn paint(series: &Series, panel: &Panel, look: Look) -> Vec<Plot> {
    let css = look.css(series.colour);
    match &series.marks {
        Marks::Points(points, shape) => {
            // Points with an error bar that can be seen, and those without.
            let (with, without): (Vec<&Point>, Vec<&Point>) =
                points.iter().partition(|point| arms(point, &panel.y) != (0.0, 0.0));
            let scatter = |points: &[&Point]| {
                ScatterPlot::new()
                    .with_data(points.iter().map(|point| (point.x, point.y)))
                    .with_color(css.clone())
                    .with_size(4.0)
                    .with_marker(marker(*shape))
            };
            let bars = with.iter().map(|point| arms(point, &panel.y));
            vec![scatter(&without).into(), scatter(&with).with_y_err_asymmetric(bars).into()]
        }
        Marks::Line(points, stroke) => {
            let (width, style) = line_style(*stroke);
            let line = LinePlot::new().with_data(points.iter().copied()).with_color(css);
            vec![line.with_stroke_width(width).with_line_style(style).into()]
        }
        Marks::Heat(values, shades) => vec![
            Heatmap::new()
                .with_data(values.iter().map(|row| row.iter().copied()))
                .with_color_map(colours(values, *shades))
                .with_x_range(panel.x.range.0, panel.x.range.1)
                .with_y_range(panel.y.range.0, panel.y.range.1)
                .with_cell_size(1.0)
                .into(),
        ],
    }
}

fn line_style(stroke: Stroke) -> (f64, LineStyle) {
    match stroke {
        Stroke::Thin => (1.0, LineStyle::Solid),
        Stroke::Solid => (1.8, LineStyle::Solid),
        Stroke::Dashed => (1.6, LineStyle::Dashed),
        Stroke::Dotted => (1.6, LineStyle::Dotted),
    }
}

/// The legend of a panel: an entry a series with a name, of a heat map five of its colours.
fn legend(panel: &Panel, look: Look) -> Vec<LegendEntry> {
    panel
        .series
        .iter()
        .filter(|series| !series.name.is_empty())
        .flat_map(|series| entries(series, look))
        .collect()
}

fn entries(series: &Series, look: Look) -> Vec<LegendEntry> {
    let entry =
        |label: String, color: String, shape, dasharray| LegendEntry { label, color, shape, dasharray };
    let (name, css) = (series.name.clone(), look.css(series.colour));
    match &series.marks {
        Marks::Points(_, shape) => vec![entry(name, css, LegendShape::Marker(marker(*shape)), None)],
        Marks::Line(_, stroke) => {
            vec![entry(name, css, LegendShape::Line, line_style(*stroke).1.dasharray())]
        }
        Marks::Heat(_, shades) => {
            let (low, high) = shades.ends();
            let at = |share: f64| {
                let label = format!("{name}{}", crate::text::number(low + share * (high - low)));
                entry(label, shades.colour(share), LegendShape::Rect, None)
            };
            [0.0, 0.25, 0.5, 0.75, 1.0].map(at).into()
        }
    }
}

/// Lengths of the arms of an error bar, cut off at the ends of the axis; none where both are too short to be seen.
fn arms(point: &Point, y: &Axis) -> (f64, f64) {
    let seen = match y.scale {
        Scale::Linear => 1e-3 * (y.range.1 - y.range.0),
        Scale::Log => 1e-3 * point.y.abs(),
    };
    let (down, up) = (point.y - point.low.max(y.range.0), point.high.min(y.range.1) - point.y);
    if down.max(up) < seen { (0.0, 0.0) } else { (down.max(0.0), up.max(0.0)) }
}

fn marker(shape: Shape) -> MarkerShape {
    match shape {
        Shape::Disc => MarkerShape::Circle,
        Shape::Square => MarkerShape::Square,
        Shape::Triangle => MarkerShape::Triangle,
        Shape::Diamond => MarkerShape::Diamond,
        Shape::Cross => MarkerShape::Cross,
    }
}

/// The colour map over fixed ends: the backend's own ends are the extremes of the values.
fn colours(values: &[Vec<f64>], shades: Shades) -> ColorMap {
    let all = values.iter().flatten().copied().filter(|value| value.is_finite());
    let (min, max) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (x.min(low), x.max(high)));
    let (low, high) = shades.ends();
    ColorMap::Custom(Arc::new(move |share: f64| {
        let value = min + share * (max - min);
        if value.is_nan() {
            return "none".into();
        }
        shades.colour(((value - low) / (high - low)).clamp(0.0, 1.0))
    }))
}

impl Shades {
    /// Values of the two ends.
    fn ends(self) -> (f64, f64) {
        match self {
            Shades::Cividis { low, high } | Shades::Grey { low, high } => (low, high),
        }
    }

    /// The colour at a place between the ends, from 0 to 1.
    fn colour(self, place: f64) -> String {
        match self {
            Shades::Cividis { .. } => ColorMap::Cividis.map(place),
            Shades::Grey { .. } => {
                let grey = (255.0 * (1.0 - place)).round() as u8;
                format!("#{grey:02x}{grey:02x}{grey:02x}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_clip_paths_start_afresh_in_each_figure() {
        let text = r##"<clipPath id="kuva-clip-17"/><g clip-path="url(#kuva-clip-17)"/><clipPath id="kuva-clip-9"/>"##;
        let expected = r##"<clipPath id="x-0"/><g clip-path="url(#x-0)"/><clipPath id="x-1"/>"##;
        assert_eq!(renumbered(text, "kuva-clip-", "x-"), expected);
    }

    #[test]
    fn of_many_names_some_are_shown() {
        let names: Vec<String> = (1..=40).map(|k| k.to_string()).collect();
        let shown: Vec<String> = thinned(&names, 3).into_iter().filter(|name| !name.is_empty()).collect();
        assert_eq!((shown.len(), shown[1].as_str(), thinned(&names, 3).len()), (14, "4", 40));
        assert_eq!(thinned(&names, 1), names);
    }

    #[test]
    fn powers_of_ten_are_written_as_such() {
        let format = powers();
        for (value, text) in
            [(1.0, "1"), (0.01, "0.01"), (1000.0, "1000"), (1e4, "10⁴"), (1e-12, "10⁻¹²"), (2e4, "2·10⁴")]
        {
            assert_eq!(format.format(value), text);
        }
    }

    #[test]
    fn the_ends_of_a_heat_map_are_fixed() {
        // All cells at the upper end: the colour is that of the end, not of a lone value.
        let ColorMap::Custom(map) = colours(&[vec![1.0, 1.0]], Shades::Grey { low: 0.0, high: 1.0 }) else {
            panic!("made by ourselves")
        };
        assert_eq!(map(0.0), "#000000");
        let ColorMap::Custom(map) = colours(&[vec![0.0, 0.5]], Shades::Grey { low: 0.0, high: 1.0 }) else {
            panic!("made by ourselves")
        };
        assert_eq!(map(1.0), "#808080");
    }
}
