//! The only place that names backends: cargo feature → [`Backend`] → Burn device and dtype.

use burn::tensor::kind::Basic;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use serde::Serialize;

use crate::error::{Error, Result};

#[cfg(not(any(feature = "flex", feature = "ndarray", feature = "wgpu", feature = "cuda")))]
compile_error!("puremix needs a backend: enable at least one of the features flex, ndarray, wgpu, cuda");

/// A Burn backend this project knows how to drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// Burn's maintained pure-Rust CPU backend (default).
    Flex,
    /// burn-ndarray: deprecated by Burn, supported here.
    Ndarray,
    /// Any GPU through wgpu.
    Wgpu,
    /// NVIDIA GPUs.
    Cuda,
}

/// Floating-point width of every tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit.
    F32,
    /// 64-bit.
    F64,
}

impl Backend {
    /// All backends, in the order in which a default is looked for.
    pub const ALL: [Backend; 4] = [Backend::Flex, Backend::Ndarray, Backend::Wgpu, Backend::Cuda];

    /// Name on the command line; equal to the name of the cargo feature.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Flex => "flex",
            Backend::Ndarray => "ndarray",
            Backend::Wgpu => "wgpu",
            Backend::Cuda => "cuda",
        }
    }

    /// Whether this binary contains the backend.
    pub fn is_compiled(self) -> bool {
        match self {
            Backend::Flex => cfg!(feature = "flex"),
            Backend::Ndarray => cfg!(feature = "ndarray"),
            Backend::Wgpu => cfg!(feature = "wgpu"),
            Backend::Cuda => cfg!(feature = "cuda"),
        }
    }

    /// The backends this binary contains.
    pub fn compiled() -> Vec<Backend> {
        Self::ALL.into_iter().filter(|backend| backend.is_compiled()).collect()
    }

    /// Finds a backend by name.
    ///
    /// # Errors
    /// [`Error::UnknownBackend`], or [`Error::BackendNotCompiled`] naming the feature to add.
    pub fn parse(name: &str) -> Result<Backend> {
        let list = |backends: &[Backend]| backends.iter().map(|b| b.name()).collect::<Vec<_>>().join(", ");
        let backend = Self::ALL
            .into_iter()
            .find(|backend| backend.name() == name)
            .ok_or_else(|| Error::UnknownBackend { name: name.into(), known: list(&Self::ALL) })?;
        if backend.is_compiled() {
            Ok(backend)
        } else {
            Err(Error::BackendNotCompiled { name: name.into(), compiled: list(&Self::compiled()) })
        }
    }

    /// Precisions the backend computes in; the first is its default.
    pub fn precisions(self) -> &'static [Precision] {
        match self {
            Backend::Flex | Backend::Ndarray => &[Precision::F64, Precision::F32],
            Backend::Wgpu => &[Precision::F32],
            Backend::Cuda => &[Precision::F32, Precision::F64],
        }
    }

    fn device(self) -> Device {
        match self {
            #[cfg(feature = "flex")]
            Backend::Flex => Device::flex(),
            #[cfg(feature = "ndarray")]
            #[allow(deprecated)]
            Backend::Ndarray => Device::ndarray(),
            #[cfg(feature = "wgpu")]
            Backend::Wgpu => Device::wgpu(Default::default()),
            #[cfg(feature = "cuda")]
            Backend::Cuda => Device::cuda(0),
            #[allow(unreachable_patterns)]
            _ => unreachable!("Compute::new refuses backends that are not compiled in"),
        }
    }
}

impl Default for Backend {
    fn default() -> Self {
        Self::compiled()[0]
    }
}

impl Precision {
    /// Name on the command line and in NumPy's sense of "float32" shortened.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::F64 => "f64",
        }
    }

    fn dtype(self) -> DType {
        match self {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        }
    }

    /// Unit round-off of the format, `2⁻²⁴` or `2⁻⁵³`.
    pub fn unit_roundoff(self) -> f64 {
        match self {
            Precision::F32 => f64::from(f32::EPSILON) / 2.0,
            Precision::F64 => f64::EPSILON / 2.0,
        }
    }
}

/// Where tensors live and how wide they are: a backend's device with an explicit precision.
#[derive(Clone, Debug)]
pub struct Compute {
    backend: Backend,
    precision: Precision,
    device: Device,
}

impl Compute {
    /// Opens a backend; `precision: None` takes the backend's default.
    ///
    /// # Errors
    /// [`Error::BackendNotCompiled`], or [`Error::Precision`] naming the supported ones.
    pub fn new(backend: Backend, precision: Option<Precision>) -> Result<Self> {
        Backend::parse(backend.name())?;
        let supported = backend.precisions();
        let precision = precision.unwrap_or(supported[0]);
        if !supported.contains(&precision) {
            return Err(Error::Precision {
                backend: backend.name().into(),
                precision: precision.name().into(),
                supported: supported.iter().map(|p| p.name()).collect::<Vec<_>>().join(", "),
            });
        }
        Ok(Self { backend, precision, device: backend.device() })
    }

    /// The backend.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// The precision of every tensor made here.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Burn's handle of the device, without autodiff.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Uploads row-major host numbers as a float tensor.
    pub fn tensor<const D: usize>(&self, values: &[f64], shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), (&self.device, self.precision.dtype()))
    }

    /// Uploads indices.
    pub fn indices(&self, values: &[usize]) -> Tensor<1, Int> {
        let values: Vec<i64> = values.iter().map(|&i| i as i64).collect();
        let shape = [values.len()];
        Tensor::from_data(TensorData::new(values, shape), (&self.device, DType::I64))
    }
}

impl Default for Compute {
    /// The first compiled backend at its default precision.
    fn default() -> Self {
        Self::new(Backend::default(), None).expect("a compiled backend supports its default precision")
    }
}

/// Downloads a float tensor as row-major `f64`.
pub fn to_host<const D: usize>(tensor: Tensor<D>) -> Vec<f64>
where
    burn::tensor::Float: Basic,
{
    tensor.into_data().iter::<f64>().collect()
}
