//! The simulated surveys: their pixels, seeing, depth, filters and colours.

use super::canvas::{BANDS, Canvas};
use super::colour::Stretch;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use zoobot_base::error::{Error, Result};
use zoobot_base::spelling::nearest;

/// The survey whose instrument and colours the pictures imitate. Each survey can observe the simulated
/// galaxies, which shows how well a model transfers from one survey to another.
///
/// ```
/// use zoobot_core::survey::{Simulation, Survey};
/// // One galaxy, seen twice.
/// let decals = Simulation::new(1).survey(Survey::Decals).galaxy(0)?;
/// let sdss = Simulation::new(1).survey(Survey::Sdss).galaxy(0)?;
/// assert_eq!(decals.morphology, sdss.morphology);
/// assert_ne!(decals.picture, sdss.picture);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Survey {
    /// The DESI Legacy Imaging Surveys as in their sky viewer: g, r, z, 1.3 arcsec seeing, deep, a frame of
    /// fixed width.
    #[default]
    Legacy,
    /// The Legacy Surveys in the muted colours of Galaxy Zoo DECaLS pictures.
    Decals,
    /// The Sloan Digital Sky Survey as in Galaxy Zoo 2: g, r, i, 0.396 arcsec pixels, shallow, saturated
    /// colours on black, a frame that follows the galaxy's size.
    Sdss,
    /// Large nearby galaxies of the Sloan Digital Sky Survey that fill their frame, as in the EFIGI
    /// catalogue: blue colours, a bright grainy sky.
    Nearby,
    /// The Hyper Suprime-Cam survey: g, r, i, 0.6 arcsec seeing, very deep.
    Hsc,
}

/// Every survey with its name and instrument.
const SURVEYS: [(Survey, &str, Instrument); 5] = [
    (Survey::Legacy, "legacy", LEGACY),
    (Survey::Decals, "decals", DECALS),
    (Survey::Sdss, "sdss", SDSS),
    (Survey::Nearby, "nearby", NEARBY),
    (Survey::Hsc, "hsc", HSC),
];

/// Seeing, noise and pixels: Dey et al. (2019, AJ 157, 168).
const LEGACY: Instrument = Instrument {
    pixel: 0.262,
    seeing: 1.25,
    noise: [0.0105, 0.0185, 0.031],
    sky: [1.6, 3.3, 22.0],
    red: 1.0,
    faint: 23.3,
    frame: Frame::Fixed,
    stretch: Stretch {
        weight: [6.0, 3.4, 2.2],
        area: 0.262 * 0.262,
        floor: 0.015,
        softening: 20.0,
        gain: 0.2236,
        saturation: [1.0, 1.0],
        hue: false,
    },
};

const DECALS: Instrument = Instrument {
    noise: [0.012, 0.021, 0.035],
    stretch: Stretch { saturation: [0.08, 0.6], ..LEGACY.stretch },
    ..LEGACY
};

/// Seeing and noise: York et al. (2000, AJ 120, 1579) and the sky of its frames.
const SDSS: Instrument = Instrument {
    pixel: 0.396,
    seeing: 1.32,
    noise: [0.042, 0.06, 0.085],
    sky: [1.7, 4.5, 7.5],
    red: 0.58,
    faint: 22.6,
    frame: Frame::Galaxy { unit: 1.0, from: 4.2, to: 7.5 },
    stretch: Stretch {
        weight: [1.45, 1.0, 0.8],
        area: 0.396 * 0.396,
        floor: 0.012,
        softening: 8.0,
        gain: 0.265,
        saturation: [0.9, 1.05],
        hue: true,
    },
};

const NEARBY: Instrument = Instrument {
    noise: [0.03, 0.043, 0.062],
    faint: 22.0,
    frame: Frame::Galaxy { unit: 3.5, from: 3.0, to: 4.8 },
    stretch: Stretch {
        weight: [2.9, 1.35, 0.95],
        floor: 0.032,
        softening: 15.0,
        gain: 0.18,
        saturation: [0.45, 1.1],
        hue: false,
        ..SDSS.stretch
    },
    ..SDSS
};

