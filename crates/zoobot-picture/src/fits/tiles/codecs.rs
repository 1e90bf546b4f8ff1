//! Which codec a header names.

use super::super::part::Part;

/// How tiles are compressed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Codec {
    Rice { bytes: usize, block: usize },
    Gzip { shuffled: bool },
    Plio,
    Hcompress { smooth: bool },
    Plain,
}

/// The codec that a header names.
pub(super) fn codec(part: &Part, bits: i64) -> Result<Codec, String> {
    let header = &part.header;
    // Parameters have numbers and names: ZNAME1 = 'BLOCKSIZE', ZVAL1 = 32.
    let parameter = |name: &str| {
        let at = (1..=9).find(|i| {
            header.text(&format!("ZNAME{i}")).is_some_and(|it| it.eq_ignore_ascii_case(name))
        });
        at.and_then(|i| header.whole(&format!("ZVAL{i}")))
    };
    let name = header.text("ZCMPTYPE").unwrap_or_default().to_ascii_uppercase();
    Ok(match name.as_str() {
        "RICE_1" | "RICE_ONE" => {
            let block = parameter("BLOCKSIZE").unwrap_or(32);
            let bytes = parameter("BYTEPIX").unwrap_or(4);
            let sane = (1..=1 << 20).contains(&block) && matches!(bytes, 1 | 2 | 4);
            if !sane || bits.abs() == 64 && bits > 0 {
                return Err(format!(
                    "damaged FITS file: blocks of {block} pixels of {bytes} bytes for BITPIX {bits}"
                ));
            }
            Codec::Rice { bytes: bytes as usize, block: block as usize }
        }
        "GZIP_1" => Codec::Gzip { shuffled: false },
        "GZIP_2" => Codec::Gzip { shuffled: true },
        "PLIO_1" => Codec::Plio,
        "HCOMPRESS_1" => Codec::Hcompress { smooth: parameter("SMOOTH").unwrap_or(0) != 0 },
        "NOCOMPRESS" => Codec::Plain,
        other => {
            return Err(format!(
                "the image is compressed with {other:?}; RICE_1, GZIP_1, GZIP_2, PLIO_1, \
                 HCOMPRESS_1 and NOCOMPRESS are read"
            ));
        }
    })
}
