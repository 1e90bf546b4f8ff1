//! What other languages ask of a catalogue, a table or a column, and the Rust counterparts.

/// The container of the values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Holder {
    /// A catalogue.
    Catalog,
    /// A polars table.
    Table,
    /// A polars column.
    Column,
}

impl Holder {
    /// The type that an error names.
    pub fn in_message(message: &str) -> Option<Self> {
        let is = |name: &str| {
            message.contains(&format!("`{name}`")) || message.contains(&format!("`&{name}`"))
        };
        [
            ("Catalog", Self::Catalog),
            ("DataFrame", Self::Table),
            ("Column", Self::Column),
            ("Series", Self::Column),
        ]
        .into_iter()
        .find(|(name, _)| is(name))
        .map(|(_, holder)| holder)
    }

    fn of_type(ty: &str) -> Option<Self> {
        match ty.rsplit("::").next()?.trim_start_matches('&') {
            "Catalog" => Some(Self::Catalog),
            "DataFrame" => Some(Self::Table),
            "Column" | "Series" => Some(Self::Column),
            _ => None,
        }
    }
}

/// Advice for a method or field `name` that `receiver` does not have; `argument` is the string argument of
/// the call, the name of a column.
pub fn member(
    holder: Holder,
    name: &str,
    receiver: &str,
    argument: Option<&str>,
) -> Option<String> {
    if holder == Holder::Column {
        return of_column(name, receiver);
    }
    let table = match holder {
        Holder::Catalog => format!("{receiver}.table()"),
        _ => receiver.to_owned(),
    };
    let lent = match holder {
        Holder::Catalog => table.clone(),
        _ => format!("&{table}"),
    };
    let column = |otherwise| argument.unwrap_or(otherwise);
    Some(match name {
        "mean" | "average" | "std" | "var" | "median" | "sum" | "max" | "min" => {
            let values = format!("{receiver}.column(\"{}\")?", column("magnitude"));
            format!("take one column: {}", of_column(name, &values)?)
        }
        "sort" | "sort_values" | "sort_by" | "sorted" | "order_by" => format!(
            "a table is sorted with `{table}.sort([\"{}\"], Default::default())?`.",
            column("magnitude")
        ),
        "unique" | "nunique" | "drop_duplicates" | "distinct" => {
            format!(
                "the different values of a column are `{receiver}.column(\"{}\")?.unique()?`.",
                column("class")
            )
        }
        "groupby" | "group_by" | "value_counts" | "agg" => format!(
            "a table is counted by class with \
             `{table}.clone().lazy().group_by([col(\"{}\")]).agg([len()]).collect()?`.",
            column("class")
        ),
        "save" | "write" | "to_csv" | "write_csv" | "to_parquet" | "to_file" | "export"
        | "dump" => {
            let file = column("file.csv");
            let file = if file.contains('.') { file } else { "file.csv" };
            format!("a table is written with `write_table({lent}, \"{file}\")?`.")
        }
        "iterrows" | "itertuples" | "iter" | "iter_rows" | "rows" | "into_iter"
            if holder == Holder::Catalog =>
        {
            format!(
                "a catalogue is held by columns. `for id in {receiver}.ids() {{ println!(\"{{id}}\"); }}` goes \
                 through its galaxies, `for x in {receiver}.numbers(\"magnitude\")? {{ println!(\"{{x}}\"); }}` \
                 through a column."
            )
        }
        "iterrows" | "itertuples" | "iter" | "iter_rows" | "rows" => format!(
            "a table is held by columns: `for i in 0..{table}.height() {{ println!(\"{{:?}}\", {table}.get(i)); }}`."
        ),
        "hist" | "histogram" | "bar" => {
            format!(
                "a figure is made with `histogram({receiver}.column(\"{}\"), 20)`.",
                column("magnitude")
            )
        }
        "plot" | "scatter" => format!(
            "a figure is made with `scatter({receiver}.column(\"radius\"), {receiver}.column(\"magnitude\"))`."
        ),
        "show" | "display" | "print" => {
            format!(
                "`{receiver}` as the last line of a cell shows itself; `display(&{receiver});` shows it before."
            )
        }
        "shape" => format!("the numbers of rows and columns are `{table}.shape()`."),
        "size" | "length" | "count" | "nrows" | "num_rows" | "height" | "len" => {
            let rows = if holder == Holder::Catalog { "len" } else { "height" };
            format!("the number of rows is `{receiver}.{rows}()`.")
        }
        "iloc" | "row" if holder == Holder::Catalog => {
            format!(
                "one galaxy is `{receiver}.at(&[0])?`, the first ten are `{receiver}.head(10)`."
            )
        }
        "iloc" | "row" => format!("rows are taken with `{table}.slice(0, 10)`."),
        "loc" | "query" | "where_" | "find" if holder == Holder::Catalog => {
            format!("rows are chosen with `{receiver}.filter(col(\"class\").eq(lit(\"ring\")))?`.")
        }
        "loc" | "query" | "where_" | "find" => format!(
            "rows are chosen with `{table}.clone().lazy().filter(col(\"class\").eq(lit(\"ring\"))).collect()?`."
        ),
        "tail" => format!("the last rows are `{table}.tail(Some(5))`."),
        "slice" => format!("rows are taken with `{table}.slice(0, 10)`."),
        "describe" | "info" | "dtypes" | "schema" => {
            format!("`schema_of({lent})` lists the columns and their types.")
        }
        "columns" | "names" | "keys" | "column_names" => {
            format!("the names of the columns are `{table}.get_column_names()`.")
        }
        "dropna" | "drop_nulls" => {
            format!(
                "rows with missing values are left out by `{table}.drop_nulls::<String>(None)?`."
            )
        }
        "copy" => format!("a copy is made with `{receiver}.clone()`."),
        "values" | "to_numpy" | "tolist" | "to_list" if holder == Holder::Catalog => {
            format!(
                "the numbers of a column are `{receiver}.numbers(\"{}\")?`.",
                column("magnitude")
            )
        }
        "get" => {
            format!("a column is taken with `{receiver}.column(\"{}\")?`.", column("magnitude"))
        }
        _ => return None,
    })
}

