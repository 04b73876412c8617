//! Models on disk, as safetensors.

use std::path::Path;

use burn::store::{ModuleSnapshot, SafetensorsStore};

use super::Autoencoder;
use crate::error::{Error, Result};

/// See [`Autoencoder::save`].
pub(super) fn save<M: Autoencoder>(model: &M, path: &Path) -> Result<()> {
    // Of several keys the header would take any order: the same weights, the same bytes.
    let store = SafetensorsStore::from_file(path).overwrite(true).skip_enum_variants(true);
    let mut store = store.clear_metadata().metadata("format", "safetensors");
    model.save_into(&mut store).map_err(|e| Error::Record { path: path.into(), reason: e.to_string() })
}

/// See [`Autoencoder::load`].
pub(super) fn load<M: Autoencoder>(mut model: M, path: &Path) -> Result<M> {
    let refuse = |reason: String| Error::Record { path: path.into(), reason };
    let mut store = SafetensorsStore::from_file(path).skip_enum_variants(true);
    let result = model.load_from(&mut store).map_err(|e| refuse(e.to_string()))?;
    match result.unused.as_slice() {
        [] => Ok(model),
        unused => Err(refuse(format!("the model has no {}", unused.join(", ")))),
    }
}
