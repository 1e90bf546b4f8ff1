//! The ways to learn from a few examples of each class.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zoobot_base::error::{Error, Result};

/// A way to learn from a few examples of each class.
///
/// ```
/// use zoobot_core::few::FewMethod;
/// assert_eq!("probe".parse::<FewMethod>()?, FewMethod::Probe);
/// assert!(FewMethod::named("prob").unwrap_err().to_string().contains("Did you mean \"probe\"?"));
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FewMethod {
    /// The method with the best predictions for examples that were left out, among those that need only
    /// encoded pictures. The default.
    #[default]
    Auto,
    /// The nearest class mean, by the cosine after centring on the survey's mean.
    Mean,
    /// Ridge regression of the classes, whose penalty is chosen by leaving out each example in turn.
    Ridge,
    /// Logistic regression, whose penalty is chosen by leaving out examples.
    Probe,
    /// Label propagation over the unlabelled survey (Zhou et al. 2004).
    Propagation,
    /// The mean of the probabilities of the four methods before.
    Blend,
    /// The whole network, with filters that respond alike sharing one gradient (Yoo et al. 2018,
    /// arXiv:1710.02277).
    Grouped,
    /// The head, then the whole network.
    Full,
    /// The head, then low-rank adapters of convolutions and linear maps (Hu et al. 2021, arXiv:2106.09685).
    Lora,
}

/// A method's name and what it does, in a few words.
struct Entry(FewMethod, &'static str, &'static str);

/// All methods, one per line.
const METHODS: [Entry; 9] = [
    Entry(FewMethod::Auto, "auto", "chosen by predicting examples that are left out"),
    Entry(FewMethod::Mean, "mean", "nearest class mean, by the cosine"),
    Entry(FewMethod::Ridge, "ridge", "ridge regression of the classes"),
    Entry(FewMethod::Probe, "probe", "logistic regression"),
    Entry(FewMethod::Propagation, "propagation", "labels spread over the unlabelled survey"),
    Entry(FewMethod::Blend, "blend", "the mean of the four before"),
    Entry(FewMethod::Grouped, "grouped", "the whole network with grouped gradients"),
    Entry(FewMethod::Full, "full", "the head, then the whole network"),
    Entry(FewMethod::Lora, "lora", "the head, then low-rank adapters"),
];

impl FewMethod {
    /// All methods.
    pub fn all() -> impl Iterator<Item = Self> {
        METHODS.iter().map(|it| it.0)
    }

    /// The methods that need only encoded pictures.
    pub fn heads() -> [Self; 5] {
        [Self::Mean, Self::Ridge, Self::Probe, Self::Propagation, Self::Blend]
    }

    fn entry(self) -> &'static Entry {
        METHODS.iter().find(|it| it.0 == self).unwrap_or(&METHODS[0])
    }

    /// The name, for lookup.
    pub fn name(self) -> &'static str {
        self.entry().1
    }

    /// What it does, in a few words.
    pub fn about(self) -> &'static str {
        self.entry().2
    }

    /// Whether it trains the encoder, which needs the pictures.
    pub fn trains_encoder(self) -> bool {
        matches!(self, Self::Grouped | Self::Full | Self::Lora)
    }

    /// Looks up a method by name.
    ///
    /// # Errors
    /// [`Error::Missing`] for another name, with the nearest one.
    pub fn named(name: &str) -> Result<Self> {
        Self::all().find(|it| it.name() == name).ok_or_else(|| {
            Error::missing("method", name, "this library", METHODS.iter().map(|it| it.1))
        })
    }
}

impl fmt::Display for FewMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FewMethod {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::named(name)
    }
}
