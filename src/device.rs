//! The only place that names backends: cargo feature → [`Backend`] → Burn device and dtype.

use burn::tensor::kind::Basic;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use cubecl_environment::config::RuntimeConfig;
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

    /// Whether tensors live where the program runs, so that reading one makes nobody wait.
    pub(crate) fn is_host(self) -> bool {
        matches!(self, Backend::Flex | Backend::Ndarray)
    }

    /// Entries of a tensor that are best worked on at a time. On a CPU, a core each and what is computed from them
    /// stays in its cache; a GPU takes all it can get.
    pub(crate) fn entries_at_once(self) -> usize {
        if self.is_host() { 1 << 14 } else { usize::MAX }
    }

    /// Finds a backend by name.
    ///
    /// # Errors
    /// [`Error::UnknownBackend`], or [`Error::BackendNotCompiled`] naming the feature to add.
    pub fn parse(name: &str) -> Result<Backend> {
        let backend = Self::ALL
            .into_iter()
            .find(|backend| backend.name() == name)
            .ok_or_else(|| Error::UnknownBackend { name: name.into(), known: listed(&Self::ALL) })?;
        if backend.is_compiled() {
            Ok(backend)
        } else {
            Err(Error::BackendNotCompiled { name: name.into(), compiled: listed(&Self::compiled()) })
        }
    }

    /// Precisions to look for; the first that the device has is its default.
    fn preferred(self) -> [Precision; 2] {
        match self {
            Backend::Flex | Backend::Ndarray => [Precision::F64, Precision::F32],
            // Double precision on a GPU is emulated, slow or absent.
            Backend::Wgpu | Backend::Cuda => [Precision::F32, Precision::F64],
        }
    }

    /// What to install if there is no device.
    fn hint(self) -> &'static str {
        match self {
            Backend::Flex | Backend::Ndarray => "the CPU is always there",
            Backend::Wgpu => {
                "install a Vulkan driver (Debian: `apt-get install mesa-vulkan-drivers`, which also brings a software device)"
            }
            Backend::Cuda => {
                "install the NVIDIA driver (Debian: `apt-get install nvidia-driver`) and the CUDA toolkit"
            }
        }
    }

    /// Opens the device: brings up its driver, so that what is missing is an error here and not a panic later.
    fn open(self) -> Result<Opened> {
        let opened: Result<Opened, String> = match self {
            #[cfg(feature = "flex")]
            Backend::Flex => Ok(Opened { device: Device::flex(), name: CPU.into() }),
            #[cfg(feature = "ndarray")]
            #[allow(deprecated)]
            Backend::Ndarray => Ok(Opened { device: Device::ndarray(), name: CPU.into() }),
            #[cfg(feature = "wgpu")]
            Backend::Wgpu => open_wgpu(),
            #[cfg(feature = "cuda")]
            Backend::Cuda => open_cuda(),
            #[allow(unreachable_patterns)]
            _ => {
                return Err(Error::BackendNotCompiled {
                    name: self.name().into(),
                    compiled: listed(&Self::compiled()),
                });
            }
        };
        opened.map_err(|reason| Error::NoDevice {
            backend: self.name().into(),
            reason,
            hint: self.hint().into(),
        })
    }
}

fn listed(backends: &[Backend]) -> String {
    backends.iter().map(|backend| backend.name()).collect::<Vec<_>>().join(", ")
}

/// Burn's handle of a device that is up, and what its driver calls it.
#[derive(Clone)]
struct Opened {
    device: Device,
    name: String,
}

impl Opened {
    fn precisions(&self, backend: Backend) -> Vec<Precision> {
        let has = |precision: &Precision| self.device.supports_dtype(precision.dtype());
        backend.preferred().into_iter().filter(has).collect()
    }
}

