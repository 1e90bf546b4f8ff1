// Borrowed and owned numbers, as users write them.
#![allow(clippy::needless_borrows_for_generic_args)]

use super::*;
use plotters::prelude::*;
use resvg::tiny_skia::Pixmap;

fn waves(count: usize) -> (Vec<f64>, Vec<f64>) {
    (0..count)
        .map(|i| (i as f64 * 0.37).sin() * 3.0)
        .zip((0..count).map(|i| (i as f64).cos()))
        .unzip()
}

fn shares(png: &[u8]) -> (f64, f64) {
    let picture = Pixmap::decode_png(png).unwrap();
    let count = |of: &dyn Fn([u8; 3]) -> bool| {
        picture.pixels().iter().filter(|it| of([it.red(), it.green(), it.blue()])).count() as f64
            / picture.pixels().len() as f64
    };
    (count(&|rgb| rgb == [255; 3]), count(&|rgb| rgb.iter().all(|part| *part < 80)))
}

#[test]
fn the_three_files_have_one_size_and_one_text() {
    let folder = tempfile::tempdir().unwrap();
    let (x, y) = waves(40);
    let figure = scatter(&x, &y).labels("redshift", "size (kpc)").title("Galaxies").build();
    let read = |name: &str| {
        let file = folder.path().join(name);
        figure.save(&file).unwrap();
        std::fs::read(file).unwrap()
    };

    let svg = String::from_utf8(read("figure.svg")).unwrap();
    assert!(svg.contains("width=\"640\" height=\"440\""));
    for text in ["redshift", "size (kpc)", "Galaxies"] {
        assert!(svg.lines().any(|line| line == text), "{text} is text in the SVG");
    }
    assert!(svg.contains("font-family=\"DejaVu Sans, sans-serif\""));

    // 640 × 440 pixels of 1/96 inch are 480 × 330 points of 1/72 inch.
    let pdf = String::from_utf8_lossy(&read("figure.PDF")).into_owned();
    assert!(pdf.contains("/MediaBox [0 0 480 330]"), "page size");
    assert!(pdf.contains("+DejaVuSans") && pdf.contains("/FontFile2"), "the font is inside");

    let png = read("figure.png");
    let picture = Pixmap::decode_png(&png).unwrap();
    assert_eq!((picture.width(), picture.height()), (1280, 880));
    assert_eq!(shown_size(&png), Some((640, 440)));
    let (white, dark) = shares(&png);
    assert!(white > 0.8 && white < 0.99, "{white} of the picture is white");
    assert!(dark > 0.001, "{dark} of the picture is text");
}

#[test]
fn text_is_drawn_with_the_embedded_font() {
    let draw = |text: &'static str| {
        Figure::draw((200, 60), |root| {
            Ok(root.draw_text(text, &("sans-serif", 20).into_text_style(root), (10, 20))?)
        })
    };
    let (_, without) = shares(&draw("").png().unwrap());
    let (_, with) = shares(&draw("λ ≈ 5007 Å").png().unwrap());
    assert!(without == 0.0 && with > 0.01, "{without} {with}");
}

#[test]
fn a_picture_of_another_resolution_says_so() {
    let figure = Figure::draw((100, 50), |_| Ok(())).dpi(300.0);
    let png = figure.png().unwrap();
    let picture = Pixmap::decode_png(&png).unwrap();
    assert_eq!((picture.width(), picture.height()), (313, 156));
    assert_eq!(shown_size(&png), Some((100, 50)));
    assert!(figure.dpi(1e9).problem().is_some());
}

#[test]
fn a_scaled_figure_keeps_its_drawing() {
    let red =
        |root: &Canvas<'_>| Ok(root.draw(&Rectangle::new([(0, 0), (100, 50)], RED.filled()))?);
    let figure = Figure::draw((200, 100), red).scaled(0.5).dpi(96.0);
    let picture = Pixmap::decode_png(&figure.png().unwrap()).unwrap();
    assert_eq!((picture.width(), picture.height()), (100, 50));
    let filled = picture.pixels().iter().filter(|it| it.green() == 0).count();
    assert_eq!(filled, 50 * 25);
    assert!(figure.scaled(f64::NAN).problem().is_some());
}

#[test]
fn saving_fails_with_what_is_wrong() {
    let figure = Figure::draw((100, 50), |_| Ok(()));
    let error = figure.save("figure.jpg").unwrap_err().to_string();
    assert_eq!(
        error,
        "a figure cannot be saved as figure.jpg. Choose a name that ends in .svg, .pdf or .png"
    );
    let folder = tempfile::tempdir().unwrap();
    // A missing folder is created; a file in its place is an error.
    figure.save(folder.path().join("new/figure.svg")).unwrap();
    assert!(folder.path().join("new/figure.svg").is_file());
    let error = figure.save(folder.path().join("new/figure.svg/a.svg")).unwrap_err().to_string();
    assert!(error.starts_with("cannot create"), "{error}");
    let taken = folder.path().join("taken.png");
    std::fs::create_dir(&taken).unwrap();
    let error = figure.save(&taken).unwrap_err().to_string();
    assert!(error.starts_with("cannot write") && error.contains("taken.png"), "{error}");
}

