//! LZF, the compression of `binary_compressed` PCD files.

/// A byte of LZF output takes at least this share of a byte of input: 3 bytes make at most 264.
pub(super) const RATIO: usize = 88;

/// Expands LZF (Lehmann's liblzf) to exactly `length` bytes; else the byte of `input` that is wrong.
pub(super) fn decompress(input: &[u8], length: usize) -> std::result::Result<Vec<u8>, usize> {
    let mut output = Vec::with_capacity(length);
    let mut at = 0;
    while at < input.len() {
        let start = at;
        let control = usize::from(input[at]);
        at += 1;
        if control < 32 {
            output.extend(input.get(at..=at + control).ok_or(start)?);
            at += control + 1;
        } else {
            let mut run = control >> 5;
            if run == 7 {
                run += usize::from(*input.get(at).ok_or(start)?);
                at += 1;
            }
            let low = usize::from(*input.get(at).ok_or(start)?);
            at += 1;
            let from = output.len().checked_sub(((control & 31) << 8 | low) + 1).ok_or(start)?;
            // The copy may overlap what it writes.
            for i in from..from + run + 2 {
                output.push(output[i]);
            }
        }
        if output.len() > length {
            return Err(start);
        }
    }
    if output.len() == length { Ok(output) } else { Err(input.len()) }
}
