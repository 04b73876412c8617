//! Text of a claim as HTML: escaped, and the indices of symbols set as such.

/// `w_0`, `λ_max`, `Σ_{i∈S⁺}` with subscripts. A symbol is a single letter: `max_cos` is a name and stays.
pub(super) fn html(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    // A Greek letter before a symbol is a factor or an operator: `Πw_0`, `ηp_j`.
    let part_of_word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    let (mut html, mut k) = (String::with_capacity(text.len() + 64), 0);
    while k < letters.len() {
        let before = k.checked_sub(1).map(|k| &letters[k]);
        let symbol = letters[k].is_alphabetic() && !before.is_some_and(part_of_word);
        push(&mut html, letters[k]);
        k += 1;
        if symbol && letters.get(k) == Some(&'_') {
            let rest = &letters[k + 1..];
            let (index, taken) = match rest.first() {
                Some('{') => match rest.iter().position(|c| *c == '}') {
                    Some(end) => (&rest[1..end], end + 1),
                    None => (&rest[..0], 0),
                },
                _ => {
                    let end = rest.iter().position(|c| !c.is_alphanumeric()).unwrap_or(rest.len());
                    (&rest[..end], end)
                }
            };
            if !index.is_empty() {
                html.push_str("<sub>");
                index.iter().for_each(|c| push(&mut html, *c));
                html.push_str("</sub>");
                k += 1 + taken;
            }
        }
    }
    html
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
        assert_eq!(html("a_, b_{x and <b>&"), "a_, b_{x and &lt;b&gt;&amp;");
        assert_eq!(
            html("‖w_0‖ < 1, log(c_1/c_0)"),
            "‖w<sub>0</sub>‖ &lt; 1, log(c<sub>1</sub>/c<sub>0</sub>)"
        );
    }
}
