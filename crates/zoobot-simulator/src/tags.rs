//! Free-text tags, as people leave them under pictures in a forum: words for what they see, in each writer's
//! spelling, among questions and remarks that say nothing about the galaxy.
//!
//! Tags are only generated here. Cleaning them (merging spellings, dropping noise) is left to the code that
//! uses them.

use super::simulate::SimulatedGalaxy;
use super::volunteers::{Appearance, stream, yes};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng, rngs::StdRng};

/// A tag under a galaxy's picture.
///
/// ```
/// use zoobot_core::survey::{self, Kind, Simulation};
/// let galaxy = Simulation::new(1).kinds([Kind::Ring]).galaxy(0)?;
/// for tag in survey::tags(&galaxy, 1.0, 1) {
///     assert_eq!(tag.id_str, galaxy.id_str);
///     println!("{} ({})", tag.tag, tag.user);
/// }
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The name of the galaxy.
    pub id_str: String,
    /// The text, such as `#Dust_Lane`.
    pub tag: String,
    /// The author, such as `volunteer_042`.
    pub user: String,
    /// The time, such as `2019-03-14T15:09:26Z`.
    pub time: String,
}

/// A visible feature, and the words for it.
struct Concept {
    evidence: fn(&Appearance) -> f64,
    /// How often people tag it.
    popularity: f64,
    words: &'static [&'static str],
}

const fn seen(
    evidence: fn(&Appearance) -> f64,
    popularity: f64,
    words: &'static [&'static str],
) -> Concept {
    Concept { evidence, popularity, words }
}

const CONCEPTS: [Concept; 20] = [
    seen(|it| it.ring, 1.5, &["ring", "ringed", "rings", "ring galaxy"]),
    seen(|it| it.bar, 0.5, &["bar", "barred", "bars", "barred galaxy", "strong bar"]),
    seen(|it| it.arms, 0.6, &["spiral", "spirals", "spiral arms", "arms", "spiral galaxy"]),
    seen(
        |it| it.edge_on * it.featured.max(0.6),
        0.7,
        &["edge on", "edge on galaxy", "edge on disk", "side on"],
    ),
    seen(|it| it.dust_lane, 1.5, &["dust lane", "dust", "dust lanes", "dusty"]),
    seen(
        |it| it.merger,
        1.2,
        &["merger", "merging", "mergers", "interacting", "interaction", "collision"],
    ),
    seen(
        |it| it.disturbed,
        1.0,
        &["disturbed", "distorted", "perturbed", "disturbance", "asymmetric"],
    ),
    seen(
        |it| it.disturbed * it.disturbed.max(it.merger),
        1.0,
        &["tidal", "tidal tail", "tidal tails", "tidal debris", "tails", "stream"],
    ),
    seen(|it| 1.6 * it.irregular, 0.8, &["irregular", "irregular galaxy", "irr"]),
    seen(
        |it| it.diffuse,
        1.2,
        &["diffuse", "lsb", "low surface brightness", "faint disk", "fuzzy"],
    ),
    seen(|it| it.lens, 2.0, &["lens", "gravitational lens", "lensing", "arc", "einstein ring"]),
    seen(
        |it| it.overlap,
        1.2,
        &["overlapping", "overlap", "overlaps", "overlapping galaxies", "superposition"],
    ),
    seen(
        |it| it.starforming * (0.3 + 0.5 * it.arms + 0.5 * it.clumps),
        0.9,
        &["star forming", "star formation", "starburst", "sf regions"],
    ),
    seen(|it| it.clumps, 0.7, &["clumpy", "clumps", "knots", "clump"]),
    seen(|it| it.boxy, 0.8, &["boxy", "boxy bulge", "peanut", "x shaped bulge"]),
    seen(
        |it| 0.9 * (1.0 - it.featured) * (1.0 - it.problem),
        0.2,
        &["elliptical", "ellipticals", "early type", "smooth"],
    ),
    seen(|it| it.problem * it.star, 0.8, &["star", "stars", "foreground star", "bright star"]),
    seen(
        |it| it.problem * (1.0 - it.star),
        0.8,
        &["artifact", "artefact", "artifacts", "image artifact"],
    ),
    seen(
        |it| it.problem * it.artifact[0],
        1.2,
        &["satellite trail", "satellite", "trail", "asteroid", "satellite track"],
    ),
    seen(|it| it.problem * 1.3 * it.artifact[5], 1.0, &["ghost", "ghosts", "reflection"]),
];

