//! The classes of the simulated survey, and their frequencies.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zoobot_base::error::{Error, Result};
use zoobot_base::spelling::nearest;

/// A class of the simulated survey.
///
/// ```
/// use zoobot_core::survey::{Kind, Simulation};
/// assert_eq!("barred_spiral".parse::<Kind>()?, Kind::BarredSpiral);
/// let galaxy = Simulation::new(1).kinds([Kind::BarredSpiral]).galaxy(0)?;
/// assert!(galaxy.morphology.has_bar());
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An elliptical galaxy: one Sérsic profile, sometimes with shells, a stream or a dust lane.
    Smooth,
    /// A bulge and an exponential disc without arms, sometimes with a lens.
    Disk,
    /// A disc with logarithmic arms and no bar.
    Spiral,
    /// A disc with a bar, and arms that start at its ends.
    BarredSpiral,
    /// A disc with an inner, outer, nuclear or collisional ring, with or without bar and arms.
    Ring,
    /// A disc seen edge-on, often with a dust lane, with a round, boxy or peanut-shaped bulge.
    EdgeOn,
    /// Two galaxies before, during or after their passage through each other.
    Merger,
    /// Not a galaxy: a saturated star, a satellite's trail, a ghost, the edge of a detector.
    StarOrArtifact,
    /// A clumpy galaxy without a centre or symmetry.
    Irregular,
    /// A galaxy of low surface brightness.
    Diffuse,
    /// A red elliptical that bends the light of a galaxy behind it into arcs or a ring.
    GravitationalLens,
    /// A disc whose gas is swept to one side, with young stars in its wake.
    Jellyfish,
    /// Two unrelated galaxies along one line of sight.
    Overlap,
}

/// Every kind with its name and its share of bright galaxies in the sky, per mille.
const KINDS: [(Kind, &str, usize); 13] = [
    (Kind::Smooth, "smooth", 380),
    (Kind::Disk, "disk", 130),
    (Kind::Spiral, "spiral", 170),
    (Kind::BarredSpiral, "barred_spiral", 110),
    (Kind::Ring, "ring", 50),
    (Kind::EdgeOn, "edge_on", 90),
    (Kind::Merger, "merger", 14),
    (Kind::StarOrArtifact, "star_or_artifact", 10),
    (Kind::Irregular, "irregular", 20),
    (Kind::Diffuse, "diffuse", 15),
    (Kind::GravitationalLens, "gravitational_lens", 1),
    (Kind::Jellyfish, "jellyfish", 1),
    (Kind::Overlap, "overlap", 9),
];

impl Kind {
    /// Every kind, in a fixed order.
    pub const ALL: [Self; 13] = {
        let mut all = [Self::Smooth; 13];
        let mut k = 0;
        while k < all.len() {
            all[k] = KINDS[k].0;
            k += 1;
        }
        all
    };

    /// The eight kinds of the sample that is part of this library, and the default of
    /// [`Simulation::new`](crate::Simulation::new).
    pub const SAMPLE: [Self; 8] = [
        Self::Smooth,
        Self::Disk,
        Self::Spiral,
        Self::BarredSpiral,
        Self::Ring,
        Self::EdgeOn,
        Self::Merger,
        Self::StarOrArtifact,
    ];

    /// A list of a thousand kinds, with the frequencies of bright galaxies in the sky: 38 % smooth, 1.4 %
    /// mergers, one gravitational lens (lenses and jellyfish are rarer in reality).
    ///
    /// The shares are close to the results of Galaxy Zoo 2 (Willett et al. 2013, MNRAS 435, 2835), whose
    /// volunteers classified 1.4 % of 240,000 galaxies as mergers.
    pub fn sky() -> Vec<Self> {
        KINDS.iter().flat_map(|&(kind, _, share)| vec![kind; share]).collect()
    }

    /// The name in the catalogue's `class` column, such as `barred_spiral`.
    pub fn name(self) -> &'static str {
        KINDS[self as usize].1
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = Error;

    /// Looks up a kind by its [name](Kind::name).
    fn from_str(name: &str) -> Result<Self> {
        let found = KINDS.iter().find(|(_, known, _)| *known == name);
        found.map(|(kind, ..)| *kind).ok_or_else(|| {
            let known = KINDS.map(|(_, known, _)| known);
            let hint = match nearest(name, &known) {
                Some(like) => format!("Did you mean {like:?}?"),
                None => format!("The kinds are {}", known.join(", ")),
            };
            let place = "the simulator".to_owned();
            Error::Missing { kind: "kind of galaxy", name: name.to_owned(), place, hint }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_serialised_form_and_lead_back_to_their_kind() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(kind.name().parse::<Kind>().unwrap(), kind);
        }
        let error = "squid".parse::<Kind>().unwrap_err().to_string();
        assert!(error.contains("\"squid\"") && error.contains("jellyfish"), "{error}");
    }

    #[test]
    fn the_sky_has_a_thousand_galaxies_of_every_kind_and_few_mergers() {
        let sky = Kind::sky();
        assert_eq!(sky.len(), 1000);
        let count = |kind| sky.iter().filter(|k| **k == kind).count();
        assert!(Kind::ALL.iter().all(|kind| count(*kind) > 0));
        assert_eq!(count(Kind::Merger), 14);
    }
}
