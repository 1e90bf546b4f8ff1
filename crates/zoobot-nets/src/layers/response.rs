//! The responses of a network's filters to pictures, recorded during a pass.
//!
//! Filters are the outputs of convolutions and of linear maps. While a thread records, each layer reports its
//! outputs; otherwise a report costs one look at a flag.

use super::full;
use std::cell::{Cell, RefCell};
use tch::{Kind, Tensor};
use zoobot_base::Result;

/// The side of the grid to which responses of convolutions are averaged, in cells.
const GRID: i64 = 2;

/// The responses of one layer's filters.
#[derive(Debug)]
pub struct Responses {
    /// Where the layer's weights are in memory, which identifies the variable.
    pub weight: usize,
    /// Where other variables of the filters are: the bias, and scale and shift of a batch normalisation that
    /// follows.
    pub followers: Vec<usize>,
    /// Filters x responses: for convolutions four for each picture, one for each quarter.
    pub values: Tensor,
    /// Where the outputs are, by which a normalisation knows that it follows.
    outputs: usize,
}

thread_local! {
    static RECORDS: Cell<bool> = const { Cell::new(false) };
    static SEEN: RefCell<Vec<Responses>> = const { RefCell::new(Vec::new()) };
}

/// Records what layers report on this thread while `pass` runs.
pub fn recorded(pass: impl FnOnce() -> Result<()>) -> Result<Vec<Responses>> {
    SEEN.with_borrow_mut(Vec::clear);
    RECORDS.set(true);
    let done = pass();
    RECORDS.set(false);
    let seen = SEEN.with_borrow_mut(std::mem::take);
    done.map(|()| seen)
}

/// Reports the outputs of a convolution, `[n, filters, h, w]`, or of a linear map, `[..., filters]`.
pub(super) fn filters(
    weight: &Tensor,
    bias: Option<&Tensor>,
    outputs: &Tensor,
    convolution: bool,
) -> Result<()> {
    if !RECORDS.get() {
        return Ok(());
    }
    let pooled = match (convolution, outputs.dim()) {
        (true, _) => {
            let pooled = outputs.f_to_kind(full(outputs.kind()))?;
            let pooled = pooled.f_adaptive_avg_pool2d([GRID, GRID])?;
            pooled.f_transpose(0, 1)?.f_flatten(1, -1)?
        }
        (false, dims) => {
            // The mean over all but the first and the last dimension.
            let between: Vec<i64> = (1..dims as i64 - 1).collect();
            let kind = full(outputs.kind());
            let means = match between.is_empty() {
                true => outputs.f_to_kind(kind)?,
                false => outputs.f_mean_dim(between.as_slice(), false, kind)?,
            };
            means.f_transpose(0, 1)?
        }
    };
    let values = pooled.f_detach()?.f_to_kind(Kind::Double)?.f_contiguous()?;
    let seen = Responses {
        weight: weight.data_ptr() as usize,
        followers: bias.map(|it| it.data_ptr() as usize).into_iter().collect(),
        values,
        outputs: outputs.data_ptr() as usize,
    };
    SEEN.with_borrow_mut(|all| all.push(seen));
    Ok(())
}

/// Reports the inputs of a batch normalisation. Its variables follow the filters whose outputs these are.
pub(super) fn norm(weight: &Tensor, bias: &Tensor, inputs: &Tensor) {
    if !RECORDS.get() {
        return;
    }
    SEEN.with_borrow_mut(|all| {
        if let Some(last) = all.last_mut()
            && last.outputs == inputs.data_ptr() as usize
        {
            last.followers.extend([weight, bias].map(|it| it.data_ptr() as usize));
        }
    });
}
