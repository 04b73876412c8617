//! `--from`: training that begins where another run ended, or at given weights.

use std::fs;
use std::path::{Path, PathBuf};

use super::TrainOptions;
use crate::data::Dataset;
use crate::data::file::vectors;
use crate::device::{Compute, to_host};
use crate::error::{Error, Misuse, Result, io_at};
use crate::init::Start;
use crate::model::{AnyAutoencoder, Architecture, Autoencoder, SingleNeuronConfig, flat};
use crate::persist::store::checksum;
use crate::problem::Problem;
use crate::regular;
use crate::text;

/// Models to start from: one for all replicas, or one each.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    models: Vec<AnyAutoencoder>,
    /// First neuron of each, `[n]`.
    neurons: Vec<Vec<f64>>,
    /// Of all parameters, to the bit.
    pub checksum: String,
}

impl Origin {
    /// Reads the end of a run, or a file of weights.
    ///
    /// # Errors
    /// [`Misuse::ImplicitData`](crate::Misuse::ImplicitData); [`Misuse::Length`](crate::Misuse::Length) unless the weights are those of such a model, once or for every replica;
    /// [`Error::Record`]; what files of data can have wrong.
    pub fn read(path: &Path, options: &TrainOptions, problem: &Problem, compute: &Compute) -> Result<Self> {
        problem.dataset().rows()?;
        let file = file_of(path, &options.model)?;
        let models = if file.extension().is_some_and(|extension| extension == "safetensors") {
            let streams = (options.seed, 0);
            let model = options.model.init(problem.activation(), problem.dataset(), 1.0, streams, compute)?;
            drop(regular::open(&file)?);
            vec![model.load(&file)?]
        } else {
            neurons(&file, options, problem, compute)?
        };
        // In the precision of the job, whatever that of the file.
        let models: Vec<_> = models
            .into_iter()
            .map(|model| {
                let parameters = flat::parameters(&model);
                let is_finite = parameters.iter().all(|x| x.is_finite());
                is_finite.then(|| flat::at(model, &parameters, compute)).ok_or_else(|| {
                    Error::Usage(format!("--from {}: a weight is not a finite number", text::path(path)))
                })
            })
            .collect::<Result<_>>()?;
        let dim = problem.dataset().dim();
        let neurons = models.iter().map(|model| to_host(model.neurons())[..dim].to_vec()).collect();
        let checksum = checksum(&models.iter().flat_map(flat::parameters).collect::<Vec<_>>());
        Ok(Self { models, neurons, checksum })
    }

    /// Where a replica begins.
    pub fn model(&self, replica: usize) -> AnyAutoencoder {
        self.models[replica % self.models.len()].clone()
    }

    /// Its first neuron.
    ///
    /// # Errors
    /// None in practice: the data has rows.
    pub fn start(&self, dataset: &Dataset, replica: usize) -> Result<Start> {
        Ok(Start::from_weights(dataset, self.neurons[replica % self.neurons.len()].clone())?)
    }
}

/// The file that a path stands for: of a run, the model if it was written, else the weights of all replicas.
fn file_of(path: &Path, model: &Architecture) -> Result<PathBuf> {
    if !fs::metadata(path).map_err(io_at(path))?.is_dir() {
        return Ok(path.into());
    }
    let [record, weights] = ["model.safetensors", "w.npy"].map(|name| path.join(name));
    match (record.exists(), model.is_neuron()) {
        (true, _) => Ok(record),
        (false, true) => Ok(weights),
        (false, false) => Err(Error::Usage(format!(
            "--from {}: model {model} starts from a model.safetensors, and none is there: a run of several replicas leaves none",
            text::path(path)
        ))),
    }
}

/// Single neurons from the rows of a file.
fn neurons(
    file: &Path,
    options: &TrainOptions,
    problem: &Problem,
    compute: &Compute,
) -> Result<Vec<AnyAutoencoder>> {
    if !options.model.is_neuron() {
        let reason =
            format!("--from {}: model {} starts from a .safetensors file", text::path(file), options.model);
        return Err(Error::Usage(reason));
    }
    let dim = problem.dataset().dim();
    let (values, rows) = vectors(file)?;
    if values.len() != rows * dim {
        return Err(Misuse::Length {
            what: "the weights of --from",
            expected: dim,
            got: values.len() / rows.max(1),
        }
        .into());
    }
    if rows != 1 && rows as u64 != options.replicas {
        return Err(Misuse::Length {
            what: "the weights of --from",
            expected: options.replicas as usize,
            got: rows,
        }
        .into());
    }
    let config = SingleNeuronConfig::new(dim, problem.activation());
    let model = |w: &[f64]| Ok(AnyAutoencoder::Neuron(config.init_at(w, compute)?));
    values.chunks_exact(dim).map(model).collect()
}
