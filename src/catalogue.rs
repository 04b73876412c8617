//! The claims and explorations of this crate: the only list of them.

use crate::error::{Error, Result};
use crate::program::Program;
use crate::stats::REPORT_LEVEL;
use crate::study::{Effort, Study};

/// The [`Program`] of a claim, `claim_program!(claims::gd_limit)`, or of an exploration, which has no predictions to be held to.
#[macro_export]
macro_rules! claim_program {
    (claims::$claim:ident) => {{
        use $crate::claims::$claim::{Options, Prediction, STUDY, protocol};
        $crate::claim_program!(@ |context, own, register| protocol(context, own, &Prediction::default(), register))
    }};
    (explorations::$claim:ident) => {{
        use $crate::explorations::$claim::{Options, STUDY, protocol};
        $crate::claim_program!(@ |context, own, _| protocol(context, own))
    }};
    (@ $protocol:expr) => {
        $crate::program::Program {
            name: STUDY.id,
            command: || $crate::program::claim_command::<Options>(&STUDY),
            run: |arguments| {
                $crate::program::run_claim::<Options>(&STUDY, &$crate::catalogue::ALL, arguments, $protocol)
            },
        }
    };
}

/// The whole binary of a claim, `puremix::claim_binary!(claims::gd_limit);`, or of an exploration.
#[macro_export]
macro_rules! claim_binary {
    ($room:ident::$claim:ident) => {
        #[global_allocator]
        static ALLOCATOR: $crate::cli::Allocator = $crate::cli::Allocator;

        fn main() -> std::process::ExitCode {
            $crate::claim_program!($room::$claim).main()
        }
    };
}

macro_rules! list {
    ($($room:ident::$claim:ident),+ $(,)?) => {
        /// All claims and explorations, in the order of the report.
        pub const ALL: [&Study; [$(stringify!($claim)),+].len()] = [$(&crate::$room::$claim::STUDY),+];

        /// The program of each, in the same order.
        pub const PROGRAMS: [Program; ALL.len()] = [$(crate::claim_program!($room::$claim)),+];
    };
}

list![
    claims::gd_limit,
    claims::sgd_limit,
    claims::cyclic_limit,
    claims::alignment_scaling,
    claims::sharpness,
    claims::vanishing_noise,
    claims::random_walk,
    claims::rotation_invariance,
    claims::landscape,
    claims::hypothesis_map,
    claims::selection_law,
    claims::rate_law,
    claims::cyclic_basin,
    claims::escape,
    claims::momentum_law,
    claims::odds_identity,
    claims::unequal_data,
    claims::subspace_lottery,
    claims::depth,
    claims::persistent_noise,
    claims::cyclic_theorem,
    explorations::deeper,
    explorations::correlated,
    explorations::digits,
    explorations::optimisers,
    explorations::relu_subspaces,
    explorations::deep_subspaces,
    explorations::principal_component,
];

/// The shares of all claims fit into the level of a report, whatever it examines. This is asserted when the crate is compiled.
const _: () = {
    let (mut total, mut k) = (0.0, 0);
    while k < ALL.len() {
        total += ALL[k].level;
        k += 1;
    }
    assert!(total <= REPORT_LEVEL);
};

/// The claims that `reproduce` examines at an effort if none are named.
pub fn at(effort: Effort) -> Vec<&'static Study> {
    ALL.into_iter().filter(|claim| claim.joins <= effort).collect()
}

/// Finds several claims, each once, in the order asked for.
///
/// # Errors
/// [`Error::UnknownClaim`].
pub fn choose(ids: &[String]) -> Result<Vec<&'static Study>> {
    let mut chosen: Vec<&'static Study> = Vec::new();
    for id in ids {
        let claim = find(id.trim())?;
        if chosen.iter().all(|other| other.id != claim.id) {
            chosen.push(claim);
        }
    }
    Ok(chosen)
}

/// Finds a claim.
///
/// # Errors
/// [`Error::UnknownClaim`] listing the known ones.
pub fn find(id: &str) -> Result<&'static Study> {
    ALL.into_iter()
        .find(|claim| claim.id == id)
        .ok_or_else(|| Error::UnknownClaim { id: id.into(), known: ALL.map(|claim| claim.id).join(", ") })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use indicatif::ProgressBar;

    use super::*;
    use crate::device::{Backend, Compute, Precision};
    use crate::study::Context;
    use crate::verdict::Register;

    #[test]
    fn the_checks_of_every_claim_fit_into_its_share_of_the_level() {
        for effort in [Effort::Quick, Effort::Standard, Effort::Full] {
            for precision in [Precision::F64, Precision::F32] {
                let compute = Compute::new(Backend::default(), Some(precision)).unwrap();
                let context = Context { effort, seed: 1, compute, progress: ProgressBar::hidden() };
                for claim in ALL.into_iter().filter(|claim| claim.kind.has_verdict()) {
                    let mut register = Register::default();
                    drop((claim.protocol)(&context, &mut register).unwrap());
                    let (level, share) = (register.level(), claim.level);
                    assert!(
                        level <= share,
                        "{}, {effort:?}, {precision:?}: {level:e} of {share:e}",
                        claim.id
                    );
                }
            }
        }
    }

    #[test]
    fn cells_of_all_claims_draw_from_different_seeds() {
        let context = Context {
            effort: Effort::Quick,
            seed: 1,
            compute: Compute::default(),
            progress: ProgressBar::hidden(),
        };
        // Cells are numbered with all 64 bits; 0, small ones, and the high ones that protocols use.
        let cells: Vec<u64> = (0..12).flat_map(|high| (0..5).map(move |low| high << 32 | low)).collect();
        let seeds: HashSet<u64> =
            ALL.iter().flat_map(|claim| cells.iter().map(|&cell| context.cell_seed(claim, cell))).collect();
        assert_eq!(seeds.len(), ALL.len() * cells.len());
    }
}
