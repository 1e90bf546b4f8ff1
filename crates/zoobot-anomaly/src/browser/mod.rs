//! Rating in the browser: a page that this process serves on this machine, in the spirit of
//! Astronomaly (Lochner & Bassett 2021).
//!
//! `zoobot_show::web` serves it, [`api`] answers its requests, and [`desk`] holds the state that all tabs share;
//! the page is `page.html` and `page.js`.

mod api;
mod desk;
mod galaxy;
mod page;

/// The server of a page for rating.
pub(super) type Server = zoobot_show::web::Server<desk::Desk>;

use super::ranking::Ranking;
use super::search::AnomalySearch;
use polars::prelude::DataFrame;
use std::sync::Arc;
use zoobot_base::error::{Error, Result};
use zoobot_show::notebook::text::{escape, thousands};
use zoobot_show::notebook::{Bundle, Show};

/// A page in the browser where galaxies are rated, from [`AnomalySearch::rate_in_browser`].
///
/// The page works while cells run, because it has its own threads. It closes on [`stop`](Self::stop), or
/// when both this handle and the search that it was opened for are dropped.
///
/// ```no_run
/// use zoobot_core::prelude::*;
/// let galaxies = Catalog::sample()?;
/// let space = Encoder::load("sample")?.encode(&galaxies)?;
/// let page = AnomalySearch::new(&space).journal("ratings.jsonl")?.rate_in_browser()?;
/// println!("rate galaxies at {}", page.url());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct RatingPage {
    server: Arc<Server>,
}

impl AnomalySearch {
    /// Opens a page for rating galaxies in the browser by clicks and keys, and returns a handle that
    /// shows its address. The page shares this search's ratings: they count here at once, and are
    /// written to its [`journal`](Self::journal). While the page is open, further calls return it;
    /// after a change of settings, a call opens a new page.
    ///
    /// Only this machine can reach the page, and only by its full address. If this process runs on a
    /// remote machine, forward the port first: `ssh -L PORT:127.0.0.1:PORT machine`.
    ///
    /// # Errors
    /// [`Error::Missing`] without a catalogue, which names the pictures. [`Error::Io`] when no port
    /// can be opened; else as [`next`](Self::next).
    ///
    /// # Example
    /// ```
    /// use zoobot_core::anomaly::AnomalySearch;
    /// use zoobot_core::{catalog::Catalog, ndarray::Array2, space::Space};
    /// let galaxies = Catalog::sample()?.head(50);
    /// let features = Array2::from_shape_fn((50, 2), |(i, j)| (i * (j + 1) % 7) as f32);
    /// let space = Space::new(galaxies.ids().to_vec(), features)?.with_catalog(&galaxies)?;
    /// let mut search = AnomalySearch::new(&space);
    /// let page = search.rate_in_browser()?;
    /// assert!(page.url().starts_with("http://127.0.0.1:"));
    /// search.rate(&space.ids()[0], 5)?;
    /// assert_eq!(page.ratings().height(), 1);
    /// page.stop();
    /// # Ok::<(), zoobot_core::Error>(())
    /// ```
    pub fn rate_in_browser(&mut self) -> Result<RatingPage> {
        self.settled()?;
        self.space().known_catalog()?;
        if let Some(server) = self.page().as_ref().filter(|server| server.is_running()) {
            return Ok(RatingPage { server: Arc::clone(server) });
        }
        let server = Arc::new(Server::start(desk::Desk::new(self)?)?);
        *self.page() = Some(Arc::clone(&server));
        Ok(RatingPage { server })
    }
}

impl RatingPage {
    /// The page's address. Anyone with the address and an account on this machine can rate.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The ratings in effect: see [`AnomalySearch::table`].
    pub fn ratings(&self) -> DataFrame {
        self.server.site().search().table()
    }

    /// A search that shares the page's ratings.
    pub fn search(&self) -> AnomalySearch {
        self.server.site().search().sharing()
    }

    /// The `n` most interesting galaxies, given all ratings so far.
    ///
    /// # Errors
    /// As [`AnomalySearch::ranking`]; [`Error::Parameter`] when `n` is 0.
    pub fn ranking(&self, n: usize) -> Result<Ranking> {
        if n == 0 {
            return Err(Error::parameter("n", n, "at least 1"));
        }
        Ok(self.search().ranking()?.head(n))
    }

    /// Whether the page is open.
    pub fn is_running(&self) -> bool {
        self.server.is_running()
    }

    /// Closes the page. Its ratings are kept.
    pub fn stop(&self) {
        self.server.stop();
    }
}

impl Show for RatingPage {
    fn show(&self) -> Bundle {
        let rated = match self.server.site().search().ratings().len() {
            1 => "1 galaxy".to_owned(),
            count => format!("{} galaxies", thousands(count as u64)),
        };
        if !self.is_running() {
            return Bundle::plain(format!("The page is closed. {rated} rated."));
        }
        let url = self.url();
        let link = format!(
            "<div><a href=\"{0}\" target=\"_blank\" rel=\"noopener noreferrer\">Rate galaxies in the \
             browser</a> <span style=\"opacity:.65\">{1} rated. It stays open until page.stop() or \
             until the kernel ends; only this machine can reach it.</span></div>",
            escape(&url),
            escape(&rated),
        );
        Bundle::plain(format!("Rate galaxies at {url}\n{rated} rated.")).with("text/html", link)
    }
}

#[cfg(test)]
mod tests;
