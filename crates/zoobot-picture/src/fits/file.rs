//! A FITS file in memory, read by cfitsio.

use super::BEGINNING;
use fitsio::sys::{self, fitsfile};
use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr::null_mut;

/// The size of a block in bytes; a FITS file consists of whole blocks.
const BLOCK: usize = 2880;
/// cfitsio's number for double precision.
const DOUBLE: c_int = 82;
/// cfitsio's status when there is nothing more to read.
const END_OF_FILE: c_int = 107;

/// An open file. It has a current part (HDU), a header and its data, which the methods work on.
pub(super) struct Fits {
    pointer: *mut fitsfile,
    /// The address and length of `content`; cfitsio keeps pointers to both.
    memory: Box<(*mut c_void, usize)>,
    content: Vec<u8>,
    /// The length of the file before the last block was padded.
    length: usize,
}

impl Fits {
    pub fn open(mut content: Vec<u8>) -> Result<Self, String> {
        if !content.starts_with(BEGINNING) {
            return Err("it is not a FITS file".to_owned());
        }
        let length = content.len();
        content.resize(length.next_multiple_of(BLOCK), 0);
        let memory = Box::new((content.as_mut_ptr().cast::<c_void>(), content.len()));
        let mut file = Self { pointer: null_mut(), memory, content, length };
        let mut status = 0;
        let (start, size) = (&raw mut file.memory.0, &raw mut file.memory.1);
        // SAFETY: the name ends in 0; the content, and the variables that hold its address and length, do
        // not move until the file is closed, and cfitsio does not reallocate a file that is only read.
        unsafe {
            sys::ffomem(&mut file.pointer, c"".as_ptr(), 0, start, size, 0, None, &mut status)
        };
        told(status).map(|()| file)
    }

    /// Opens the file once more at a part, because cfitsio caches tiles in the form last returned.
    pub fn again(&self, part: usize) -> Result<Self, String> {
        let file = Self::open(self.content.clone())?;
        file.go(part)?;
        Ok(file)
    }

    /// Moves to a part of the file, counted from 1; false if there are fewer parts.
    pub fn go(&self, part: usize) -> Result<bool, String> {
        let (mut kind, mut status) = (0, 0);
        // SAFETY: the file is open, and the variables outlive the call.
        unsafe { sys::ffmahd(self.pointer, part as c_int, &mut kind, &mut status) };
        match status {
            END_OF_FILE if part > 1 => Ok(false),
            status => told(status).map(|()| true),
        }
    }

    /// Whether the part is an image in compressed tiles.
    pub fn tiled(&self) -> bool {
        let mut status = 0;
        // SAFETY: as above.
        unsafe { sys::fits_is_compressed_image(self.pointer, &mut status) != 0 }
    }

    /// The lengths of the image's axes, the fastest first; none for a table.
    pub fn axes(&self) -> Vec<usize> {
        if !self.tiled() && self.text("XTENSION").is_some_and(|kind| kind != "IMAGE") {
            return Vec::new();
        }
        let (count, axis) = if self.tiled() { ("ZNAXIS", "ZNAXIS") } else { ("NAXIS", "NAXIS") };
        let count = self.whole(count).unwrap_or(0).clamp(0, 99);
        (1..=count)
            .map(|i| self.whole(&format!("{axis}{i}")).unwrap_or(0))
            .map(|length| usize::try_from(length).unwrap_or(0))
            .collect()
    }

    /// Fails if the file ends before the data of the current part do.
    pub fn check_length(&self) -> Result<(), String> {
        let (start, _) = self.data()?;
        let naxis = self.whole("NAXIS").unwrap_or(0).clamp(0, 999);
        let axes = (1..=naxis).map(|i| self.whole(&format!("NAXIS{i}")).unwrap_or(0).max(0));
        let values = axes.fold(u64::from(naxis > 0), |all, axis| all.saturating_mul(axis as u64));
        let more = self.whole("PCOUNT").unwrap_or(0).max(0) as u64;
        let each = self.whole("BITPIX").unwrap_or(8).unsigned_abs() / 8;
        let groups = self.whole("GCOUNT").unwrap_or(1).max(1) as u64;
        let bytes = values.saturating_add(more).saturating_mul(each).saturating_mul(groups);
        match (start as u64).saturating_add(bytes) > self.length as u64 {
            true => {
                let there = self.length.saturating_sub(start);
                Err(format!(
                    "the FITS file is cut off: it holds {there} of the {bytes} bytes of the image"
                ))
            }
            false => Ok(()),
        }
    }

    /// Where the data of the current part begin, and the content of the file.
    pub fn data(&self) -> Result<(usize, &[u8]), String> {
        let (mut header, mut data, mut end, mut status) = (0, 0, 0, 0);
        // SAFETY: as above.
        unsafe {
            sys::ffghadll(self.pointer, &mut header, &mut data, &mut end, &mut status);
        }
        told(status).map(|()| (usize::try_from(data).unwrap_or(usize::MAX), &self.content[..]))
    }

