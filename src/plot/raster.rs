//! Figures as pixels. The backend draws rotated text without smoothing, so a figure is drawn twice as large and averaged. It begins
//! the pattern of a dashed line afresh at every point of the line, so dashes are cut here.

use std::io::Cursor;

use kuva::render::render::{Primitive, Scene};
use png::{BitDepth, ColorType, Decoder, Encoder};

/// Pixels of the result to a unit of the figure.
const SCALE: f32 = 2.0;
/// Pixels that are averaged to one, in either direction.
const OVERSAMPLED: usize = 2;

/// The scene as a PNG.
///
/// # Errors
/// A message of the rasteriser or of the codec.
pub(super) fn png(mut scene: Scene) -> Result<Vec<u8>, String> {
    scene.elements = scene.elements.into_iter().flat_map(dashes).collect();
    let scale = SCALE * OVERSAMPLED as f32;
    let large = kuva::RasterBackend::new().with_scale(scale).render_scene(&scene)?;
    let mut reader = Decoder::new(Cursor::new(large)).read_info().map_err(|e| e.to_string())?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("an image of no size")?];
    let info = reader.next_frame(&mut pixels).map_err(|e| e.to_string())?;
    let channels = info.color_type.samples();
    if info.bit_depth != BitDepth::Eight || !matches!(info.color_type, ColorType::Rgb | ColorType::Rgba) {
        return Err("the rasteriser made no image of eight bits a channel".into());
    }
    let size = [info.width, info.height].map(|length| length as usize);
    let (averaged, [width, height]) = averaged(&pixels, size, channels);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(info.color_type);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&averaged));
    written.map_err(|e| e.to_string())?;
    Ok(bytes)
}

/// A dashed line as its dashes; everything else as it is.
fn dashes(element: Primitive) -> Vec<Primitive> {
    let (points, stroke, stroke_width, pattern) = match element {
        Primitive::Line { x1, y1, x2, y2, stroke, stroke_width, stroke_dasharray: Some(pattern) } => {
            (vec![(x1, y1), (x2, y2)], stroke, stroke_width, pattern)
        }
        Primitive::PolyLine { points, stroke, stroke_width, stroke_dasharray: Some(pattern) } => {
            (points, stroke, stroke_width, pattern)
        }
        other => return vec![other],
    };
    let lengths: Vec<f64> = pattern.split([' ', ',']).filter_map(|length| length.parse().ok()).collect();
    let line =
        |points| Primitive::PolyLine { points, stroke: stroke.clone(), stroke_width, stroke_dasharray: None };
    cut(&points, &lengths).into_iter().map(line).collect()
}

/// The dashes of a line through `points`: `pattern` has the lengths of dashes and gaps in turn, along the whole line.
fn cut(points: &[(f64, f64)], pattern: &[f64]) -> Vec<Vec<(f64, f64)>> {
    if !pattern.iter().all(|&length| length > 0.0) || pattern.is_empty() {
        return vec![points.to_vec()];
    }
    let mut dashes: Vec<Vec<(f64, f64)>> = points.first().map(|&first| vec![first]).into_iter().collect();
    let (mut turn, mut left) = (0, pattern[0]);
    for (from, to) in points.iter().zip(points.iter().skip(1)) {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let mut walked = 0.0;
        while length - walked > left {
            walked += left;
            let share = walked / length;
            let at = (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1));
            if turn % 2 == 0 {
                dashes.last_mut().expect("one was begun").push(at);
            } else {
                dashes.push(vec![at]);
            }
            turn += 1;
            left = pattern[turn % pattern.len()];
        }
        left -= length - walked;
        if turn % 2 == 0 {
            dashes.last_mut().expect("one was begun").push(*to);
        }
    }
    dashes
}

/// Means over squares of pixels, row by row; what is left over at the far edges is cut off.
fn averaged(pixels: &[u8], [width, height]: [usize; 2], channels: usize) -> (Vec<u8>, [usize; 2]) {
    let size = [width, height].map(|length| length / OVERSAMPLED);
    let mut averaged = Vec::with_capacity(size[0] * size[1] * channels);
    for (y, x) in (0..size[1]).flat_map(|y| (0..size[0]).map(move |x| (y, x))) {
        for channel in 0..channels {
            let square = (0..OVERSAMPLED).flat_map(|dy| (0..OVERSAMPLED).map(move |dx| (dy, dx)));
            let at = |(dy, dx)| ((OVERSAMPLED * y + dy) * width + OVERSAMPLED * x + dx) * channels + channel;
            let sum: usize = square.map(|offset| usize::from(pixels[at(offset)])).sum();
            averaged.push((sum / OVERSAMPLED.pow(2)) as u8);
        }
    }
    (averaged, size)
}

#[cfg(test)]
mod tests {
    use super::{averaged, cut};

    #[test]
    fn dashes_go_on_around_corners_and_through_points() {
        // Five to the right and four up, in steps of one half: a dash of 3, a gap of 1, and so on.
        let right = (0..=10).map(|k| (0.5 * f64::from(k), 0.0));
        let up = (1..=8).map(|k| (5.0, 0.5 * f64::from(k)));
        let dashes = cut(&right.chain(up).collect::<Vec<_>>(), &[3.0, 1.0]);
        let ends: Vec<_> = dashes.iter().map(|dash| (dash[0], dash[dash.len() - 1])).collect();
        assert_eq!(ends, [((0.0, 0.0), (3.0, 0.0)), ((4.0, 0.0), (5.0, 2.0)), ((5.0, 3.0), (5.0, 4.0))]);
        assert!(dashes[1].contains(&(5.0, 0.0)), "the corner belongs to its dash");
        assert_eq!(cut(&[(0.0, 0.0), (9.0, 0.0)], &[0.0, 4.0]).len(), 1);
        assert!(cut(&[], &[3.0, 1.0]).is_empty());
    }

    #[test]
    fn squares_of_pixels_become_their_mean_and_the_rest_is_cut_off() {
        // 5 × 3 pixels of two channels: one row of two squares, and an edge to the right and below.
        let mut pixels: Vec<u8> = (0..15).flat_map(|k| [k, 100 + k]).collect();
        pixels[28] = 255;
        let (mean, size) = averaged(&pixels, [5, 3], 2);
        assert_eq!((mean, size), (vec![3, 103, 5, 105], [2, 1]));
    }
}
