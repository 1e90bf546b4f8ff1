//! Named weights from the published files of networks.

use super::network::Architecture;
use super::pickle;
use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use tch::{Tensor, nn};
use zoobot_base::advice::advice;
use zoobot_base::{Error, Result};

/// The tensors of a file of weights, with their names, in file order.
///
/// ```no_run
/// # use zoobot_core::encoder::Weights;
/// # use zoobot_core::encoder::Architecture;
/// let nano = Architecture::named("convnext_nano")?;
/// let weights = Weights::read("last.ckpt")?.of(&nano)?.without("head.");
/// println!("{weights}");
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Weights {
    path: PathBuf,
    tensors: Vec<(String, Tensor)>,
}

/// The number of names listed in a message before "…".
const LISTED: usize = 5;

impl Weights {
    /// Reads `.safetensors`, or PyTorch's pickles (`.pth`, `.pt`, `.bin`, `.ckpt`) without executing
    /// them. Tensors in nested dictionaries are named by their keys joined with dots: names in a
    /// Lightning checkpoint begin with `state_dict.`.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be opened; [`Error::Weights`] when it is of another kind, is
    /// damaged, holds no tensors, or asks for Python objects other than tensors.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        refuse_pointers(path)?;
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        let tensors = match extension.to_ascii_lowercase().as_str() {
            "safetensors" => Tensor::read_safetensors(path).map_err(|error| Error::Weights {
                path: path.into(),
                problem: error.to_string(),
                hint: "The file is damaged or is not a safetensors file: download it again".into(),
            })?,
            "pth" | "pt" | "bin" | "ckpt" => pickle::read(path)?,
            other => {
                return Err(Error::Weights {
                    path: path.into(),
                    problem: format!("weights are not read from \".{other}\" files"),
                    hint: "Use .safetensors, .pth, .pt, .bin or .ckpt".into(),
                });
            }
        };
        if tensors.is_empty() {
            return Err(Error::Weights {
                path: path.into(),
                problem: "the file holds no tensors".into(),
                hint: "Give the file of a network's state dict".into(),
            });
        }
        Ok(Self { path: path.into(), tensors })
    }

    /// The file from which the tensors were read.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of tensors.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there are no tensors.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// Names and tensors, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The tensor with this name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.iter().find_map(|(n, tensor)| (n == name).then_some(tensor))
    }

    /// Keeps only the tensors of a network of this architecture, under its names: a prefix before the
    /// name of its first weight, such as `state_dict.encoder.` in a Lightning checkpoint, is removed.
    /// Without such a prefix, all tensors are returned unchanged.
    ///
    /// # Errors
    /// [`Error::Weights`] when there are several such networks (such as a teacher and its student):
    /// choose one with [`within`](Self::within).
    pub fn of(self, architecture: &Architecture) -> Result<Self> {
        let first = architecture.first_weight();
        let before = |(name, _): (&str, &Tensor)| name.strip_suffix(first).map(str::to_owned);
        let all: Vec<String> =
            self.iter().filter_map(before).filter(|p| p.is_empty() || p.ends_with('.')).collect();
        // A block within the network may also have a weight of that name.
        let outer = |p: &&String| !all.iter().any(|q| p.len() > q.len() && p.starts_with(q));
        let mut prefixes: Vec<&String> = all.iter().filter(outer).collect();
        match prefixes.as_slice() {
            [] => Ok(self),
            [one] if one.is_empty() => Ok(self),
            [one] => self.within(one),
            _ => {
                prefixes.sort_unstable();
                let list = prefixes.iter().map(|p| format!("{p:?}")).collect::<Vec<_>>().join(", ");
                Err(Error::Weights {
                    problem: format!("it holds {} such networks: {list}", prefixes.len()),
                    hint: advice(
                        "Choose one: Weights::read(…)?.within(\"PREFIX\")?",
                        "Save the network that you need in a separate file",
                    ),
                    path: self.path,
                })
            }
        }
    }

    /// Keeps only the tensors whose names begin with `prefix`, and removes the prefix.
    ///
    /// # Errors
    /// [`Error::Weights`] when no name begins with it.
    pub fn within(self, prefix: &str) -> Result<Self> {
        let first = self.tensors.first().map(|(name, _)| name.clone()).unwrap_or_default();
        let inner = self.renamed(|name| name.strip_prefix(prefix).map(str::to_owned));
        if inner.is_empty() {
            return Err(Error::Weights {
                path: inner.path,
                problem: format!("no name begins with {prefix:?}"),
                hint: format!("The first name is {first:?}"),
            });
        }
        Ok(inner)
    }

    /// Keeps only the tensors whose names do not begin with `prefix`.
    pub fn without(self, prefix: &str) -> Self {
        self.renamed(|name| (!name.starts_with(prefix)).then(|| name.to_owned()))
    }

    /// Renames each tensor to the name that `new_name` returns, and drops it for `None`.
    pub fn renamed(mut self, mut new_name: impl FnMut(&str) -> Option<String>) -> Self {
        self.tensors =
            self.tensors.into_iter().filter_map(|(n, t)| Some((new_name(&n)?, t))).collect();
        self
    }

    /// Sets every variable of a network. Numbers are converted to the variables' type and moved to their
    /// device. BatchNorm's `num_batches_tracked` may be missing, as in old files.
    ///
    /// # Errors
    /// [`Error::Weights`], which names all missing, unexpected, misshapen or non-finite tensors; in that
    /// case no variable is set.
    pub fn load_into(&self, network: &mut nn::VarStore) -> Result<()> {
        let variables = network.variables();
        let mut missing: Vec<String> = variables
            .keys()
            .filter(|name| !name.ends_with("num_batches_tracked") && self.get(name).is_none())
            .cloned()
            .collect();
        missing.sort_unstable();
        let (mut unexpected, mut misshaped, mut not_finite) = (vec![], vec![], vec![]);
        let mut matched = vec![];
        for (name, tensor) in self.iter() {
            let Some(variable) = variables.get(name) else {
                unexpected.push(name.to_owned());
                continue;
            };
            let (here, there) = (tensor.size(), variable.size());
            if here != there {
                misshaped.push(format!("{name} is {here:?} instead of {there:?}"));
            } else if f64::try_from(tensor.f_isfinite()?.f_all()?)? == 0.0 {
                not_finite.push(name.to_owned());
            } else {
                matched.push((tensor, variable.shallow_clone()));
            }
        }
        let complaints: Vec<String> = [
            ("missing", missing),
            ("unexpected", unexpected),
            ("of another shape", misshaped),
            ("with NaN or infinity", not_finite),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| complaint(what, &names))
        .collect();
        if !complaints.is_empty() {
            return Err(Error::Weights {
                path: self.path.clone(),
                problem: format!("of {} tensors: {}", variables.len(), complaints.join("; ")),
                hint: "These weights belong to another network, or their names have a prefix to \
                       remove"
                    .into(),
            });
        }
        tch::no_grad(|| {
            matched.into_iter().try_for_each(|(from, mut to)| to.f_copy_(from).map(drop))
        })?;
        Ok(())
    }
}