#[test]
fn an_error_while_drawing_is_the_error_of_the_figure() {
    let own = |_: &Canvas<'_>| Err(Error::parameter("k", 0, "at least 1").into());
    let problem = Figure::draw((100, 50), own).problem();
    assert_eq!(problem, Some(Error::parameter("k", 0, "at least 1").to_string()));
    let font = |root: &Canvas<'_>| Ok(root.titled("x", ("Comic Sans", 20)).map(|_| ())?);
    let error = Figure::draw((100, 50), font).problem().unwrap();
    assert!(error.contains("ask for \"sans-serif\""), "{error}");
    assert!(Figure::draw((0, 50), |_| Ok(())).checked().is_err());
}

#[test]
fn points_that_are_not_finite_are_left_out_and_counted() {
    let x = [1.0, f64::NAN, 3.0, 4.0];
    let y = [1.0, 2.0, f64::INFINITY, 4.0];
    let figure = scatter(&x, &y).build();
    assert_eq!(figure.svg().matches("<circle").count(), 2);
    let said = "2 of 4 points left out: missing or not finite";
    assert_eq!(figure.about(), format!("y against x, 2 points; {said}"));
    // The remark is below the figure in the notebook, not in the figure for a paper.
    assert!(!figure.svg().contains("left out"));
    let shown = figure.show();
    let html = shown.get("text/html").unwrap();
    assert!(html.contains(&format!(">{said}<")) && html.contains("data:image/svg+xml;base64,"));
    assert!(scatter(&x[..1], &y[..1]).show().get("text/html").is_none());
    let gaps = lines().series("a", x, [1, 2, 3, 4]).build();
    assert!(gaps.about().ends_with("1 of 4 points left out: missing or not finite"));
}

#[test]
fn columns_become_figures_with_their_names_and_what_they_leave_out() {
    use polars::prelude::Column;
    // Two empty cells neither become zero nor shorten the column.
    let magnitude = Column::new("magnitude".into(), [Some(17.5), None, Some(18.5), None]);
    let redshift = Column::new("redshift".into(), [0.1_f32, 0.2, 0.3, 0.4]);
    let counted = histogram(&magnitude, 2).build();
    assert_eq!(
        counted.about(),
        "histogram of magnitude, 2 values in 2 bins; 2 of 4 values left out: missing or not finite"
    );
    assert!(!counted.svg().contains("left out"));
    let points = scatter(&redshift, &magnitude).build();
    assert!(points.about().starts_with("magnitude against redshift, 2 points; 2 of 4 points"));
    assert_eq!(points.svg().matches("<circle").count(), 2);
    for label in ["redshift", "magnitude"] {
        assert!(points.svg().lines().any(|line| line == label), "{label} is at its axis");
    }
    let text = Column::new("class".into(), ["ring", "spiral"]);
    let error = histogram(text, 10).build().problem().unwrap();
    assert!(
        error.starts_with("the values come from the column \"class\", which holds text"),
        "{error}"
    );
}

/// The centres of the circles in an SVG, in order.
fn circles(svg: &str) -> Vec<(f64, f64)> {
    let number = |line: &str, name: &str| {
        let rest = line.split_once(&format!("{name}=\"")).unwrap().1;
        rest.split_once('"').unwrap().0.parse::<f64>().unwrap()
    };
    let circles = svg.lines().filter(|line| line.starts_with("<circle"));
    circles.map(|line| (number(line, "cx"), number(line, "cy"))).collect()
}

