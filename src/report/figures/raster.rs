//! Figures as pixels. The backend draws rotated text without smoothing, so a figure is drawn twice as large and averaged.

use std::io::Cursor;

use kuva::render::render::Scene;
use png::{BitDepth, ColorType, Decoder, Encoder};

/// Pixels of the result to a unit of the figure.
const SCALE: f32 = 2.0;
/// Pixels that are averaged to one, in either direction.
const OVERSAMPLED: usize = 2;

/// The scene as a PNG.
///
/// # Errors
/// A message of the rasteriser or of the codec.
pub(super) fn png(scene: &Scene) -> Result<Vec<u8>, String> {
    let scale = SCALE * OVERSAMPLED as f32;
    let large = kuva::RasterBackend::new().with_scale(scale).render_scene(scene)?;
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
    use super::averaged;

    #[test]
    fn squares_of_pixels_become_their_mean_and_the_rest_is_cut_off() {
        // 5 × 3 pixels of two channels: one row of two squares, and an edge to the right and below.
        let mut pixels: Vec<u8> = (0..15).flat_map(|k| [k, 100 + k]).collect();
        pixels[28] = 255;
        let (mean, size) = averaged(&pixels, [5, 3], 2);
        assert_eq!((mean, size), (vec![3, 103, 5, 105], [2, 1]));
    }
}