/// The precision asked for if the device has it; its first if none is.
fn choose(backend: Backend, supported: &[Precision], wanted: Option<Precision>) -> Result<Precision> {
    let precision = wanted.or(supported.first().copied()).unwrap_or(Precision::F32);
    if supported.contains(&precision) {
        return Ok(precision);
    }
    Err(Error::Precision {
        backend: backend.name().into(),
        precision: precision.name().into(),
        supported: supported.iter().map(|p| p.name()).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(any(feature = "flex", feature = "ndarray"))]
const CPU: &str = "host CPU";

/// The default adapter of wgpu, which the environment variable `CUBECL_WGPU_DEFAULT_DEVICE` may override.
#[cfg(feature = "wgpu")]
fn open_wgpu() -> Result<Opened, String> {
    // A runtime is brought up once a process: everybody shares the first answer.
    static ADAPTER: std::sync::OnceLock<Result<Opened, String>> = std::sync::OnceLock::new();
    let bring_up = || {
        let (device, setup) = Device::wgpu_options().init_with_setup().map_err(|error| in_short(&error))?;
        let info = setup.adapter.get_info();
        let driver = format!("{} {}", info.driver, info.driver_info);
        let kind = format!("{:?}", info.device_type).to_lowercase();
        Ok(Opened { device, name: format!("{} ({kind}, {}, {})", info.name, info.backend, driver.trim()) })
    };
    ADAPTER.get_or_init(bring_up).clone()
}

#[cfg(feature = "wgpu")]
fn in_short(error: &impl ToString) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    // What follows is a dump of every adapter there is.
    first.split(", adapters [").next().unwrap_or_default().into()
}

/// The first CUDA device.
#[cfg(feature = "cuda")]
fn open_cuda() -> Result<Opened, String> {
    let devices = Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec();
    let device = devices.into_iter().next().ok_or("no CUDA device")?;
    // Opening it compiles nothing yet but loads the toolkit, and what is missing there is a panic upstream: one that
    // nobody needs to see.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let identity = std::panic::catch_unwind(|| device.identity());
    std::panic::set_hook(hook);
    let identity = identity.map_err(|_| "the toolkit does not load")?;
    let name = identity.map_or_else(|| "unnamed".into(), |identity| identity.name);
    Ok(Opened { device, name })
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

    /// Picks the value for this precision.
    pub fn pick<T>(self, double: T, single: T) -> T {
        match self {
            Precision::F64 => double,
            Precision::F32 => single,
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

/// A backend as this machine has it, for `--list-backends`.
#[derive(Clone, Debug, Serialize)]
pub struct Listing {
    /// Name of the backend and of the cargo feature.
    pub backend: &'static str,
    /// Whether this binary contains it.
    pub compiled: bool,
    /// What the driver calls the device, if there is one.
    pub device: Option<String>,
    /// Precisions the device computes in, the default first.
    pub precisions: Vec<&'static str>,
    /// Why it cannot be used, if so.
    pub problem: Option<String>,
}

impl Listing {
    /// Looks at every backend this project knows, opening those compiled in.
    pub fn all() -> Vec<Listing> {
        ignore_ambient_configuration();
        let look = |backend: Backend| {
            let opened = Backend::parse(backend.name()).and_then(Backend::open);
            let precisions = opened.as_ref().map_or(Vec::new(), |opened| opened.precisions(backend));
            Listing {
                backend: backend.name(),
                compiled: backend.is_compiled(),
                precisions: precisions.into_iter().map(Precision::name).collect(),
                problem: opened.as_ref().err().map(ToString::to_string),
                device: opened.ok().map(|opened| opened.name),
            }
        };
        Backend::ALL.into_iter().map(look).collect()
    }
}

/// Gives Burn and CubeCL their default configuration, which they would otherwise look for in `burn.toml` and `cubecl.toml` of the working directory
/// and of all directories above it: such a file can send logs anywhere. A program that has set its own configuration before keeps it.
fn ignore_ambient_configuration() {
    burn::BurnConfig::try_set(burn::BurnConfig::default());
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    cubecl_runtime::config::CubeClRuntimeConfig::try_set(Default::default());
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
    /// [`Error::BackendNotCompiled`]; [`Error::NoDevice`] with what to install; [`Error::Precision`] naming
    /// what the device has.
    pub fn new(backend: Backend, precision: Option<Precision>) -> Result<Self> {
        ignore_ambient_configuration();
        let opened = backend.open()?;
        let precision = choose(backend, &opened.precisions(backend), precision)?;
        Ok(Self { backend, precision, device: opened.device })
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
        let shape = [values.len()];
        match self.backend {
            Backend::Flex | Backend::Ndarray => {
                let values = values.iter().map(|&i| i as i64).collect();
                Tensor::from_data(TensorData::new::<i64, _>(values, shape), (&self.device, DType::I64))
            }
            // GPUs count in 32 bits; a matrix with 2³¹ rows is refused long before.
            Backend::Wgpu | Backend::Cuda => {
                let values = values.iter().map(|&i| i as i32).collect();
                Tensor::from_data(TensorData::new::<i32, _>(values, shape), (&self.device, DType::I32))
            }
        }
    }
}

impl Default for Compute {
    /// The first compiled backend at its default precision.
    ///
    /// # Panics
    /// If that backend has no device here, which [`Compute::new`] reports as an error. A CPU is always there.
    fn default() -> Self {
        Self::new(Backend::default(), None).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Downloads a float tensor as row-major `f64`.
pub fn to_host<const D: usize>(tensor: Tensor<D>) -> Vec<f64>
where
    burn::tensor::Float: Basic,
{
    tensor.into_data().iter::<f64>().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precision_the_device_lacks_is_refused_with_those_it_has() {
        let message = |supported: &[Precision], wanted| match choose(Backend::Wgpu, supported, Some(wanted)) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        };
        assert_eq!(
            message(&[Precision::F32], Precision::F64),
            "backend `wgpu` does not support precision f64; it supports: f32"
        );
        assert_eq!(message(&[Precision::F32, Precision::F64], Precision::F64), "");
        assert_eq!(choose(Backend::Wgpu, &[Precision::F32], None).unwrap(), Precision::F32);
    }
}
