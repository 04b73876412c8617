//! Full batches, which have no noise, leave a balanced network balanced if its first layer lies in the span of the samples.

use super::Prediction;
use crate::engine::WidthOne;
use crate::study::{Context, Part};
use crate::vectors::largest;
use crate::verdict::Register;

const START: [f64; 4] = [0.3, -0.2, 0.25, 0.1];

const STEPS: usize = 4000;

/// From `N_0 = v_l² = 0.64`, in the span, every weight takes the same relative step, `1 + 2η_B g (1 − gN)`, so that full batches end at `N = 1`.
pub(super) fn stays_balanced(_: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let stays = register
        .expect(
            "full batch: squared norm of the first layer at the end from a balanced start, three depths, the furthest",
            prediction.full_batch,
            "every weight is multiplied by 1 + 2η_B g (1 − gN), and gN → 1; rounding",
        )
        .within(1e-12);
    Box::new(move |_, findings| {
        let end = |layers: usize| {
            let norm = crate::vectors::norm(&START);
            let c: Vec<f64> = START.iter().map(|c| 0.8 * c / norm).collect();
            let mut network = WidthOne::new(c, 0.0, vec![0.8; layers - 1]);
            let all: Vec<usize> = (0..START.len()).collect();
            (0..STEPS).for_each(|_| network.step(&all, 0.06));
            network.norm_sq()
        };
        let depths = [2, 3, 5];
        let ends = depths.map(end);
        let far = largest(ends.iter().map(|n| (n - 1.0).abs()));
        let furthest = ends.into_iter().find(|n| (n - 1.0).abs() == far).unwrap_or(f64::NAN);
        findings.checks.push(stays.measured(furthest, depths.len() as u64));
        findings.protocol.push(format!(
            "Full batches of four samples from balanced starts in their span, N_0 = 0.64, L = 2, 3, 5: {STEPS} steps at η_B = 0.06."
        ));
        Ok(())
    })
}
