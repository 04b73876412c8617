//! From expectations to what was found: expectations are registered first, and only then is there something to measure with.

use std::ops::Deref;

use rayon::prelude::*;

use super::{Context, Findings};
use crate::error::Result;
use crate::verdict::Register;

/// What a protocol measures with. There is none before every expectation is registered.
#[derive(Debug)]
pub struct Lab<'a> {
    context: &'a Context,
}

impl Deref for Lab<'_> {
    type Target = Context;

    fn deref(&self) -> &Context {
        self.context
    }
}

impl Lab<'_> {
    /// Runs every case, side by side, and counts it when it has ended; the results come in the order of the cases.
    ///
    /// # Errors
    /// That of a case, if one has any.
    pub fn each<C: Send, R: Send>(
        &self,
        cases: impl IntoIterator<Item = C>,
        run: impl Fn(C) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let cases: Vec<C> = cases.into_iter().collect();
        self.progress.inc_length(cases.len() as u64);
        let counted = |case| {
            let result = run(case);
            self.progress.inc(1);
            result
        };
        cases.into_par_iter().with_max_len(1).map(counted).collect()
    }
}

/// A protocol that has stated what it expects: all that is left to do is to measure and to judge.
pub type Protocol = Box<dyn FnOnce(&Lab) -> Result<Findings>>;

/// A part of a protocol, which adds what it finds.
pub(crate) type Part = Box<dyn FnOnce(&Lab, &mut Findings) -> Result<()>>;

/// The part that says what the others do.
pub(crate) fn told(sentence: impl Into<String>) -> Part {
    let sentence = sentence.into();
    Box::new(|_, findings| {
        findings.protocol.push(sentence);
        Ok(())
    })
}

/// The protocol of parts, in order.
pub(crate) fn of_parts(parts: Vec<Part>) -> Protocol {
    Box::new(|lab| {
        let mut findings = Findings::default();
        parts.into_iter().try_for_each(|part| part(lab, &mut findings))?;
        Ok(findings)
    })
}

/// Lets a protocol state its expectations, then measure; its checks are those that were registered.
///
/// # Errors
/// Whatever the protocol refuses.
///
/// # Panics
/// If it judges what it did not register, or leaves a registered check out without withdrawing it.
pub fn examine(context: &Context, state: impl FnOnce(&mut Register) -> Result<Protocol>) -> Result<Findings> {
    let mut register = Register::default();
    let protocol = state(&mut register)?;
    let mut findings = protocol(&Lab { context })?;
    findings.account(&register);
    Ok(findings)
}
