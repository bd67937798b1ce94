//! LZF, the compression of `binary_compressed` PCD files.

use std::io::{self, BufRead, Write};

use crate::io::input::Input;

/// A byte of LZF output takes at least this share of a byte of input: 3 bytes make at most 264.
pub(super) const RATIO: usize = 88;

/// Bytes that a copy reaches back at most.
const WINDOW: usize = 1 << 13;

/// Bytes that are written at once.
const PIECE: usize = 1 << 20;

/// Why data cannot be expanded.
pub(super) enum Failure {
    /// The byte of the data that is wrong.
    At(u64),
    Io(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Expands all of `input`, LZF (Lehmann's liblzf), to exactly `length` bytes.
pub(super) fn decompress(
    input: &mut Input<'_>,
    length: u64,
    to: &mut impl Write,
) -> std::result::Result<(), Failure> {
    // What was made and is not written yet, after what copies may reach back to.
    let mut output: Vec<u8> = Vec::with_capacity(WINDOW + PIECE + 264);
    let mut written = 0_u64;
    while let Some(control) = next(input)? {
        let start = input.at() as u64 - 1;
        let wrong = || Failure::At(start);
        let control = usize::from(control);
        if control < 32 {
            let mut left = control + 1;
            while left > 0 {
                let ahead = input.fill_buf()?;
                let count = left.min(ahead.len());
                if count == 0 {
                    return Err(wrong());
                }
                output.extend(&ahead[..count]);
                input.consume(count);
                left -= count;
            }
        } else {
            let mut run = control >> 5;
            if run == 7 {
                run += usize::from(next(input)?.ok_or_else(wrong)?);
            }
            let low = usize::from(next(input)?.ok_or_else(wrong)?);
            let from = output.len().checked_sub(((control & 31) << 8 | low) + 1).ok_or_else(wrong)?;
            let end = from + run + 2;
            if end <= output.len() {
                output.extend_from_within(from..end);
            } else {
                // The copy overlaps what it writes.
                for i in from..end {
                    output.push(output[i]);
                }
            }
        }
        if written + output.len() as u64 > length {
            return Err(wrong());
        }
        if output.len() >= WINDOW + PIECE {
            let done = output.len() - WINDOW;
            to.write_all(&output[..done])?;
            output.drain(..done);
            written += done as u64;
        }
    }
    to.write_all(&output)?;
    let complete = written + output.len() as u64 == length;
    if complete { Ok(()) } else { Err(Failure::At(input.at() as u64)) }
}

fn next(input: &mut Input<'_>) -> io::Result<Option<u8>> {
    let byte = input.fill_buf()?.first().copied();
    input.consume(usize::from(byte.is_some()));
    Ok(byte)
}