impl std::fmt::Display for Weights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} tensors of {}", self.len(), self.path.display())?;
        self.iter().try_for_each(|(name, tensor)| writeln!(f, "  {name} {:?}", tensor.size()))
    }
}

fn complaint(what: &str, names: &[String]) -> String {
    let mut text = format!("{} {what} (", names.len());
    for (i, name) in names.iter().take(LISTED).enumerate() {
        let _ = write!(text, "{}{name}", if i == 0 { "" } else { ", " });
    }
    text.push_str(if names.len() > LISTED { ", …)" } else { ")" });
    text
}

/// Without Git LFS, the clone of a repository has small text files in place of the weights.
fn refuse_pointers(path: &Path) -> Result<()> {
    let mut start = Vec::new();
    let file = std::fs::File::open(path).map_err(Error::io("read", path))?;
    file.take(40).read_to_end(&mut start).map_err(Error::io("read", path))?;
    if start.starts_with(b"version https://git-lfs") {
        return Err(Error::Weights {
            path: path.into(),
            problem: "this is a Git LFS pointer, not the weights themselves".into(),
            hint: "Run `git lfs pull` in that folder".into(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/pickle").join(name)
    }

    fn floats(tensor: &Tensor) -> Vec<f32> {
        Vec::try_from(tensor.contiguous().view(-1)).unwrap()
    }

    #[test]
    fn a_checkpoints_weights_fill_a_network() {
        let weights = Weights::read(fixture("training.ckpt")).unwrap();
        let weights = weights.within("state_dict.").unwrap().without("head.");
        let mut network = nn::VarStore::new(Device::Cpu);
        let weight = (network.root() / "encoder" / "stem").zeros("weight", &[2, 2]);
        weights.load_into(&mut network).unwrap();
        assert_eq!(floats(&weight), [0.0, 1.0, 2.0, 3.0]);
        assert!(weight.requires_grad());
    }

    #[test]
    fn a_networks_prefix_is_found_and_two_networks_are_told_apart() {
        let resnet = Architecture::named("resnet18").unwrap();
        let file = |names: &[&str]| Weights {
            path: "last.ckpt".into(),
            tensors: names.iter().map(|name| ((*name).to_owned(), Tensor::from(1.0))).collect(),
        };
        let first = |weights: Weights| weights.iter().next().unwrap().0.to_owned();
        let within = file(&[
            "state_dict.encoder.conv1.weight",
            "state_dict.encoder.layer1.0.conv1.weight",
            "state_dict.head.weight",
        ]);
        let within = within.of(&resnet).unwrap();
        assert_eq!((within.len(), first(within).as_str()), (2, "conv1.weight"));
        let plain = file(&["conv1.weight", "layer1.0.conv1.weight"]).of(&resnet).unwrap();
        assert_eq!((plain.len(), first(plain).as_str()), (2, "conv1.weight"));
        let two = file(&["student.conv1.weight", "teacher.conv1.weight"]).of(&resnet);
        let message = two.unwrap_err().to_string();
        assert!(message.contains("2 such networks: \"student.\", \"teacher.\""), "{message}");
    }

    #[test]
    fn safetensors_give_the_same_as_pickles() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let pickled = Weights::read(fixture("state.pt")).unwrap();
        let contiguous: Vec<_> = pickled.iter().map(|(n, t)| (n, t.contiguous())).collect();
        Tensor::write_safetensors(&contiguous, &path).unwrap();
        let safe = Weights::read(&path).unwrap();
        assert_eq!(safe.len(), pickled.len());
        for (name, tensor) in pickled.iter() {
            let other = safe.get(name).unwrap();
            assert_eq!((other.kind(), other.size()), (tensor.kind(), tensor.size()), "{name}");
            assert!(other.equal(tensor), "{name}");
        }
    }

    #[test]
    fn one_error_lists_all_that_does_not_fit_and_nothing_is_set() {
        let mut network = nn::VarStore::new(Device::Cpu);
        let root = network.root();
        let plain = root.zeros("plain", &[2, 3]);
        let _ = root.zeros("turned", &[3, 2]);
        let _ = root.zeros("absent", &[1]);
        let _ = root.add("num_batches_tracked", Tensor::from(0i64), false);
        let error = Weights::read(fixture("state.pt")).unwrap().load_into(&mut network);
        let message = error.unwrap_err().to_string();
        for part in [
            "of 4 tensors: 1 missing (absent)",
            "14 unexpected (rows, column, scalar, empty, parameter, …)",
            "1 of another shape (turned is [2, 3] instead of [3, 2])",
        ] {
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(floats(&plain), [0.0; 6]);
    }

    #[test]
    fn weights_that_are_not_finite_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let nan = Tensor::from_slice(&[1.0f32, f32::NAN]);
        Tensor::write_safetensors(&[("a.weight", nan)], &path).unwrap();
        let mut network = nn::VarStore::new(Device::Cpu);
        let _ = (network.root() / "a").zeros("weight", &[2]);
        let error = Weights::read(&path).unwrap().load_into(&mut network);
        assert!(error.unwrap_err().to_string().contains("1 with NaN or infinity (a.weight)"));
    }

    #[test]
    fn numbers_are_converted_to_the_networks_type() {
        let mut network = nn::VarStore::new(Device::Cpu);
        let weight = network.root().zeros("bfloat16", &[3]);
        let weights = Weights::read(fixture("state.pt")).unwrap();
        let only = weights.renamed(|name| (name == "bfloat16").then(|| name.to_owned()));
        only.load_into(&mut network).unwrap();
        assert_eq!((weight.kind(), floats(&weight)), (Kind::Float, vec![1.0, 2.0, 3.0]));
    }

    #[test]
    fn a_wrong_prefix_is_an_error_that_shows_a_name() {
        let error = Weights::read(fixture("training.ckpt")).unwrap().within("model.");
        let message = error.unwrap_err().to_string();
        assert!(message.contains("\"model.\""), "{message}");
        assert!(message.contains("\"state_dict.encoder.stem.weight\""), "{message}");
    }

    #[test]
    fn files_that_hold_no_weights_say_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let message = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let message = Weights::read(&path).unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
            message
        };
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
        assert!(message("a.safetensors", pointer).contains("git lfs pull"));
        assert!(message("b.bin", b"").contains("damaged"));
        assert!(message("c.txt", b"").contains(".safetensors, .pth"));
        let lying =
            b"\x60\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
        assert!(message("d.safetensors", lying).contains("damaged"));
        let absent = Weights::read(folder.path().join("e.pt")).unwrap_err().to_string();
        assert!(absent.starts_with("cannot read"), "{absent}");
    }
}
