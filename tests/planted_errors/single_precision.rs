//! Tolerances of single precision: wrong theories turn them too. That they hold, the main job in single precision sees.

use puremix::claims::{
    Context, alignment_scaling, cyclic_limit, gd_limit, landscape, rotation_invariance, sgd_limit, sharpness,
    vanishing_noise,
};
use puremix::device::{Backend, Compute, Precision};
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::{alignment, cyclic, gd};

use puremix::study::examine;

use super::{context, refuted};

#[test]
fn claims_can_fail_in_single_precision() {
    let compute = Compute::new(Backend::default(), Some(Precision::F32)).unwrap();
    let context = Context { compute, ..context() };
    macro_rules! turned {
        ($claim:ident, $wrong:expr) => {{
            use $claim::{Options, Prediction, protocol};
            let wrong: fn(Prediction) -> Prediction = $wrong;
            let wrong = wrong(Prediction::default());
            let names = refuted(examine(&context, |register| {
                protocol(&context, &Options::default(), &wrong, register)
            }));
            assert!(!names.is_empty(), stringify!($claim));
            names
        }};
    }
    {
        fn longer(c0: &[f64], activation: Activation) -> Option<LimitSet> {
            let Some(LimitSet::Point(alpha)) = gd::limit(c0, activation) else { return None };
            Some(LimitSet::Point(alpha.iter().map(|a| a * 1.0001).collect()))
        }
        turned!(gd_limit, |right| Prediction { limit: longer, ..right });
    }
    {
        fn positive(c0: &[f64], activation: Activation) -> LimitSet {
            LimitSet::Datapoints(c0.iter().map(|&c| i8::from(activation.admits(c))).collect())
        }
        // Signs are judged by the Burn model too, not by the reduced engine alone.
        let names = turned!(sgd_limit, |right| Prediction { limit_set: positive, ..right });
        assert!(names.iter().any(|name| name.starts_with("trainings of the Burn model")), "{names:?}");
    }
    {
        fn other(c0: &[f64]) -> Option<LimitSet> {
            cyclic::theorem_4(c0).map(|_| LimitSet::Datapoints(vec![0, 1]))
        }
        turned!(cyclic_limit, |right| Prediction { theorem: other, ..right });
    }
    {
        fn order(m: usize, _: Activation) -> f64 {
            alignment::asymptotic_max_cos(m)
        }
        turned!(alignment_scaling, |right| Prediction { gd_max_cos: order, ..right });
    }
    {
        fn off(m: usize, n: usize, s: usize, a: Activation) -> f64 {
            puremix::theory::sharpness::trace(m, n, s - usize::from(s > 1), a)
        }
        turned!(sharpness, |right| Prediction { trace: off, ..right });
    }
    {
        turned!(vanishing_noise, |right| Prediction { sample_gradient: |c| (c, c * c), ..right });
    }
    {
        turned!(rotation_invariance, |right| Prediction { sgd_follows: [true, false], ..right });
    }
    {
        turned!(landscape, |right| Prediction { blank_loss: 0.5 + 1e-4, ..right });
    }
}
