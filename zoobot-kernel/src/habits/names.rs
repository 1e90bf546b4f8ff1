//! Names that other languages have and Rust does not, and their counterparts in Rust.

/// Functions, constants and modules: what was typed, and the advice.
const NAMES: &[(&str, &str)] = &[
    (
        "print",
        "`println!(\"{x}\")` prints a variable, `println!(\"{}\", a + b)` an expression; the last expression of a cell shows itself.",
    ),
    ("printf", "`println!(\"{x:.2}\")` prints a variable with two decimals."),
    ("len", "the length is a method: `x.len()`."),
    ("range", "`0..10` counts from 0 to 9, `a..b` from a to b - 1."),
    ("help", "`?name` in a cell of its own shows the documentation, and so does Shift-Tab."),
    ("dir", "Tab after `x.` shows what it has, and `:vars` lists the variables."),
    ("vars", "`:vars` lists the variables."),
    ("type", "`:vars` lists the variables with their types, and Shift-Tab tells the type of one."),
    ("isinstance", "every variable has one type, which `:vars` tells."),
    ("id", "`std::ptr::from_ref(&x)` is the place in memory."),
    ("str", "`x.to_string()` makes a text, `format!(\"{x:.2}\")` one with two decimals."),
    ("repr", "`format!(\"{x:?}\")` is the text."),
    (
        "int",
        "`x as i64` cuts off the decimals of a number; `text.parse::<i64>()?` reads a number from a text.",
    ),
    (
        "float",
        "`n as f64` converts a number to `f64`; `text.parse::<f64>()?` reads one from a text.",
    ),
    ("bool", "`x != 0` tells whether a number is not zero."),
    (
        "list",
        "`vec![1, 2, 3]` is a list, and `.collect::<Vec<_>>()` makes a list from an iterator.",
    ),
    ("tuple", "`(1, \"a\")` is a tuple."),
    ("dict", "`std::collections::HashMap::from([(\"a\", 1)])` is a dictionary."),
    ("set", "`std::collections::HashSet::from([1, 2])` is a set."),
    ("abs", "it is a method: `x.abs()`."),
    ("sqrt", "it is a method: `x.sqrt()`."),
    ("exp", "it is a method: `x.exp()`."),
    ("log", "these are methods: `x.ln()`, `x.log10()`."),
    ("log10", "it is a method: `x.log10()`."),
    ("sin", "it is a method, of an angle in radians: `x.sin()`, `x.to_radians()`."),
    ("cos", "it is a method, of an angle in radians: `x.cos()`, `x.to_radians()`."),
    ("tan", "it is a method, of an angle in radians: `x.tan()`, `x.to_radians()`."),
    ("round", "it is a method: `x.round()`; decimals are cut in a text: `format!(\"{x:.2}\")`."),
    ("pow", "it is a method: `x.powi(2)`, `x.powf(0.5)`; of a whole number `n.pow(2)`."),
    ("sum", "it is a method of an iterator: `x.iter().sum::<f64>()`."),
    ("mean", MEAN),
    (
        "max",
        "the larger of two is `a.max(b)`, the largest of a list `x.iter().copied().fold(f64::NEG_INFINITY, f64::max)`.",
    ),
    (
        "min",
        "the smaller of two is `a.min(b)`, the smallest of a list `x.iter().copied().fold(f64::INFINITY, f64::min)`.",
    ),
    (
        "sorted",
        "`x.sort_by(f64::total_cmp)` sorts a list of numbers in its place; of whole numbers and texts `x.sort()`.",
    ),
    ("reversed", "it is a method of an iterator: `x.iter().rev()`."),
    (
        "enumerate",
        "it is a method of an iterator: `for (i, value) in x.iter().enumerate() { ... }`.",
    ),
    ("zip", "it is a method of an iterator: `for (a, b) in x.iter().zip(&y) { ... }`."),
    ("map", "it is a method of an iterator: `x.iter().map(|value| ...)`."),
    ("filter", "it is a method of an iterator: `x.iter().filter(|value| ...)`."),
    ("any", "it is a method of an iterator: `x.iter().any(|value| ...)`."),
    ("all", "it is a method of an iterator: `x.iter().all(|value| ...)`."),
    (
        "open",
        "`std::fs::read_to_string(\"file.txt\")?` reads a text, `std::fs::write(\"file.txt\", text)?` writes one.",
    ),
    ("exit", "Restart in the Kernel menu starts over, Shut Down ends the notebook."),
    ("quit", "Restart in the Kernel menu starts over, Shut Down ends the notebook."),
    ("pi", "it is `std::f64::consts::PI`."),
    ("nan", "it is `f64::NAN`, and `x.is_nan()` tells whether a number is."),
    ("NaN", "it is `f64::NAN`, and `x.is_nan()` tells whether a number is."),
    ("inf", "it is `f64::INFINITY`."),
    (
        "null",
        "there is no null: a value that may be missing is an `Option`, `None` or `Some(value)`.",
    ),
    (
        "nil",
        "there is no null: a value that may be missing is an `Option`, `None` or `Some(value)`.",
    ),
    (
        "StdRng",
        "`use zoobot::rand::{SeedableRng, rngs::StdRng};` brings it: `StdRng::seed_from_u64(1)`.",
    ),
    ("Rng", "`use zoobot::rand::Rng;` brings it."),
    ("SeedableRng", "`use zoobot::rand::SeedableRng;` brings it."),
    ("Normal", "`use zoobot::rand_distr::{Distribution, Normal};` brings it."),
    ("Poisson", "`use zoobot::rand_distr::{Distribution, Poisson};` brings it."),
    ("Uniform", "`use zoobot::rand_distr::{Distribution, Uniform};` brings it."),
    ("Array1", "`use zoobot::ndarray::Array1;` brings it."),
    ("Array2", "`use zoobot::ndarray::Array2;` brings it."),
    ("Tensor", "`use zoobot::tch::Tensor;` brings it."),
    ("RgbImage", "`use zoobot::image::RgbImage;` brings it."),
    ("rand", RANDOM),
    ("randn", RANDOM),
    ("randint", "a whole number from 1 to 6 is `zoobot::rand::random_range(1..=6)`."),
    ("randrange", "a whole number from 0 to 9 is `zoobot::rand::random_range(0..10)`."),
    (
        "uniform",
        "a number from 0 to 1 is `zoobot::rand::random::<f64>()`, from a to b `zoobot::rand::random_range(a..b)`.",
    ),
    ("thread_rng", "`let mut rng = zoobot::rand::rng();` makes a generator."),
    ("rng", "`let mut rng = zoobot::rand::rng();` makes a generator."),
    ("plot", FIGURE),
    ("line", FIGURE),
    ("hist", "`histogram(x, 20)` makes a figure of 20 bins."),
    ("bar", "`histogram(x, 20)` makes a figure of 20 bins."),
    (
        "show",
        "a figure shows itself as the last expression of a cell; `display(&figure);` shows it before.",
    ),
    ("imshow", "`galaxies.gallery(12)` shows pictures."),
    ("read_csv", FILES),
    ("read_parquet", FILES),
    ("read_table", FILES),
    ("read_fits", FILES),
    ("to_csv", "`write_table(galaxies.table(), \"file.csv\")?` writes a table."),
    ("save", "`write_table(galaxies.table(), \"file.csv\")?` writes a table."),
    ("write_csv", "`write_table(galaxies.table(), \"file.csv\")?` writes a table."),
    ("DataFrame", "`df![\"x\" => [1.0, 2.0], \"y\" => [3.0, 4.0]]?` makes a table."),
    (
        "linspace",
        "`(0..50).map(|i| a + (b - a) * i as f64 / 49.0).collect::<Vec<_>>()` has 50 numbers from a to b.",
    ),
    (
        "arange",
        "`(0..10).map(|i| i as f64 * 0.1).collect::<Vec<_>>()` has the numbers from 0 to 0.9 in steps of 0.1.",
    ),
    ("zeros", "`vec![0.0; 10]` is a list of ten zeros."),
    ("ones", "`vec![1.0; 10]` is a list of ten ones."),
    (
        "array",
        "`vec![1.0, 2.0, 3.0]` is a list, `zoobot::ndarray::array![[1.0, 2.0], [3.0, 4.0]]` a matrix.",
    ),
    (
        "median",
        "a list has no median: `let mut sorted = x.clone(); sorted.sort_by(f64::total_cmp); sorted[sorted.len() / 2]`.",
    ),
    ("std", STD),
    ("divmod", "`(a / b, a % b)` has both."),
    ("input", "`input(\"name?\")?` asks for a line of text."),
    ("sleep", "`std::thread::sleep(std::time::Duration::from_secs(1));` waits for a second."),
    (
        "datetime",
        "`std::time::SystemTime::now()` is the time; `time!(...)` around an expression tells how long it takes.",
    ),
    ("PI", "it is `std::f64::consts::PI`."),
    ("True", "it is written `true`."),
    ("False", "it is written `false`."),
];