/// Seeing and depth of the wide layer: Aihara et al. (2018, PASJ 70, S4).
const HSC: Instrument = Instrument {
    pixel: 0.168,
    seeing: 0.65,
    noise: [0.003, 0.0045, 0.006],
    sky: [1.6, 3.3, 8.0],
    red: 0.58,
    faint: 25.0,
    frame: Frame::Galaxy { unit: 0.7, from: 5.0, to: 10.0 },
    stretch: Stretch {
        weight: [12.0, 7.5, 5.6],
        area: 0.168 * 0.168,
        floor: 0.008,
        softening: 40.0,
        gain: 0.17,
        saturation: [1.0, 1.2],
        hue: true,
    },
};

/// The properties of a survey's telescope and pictures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instrument {
    /// Width of a camera pixel in arcsec, which may differ from the picture's pixel.
    pub pixel: f64,
    /// Typical full width at half maximum of the point-spread function in r, arcsec.
    pub seeing: f64,
    /// Noise of the sky, nanomaggies per square root of a square arcsec.
    pub noise: [f64; BANDS],
    /// Brightness of the sky, nanomaggies per square arcsec.
    pub sky: [f64; BANDS],
    /// The position of the reddest band between r (0) and z (1) in the logarithm of flux; i is at 0.58.
    pub red: f64,
    /// Magnitude of the faintest visible galaxies of the field.
    pub faint: f64,
    /// The field of view of a picture.
    pub frame: Frame,
    /// The conversion from fluxes to colours.
    pub stretch: Stretch,
}

/// The field of view of a picture.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Frame {
    /// A fixed width.
    Fixed,
    /// A multiple, between `from` and `to`, of the galaxy's half-light semi-major axis, for galaxies that are
    /// `unit` times their usual size on the sky.
    Galaxy { unit: f64, from: f64, to: f64 },
}

impl Survey {
    /// Every survey, in a fixed order.
    pub const ALL: [Self; 5] = [Self::Legacy, Self::Decals, Self::Sdss, Self::Nearby, Self::Hsc];

    /// The name in the catalogue's `survey` column, such as `legacy`.
    pub fn name(self) -> &'static str {
        SURVEYS[self as usize].1
    }

    pub(crate) fn instrument(self) -> &'static Instrument {
        &SURVEYS[self as usize].2
    }
}

impl Instrument {
    /// Converts a canvas in g, r and z to this instrument's bands.
    pub fn filter(&self, canvas: &mut Canvas) {
        if self.red == 1.0 {
            return;
        }
        let [_, r, red] = &mut canvas.bands;
        let share = self.red as f32;
        for (red, r) in red.iter_mut().zip(r) {
            *red = if *r > 0.0 && *red > 0.0 { *r * (*red / *r).powf(share) } else { *r };
        }
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Survey {
    type Err = Error;

    /// Looks up a survey by its [name](Survey::name).
    fn from_str(name: &str) -> Result<Self> {
        let known = Self::ALL.map(Self::name);
        Self::ALL.into_iter().find(|survey| survey.name() == name).ok_or_else(|| {
            let hint = match nearest(name, &known) {
                Some(like) => format!("Did you mean {like:?}?"),
                None => format!("The surveys are {}", known.join(", ")),
            };
            let place = "the simulator".to_owned();
            Error::Missing { kind: "survey", name: name.to_owned(), place, hint }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_serialised_form_and_lead_back_to_their_survey() {
        for survey in Survey::ALL {
            assert_eq!(serde_json::to_value(survey).unwrap(), survey.name());
            assert_eq!(survey.name().parse::<Survey>().unwrap(), survey);
        }
        let error = "palomar".parse::<Survey>().unwrap_err().to_string();
        assert!(error.contains("\"palomar\"") && error.contains("sdss"), "{error}");
    }
}
