//! Removes volunteers who answer "artifact" implausibly often, as in Galaxy Zoo DECaLS.

use super::Classifications;
use crate::schema::Schema;
use polars::prelude::{Column, DataFrame};
use zoobot_base::error::{Error, Result};
use zoobot_base::table::table_of;
use zoobot_show::notes::{self, examples};

/// Which volunteers are removed because they answer "artifact" implausibly often.
///
/// That answer ends a classification and shows the next galaxy, so a few people give it to see many galaxies.
/// Fewer than one galaxy in ten is an artifact. Galaxy Zoo DECaLS discarded all classifications of
/// volunteers with at least 150 classifications of which more than half were "artifact": about 1 % of the
/// volunteers of GZD-1 and GZD-2, and 11 % of the classifications.
///
/// Source: Walmsley et al. 2022, MNRAS 509, 3966, section 4.3.1.
///
/// ```
/// use zoobot_core::prelude::*;
/// let ids: Vec<String> = (0..10).map(|it| format!("g{it}")).collect();
/// let table = df!(
///     "volunteer" => ["bot"; 10], "id_str" => ids,
///     "question" => ["smooth-or-featured-dr5"; 10], "answer" => ["artifact"; 10],
/// )?;
/// let all = Classifications::from_table(&table, &Schema::named("decals_dr5")?)?;
/// assert_eq!(ArtifactFilter::default().removed(&all)?.len(), 0);
/// let filter = ArtifactFilter { classifications: 10, ..ArtifactFilter::default() };
/// assert_eq!(filter.removed(&all)?, ["bot"]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ArtifactFilter {
    /// The answers that mean "artifact", by their columns, such as `smooth-or-featured-dr5_artifact`. Default
    /// none, which chooses the answers `artifact`, `star-artifact-zoom` and `problem` of the questions that
    /// everyone is asked.
    pub answers: Vec<String>,
    /// Volunteers with fewer classifications stay. Default 150.
    pub classifications: usize,
    /// Volunteers whose share of "artifact" is at most this stay, from 0 to 1. Default 0.5.
    pub share: f64,
}

impl Default for ArtifactFilter {
    fn default() -> Self {
        Self { answers: Vec::new(), classifications: 150, share: 0.5 }
    }
}

impl ArtifactFilter {
    /// The names of the volunteers to remove, in the order of the classifications.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a share out of range; [`Error::Missing`] for an answer that the schema lacks;
    /// [`Error::Unsuitable`] for a schema without such an answer, if none is named.
    pub fn removed(&self, classifications: &Classifications) -> Result<Vec<String>> {
        let counted = self.counted(classifications)?.into_iter();
        let removed = counted.zip(&classifications.volunteers).filter(|(it, _)| self.removes(*it));
        Ok(removed.map(|(_, name)| name.clone()).collect())
    }

    /// The classifications without those of the removed volunteers, with a note that counts and names them.
    /// Votes stay whole numbers, so they may be used for training.
    ///
    /// # Errors
    /// As [`removed`](Self::removed).
    pub fn apply(&self, classifications: &Classifications) -> Result<Classifications> {
        let removed = self.removed(classifications)?;
        let kept = classifications.without(&removed)?;
        if !removed.is_empty() {
            notes::note(format!(
                "{} of {} volunteers answered \"artifact\" for more than {} of their galaxies: {}. Their {} \
                 answers are left out",
                removed.len(),
                classifications.volunteers.len(),
                self.share,
                examples(&removed),
                classifications.len() - kept.len()
            ));
        }
        Ok(kept)
    }

    /// A table with the columns `volunteer`, `classifications` (the number of answers to the questions that
    /// everyone is asked and that have "artifact" as an answer), `artifact_share` (empty without such
    /// answers) and `removed`.
    ///
    /// # Errors
    /// As [`removed`](Self::removed).
    pub fn table(&self, classifications: &Classifications) -> Result<DataFrame> {
        let counted = self.counted(classifications)?;
        let all: Vec<u32> = counted.iter().map(|it| it.all).collect();
        let shares: Vec<Option<f64>> = counted.iter().map(|it| it.share()).collect();
        let removed: Vec<bool> = counted.iter().map(|it| self.removes(*it)).collect();
        let columns = vec![
            Column::new("volunteer".into(), &classifications.volunteers),
            Column::new("classifications".into(), all),
            Column::new("artifact_share".into(), shares),
            Column::new("removed".into(), removed),
        ];
        Ok(table_of(counted.len(), columns))
    }

    fn removes(&self, it: Counted) -> bool {
        it.all as usize >= self.classifications && it.share().is_some_and(|it| it > self.share)
    }

    /// The classifications of each volunteer.
    fn counted(&self, classifications: &Classifications) -> Result<Vec<Counted>> {
        if !(0.0..=1.0).contains(&self.share) {
            return Err(Error::parameter("share", self.share, "between 0 and 1"));
        }
        let schema = &classifications.schema;
        let mut is_artifact = vec![false; schema.width()];
        for answer in self.artifacts(schema)? {
            is_artifact[answer] = true;
        }
        // All answers of the questions that have the answer "artifact".
        let mut counts = vec![false; schema.width()];
        for question in schema.questions() {
            let asked = question.range().any(|answer| is_artifact[answer]);
            question.range().for_each(|answer| counts[answer] = asked);
        }
        let mut counted = vec![Counted::default(); classifications.volunteers.len()];
        for it in &classifications.given {
            let (volunteer, answer) = (it.volunteer as usize, it.answer as usize);
            counted[volunteer].all += u32::from(counts[answer]);
            counted[volunteer].artifacts += u32::from(is_artifact[answer]);
        }
        Ok(counted)
    }

    /// The indices of the answers that mean "artifact".
    fn artifacts(&self, schema: &Schema) -> Result<Vec<usize>> {
        if !self.answers.is_empty() {
            return self.answers.iter().map(|it| Ok(schema.answer(it)?.index())).collect();
        }
        let first = schema.first_questions().flat_map(|it| it.answers());
        let meant = first.filter(|it| it.name().contains("artifact") || it.name() == "problem");
        let found: Vec<usize> = meant.map(|it| it.index()).collect();
        match found.is_empty() {
            false => Ok(found),
            true => Err(Error::unsuitable(
                format!("the schema {} has no answer that means \"artifact\"", schema.name()),
                "Name the answers in ArtifactFilter::answers",
            )),
        }
    }
}

/// What a volunteer answered to the questions with the answer "artifact".
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    all: u32,
    artifacts: u32,
}

impl Counted {
    fn share(self) -> Option<f64> {
        (self.all > 0).then(|| f64::from(self.artifacts) / f64::from(self.all))
    }
}