fn of_column(name: &str, receiver: &str) -> Option<String> {
    let series = format!("{receiver}.as_materialized_series()");
    Some(match name {
        "mean" | "average" => format!("the mean is `{series}.mean()`, without missing values."),
        "std" => format!("the standard deviation is `{series}.std(1)`, without missing values."),
        "var" => format!("the variance is `{series}.var(1)`, without missing values."),
        "median" => format!("the median is `{series}.median()`, without missing values."),
        "sum" => format!("the sum is `{series}.sum::<f64>()?`, without missing values."),
        "max" => format!("the largest value is `{series}.max::<f64>()?`."),
        "min" => format!("the smallest value is `{series}.min::<f64>()?`."),
        "size" | "length" | "shape" | "height" => {
            format!("the number of rows is `{receiver}.len()`.")
        }
        "count" => format!(
            "the number of values that are there is `{receiver}.len() - {receiver}.null_count()`."
        ),
        "isnull" | "isna" => {
            format!("it is written `{receiver}.is_null()`; `{receiver}.null_count()` counts.")
        }
        "dropna" => format!("missing values are left out by `{receiver}.drop_nulls()`."),
        "nunique" => format!("the number of different values is `{receiver}.n_unique()?`."),
        "sort_values" | "sorted" => {
            format!("it is written `{receiver}.sort(Default::default())?`.")
        }
        "astype" => {
            format!(
                "another type is made with `{receiver}.cast(&zoobot::polars::prelude::DataType::Float64)?`."
            )
        }
        "hist" | "plot" | "histogram" => {
            format!("a figure is made with `histogram({receiver}, 20)`.")
        }
        "copy" => format!("a copy is made with `{receiver}.clone()`."),
        "iter" | "into_iter" | "values" | "tolist" | "to_list" | "to_numpy" | "to_vec" => {
            let numbers = receiver.strip_suffix('?').unwrap_or(receiver);
            if numbers.contains(".column(") {
                let numbers = numbers.replacen(".column(", ".numbers(", 1);
                format!(
                    "the numbers of a catalogue's column are `{numbers}?`, with NaN for missing values."
                )
            } else {
                format!(
                    "its numbers are `{receiver}.f64()?.iter()`: each an `Option`, `None` where it is missing."
                )
            }
        }
        _ => return None,
    })
}

