//! Finds the columns that hold positions by their names.

use super::angle::{Angle, Unit};
use polars::prelude::DataFrame;

/// Stems of names for right ascension, longer ones first.
const RA: [&str; 6] = ["rightascension", "alphawin", "alphapeak", "alphapsf", "alpha", "ra"];
/// Stems of names for declination.
const DEC: [&str; 8] =
    ["declination", "deltawin", "deltapeak", "deltapsf", "delta", "decl", "dec", "de"];
/// Words that change the meaning of a name, such as "error".
const OTHER: [&str; 31] = [
    "e",
    "err",
    "error",
    "errors",
    "sig",
    "sigma",
    "pm",
    "d",
    "delta",
    "diff",
    "rms",
    "std",
    "ivar",
    "var",
    "cov",
    "corr",
    "unc",
    "uncertainty",
    "offset",
    "off",
    "shift",
    "flag",
    "weight",
    "n",
    "cos",
    "ra",
    "dec",
    "rate",
    "parallax",
    "min",
    "max",
];
/// Words that may directly follow a stem, as in `RAJ2000`.
const JOINED: [&str; 11] =
    ["j2000", "2000", "deg", "degrees", "icrs", "mean", "hours", "hour", "hms", "dms", "fk5"];
/// Words for the kind of position, the plainest first.
const KNOWN: [&str; 9] = ["icrs", "j2000", "fk5", "eq", "sky", "world", "mean", "1", "x"];

/// The columns that hold positions.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub ra: (String, Unit),
    pub dec: (String, Unit),
    /// Other pairs of columns in the table.
    pub others: Vec<[String; 2]>,
}

/// A column that may belong to a pair.
struct Named {
    name: String,
    unit: Unit,
    /// The part of the name that both columns of a pair share.
    key: Vec<String>,
    /// How much the name differs from the plainest one.
    rank: usize,
}

/// The columns that hold positions, if there are any.
pub fn pair(table: &DataFrame) -> Option<Found> {
    let columns: Vec<&str> = table.get_column_names().into_iter().map(|it| it.as_str()).collect();
    let named = |angle| columns.iter().filter_map(|name| named(name, angle)).collect::<Vec<_>>();
    let (ras, decs) = (named(Angle::Ra), named(Angle::Dec));
    let mut pairs: Vec<(&Named, &Named)> = ras
        .iter()
        .flat_map(|ra| decs.iter().filter(|dec| dec.key == ra.key).map(move |dec| (ra, dec)))
        .collect();
    // The sort is stable: among equal ranks, the first pair in the table stays first.
    pairs.sort_by_key(|(ra, dec)| ra.rank + dec.rank);
    let (ra, dec) = *pairs.first()?;
    let mut seen = vec![&ra.key];
    let mut others = Vec::new();
    for (other_ra, other_dec) in &pairs[1..] {
        if !seen.contains(&&other_ra.key) {
            seen.push(&other_ra.key);
            others.push([other_ra.name.clone(), other_dec.name.clone()]);
        }
    }
    let of = |it: &Named| (it.name.clone(), it.unit);
    Some(Found { ra: of(ra), dec: of(dec), others })
}

/// Columns that look like positions in an unsupported form: half a pair, both in one, or in parts.
pub fn unclear(table: &DataFrame) -> Option<Vec<String>> {
    const NAMES: [&str; 14] = [
        "radec",
        "ra_dec",
        "coord",
        "coords",
        "coordinates",
        "skycoord",
        "position",
        "glon",
        "glat",
        "elon",
        "elat",
        "rah",
        "ded",
        "pos",
    ];
    let unclear = |name: &&str| {
        let known = [Angle::Ra, Angle::Dec].into_iter().any(|angle| {
            // "de" alone is a word in many languages.
            named(name, angle).is_some_and(|it| it.key.is_empty())
                && !name.eq_ignore_ascii_case("de")
        });
        known || NAMES.contains(&name.to_lowercase().as_str())
    };
    let columns = table.get_column_names().into_iter().map(|it| it.as_str());
    let names: Vec<String> = columns.filter(|name| unclear(name)).map(str::to_owned).collect();
    (!names.is_empty()).then_some(names)
}

/// The unit that the name of a column says, if it names this angle.
pub fn unit(name: &str, angle: Angle) -> Option<Unit> {
    named(name, angle).map(|it| it.unit)
}

/// Whether a column of this name holds right ascensions or declinations.
#[doc(hidden)]
pub fn is_position(name: &str) -> bool {
    [Angle::Ra, Angle::Dec].into_iter().any(|angle| named(name, angle).is_some())
}

/// Parses the name of a column; `None` if it does not name this angle.
fn named(name: &str, angle: Angle) -> Option<Named> {
    let lower = name.trim().to_lowercase();
    let mut words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
    if let Some(place) = words.windows(2).position(|it| it == ["right", "ascension"]) {
        words.splice(place..place + 2, ["rightascension"]).for_each(drop);
    }
    let (beginnings, place, rest) = words.iter().enumerate().find_map(|(place, word)| {
        let beginnings: &[&str] = if angle == Angle::Ra { &RA } else { &DEC };
        let (beginning, rest) =
            beginnings.iter().find_map(|it| Some((*it, word.strip_prefix(it)?)))?;
        let number = rest.len() <= 2 && rest.chars().all(|c| c.is_ascii_digit());
        (number || JOINED.contains(&rest)).then_some((beginning, place, rest))
    })?;
    let after = std::iter::once(rest).chain(words[place + 1..].iter().copied());
    let (mut unit, mut key, mut rank) = (Unit::Unsaid, Vec::new(), 0);
    for word in &words[..place] {
        if OTHER.contains(word) {
            return None;
        }
        key.push(format!("{word}_"));
        rank += 20;
    }
    let mut known = false;
    for (at, word) in after.filter(|it| !it.is_empty()).enumerate() {
        match word {
            "deg" | "degree" | "degrees" => unit = Unit::Degrees,
            "d" if at > 0 || rest.is_empty() => unit = Unit::Degrees,
            "h" | "hr" | "hrs" | "hour" | "hours" if angle == Angle::Ra => unit = Unit::Hours,
            "rad" | "radian" | "radians" => unit = Unit::Radians,
            // Sexagesimal or text columns repeat a position.
            "hms" | "dms" | "sex" | "sexa" | "sexagesimal" | "str" | "text" => rank += 2,
            word if OTHER.contains(&word) => return None,
            word => {
                let word = if word == "2000" { "j2000" } else { word };
                let place = KNOWN.iter().position(|it| *it == word);
                known |= place.is_some_and(|it| it < 7);
                rank += place.map_or(10, |place| 1 + place);
                key.push(word.to_owned());
            }
        }
    }
    // "alpha" and "delta" alone may mean many things.
    if beginnings.starts_with("alpha") || beginnings.starts_with("delta") {
        (known || unit == Unit::Degrees).then_some(())?;
    }
    // Columns that VizieR computed, beside the authors' own.
    rank += usize::from(name.starts_with('_'));
    Some(Named {
        name: name.to_owned(),
        unit,
        key,
        rank: rank + usize::from(unit == Unit::Radians),
    })
}
