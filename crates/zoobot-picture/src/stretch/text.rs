//! A stretch as text: `asinh:10, percentiles 1 to 99.5, fill smooth`.

use super::{Fill, Limits, Stretch, StretchCurve};
use zoobot_base::error::{Error, Result};
use zoobot_base::spelling;

/// A stretch that has a name.
struct Named {
    name: &'static str,
    /// Its parameters as they are written.
    usage: &'static str,
    make: fn(&[f64]) -> Option<Stretch>,
}

/// All stretches, one entry each.
static STRETCHES: [Named; 7] = [
    Named {
        name: "asinh",
        usage: "asinh[:Q]",
        make: |given| optional(given, 1.0).map(Stretch::asinh),
    },
    Named {
        name: "log",
        usage: "log[:A]",
        make: |given| optional(given, 1000.0).map(Stretch::log),
    },
    Named { name: "linear", usage: "linear", make: |given| given.is_empty().then(Stretch::linear) },
    Named { name: "sqrt", usage: "sqrt", make: |given| given.is_empty().then(Stretch::sqrt) },
    Named { name: "zscale", usage: "zscale", make: |given| given.is_empty().then(Stretch::zscale) },
    Named {
        name: "lupton",
        usage: "lupton[:STRETCH[:Q[:MINIMUM]]]",
        make: |given| {
            let at = |i: usize, default: f64| given.get(i).copied().unwrap_or(default);
            let curve = StretchCurve::Lupton(at(0, 5.0), at(1, 8.0), at(2, 0.0));
            (given.len() <= 3).then(|| Stretch { curve, ..Stretch::lupton(5.0, 8.0) })
        },
    },
    Named {
        name: "legacy",
        usage: "legacy[:RED:GREEN:BLUE]",
        make: |given| match given {
            [] => Some(Stretch::legacy()),
            [r, g, b] => {
                let curve = StretchCurve::Legacy(*r, *g, *b);
                Some(Stretch { curve, ..Stretch::legacy() })
            }
            _ => None,
        },
    },
];

/// One parameter, or its default.
fn optional(given: &[f64], default: f64) -> Option<f64> {
    match given {
        [] => Some(default),
        [one] => Some(*one),
        _ => None,
    }
}

impl Stretch {
    /// How every stretch is written, as text.
    #[doc(hidden)]
    pub fn usages() -> String {
        let all: Vec<&str> = STRETCHES.iter().map(|it| it.usage).collect();
        let (last, first) = all.split_last().unwrap_or((&"", &[]));
        format!("{} or {last}", first.join(", "))
    }
}

/// Writes the text that [`FromStr`](std::str::FromStr) reads: `asinh:1, percentiles 0 to 99.7`.
impl std::fmt::Display for Stretch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.curve {
            StretchCurve::Linear => f.write_str("linear")?,
            StretchCurve::Sqrt => f.write_str("sqrt")?,
            StretchCurve::Asinh(q) => write!(f, "asinh:{q}")?,
            StretchCurve::Log(a) => write!(f, "log:{a}")?,
            StretchCurve::Lupton(stretch, q, minimum) => {
                write!(f, "lupton:{stretch}:{q}:{minimum}")?;
            }
            StretchCurve::Legacy(r, g, b) => write!(f, "legacy:{r}:{g}:{b}")?,
        }
        if !self.curve.is_colour() {
            self.limits.iter().try_for_each(|limits| match limits {
                Limits::Percentiles(black, white) => write!(f, ", percentiles {black} to {white}"),
                Limits::Flux(black, white) => write!(f, ", flux {black} to {white}"),
                Limits::ZScale => f.write_str(", zscale"),
            })?;
        }
        if self.together {
            f.write_str(", together")?;
        }
        match self.fill {
            Fill::Black => Ok(()),
            fill => write!(f, ", {fill}"),
        }
    }
}

impl std::str::FromStr for Stretch {
    type Err = Error;

    /// Reads a stretch as given on the command line: a name with its parameters, such as `asinh:10` or
    /// `legacy`, and then, after commas, limits (`percentiles 1 to 99.5`, `flux 0 to 2`, `zscale`; one for all
    /// bands, or red, green, blue), `together` for the same limits in all bands, and what undefined pixels
    /// become (`fill black`, `fill smooth`, `fill #ff00ff`).
    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.split(',').map(str::trim);
        let first = parts.next().unwrap_or_default();
        let (name, parameters) = first.split_once(':').unwrap_or((first, ""));
        let name = name.trim();
        let Some(named) = STRETCHES.iter().find(|it| it.name.eq_ignore_ascii_case(name)) else {
            let names: Vec<&str> = STRETCHES.iter().map(|it| it.name).collect();
            let near = spelling::nearest(name, &names);
            let near = near.map_or(String::new(), |near| format!("; did you mean {near:?}?"));
            let value = format!("{text:?}{near}");
            return Err(Error::parameter("stretch", value, Self::usages()));
        };
        let wrong = |range: &str| Error::parameter("stretch", format!("{text:?}"), range);
        let numbers = parameters.split(':').filter(|_| !parameters.is_empty());
        let numbers: Option<Vec<f64>> = numbers.map(|it| it.trim().parse().ok()).collect();
        let made = numbers.and_then(|numbers| (named.make)(&numbers));
        let mut stretch = made.ok_or_else(|| wrong(named.usage))?;
        let mut limits = Vec::new();
        for part in parts {
            match part.split_once(' ').unwrap_or((part, "")) {
                ("zscale", "") => limits.push(Limits::ZScale),
                ("together", "") => stretch.together = true,
                ("fill", how) => {
                    let how = Fill::of(how.trim());
                    stretch.fill = how.ok_or_else(|| {
                        wrong("followed by \"fill black\", \"fill smooth\" or \"fill #rrggbb\"")
                    })?;
                }
                (kind @ ("percentiles" | "flux"), range) => {
                    let (black, white) = range.split_once(" to ").unwrap_or((range, ""));
                    let number = |text: &str| text.trim().parse::<f64>();
                    let (Ok(black), Ok(white)) = (number(black), number(white)) else {
                        return Err(wrong("followed by limits such as \"percentiles 1 to 99.5\""));
                    };
                    limits.push(match kind {
                        "flux" => Limits::Flux(black, white),
                        _ => Limits::Percentiles(black, white),
                    });
                }
                _ => {
                    return Err(wrong(
                        "a name, followed by limits (percentiles A to B, flux A to B, zscale), \
                         together, or fill, with commas between them",
                    ));
                }
            }
        }
        if !limits.is_empty() {
            if stretch.curve.is_colour() {
                return Err(wrong("without limits: lupton and legacy have limits of their own"));
            }
            stretch.limits = limits;
        }
        stretch.check()?;
        Ok(stretch)
    }
}
