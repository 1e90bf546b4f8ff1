//! Moves a galaxy to another redshift: smaller, dimmer and redder.

use super::{Body, Colour, Jellyfish, Morphology, Peculiarity, Spheroid};
use zoobot_base::error::{Error, Result};

/// The matter density parameter; the rest is a cosmological constant.
const MATTER: f64 = 0.3;

/// How much redder a galaxy with a rest-frame `g - r` becomes with redshift: old stars lose their blue light
/// to the 4000 Å break first (after Chilingarian, Melchior & Zolotukhin 2010).
fn reddening(colour: Colour, redshift: f64) -> f64 {
    (0.6 + 2.4 * (colour.g_r - 0.3).clamp(0.0, 0.6)) * redshift
}

/// Comoving distance in units of c / H0, by Simpson's rule.
fn distance(redshift: f64) -> f64 {
    const STEPS: usize = 64;
    let step = redshift / STEPS as f64;
    let slowness = |z: f64| (MATTER * (1.0 + z).powi(3) + 1.0 - MATTER).sqrt().recip();
    let weight = |k: usize| if k == 0 || k == STEPS { 1.0 } else { 2.0 + 2.0 * (k % 2) as f64 };
    (0..=STEPS).map(|k| weight(k) * slowness(k as f64 * step)).sum::<f64>() * step / 3.0
}

impl Morphology {
    /// The galaxy at another redshift, in a flat universe with 30 % matter: sizes change with the
    /// angular-diameter distance, surface brightness with (1 + z)^-4 (Tolman), and colours redden.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a redshift that is not between 0.001 and 3; [`Error::Unsuitable`] for
    /// a star or an artifact, which has no redshift.
    pub fn at_redshift(&self, redshift: f64) -> Result<Self> {
        if !(0.001..=3.0).contains(&redshift) {
            return Err(Error::parameter("redshift", redshift, "between 0.001 and 3"));
        }
        if self.redshift <= 0.0 {
            return Err(Error::unsuitable(
                "a star or an artifact has no redshift",
                "Choose a galaxy",
            ));
        }
        let stretch = (1.0 + redshift) / (1.0 + self.redshift);
        let farther = distance(redshift) / distance(self.redshift);
        let mut moved = self.clone();
        // An angle is a length divided by D / (1 + z); a flux falls with (D (1 + z))².
        moved.resize(stretch / farther);
        moved.darken(5.0 * (farther * stretch).log10());
        moved.redden(redshift);
        Ok(moved)
    }

    /// Scales every length on the sky by a factor; surface brightness follows.
    pub(crate) fn resize(&mut self, factor: f64) {
        self.lengths().into_iter().for_each(|length| *length *= factor);
    }

    /// Makes every part fainter by this many magnitudes.
    pub(crate) fn darken(&mut self, by: f64) {
        self.magnitude += by;
        match &mut self.body {
            Body::Lens(lens) => lens.source_magnitude += by,
            Body::Overlap(pair) => pair.iter_mut().for_each(|galaxy| galaxy.darken(by)),
            _ => {}
        }
    }

    /// Changes the colours from the galaxy's redshift to another, which becomes its redshift.
    pub(crate) fn redden(&mut self, redshift: f64) {
        let by = redshift - self.redshift;
        if let Body::Overlap(pair) = &mut self.body {
            pair.iter_mut().for_each(|galaxy| galaxy.redden(galaxy.redshift + by));
        }
        for colour in self.colours() {
            let shift = reddening(*colour, by);
            *colour = Colour::new(colour.g_r + shift, colour.r_z + 0.35 * shift);
        }
        self.redshift = redshift;
    }

    /// Every length on the sky.
    fn lengths(&mut self) -> Vec<&mut f64> {
        let mut all: Vec<&mut f64> = self.centre.iter_mut().collect();
        for peculiarity in &mut self.peculiarities {
            match peculiarity {
                Peculiarity::Shells { inner, outer, .. } => all.extend([inner, outer]),
                Peculiarity::Stream { radius, width, .. } => all.extend([radius, width]),
                Peculiarity::DustLane { length, width, offset, .. } => {
                    all.extend([length, width, offset]);
                }
            }
        }
        match &mut self.body {
            Body::Spheroid(spheroid) => all.push(&mut spheroid.radius),
            Body::Disk(disk) => disk.lengths(&mut all),
            Body::EdgeOn(disk) => {
                all.extend([&mut disk.bulge.radius, &mut disk.scale, &mut disk.lane]);
            }
            Body::Pair(pair) => all.push(&mut pair.radius),
            Body::Irregular(irregular) => {
                all.push(&mut irregular.scale);
                all.extend(&mut irregular.offset);
            }
            Body::Lens(lens) => {
                all.extend([&mut lens.lens.radius, &mut lens.einstein_radius]);
                all.push(&mut lens.source.radius);
                all.extend(&mut lens.place);
            }
            Body::Jellyfish(jellyfish) => {
                all.extend([&mut jellyfish.edge, &mut jellyfish.length, &mut jellyfish.width]);
                jellyfish.disk.lengths(&mut all);
            }
            Body::Overlap(pair) => pair.iter_mut().for_each(|galaxy| all.extend(galaxy.lengths())),
            Body::Artifact(_) => {}
        }
        all
    }

    /// The colours of every part, except in an overlap, whose galaxies have their own redshifts.
    fn colours(&mut self) -> Vec<&mut Colour> {
        let mut all = Vec::new();
        for peculiarity in &mut self.peculiarities {
            match peculiarity {
                Peculiarity::Shells { colour, .. } | Peculiarity::Stream { colour, .. } => {
                    all.push(colour);
                }
                Peculiarity::DustLane { .. } => {}
            }
        }
        match &mut self.body {
            Body::Spheroid(Spheroid { colour, .. }) => all.push(colour),
            Body::Disk(disk) => {
                all.extend([&mut disk.bulge.colour, &mut disk.old, &mut disk.young]);
            }
            Body::EdgeOn(disk) => {
                all.extend([&mut disk.bulge.colour, &mut disk.inner, &mut disk.outer]);
            }
            Body::Pair(pair) => all.extend(pair.nuclei.iter_mut().chain(&mut pair.discs)),
            Body::Irregular(irregular) => all.extend([&mut irregular.old, &mut irregular.young]),
            Body::Lens(lens) => all.push(&mut lens.lens.colour),
            Body::Jellyfish(Jellyfish { disk, colour, .. }) => {
                all.extend([&mut disk.bulge.colour, &mut disk.old, &mut disk.young, colour]);
            }
            Body::Overlap(_) | Body::Artifact(_) => {}
        }
        all
    }
}
