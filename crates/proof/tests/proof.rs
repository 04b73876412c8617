//! What the proof rests on, against independent routes; and controls, for which it must fail.

#![forbid(unsafe_code)]

use puremix_proof::certificate::{LAST, PIECE, finished, leaves, piece, sectors, step_sizes, zones};
use puremix_proof::cycle::{Inequality, PROVED, growth, norm};
use puremix_proof::failure::{Failure, Fall};
use puremix_proof::interval::Interval;
use puremix_proof::{cover, zone};

/// A cycle of the definition: correlations `c`, residual `r`.
fn cycle(c: &mut [f64], r: &mut f64, eta: f64) {
    for j in 0..c.len() {
        let (now, norm) = (c[j], c.iter().map(|c| c * c).sum::<f64>() + *r * *r);
        c.iter_mut().for_each(|c| *c *= 1.0 - eta * now * now);
        *r *= 1.0 - eta * now * now;
        c[j] += eta * now * (2.0 - norm);
    }
}

/// `q`, from the definition: what a cycle visits.
fn visited(c: &[f64], r: f64, eta: f64) -> Vec<f64> {
    let (mut after, mut r) = (c.to_vec(), r);
    (0..c.len())
        .map(|j| {
            let (now, norm) = (after[j], after.iter().map(|c| c * c).sum::<f64>() + r * r);
            after.iter_mut().for_each(|c| *c *= 1.0 - eta * now * now);
            r *= 1.0 - eta * now * now;
            after[j] += eta * now * (2.0 - norm);
            now * now
        })
        .collect()
}

/// `W = V − (η/2) D² − s`, from its definition.
fn lyapunov(c: &[f64], r: f64, eta: f64) -> f64 {
    let q = visited(c, r, eta);
    let (sum, squares) = (q.iter().sum::<f64>(), q.iter().map(|q| q * q).sum::<f64>());
    let norm = c.iter().map(|c| c * c).sum::<f64>() + r * r;
    let (product, mean) = (q.iter().map(|q| 1.0 - eta * q).product::<f64>(), squares / sum);
    let defect = 2.0 - norm - mean - ((1.0 - product) / eta - mean) / product;
    squares / (sum * sum) - 0.5 * eta * defect * defect - r * r
}

fn starts() -> impl Iterator<Item = ([f64; 3], f64)> {
    (0..200).map(|i| {
        let x = |k: f64| (f64::from(i) * k).fract();
        (
            [0.05 + 0.7 * x(0.618_033_988), 0.05 + 0.6 * x(0.414_213_562), 0.1 + 0.5 * x(0.732_050_807)],
            0.4 * x(0.236_067_977),
        )
    })
}

#[test]
fn growth_is_that_of_the_definition() {
    for eta in [0.01, 0.13, 0.2] {
        for (c, r) in starts() {
            let q = visited(&c, r, eta);
            let mut after = (c, r);
            cycle(&mut after.0, &mut after.1, eta);
            let by_hand = lyapunov(&after.0, after.1, eta) - lyapunov(&c, r, eta);
            let sum = q.iter().sum::<f64>();
            let point = |x: f64| Interval::point(x);
            let q: [f64; 3] = q.try_into().unwrap();
            let (s, step_size) = (point(r * r), point(eta));
            let enclosed = growth(&q.map(point), &q.map(|q| point(q / sum)), s, step_size, PROVED);
            assert!(
                (enclosed.middle() - by_hand).abs() < 1e-12 && enclosed.high - enclosed.low < 1e-11,
                "{c:?}"
            );
            let n = c.iter().map(|c| c * c).sum::<f64>() + r * r;
            assert!((norm(&q.map(point), s, step_size).middle() - n).abs() < 1e-13);
        }
    }
}

#[test]
fn two_samples_are_proved_at_one_fifth_and_nearby() {
    assert!(LAST as f64 * PIECE < 0.2 && 0.2 < (LAST + 1) as f64 * PIECE);
    let text = piece(2, LAST, PROVED).unwrap();
    let header = "samples 2\n".to_string();
    let whole = header + &text;
    assert_eq!(finished(&whole), (whole.as_str(), vec![LAST]));
    assert_eq!(finished(&(whole.clone() + "piece 3\nsector 0 zz")).0, whole);
    assert_eq!(finished("samples 2\npiece 3\nzone"), ("", vec![]));
    assert_eq!(text.lines().filter(|line| line.starts_with("zone")).count(), 4);
    assert!(text.lines().filter(|line| line.starts_with("sector")).all(|line| line.contains('+')));
}

/// Depth and kind of the leaf of a tree that holds a point.
fn leaf(tree: &str, point: [f64; 3]) -> cover::Leaf {
    let mut boxes = vec![(vec![(0.0, 1.0), (-0.3125, 0.25), (51.0 / 256.0, 52.0 / 256.0)], 0)];
    let mut found = None;
    for letter in tree.chars() {
        let (sides, depth) = boxes.pop().unwrap();
        let Some(side) = letter.to_digit(10).map(|digit| digit as usize) else {
            if sides.iter().zip(point).all(|((low, high), x)| *low < x && x < *high) {
                assert_eq!(found.replace(cover::Leaf { depth, kind: letter }), None);
            }
            continue;
        };
        let (low, high) = sides[side];
        for half in [(0.5 * (low + high), high), (low, 0.5 * (low + high))] {
            let mut sides = sides.clone();
            sides[side] = half;
            boxes.push((sides, depth + 1));
        }
    }
    assert!(boxes.is_empty());
    found.unwrap()
}

