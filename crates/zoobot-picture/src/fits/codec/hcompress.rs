//! `HCOMPRESS_1`: the H-transform in quadtrees (White 1992; FITS standard 4.0, section 10.4.4).
//!
//! The format is described by its program, which is part of cfitsio (`fits_hdecompress.c`, R. White, Space
//! Telescope Science Institute).

mod transform;

/// The first bytes of a tile.
const MAGIC: [u8; 2] = [0xdd, 0x99];
/// The number of bytes before the bit planes: magic, two sizes, scale, sum, three numbers of planes.
const HEAD: usize = 2 + 4 + 4 + 4 + 8 + 3;

fn wrong() -> String {
    "damaged FITS file: the compressed pixels cannot be unpacked".to_owned()
}

/// Whether these bytes begin a tile of this size.
pub fn fits(content: &[u8], columns: usize, rows: usize) -> bool {
    let size = |at: usize| {
        content.get(at..at + 4).map(|it| u32::from_be_bytes(it.try_into().unwrap_or_default()))
    };
    content.len() >= HEAD
        && content.starts_with(&MAGIC)
        && size(2) == u32::try_from(rows).ok()
        && size(6) == u32::try_from(columns).ok()
}

/// The pixels of a tile of `columns` x `rows`; `smooth` interpolates what was rounded away.
pub fn decode(
    content: &[u8],
    columns: usize,
    rows: usize,
    smooth: bool,
) -> Result<Vec<i32>, String> {
    if !fits(content, columns, rows) || columns == 0 || rows == 0 {
        return Err(wrong());
    }
    let scale = i32::from_be_bytes(content[10..14].try_into().map_err(|_| wrong())?);
    let sum = i64::from_be_bytes(content[14..22].try_into().map_err(|_| wrong())?);
    let planes = &content[22..HEAD];
    if planes.iter().any(|count| *count > 62) {
        return Err(wrong());
    }
    let mut bits =
        Bits { bytes: content.get(HEAD..).unwrap_or_default(), place: 0, buffer: 0, count: 0 };
    let mut image = vec![0_i64; columns * rows];
    let (half_rows, half_columns) = (rows.div_ceil(2), columns.div_ceil(2));
    // Quadrants: where it begins, its rows and columns, its number of bit planes.
    for (start, rows, across, planes) in [
        (0, half_rows, half_columns, planes[0]),
        (half_columns, half_rows, columns / 2, planes[1]),
        (columns * half_rows, rows / 2, half_columns, planes[1]),
        (columns * half_rows + half_columns, rows / 2, columns / 2, planes[2]),
    ] {
        if rows > 0 && across > 0 {
            quadrant(&mut bits, &mut image[start..], columns, (rows, across), planes)?;
        } else {
            // An empty quadrant has its codes, but no pixels.
            empty(&mut bits, planes)?;
        }
    }
    if bits.take(4)? != 0 {
        return Err(wrong());
    }
    bits.count = 0;
    for value in &mut image {
        if *value != 0 && bits.take(1)? == 1 {
            *value = -*value;
        }
    }
    image[0] = sum;
    if scale > 1 {
        image.iter_mut().for_each(|value| *value = value.wrapping_mul(i64::from(scale)));
    }
    transform::inverse(&mut image, rows, columns, smooth.then_some(scale));
    Ok(image.into_iter().map(|value| value as i32).collect())
}

/// Bits from the most significant on.
struct Bits<'a> {
    bytes: &'a [u8],
    place: usize,
    buffer: u32,
    count: u32,
}

impl Bits<'_> {
    /// The next bits, at most 8.
    fn take(&mut self, bits: u32) -> Result<u8, String> {
        if self.count < bits {
            let byte = self.bytes.get(self.place).ok_or_else(wrong)?;
            self.buffer = (self.buffer << 8) | u32::from(*byte);
            self.place += 1;
            self.count += 8;
        }
        self.count -= bits;
        Ok(((self.buffer >> self.count) & ((1 << bits) - 1)) as u8)
    }

    /// The next four bits of a quadtree, in a Huffman code.
    fn huffman(&mut self) -> Result<u8, String> {
        let code = self.take(3)?;
        if code < 4 {
            return Ok(1 << code);
        }
        let code = (code << 1) | self.take(1)?;
        if let 8..=12 = code {
            return Ok([3, 5, 10, 12, 15][usize::from(code - 8)]);
        }
        let code = (code << 1) | self.take(1)?;
        if let 26..=30 = code {
            return Ok([6, 7, 9, 11, 13][usize::from(code - 26)]);
        }
        Ok(if self.take(1)? == 0 { 0 } else { 14 })
    }
}

/// The codes of a quadrant without pixels.
fn empty(bits: &mut Bits, planes: u8) -> Result<(), String> {
    for _ in 0..planes {
        if bits.take(4)? == 0xf {
            bits.huffman()?;
        }
    }
    Ok(())
}

/// Decodes the bit planes of a quadrant of `size` = (rows, columns) into an image.
fn quadrant(
    bits: &mut Bits,
    image: &mut [i64],
    stride: usize,
    size: (usize, usize),
    planes: u8,
) -> Result<(), String> {
    let (rows, columns) = size;
    let levels = rows.max(columns).next_power_of_two().trailing_zeros();
    let quarter = rows.div_ceil(2) * columns.div_ceil(2);
    for bit in (0..planes).rev() {
        let mut codes = vec![0_u8; quarter];
        match bits.take(4)? {
            0 => {
                for code in &mut codes {
                    *code = bits.take(4)?;
                }
            }
            0xf => {
                codes[0] = bits.huffman()?;
                for level in 1..levels {
                    // The size of each level, from one pixel to the quadrant's half.
                    let shift = levels - level;
                    let (down, across) = (rows.div_ceil(1 << shift), columns.div_ceil(1 << shift));
                    let mut next = vec![0_u8; down * across];
                    spread(&codes, down, across, |at, set| next[at] = u8::from(set), across);
                    for code in next.iter_mut().rev().filter(|code| **code != 0) {
                        *code = bits.huffman()?;
                    }
                    codes = next;
                }
            }
            _ => return Err(wrong()),
        }
        spread(&codes, rows, columns, |at, set| image[at] |= i64::from(set) << bit, stride);
    }
    Ok(())
}

/// Calls a function for each pixel of `rows` x `columns` with its place and its bit: each code has the bits of
/// 2 x 2 pixels.
#[inline(always)]
fn spread(
    codes: &[u8],
    rows: usize,
    columns: usize,
    mut pixel: impl FnMut(usize, bool),
    stride: usize,
) {
    let across = columns.div_ceil(2);
    for row in 0..rows {
        for column in 0..columns {
            let code = codes[row / 2 * across + column / 2];
            let bit = 3 - (2 * (row % 2) + column % 2);
            pixel(row * stride + column, (code >> bit) & 1 == 1);
        }
    }
}