/// Modules of Python and the names that people give them.
const MODULES: &[(&str, &str)] = &[
    ("numpy", NUMPY),
    ("np", NUMPY),
    ("scipy", NUMPY),
    ("pandas", PANDAS),
    ("pd", PANDAS),
    ("polars", PANDAS),
    ("pl", PANDAS),
    ("matplotlib", FIGURES),
    ("plt", FIGURES),
    ("seaborn", FIGURES),
    ("sns", FIGURES),
    (
        "math",
        "mathematical functions are methods of numbers: `x.sqrt()`, `x.ln()`, `x.sin()`; `std::f64::consts::PI`.",
    ),
    ("random", RANDOM),
    ("os", "files and folders are in `std::fs` and `std::path`, the environment in `std::env`."),
    ("pathlib", "files and folders are in `std::fs` and `std::path`."),
    ("glob", "`std::fs::read_dir(\"folder\")?` lists a folder."),
    ("sys", "the arguments and the environment of a program are in `std::env`."),
    (
        "time",
        "`time!(...)` around an expression tells how long it takes; `std::time::Instant::now()` is a clock.",
    ),
    (
        "json",
        "`Catalog::read` reads tables; for JSON there is polars: `zoobot::polars::prelude::JsonReader`.",
    ),
    ("astropy", "`Catalog::read` reads catalogues and `Recipe` FITS pictures."),
    ("torch", "libtorch is `zoobot::tch`; `Encoder` and `Finetune` use it for you."),
    ("sklearn", "`Space::pca`, `Map`, `Probe` and `Finetune` are the library's own."),
    ("zoobot", "`use zoobot::prelude::*;` brings the names of the library."),
];