#[test]
fn axes_are_logarithmic_turned_around_and_limited_as_asked() {
    let (x, y) = ([1.0, 10.0, 1000.0, -5.0], [18.0, 19.0, 21.0, 20.0]);
    let figure = scatter(x, y).log_x().inverted_y().build();
    let [a, b, c] = circles(&figure.svg())[..] else { panic!("-5 has no logarithm") };
    assert!(((c.0 - b.0) / (b.0 - a.0) - 2.0).abs() < 0.02, "two decades are twice as long as one");
    assert!(a.1 < b.1 && b.1 < c.1, "larger numbers are lower");
    assert!(
        figure
            .about()
            .ends_with("1 of 4 points left out: missing, not finite or outside of the axes")
    );
    let svg = figure.svg();
    for tick in ["1", "10", "100", "1000"] {
        assert!(svg.lines().any(|line| line == tick), "{tick} is at a tick");
    }
    let near = scatter(x, y).limits_x(0.0, 20.0).limits_y(22.0, 16.0).build();
    let [a, b] = circles(&near.svg())[..] else { panic!("two points are within") };
    assert!(a.1 < b.1, "from a larger number to a smaller one turns the axis around");
    assert!(near.about().contains("2 of 4 points left out"));
    let error = scatter(x, y).limits_x(3.0, 3.0).build().problem().unwrap();
    assert_eq!(error, "limits_x must be two different numbers, but it is 3 to 3");
    let error = lines().series("a", x, y).log_y().limits_y(0.0, 3.0).build().problem().unwrap();
    assert_eq!(
        error,
        "limits_y must be two different numbers above 0 (the axis is logarithmic), but it is 0 to 3"
    );
    assert!(histogram(x, 5).log_x().log_y().build().about().contains("3 values in 5 bins"));
    let bars = |svg: String| svg.matches("fill=\"#0072B2\"").count();
    for build in [histogram(x, 50), histogram(x, 50).log_y(), histogram(x, 50).log_x().log_y()] {
        let filled = if build.build().about().contains("3 values") { 3 } else { 4 };
        assert!(bars(build.build().svg()) <= filled, "an empty bin has no bar");
    }
    assert!(histogram(x, 5).limits_x(0.0, 20.0).build().about().contains("2 values in 5"));
    assert!(lines().series("a", x, y).log_x().limits_y(18.5, 20.5).build().checked().is_ok());
    // A range of less than a decade has round ticks too.
    let narrow = scatter([2.1, 2.4], [1.0, 2.0]).log_x().build().svg();
    assert!(narrow.lines().any(|line| line.trim_end_matches('0') == "2.2"), "{narrow}");
}

#[test]
fn points_lie_where_their_numbers_say() {
    let figure = scatter(&[0.0, 1.0, 0.5], &[0.0, 1.0, 0.5]).build();
    let svg = figure.svg();
    let places = circles(&svg);
    let [(x0, y0), (x1, y1), (x, y)] = places[..] else { panic!("{places:?}") };
    assert!(x1 > x0 && y1 < y0, "x grows to the right, y upwards");
    assert!((x - (x0 + x1) / 2.0).abs() <= 1.0 && (y - (y0 + y1) / 2.0).abs() <= 1.0);
}

#[test]
fn many_points_become_a_bitmap_in_every_format() {
    let (x, y) = waves(5_000);
    let few = scatter(&x, &y).build();
    assert_eq!(few.svg().matches("<circle").count(), 5_000);
    assert!(!few.svg().contains("<image"));

    let (x, y) = waves(5_001);
    let many = scatter(&x, &y).build();
    let svg = many.svg();
    assert_eq!(svg.matches("<circle").count(), 0);
    assert_eq!(svg.matches("<image ").count(), 1);
    assert!(String::from_utf8_lossy(&many.pdf().unwrap()).contains("/Subtype /Image"));
    let blue = |figure: &Figure| {
        let picture = Pixmap::decode_png(&figure.png().unwrap()).unwrap();
        picture.pixels().iter().filter(|it| it.blue() > it.red().saturating_add(60)).count()
    };
    assert!(blue(&many) > 1000, "{}", blue(&many));
    assert!(many.show().get("image/png").is_some() && many.show().get("image/svg+xml").is_none());
}

#[test]
fn a_light_figure_shows_as_svg_on_white_and_a_heavy_one_as_png() {
    let figure = lines().series("a", &[0.0, 1.0], &[2.0, 3.0]).build();
    let shown = figure.show();
    let svg = shown.get("image/svg+xml").unwrap();
    assert!(svg.lines().nth(1).unwrap().contains("width=\"640\" height=\"440\" fill=\"#FFFFFF\""));
    assert_eq!(shown.get("text/plain"), Some("Figure, 640 × 440 px: y over x: a"));
    let long: Vec<f64> = (0..40_000).map(f64::from).collect();
    let heavy = lines().series("a", &long, &long).build();
    assert!(heavy.show().get("image/png").is_some());
}

#[test]
fn ten_classes_get_a_colour_and_the_rest_is_other() {
    let (x, y) = waves(36);
    // Twelve classes; "k10" and "k11" are the rarest.
    let class: Vec<String> =
        (0..36).map(|i| format!("k{:02}", if i < 34 { i % 11 } else { 11 })).collect();
    let svg = scatter(&x, &y).colour_by("kind <&>", class).build().svg();
    assert!(svg.contains("kind &lt;&amp;&gt;") && svg.contains("other (2 classes)"));
    for RGBColor(r, g, b) in style::PALETTE {
        let colour = format!("#{r:02X}{g:02X}{b:02X}");
        assert!(svg.matches(&colour).count() > 1, "{colour} has points and a place in the legend");
    }
}

