//! A neuron's correlations at a glance, for a terminal.

use super::terminal::number;

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
        // Beside NaN, which comes first, an infinite bar would have no end.
        let eighths = ((correlations[i].abs() / max * (8 * WIDTH) as f64).round() as usize).min(8 * WIDTH);
        let mut bar = "█".repeat(eighths / 8);
        if !eighths.is_multiple_of(8) {
            bar.push(EIGHTHS[eighths % 8]);
        }
        let padding = " ".repeat(WIDTH - bar.chars().count());
        lines.push(format!("  {i:>digits$} {bar}{padding} {}", number(correlations[i])));
    }
    lines.join("\n")
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
}
