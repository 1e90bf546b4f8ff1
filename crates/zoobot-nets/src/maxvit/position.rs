//! The term of attention that depends on the relative position of two pixels in a window.

use super::config::{Config, HEAD, Position, Reading};
use crate::layers::{Form, Layer, Linear};
use tch::nn::{Init, Path};
use tch::{Device, Tensor};
use zoobot_base::Result;

/// The width of the small network.
const HIDDEN: i64 = 512;
/// The standard deviation of a table's initial values.
const TABLE: f64 = 0.02;

/// The term added to each head's attention for each pair of pixels in a window.
#[derive(Debug)]
pub(super) struct RelativePosition {
    source: Source,
    /// The row of the source's table for each pair of pixels.
    rows: Tensor,
    /// The number of pixels in a window.
    area: i64,
}

/// The source of the table `[offsets, heads]`.
#[derive(Debug)]
enum Source {
    /// timm's layout: `[offsets, heads]`.
    Table(Tensor),
    /// TensorFlow's layout: `[heads, vertical offsets, horizontal offsets]`.
    Grid(Tensor),
    /// The logarithms of the offsets `[offsets, 2]`, and the two layers of the network.
    Mlp(Tensor, (Linear, Linear)),
    /// The whole result, computed in advance.
    Known(Tensor),
}

impl RelativePosition {
    pub fn new(path: &Path, config: &Config, channels: i64) -> Result<Self> {
        let (window, heads) = (config.window(), channels / HEAD);
        let side = 2 * window - 1;
        let (name, first) =
            ("relative_position_bias_table", Init::Randn { mean: 0.0, stdev: TABLE });
        let source = match (config.position, config.reading) {
            (Position::Table, Reading::Timm) => {
                Source::Table(path.f_var(name, &[side * side, heads], first)?)
            }
            (Position::Table, Reading::Google) => {
                Source::Grid(path.f_var(name, &[heads, side, side], first)?)
            }
            (Position::Mlp, _) => {
                let path = path / "mlp";
                let glorot = Linear::glorot;
                let (first, second) = (glorot(2, HIDDEN), glorot(HIDDEN, heads));
                let layers = (
                    Linear::new(&(&path / "fc1"), 2, HIDDEN, false, first)?,
                    Linear::new(&(&path / "fc2"), HIDDEN, heads, false, second)?,
                );
                Source::Mlp(log_steps(window, path.device())?, layers)
            }
        };
        // The two implementations measure offsets in opposite directions.
        let from_key = config.reading == Reading::Timm;
        let rows = rows(window, from_key, path.device())?;
        Ok(Self { source, rows, area: window * window })
    }

    /// # Shapes
    /// `[1, heads, area, area]`: from each pixel (third dimension) to each other pixel.
    pub fn forward(&self) -> Result<Tensor> {
        let table = match &self.source {
            Source::Table(table) => table.shallow_clone(),
            Source::Grid(grid) => grid.f_flatten(1, 2)?.f_transpose(0, 1)?,
            Source::Mlp(steps, (first, second)) => {
                second.forward(&first.forward(steps)?.f_relu_()?)?
            }
            Source::Known(result) => return Ok(result.shallow_clone()),
        };
        let pairs = table.f_index_select(0, &self.rows)?.f_view([self.area, self.area, -1])?;
        Ok(pairs.f_permute([2, 0, 1])?.f_unsqueeze(0)?.f_contiguous()?)
    }
}

impl Layer for RelativePosition {
    fn in_form(&self, form: Form) -> Result<Self> {
        let source = match (&self.source, form) {
            (_, Form::Folded) => Source::Known(self.forward()?.f_detach()?),
            (Source::Table(table), _) => Source::Table(table.in_form(form.in_full())?),
            (Source::Grid(grid), _) => Source::Grid(grid.in_form(form.in_full())?),
            (Source::Mlp(steps, layers), _) => {
                Source::Mlp(steps.shallow_clone(), layers.in_form(form)?)
            }
            (Source::Known(result), form) => Source::Known(result.in_form(form)?),
        };
        Ok(Self { source, rows: self.rows.shallow_clone(), area: self.area })
    }
}

/// The table row of each pair of pixels in a window, by the offset between them.
fn rows(window: i64, from_key: bool, device: Device) -> Result<Tensor> {
    let area = window * window;
    let row = |query: i64, key: i64| {
        let (from, to) = if from_key { (key, query) } else { (query, key) };
        let down = to / window - from / window + window - 1;
        let across = to % window - from % window + window - 1;
        down * (2 * window - 1) + across
    };
    let rows: Vec<i64> =
        (0..area).flat_map(|query| (0..area).map(move |key| row(query, key))).collect();
    Ok(Tensor::f_from_slice(&rows)?.f_to_device(device)?)
}

/// `sign(d) ln(1 + |d|)` of the vertical and horizontal offsets `d`, for all combinations of the two.
fn log_steps(window: i64, device: Device) -> Result<Tensor> {
    let steps = 1 - window..window;
    let log = |step: i64| ((step.abs() as f64).ln_1p() * step.signum() as f64) as f32;
    let pairs: Vec<f32> = steps
        .clone()
        .flat_map(|down| steps.clone().flat_map(move |across| [log(down), log(across)]))
        .collect();
    Ok(Tensor::f_from_slice(&pairs)?.f_view([-1, 2])?.f_to_device(device)?)
}
