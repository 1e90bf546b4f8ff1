//! Compares two recipes: whether they make equal pixels, and their steps side by side.

use super::{Grey, Recipe};
use std::fmt::Write;
use zoobot_base::error::{Error, Result};
use zoobot_show::notebook::{Bundle, Show};

impl Recipe {
    /// Whether the other recipe produces equal bytes for every picture. Mean and standard deviation are
    /// applied later, and so is the mean over the channels.
    #[doc(hidden)]
    pub fn same_pixels(&self, other: &Self) -> bool {
        let luma = |recipe: &Self| recipe.grey == Some(Grey::Luma);
        (&self.crop, &self.stretch, self.zoom, self.size, luma(self))
            == (&other.crop, &other.stretch, other.zoom, other.size, luma(other))
    }

    /// The steps of both recipes, one per line; a star marks steps that differ: `* size | 224 | 300`.
    pub fn beside(&self, other: &Self) -> String {
        let pairs = self.steps().into_iter().zip(other.steps());
        let wide = |of: fn(&(&str, String)) -> usize, recipe: &Self| {
            recipe.steps().iter().map(of).max().unwrap_or(0)
        };
        let name = wide(|(name, _)| name.chars().count(), self);
        let value = wide(|(_, value)| value.chars().count(), self);
        let mut text = String::new();
        for ((step, here), (_, there)) in pairs {
            let mark = if here == there { ' ' } else { '*' };
            let _ = writeln!(text, "{mark} {step:<name$} | {here:<value$} | {there}");
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// Fails unless `made`, the recipe that something was prepared with, equals this one.
    ///
    /// # Errors
    /// [`Error::Recipe`] with both recipes, what was prepared differently, and what to do.
    #[doc(hidden)]
    pub fn expect(&self, made: &Self, what: &str, hint: &str) -> Result<()> {
        if self == made {
            return Ok(());
        }
        Err(Error::Recipe { what: what.to_owned(), both: self.beside(made), hint: hint.to_owned() })
    }

    fn steps(&self) -> Vec<(&'static str, String)> {
        let json = |value: serde_json::Result<String>| value.unwrap_or_default().replace('"', "");
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
        vec![
            ("stretch", self.stretch.to_string()),
            ("crop", or_none(self.crop.map(|crop| json(serde_json::to_string(&crop))))),
            ("grey", or_none(self.grey.map(|grey| json(serde_json::to_string(&grey))))),
            ("zoom", self.zoom.to_string()),
            ("size", self.size.to_string()),
            ("mean", format!("{:?}", self.mean)),
            ("std", format!("{:?}", self.std)),
        ]
    }
}

impl Show for Recipe {
    fn show(&self) -> Bundle {
        let steps = self.steps();
        let width = steps.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let mut text = "Recipe".to_owned();
        for (name, value) in steps {
            let _ = write!(text, "\n  {name:<width$}  {value}");
        }
        Bundle::plain(text)
    }
}
