//! Independent replicas of the reduced engine from Gaussian starts, watched one by one or at fixed times.

use super::Lab;
use crate::engine::{Engine, Reduced};
use crate::error::Result;
use crate::init::Start;
use crate::problem::Problem;
use crate::schedule::Schedule;
use crate::state::Neuron;

/// Replicas that step abreast.
const BLOCK: u64 = 16;

/// A problem under a schedule, and the seed of the starts.
pub(crate) struct Replicas {
    pub problem: Problem,
    pub schedule: Schedule,
    /// Norm of the starts.
    pub init_norm: f64,
    pub seed: u64,
}

impl Replicas {
    fn start(&self, replica: u64) -> Result<Start> {
        Ok(Start::gaussian(self.problem.dataset(), self.init_norm, self.seed, replica)?)
    }

    fn engine(&self, starts: &[Start], first: u64) -> Result<Reduced> {
        Ok(Reduced::new(&self.problem, &self.schedule, starts, first)?)
    }

    /// What `run` makes of each of so many replicas by itself, in their order.
    pub fn each<R: Send>(
        &self,
        lab: &Lab,
        replicas: u64,
        run: impl Fn(u64, &Start, &mut Reduced) -> R + Sync,
    ) -> Result<Vec<R>> {
        lab.each(0..replicas, |replica| {
            let start = self.start(replica)?;
            let mut engine = self.engine(std::slice::from_ref(&start), replica)?;
            Ok(run(replica, &start, &mut engine))
        })
    }

    /// What `of` makes of each of so many replicas, in their order, from how it stands after these numbers of steps, in rising order.
    pub fn looked_at<R: Send>(
        &self,
        lab: &Lab,
        replicas: u64,
        steps: &[u64],
        of: impl Fn(&Start, &[Neuron]) -> R + Sync,
    ) -> Result<Vec<R>> {
        let blocks = lab.each((0..replicas).step_by(BLOCK as usize), |first| {
            let block = first..replicas.min(first + BLOCK);
            let starts = block.map(|replica| self.start(replica)).collect::<Result<Vec<_>>>()?;
            let mut engine = self.engine(&starts, first)?;
            let mut seen = vec![Vec::new(); starts.len()];
            for step in steps {
                engine.advance(step - engine.steps_taken());
                seen.iter_mut().enumerate().for_each(|(k, seen)| seen.extend(engine.neurons(k)));
            }
            Ok(starts.iter().zip(&seen).map(|(start, seen)| of(start, seen)).collect::<Vec<_>>())
        })?;
        Ok(blocks.into_iter().flatten().collect())
    }
}
