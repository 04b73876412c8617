//! Where data comes from, in one word: `train --data SOURCE`.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::{Dataset, Dictionary, FromFile, SparseCode, digits};
use crate::error::Result;
use crate::text;

/// A generator with its parameters, data of this crate, or a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// `orthonormal`: Haar-random rows.
    Orthonormal,
    /// `equicorrelated:RHO`: [`Dataset::equicorrelated`].
    Equicorrelated(f64),
    /// `coherent:MU`: [`Dataset::coherent`].
    Coherent(f64),
    /// `sparse:ATOMS,NONZEROS[,NOISE]`: [`Dataset::sparse_coded`], over orthonormal atoms if they fit (`q ≤ n`), over
    /// uniform ones otherwise.
    Sparse {
        /// Number of atoms `q`.
        atoms: usize,
        /// Code.
        code: SparseCode,
    },
    /// `digits`: [`digits()`](digits::digits).
    Digits,
    /// A file: [`FromFile::from_file`].
    File(PathBuf),
}

impl Source {
    /// What is read: generators, data of this crate, a file.
    pub const GRAMMAR: &str = "orthonormal, equicorrelated:RHO, coherent:MU, sparse:ATOMS,NONZEROS[,NOISE], digits (8x8, handwritten), or a file";

    /// A small one of each, but for files: what tests of all sources go through.
    pub const EXAMPLES: [&str; 5] =
        ["orthonormal", "equicorrelated:0.2", "coherent:0.4", "sparse:40,2,0.1", "digits"];

    /// As it is read back, from a configuration for instance; messages show the [`Display`](fmt::Display) of it, which is safe on a terminal.
    pub fn name(&self) -> String {
        match self {
            Source::File(path) => text::name(path),
            source => source.to_string(),
        }
    }

    /// Whether it makes samples in any number and dimension.
    pub fn is_generator(&self) -> bool {
        !matches!(self, Source::Digits | Source::File(_))
    }

    /// The data; number of samples, dimension and seed are those of generators.
    ///
    /// # Errors
    /// Those of the generator or file.
    pub fn load(&self, samples: usize, dim: usize, seed: u64) -> Result<Dataset> {
        Ok(match self {
            Source::Orthonormal => Dataset::orthonormal(samples, dim, seed)?,
            Source::Equicorrelated(rho) => Dataset::equicorrelated(samples, dim, *rho, seed)?,
            Source::Coherent(mu) => Dataset::coherent(samples, dim, *mu, seed)?,
            Source::Sparse { atoms, code } => {
                let fits = *atoms <= dim;
                let draw = if fits { Dictionary::orthonormal } else { Dictionary::uniform };
                Dataset::sparse_coded(&draw(*atoms, dim, seed)?, *code, samples, seed)?
            }
            Source::Digits => digits::digits().images,
            Source::File(path) => Dataset::from_file(path)?,
        })
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |what: &str, text: &str| {
            text.parse::<f64>().map_err(|_| format!("{what} `{text}` is not a number"))
        };
        let count = |what: &str, text: &str| {
            text.parse::<usize>().map_err(|_| format!("{what} `{text}` is not a whole number"))
        };
        Ok(match text.split_once(':') {
            None if text == "orthonormal" => Source::Orthonormal,
            None if text == "digits" => Source::Digits,
            Some(("equicorrelated", rho)) => Source::Equicorrelated(number("the correlation", rho)?),
            Some(("coherent", mu)) => Source::Coherent(number("the coherence", mu)?),
            Some(("sparse", parameters)) => {
                let parameters: Vec<&str> = parameters.split(',').collect();
                let (atoms, nonzeros, noise) = match parameters.as_slice() {
                    [atoms, nonzeros] => (atoms, nonzeros, "0"),
                    [atoms, nonzeros, noise] => (atoms, nonzeros, *noise),
                    _ => return Err("expected sparse:ATOMS,NONZEROS[,NOISE]".into()),
                };
                let nonzeros = count("the number of nonzeros", nonzeros)?;
                let code = SparseCode { nonzeros, noise: number("the noise level", noise)? };
                Source::Sparse { atoms: count("the number of atoms", atoms)?, code }
            }
            None if Self::GRAMMAR
                .split(", ")
                .any(|form| form.split_once(':').is_some_and(|(name, _)| name == text)) =>
            {
                return Err(format!("`{text}` needs parameters: {}", Self::GRAMMAR));
            }
            _ => Source::File(text.into()),
        })
    }
}

/// A name that is not UTF-8 is that of a file, and keeps its bytes.
impl TryFrom<OsString> for Source {
    type Error = String;

    fn try_from(text: OsString) -> Result<Self, String> {
        text.to_str().map_or_else(|| Ok(Source::File(text.clone().into())), Self::from_str)
    }
}

/// As it is read; control characters and bytes that are not UTF-8 in the name of a file are escaped.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Source::Orthonormal => f.write_str("orthonormal"),
            Source::Equicorrelated(rho) => write!(f, "equicorrelated:{rho}"),
            Source::Coherent(mu) => write!(f, "coherent:{mu}"),
            Source::Sparse { atoms, code: SparseCode { nonzeros, noise } } => {
                write!(f, "sparse:{atoms},{nonzeros},{noise}")
            }
            Source::Digits => f.write_str("digits"),
            Source::File(path) => write!(f, "{}", text::path(path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_back() {
        for text in [
            "orthonormal",
            "digits",
            "equicorrelated:-0.05",
            "coherent:0.3",
            "sparse:20,3,0.1",
            "x.npy",
            "C:\\x.csv",
        ] {
            assert_eq!(Source::from_str(text).unwrap().to_string(), text);
        }
        assert_eq!(Source::from_str("sparse:20,3").unwrap().to_string(), "sparse:20,3,0");
        assert_eq!(Source::from_str("./digits").unwrap(), Source::File("./digits".into()));
    }

    #[test]
    #[cfg(unix)]
    fn names_keep_their_bytes() {
        use std::os::unix::ffi::{OsStrExt, OsStringExt};
        let source = |bytes: &[u8]| Source::try_from(OsString::from_vec(bytes.to_vec())).unwrap();
        let names = [&b"\xff.npy"[..], b"\xfe.npy", "\u{fffd}.npy".as_bytes()];
        for name in names {
            let Source::File(path) = source(name) else { panic!("a file") };
            assert_eq!(path.as_os_str().as_bytes(), name);
        }
        assert_eq!(source(names[0]).to_string(), r"\xff.npy");
        assert_eq!(source(b"a\x1b[2J.csv").to_string(), r"a\u{1b}[2J.csv");
        assert_eq!(source(b"digits"), Source::Digits);
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        for (text, needle) in [
            ("equicorrelated:x", "the correlation `x` is not a number"),
            ("sparse:20", "expected sparse:ATOMS,NONZEROS[,NOISE]"),
            ("sparse:20,2.5", "the number of nonzeros `2.5` is not a whole number"),
            ("coherent", "`coherent` needs parameters"),
        ] {
            let message = Source::from_str(text).unwrap_err();
            assert!(message.contains(needle), "{message}");
        }
    }
}