#[test]
fn leaves_at_points_are_those_of_the_whole_tree() {
    let text = piece(2, LAST, PROVED).unwrap();
    let zones = zone::zones::<2>(step_sizes(LAST)).unwrap();
    let points: Vec<[f64; 3]> =
        starts().map(|(c, r)| [1.3 * c[0], 1.39 * r - 0.31, (51.0 + c[2]) / 256.0]).collect();
    for sector in 0..2 {
        let tree = text.lines().find_map(|line| line.strip_prefix(&format!("sector {sector} "))).unwrap();
        let leaves = cover::leaves_at::<2, 3, 4>(sector, step_sizes(LAST), &zones, PROVED, &points).unwrap();
        assert!(leaves.iter().zip(&points).all(|(seen, point)| *seen == leaf(tree, *point)));
        assert!(leaves.iter().any(|leaf| leaf.kind == '+' && leaf.depth > 6), "{leaves:?}");
    }
    let count = |kind| leaves(&text, kind);
    assert_eq!([count(cover::GROWS), count(cover::CONVEX), count(cover::OUTSIDE)], [1343, 130, 345]);
}

/// The orbit of two samples at η = 1/5, 0.680665824563924², lies in its zone.
#[test]
fn zones_hold_the_orbits() {
    let zones = zone::zones::<2>(Interval::new(0.19921875, 0.203125)).unwrap();
    let scale = 2.0 * 0.680_665_824_563_924_f64.powi(2) - 1.0 + 0.15 * 0.5;
    let pair = zones.iter().find(|zone| !zone.small[0]).unwrap();
    assert!(pair.cell.scale.low < scale && scale < pair.cell.scale.high);
}

/// What a box says, and what the definition says at its middle: `c` of the point, and by how much `W` with `weight · η D²` grows there.
fn gain(fall: &Fall, weight: f64) -> f64 {
    let middles: Vec<f64> = fall.sides.iter().map(|side| side.middle()).collect();
    let [ratio, scale, eta] = middles[..] else { panic!("two samples") };
    let mut y = [1.0; 2];
    y[1 - fall.sector] = ratio;
    let concentration = (1.0 + ratio * ratio) / (1.0 + ratio).powi(2);
    let total = 1.0 + scale - 0.75 * eta * (1.0 - concentration);
    let q = y.map(|y| total * y / (1.0 + ratio));
    let mut c = [q[0].sqrt(), q[1].sqrt() / (1.0 - eta * q[0])];
    let of = |c: &[f64]| {
        let q = visited(c, 0.0, eta);
        let v = (q[0] * q[0] + q[1] * q[1]) / (q[0] + q[1]).powi(2);
        v + 2.0 * weight * (lyapunov(c, 0.0, eta) - v)
    };
    let norm = c[0] * c[0] + c[1] * c[1];
    assert!(norm > 1.0 - 1e-6 && norm < 1.0 + eta / 4.0, "{fall:?}");
    let before = of(&c);
    cycle(&mut c, &mut 0.0, eta);
    of(&c) - before
}

fn fall(of: Result<String, Failure>) -> Fall {
    match of {
        Err(Failure::Falls(fall)) => fall,
        other => panic!("{other:?}"),
    }
}

/// What must not be proved: each control differs from the theorem in one thing, and a box is found on which `W` falls.
#[test]
fn controls_fail_because_w_falls() {
    let late = Inequality { push: -1.0, ..PROVED };
    let plain = Inequality { weight: 0.0, ..PROVED };
    let moved = Inequality { shift: 0.8, ..PROVED };
    let step_size = step_sizes(LAST);
    for control in [late, plain, moved] {
        for samples in [2, 3] {
            let fall = fall(sectors(samples, step_size, control));
            assert!(fall.growth < 0.0 && fall.sides.len() == samples + 1, "{fall:?}");
            assert!(fall.sides[samples].low >= step_size.low && fall.sides[samples].high <= step_size.high);
        }
        assert!(piece(2, LAST, control).is_err(), "{control:?}");
        // Which thread meets a box first does not matter.
        assert_eq!(sectors(2, step_size, control), sectors(2, step_size, control));
    }
    let seen = fall(sectors(2, step_size, plain));
    assert!(gain(&seen, 0.0) < seen.growth && gain(&seen, 0.5) > 0.0, "{seen:?}");
    assert!(matches!(zones(2, step_sizes(140), PROVED), Err(Failure::Open(_))));
    // Without its zones no cover ends: at a mixed orbit nothing grows. But nothing falls either.
    let zones = zone::zones::<2>(step_size).unwrap();
    let open = cover::sector::<2, 4>(0, step_size, &zones[1..], PROVED);
    assert!(matches!(open, Err(Failure::Open(_))), "{open:?}");
}

/// Boxes that shrink to points of the zones, where growth is 0 at one point and tiny beside it.
#[test]
fn nothing_falls_where_the_theorem_holds() {
    let zones = zone::zones::<3>(step_sizes(9)).unwrap();
    for zone in zones {
        let mut cell = zone.cell;
        for turn in 0..40 {
            assert!(cell.falls(1, PROVED).is_none(), "{cell:?}");
            cell = cell.halves(turn % 4)[usize::from(turn % 3 == 0)];
        }
    }
}
