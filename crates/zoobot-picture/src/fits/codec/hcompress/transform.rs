//! The inverse H-transform of an image of whole numbers.

/// Transforms an image of `rows` x `columns` coefficients into pixels. With `smooth`, the scale that the
/// coefficients were divided by, they are first interpolated where they were rounded away.
pub(super) fn inverse(a: &mut [i64], rows: usize, columns: usize, smooth: Option<i32>) {
    let longest = rows.max(columns);
    let levels = longest.next_power_of_two().trailing_zeros();
    if levels == 0 {
        return;
    }
    // Coefficients are rounded to multiples of powers of 2, which halve from level to level.
    let round = |value: i64, bit: i64| {
        let half = bit >> 1;
        (value.wrapping_add(if value >= 0 { half } else { half - 1 })) & -bit
    };
    let mut low = 1_i64 << (levels - 1);
    a[0] = round(a[0], low << 2);
    let mut spare = Vec::new();
    for level in (0..levels).rev() {
        let (top, across) = (rows.div_ceil(1 << level), columns.div_ceil(1 << level));
        let shift = if level == 0 { 2 } else { 1 };
        for row in 0..top {
            interleave(&mut a[columns * row..], across, 1, &mut spare);
        }
        for column in 0..across {
            interleave(&mut a[column..], top, columns, &mut spare);
        }
        if let Some(scale) = smooth {
            smoothed(a, top, across, columns, i64::from(scale >> 1));
        }
        let high = low << 1;
        // In the last level `low` is 1, and nothing is rounded to it.
        let rounded = |value: i64, bit: i64| if bit > 1 { round(value, bit) } else { value };
        for row in (0..top).step_by(2) {
            for column in (0..across).step_by(2) {
                let at = columns * row + column;
                let (below, right) = (row + 1 < top, column + 1 < across);
                let mut h0 = a[at];
                if below && right {
                    let mut hx = rounded(a[at + columns], high);
                    let mut hy = rounded(a[at + 1], high);
                    let hc = rounded(a[at + columns + 1], low);
                    let bit = hc & low;
                    hx = if hx >= 0 { hx.wrapping_sub(bit) } else { hx.wrapping_add(bit) };
                    hy = if hy >= 0 { hy.wrapping_sub(bit) } else { hy.wrapping_add(bit) };
                    let next = (hc ^ hx ^ hy) & high;
                    h0 = match (h0 >= 0, bit == 0) {
                        (true, _) => h0.wrapping_add(bit).wrapping_sub(next),
                        (false, true) => h0.wrapping_add(next),
                        (false, false) => h0.wrapping_add(bit).wrapping_sub(next),
                    };
                    let (plus, minus) = (h0.wrapping_add(hx), h0.wrapping_sub(hx));
                    a[at + columns + 1] = plus.wrapping_add(hy).wrapping_add(hc) >> shift;
                    a[at + columns] = plus.wrapping_sub(hy).wrapping_sub(hc) >> shift;
                    a[at + 1] = minus.wrapping_add(hy).wrapping_sub(hc) >> shift;
                    a[at] = minus.wrapping_sub(hy).wrapping_add(hc) >> shift;
                } else if below || right {
                    let other = if below { at + columns } else { at + 1 };
                    let h = rounded(a[other], high);
                    let bit = h & high;
                    h0 = if h0 >= 0 { h0.wrapping_sub(bit) } else { h0.wrapping_add(bit) };
                    a[other] = h0.wrapping_add(h) >> shift;
                    a[at] = h0.wrapping_sub(h) >> shift;
                } else {
                    a[at] = h0 >> shift;
                }
            }
        }
        low >>= 1;
    }
}

/// Moves the first half of `count` values to even places and the second to odd ones.
fn interleave(a: &mut [i64], count: usize, stride: usize, spare: &mut Vec<i64>) {
    let half = count.div_ceil(2);
    spare.clear();
    spare.extend((half..count).map(|i| a[i * stride]));
    (0..half).rev().for_each(|i| a[2 * i * stride] = a[i * stride]);
    spare.iter().enumerate().for_each(|(i, value)| a[(2 * i + 1) * stride] = *value);
}

/// Interpolates coefficients by those around them, by at most `most`.
fn smoothed(a: &mut [i64], top: usize, across: usize, columns: usize, most: i64) {
    if most <= 0 {
        return;
    }
    let toward = |slope: i64, least: i64, greatest: i64, now: i64, bits: u32| {
        let change = slope.min(greatest).max(least).wrapping_sub(now.wrapping_shl(bits));
        let change = if change >= 0 { change >> bits } else { (change + (1 << bits) - 1) >> bits };
        now.wrapping_add(change.clamp(-most, most))
    };
    let line = |a: &mut [i64], at: usize, step: usize, slope_at: usize| {
        let (before, here, after) = (a[at - step], a[at], a[at + step]);
        let (up, down) = (after.wrapping_sub(here), here.wrapping_sub(before));
        let greatest = up.min(down).max(0).wrapping_shl(2);
        let least = up.max(down).min(0).wrapping_shl(2);
        if least < greatest {
            a[slope_at] = toward(after.wrapping_sub(before), least, greatest, a[slope_at], 3);
        }
    };
    for row in (2..top.saturating_sub(2)).step_by(2) {
        for column in (0..across).step_by(2) {
            let at = columns * row + column;
            line(a, at, 2 * columns, at + columns);
        }
    }
    for row in (0..top).step_by(2) {
        for column in (2..across.saturating_sub(2)).step_by(2) {
            let at = columns * row + column;
            line(a, at, 2, at + 1);
        }
    }
    for row in (2..top.saturating_sub(2)).step_by(2) {
        for column in (2..across.saturating_sub(2)).step_by(2) {
            let at = columns * row + column;
            let (up, down) = (at - 2 * columns, at + 2 * columns);
            let (mm, mp, pm, pp) = (a[up - 2], a[up + 2], a[down - 2], a[down + 2]);
            let h0 = a[at];
            let (x, y) = (a[at + columns].wrapping_shl(1), a[at + 1].wrapping_shl(1));
            let sub = i64::wrapping_sub;
            let limit = |clip: fn(i64) -> i64, pick: fn(i64, i64) -> i64| {
                let one = pick(
                    sub(sub(clip(sub(pp, h0)), x), y),
                    sub(clip(sub(h0, pm)).wrapping_add(x), y),
                );
                let two = pick(
                    sub(clip(sub(h0, mp)), x).wrapping_add(y),
                    clip(sub(mm, h0)).wrapping_add(x).wrapping_add(y),
                );
                pick(one, two).wrapping_shl(4)
            };
            let greatest = limit(|it| it.max(0), i64::min);
            let least = limit(|it| it.min(0), i64::max);
            if least < greatest {
                let slope = sub(sub(pp.wrapping_add(mm), mp), pm);
                a[at + columns + 1] = toward(slope, least, greatest, a[at + columns + 1], 6);
            }
        }
    }
}
