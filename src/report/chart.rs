//! Correlations as bars, for a terminal.

use crate::text::number;

/// Samples shown, and cells of the longest bar.
const ROWS: usize = 12;
const WIDTH: usize = 40;

/// Eighths of a cell.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// Bars of `|c_i|`, the longest first, on a scale from 0 to 1 or to the largest if that is larger.
pub fn bars(correlations: &[f64]) -> String {
    let mut order: Vec<usize> = (0..correlations.len()).collect();
    order.sort_by(|&i, &j| correlations[j].abs().total_cmp(&correlations[i].abs()));
    let max = order.first().map_or(1.0, |&i| correlations[i].abs()).max(1.0);
    let shown = order.len().min(ROWS);
    let which =
        if shown < order.len() { format!(", the largest {shown} of {}", order.len()) } else { String::new() };
    let digits = order.iter().take(shown).map(|i| i.to_string().len()).max().unwrap_or(1);
    let mut lines = vec![format!("  correlations c_i{which}")];
    for &i in &order[..shown] {
        let bar = bar(correlations[i].abs() / max, WIDTH);
        lines.push(format!("  {i:>digits$} {bar} {}", number(correlations[i])));
    }
    lines.join("\n")
}

/// Bars of the correlations of two runs side by side, in the order of the samples, on a scale from 0 to 1.
pub fn side_by_side(titles: [&str; 2], correlations: [&[f64]; 2], columns: usize) -> String {
    let rows = correlations.map(<[f64]>::len).into_iter().max().unwrap_or(0).min(ROWS);
    // Two halves, each an index, a bar and a number of five characters, and a gap of four.
    let width = (columns.saturating_sub(26) / 2).clamp(8, 24);
    let half = 11 + width;
    let mut lines = vec![format!("  {:<half$}    {}", titles[0], titles[1])];
    for k in 0..rows {
        let entry = |values: &[f64]| {
            let c = values.get(k)?;
            // What rounds to 0 has no sign.
            let shown = if c.abs() < 0.005 { 0.0 } else { *c };
            Some(format!("{k:>2} {} {shown:>5.2}", bar(c.abs(), width)))
        };
        let [left, right] = correlations.map(|values| entry(values).unwrap_or_default());
        lines.push(format!("  {left:<half$}  {right}").trim_end().to_string());
    }
    lines.join("\n")
}

/// A bar of this share of a width, padded to it. What is no number has none.
fn bar(share: f64, width: usize) -> String {
    let eighths = ((share * (8 * width) as f64).round() as usize).min(8 * width);
    let mut bar = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        bar.push(EIGHTHS[eighths % 8]);
    }
    format!("{bar:<width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_what_they_show_and_in_its_order() {
        let text = bars(&[0.25, -1.0, 0.003]);
        let lines: Vec<&str> = text.lines().collect();
        let full = |line: &str| line.chars().filter(|&c| c == '█').count();
        assert_eq!(lines.len(), 4);
        assert!(lines[1].starts_with("  1 ") && lines[1].ends_with(" -1"), "{text}");
        assert_eq!([full(lines[1]), full(lines[2]), full(lines[3])], [40, 10, 0]);
        assert!(lines[3].contains('▏') && lines[3].ends_with("0.003"), "{text}");
    }

    #[test]
    fn what_is_no_number_has_a_bar_of_bounded_length() {
        let text = bars(&[f64::INFINITY, f64::NAN, -1.0, f64::NEG_INFINITY]);
        assert_eq!(text.lines().count(), 5);
        assert!(text.lines().all(|line| line.chars().count() < 60), "{text}");
    }

    #[test]
    fn many_samples_are_cut_and_a_long_vector_sets_the_scale() {
        let many: Vec<f64> = (0..40).map(|k| 2.0 * f64::from(k) / 39.0).collect();
        let text = bars(&many);
        assert_eq!(text.lines().count(), 13);
        assert!(text.contains("the largest 12 of 40"), "{text}");
        assert!(text.lines().nth(1).unwrap().contains(&"█".repeat(40)), "{text}");
        assert_eq!(bars(&[]).lines().count(), 1);
    }

    #[test]
    fn two_runs_stand_side_by_side_and_fit() {
        for columns in [60, 80, 200] {
            let text = side_by_side(["GD", "SGD"], [&[0.5, 0.25, -0.1], &[1.0, 0.0]], columns);
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines.iter().all(|line| line.chars().count() <= columns), "{columns}: {text}");
            let full = |line: &str| line.chars().filter(|&c| c == '█').count();
            let width = ((columns - 26) / 2).min(24);
            assert!(lines[1].contains(" 0.50") && lines[1].ends_with(" 1.00"), "{text}");
            assert_eq!(full(lines[1]), width / 2 + width, "{text}");
            assert!(lines[3].trim_end().ends_with("-0.10"), "{text}");
        }
    }
}
