//! What each neuron of a model has learned, as a table: one row a neuron and observation.

use std::sync::OnceLock;

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

use super::dictionary::{Matching, Pair};
use super::{alignment, dictionary, sparsity, subspace};
use crate::data::Dataset;
use crate::engine::Engine;
use crate::model::Activation;
use crate::state::Neuron;
use crate::table::Row;
use crate::train::{Cadence, Observer};
use crate::vectors;

/// One neuron at one step. Sparsity is that of its correlations `c_i = ⟨w, x_i⟩`: over orthonormal data a pure datapoint
/// is as sparse as can be, over data with Gram matrix `K` its correlations are `K e_i`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeuronRow {
    /// Steps taken.
    pub step: u64,
    /// Index of the neuron.
    pub neuron: usize,
    /// `‖w‖`.
    pub norm: f64,
    /// `max_i cos(w, x_i)`; absolute values for the linear model ([`alignment::best_match`]).
    pub max_cos: f64,
    /// Sample at which it is attained.
    pub argmax: usize,
    /// `max_j |cos(w, d_j)|` over the atoms of the data's dictionary, if it has one.
    pub max_cos_atom: Option<f64>,
    /// Atom at which it is attained.
    pub atom: Option<usize>,
    /// Participation ratio of the correlations, 0 to m.
    pub participation_ratio: f64,
    /// [`sparsity::hoyer`] of the correlations, 0 (even) to 1 (one sample).
    pub hoyer: f64,
    /// [`sparsity::effective_support`] of the correlations, 0 to m.
    pub effective_support: f64,
    /// `cos(w, w_0)` with the neuron's own initial point.
    pub cos_init: f64,
    /// Whether the neuron is dead: it is 0, or, with ReLU, no sample has a positive correlation. Exact for models without
    /// bias.
    pub dead: bool,
    /// Atom that the neuron is matched to, one to one ([`Matching`]), if the data has a dictionary and it is not left over.
    pub matched_atom: Option<usize>,
    /// `|cos|` with that atom.
    pub matched_cos: Option<f64>,
    /// Principal angle, in radians, between the span of all neurons and as many leading principal components of the data: the
    /// smallest in the row of neuron 0, and so on. Of data that has such, and neurons that are independent.
    pub pca_angle: Option<f64>,
}

impl Row for NeuronRow {
    const TABLE: &'static str = "neurons";
}

/// What measuring needs to know besides the neurons.
#[derive(Clone, Debug)]
pub struct NeuronGauge {
    dataset: Dataset,
    activation: Activation,
    init_norms: Vec<f64>,
    /// As many principal components as neurons, once they are asked for; `None` where they are not determined.
    components: OnceLock<Option<DMatrix<f64>>>,
}

impl NeuronGauge {
    /// Measures relative to initial points of the given norms, one a neuron.
    pub fn new(dataset: &Dataset, activation: Activation, init_norms: Vec<f64>) -> Self {
        Self { dataset: dataset.clone(), activation, init_norms, components: OnceLock::new() }
    }

    /// A row a neuron; `weights`, `[k, n]`, are needed for atoms and principal angles alone.
    pub fn read(&self, step: u64, neurons: &[Neuron], weights: Option<&[f64]>) -> Vec<NeuronRow> {
        let row = |(index, neuron)| {
            let w = weights.map(|weights| &weights[index * self.dataset.dim()..][..self.dataset.dim()]);
            self.row(step, index, neuron, w)
        };
        let mut rows: Vec<NeuronRow> = neurons.iter().enumerate().map(row).collect();
        let Some(weights) = weights else { return rows };
        if let Some(dictionary) = self.dataset.dictionary() {
            for Pair { neuron, atom, cosine } in Matching::new(weights, dictionary).pairs {
                (rows[neuron].matched_atom, rows[neuron].matched_cos) = (Some(atom), Some(cosine.abs()));
            }
        }
        rows.iter_mut().zip(self.angles(weights)).for_each(|(row, angle)| row.pca_angle = Some(angle));
        rows
    }

    /// Principal angles, as many as neurons, or none.
    fn angles(&self, weights: &[f64]) -> Vec<f64> {
        if self.dataset.is_orthonormal() || weights.iter().any(|w| !w.is_finite()) {
            return Vec::new();
        }
        let Ok(span) = subspace::span(weights, self.dataset.dim()) else { return Vec::new() };
        let neurons = self.init_norms.len();
        let found = || subspace::principal_components(&self.dataset, neurons).ok().flatten();
        match self.components.get_or_init(found) {
            Some(components) if span.ncols() == neurons => subspace::principal_angles(&span, components),
            _ => Vec::new(),
        }
    }

    fn row(&self, step: u64, index: usize, neuron: &Neuron, w: Option<&[f64]>) -> NeuronRow {
        let best = alignment::best_match(neuron, &self.dataset, self.activation);
        let atom = self.dataset.dictionary().zip(w).and_then(|(dictionary, w)| {
            let cosines: Vec<f64> = dictionary::cosines(w, dictionary).into_iter().map(f64::abs).collect();
            vectors::arg_max(cosines.iter().copied()).map(|atom| (atom, cosines[atom]))
        });
        let c = &neuron.correlations;
        NeuronRow {
            step,
            neuron: index,
            norm: neuron.norm_sq.sqrt(),
            max_cos: best.cosine,
            argmax: best.index,
            max_cos_atom: atom.map(|(_, cosine)| cosine),
            atom: atom.map(|(atom, _)| atom),
            participation_ratio: sparsity::participation_ratio(neuron),
            hoyer: sparsity::hoyer(c),
            effective_support: sparsity::effective_support(c),
            cos_init: alignment::cos_init(neuron, self.init_norms[index].powi(2)),
            dead: neuron.norm_sq == 0.0 || self.activation == Activation::Relu && neuron.is_silent(),
            matched_atom: None,
            matched_cos: None,
            pca_angle: None,
        }
    }
}

