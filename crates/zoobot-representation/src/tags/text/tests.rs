use super::TextEncoder;
use crate::tags::{Cleaning, Tags, TopicConfig};
use polars::prelude::df;
use std::path::PathBuf;
use zoobot_base::home::home;

/// The encoder, if its weights are in `$ZOOBOT_TEXT` or the home folder.
pub(in crate::tags) fn encoder() -> Option<TextEncoder> {
    let named = std::env::var_os("ZOOBOT_TEXT").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| home().join(super::FOLDER));
    if !folder.join("vocab.txt").is_file() {
        zoobot_testing::skip(&format!("no all-MiniLM-L6-v2 in {}", folder.display()));
        return None;
    }
    Some(TextEncoder::read(folder).unwrap())
}

#[test]
fn vectors_are_those_of_the_published_network() {
    // Computed with tokenizers 0.22 and the network written in numpy, in double precision.
    let Some(encoder) = encoder() else { return };
    let texts = ["ghostly low surface brightness disc", "A ring-shaped galaxy, blue & naïve"];
    let found = encoder.embed(&texts).unwrap();
    for (row, expected) in [
        [0.038_625, 0.003_903, 0.068_358, 0.044_767],
        [-0.056_001, 0.014_285, -0.039_517, 0.037_793],
    ]
    .iter()
    .enumerate()
    {
        for (column, value) in expected.iter().enumerate() {
            assert!((found[[row, column]] - value).abs() < 1e-5, "{row} {column}");
        }
    }
    let longest = "star ".repeat(1000);
    let all = encoder.embed(&["This is a happy person", "That is a very happy person", &longest]);
    let all = all.unwrap();
    assert!((all.row(0).dot(&all.row(1)) - 0.802_86).abs() < 1e-4);
    assert!(all.rows().into_iter().all(|row| (row.dot(&row) - 1.0).abs() < 1e-5));
}

/// All tags of the standard cleaning with their synonyms, each on one galaxy.
fn tags() -> Tags {
    let cleaning = Cleaning::standard();
    let (mut ids, mut tags) = (Vec::new(), Vec::new());
    for (number, (tag, others)) in cleaning.same.iter().enumerate() {
        for (other, word) in std::iter::once(tag).chain(others).enumerate() {
            ids.push(format!("{number}_{other}"));
            tags.push(word.clone());
        }
    }
    Tags::from_table(&df!("id_str" => ids, "tag" => tags).unwrap())
        .unwrap()
        .clean(&cleaning)
        .unwrap()
}

#[test]
fn paraphrases_that_nobody_used_as_a_tag_find_the_tag() {
    let Some(encoder) = encoder() else { return };
    let tags = tags();
    let paraphrases = [
        ("ghostly low surface brightness disc", "diffuse"),
        ("a hula hoop around the nucleus", "ring"),
        ("two galaxies crashing into each other", "merger"),
        ("a dark band of obscuring material across the disc", "dust lane"),
        ("a disc seen exactly from the side", "edge on"),
        ("a straight stick of light through the centre", "bar"),
        ("light bent by the gravity of a foreground mass", "lens"),
        ("winding arms like a whirlpool", "spiral"),
        ("no definite shape at all", "irregular"),
        ("bright pink nurseries of newborn stars", "star forming"),
        ("lumps of light sprinkled over the disc", "clumpy"),
        ("smooth round featureless blob", "elliptical"),
        ("a bulge shaped like a box", "boxy"),
        ("long streamers torn out by a close encounter", "tidal"),
        ("one galaxy by chance in front of another", "overlapping"),
        ("a line left by a spacecraft crossing the exposure", "satellite trail"),
        ("camera defect or processing error", "artifact"),
        ("a nearby sun of our own galaxy spoils the view", "star"),
        ("internal reflection of light in the telescope optics", "ghost"),
        ("warped and lopsided shape", "disturbed"),
    ];
    let texts = paraphrases.map(|(text, _)| text);
    let meant = tags.meant_by_each(&texts, &encoder, 3).unwrap();
    let missed: Vec<_> = paraphrases
        .into_iter()
        .zip(meant)
        .filter(|((_, tag), meant)| !meant.tags.iter().any(|(name, _)| name == tag))
        .collect();
    println!("{} of 20 paraphrases found", 20 - missed.len());
    assert!(missed.len() <= 4, "{missed:?}");
    let same = tags.meant_by("low surface brightness", &encoder, 1).unwrap().tags;
    assert!(same[0].0 == "diffuse" && same[0].1 > 0.999, "{same:?}");
    assert!(tags.meant_by(" ", &encoder, 1).is_err());
    assert!(tags.meant_by("ring", &encoder, 0).is_err());
}

#[test]
fn synonyms_are_suggested_and_topics_gathered() {
    let Some(encoder) = encoder() else { return };
    let pairs = [
        ("a", "merger"),
        ("b", "merger"),
        ("b", "merging galaxies"),
        ("c", "ring"),
        ("d", "ring"),
        ("e", "ringed"),
        ("c", "dust lane"),
        ("f", "dusty lane"),
        ("a", "collision"),
    ];
    let (ids, words): (Vec<&str>, Vec<&str>) = pairs.into_iter().unzip();
    let tags = Tags::from_table(&df!("id_str" => ids, "tag" => words).unwrap()).unwrap();
    let table = tags.synonyms(&encoder, 0.8).unwrap();
    let texts = |table: &polars::prelude::DataFrame, name: &str| -> Vec<String> {
        let column = table.column(name).unwrap().str().unwrap().iter();
        column.flatten().map(str::to_owned).collect()
    };
    let found: Vec<_> = texts(&table, "tag").into_iter().zip(texts(&table, "other")).collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert!(found.contains(&pair("merger", "merging galaxies")), "{found:?}");
    assert!(found.contains(&pair("dust lane", "dusty lane")), "{found:?}");
    assert!(tags.synonyms(&encoder, 2.0).is_err());

    let config = TopicConfig { least: 1, ..TopicConfig::default() };
    let topics = tags.topics(&encoder, &config).unwrap();
    let of = |tag: &str| {
        let place = texts(&topics, "tag").iter().position(|it| it == tag).unwrap();
        texts(&topics, "topic")[place].clone()
    };
    assert_eq!(of("merging galaxies"), "merger");
    assert_eq!(of("dusty lane"), "dust lane");
    let wanted = [("galaxy pairs".to_owned(), vec!["collision".to_owned()])].into();
    let config = TopicConfig { wanted, ..config };
    let topics = tags.topics(&encoder, &config).unwrap();
    assert!(texts(&topics, "topic").contains(&"galaxy pairs".to_owned()));
    let unknown = [("x".to_owned(), vec!["no such tag".to_owned()])].into();
    assert!(tags.topics(&encoder, &TopicConfig { wanted: unknown, ..config }).is_err());
}