    /// The whole number of a header card.
    pub fn whole(&self, key: &str) -> Option<i64> {
        let (key, mut value, mut status) = (CString::new(key).ok()?, 0, 0);
        // SAFETY: as above, and the key ends in 0.
        unsafe {
            sys::ffgkyjj(self.pointer, key.as_ptr(), &mut value, null_mut(), &mut status);
        }
        (status == 0).then_some(value)
    }

    /// The number of a header card.
    pub fn number(&self, key: &str) -> Option<f64> {
        let (key, mut value, mut status) = (CString::new(key).ok()?, 0.0, 0);
        // SAFETY: as above.
        unsafe { sys::ffgkyd(self.pointer, key.as_ptr(), &mut value, null_mut(), &mut status) };
        (status == 0).then_some(value)
    }

    /// The text of a header card.
    pub fn text(&self, key: &str) -> Option<String> {
        let (key, mut value, mut status) = (CString::new(key).ok()?, [0 as c_char; 81], 0);
        // SAFETY: as above; the text of a card has fewer than 80 characters.
        unsafe {
            sys::ffgkys(self.pointer, key.as_ptr(), value.as_mut_ptr(), null_mut(), &mut status);
        }
        let text = value.iter().take_while(|it| **it != 0).map(|it| char::from(*it as u8));
        (status == 0).then(|| text.collect::<String>().trim_end().to_owned())
    }

    /// The number of a table's column, from 1.
    pub fn column(&self, name: &str) -> Option<c_int> {
        let (name, mut number, mut status) = (CString::new(name).ok()?, 0, 0);
        // SAFETY: as above; the name is not written to.
        unsafe {
            sys::ffgcno(self.pointer, 0, name.as_ptr().cast_mut(), &mut number, &mut status);
        }
        (status == 0).then_some(number)
    }

    /// A number in a table.
    pub fn cell(&self, column: c_int, row: usize) -> Result<f64, String> {
        let (mut value, mut status) = (0.0, 0);
        // SAFETY: as above.
        unsafe {
            let row = row as sys::LONGLONG;
            sys::ffgcvd(self.pointer, column, row, 1, 1, 0.0, &mut value, null_mut(), &mut status);
        }
        told(status).map(|()| value)
    }

    /// The length of a variable-length array in a table, and its offset in the heap.
    pub fn array(&self, column: c_int, row: usize) -> Result<(usize, usize), String> {
        let (mut length, mut place, mut status) = (0, 0, 0);
        // SAFETY: as above.
        unsafe {
            let row = row as sys::LONGLONG;
            sys::ffgdesll(self.pointer, column, row, &mut length, &mut place, &mut status);
        }
        told(status)?;
        Ok((usize::try_from(length).unwrap_or(0), usize::try_from(place).unwrap_or(usize::MAX)))
    }

    /// The pixels of an image from `first` to `last`, counted from 1 along each axis. Undefined pixels
    /// become `undefined`; if it is 0, cfitsio does not check for them.
    pub fn pixels(
        &self,
        first: &[usize],
        last: &[usize],
        mut undefined: f64,
    ) -> Result<Vec<f64>, String> {
        let long = |all: &[usize]| all.iter().map(|it| *it as _).collect::<Vec<std::ffi::c_long>>();
        let (mut from, mut to, mut step) = (long(first), long(last), vec![1; first.len()]);
        let count = first.iter().zip(last).map(|(first, last)| last + 1 - first).product();
        let (mut values, mut any, mut status) = (vec![0.0_f64; count], 0, 0);
        // SAFETY: as above; there is room for all values between the two corners.
        unsafe {
            sys::ffgsv(
                self.pointer,
                DOUBLE,
                from.as_mut_ptr(),
                to.as_mut_ptr(),
                step.as_mut_ptr(),
                (&raw mut undefined).cast(),
                values.as_mut_ptr().cast(),
                &mut any,
                &mut status,
            );
        }
        told(status).map(|()| values)
    }
}

impl Drop for Fits {
    fn drop(&mut self) {
        let mut status = 0;
        if !self.pointer.is_null() {
            // SAFETY: the file is open and not used again. An error can be ignored: nothing was written.
            unsafe { sys::ffclos(self.pointer, &mut status) };
        }
    }
}

/// Turns a status of cfitsio into a result, with the problem in words.
fn told(status: c_int) -> Result<(), String> {
    if status == 0 {
        return Ok(());
    }
    let mut text = [0 as c_char; 31];
    // SAFETY: the text has at most 30 characters. `ffcmsg` clears cfitsio's stack of messages, which
    // has little room.
    unsafe {
        sys::ffgerr(status, text.as_mut_ptr());
        sys::ffcmsg();
    }
    let text: String =
        text.iter().take_while(|it| **it != 0).map(|it| char::from(*it as u8)).collect();
    Err(match status {
        106..=108 => "the FITS file is cut off".to_owned(),
        413 | 414 => "damaged FITS file: the compressed pixels cannot be unpacked".to_owned(),
        _ if text.starts_with("unknown") => "damaged FITS file".to_owned(),
        _ => format!("damaged FITS file: {text}"),
    })
}
