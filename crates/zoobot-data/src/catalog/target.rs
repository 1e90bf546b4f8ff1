//! The labels of a catalogue, read by one rule for fine-tuning, probes and evaluation.
//!
//! * Missing labels follow the rule for missing values ([`is_missing`](super::is_missing)). Probes and
//!   evaluation leave such galaxies out ([`labelled`]), with a note that counts them and names the first.
//!   Fine-tuning refuses them by name: the user decides which galaxies to learn from.
//! * A class is the trimmed text of a cell; a whole number is written without a point. Numbers with a
//!   fraction are not classes. Classes are sorted: by value if all are whole numbers, else as text.
//! * Numbers must be finite. Text is parsed as a number.
//! * If nothing says what a column holds, text, true or false, and whole numbers with at most ten different
//!   values are classes; all other numbers are regression targets.
//! * `id_str` and `file_loc` are not labels.

use super::{Catalog, FILE, ID, Label};
use polars::prelude::DataType;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use zoobot_base::advice::advice;
use zoobot_base::error::{Error, Result};

/// Whole numbers with more distinct values are read as numbers, not classes.
const MOST_CLASSES: usize = 10;

/// A label for each galaxy.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// The index of each galaxy's class in `names`.
    Classes {
        /// The class names, sorted.
        names: Vec<String>,
        /// The index of each galaxy's class.
        of: Vec<usize>,
    },
    /// A number for each galaxy.
    Numbers(Vec<f64>),
}

/// The galaxies that have a value in each of these columns, with their rows. The others are left out, and a
/// note for each column counts them.
///
/// # Errors
/// [`Error::Missing`] for a column that does not exist; [`Error::Catalog`] when no galaxy has a value in all
/// of them.
#[doc(hidden)]
pub fn labelled(catalog: &Catalog, labels: &[String]) -> Result<(Vec<usize>, Catalog)> {
    let mut rows: Vec<usize> = (0..catalog.len()).collect();
    for name in labels {
        let label = Label::of(catalog, name)?;
        let known = label.known()?;
        rows.retain(|&row| known[row]);
        if rows.is_empty() && !known.is_empty() {
            let (names, all) = (labels.join(", "), catalog.len());
            let problem = format!("none of {all} galaxies has a label ({names})");
            return Err(label.wrong(problem, "Name a column with values"));
        }
        label.say_left_out(&known.iter().map(|it| it.then_some(())).collect::<Vec<_>>());
    }
    let some = match rows.len() == catalog.len() {
        true => catalog.clone(),
        false => catalog.at(&rows)?,
    };
    Ok((rows, some))
}

impl Target {
    /// The classes in a column, for galaxies that all have one ([`labelled`]). If `names` are given, no other
    /// classes are allowed.
    ///
    /// # Errors
    /// [`Error::Missing`] for a column that does not exist; [`Error::Catalog`] for a galaxy without a class,
    /// and for numbers with a fraction; [`Error::Unsuitable`] for a class that is not among `names`, and for
    /// a column that only identifies galaxies.
    pub fn classes(catalog: &Catalog, name: &str, names: Option<&[String]>) -> Result<Self> {
        let texts = Self::texts(catalog, name)?;
        let names = names.map_or_else(|| sorted(&texts), <[String]>::to_vec);
        let places: HashMap<&str, usize> =
            names.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
        let place = |(row, text): (usize, &String)| {
            places.get(text.as_str()).copied().ok_or_else(|| {
                let problem = format!(
                    "{name:?} is {text:?} for {:?}, a class that was not learnt",
                    catalog.ids()[row]
                );
                let hint = format!("Give only the classes learnt: {}", names.join(", "));
                Error::unsuitable(problem, hint)
            })
        };
        let of = texts.iter().enumerate().map(place).collect::<Result<_>>()?;
        Ok(Self::Classes { names, of })
    }

