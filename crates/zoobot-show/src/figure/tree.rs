//! Trees of boxes from left to right: a box has rows, and lines lead from a row to the boxes that follow it.

use super::axes::{letters, stroke};
use super::canvas::{self, Canvas, Drawn, UNITS, units};
use super::{Figure, style};
use plotters::prelude::{Color, PathElement, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use zoobot_base::Result;

/// A box of a tree, with the boxes that follow each of its rows.
///
/// ```
/// use zoobot_core::figure::{Branch, tree};
/// let ring = Branch { title: "ring".into(), rows: vec![("yes".into(), vec![]), ("no".into(), vec![])] };
/// let disk = Branch { title: "disk".into(), rows: vec![("yes".into(), vec![ring]), ("no".into(), vec![])] };
/// tree("rings", &[disk]);
/// # Ok::<(), zoobot_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// The title of the box.
    pub title: String,
    /// The rows, each with the boxes that it leads to.
    pub rows: Vec<(String, Vec<Branch>)>,
}

/// Height of a box's title and of a row, and padding below the rows, in pixels.
const HEAD: f64 = 21.0;
const ROW: f64 = 16.0;
const FOOT: f64 = 4.0;
/// Gaps: between boxes in a column, from a box to the next column, between whole trees.
const GAP: f64 = 9.0;
const STEP: f64 = 44.0;
const APART: f64 = 26.0;
/// Padding to the left and right of text in a box.
const AIR: f64 = 8.0;
/// Width of a letter as a share of its size: an upper bound for whole words in DejaVu Sans.
const LETTER: f64 = 0.62;
/// The ratio of width to height that fits a screen best.
const SHAPE: f64 = 1.4;

/// Draws trees under a title, side by side if there are many.
///
/// # If it cannot be drawn
/// [`Error::Unsuitable`](zoobot_base::Error::Unsuitable) when a side of the figure would exceed 8000 pixels.
pub fn tree(title: &str, roots: &[Branch]) -> Figure {
    draw_tree(title, roots).into()
}

fn draw_tree(title: &str, roots: &[Branch]) -> Result<Figure> {
    let trees: Vec<Placed> = roots.iter().map(Placed::of).collect();
    let columns = best_columns(&trees);
    let top = style::MARGIN + style::TITLE * 1.8;
    let (width, height) = extent(&columns);
    let title_width = title.chars().count() as f64 * style::TITLE * LETTER;
    let size = (
        (width.max(title_width) + 2.0 * style::MARGIN).ceil() as u32,
        (height + top + style::MARGIN).ceil() as u32,
    );
    canvas::draw((size.0.max(40), size.1.max(40)), UNITS, format!("tree of {title}"), |root, _| {
        let text = letters(style::TITLE, style::INK).pos(Pos::new(HPos::Left, VPos::Top));
        root.draw_text(title, &text, (units(style::MARGIN), units(style::MARGIN)))?;
        let mut x = style::MARGIN;
        for column in &columns {
            let mut y = top;
            for tree in column {
                tree.draw(root, x, y)?;
                y += tree.height + APART;
            }
            x += widest(column) + APART;
        }
        Ok(())
    })
}

/// A tree with a position for each box.
#[derive(Debug)]
struct Placed<'a> {
    boxes: Vec<Spot<'a>>,
    /// The left edge and the width of the column of boxes at each depth.
    columns: Vec<(f64, f64)>,
    width: f64,
    height: f64,
}

/// A box with its position.
#[derive(Debug)]
struct Spot<'a> {
    branch: &'a Branch,
    depth: usize,
    top: f64,
    /// The index of the box that leads to it, and the row of that box.
    from: Option<(usize, usize)>,
}

impl<'a> Placed<'a> {
    fn of(root: &'a Branch) -> Self {
        let mut boxes = Vec::new();
        let height = place(root, 0, 0.0, None, &mut boxes);
        let depth = boxes.iter().map(|it: &Spot<'_>| it.depth).max().unwrap_or(0);
        let mut widths = vec![0.0f64; depth + 1];
        for spot in &boxes {
            widths[spot.depth] = widths[spot.depth].max(spot.branch.width());
        }
        let mut x = 0.0;
        let columns = widths.into_iter().map(|width| {
            let start = x;
            x += width + STEP;
            (start, width)
        });
        let columns = columns.collect();
        Self { boxes, columns, width: x - STEP, height }
    }

    fn draw(&self, root: &Canvas<'_>, x: f64, y: f64) -> Drawn<()> {
        for spot in &self.boxes {
            let (left, width) = self.columns[spot.depth];
            let (left, top) = (x + left, y + spot.top);
            let colour = style::PALETTE[spot.depth % style::PALETTE.len()];
            if let Some((before, row)) = spot.from {
                let before = &self.boxes[before];
                let (start, wide) = self.columns[before.depth];
                let from = (x + start + wide, y + before.top + HEAD + ROW * (row as f64 + 0.5));
                let bend = bend(from, (left, top + HEAD / 2.0));
                root.draw(&PathElement::new(bend, stroke(style::LINE * 0.7, style::FAINT)))?;
            }
            let corner = |right: f64, down: f64| (units(left + right), units(top + down));
            let head = [corner(0.0, 0.0), corner(width, HEAD)];
            root.draw(&Rectangle::new(head, colour.mix(0.22).filled()))?;
            // plotters draws a rectangle's own outline without a width.
            let height = spot.branch.height();
            let frame = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height), (0.0, 0.0)];
            let frame = frame.map(|(right, down)| corner(right, down));
            root.draw(&PathElement::new(frame, stroke(style::AXIS, colour.mix(0.7))))?;
            let middle = |size| letters(size, style::INK).pos(Pos::new(HPos::Left, VPos::Center));
            let at = (units(left + AIR), units(top + HEAD / 2.0));
            root.draw_text(&spot.branch.title, &middle(style::LABEL), at)?;
            for (i, (row, _)) in spot.branch.rows.iter().enumerate() {
                let at = (units(left + AIR), units(top + HEAD + ROW * (i as f64 + 0.5)));
                root.draw_text(row, &middle(style::TICK), at)?;
            }
        }
        Ok(())
    }
}

