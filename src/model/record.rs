//! Models on disk, as safetensors.

use std::path::Path;

use burn::store::{ModuleSnapshot, SafetensorsStore};

use super::Autoencoder;
use crate::error::{Error, Result};

/// See [`Autoencoder::to_safetensors`].
pub(super) fn bytes<M: Autoencoder>(model: &M) -> Result<Vec<u8>> {
    // Of several keys the header would take any order: the same weights, the same bytes.
    let store = SafetensorsStore::from_bytes(None).skip_enum_variants(true);
    let mut store = store.clear_metadata().metadata("format", "safetensors");
    let refuse = |reason: String| Error::Usage(format!("the model cannot be encoded: {reason}"));
    model.save_into(&mut store).map_err(|e| refuse(e.to_string()))?;
    store.get_bytes().map_err(|e| refuse(e.to_string()))
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
