//! Decodes the bytes of a text table.

/// The text, with lines that end in `\n` or `\r\n` and without a byte-order mark.
///
/// # Errors
/// The problem, and what to do.
pub fn decode(bytes: Vec<u8>) -> Result<String, (String, String)> {
    let text = match bytes[..] {
        [0xff, 0xfe, ..] => utf16(&bytes[2..], u16::from_le_bytes)?,
        [0xfe, 0xff, ..] => utf16(&bytes[2..], u16::from_be_bytes)?,
        // Spreadsheets put a byte-order mark before the first column's name.
        [0xef, 0xbb, 0xbf, ..] => utf8(bytes[3..].to_vec())?,
        _ => utf8(bytes)?,
    };
    if let Some(place) = text.bytes().position(|byte| byte == 0) {
        let problem = format!("line {} has a character with code 0", line_of(&text, place));
        return Err((problem, "It is not a table of text, or is damaged".to_owned()));
    }
    // Old Macs ended lines with `\r` alone.
    Ok(if text.contains('\n') { text } else { text.replace('\r', "\n") })
}

/// The line that contains a position of a text, counted from 1.
pub fn line_of(text: &str, place: usize) -> usize {
    newlines(&text.as_bytes()[..place]) + 1
}

/// The number of newlines in some bytes.
pub fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte == b'\n').count()
}

fn utf8(bytes: Vec<u8>) -> Result<String, (String, String)> {
    String::from_utf8(bytes).map_err(|error| {
        let line = newlines(&error.as_bytes()[..error.utf8_error().valid_up_to()]) + 1;
        (
            format!("line {line} is not UTF-8 text"),
            "Save the table as UTF-8 (in a spreadsheet: \"CSV UTF-8\")".to_owned(),
        )
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, (String, String)> {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    String::from_utf16(&units).map_err(|_| {
        (
            "it begins as UTF-16 text but is damaged".to_owned(),
            "Save the table as UTF-8 (in a spreadsheet: \"CSV UTF-8\")".to_owned(),
        )
    })
}
