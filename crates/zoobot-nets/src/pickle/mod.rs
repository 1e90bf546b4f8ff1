//! PyTorch's pickled weights, read without executing them.
//!
//! A `.pth`, `.pt`, `.bin` or `.ckpt` file is a Python pickle: a small program whose opcodes may call
//! any Python function. This reader interprets the opcodes that build containers, numbers and strings,
//! knows the three functions with which PyTorch describes a tensor, and refuses functions and classes
//! that are not on its list. Nothing is ever called.
//!
//! * [`machine`]: interprets the opcodes and turns a pickle into a flat list of values.
//! * [`objects`]: the Python objects that a pickle refers to, and the results of calling them.
//! * [`value`]: the values, and the list of known names.
//! * [`file`]: the two container formats of `torch.save`, the zip archive (since 1.6) and the older
//!   stream.

mod file;
mod machine;
mod objects;
mod value;

#[cfg(test)]
mod tests;

pub(super) use file::read;

/// The reason why a file was not read.
#[derive(Debug)]
enum Fault {
    /// The file is damaged: truncated, overwritten, or inconsistent.
    Damaged(String),
    /// The file is well formed but needs something that this reader does not support.
    Refused(String),
}

type Outcome<T> = std::result::Result<T, Fault>;

/// An `Err` that says what is damaged.
fn damaged<T>(problem: impl Into<String>) -> Outcome<T> {
    Err(Fault::Damaged(problem.into()))
}

/// An `Err` that says what is refused.
fn refused<T>(problem: impl Into<String>) -> Outcome<T> {
    Err(Fault::Refused(problem.into()))
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Self::Damaged("it ends too early".into()),
            _ => Self::Damaged(error.to_string()),
        }
    }
}

impl From<zip::result::ZipError> for Fault {
    fn from(error: zip::result::ZipError) -> Self {
        Self::Damaged(format!("its zip archive is broken: {error}"))
    }
}

impl From<tch::TchError> for Fault {
    fn from(error: tch::TchError) -> Self {
        Self::Damaged(error.to_string())
    }
}
