//! The mixed orbits by another route than the proof's: fixed points of the cycle map that Krawczyk's operator encloses, beside the closed form and the zones.

use puremix_proof::cycle::concentration;
use puremix_proof::fixed::fixed_point;
use puremix_proof::interval::Interval;

/// What is seen of the orbits of all supports, at both ends and the middle of an interval of step sizes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orbits {
    /// Supports whose fixed point is enclosed, and held by all zones of the support, at all three.
    pub enclosed: usize,
    /// Largest distance of a square of the closed form's correlations from its enclosure; infinite if there is none.
    pub beside: f64,
}

/// A zone of a certificate: the line `zone SECTOR SMALL RADIUS LOW HIGH …`.
struct Zone {
    sector: usize,
    /// Samples of the support, those that `SMALL` does not mark.
    support: Vec<usize>,
    radius: f64,
    scales: [f64; 2],
}

impl Zone {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("zone ")?.split(' ');
        let sector: usize = words.next()?.parse().ok()?;
        let small = words.next()?;
        let others = small.chars().enumerate().filter(|(_, small)| *small == '0');
        let mut support: Vec<usize> = others.map(|(i, _)| if i < sector { i } else { i + 1 }).collect();
        support.push(sector);
        support.sort_unstable();
        let mut number = || words.next()?.parse().ok();
        Some(Self { sector, support, radius: number()?, scales: [number()?, number()?] })
    }

    /// Whether it holds all `q` of the enclosure, strictly, but that the `q` of a support are the same and may be rounded to either side.
    fn holds<const M: usize>(&self, q: &[Interval; M], step_size: f64) -> bool {
        let total = q[1..].iter().fold(q[0], |sum, q| sum + *q);
        let one = Interval::point(1.0);
        let spread = Interval::point(0.75) * Interval::point(step_size) * (one - concentration(q));
        let scale = total - one + spread;
        let unit = q[self.sector].recip();
        let is_even = |sample: &usize| {
            let beside = q[*sample] * unit - one;
            -self.radius < beside.low && beside.high < self.radius
        };
        self.scales[0] < scale.low && scale.high < self.scales[1] && self.support.iter().all(is_even)
    }
}

/// The orbits beside the zones of a certificate.
pub(super) fn orbits<const M: usize>(
    zones: &str,
    step_sizes: Interval,
    closed_form: fn(usize, f64) -> Vec<f64>,
) -> Orbits {
    let zones: Vec<Zone> = zones.lines().filter_map(Zone::read).collect();
    let mut seen = Orbits { enclosed: 0, beside: 0.0 };
    for mask in 1..1usize << M {
        let support: Vec<usize> = (0..M).filter(|sample| mask >> sample & 1 == 1).collect();
        let mut is_enclosed = true;
        for step_size in [step_sizes.low, step_sizes.middle(), step_sizes.high] {
            let Some(q) = fixed_point::<M>(&support, step_size) else {
                return Orbits { beside: f64::INFINITY, ..seen };
            };
            let held = zones.iter().filter(|zone| zone.support == support && zone.holds(&q, step_size));
            is_enclosed &= held.count() == support.len();
            seen.beside = seen.beside.max(distance(&q, &support, step_size, closed_form));
        }
        seen.enclosed += usize::from(is_enclosed);
    }
    seen
}

/// Largest distance of the squares of the closed form's correlations before the cycle from those of the enclosure, `q_j Π_{i<j} u_i^{−2}`.
fn distance<const M: usize>(
    q: &[Interval; M],
    support: &[usize],
    step_size: f64,
    closed_form: fn(usize, f64) -> Vec<f64>,
) -> f64 {
    let mut shrunk = Interval::point(1.0);
    let mut largest = 0.0_f64;
    for (sample, c) in support.iter().zip(closed_form(support.len(), step_size)) {
        let enclosed = q[*sample] * shrunk.recip();
        largest = largest.max(enclosed.low - c * c).max(c * c - enclosed.high);
        shrunk = shrunk * (Interval::point(1.0) - Interval::point(step_size) * q[*sample]).square();
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::cyclic::mixed::mixed_orbit;
    use puremix_proof::certificate;
    use puremix_proof::cycle::PROVED;

    #[test]
    fn a_zone_is_read_off_its_line() {
        let zone = Zone::read("zone 1 01 0.5 -0.25 0.125 0cc").unwrap();
        assert_eq!(
            (zone.sector, zone.support, zone.radius, zone.scales),
            (1, vec![0, 1], 0.5, [-0.25, 0.125])
        );
        assert!(Zone::read("sector 1 +").is_none() && Zone::read("zone 1 01 0.5 -0.25").is_none());
    }

    #[test]
    fn every_orbit_is_enclosed_in_its_zones_and_a_zone_that_is_moved_or_missing_is_noticed() {
        let step_sizes = certificate::step_sizes(37);
        let zones = certificate::zones(2, step_sizes, PROVED).unwrap();
        let seen = orbits::<2>(&zones, step_sizes, mixed_orbit);
        assert!(seen.enclosed == 3 && seen.beside < 30.0 * f64::EPSILON, "{seen:?}");
        // The zones of both samples, each moved beyond its end.
        let beyond = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
            ["zone", sector, "0", radius, _, high, ..] => format!("zone {sector} 0 {radius} {high} 1\n"),
            _ => format!("{line}\n"),
        };
        let moved: String = zones.lines().map(beyond).collect();
        assert_eq!(orbits::<2>(&moved, step_sizes, mixed_orbit).enclosed, 2);
        let fewer: String = zones.lines().skip(1).map(|line| format!("{line}\n")).collect();
        assert_eq!(orbits::<2>(&fewer, step_sizes, mixed_orbit).enclosed, 2);
        let even = |k: usize, _: f64| vec![1.0 / (k as f64).sqrt(); k];
        assert!(orbits::<2>(&zones, step_sizes, even).beside > 1e-3);
    }
}