impl Branch {
    fn height(&self) -> f64 {
        HEAD + ROW * self.rows.len() as f64 + FOOT
    }

    fn width(&self) -> f64 {
        let wide = |text: &str, size: f64| text.chars().count() as f64 * size * LETTER;
        let rows = self.rows.iter().map(|(row, _)| wide(row, style::TICK));
        rows.fold(wide(&self.title, style::LABEL), f64::max) + 2.0 * AIR
    }
}

/// Centres a box beside the boxes that follow it, and returns the height of both together.
fn place<'a>(
    branch: &'a Branch,
    depth: usize,
    top: f64,
    from: Option<(usize, usize)>,
    boxes: &mut Vec<Spot<'a>>,
) -> f64 {
    let this = boxes.len();
    boxes.push(Spot { branch, depth, top, from });
    let count: usize = branch.rows.iter().map(|(_, next)| next.len()).sum();
    // If a box is higher than everything that follows, the followers are centred beside it.
    let below = |boxes: &mut Vec<Spot<'a>>, start: f64| {
        let mut y = start;
        for (row, (_, next)) in branch.rows.iter().enumerate() {
            for child in next {
                y += place(child, depth + 1, y, Some((this, row)), boxes) + GAP;
            }
        }
        y - GAP - start
    };
    if count == 0 {
        return branch.height();
    }
    let height = below(boxes, top);
    if height >= branch.height() {
        boxes[this].top = top + (height - branch.height()) / 2.0;
        return height;
    }
    boxes.truncate(this + 1);
    below(boxes, top + (branch.height() - height) / 2.0);
    branch.height()
}

/// A curve that leaves and arrives horizontally.
fn bend(from: (f64, f64), to: (f64, f64)) -> Vec<(i32, i32)> {
    const POINTS: i32 = 24;
    (0..=POINTS)
        .map(|i| {
            let t = f64::from(i) / f64::from(POINTS);
            let s = t * t * (3.0 - 2.0 * t);
            (units(from.0 + t * (to.0 - from.0)), units(from.1 + s * (to.1 - from.1)))
        })
        .collect()
}

fn widest(column: &[&Placed<'_>]) -> f64 {
    column.iter().map(|tree| tree.width).fold(0.0, f64::max)
}

fn extent(columns: &[Vec<&Placed<'_>>]) -> (f64, f64) {
    let tall = |column: &Vec<&Placed<'_>>| {
        column.iter().map(|tree| tree.height + APART).sum::<f64>() - APART
    };
    let width: f64 = columns.iter().map(|column| widest(column) + APART).sum();
    (width - APART, columns.iter().map(tall).fold(0.0, f64::max))
}

/// The trees in order, in the number of columns that comes closest to the shape of a screen.
fn best_columns<'a>(trees: &'a [Placed<'a>]) -> Vec<Vec<&'a Placed<'a>>> {
    let all: f64 = trees.iter().map(|tree| tree.height + APART).sum();
    let tallest = trees.iter().map(|tree| tree.height).fold(0.0, f64::max);
    let packed = |count: usize| {
        let limit = (all / count as f64).max(tallest + APART);
        let mut columns: Vec<Vec<&Placed<'_>>> = vec![Vec::new()];
        let mut filled = 0.0;
        for tree in trees {
            // Half a tree may exceed the limit, so that the columns come out even.
            if filled > 0.0 && filled + tree.height / 2.0 > limit {
                columns.push(Vec::new());
                filled = 0.0;
            }
            filled += tree.height + APART;
            if let Some(column) = columns.last_mut() {
                column.push(tree);
            }
        }
        columns
    };
    let far = |columns: &Vec<Vec<&Placed<'_>>>| {
        let (width, height) = extent(columns);
        (width / height / SHAPE).ln().abs()
    };
    let choices = (1..=trees.len().clamp(1, 12)).map(packed);
    choices.min_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or_default()
}
