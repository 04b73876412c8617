//! For each claim a wrong theory is put in the place of the right one, and the checks that it is about must turn; and every check of the standard
//! report is turned by one. That the right theories are reproduced with the same seed, the quick run of everything in `report` sees.

mod alignment_scaling;
mod cyclic_basin;
mod cyclic_limit;
mod cyclic_theorem;
mod depth;
mod escape;
mod gd_limit;
mod hypothesis_map;
mod landscape;
mod momentum_law;
mod odds_identity;
mod persistent_noise;
mod random_walk;
mod rate_law;
mod rotation_invariance;
mod selection_law;
mod sgd_limit;
mod sharpness;
mod single_precision;
mod subspace_lottery;
mod unequal_data;
mod vanishing_noise;

use std::cell::RefCell;
use std::collections::BTreeSet;

use indicatif::ProgressBar;
use puremix::claims::{Context, Effort, Findings};
use puremix::device::Compute;
use puremix::study::{Protocol, examine};
use puremix::verdict::Register;

use crate::report;

fn context() -> Context {
    Context {
        effort: Effort::Quick,
        seed: report::SEED,
        compute: Compute::default(),
        progress: ProgressBar::hidden(),
    }
}

/// Names of the checks that refute.
fn refuted(findings: puremix::Result<Findings>) -> Vec<String> {
    let checks = findings.unwrap().checks;
    checks.into_iter().filter(|check| check.ok == Some(false)).map(|check| check.name).collect()
}

/// Wrong theories of one claim, and the checks that they have turned.
struct Planted<P> {
    planted: fn(&Context, &P, &mut Register) -> puremix::Result<Protocol>,
    protocol: fn(&Context, &mut Register) -> puremix::Result<Protocol>,
    turned: RefCell<BTreeSet<String>>,
}

impl<P> Planted<P> {
    /// Names of the checks that a prediction turns at quick effort.
    fn turns(&self, prediction: P) -> Vec<String> {
        let context = context();
        let names = refuted(examine(&context, |register| (self.planted)(&context, &prediction, register)));
        self.turned.borrow_mut().extend(names.iter().map(|name| shape(name)));
        names
    }

    /// The same, where each of some checks, told by a part of its name, has to be among them.
    fn turns_each(&self, prediction: P, checks: &[&str]) -> Vec<String> {
        let seen = self.turns(prediction);
        for check in checks {
            assert!(seen.iter().any(|name| name.contains(check)), "`{check}` does not turn: {seen:?}");
        }
        seen
    }

    /// A prediction turns each of some checks, and no other.
    fn turns_only(&self, prediction: P, checks: &[&str]) {
        let seen = self.turns_each(prediction, checks);
        assert_eq!(seen.len(), checks.len(), "{seen:?}");
    }

    /// A prediction turns checks whose names begin so, in this order, and no other.
    fn turns_in_order(&self, prediction: P, starts: &[&str]) {
        let seen = self.turns(prediction);
        let is_seen = |(name, start): (&String, &&str)| name.starts_with(start);
        assert!(seen.len() == starts.len() && seen.iter().zip(starts).all(is_seen), "{starts:?}: {seen:?}");
    }

    /// Every check that the standard report registers, whatever its numbers, was turned by one of the wrong theories.
    fn complete(self) {
        let mut register = Register::default();
        drop((self.protocol)(&Context { effort: Effort::Standard, ..context() }, &mut register).unwrap());
        let turned = self.turned.into_inner();
        // A name that says which cell was the worst goes on after what was registered.
        let is_turned = |name: &&str| turned.iter().any(|turned| turned.starts_with(&shape(name)));
        let left: Vec<&str> = register.names().filter(|name| !is_turned(name)).collect();
        assert!(left.is_empty(), "no wrong theory turns {left:#?}");
    }
}

/// Nothing planted in a claim yet.
macro_rules! planted {
    ($claim:ident) => {{
        use puremix::claims::$claim::{Options, STUDY, protocol};
        $crate::planted_errors::Planted {
            planted: |context, prediction, register| {
                protocol(context, &Options::default(), prediction, register)
            },
            protocol: STUDY.protocol,
            turned: Default::default(),
        }
    }};
}
use planted;

/// The name of a check without its numbers, which differ between efforts.
fn shape(name: &str) -> String {
    let mut shape = String::new();
    for c in name.chars() {
        if !c.is_ascii_digit() {
            shape.push(c);
        } else if !shape.ends_with('#') {
            shape.push('#');
        }
    }
    shape.replace("#.#", "#")
}