const NUMPY: &str = "lists of numbers are `Vec<f64>` with methods of their own, and arrays are \
    `zoobot::ndarray`.";
const PANDAS: &str = "`Catalog::read(\"file.csv\")?` reads a catalogue, and its table is a polars \
    `DataFrame`: `galaxies.table()`.";
const FIGURES: &str = "`scatter(x, y)`, `histogram(x, 20)` and `lines()` make figures, which show \
    themselves at the end of a cell.";
const MEAN: &str = "the mean of a list is `x.iter().sum::<f64>() / x.len() as f64`.";
const STD: &str = "the standard deviation of a list is the root of its variance: \
    `let mean = x.iter().sum::<f64>() / x.len() as f64; (x.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt()`.";
const FILES: &str = "`Catalog::read(\"file.csv\")?` reads a table of CSV, Parquet or FITS.";
const FIGURE: &str = "`lines().series(\"name\", x, y)` draws a line, `scatter(x, y)` points.";
const RANDOM: &str = "random numbers are in `zoobot::rand`: `zoobot::rand::random::<f64>()` is one from \
    0 to 1; `zoobot::rand_distr::Normal` has Gaussians.";

const GROUPS: &str = "a table is counted by class with \
    `.lazy().group_by([col(\"class\")]).agg([len()]).collect()?`.";