#[test]
fn numbers_get_a_colour_bar_and_missing_ones_are_grey() {
    let (x, y) = waves(30);
    let mut z: Vec<f64> = (0..30).map(f64::from).collect();
    z[4] = f64::NAN;
    let figure = scatter(&x, &y).colour_by("redshift", z).build();
    assert!(figure.about().ends_with("; 1 point without redshift in grey"));
    let svg = figure.svg();
    assert!(svg.contains("redshift") && !svg.contains("in grey"));
    for end in ["#440154", "#FDE725", "#B8B8B8"] {
        assert!(svg.contains(&format!("fill=\"{end}\"")), "{end}");
    }
    let constant = scatter(&x, &y).colour_by("z", vec![2.0; 30]).build();
    assert_eq!(constant.problem(), None);
    let none = scatter(&x, &y).colour_by("z", vec![f64::NAN; 30]).build();
    assert!(none.about().ends_with("30 points without z in grey"));
}

#[test]
fn input_without_anything_to_draw_is_refused_with_the_reason() {
    let message = |figure: Figure| figure.problem().unwrap();
    assert_eq!(
        message(scatter([0.0; 0], [0.0; 0]).build()),
        "the scatter plot has no point to draw (0 points given). Give at least one point whose x and \
         y are finite and within the axes"
    );
    assert!(
        message(scatter(&[f64::NAN], &[1.0]).build()).contains("no point to draw (1 point given)")
    );
    assert!(
        message(scatter(&[1.0], &[1.0, 2.0]).build())
            .starts_with("y has 2 values, but x has 1 value")
    );
    let short = scatter(&[1.0, 2.0], &[1.0, 2.0]).colour_by("class", vec!["a"]);
    assert!(message(short.build()).starts_with("colour_by has 1 value, but x has 2 values"));
    assert!(message(histogram([0.0; 0], 10).build()).contains("0 values"));
    assert!(message(histogram(&[1.0], 0).build()).contains("between 1 and 1000"));
    assert!(message(lines().build()).contains("the lines have no point to draw"));
    assert!(message(lines().series("a", &[1.0], [0.0; 0]).build()).contains("\"a\""));
    assert!(message(explained_variance(&[])).contains("at least one component"));
    assert!(message(explained_variance(&[0.5, f64::NAN])).contains("component 2 is NaN"));
    assert!(message(explained_variance(&[0.8, 0.4])).contains("at most 1"));
}

#[test]
fn one_value_and_equal_values_are_drawn() {
    assert!(scatter(&[2.0], &[-3.0]).build().checked().is_ok());
    assert!(scatter(&[1e300, -1e300], &[0.0, 0.0]).build().checked().is_ok());
    assert!(scatter(&[1e15, 1e15 + 1.0], &[0.0, 0.0]).build().checked().is_ok());
    let svg = histogram(&[5.0; 9], 4).build().svg();
    assert!(svg.contains("\n5.0\n") || svg.contains("\n5\n") || svg.contains("\n4.8\n"), "{svg}");
    let figure = explained_variance(&[1.0]);
    assert_eq!(figure.about(), "variance explained by 1 component: 100.0 % in all");
}

#[test]
fn every_component_has_a_bar_as_high_as_its_share() {
    let svg = explained_variance(&[0.4, 0.2, 0.1]).svg();
    let heights: Vec<f64> = svg
        .lines()
        .filter(|line| line.starts_with("<rect") && line.contains("fill=\"#0072B2\""))
        .map(|line| {
            let rest = line.split_once("height=\"").unwrap().1;
            rest.split_once('"').unwrap().0.parse().unwrap()
        })
        .collect();
    // The last circle belongs to the legend.
    let [a, b, c, _] = heights[..] else { panic!("{heights:?}") };
    assert!((a / b - 2.0).abs() < 0.01 && (a / c - 4.0).abs() < 0.03, "{heights:?}");
}

#[test]
fn a_builder_shows_what_it_would_build_or_why_it_cannot() {
    use crate::notebook::Show;
    let shown = scatter(&[1.0, 2.0], &[3.0, 4.0]).show();
    assert!(shown.get("image/svg+xml").is_some_and(|svg| svg.contains("<svg")));
    let refused = scatter(&[1.0, 2.0], &[3.0]).show();
    assert!(
        refused
            .get("text/plain")
            .is_some_and(|text| text.starts_with("The figure cannot be drawn: y has 1"))
    );
}

#[test]
fn a_diagonal_is_one_line_more() {
    let (x, y) = ([0.1, 0.5, 0.9], [0.2, 0.4, 1.0]);
    let plain = super::scatter(&x, &y).build().svg();
    let with = super::scatter(&x, &y).diagonal().build().svg();
    assert_eq!(with.matches("<polyline").count(), plain.matches("<polyline").count() + 1);
}
