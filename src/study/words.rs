//! Protocols in words.

use super::Context;
use crate::device::Precision;

/// Numbers or names in words: `a, b and c`.
pub(crate) fn listed<T: std::fmt::Display>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    match items.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => items.concat(),
    }
}

/// `1 run`, `2 runs`.
pub(crate) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Which of the runs an estimate leaves out, those that were not, say, `absorbed`.
pub(crate) fn left_out(all: usize, counted: usize, ended: &str) -> String {
    match all - counted {
        0 => format!("all {all} runs were {ended}"),
        others => format!("{others} of {all} runs, which were not {ended}, are left out"),
    }
}

/// Says what a report's backend and precision have no part in, if they are not those of the reduced engine.
pub(crate) fn by_the_reduced_engine(context: &Context, what: &str) -> Option<String> {
    let (backend, precision) = (context.compute.backend(), context.compute.precision());
    (!backend.is_host() || precision != Precision::F64).then(|| {
        let (backend, precision) = (backend.name(), precision.name());
        format!("{what}: by the reduced engine, f64 on the CPU; {backend} {precision} has no part in it.")
    })
}

/// Sizes `m × n` in words.
pub(crate) fn in_words(sizes: &[(usize, usize)]) -> String {
    sizes.iter().map(|(m, n)| format!("{m} × {n}")).collect::<Vec<_>>().join(", ")
}

/// Says which hypotheses of the theorems the command line has bent, if any.
pub(crate) fn bent(step_size: Option<f64>, init_norm: Option<f64>) -> Option<String> {
    let step_size =
        step_size.filter(|&eta| eta > 0.2).map(|eta| format!("η = {eta} (the theorems: at most 1/5)"));
    let init_norm =
        init_norm.filter(|&rho| rho >= 1.0).map(|rho| format!("‖w_0‖ = {rho} (the theorems: below 1)"));
    let bent: Vec<String> = step_size.into_iter().chain(init_norm).collect();
    (!bent.is_empty()).then(|| {
        format!(
            "Outside the hypotheses: {}. The verdict is on the conclusion there, not on the theorem.",
            bent.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(listed::<u8>(&[]), "");
        assert_eq!(listed(&[1]), "1");
        assert_eq!(listed(&[1, 2, 3]), "1, 2 and 3");
    }
}
