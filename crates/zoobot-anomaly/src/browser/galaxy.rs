//! What a catalogue says about one galaxy, and links to web pages that say more.

use polars::prelude::AnyValue;
use serde_json::{Value, json};
use zoobot_base::error::Result;
use zoobot_data::catalog::{Catalog, FILE, ID, is_position, position_of};
use zoobot_show::notebook::text::cut;

/// The maximum number of columns.
const COLUMNS: usize = 400;
/// The maximum number of characters of a value.
const LONGEST: usize = 80;
/// The catalogue's columns except for names and files, as JSON: `name`, and `shown`, whether the page
/// shows the column by default. By default it shows only positions and magnitudes, because any other
/// column may give away what the user is asked to judge.
pub fn columns(catalog: &Catalog) -> Value {
    let names = catalog.table().get_column_names().into_iter().map(|name| name.as_str());
    let names = names.filter(|name| ![ID, FILE].contains(name)).take(COLUMNS);
    names.map(|name| json!({ "name": name, "shown": tells_nothing(name) })).collect()
}

/// Whether a column of this name holds a position or a magnitude.
fn tells_nothing(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split(|letter: char| !letter.is_alphanumeric());
    let magnitude = |word: &str| {
        word.starts_with("magnitude")
            || word.ends_with("mag")
            || word.strip_prefix("mag").is_some_and(|band| band.len() <= 2)
    };
    is_position(&name) || words.any(magnitude)
}

/// The values of the columns, and the links, as JSON: `about` (pairs of name and text) and `links` (pairs
/// of name and address).
pub fn known(catalog: &Catalog, row: usize) -> Result<Value> {
    let galaxy = catalog.at(&[row])?;
    let table = galaxy.table();
    let mut about = Vec::new();
    for column in table.columns().iter().filter(|it| ![ID, FILE].contains(&it.name().as_str())) {
        if about.len() == COLUMNS {
            break;
        }
        let text = match column.get(0)? {
            AnyValue::Null => continue,
            AnyValue::Float64(value) if value.is_finite() => short(value),
            AnyValue::Float32(value) if value.is_finite() => short(f64::from(value)),
            other => other.get_str().map_or_else(|| other.to_string(), str::to_owned),
        };
        about.push(json!([column.name().as_str(), cut(&text, LONGEST)]));
    }
    let links = match position_of(table, 0) {
        Some((ra, dec)) => links(ra, dec),
        None => json!([]),
    };
    Ok(json!({ "about": about, "links": links }))
}

/// A number with about seven significant digits.
fn short(value: f64) -> String {
    let digits = (6 - value.abs().max(1.0).log10().floor() as i32).clamp(0, 6);
    let text = format!("{value:.*}", digits as usize);
    match text.split_once('.') {
        Some(_) if value != 0.0 && value.abs() < 1e-4 => format!("{value:.3e}"),
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => text,
    }
}

fn links(ra: f64, dec: f64) -> Value {
    // "+" means a space in an address.
    let signed = format!("{dec:+.6}").replace('+', "%2B");
    json!([
        [
            "Legacy Survey",
            format!(
                "https://www.legacysurvey.org/viewer?ra={ra:.6}&dec={dec:.6}&layer=ls-dr10&zoom=16\
                 &mark={ra:.6},{dec:.6}"
            )
        ],
        [
            "SIMBAD",
            format!(
                "https://simbad.cds.unistra.fr/simbad/sim-coo?Coord={ra:.6}%20{signed}\
                 &CooFrame=ICRS&Radius=10&Radius.unit=arcsec"
            )
        ],
        [
            "NED",
            format!(
                "https://ned.ipac.caltech.edu/cgi-bin/objsearch?search_type=Near+Position+Search\
                 &in_csys=Equatorial&in_equinox=J2000.0&lon={ra:.6}d&lat={dec:.6}d&radius=0.5\
                 &out_csys=Equatorial&out_equinox=J2000.0&of=pre_text"
            )
        ],
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::df;
    use polars::prelude::DataFrame;

    fn galaxy(table: DataFrame) -> Value {
        known(&Catalog::from_table(table, "").unwrap(), 0).unwrap()
    }

    #[test]
    fn columns_are_shown_and_a_place_on_the_sky_becomes_links() {
        let table = df!(
            "id_str" => ["a"], "file_loc" => ["a.png"], "RAJ2000" => [184.740_208_3],
            "DEJ2000" => [-5.25], "mag" => [17.5_f32], "class" => ["ring"], "z" => [None::<f64>],
            "n" => [12], "flux" => [0.000_012_3],
        );
        let known = galaxy(table.unwrap());
        let about = known["about"].to_string();
        assert_eq!(
            about,
            r#"[["RAJ2000","184.7402"],["DEJ2000","-5.25"],["mag","17.5"],["class","ring"],["n","12"],["flux","1.230e-5"]]"#
        );
        let links = known["links"].as_array().unwrap();
        assert_eq!(links.len(), 3);
        let address = |link: usize| links[link][1].as_str().unwrap();
        assert!(address(0).contains("ra=184.740208&dec=-5.250000"), "{links:?}");
        assert!(address(1).contains("Coord=184.740208%20-5.250000"), "{links:?}");
        assert!(address(2).contains("lon=184.740208d&lat=-5.250000d"), "{links:?}");
    }

    #[test]
    fn only_positions_and_magnitudes_are_shown_unless_more_is_wanted() {
        let shown = [
            "ra",
            "DEC",
            "RAJ2000",
            "mag",
            "mag_r",
            "MAG_AUTO",
            "petroMag_r",
            "rmag",
            "imag",
            "mag_g_err",
            "magnitude",
            "MagR",
        ];
        let hidden = [
            "class",
            "ring",
            "redshift",
            "image",
            "magnetic",
            "smooth-or-featured_smooth",
            "t_type",
            "survey",
            "rating",
            "score",
            "dimag2x",
        ];
        assert!(shown.iter().all(|name| tells_nothing(name)), "{shown:?}");
        for name in hidden {
            assert!(!tells_nothing(name), "{name}");
        }
        let table =
            df!("id_str" => ["a"], "file_loc" => ["a.png"], "class" => ["ring"], "mag_r" => [17.0]);
        let columns = columns(&Catalog::from_table(table.unwrap(), "").unwrap());
        assert_eq!(
            columns,
            json!([{"name": "class", "shown": false}, {"name": "mag_r", "shown": true}])
        );
    }

    #[test]
    fn without_a_place_there_are_no_links() {
        let with = |ra: f64, dec: f64| {
            let table =
                df!("id_str" => ["a"], "file_loc" => ["a.png"], "ra" => [ra], "dec" => [dec]);
            galaxy(table.unwrap())["links"].as_array().unwrap().len()
        };
        assert_eq!([with(10.0, 91.0), with(f64::NAN, 0.0), with(0.0, 45.0)], [0, 0, 3]);
        let table =
            df!("id_str" => ["a"], "file_loc" => ["a.png"], "ra" => ["12:30:00"], "dec" => ["1.0"]);
        assert!(galaxy(table.unwrap())["links"].to_string().contains("ra=187.500000&dec=1.000000"));
    }
}
