//! The HTML of tables: inline styles for front ends that keep them, and a table that is readable without
//! styles for front ends that drop them (GitHub). Greys are transparent, so that they suit light and dark
//! themes.

use super::cells::{Cell, Kind};
use super::text::{cut, escape};
use super::thumbnail::Thumbnail;
use std::fmt::Write;

/// The maximum number of characters in a cell; the tooltip has the full text.
const LONGEST: usize = 40;
/// A longer column name may break after "_" and "-" if room is short.
const LONG_NAME: usize = 12;
/// A longer column name gets a minimum width, so that it does not become a tall stack of lines.
const VERY_LONG_NAME: usize = 20;

/// The cell that stands for the left-out columns.
pub(super) const GAP: &str = "<td style=\"border:none;text-align:center;opacity:.5\">…</td>";

const LINE: &str = "border:none;border-bottom:1px solid rgba(128,128,128,.2)";

/// The HTML of a table, built piece by piece.
pub(super) struct Markup {
    html: String,
    in_body: bool,
    below: String,
}

impl Markup {
    /// Opens a table with a title above it (unless empty) and a grey line below it; if it `scrolls`, its
    /// height is limited.
    pub fn new(title: &str, below: &str, scrolls: bool) -> Self {
        let mut html = String::from("<div>");
        if !title.is_empty() {
            let _ = write!(html, "<div style=\"margin:2px 0 6px\"><b>{}</b></div>", escape(title));
        }
        let height = if scrolls { "max-height:520px;" } else { "" };
        let _ = write!(
            html,
            "<div style=\"{height}max-width:100%;overflow:auto\">\
             <table style=\"border:none;border-collapse:collapse;margin:0;table-layout:auto;\
             font-variant-numeric:tabular-nums\"><thead><tr>"
        );
        Self { html, in_body: false, below: below.to_owned() }
    }

    /// Adds a column's name with a note below (unless empty) and a tooltip.
    pub fn head(&mut self, name: &str, note: &str, right: bool, tip: &str) {
        // The header stays in view while the rows scroll, so it needs its own background.
        const GROUND: &str = "var(--jp-layout-color0,var(--vscode-editor-background,Canvas))";
        let side = if right { "right" } else { "left" };
        let (breaks, shown) = if name.chars().count() > LONG_NAME {
            let shown = escape(&cut(name, 3 * VERY_LONG_NAME)).replace('_', "_<wbr>");
            let very_long = name.chars().count() > VERY_LONG_NAME;
            (
                if very_long { "min-width:90px;white-space:normal" } else { "white-space:normal" },
                shown,
            )
        } else {
            ("white-space:nowrap", escape(name))
        };
        let note = match note {
            "" => String::new(),
            note => format!(
                "<br><small style=\"font-weight:normal;opacity:.6\">{}</small>",
                escape(note)
            ),
        };
        let _ = write!(
            self.html,
            "<th align=\"{side}\" title=\"{}\" style=\"text-align:{side};padding:4px 8px;{breaks};\
             vertical-align:bottom;position:sticky;top:0;background:{GROUND};{LINE};\
             border-bottom-color:rgba(128,128,128,.6)\">{shown}{note}</th>",
            escape(tip),
        );
    }

    fn body(&mut self) {
        if !self.in_body {
            self.html.push_str("</tr></thead><tbody>");
            self.in_body = true;
        }
    }

    /// Adds a row of finished cells.
    pub fn row<'a>(&mut self, cells: impl Iterator<Item = &'a str>) {
        self.body();
        self.html.push_str("<tr>");
        cells.for_each(|cell| self.html.push_str(cell));
        self.html.push_str("</tr>");
    }

    /// Adds the row that counts the rows not shown.
    pub fn more(&mut self, text: &str, columns: usize) {
        self.body();
        let _ = write!(
            self.html,
            "<tr><td colspan=\"{columns}\" align=\"left\" style=\"border:none;text-align:left;\
             padding:4px 8px;opacity:.7\">{text}</td></tr>"
        );
    }

    /// Closes the table.
    pub fn finish(mut self) -> String {
        self.body();
        let _ = write!(
            self.html,
            "</tbody></table></div><div style=\"margin:4px 0;opacity:.6;font-size:85%\">{}</div></div>",
            self.below
        );
        self.html
    }
}

/// A cell: numbers are right-aligned, nulls pale, and long text is cut with the full text in a tooltip.
pub(super) fn cell(cell: &Cell, right: bool) -> String {
    let side = if right || cell.kind == Kind::Number { "right" } else { "left" };
    let text = escape(&cut(&cell.text, LONGEST));
    let text = match cell.kind {
        Kind::Null => format!("<i style=\"opacity:.45\">{text}</i>"),
        _ => text,
    };
    let whole = match &cell.exact {
        Some(exact) => Some(exact),
        None => (cell.text.chars().count() > LONGEST).then_some(&cell.text),
    };
    let whole = whole.map(|it| format!(" title=\"{}\"", escape(it))).unwrap_or_default();
    format!(
        "<td align=\"{side}\"{whole} style=\"text-align:{side};padding:3px 8px;white-space:nowrap;\
         {LINE}\">{text}</td>"
    )
}

/// A cell with a picture, or with the reason why it is missing; the tooltip has the name.
pub(super) fn picture(name: &str, picture: zoobot_base::Result<Thumbnail>) -> String {
    format!(
        "<td align=\"left\" style=\"text-align:left;padding:3px 8px;{LINE}\">{}</td>",
        picture_or_reason(name, &picture, super::table::PICTURE, "border-radius:3px"),
    )
}

/// A picture of `side` pixels, or a box of that size with the reason why it is missing.
pub(super) fn picture_or_reason(
    name: &str,
    picture: &zoobot_base::Result<Thumbnail>,
    side: u32,
    style: &str,
) -> String {
    match picture {
        Ok(Thumbnail { uri }) => format!(
            "<img src=\"{uri}\" width=\"{side}\" height=\"{side}\" alt=\"{0}\" title=\"{0}\" \
             style=\"display:block;margin:0 auto;min-width:{side}px;{style}\">",
            escape(name),
        ),
        Err(error) => {
            let reason = match error {
                zoobot_base::Error::Picture { reason, .. } => reason.clone(),
                other => other.to_string(),
            };
            // Small boxes hold few words; the tooltip has the full text.
            let letters = (side as usize / 6).pow(2) / 3;
            format!(
                "<div title=\"{}\" style=\"box-sizing:border-box;width:{side}px;height:{side}px;\
                 margin:0 auto;padding:4px;overflow:hidden;\
                 display:flex;align-items:center;justify-content:center;white-space:normal;text-align:center;\
                 font-size:10px;line-height:1.25;background:rgba(128,128,128,.15);\
                 border:1px dashed rgba(128,128,128,.6);{style}\">{}</div>",
                escape(&format!("{name}: {reason}")),
                escape(&cut(&reason, letters.max(20))),
            )
        }
    }
}
