//! Cuts off what lies far outside of a panel: its picture is the same, and the backend is spared lengths that it would cut
//! into dashes without end.

use super::drawing::{Axis, Marks, Series};

/// The parts of series that are within [reach](Axis::reach) of both axes; to the bit what they were if all is.
pub(super) fn series(series: Vec<Series>, x: &Axis, y: &Axis) -> Vec<Series> {
    let window = Window { x, y, across: x.reach(), up: y.reach() };
    series.into_iter().flat_map(|series| window.cut(series)).collect()
}

struct Window<'a> {
    x: &'a Axis,
    y: &'a Axis,
    across: (f64, f64),
    up: (f64, f64),
}

/// Places on both axes.
type Place = (f64, f64);

impl Window<'_> {
    fn cut(&self, series: Series) -> Vec<Series> {
        let Series { name, colour, marks } = series;
        match marks {
            Marks::Points(mut points, shape) => {
                points.retain(|point| self.holds(self.place((point.x, point.y))));
                vec![Series { name, colour, marks: Marks::Points(points, shape) }]
            }
            Marks::Line(points, stroke) => {
                let pieces = self
                    .pieces(points)
                    .into_iter()
                    .zip([name].into_iter().chain(std::iter::repeat(String::new())));
                pieces
                    .map(|(piece, name)| Series { name, colour, marks: Marks::Line(piece, stroke) })
                    .collect()
            }
            heat @ Marks::Heat(..) => vec![Series { name, colour, marks: heat }],
        }
    }

    fn place(&self, (x, y): (f64, f64)) -> Place {
        (self.x.place(x), self.y.place(y))
    }

    fn holds(&self, (x, y): Place) -> bool {
        let inside = |(low, high): (f64, f64), at: f64| low <= at && at <= high;
        inside(self.across, x) && inside(self.up, y)
    }

    /// The pieces of a curve that are left of it.
    fn pieces(&self, points: Vec<(f64, f64)>) -> Vec<Vec<(f64, f64)>> {
        if points.iter().all(|&point| self.holds(self.place(point))) {
            return vec![points];
        }
        let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
        for pair in points.windows(2) {
            let Some([from, to]) = self.segment([pair[0], pair[1]]) else { continue };
            match pieces.last_mut() {
                Some(piece) if piece.last() == Some(&from) => piece.push(to),
                _ => pieces.push(vec![from, to]),
            }
        }
        pieces
    }

    /// The part of a segment that is left of it (Liang and Barsky, 1984).
    fn segment(&self, ends: [(f64, f64); 2]) -> Option<[(f64, f64); 2]> {
        let [from, to] = ends.map(|end| self.place(end));
        let (mut first, mut last) = (0.0f64, 1.0f64);
        for (start, end, (low, high)) in [(from.0, to.0, self.across), (from.1, to.1, self.up)] {
            let step = end - start;
            if step == 0.0 {
                if start < low || start > high {
                    return None;
                }
                continue;
            }
            let (a, b) = ((low - start) / step, (high - start) / step);
            (first, last) = (first.max(a.min(b)), last.min(a.max(b)));
        }
        let at = |share: f64| {
            let between = |start: f64, end: f64| start + share * (end - start);
            (self.x.at(between(from.0, to.0)), self.y.at(between(from.1, to.1)))
        };
        (first < last).then(|| {
            [if first > 0.0 { at(first) } else { ends[0] }, if last < 1.0 { at(last) } else { ends[1] }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::drawing::{Colour, Panel, Point, Shape, Stroke};
    use super::*;

    fn curves(x: Axis, y: Axis, points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        let line = Series::line("a", Colour::Text, Stroke::Dashed, points.to_vec());
        let kept = Panel::new("", x, y, vec![line]).series;
        let curve = |series: Series| match series.marks {
            Marks::Line(points, _) => points,
            Marks::Points(..) | Marks::Heat(..) => unreachable!("a curve was drawn"),
        };
        kept.into_iter().map(curve).collect()
    }

    fn unit(label: &str) -> Axis {
        Axis::linear(label).from_to(0.0, 1.0)
    }

    #[test]
    fn what_is_within_reach_stays_to_the_bit() {
        let points = [(0.1, 0.3), (0.7, 9.7), (-9.0, 0.1)];
        assert_eq!(curves(unit("x"), unit("y"), &points), [points]);
    }

    #[test]
    fn what_is_far_outside_is_cut_where_it_leaves() {
        // Reach: from −10 to 11. The first segment leaves through the top at a quarter of its way.
        let cut = curves(unit("x"), unit("y"), &[(0.5, 1.0), (0.5, 41.0), (0.5, 1e90)]);
        assert_eq!(cut, [[(0.5, 1.0), (0.5, 11.0)]]);
        // A curve that comes back is two pieces; one that passes by is none.
        let cut = curves(unit("x"), unit("y"), &[(0.0, 0.0), (0.0, 1e9), (1.0, 1e9), (1.0, 0.0)]);
        assert_eq!(cut, [[(0.0, 0.0), (0.0, 11.0)], [(1.0, 11.0), (1.0, 0.0)]]);
        assert!(curves(unit("x"), unit("y"), &[(20.0, -50.0), (20.0, 50.0)]).is_empty());
    }

    #[test]
    fn logarithmic_axes_are_cut_in_decades() {
        let y = Axis::log("y").from_to(1e-2, 1.0);
        let cut = curves(unit("x"), y, &[(0.0, 1.0), (1.0, 1e-44)]);
        // Two decades long, twenty beyond: 22 of 44 decades are half of the way.
        assert_eq!((cut[0][1].0, cut[0][1].1.log10().round()), (0.5, -22.0));
    }

    #[test]
    fn extremes_have_no_place_and_points_outside_are_dropped() {
        for y in [1e300, f64::MAX, f64::INFINITY, f64::NAN, -1e101] {
            assert_eq!(curves(unit("x"), unit("y"), &[(0.0, 0.5), (1.0, y)]), [[(0.0, 0.5)]]);
        }
        let points = [0.5, 1e99, -1e99].map(|y| Point::exact(0.5, y)).to_vec();
        let points = Series::points("", Colour::Text, Shape::Disc, points);
        assert_eq!(Panel::new("", unit("x"), unit("y"), vec![points]).series[0].len(), 1);
        // On a logarithmic axis 1e-300 is left out, and the axis fits the rest.
        let panel = Panel::new(
            "",
            unit("x"),
            Axis::log("y"),
            vec![Series::line("", Colour::Text, Stroke::Thin, vec![(0.0, 1e-300), (1.0, 1.0)])],
        );
        assert!(panel.y.range.0 > 0.3 && panel.y.range.1 < 3.5, "{:?}", panel.y.range);
    }
}