/// Records all neurons of one replica.
#[derive(Debug)]
pub struct NeuronTable {
    gauge: NeuronGauge,
    cadence: Cadence,
    replica: usize,
    /// The rows so far.
    pub rows: Vec<NeuronRow>,
}

impl NeuronTable {
    /// A recorder of `replica` of an engine that has taken no step yet: where its neurons are now, they started.
    pub fn new(
        engine: &dyn Engine,
        dataset: &Dataset,
        activation: Activation,
        cadence: Cadence,
        replica: usize,
    ) -> Self {
        let init_norms = engine.neurons(replica).iter().map(|neuron| neuron.norm_sq.sqrt()).collect();
        let gauge = NeuronGauge::new(dataset, activation, init_norms);
        Self { gauge, cadence, replica, rows: Vec::new() }
    }
}

impl Observer for NeuronTable {
    fn cadence(&self) -> Cadence {
        self.cadence
    }

    fn observe(&mut self, step: u64, engine: &dyn Engine) {
        let (neurons, weights) = (engine.neurons(self.replica), engine.weights(self.replica).ok());
        self.rows.extend(self.gauge.read(step, &neurons, weights.as_deref()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Dictionary, SparseCode};

    #[test]
    fn rows_are_closed_forms_at_known_neurons() {
        let dictionary = Dictionary::orthonormal(4, 6, 9).unwrap();
        let code = SparseCode { nonzeros: 1, noise: 0.0 };
        let data = Dataset::sparse_coded(&dictionary, code, 12, 9).unwrap();
        let atoms: Vec<&[f64]> = dictionary.atoms().collect();
        let start: Vec<f64> = atoms[0].iter().zip(atoms[2]).map(|(a, b)| 0.3 * a + 0.4 * b).collect();
        let mixed: Vec<f64> = atoms[2].iter().map(|a| -1.5 * a).collect();
        let weights = [mixed.clone(), vec![0.0; 6]].concat();
        let neurons: Vec<Neuron> =
            weights.chunks(6).map(|w| Neuron::observe(&data, w, &start).unwrap()).collect();
        for activation in Activation::PAPER {
            let gauge = NeuronGauge::new(&data, activation, vec![0.5; 2]);
            let rows = gauge.read(17, &neurons, Some(&weights));
            let [row, zero] = rows.as_slice() else { panic!("two neurons, two rows") };
            assert_eq!((row.step, row.neuron, row.atom, row.dead), (17, 0, Some(2), false));
            assert!((row.norm - 1.5).abs() < 1e-14 && (row.max_cos_atom.unwrap() - 1.0).abs() < 1e-14);
            // cos(−d_2, 0.3 d_0 + 0.4 d_2) = −0.8.
            assert!((row.cos_init + 0.8).abs() < 1e-14, "{}", row.cos_init);
            // Samples are ± atoms; those of atom 2 carry all the energy, evenly.
            let hits = data.correlations(atoms[2]).unwrap().iter().filter(|c| c.abs() > 0.5).count() as f64;
            assert!(
                (row.participation_ratio - hits).abs() < 1e-12
                    && (row.effective_support - hits).abs() < 1e-12
            );
            assert!((row.hoyer - (12f64.sqrt() - hits.sqrt()) / (12f64.sqrt() - 1.0)).abs() < 1e-12);
            assert!(row.matched_atom == Some(2) && (row.matched_cos.unwrap() - 1.0).abs() < 1e-14);
            assert!(zero.matched_cos == Some(0.0) && zero.matched_atom != Some(2) && row.pca_angle.is_none());
            assert!(zero.dead && zero.cos_init == 0.0 && zero.max_cos == 0.0 && zero.hoyer == 0.0);
        }
        // Second moments 3, 4/3, 1/3 along the first axes: neurons half in the span of the first two, half out of it.
        let axes = [[3.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]].concat();
        let data = Dataset::from_rows(axes, 3, 4).unwrap();
        let weights = [0.0, -0.7, 0.0, 0.0, 0.5 * 0.3f64.cos(), 0.2, 0.0, 0.5 * 0.3f64.sin()];
        let neurons: Vec<Neuron> =
            weights.chunks(4).map(|w| Neuron::observe(&data, w, &[1.0; 4]).unwrap()).collect();
        let rows = NeuronGauge::new(&data, Activation::Relu, vec![2.0; 2]).read(3, &neurons, Some(&weights));
        let angles: Vec<f64> = rows.iter().map(|row| row.pca_angle.unwrap()).collect();
        assert!(angles[0].abs() < 1e-12 && (angles[1] - 0.3).abs() < 1e-12, "{angles:?}");
        assert!(rows.iter().all(|row| row.matched_atom.is_none() && row.matched_cos.is_none()));
        // A neuron that no sample activates is dead under ReLU alone.
        let basis = Dataset::standard_basis(2, 3).unwrap();
        let silent = [Neuron::observe(&basis, &[-0.3, 0.0, 0.9], &[0.0, 0.0, 1.0]).unwrap()];
        for (activation, dead) in [(Activation::Relu, true), (Activation::Linear, false)] {
            let row = NeuronGauge::new(&basis, activation, vec![1.0]).read(0, &silent, None)[0];
            assert_eq!((row.dead, row.atom, row.max_cos_atom), (dead, None, None));
        }
    }
}
