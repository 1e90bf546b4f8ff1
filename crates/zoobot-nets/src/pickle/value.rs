//! The values in a pickle of weights.
//!
//! Values are in one list and refer to each other by [`Id`]. A container can thus be put in the memo
//! before it is filled (as pickle does), and no chain of references, however long or circular, can
//! exhaust the stack.

use super::{Outcome, damaged};
use tch::Kind;

/// The index of a value in its [`Pickle`].
pub(super) type Id = usize;

/// A value.
#[derive(Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    /// An integer. PyTorch's magic number (80 bits) is the widest that is needed.
    Int(i128),
    Text(String),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    /// Pairs in order of insertion; a later pair replaces an earlier one with an equal key.
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Storage(Box<Storage>),
    Tensor(Box<Layout>),
    /// Something harmless that tensors do not need: floats, bytes, sets, paths, NumPy scalars.
    Other,
}

/// A pickle that has been read.
#[derive(Debug)]
pub(super) struct Pickle {
    pub values: Vec<Value>,
    pub root: Id,
}

/// A known name in a pickle. All others are refused.
#[derive(Clone, Copy, Debug)]
pub(super) enum Global {
    /// `collections.OrderedDict`
    OrderedDict,
    /// `torch._utils._rebuild_tensor_v2`
    RebuildTensor,
    /// `torch._utils._rebuild_parameter`
    RebuildParameter,
    /// `torch.FloatStorage` and similar classes.
    Storage(Kind),
    /// A class for settings in training checkpoints; instances become [`Value::Other`].
    Inert,
}

impl Global {
    /// The meaning of `module.name`, or `None` if it is not known.
    pub fn named(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2") => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter") => Self::RebuildParameter,
            ("torch", name) if name.ends_with("Storage") => Self::Storage(match name {
                "FloatStorage" => Kind::Float,
                "DoubleStorage" => Kind::Double,
                "HalfStorage" => Kind::Half,
                "BFloat16Storage" => Kind::BFloat16,
                "LongStorage" => Kind::Int64,
                "IntStorage" => Kind::Int,
                "ShortStorage" => Kind::Int16,
                "CharStorage" => Kind::Int8,
                "ByteStorage" => Kind::Uint8,
                "BoolStorage" => Kind::Bool,
                _ => return None,
            }),
            ("torch", "Size" | "device" | "float32" | "float64" | "float16" | "bfloat16")
            | ("collections", "defaultdict" | "Counter")
            | (
                "builtins" | "__builtin__",
                "set" | "frozenset" | "dict" | "list" | "int" | "float",
            )
            | ("argparse", "Namespace")
            | ("pathlib", "PosixPath" | "PurePosixPath" | "WindowsPath" | "PureWindowsPath")
            | ("_codecs", "encode")
            | ("numpy", "dtype" | "ndarray")
            | ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar" | "_reconstruct")
            | ("lightning_fabric.utilities.data", "AttributeDict")
            | ("lightning.fabric.utilities.data", "AttributeDict")
            | ("pytorch_lightning.utilities.parsing", "AttributeDict") => Self::Inert,
            _ => return None,
        })
    }
}

/// A sequence of numbers in the file, shared by the tensors that are views of it.
#[derive(Clone, Debug)]
pub(super) struct Storage {
    /// The storage's name within the file.
    pub key: String,
    pub kind: Kind,
    /// The number of values in the whole storage.
    pub numel: i64,
    /// The part of the storage that this reference may use: the first number and the count.
    pub window: (i64, i64),
}

impl Storage {
    /// The size of the storage in the file, in bytes.
    pub fn bytes(&self) -> Outcome<u64> {
        let size = i128::from(self.numel) * self.kind.elt_size_in_bytes() as i128;
        match u64::try_from(size) {
            Ok(size) => Ok(size),
            Err(_) => damaged(format!("storage {:?} claims {} numbers", self.key, self.numel)),
        }
    }
}

/// The layout of a tensor in its storage, verified to be inside it.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub storage: Storage,
    /// The index of the first number in the storage.
    pub offset: i64,
    pub shape: Vec<i64>,
    pub stride: Vec<i64>,
}

/// The maximum number of dimensions of a tensor; weights have up to five.
const MAX_DIMENSIONS: usize = 8;

impl Layout {
    /// Creates a layout, and fails unless every element is inside the storage.
    pub fn new(storage: Storage, offset: i64, shape: Vec<i64>, stride: Vec<i64>) -> Outcome<Self> {
        let (first, count) = storage.window;
        if shape.len() != stride.len() || shape.len() > MAX_DIMENSIONS {
            return damaged(format!("a tensor has shape {shape:?} but strides {stride:?}"));
        }
        if offset < 0 || shape.iter().chain(&stride).any(|&n| n < 0) {
            return damaged(format!(
                "a tensor has a negative size: shape {shape:?}, strides {stride:?}, offset {offset}"
            ));
        }
        // Saturating arithmetic keeps absurd claims from wrapping into range.
        let reach = shape.iter().zip(&stride).fold(i128::from(offset), |reach, (&n, &step)| {
            reach.saturating_add(i128::from(n - 1) * i128::from(step))
        });
        let elements = shape.iter().fold(1i128, |n, &d| n.saturating_mul(i128::from(d)));
        if elements > i128::from(i64::MAX) || (elements > 0 && reach >= i128::from(count)) {
            return damaged(format!(
                "a tensor of shape {shape:?}, strides {stride:?}, offset {offset} does not fit in \
                 its storage of {count} numbers"
            ));
        }
        match first.checked_add(offset) {
            Some(offset) => Ok(Self { storage, offset, shape, stride }),
            None => damaged(format!("a tensor begins at {first} + {offset}")),
        }
    }
}
