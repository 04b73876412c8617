//! The C interface. A page calls these functions with numbers, and reads numbers from the two buffers below; no function takes a pointer, so Rust
//! dereferences none, and there is no unsafe code but the attribute that exports a name.
//!
//! What the attribute asks for: the names are defined nowhere else in the module. What the page must hold to: a buffer is valid until the next call
//! of any function, for that may move it, or grow the memory and detach the view of it.
//!
//! Functions that can be refused give 0 then, and [`message`] says why; else 1, or a number of entries in the buffer of numbers.
#![expect(unsafe_code, reason = "exported names")]

use std::cell::RefCell;

use puremix_dynamics::Error;
use puremix_dynamics::activation::Activation;
use puremix_dynamics::limit_set::LimitSet;
use puremix_dynamics::problem::Reduction;
use puremix_dynamics::schedule::{Schedule, ScheduleKind};
use puremix_dynamics::stats::binomial_interval;
use puremix_dynamics::theory::{cyclic, escape, momentum, selection, sgd};
use puremix_dynamics::update::Momentum;

use crate::ensemble::{Ensemble, SELECTED, clock, effective_step};
use crate::lane::Lane;
use crate::scene::Scene;

const KINDS: [ScheduleKind; 5] = [
    ScheduleKind::Gd,
    ScheduleKind::Sgd,
    ScheduleKind::Cyclic,
    ScheduleKind::Reshuffle,
    ScheduleKind::Replacement,
];

const NOTHING: f64 = -1.0;

#[derive(Default)]
struct Page {
    scene: Option<Scene>,
    lanes: Vec<Option<Lane>>,
    ensemble: Option<Ensemble>,
    pending: Vec<f64>,
    numbers: Vec<f64>,
    text: String,
}

thread_local! {
    static PAGE: RefCell<Page> = RefCell::default();
}

/// Runs what may be refused on the page.
fn on(work: impl FnOnce(&mut Page) -> Result<(), Error>) -> u32 {
    PAGE.with_borrow_mut(|page| match work(page) {
        Ok(()) => 1,
        Err(error) => {
            page.text = error.to_string();
            0
        }
    })
}

/// Fills the buffer of numbers; how many there are.
fn tell(numbers: impl FnOnce(&mut Page) -> Vec<f64>) -> u32 {
    PAGE.with_borrow_mut(|page| {
        page.numbers = numbers(page);
        page.numbers.len() as u32
    })
}

fn index(value: Option<usize>) -> f64 {
    value.map_or(NOTHING, |value| value as f64)
}

impl Page {
    fn scene(&self) -> &Scene {
        self.scene.as_ref().expect("a page makes its scene first")
    }

    fn lane(&mut self, k: u32) -> &mut Lane {
        self.lanes[k as usize].as_mut().expect("a lane is made before it is used")
    }
}

/// Where the numbers are.
#[unsafe(no_mangle)]
pub extern "C" fn numbers() -> *const f64 {
    PAGE.with_borrow(|page| page.numbers.as_ptr())
}

/// Where the message is, UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn message() -> *const u8 {
    PAGE.with_borrow(|page| page.text.as_ptr())
}

/// Bytes of the message.
#[unsafe(no_mangle)]
pub extern "C" fn message_length() -> u32 {
    PAGE.with_borrow(|page| page.text.len() as u32)
}

/// A scene: sizes, activation (0 linear, 1 ReLU), reduction (0 mean, 1 sum), step size, initial norm, seed.
#[unsafe(no_mangle)]
pub extern "C" fn scene(
    samples: u32,
    dim: u32,
    activation: u32,
    reduction: u32,
    step_size: f64,
    init_norm: f64,
    seed: f64,
) -> u32 {
    on(|page| {
        let how = (Activation::PAPER[activation as usize], Reduction::ALL[reduction as usize], step_size);
        page.scene = Some(Scene::new((samples as usize, dim as usize), how, init_norm, seed as u64)?);
        page.lanes.clear();
        page.ensemble = None;
        page.pending.clear();
        Ok(())
    })
}

/// The next number of a start of the reader's own: the correlations, then the residual.
#[unsafe(no_mangle)]
pub extern "C" fn start_push(value: f64) {
    PAGE.with_borrow_mut(|page| page.pending.push(value));
}