/// Advice for `receiver[index]`, where `ty` is the type of the receiver and `by` the type of the index.
pub fn index(ty: &str, by: &str, receiver: &str, index: &str) -> Option<String> {
    let whole = !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit());
    let range =
        index.split_once("..").map(|(from, to)| (from.trim(), to.trim_start_matches('=').trim()));
    let quoted = index.starts_with('"');
    if let Some(holder) = Holder::of_type(ty) {
        let rows = if holder == Holder::Catalog {
            format!("{receiver}.table()")
        } else {
            receiver.to_owned()
        };
        return Some(match (holder, range) {
            (Holder::Catalog, Some(("" | "0", to))) if !to.is_empty() => {
                format!("the first galaxies are `{receiver}.head({to})`.")
            }
            (_, Some((from, to))) => {
                let from = if from.is_empty() { "0" } else { from };
                let count = match (from.parse::<i64>(), to.parse::<i64>()) {
                    (Ok(from), Ok(to)) => (to - from).max(0).to_string(),
                    _ if to.is_empty() => format!("{receiver}.len() - {from}"),
                    _ if from == "0" => to.to_owned(),
                    _ => format!("{to} - {from}"),
                };
                let offset = if from.bytes().all(|b| b.is_ascii_digit()) {
                    String::new()
                } else {
                    " as i64".to_owned()
                };
                format!(
                    "rows are taken with `{rows}.slice({from}{offset}, {count})`: where they begin, and how many."
                )
            }
            (Holder::Column, _) => format!("one value is `{receiver}.get({index})?`."),
            _ if quoted => format!("a column is taken with `{receiver}.column({index})?`."),
            _ if index.starts_with('[') => {
                format!("columns are taken with `{rows}.select({index})?`.")
            }
            (Holder::Catalog, _) if whole => {
                format!(
                    "one galaxy is `{receiver}.at(&[{index}])?`, a column `{receiver}.column(\"magnitude\")?`."
                )
            }
            (Holder::Table, _) if whole => format!("one row is `{receiver}.slice({index}, 1)`."),
            _ if index.contains("col(") => {
                format!("rows are chosen with `{receiver}.filter({index})?`.")
            }
            _ => format!("a column is taken with `{receiver}.column(\"magnitude\")?`."),
        });
    }
    if ty.starts_with('(') {
        return Some(if whole {
            format!("a part of a tuple is taken with a dot: `{receiver}.{index}`.")
        } else {
            format!(
                "the parts of a tuple are taken with a dot and a number: `{receiver}.0`, `{receiver}.1`."
            )
        });
    }
    if matches!(ty.trim_start_matches('&'), "str" | "String") {
        if by.contains("Range") || range.is_some() {
            return Some(
                "the bounds of a range are `usize` here: `&text[i as usize..j as usize]`."
                    .to_owned(),
            );
        }
        if index.starts_with('-') {
            return Some(format!(
                "the last letter is `{receiver}.chars().last()`, which is an `Option`."
            ));
        }
        let cast = if whole { "" } else { " as usize" };
        return Some(format!(
            "a letter of a text is `{receiver}.chars().nth({index}{cast})`, which is an `Option`."
        ));
    }
    if by.contains("str") || by.contains("String") {
        return Some(if ty.contains("HashMap") || ty.contains("BTreeMap") {
            format!(
                "a value of a map is `{receiver}[{index}]`, or `{receiver}.get({index})`, which is an `Option`."
            )
        } else {
            "the elements of a list are counted from 0: `x[0]`. A map has names for its values: \
             `std::collections::HashMap::from([(\"a\", 1)])`."
                .to_owned()
        });
    }
    if range.is_some() || index.starts_with('-') || index.contains(':') {
        return None;
    }
    let simple = index.chars().all(|c| c.is_alphanumeric() || c == '_');
    let index = if simple { index.to_owned() } else { format!("({index})") };
    Some(format!("an index is a `usize`: `{receiver}[{index} as usize]`."))
}
