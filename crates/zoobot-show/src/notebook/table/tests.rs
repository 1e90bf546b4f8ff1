use super::*;
use image::{Rgb, RgbImage};
use polars::prelude::*;

fn html(data: DataFrame) -> String {
    data.show().get("text/html").unwrap().to_owned()
}

fn rows(html: &str) -> usize {
    html.split_once("<tbody>").unwrap().1.matches("<tr").count()
}

#[test]
fn twenty_rows_are_shown_and_the_rest_is_counted() {
    let numbers = |count: i64| df!("n" => (0..count).collect::<Vec<_>>()).unwrap();
    let long = html(numbers(1234));
    assert_eq!(rows(&long), 21);
    assert!(
        long.contains("… 1,214 more") && long.contains("1,234 rows × 1 column, the first 20 shown"),
        "{long}"
    );
    assert!(long.contains(">19<") && !long.contains(">20<"));
    let exact = html(numbers(20));
    assert_eq!(rows(&exact), 20);
    assert!(!exact.contains("more"));
    let plain = numbers(1234).show().get("text/plain").unwrap().to_owned();
    assert_eq!(plain.lines().count(), 2 + 20 + 2, "{plain}");
    assert!(plain.ends_with("… 1,214 more\n(1,234 rows × 1 column)"), "{plain}");
}

#[test]
fn markup_in_names_and_cells_stays_text() {
    let data = df!("<b>name" => ["<script>alert('x')</script>", "\" onload=\"x"]).unwrap();
    let shown = Table::new(data).title("<i>title</i>").show();
    let html = shown.get("text/html").unwrap();
    for markup in ["<script", "<b>name", "<i>title", "\" onload"] {
        assert!(!html.contains(markup), "{markup} in {html}");
    }
    assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
}

#[test]
fn numbers_stand_right_and_text_left() {
    let html = html(df!("n" => [1.5, 20.25], "t" => ["a", "b"]).unwrap());
    let cell = |text: &str| {
        let end = html.find(&format!(">{text}</td>")).unwrap();
        html[..end].rsplit_once("<td ").unwrap().1.to_owned()
    };
    assert!(cell("20.25").starts_with("align=\"right\"") && cell("1.50").contains("right"));
    assert!(cell("a").starts_with("align=\"left\""));
    let plain = df!("n" => [1.5, 20.25], "t" => ["a", "b"]).unwrap().show();
    let plain = plain.get("text/plain").unwrap();
    assert!(plain.contains(" 1.50  a\n20.25  b\n"), "{plain}");
}

#[test]
fn nulls_are_visible_and_long_text_is_whole_in_its_tooltip() {
    let long = "x".repeat(90);
    let html = html(df!("t" => [Some(long.as_str()), None]).unwrap());
    assert!(html.contains(&format!("title=\"{long}\"")));
    assert!(html.contains(&format!(">{}…</td>", "x".repeat(39))));
    assert!(html.contains(">null</i>"));
}

#[test]
fn a_wide_table_shows_its_ends_and_counts_what_is_between() {
    let columns = (0..100).map(|i| Column::new(format!("feat_{i}").into(), [i as f32])).collect();
    let html = html(DataFrame::new(1, columns).unwrap());
    assert_eq!(html.matches("<th ").count(), 21);
    assert!(html.contains("80 more columns"));
    assert!(html.contains(">feat_0<") && html.contains(">feat_17<") && html.contains(">feat_99<"));
    assert!(!html.contains(">feat_18<"));
}

#[test]
fn of_many_columns_the_mostly_empty_ones_are_left_out_first() {
    let mut columns: Vec<Column> =
        (0..24).map(|i| Column::new(format!("c{i}").into(), [1.5, 2.5])).collect();
    for place in [2, 5, 11] {
        columns[place] = Column::new(format!("c{place}").into(), [None::<f64>, None]);
    }
    // A half-empty column is not mostly empty.
    columns[7] = Column::new("c7".into(), [None, Some(1.0)]);
    let shown = html(DataFrame::new(2, columns).unwrap());
    assert_eq!(shown.matches("<th ").count(), 21);
    for name in ["c2", "c5", "c11"] {
        assert!(!shown.contains(&format!(">{name}<")), "{name}");
    }
    for name in ["c0", "c7", "c12", "c20", "c23"] {
        assert!(shown.contains(&format!(">{name}<")), "{name}");
    }
    // The tooltip of the gap names the left-out columns, including the middle ones.
    assert!(
        shown.contains("4 more columns") && shown.contains("title=\"c2, c5, c11, c21\""),
        "{shown}"
    );

    let mut columns: Vec<Column> =
        (0..22).map(|i| Column::new(format!("c{i}").into(), [1.5])).collect();
    columns[0] = Column::new("c0".into(), [None::<f64>]);
    columns[3] = Column::new("c3".into(), [None::<f64>]);
    let shown = html(DataFrame::new(1, columns).unwrap());
    assert!(shown.contains("2 more columns") && shown.contains("title=\"c0, c3\""), "{shown}");
    assert!(shown.find(">c21<") < shown.find(">…<"), "the gap is the last column");
}

