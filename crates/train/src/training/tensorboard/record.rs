//! The framing of an event file: length, checksum of the length, data, checksum of the data.

/// Bytes before and after the data of a record.
const HEAD: usize = 12;
const FOOT: usize = 4;

/// CRC-32C, rotated and offset as in TensorFlow, so that the checksum of data that contains checksums differs.
fn masked(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// `data` as a record.
pub(super) fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(HEAD + data.len() + FOOT);
    record.extend(length);
    record.extend(masked(&length).to_le_bytes());
    record.extend(data);
    record.extend(masked(data).to_le_bytes());
    record
}

/// The data and the end of each record of a file, up to the first that is incomplete or damaged.
pub(super) fn records(file: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (head, rest) = file[at..].split_at_checked(HEAD)?;
        let (length, crc) = head.split_at(8);
        if crc != masked(length).to_le_bytes() {
            return None;
        }
        let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (data, rest) = rest.split_at_checked(length)?;
        if rest.get(..FOOT)? != masked(data).to_le_bytes() {
            return None;
        }
        at += HEAD + length + FOOT;
        Some((at, data))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_as_tensorflow_does() {
        // What `RecordWriter` of tensorboard 2.21 writes.
        let expected = b"\x0d\0\0\0\0\0\0\0\x3c\x37\xb8\x34brain.Event:2\xee\x01\x06\x7c";
        assert_eq!(frame(b"brain.Event:2"), expected);
    }

    #[test]
    fn what_follows_a_damaged_record_is_left_out() {
        let file = [frame(b"one"), frame(b""), frame(b"three")].concat();
        let all: Vec<&[u8]> = records(&file).map(|(_, data)| data).collect();
        assert_eq!(all, [&b"one"[..], b"", b"three"]);
        for cut in 0..file.len() {
            let whole = records(&file[..cut]).last().map_or(0, |(end, _)| end);
            assert!(whole <= cut && records(&file[..whole]).count() == records(&file[..cut]).count());
        }
        for at in 0..file.len() {
            let mut bad = file.clone();
            bad[at] ^= 4;
            assert!(records(&bad).count() < 3, "byte {at}");
        }
    }
}