/// Words that say nothing about the galaxy's form: questions, terms about the data, remarks.
const NOISE: [&str; 24] = [
    "what is this",
    "help",
    "question",
    "unknown",
    "what",
    "is this a galaxy",
    "wrong size",
    "off centre",
    "decals",
    "dr5",
    "sdss",
    "redshift",
    "agn",
    "quasar",
    "z",
    "blue",
    "red",
    "green",
    "yellow",
    "beautiful",
    "pretty",
    "wow",
    "favourite",
    "core",
];

/// The number of people who write tags; a few of them write most tags.
const USERS: usize = 300;

/// The weight of noise among the weights of visible features.
const NOISE_WEIGHT: f64 = 0.25;

/// The tags of a galaxy, if it is among the share (0 to 1) of tagged galaxies: one to three people write one
/// to three tags each. They depend only on the galaxy and the seed.
pub fn tags(galaxy: &SimulatedGalaxy, share: f64, seed: u64) -> Vec<Tag> {
    let mut rng = stream(galaxy, seed, 2);
    if rng.random::<f64>() >= share {
        return Vec::new();
    }
    let appearance = Appearance::of(galaxy);
    let weights = CONCEPTS.map(|it| it.popularity * yes((it.evidence)(&appearance)));
    let mut tags = Vec::new();
    for _ in 0..rng.random_range(1..=3) {
        // The square of a uniform number: a few people write many tags, most write few.
        let user = (USERS as f64 * rng.random::<f64>().powi(2)) as usize;
        let time = time(&mut rng);
        let mut left = weights;
        for _ in 0..rng.random_range(1..=3) {
            let word = match choose(&left, &mut rng) {
                Some(concept) => {
                    // Each person uses a concept only once.
                    left[concept] = 0.0;
                    habit(user, concept).choose(CONCEPTS[concept].words, &mut rng)
                }
                None => NOISE.choose(&mut rng).copied().unwrap_or_default(),
            };
            let tag = habit(user, CONCEPTS.len()).spell(word, &mut rng);
            if tags.iter().all(|it: &Tag| it.tag != tag) {
                let (id_str, user) = (galaxy.id_str.clone(), format!("volunteer_{user:03}"));
                tags.push(Tag { id_str, tag, user, time: time.clone() });
            }
        }
    }
    tags
}

/// Everything that is visible in a galaxy's picture, in plain words: each word that more than half of the
/// people would agree with if asked. People who tag freely ([`tags`]) leave out most of it.
pub fn visible(galaxy: &SimulatedGalaxy) -> Vec<&'static str> {
    let appearance = Appearance::of(galaxy);
    let seen = CONCEPTS.iter().filter(|it| (it.evidence)(&appearance) > 0.5);
    seen.filter_map(|it| it.words.first().copied()).collect()
}

/// The next tag: a concept by weight, or `None` for noise.
fn choose(weights: &[f64], rng: &mut StdRng) -> Option<usize> {
    let total: f64 = weights.iter().sum::<f64>() + NOISE_WEIGHT;
    let mut left = total * rng.random::<f64>();
    weights.iter().position(|weight| {
        left -= weight;
        left < 0.0
    })
}

/// A user's spelling habits, which are the same for all galaxies.
struct Habit {
    rng: StdRng,
}

fn habit(user: usize, about: usize) -> Habit {
    Habit { rng: StdRng::seed_from_u64((user * 1000 + about) as u64) }
}