/// Takes the numbers that were pushed for the start.
#[unsafe(no_mangle)]
pub extern "C" fn start_set() -> u32 {
    on(|page| {
        let mut correlations = std::mem::take(&mut page.pending);
        let residual = correlations.pop().unwrap_or(0.0);
        page.scene.as_mut().expect("a page makes its scene first").start_at(correlations, residual)
    })
}

/// The start: correlations, and the residual last.
#[unsafe(no_mangle)]
pub extern "C" fn start() -> u32 {
    tell(|page| {
        let start = page.scene().start();
        [start.correlations.as_slice(), &[start.residual]].concat()
    })
}

/// The vector `w_0`, `[n]`, over the rows that `train` draws.
#[unsafe(no_mangle)]
pub extern "C" fn start_weights() -> u32 {
    on(|page| {
        page.numbers = page.scene().weights()?;
        Ok(())
    })
}

/// Puts an algorithm at the start, as lane `k`: schedule, batch size, and the momentum of the heavy ball, 0 for plain steps.
#[unsafe(no_mangle)]
pub extern "C" fn lane(k: u32, kind: u32, batch: u32, momentum: f64) -> u32 {
    on(|page| {
        let k = k as usize;
        let lane = Lane::new(page.scene(), KINDS[kind as usize], batch as usize, momentum)?;
        if page.lanes.len() <= k {
            page.lanes.resize_with(k + 1, || None);
        }
        page.lanes[k] = Some(lane);
        Ok(())
    })
}

/// Takes steps.
#[unsafe(no_mangle)]
pub extern "C" fn lane_advance(k: u32, steps: f64) {
    PAGE.with_borrow_mut(|page| page.lane(k).advance(steps as u64));
}

/// Step, step of divergence, dead, loss, distance, `R`, samples mixed, leader, `N`, residual, `⟨w, w_0⟩`, and the correlations.
#[unsafe(no_mangle)]
pub extern "C" fn lane_read(k: u32) -> u32 {
    tell(|page| {
        let reading = page.lane(k).read();
        let neuron = reading.neuron;
        let head = [
            reading.step as f64,
            reading.diverged_at.map_or(NOTHING, |step| step as f64),
            f64::from(u8::from(reading.dead)),
            reading.loss,
            reading.distance,
            reading.log_ratio,
            reading.mixed,
            index(reading.leader),
            neuron.norm_sq,
            neuron.residual,
            neuron.overlap_init,
        ];
        [head.as_slice(), &neuron.correlations].concat()
    })
}

/// Whether a lane is at its end, 1 or 0.
#[unsafe(no_mangle)]
pub extern "C" fn lane_has_settled(k: u32) -> u32 {
    PAGE.with_borrow_mut(|page| u32::from(page.lane(k).has_settled()))
}

/// Rows from one on: step, `R`, correlations.
#[unsafe(no_mangle)]
pub extern "C" fn lane_rows(k: u32, from: u32) -> u32 {
    tell(|page| page.lane(k).rows(from as usize).to_vec())
}

/// Samples of the last batch.
#[unsafe(no_mangle)]
pub extern "C" fn lane_batch(k: u32) -> u32 {
    tell(|page| page.lane(k).last_batch().into_iter().map(|i| i as f64).collect())
}

/// The predicted limit: nothing; 1 and the coefficients of a mixture; 2 and the signs of the datapoints; or 3 and, of every sample, whether its
/// datapoints of both signs are in it, 1 or 0.
#[unsafe(no_mangle)]
pub extern "C" fn lane_limit(k: u32) -> u32 {
    tell(|page| match page.lane(k).limit() {
        None => Vec::new(),
        Some(LimitSet::Point(alpha)) => [&[1.0], alpha.as_slice()].concat(),
        Some(LimitSet::Datapoints(signs)) => {
            std::iter::once(2.0).chain(signs.iter().map(|&sign| f64::from(sign))).collect()
        }
        Some(LimitSet::EitherSign(admitted)) => {
            std::iter::once(3.0).chain(admitted.iter().map(|&yes| f64::from(u8::from(yes)))).collect()
        }
    })
}