    /// The numbers in a column, for galaxies that all have one.
    ///
    /// # Errors
    /// [`Error::Missing`] for a column that does not exist; [`Error::Catalog`] for a galaxy without a number,
    /// and for a value that is not a finite number; [`Error::Unsuitable`] for a column that only identifies
    /// galaxies.
    pub fn numbers(catalog: &Catalog, name: &str) -> Result<Self> {
        let label = column(catalog, name)?;
        Ok(Self::Numbers(label.all(label.finite()?)?))
    }

    /// Classes or numbers, depending on the column's contents.
    ///
    /// # Errors
    /// As [`classes`](Self::classes) and [`numbers`](Self::numbers).
    pub fn either(catalog: &Catalog, name: &str) -> Result<Self> {
        match are_numbers(&Label::of(catalog, name)?)? {
            true => Self::numbers(catalog, name),
            false => Self::classes(catalog, name, None),
        }
    }

    /// The class of each galaxy as text, as [`classes`](Self::classes) reads it.
    ///
    /// # Errors
    /// As [`classes`](Self::classes).
    pub fn texts(catalog: &Catalog, name: &str) -> Result<Vec<String>> {
        let label = column(catalog, name)?;
        if label.dtype().is_float() || label.dtype().is_decimal() {
            let numbers = label.finite()?;
            if let Some(row) = numbers.iter().position(|it| it.is_some_and(|it| it.fract() != 0.0))
            {
                let number = numbers[row].unwrap_or(f64::NAN);
                let problem = format!("{name:?} of {:?} is {number}, not a class", label.id(row));
                return Err(label.wrong(problem, &regressor()));
            }
        }
        label.all(label.classes()?)
    }

    /// The number of columns of a prediction: one for each class, or 1 for numbers.
    pub fn width(&self) -> usize {
        match self {
            Self::Classes { names, .. } => names.len(),
            Self::Numbers(_) => 1,
        }
    }

    /// The number of galaxies.
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { of, .. } => of.len(),
            Self::Numbers(values) => values.len(),
        }
    }

    /// Whether there are no galaxies.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The labels of the galaxies at these indices.
    pub fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes { names, of } => {
                Self::Classes { names: names.clone(), of: rows.iter().map(|&i| of[i]).collect() }
            }
            Self::Numbers(values) => Self::Numbers(rows.iter().map(|&i| values[i]).collect()),
        }
    }

    /// The number of galaxies in the rarest class; for numbers, of all galaxies.
    pub fn smallest_class(&self) -> usize {
        match self {
            Self::Classes { .. } => self.counts().into_iter().min().unwrap_or(0),
            Self::Numbers(values) => values.len(),
        }
    }

    /// The number of galaxies in each class; empty for numbers.
    pub fn counts(&self) -> Vec<usize> {
        match self {
            Self::Classes { names, of } => {
                let mut counts = vec![0; names.len()];
                of.iter().for_each(|&class| counts[class] += 1);
                counts
            }
            Self::Numbers(_) => Vec::new(),
        }
    }
}

/// Advice on how to learn numbers.
#[doc(hidden)]
pub fn regressor() -> String {
    advice("For numbers, use Finetune::regressor", "For numbers, use zoobot finetune regressor")
}

/// A column of labels; columns that identify galaxies are refused.
fn column(catalog: &Catalog, name: &str) -> Result<Label> {
    if name == ID || name == FILE {
        let problem = format!("{name:?} identifies galaxies and is not a label");
        return Err(Error::unsuitable(problem, "Choose a column of labels"));
    }
    let label = Label::of(catalog, name)?;
    label.ask_about_sentinels();
    Ok(label)
}

/// Whether a column holds numbers with a fraction, or whole numbers with many distinct values.
fn are_numbers(label: &Label) -> Result<bool> {
    let different =
        || -> Result<BTreeSet<String>> { Ok(label.classes()?.into_iter().flatten().collect()) };
    Ok(match label.dtype() {
        kind if kind.is_float() || kind.is_decimal() => true,
        kind if kind.is_integer() => different()?.len() > MOST_CLASSES,
        // Words among the numbers may have turned the column into text.
        DataType::String => {
            let different = different()?;
            let number = |text: &String| text.parse::<f64>().is_ok();
            different.len() > MOST_CLASSES && different.iter().all(number)
        }
        _ => false,
    })
}