impl Habit {
    /// The user's usual word, or sometimes another one.
    fn choose(mut self, words: &[&'static str], rng: &mut StdRng) -> &'static str {
        let usual = words.choose(&mut self.rng);
        let word = if rng.random::<f64>() < 0.8 { usual } else { words.choose(rng) };
        word.copied().unwrap_or_default()
    }

    /// The word in the user's spelling: with the user's separator between words, with or without hash sign
    /// and capitals.
    fn spell(mut self, word: &str, rng: &mut StdRng) -> String {
        let joint = [" ", "-", "_", "", " "].choose(&mut self.rng).copied().unwrap_or(" ");
        let hash = if self.rng.random::<f64>() < 0.4 { "#" } else { "" };
        let written = format!("{hash}{}", word.split(' ').collect::<Vec<_>>().join(joint));
        match rng.random::<f64>() {
            u if u < 0.05 => written.to_uppercase(),
            u if u < 0.15 => capital(&written),
            _ => written,
        }
    }
}

/// The text with a capital first letter.
fn capital(word: &str) -> String {
    let at = usize::from(word.starts_with('#'));
    let (hash, rest) = word.split_at(at);
    let mut letters = rest.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{hash}{first}{}", letters.as_str())
}

/// A random time within the two years of the campaign.
fn time(rng: &mut StdRng) -> String {
    let mut part = |from: u32, to: u32| rng.random_range(from..=to);
    format!(
        "{}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        part(2018, 2019),
        part(1, 12),
        part(1, 28),
        part(0, 23),
        part(0, 59),
        part(0, 59)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Simulation};

    fn written(kind: Kind, galaxies: usize, share: f64) -> Vec<Tag> {
        let survey = Simulation::new(galaxies).seed(8).size(48).kinds([kind]);
        let one = |i| tags(&survey.galaxy(i).unwrap(), share, 8);
        (0..galaxies).flat_map(one).collect()
    }

    /// A tag with spelling variations removed.
    fn plain(tag: &str) -> String {
        tag.to_lowercase().replace(['#', '-', '_', ' '], "")
    }

    fn share_of(tags: &[Tag], words: &[&str]) -> f64 {
        let fits = |tag: &&Tag| words.iter().any(|word| plain(&tag.tag) == plain(word));
        tags.iter().filter(fits).count() as f64 / tags.len() as f64
    }

    #[test]
    fn tags_say_what_is_to_be_seen() {
        let rings = ["ring", "ringed", "rings", "ring galaxy"];
        let of_rings = written(Kind::Ring, 80, 1.0);
        let of_disks = written(Kind::Disk, 80, 1.0);
        assert!(share_of(&of_rings, &rings) > 0.3, "{}", share_of(&of_rings, &rings));
        assert!(share_of(&of_disks, &rings) < 0.1, "{}", share_of(&of_disks, &rings));
        let mergers = ["merger", "merging", "mergers", "interacting", "interaction", "collision"];
        assert!(share_of(&written(Kind::Merger, 80, 1.0), &mergers) > 0.2);
        assert!(share_of(&of_rings, &mergers) < 0.02);
    }

    #[test]
    fn one_thing_is_written_in_many_ways_and_some_tags_say_nothing() {
        let tags = written(Kind::EdgeOn, 150, 1.0);
        let mut spellings: Vec<&str> =
            tags.iter().filter(|tag| plain(&tag.tag) == "edgeon").map(|tag| &*tag.tag).collect();
        spellings.sort_unstable();
        spellings.dedup();
        assert!(spellings.len() >= 5, "{spellings:?}");
        let noise = share_of(&tags, &NOISE);
        assert!((0.05..0.7).contains(&noise), "{noise}");
        let known = |tag: &Tag| {
            let words = CONCEPTS.iter().flat_map(|it| it.words).chain(&NOISE);
            words.map(|word| plain(word)).any(|word| word == plain(&tag.tag))
        };
        assert!(tags.iter().all(known));
    }

    #[test]
    fn what_is_visible_is_what_was_simulated_and_what_people_tag() {
        let survey = |kind| Simulation::new(60).seed(8).size(96).kinds([kind]);
        let share = |kind, word: &str| {
            let has = |i: &usize| visible(&survey(kind).galaxy(*i).unwrap()).contains(&word);
            (0..60).filter(has).count() as f64 / 60.0
        };
        for (kind, word) in
            [(Kind::Ring, "ring"), (Kind::EdgeOn, "edge on"), (Kind::Merger, "merger")]
        {
            assert!(share(kind, word) > 0.5, "{word} {}", share(kind, word));
            assert!(share(Kind::Smooth, word) < 0.1, "{word}");
        }
        assert!(share(Kind::Smooth, "elliptical") > 0.8);
    }

    #[test]
    fn the_asked_share_of_galaxies_is_tagged() {
        let mut tagged: Vec<String> =
            written(Kind::Spiral, 400, 0.2).into_iter().map(|tag| tag.id_str).collect();
        tagged.dedup();
        // The expected number is 80, with a standard deviation of 8.
        assert!((48..112).contains(&tagged.len()), "{}", tagged.len());
        assert!(written(Kind::Spiral, 10, 0.0).is_empty());
        assert_eq!(written(Kind::Spiral, 10, 1.0), written(Kind::Spiral, 10, 1.0));
    }
}
