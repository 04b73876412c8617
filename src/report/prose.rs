//! Text of a claim as HTML: escaped, and the indices and powers of symbols set as such.

/// `w_0`, `λ_max`, `Σ_{i∈S⁺}`, `2η_B`, `dy_j`, `(…)_j`, `max_i` with subscripts. A symbol is a single letter: `max_cos` is a name
/// and stays.
pub(super) fn html(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let (mut html, mut k) = (String::with_capacity(text.len() + 64), 0);
    while k < letters.len() {
        push(&mut html, letters[k]);
        k += 1;
        if letters.get(k) == Some(&'^') {
            let (power, taken) = power(&letters[k + 1..]);
            if !power.is_empty() {
                html.push_str("<sup>");
                power.iter().for_each(|c| push(&mut html, *c));
                html.push_str("</sup>");
                k += 1 + taken;
            }
            continue;
        }
        if letters.get(k) != Some(&'_') {
            continue;
        }
        let (index, taken) = index(&letters[k + 1..]);
        if !index.is_empty() && takes_index(&letters[..k], index) {
            html.push_str(&format!("<sub>{}</sub>", self::html(&index.iter().collect::<String>())));
            k += 1 + taken;
        }
    }
    html
}

/// The index that follows an underscore, in braces or not, and how many letters it takes. A power ends it, `η_B²`, and so does the next symbol: `W_1ᵀ`, `W_0Π`.
fn index(rest: &[char]) -> (&[char], usize) {
    if rest.first() == Some(&'{') {
        let end = rest.iter().position(|c| *c == '}');
        return end.map_or((&rest[..0], 0), |end| (&rest[1..end], end + 1));
    }
    let part = |c: &char| c.is_ascii_alphanumeric() || ('α'..='ω').contains(c) || "⊥∞".contains(*c);
    let end = rest.iter().position(|c| !part(c)).unwrap_or(rest.len());
    (&rest[..end], end)
}

/// The power that follows `^`, in braces or parentheses or not, and how many letters it takes.
fn power(rest: &[char]) -> (&[char], usize) {
    let closing = match rest.first() {
        Some('{') => '}',
        Some('(') => ')',
        _ => {
            let sign = usize::from(rest.first().is_some_and(|c| "-−+".contains(*c)));
            let part = |c: &char| c.is_alphanumeric() || "½⅓¼⊤".contains(*c);
            let mut end = rest[sign..].iter().position(|c| !part(c)).map_or(rest.len(), |end| sign + end);
            // A decimal point belongs to it if digits follow, the end of a sentence does not.
            if rest.get(end) == Some(&'.') && rest.get(end + 1).is_some_and(char::is_ascii_digit) {
                let digits = rest[end + 1..].iter().position(|c| !c.is_ascii_digit());
                end = digits.map_or(rest.len(), |digits| end + 1 + digits);
            }
            return if end == sign { (&rest[..0], 0) } else { (&rest[..end], end) };
        }
    };
    let end = rest.iter().position(|c| *c == closing);
    end.map_or((&rest[..0], 0), |end| (&rest[1..end], end + 1))
}

/// Whether what ends here is a symbol: a bracket, a letter of another alphabet (`2η_B`), or a Latin letter by itself, after a number
/// (`2w_0`), a differential (`dy_j`) or another capital (`QW_0`). Of words, an operator with a single letter below it.
fn takes_index(before: &[char], index: &[char]) -> bool {
    let [front @ .., last] = before else { return false };
    if !last.is_ascii_alphanumeric() {
        return last.is_alphabetic() || ")]∂".contains(*last);
    }
    let part_of_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let start = front.iter().rposition(|c| !part_of_word(c)).map_or(0, |at| at + 1);
    let word: String = before[start..].iter().collect();
    match word.trim_start_matches(|c: char| c.is_ascii_digit()).as_bytes() {
        [letter] => letter.is_ascii_alphabetic(),
        [b'd', letter] => letter.is_ascii_alphabetic(),
        // A product of two matrices: `QW_0`.
        [one, other] => one.is_ascii_uppercase() && other.is_ascii_uppercase(),
        b"max" | b"min" | b"argmax" => index.len() == 1,
        _ => false,
    }
}

fn push(html: &mut String, letter: char) {
    match letter {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        _ => html.push(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn indices_of_symbols_are_set_below_and_names_stay() {
        assert_eq!(html("‖w − w_GD‖², λ_max = 4/m"), "‖w − w<sub>GD</sub>‖², λ<sub>max</sub> = 4/m");
        assert_eq!(html("Σ_{i∈S⁺} c_i(0) a_i"), "Σ<sub>i∈S⁺</sub> c<sub>i</sub>(0) a<sub>i</sub>");
        assert_eq!(
            html("max_cos, gd_limit, cos_init; R_t/t"),
            "max_cos, gd_limit, cos_init; R<sub>t</sub>/t"
        );
        assert_eq!(html("‖Πw_0‖, log(1 + ηp_j)"), "‖Πw<sub>0</sub>‖, log(1 + ηp<sub>j</sub>)");
        assert_eq!(html("4η_B², 2bη_B|, 2w_0"), "4η<sub>B</sub>², 2bη<sub>B</sub>|, 2w<sub>0</sub>");
        assert_eq!(
            html("dy_j/dt = softmax(2y)_j + w_⊥"),
            "dy<sub>j</sub>/dt = softmax(2y)<sub>j</sub> + w<sub>⊥</sub>"
        );
        assert_eq!(html("∂_t S, max_i|c_i|"), "∂<sub>t</sub> S, max<sub>i</sub>|c<sub>i</sub>|");
        assert_eq!(html("batch_sizes.csv, _0, x1_y, a_b_c"), "batch_sizes.csv, _0, x1_y, a<sub>b</sub>_c");
        assert_eq!(
            html("10^10 steps, m^-0.503, u^(1/4). ℝ^n"),
            "10<sup>10</sup> steps, m<sup>-0.503</sup>, u<sup>1/4</sup>. ℝ<sup>n</sup>"
        );
        assert_eq!(
            html("e^{−2R}, x^2. A^, Σα_j⁴, s_0², Πw_0"),
            "e<sup>−2R</sup>, x<sup>2</sup>. A^, Σα<sub>j</sub>⁴, s<sub>0</sub>², Πw<sub>0</sub>"
        );
        assert_eq!(html("a_{i*}, c_i(0), R_t"), "a<sub>i*</sub>, c<sub>i</sub>(0), R<sub>t</sub>");
        assert_eq!(
            html("W_0Π, QW_0, W_1ᵀW_1, I_{p_1}, C_1i⁴"),
            "W<sub>0</sub>Π, QW<sub>0</sub>, W<sub>1</sub>ᵀW<sub>1</sub>, I<sub>p<sub>1</sub></sub>, C<sub>1i</sub>⁴"
        );
        assert_eq!(html("a_, b_{x and <b>&"), "a_, b_{x and &lt;b&gt;&amp;");
        assert_eq!(
            html("‖w_0‖ < 1, log(c_1/c_0)"),
            "‖w<sub>0</sub>‖ &lt; 1, log(c<sub>1</sub>/c<sub>0</sub>)"
        );
    }
}