#[test]
fn types_stand_in_tooltips_and_long_names_may_break() {
    let data = df!("confident_accuracy" => [0.5], "n" => [1u32]).unwrap();
    let shown = html(data.clone());
    assert!(shown.contains("title=\"n (u32)\"") && !shown.contains(">u32<"), "{shown}");
    assert!(shown.contains(">confident_<wbr>accuracy<"), "{shown}");
    assert!(data.show().get("text/plain").unwrap().contains("u32"));
}

#[test]
fn a_table_to_be_seen_as_a_whole_neither_ends_at_twenty_rows_nor_scrolls() {
    let data = df!("n" => (0..34).collect::<Vec<i64>>()).unwrap();
    let table = Table::new(data.clone());
    let scrolled = table.show();
    assert!(scrolled.get("text/html").unwrap().contains("max-height"));
    let whole = table.whole().show();
    let whole = whole.get("text/html").unwrap();
    assert!(rows(whole) == 34 && !whole.contains("max-height"), "{whole}");
}

#[test]
fn files_become_pictures_and_unreadable_ones_say_why() {
    let folder = tempfile::tempdir().unwrap();
    RgbImage::from_pixel(90, 90, Rgb([10, 200, 10])).save(folder.path().join("a.jpg")).unwrap();
    std::fs::write(folder.path().join("words.jpg"), "no picture").unwrap();
    zoobot_testing::recorded_fits(folder.path());
    let data = df!(
        "id_str" => ["a", "b", "c", "d", "e"],
        "file_loc" => [Some("a.jpg"), Some("words.jpg"), Some("lost.jpg"), None, Some("radio_cube.fits")],
    )
    .unwrap();
    let plain = html(data.clone());
    assert!(!plain.contains("<img") && plain.contains(">lost.jpg<"));
    let html = Table::new(data).pictures(folder.path()).show().get("text/html").unwrap().to_owned();
    assert_eq!(html.matches("<img src=\"data:image/jpeg;base64,").count(), 2);
    assert!(html.contains("width=\"64\" height=\"64\" alt=\"a.jpg\""));
    assert!(html.contains("words.jpg: it is not a picture"));
    assert!(html.contains("lost.jpg: no such file"));
    assert!(html.contains(">null</i>"));
    assert!(html.find(">file_loc<") < html.find(">id_str<"), "pictures come first");
}

#[test]
fn a_table_without_rows_or_columns_still_shows() {
    let empty = df!("id_str" => Vec::<String>::new()).unwrap();
    assert_eq!(rows(&html(empty)), 0);
    assert!(html(DataFrame::empty()).contains("0 rows × 0 columns"));
}

#[test]
fn a_lazy_table_shows_columns_and_plan_without_computing() {
    let boom = |_: Column| -> PolarsResult<Column> { panic!("computed") };
    let lazy = df!("n" => [1, 2])
        .unwrap()
        .lazy()
        .select([col("n").map(boom, |_, field| Ok(field.clone()))])
        .filter(col("n").gt(lit(1)));
    let shown = lazy.show();
    let plain = shown.get("text/plain").unwrap();
    assert!(plain.contains("n (i32)") && plain.contains("FILTER"), "{plain}");
    assert!(shown.get("text/html").unwrap().contains("&gt;"));
}

#[test]
fn a_series_shows_as_a_table_of_one_column() {
    let series = Series::new("size".into(), [1.25, 2.5]);
    assert_eq!(
        series.show().get("text/plain"),
        Some("size\n f64\n1.25\n2.50\n(2 rows × 1 column)")
    );
}
