//! Typed errors that carry the offending values. Misuse only: a run that diverges is an outcome, not an error.

/// What a caller can get wrong. The message of each variant is its documentation.
#[allow(missing_docs)]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("batch size must lie in 1..={samples} (the number of samples), got {batch}")]
    BatchSize { batch: usize, samples: usize },

    #[error(
        "full-batch gradient descent uses all {samples} samples: leave the batch out or give {samples}, got {batch}"
    )]
    NotFullBatch { batch: usize, samples: usize },

    #[error("a cycle must visit each of the {samples} samples exactly once: {reason}")]
    Cycle { samples: usize, reason: String },

    #[error("sampling weights: {reason}")]
    SamplingWeights { reason: String },

    #[error("{samples} orthonormal rows do not fit into {dim} dimensions: samples must not exceed dim")]
    TooManySamples { samples: usize, dim: usize },

    #[error(
        "the {engine} engine steps a single neuron with φ φ' = φ (linear, relu) by formula, not {what}: use --engine autodiff"
    )]
    NoFormula { engine: &'static str, what: String },

    #[error("{what} must be at least 1, got {got}")]
    Empty { what: &'static str, got: usize },

    #[error("{what} would take {rows} x {columns} numbers, more than the {max} this program asks for")]
    TooLarge { what: &'static str, rows: usize, columns: usize, max: usize },

    #[error("{sum} = {operations:.1e} operations, more than the {max:e} this program takes on")]
    TooMuchWork { sum: String, operations: f64, max: f64 },

    #[error("{what} must be at most {max}, got {got}")]
    TooMany { what: &'static str, got: u64, max: u64 },

    #[error("{what} must lie in {range}, got {got:?}")]
    OutOfRange { what: &'static str, range: &'static str, got: f64 },

    #[error("the step size must be positive and finite, got {0:?}")]
    StepSize(f64),

    #[error("the initial norm must be positive and finite (1e-150 to 1e150), got {0:?}")]
    InitNorm(f64),

    #[error("replicas of one stack have one reduction, update rule and noise")]
    UnlikeMembers,

    #[error("{what} has {got} entries, expected {expected}")]
    Length { what: &'static str, expected: usize, got: usize },

    #[error(
        "rows {first} and {second} have inner product {inner:.4e}, but orthonormal data needs {expected} (within {tolerance:.1e}; rows kept in single precision must be orthonormalised again in double)"
    )]
    NotOrthonormal { first: usize, second: usize, inner: f64, expected: f64, tolerance: f64 },

    #[error("row {row}, column {column} of the data is {value}, not a finite number")]
    NotFinite { row: usize, column: usize, value: f64 },

    #[error(
        "{samples} unit vectors cannot all have inner product {rho:?} with each other: it must lie in [{min}, 1]"
    )]
    Correlation { rho: f64, samples: usize, min: f64 },

    #[error(
        "the coherence of this draw of {samples} unit vectors in {dim} dimensions must lie in [{min}, 1), got {mu:?}"
    )]
    Coherence { mu: f64, samples: usize, dim: usize, min: f64 },

    #[error("the number of nonzeros must lie in 1..={atoms} (the number of atoms), got {nonzeros}")]
    Nonzeros { nonzeros: usize, atoms: usize },

    #[error("the noise level must be non-negative and finite, got {0:?}")]
    NoiseLevel(f64),

    #[error("row {row} of the data{less} is zero: it cannot be brought to norm {end}")]
    ZeroRow { row: usize, less: &'static str, end: f64 },

    #[error(
        "this needs the data matrix itself, but {samples} x {dim} orthonormal rows were left implicit (only the reduced engine runs on them)"
    )]
    ImplicitData { samples: usize, dim: usize },

    #[error("{samples} orthonormal rows span R^{samples}: the residual must be 0")]
    NoResidual { samples: usize },

    #[error("a single sample has no coherence: give at least 2 samples")]
    SingleSample,

    #[error("no number of steps follows from theory: {0}")]
    NoBudget(String),
}

/// Result with this crate's [`enum@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
