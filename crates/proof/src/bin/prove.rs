//! `prove SAMPLES FIRST LAST FILE`: verifies the inequalities for the step sizes between `FIRST/256` and `(LAST + 1)/256`, and writes the certificate to `FILE`.
//!
//! The pieces that `FILE` holds already, each 1/256 long, are kept, and not computed again; one that was interrupted begins again. With two cores a piece of three samples
//! takes 16 seconds near 1/5, half a minute at 1/20 and nine minutes at 1/128, of two samples seconds.

#![forbid(unsafe_code)]

use puremix_proof::certificate::{LAST, finished, leaves, piece};
use puremix_proof::cover::{CONVEX, GROWS, OUTSIDE};
use puremix_proof::cycle::PROVED;
use std::fs;
use std::io::{ErrorKind, Write};
use std::time::Instant;

const USAGE: &str = "usage: prove SAMPLES FIRST LAST FILE, with 2 to 4 samples and 1 <= FIRST <= LAST <= 51: step sizes from FIRST/256 to (LAST + 1)/256. \
                     Pieces of 1/256 that FILE holds are kept; one that was interrupted begins again (three samples: 16 s near 1/5, nine minutes at 1/128, on two cores)";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [samples, first, last, file] = &arguments[..] else { return Err(USAGE.into()) };
    let (samples, first, last): (usize, usize, usize) = (samples.parse()?, first.parse()?, last.parse()?);
    if !(2..=4).contains(&samples) || first < 1 || first > last || last > LAST {
        return Err(USAGE.into());
    }
    let header = format!("samples {samples}\n");
    let old = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        old => old.map_err(|error| format!("{file}: {error}"))?,
    };
    let (kept, pieces) = finished(&old);
    if !old.is_empty() && !old.starts_with(&header) {
        return Err(format!("{file} is no certificate for {samples} samples").into());
    }
    fs::write(file, if kept.is_empty() { &header } else { kept })?;
    let mut out = fs::OpenOptions::new().append(true).open(file)?;
    for index in (first..=last).filter(|index| !pieces.contains(index)) {
        let start = Instant::now();
        let text = piece(samples, index, PROVED)?;
        out.write_all(text.as_bytes())?;
        let [grow, convex, outside] = [GROWS, CONVEX, OUTSIDE].map(|kind| leaves(&text, kind));
        eprintln!(
            "step sizes {index}/256 to {}/256: {grow} boxes grow, {convex} in zones are convex, {outside} lie outside; {:.1} s",
            index + 1,
            start.elapsed().as_secs_f64()
        );
    }
    let kept = (first..=last).filter(|index| pieces.contains(index)).count();
    if kept > 0 {
        println!("kept as they were in the file, and not verified again: {kept} pieces of 1/256");
    }
    println!(
        "verified: {samples} samples, {} pieces between {first}/256 and {}/256",
        last + 1 - first - kept,
        last + 1
    );
    Ok(())
}
