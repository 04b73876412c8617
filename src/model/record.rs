//! Models on disk, as safetensors.

use std::path::Path;

use burn::store::burn_pack::Tensor as Stored;
use burn::store::{ApplyError, ModuleAdapter, ModuleContext, ModuleSnapshot, SafetensorsStore, bridge};
use burn::tensor::{Shape, TensorData};
use itertools::Itertools;

use super::{Autoencoder, flat};
use crate::error::{Error, Result};

/// See [`Autoencoder::to_safetensors`].
pub(super) fn bytes<M: Autoencoder>(model: &M) -> Result<Vec<u8>> {
    // Of several keys the header would take any order: the same weights, the same bytes.
    let store = SafetensorsStore::from_bytes(None).skip_enum_variants(true);
    let mut store = store.clear_metadata().metadata("format", "safetensors");
    if flat::replicas(model) == 1 {
        store = store.with_to_adapter(Replica::Left);
    }
    let refuse = |reason: String| Error::Usage(format!("the model cannot be encoded: {reason}"));
    model.save_into(&mut store).map_err(|e| refuse(e.to_string()))?;
    store.get_bytes().map_err(|e| refuse(e.to_string()))
}

/// See [`Autoencoder::load`].
pub(super) fn load<M: Autoencoder>(mut model: M, path: &Path) -> Result<M> {
    let refuse = |reason: String| Error::Record { path: path.into(), reason };
    // What does not fit is said below, in words.
    let store = SafetensorsStore::from_file(path).skip_enum_variants(true);
    let mut store = store.allow_partial(true).validate(false);
    if flat::replicas(&model) == 1 {
        store = store.with_from_adapter(Replica::Entered);
    }
    let result = model.load_from(&mut store).map_err(|e| refuse(e.to_string()))?;
    let misfit = |error: &ApplyError| match error {
        ApplyError::ShapeMismatch { path, expected, found } => {
            let [expected, found] = [expected, found].map(|shape| shape.iter().skip(1).join(" x "));
            format!("its {path} is {found}, where the model has {expected}")
        }
        other => other.to_string(),
    };
    let mut misfits: Vec<String> = result.errors.iter().map(misfit).collect();
    if !result.missing.is_empty() {
        misfits.push(format!("it has no {}", result.missing.iter().map(|(path, _)| path).join(", ")));
    }
    if !result.unused.is_empty() {
        misfits.push(format!("the model has no {}", result.unused.join(", ")));
    }
    if misfits.is_empty() { Ok(model) } else { Err(refuse(misfits.join("; "))) }
}

/// What becomes of the dimension of the one replica: left out of a file, and entered again.
#[derive(Clone, Copy)]
enum Replica {
    Left,
    Entered,
}

impl ModuleAdapter for Replica {
    fn adapt(&self, tensor: Stored, _: ModuleContext<'_>) -> Stored {
        let dims: Vec<usize> = match self {
            Self::Left => tensor.shape.iter().skip(1).copied().collect(),
            Self::Entered => [1].into_iter().chain(tensor.shape.iter().copied()).collect(),
        };
        let (name, dtype, shape) = (tensor.name.clone(), tensor.dtype, Shape::from(dims));
        let reshaped = shape.clone();
        bridge::map_data(tensor, name, dtype, shape, move |data| {
            TensorData::from_bytes(data.into_bytes(), reshaped.clone(), dtype)
        })
    }

    fn clone_box(&self) -> Box<dyn ModuleAdapter> {
        Box::new(*self)
    }
}