/// Step size per sample `η_B`, the time `κ/(1 − β)²` of a step, the rate `λ` of plain steps, the `ε = η_B/(1 − β)` of which the laws speak, and the `η_B` from which on minima
/// are unstable; 0 where there is none, or none is known.
#[unsafe(no_mangle)]
pub extern "C" fn rates(kind: u32, batch: u32, momentum: f64) -> u32 {
    tell(|page| {
        let scene = page.scene();
        let eta = scene.problem().step_per_sample(batch as usize);
        let effective = effective_step(eta, momentum);
        let Ok(schedule) = scene.schedule(KINDS[kind as usize], batch as usize) else {
            return vec![eta, 0.0, 0.0, effective, 0.0];
        };
        let (samples, batch) = (scene.samples(), batch as usize);
        let rate = match schedule.kind() {
            _ if schedule.is_full_batch() || eta >= 1.0 || momentum > 0.0 => 0.0,
            ScheduleKind::Cyclic if batch == 1 => cyclic::rate(samples, eta),
            ScheduleKind::Cyclic | ScheduleKind::Gd => 0.0,
            ScheduleKind::Replacement => sgd::rate_with_replacement(samples, batch, eta),
            ScheduleKind::Sgd | ScheduleKind::Reshuffle => sgd::rate(samples, batch, eta),
        };
        vec![eta, clock(&schedule, effective), rate, effective, threshold(&schedule, momentum)]
    })
}

/// Of plain steps ½, whatever the batch; of the heavy ball that of full batches, for no other is known.
fn threshold(schedule: &Schedule, beta: f64) -> f64 {
    let is_known = beta == 0.0 || schedule.is_full_batch();
    let heavy_ball = Momentum { decay: beta, gradient_weight: 1.0, velocity_weight: beta };
    if is_known { momentum::threshold(heavy_ball) } else { 0.0 }
}

/// Runs of an algorithm to the selection of a sample, from the start of the stage or each from its own.
#[unsafe(no_mangle)]
pub extern "C" fn ensemble(kind: u32, batch: u32, momentum: f64, runs: f64, own_starts: u32) -> u32 {
    on(|page| {
        let algorithm = (KINDS[kind as usize], batch as usize, momentum);
        page.ensemble = Some(Ensemble::new(page.scene(), algorithm, runs as u64, own_starts != 0)?);
        Ok(())
    })
}

/// Takes about so many steps over all runs: 0 if that was refused, 1 if runs are left, 2 if all have ended.
#[unsafe(no_mangle)]
pub extern "C" fn ensemble_slice(steps: f64) -> u32 {
    let mut all = true;
    let fine = on(|page| {
        if let Some(ensemble) = &mut page.ensemble {
            all = ensemble.slice(steps as u64)?;
        }
        Ok(())
    });
    fine * (1 + u32::from(all))
}

/// Steps between two looks at the runs.
#[unsafe(no_mangle)]
pub extern "C" fn ensemble_look() -> f64 {
    PAGE.with_borrow(|page| page.ensemble.as_ref().map_or(1.0, |ensemble| ensemble.between_looks() as f64))
}

/// Runs that ended, from one on: winner, steps, largest cosine.
#[unsafe(no_mangle)]
pub extern "C" fn ensemble_ended(from: u32) -> u32 {
    tell(|page| {
        let ended = page.ensemble.as_ref().map_or(&[][..], |ensemble| ensemble.ended());
        let ended = ended.get(from as usize..).unwrap_or_default();
        ended.iter().flat_map(|run| [index(run.winner), run.steps as f64, run.cosine]).collect()
    })
}

/// The law of the winner for small steps: paths behind it, the probabilities, their standard errors.
#[unsafe(no_mangle)]
pub extern "C" fn odds(tolerance: f64, seed: f64) -> u32 {
    tell(|page| {
        let odds = selection::probabilities(&page.scene().contenders(), tolerance, seed as u64);
        [&[odds.paths as f64], odds.probabilities.as_slice(), &odds.errors].concat()
    })
}

/// Two samples: coefficient of the first correction of the law, and the mean time `κt` to selection.
#[unsafe(no_mangle)]
pub extern "C" fn odds_of_two() -> u32 {
    tell(|page| match page.scene().contenders()[..] {
        [first, second] if first != 0.0 && second != 0.0 => {
            let far = -SELECTED.ln();
            vec![selection::pair_slope([first, second]), escape::mean_time([first, second], far)]
        }
        _ => Vec::new(),
    })
}

/// The exact interval at an error level of the probability behind a count.
#[unsafe(no_mangle)]
pub extern "C" fn interval(count: f64, runs: f64, level: f64) -> u32 {
    tell(|_| {
        let interval = binomial_interval(count as u64, runs as u64, level);
        vec![interval.low, interval.high]
    })
}