/// The distinct texts in order; whole numbers are sorted by value.
fn sorted(texts: &[String]) -> Vec<String> {
    let mut names: Vec<String> = texts.to_vec();
    names.sort_unstable();
    names.dedup();
    let numbers: Option<BTreeMap<i64, String>> =
        names.iter().map(|name| Some((name.parse().ok()?, name.clone()))).collect();
    match numbers {
        Some(numbers) if numbers.len() == names.len() => numbers.into_values().collect(),
        _ => names,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{Column, df};

    fn galaxies(label: Column) -> Catalog {
        let ids: Vec<String> = (0..label.len()).map(|row| format!("g{row}")).collect();
        let mut table = df!("id_str" => &ids, "file_loc" => &ids).unwrap();
        table.with_column(label).unwrap();
        Catalog::from_table(table, ".").unwrap()
    }

    #[test]
    fn galaxies_without_a_label_are_left_out_and_counted() {
        let all = galaxies(Column::new("kind".into(), ["ring", "n/a", " bar ", ""]));
        let (rows, some) = labelled(&all, &["kind".to_owned()]).unwrap();
        assert_eq!(
            (rows, some.ids().to_vec()),
            (vec![0, 2], vec!["g0".to_owned(), "g2".to_owned()])
        );
        let said = zoobot_show::notes::notes();
        let note = "\"kind\" has no value for 2 of 4 galaxies: \"g1\", \"g3\". They are left out";
        assert!(said.iter().any(|it| it == note), "{said:?}");
        let target = Target::classes(&some, "kind", None).unwrap();
        let names = vec!["bar".to_owned(), "ring".to_owned()];
        assert_eq!(target, Target::Classes { names, of: vec![1, 0] });
        // Unless these galaxies are left out, they have no class.
        let message = Target::classes(&all, "kind", None).unwrap_err().to_string();
        assert!(message.contains("no value for 2 of 4"), "{message}");
        let none = galaxies(Column::new("kind".into(), ["", "NaN"]));
        let message = labelled(&none, &["kind".to_owned()]).unwrap_err().to_string();
        assert!(message.contains("none of 2 galaxies has a label (kind)"), "{message}");
    }

    #[test]
    fn whole_numbers_are_classes_by_size_and_numbers_where_there_are_many() {
        let names =
            |of: Vec<f64>| match Target::classes(&galaxies(Column::new("x".into(), of)), "x", None)
            {
                Ok(Target::Classes { names, .. }) => names,
                other => panic!("{other:?}"),
            };
        assert_eq!(names(vec![10.0, 9.0, -1.0, 9.0]), ["-1", "9", "10"]);
        let numbers =
            |of: Column| matches!(Target::either(&galaxies(of), "x").unwrap(), Target::Numbers(_));
        let whole = |values: i64| (0..30).map(|i| i % values).collect::<Vec<i64>>();
        assert!(!numbers(Column::new("x".into(), whole(10))));
        assert!(numbers(Column::new("x".into(), whole(11))));
        let texts: Vec<String> = whole(11).iter().map(i64::to_string).collect();
        assert!(numbers(Column::new("x".into(), texts)));
        assert!(numbers(Column::new("x".into(), [0.0, 1.0])));
        assert!(!numbers(Column::new("x".into(), [true, false])));
    }

    #[test]
    fn fractions_are_no_classes_and_names_are_no_labels() {
        let some = galaxies(Column::new("x".into(), [1.0, 0.5]));
        let message = |found: Result<Target>| found.unwrap_err().to_string();
        assert!(message(Target::classes(&some, "x", None)).contains("\"g1\" is 0.5, not a class"));
        assert!(message(Target::numbers(&some, "id_str")).contains("identifies galaxies"));
        let some = galaxies(Column::new("x".into(), [1, 2]));
        let known = ["1".to_owned()];
        let message = message(Target::classes(&some, "x", Some(&known)));
        assert!(message.contains("\"x\" is \"2\" for \"g1\""), "{message}");
    }
}
