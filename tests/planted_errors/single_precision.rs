//! Tolerances of single precision: they hold, and wrong theories turn them too.

use puremix::claims::{
    Context, alignment_scaling, cyclic_limit, gd_limit, landscape, rotation_invariance, sgd_limit, sharpness,
    vanishing_noise,
};
use puremix::device::{Backend, Compute, Precision};
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::{alignment, cyclic, gd};
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn claims_can_fail_in_single_precision() {
    let compute = Compute::new(Backend::default(), Some(Precision::F32)).unwrap();
    let context = Context { compute, ..context() };
    macro_rules! turns {
        ($claim:ident, $wrong:expr) => {
            use $claim::{Options, Prediction, findings};
            let of = |prediction: Prediction| verdict(findings(&context, &Options::default(), &prediction));
            assert_eq!(of(Prediction::default()), Verdict::Reproduced, stringify!($claim));
            let wrong: fn(Prediction) -> Prediction = $wrong;
            assert_eq!(of(wrong(Prediction::default())), Verdict::Refuted, stringify!($claim));
        };
    }
    {
        fn longer(c0: &[f64], activation: Activation) -> Option<LimitSet> {
            let Some(LimitSet::Point(alpha)) = gd::limit(c0, activation) else { return None };
            Some(LimitSet::Point(alpha.iter().map(|a| a * 1.0001).collect()))
        }
        turns!(gd_limit, |right| Prediction { limit: longer, ..right });
    }
    {
        fn positive(c0: &[f64], activation: Activation) -> LimitSet {
            LimitSet::Datapoints(c0.iter().map(|&c| i8::from(activation.admits(c))).collect())
        }
        turns!(sgd_limit, |right| Prediction { limit_set: positive, ..right });
        // Signs are judged by the Burn model too, not by the reduced engine alone.
        let wrong = Prediction { limit_set: positive, ..Prediction::default() };
        let names = refuted(findings(&context, &Options::default(), &wrong));
        assert!(names.iter().any(|name| name.starts_with("trainings of the Burn model")), "{names:?}");
    }
    {
        fn other(c0: &[f64]) -> Option<LimitSet> {
            cyclic::theorem_4(c0).map(|_| LimitSet::Datapoints(vec![0, 1]))
        }
        turns!(cyclic_limit, |right| Prediction { theorem: other, ..right });
    }
    {
        fn order(m: usize, _: Activation) -> f64 {
            alignment::asymptotic_max_cos(m)
        }
        turns!(alignment_scaling, |right| Prediction { gd_max_cos: order, ..right });
    }
    {
        fn off(m: usize, n: usize, s: usize, a: Activation) -> f64 {
            puremix::theory::sharpness::trace(m, n, s - usize::from(s > 1), a)
        }
        turns!(sharpness, |right| Prediction { trace: off, ..right });
    }
    {
        turns!(vanishing_noise, |right| Prediction { sample_gradient: |c| (c, c * c), ..right });
    }
    {
        turns!(rotation_invariance, |right| Prediction { sgd_follows: [true, false], ..right });
    }
    {
        turns!(landscape, |right| Prediction { blank_loss: 0.5 + 1e-4, ..right });
    }
}
