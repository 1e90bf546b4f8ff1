//! Missing values: one rule for all inputs.

pub use zoobot_base::missing::is_missing;

use polars::prelude::{Column, DataFrame, DataType, PolarsResult};

/// Numbers that surveys write where there is no value.
const SENTINELS: [f64; 10] =
    [-99.0, -999.0, -9999.0, -99_999.0, -999_999.0, 99.0, 999.0, 9999.0, 99_999.0, 999_999.0];

/// Replaces NaN by empty cells in columns of numbers.
pub(super) fn without_nan(table: &mut DataFrame) -> PolarsResult<()> {
    let mut emptied = Vec::new();
    for column in table.columns() {
        let (name, kind) = (column.name().clone(), column.dtype());
        if !kind.is_float() || !column.is_nan()?.any() {
            continue;
        }
        emptied.push(match kind {
            DataType::Float64 => {
                let values = column.f64()?.iter().map(|it| it.filter(|it| !it.is_nan()));
                Column::new(name, values.collect::<Vec<_>>())
            }
            _ => {
                let single = column.cast(&DataType::Float32)?;
                let values = single.f32()?.iter().map(|it| it.filter(|it| !it.is_nan()));
                Column::new(name, values.collect::<Vec<_>>()).cast(kind)?
            }
        });
    }
    emptied.into_iter().try_for_each(|column| table.with_column(column).map(drop))
}

/// A number that may mean "no value", and the rows that hold it: -99, -999, 99, 999 and so on, if it is
/// farther from all other numbers than they are from each other.
pub(super) fn sentinel(values: &[Option<f64>]) -> Option<(f64, Vec<usize>)> {
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.iter().flatten().filter(|it| !SENTINELS.contains(it)) {
        (least, most) = (least.min(*value), most.max(*value));
    }
    let far = |sentinel: f64| {
        let apart = (least - sentinel).max(sentinel - most);
        apart > (most - least).max(1.0)
    };
    let found = SENTINELS.into_iter().filter(|it| least <= most && far(*it)).map(|it| {
        let rows: Vec<usize> = (0..values.len()).filter(|&row| values[row] == Some(it)).collect();
        (it, rows)
    });
    found.filter(|(_, rows)| !rows.is_empty()).max_by_key(|(_, rows)| rows.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;

    #[test]
    fn nan_becomes_empty_in_every_column_of_floats() {
        let mut table = df!(
            "single" => [1.0_f32, f32::NAN, f32::INFINITY],
            "double" => [Some(f64::NAN), None, Some(-1.5)],
            "whole" => [1, 2, 3],
            "text" => ["nan", "NaN", "x"],
        )
        .unwrap();
        without_nan(&mut table).unwrap();
        let nulls: Vec<usize> = table.columns().iter().map(Column::null_count).collect();
        assert_eq!(nulls, [1, 2, 0, 0]);
        assert_eq!(table.column("single").unwrap().f32().unwrap().get(2), Some(f32::INFINITY));
        assert_eq!(table.column("double").unwrap().f64().unwrap().get(2), Some(-1.5));
    }

    #[test]
    fn sentinels_are_far_from_the_rest() {
        let found = |values: &[f64]| {
            let values: Vec<Option<f64>> = values.iter().copied().map(Some).collect();
            sentinel(&values).map(|(value, rows)| (value, rows.len()))
        };
        assert_eq!(found(&[0.1, 0.2, -999.0, 0.3, -999.0]), Some((-999.0, 2)));
        assert_eq!(found(&[14.0, 22.0, 99.0, 18.5]), Some((99.0, 1)));
        assert_eq!(found(&[0.0, 1.0, 1.0, -99.0]), Some((-99.0, 1)));
        assert_eq!(found(&[0.1, -999.0, -9999.0, -9999.0]), Some((-9999.0, 2)));
        // A sentinel must be far from the other numbers.
        assert_eq!(found(&[-1200.0, -999.0, 3000.0, 100.0]), None);
        assert_eq!(found(&[90.0, 99.0, 100.0]), None);
        assert_eq!(found(&[0.0, 40.0, 99.0]), Some((99.0, 1)));
        assert_eq!(found(&[0.0, 80.0, 99.0]), None);
        assert_eq!(found(&[-999.0, -999.0]), None);
        assert_eq!(found(&[]), None);
    }
}
