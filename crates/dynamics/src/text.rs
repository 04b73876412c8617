//! Numbers as people read them.

/// Five significant digits, scientific only where it is shorter.
pub fn number(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    if (1e-3..1e5).contains(&x.abs()) {
        let digits = (4 - x.abs().log10().floor() as i32).max(0) as usize;
        let text = format!("{x:.digits$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        return text.to_string();
    }
    format!("{x:.2e}")
}