/// Methods: what was typed, and the advice.
const METHODS: &[(&str, &str)] = &[
    (
        "append",
        "one value is added to a list with `.push(value)`, a whole list with `.extend(list)`.",
    ),
    ("add", "a value is added to a set with `.insert(value)`."),
    ("copy", "a copy is made with `.clone()`."),
    ("strip", "`.trim()` takes the blanks off both ends."),
    ("lower", "small letters are made with `.to_lowercase()`."),
    ("upper", "capital letters are made with `.to_uppercase()`."),
    ("startswith", "it is written `.starts_with(\"...\")`."),
    ("endswith", "it is written `.ends_with(\"...\")`."),
    ("format", "values are put into a text with `format!(\"{x} and {y:.2}\")`."),
    ("items", "`for (key, value) in &map { ... }` goes through a map."),
    ("mean", MEAN),
    ("std", STD),
    (
        "var",
        "the variance is the square of the standard deviation, and a list has neither: `let mean = x.iter().sum::<f64>() / x.len() as f64; x.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / x.len() as f64`.",
    ),
    (
        "median",
        "a list has no median: `let mut sorted = x.clone(); sorted.sort_by(f64::total_cmp); sorted[sorted.len() / 2]`.",
    ),
    ("sum", "the sum of a list is `x.iter().sum::<f64>()`."),
    ("max", "the largest of a list is `x.iter().copied().fold(f64::NEG_INFINITY, f64::max)`."),
    ("min", "the smallest of a list is `x.iter().copied().fold(f64::INFINITY, f64::min)`."),
    (
        "index",
        "the place of a value is `x.iter().position(|value| *value == wanted)`, an `Option`.",
    ),
    ("count", "the number of some values is `x.iter().filter(|value| ...).count()`."),
    ("size", "the number of elements or rows is `.len()`; of a polars table it is `.height()`."),
    ("length", "the number of elements or rows is `.len()`; of a polars table it is `.height()`."),
    ("astype", "a column is turned with `.cast(&DataType::Float64)?`, a number with `x as f64`."),
    ("groupby", GROUPS),
    ("value_counts", GROUPS),
    ("sort_values", "a table is sorted with `.sort([\"column\"], Default::default())?`."),
    ("iloc", "rows are taken with `.slice(from, count)` of a table, `.at(&[3])?` of a catalogue."),
    ("loc", "rows are chosen with `.filter(col(\"class\").eq(lit(\"ring\")))?` of a catalogue."),
    ("to_csv", "a table is written with `write_table(&table, \"file.csv\")?`."),
    ("values", "the numbers in a column of a catalogue are `galaxies.numbers(\"column\")?`."),
    (
        "columns",
        "the names of the columns are `table.get_column_names()`, of a catalogue `galaxies.table().get_column_names()`.",
    ),
    ("shape", "the number of elements is `.len()`."),
    ("describe", "`schema_of(galaxies.table())` lists the columns."),
    ("plot", "a figure is made with `lines().series(\"name\", &x, &y)`."),
    ("hist", "a figure is made with `histogram(x, 20)`."),
    ("isnull", "it is written `.is_null()`."),
    ("isna", "it is written `.is_null()`."),
    ("dropna", "rows with empty cells are left out by `.drop_nulls::<String>(None)?` of a table."),
];

fn of(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The advice for an unknown name.
pub fn name(name: &str) -> Option<&'static str> {
    of(NAMES, name).or_else(|| of(MODULES, name))
}

/// The advice for a module of Python.
pub fn module(name: &str) -> Option<&'static str> {
    of(MODULES, name)
}

/// The advice for an unknown method.
pub fn method(name: &str) -> Option<&'static str> {
    of(METHODS, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_explained_once_and_in_a_sentence() {
        for table in [NAMES, MODULES, METHODS] {
            for (i, (name, text)) in table.iter().enumerate() {
                assert!(text.ends_with('.'), "{name}: {text}");
                assert!(table[..i].iter().all(|(other, _)| other != name), "{name} twice");
            }
        }
    }
}
