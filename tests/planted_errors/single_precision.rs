//! Tolerances of single precision: wrong theories turn them too. That they hold, the main job in single precision sees.

use puremix::claims::{
    Context, alignment_scaling, cyclic_limit, gd_limit, landscape, rotation_invariance, sgd_limit, sharpness,
    vanishing_noise,
};
use puremix::device::{Backend, Compute, Precision};
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::{alignment, gd};

use puremix::study::examine;

use super::cyclic_limit::other;
use super::sgd_limit::positive;
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
    fn longer(c0: &[f64], activation: Activation) -> Option<LimitSet> {
        let Some(LimitSet::Point(alpha)) = gd::limit(c0, activation) else { return None };
        Some(LimitSet::Point(alpha.iter().map(|a| a * 1.0001).collect()))
    }
    turned!(gd_limit, |right| Prediction { limit: longer, ..right });
    // Signs are judged by the Burn model too, not by the reduced engine alone.
    let names = turned!(sgd_limit, |right| Prediction { limit_set: positive, ..right });
    assert!(names.iter().any(|name| name.starts_with("trainings of the Burn model")), "{names:?}");
    turned!(cyclic_limit, |right| Prediction { theorem: other, ..right });
    turned!(alignment_scaling, |right| Prediction {
        gd_max_cos: |m, _| alignment::asymptotic_max_cos(m),
        ..right
    });
    turned!(sharpness, |right| Prediction {
        trace: |m, n, s, a| puremix::theory::sharpness::trace(m, n, s - usize::from(s > 1), a),
        ..right
    });
    turned!(vanishing_noise, |right| Prediction { sample_gradient: |c| (c, c * c), ..right });
    turned!(rotation_invariance, |right| Prediction { sgd_follows: [true, false], ..right });
    turned!(landscape, |right| Prediction { blank_loss: 0.5 + 1e-4, ..right });
}
