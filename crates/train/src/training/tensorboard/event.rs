//! The fields of TensorFlow's `Event` message (a protocol buffer) that scalars need.
//!
//! ```text
//! Event   { 1: double wall_time, 2: int64 step, 3: string file_version, 5: Summary summary }
//! Summary { 1: repeated Value }
//! Value   { 1: string tag, 2: float simple_value }
//! ```

/// The first event of a file.
pub(super) fn version(time: f64) -> Vec<u8> {
    let mut event = Vec::new();
    double(&mut event, 1, time);
    bytes(&mut event, 3, b"brain.Event:2");
    event
}

/// Named values at one step.
pub(super) fn scalars(time: f64, step: usize, values: &[(&str, f64)]) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in values {
        let mut entry = Vec::new();
        bytes(&mut entry, 1, tag.as_bytes());
        key(&mut entry, 2, FIXED32);
        entry.extend((*value as f32).to_le_bytes());
        bytes(&mut summary, 1, &entry);
    }
    let mut event = Vec::new();
    double(&mut event, 1, time);
    key(&mut event, 2, VARINT);
    varint(&mut event, step as u64);
    bytes(&mut event, 5, &summary);
    event
}

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;
const FIXED32: u64 = 5;

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn key(out: &mut Vec<u8>, field: u64, kind: u64) {
    varint(out, field << 3 | kind);
}

fn double(out: &mut Vec<u8>, field: u64, value: f64) {
    key(out, field, FIXED64);
    out.extend(value.to_le_bytes());
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    key(out, field, BYTES);
    varint(out, value.len() as u64);
    out.extend(value);
}

/// An event that was read back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Event {
    pub(super) step: u64,
    pub(super) values: Vec<(String, f32)>,
}

impl Event {
    /// `None` if `data` is not a message of this kind.
    pub(super) fn parse(data: &[u8]) -> Option<Self> {
        let mut event = Self::default();
        for field in fields(data) {
            match field? {
                (2, Value::Number(step)) => event.step = step,
                (5, Value::Bytes(summary)) => {
                    for entry in fields(summary) {
                        if let (1, Value::Bytes(entry)) = entry? {
                            event.values.push(value(entry)?);
                        }
                    }
                }
                _ => {}
            }
        }
        Some(event)
    }
}

fn value(data: &[u8]) -> Option<(String, f32)> {
    let (mut tag, mut number) = (String::new(), 0.0);
    for field in fields(data) {
        match field? {
            (1, Value::Bytes(name)) => tag = String::from_utf8(name.to_vec()).ok()?,
            (2, Value::Fixed32(bits)) => number = f32::from_le_bytes(bits),
            _ => {}
        }
    }
    Some((tag, number))
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed32([u8; 4]),
    Fixed64,
}

/// The fields of a message; ends with `None` if the message cannot be parsed.
fn fields(mut data: &[u8]) -> impl Iterator<Item = Option<(u64, Value<'_>)>> {
    std::iter::from_fn(move || {
        if data.is_empty() {
            return None;
        }
        let field = field(&mut data);
        if field.is_none() {
            data = &[];
        }
        Some(field)
    })
}

fn field<'a>(data: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let key = read_varint(data)?;
    let value = match key & 7 {
        VARINT => Value::Number(read_varint(data)?),
        FIXED64 => {
            take(data, 8)?;
            Value::Fixed64
        }
        BYTES => {
            let length = read_varint(data)?;
            Value::Bytes(take(data, usize::try_from(length).ok()?)?)
        }
        FIXED32 => Value::Fixed32(take(data, 4)?.try_into().ok()?),
        _ => return None,
    };
    Some((key >> 3, value))
}

fn take<'a>(data: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = data.split_at_checked(count)?;
    *data = rest;
    Some(taken)
}

fn read_varint(data: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(data, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_the_protocol() {
        // `Event(wall_time=1.5, step=300, summary=Summary(value=[Summary.Value(tag="a/b", simple_value=0.25)]))` as
        // tensorboard 2.21 serializes it.
        let expected: &[u8] = &[
            0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, // 1: 1.5
            0x10, 0xac, 0x02, // 2: 300
            0x2a, 0x0c, // 5: 12 bytes
            0x0a, 0x0a, // 1: 10 bytes
            0x0a, 0x03, b'a', b'/', b'b', // 1: "a/b"
            0x15, 0, 0, 0x80, 0x3e, // 2: 0.25
        ];
        assert_eq!(scalars(1.5, 300, &[("a/b", 0.25)]), expected);
        let version = version(1.5);
        assert_eq!(version[..9], expected[..9]);
        assert_eq!(version[9..], *b"\x1a\x0dbrain.Event:2");
    }

    #[test]
    fn reads_back_what_it_writes_and_nothing_else() {
        let values = [("train/loss", 0.1), ("lr", 1e-3)];
        let data = scalars(0.0, usize::MAX >> 1, &values);
        let event = Event::parse(&data).unwrap();
        assert_eq!(event.step, (usize::MAX >> 1) as u64);
        assert_eq!(event.values, [("train/loss".to_owned(), 0.1), ("lr".to_owned(), 1e-3)]);
        assert_eq!(Event::parse(&version(2.0)), Some(Event::default()));
        let cut = (10..data.len()).filter(|&end| Event::parse(&data[..end]).is_some());
        assert!(cut.count() < 2, "only between two fields");
    }
}
