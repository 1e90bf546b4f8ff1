//! `RICE_1`: differences of neighbouring pixels in Rice codes (Rice, Yeh & Miller 1993; FITS standard 4.0,
//! section 10.4.1).

/// The number of bits of a block's code length, its largest value, and the number of bits of a pixel.
fn sizes(bytes: usize) -> Option<(u32, u32, u32)> {
    match bytes {
        1 => Some((3, 6, 8)),
        2 => Some((4, 14, 16)),
        4 => Some((5, 25, 32)),
        _ => None,
    }
}

/// Whether this many bytes can hold this many pixels.
pub fn fits(length: usize, pixels: usize, bytes: usize, block: usize) -> bool {
    let Some((bits, _, _)) = sizes(bytes) else { return false };
    let blocks = (pixels as u64).div_ceil(block.max(1) as u64);
    // Each block takes at least the bits of its code length.
    blocks.saturating_mul(u64::from(bits)) <= 8 * length as u64
}

/// Bits from the most significant on. After the end of the bytes there are zeros.
struct Bits<'a> {
    bytes: &'a [u8],
    place: usize,
    /// The next bits, at the top.
    next: u64,
    count: u32,
}

impl Bits<'_> {
    /// Makes at least 56 bits ready.
    #[inline(always)]
    fn fill(&mut self) {
        if let Some(eight) = self.bytes.get(self.place..self.place + 8) {
            let word = u64::from_be_bytes(eight.try_into().unwrap_or_default());
            self.next |= word >> self.count;
            let whole = (63 - self.count) / 8;
            self.place += whole as usize;
            self.count += 8 * whole;
        } else {
            while self.count <= 56 {
                let byte = self.bytes.get(self.place).copied().unwrap_or(0);
                self.next |= u64::from(byte) << (56 - self.count);
                self.place += 1;
                self.count += 8;
            }
        }
    }

    #[inline(always)]
    fn take(&mut self, bits: u32) -> u32 {
        if bits == 0 {
            return 0;
        }
        let value = (self.next >> (64 - bits)) as u32;
        self.next <<= bits;
        self.count -= bits;
        value
    }
}

/// The first pixels of a tile, as whole numbers of `bytes` bytes: unsigned for 1 byte, else signed.
pub fn decode(content: &[u8], bytes: usize, block: usize, out: &mut [i32]) -> Result<(), String> {
    let wrong = || "damaged FITS file: the compressed pixels cannot be unpacked".to_owned();
    let (code_bits, direct, pixel_bits) = sizes(bytes).ok_or_else(wrong)?;
    let (first, rest) = content.split_at_checked(bytes).ok_or_else(wrong)?;
    let mut last = first.iter().fold(0_u32, |all, byte| (all << 8) | u32::from(*byte));
    let mut bits = Bits { bytes: rest, place: 0, next: 0, count: 0 };
    // Pixels of fewer than 32 bits wrap around at their size.
    let shift = 32 - pixel_bits;
    let pixel = |value: u32| match bytes {
        1 => (value & 0xff) as i32,
        _ => ((value << shift) as i32) >> shift,
    };
    let difference = |code: u32| if code & 1 == 0 { code >> 1 } else { !(code >> 1) };
    for pixels in out.chunks_mut(block.max(1)) {
        bits.fill();
        let code = bits.take(code_bits);
        if code == 0 {
            pixels.fill(pixel(last));
        } else if code - 1 == direct {
            for out in pixels {
                bits.fill();
                last = last.wrapping_add(difference(bits.take(pixel_bits)));
                *out = pixel(last);
            }
        } else {
            let low = code - 1;
            for out in pixels {
                bits.fill();
                let mut zeros = bits.next.leading_zeros();
                let mut all = 0;
                // At least 56 bits are ready; a longer run of zeros continues behind them.
                while zeros >= bits.count {
                    all += bits.count;
                    (bits.next, bits.count) = (0, 0);
                    if bits.place > bits.bytes.len() {
                        return Err(wrong());
                    }
                    bits.fill();
                    zeros = bits.next.leading_zeros();
                }
                bits.next <<= zeros;
                bits.count -= zeros;
                all += zeros;
                bits.take(1);
                if bits.count < low {
                    bits.fill();
                }
                let code = all.wrapping_shl(low) | bits.take(low);
                last = last.wrapping_add(difference(code));
                *out = pixel(last);
            }
        }
    }
    // Zeros behind the end may have been read; more than one word of them is damage.
    let used = (8 * bits.place as u64).saturating_sub(u64::from(bits.count));
    if used > 8 * rest.len() as u64 { Err(wrong()) } else { Ok(()) }
}
