//! `PLIO_1`: runs of equal values, for masks (FITS standard 4.0, section 10.4.3).

/// The largest number of pixels that one word stands for.
const LONGEST: u64 = 4095;

/// Whether this many words can hold this many pixels. Pixels behind the last word are 0.
pub fn fits(words: usize, pixels: usize) -> bool {
    pixels as u64 <= LONGEST.saturating_mul(words as u64)
}

/// The pixels of a tile.
pub fn decode(content: &[u8], out: &mut [i32]) -> Result<(), String> {
    let wrong = || "damaged FITS file: the compressed pixels cannot be unpacked".to_owned();
    let words: Vec<i16> =
        content.as_chunks::<2>().0.iter().map(|it| i16::from_be_bytes(*it)).collect();
    let word = |i: usize| words.get(i).map(|it| i64::from(*it)).ok_or_else(wrong);
    // The older form of the list has its length in the third word.
    let (length, first) = match word(2)? {
        length @ 1.. => (length, 3),
        _ => ((word(4)? << 15) + word(3)?, word(1)?),
    };
    let range = usize::try_from(first).ok().zip(usize::try_from(length).ok());
    let list = range.and_then(|(first, length)| words.get(first..length)).ok_or_else(wrong)?;
    let mut list = list.iter().map(|word| *word as u16);
    let (mut place, mut value) = (0, 1_i32);
    out.fill(0);
    while let Some(word) = list.next() {
        if place >= out.len() {
            break;
        }
        let (code, data) = (word >> 12, i32::from(word & 4095));
        match code {
            // A run of zeros, of the value, or of zeros that ends in the value.
            0 | 4 | 5 => {
                let end = place + data as usize;
                if code == 4 {
                    let within = end.min(out.len());
                    out[place..within].fill(value);
                } else if code == 5
                    && data > 0
                    && let Some(last) = out.get_mut(end - 1)
                {
                    *last = value;
                }
                place = end;
            }
            1 => value = (i32::from(list.next().ok_or_else(wrong)? as i16) << 12) + data,
            2 => value = value.wrapping_add(data),
            3 => value = value.wrapping_sub(data),
            6 | 7 => {
                value = value.wrapping_add(if code == 6 { data } else { -data });
                out[place] = value;
                place += 1;
            }
            _ => {}
        }
    }
    Ok(())
}
