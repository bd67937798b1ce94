//! What the channels of `data [S, N, C]` are.

use super::arrays::Array;
use crate::io::number::Number;
use crate::scalar::ScalarType;

/// The coordinates in the room that blocks of S3DIS have as channels 7 to 9: from 0 to 1 over the room.
pub(crate) const ROOM: [&str; 3] = ["room_x", "room_y", "room_z"];

/// Largest difference from 1 of the length of what is taken for a normal.
const NORMAL_TOLERANCE: f64 = 1e-2;

/// Name of a channel, and whether its values are shares of a colour, from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) share: bool,
    pub(super) byte: bool,
}

/// Names `count` channels: `x y z`; then normals, where the next three always have length 1, or colours, where they are always
/// from 0 to 1, or whole numbers from 0 to 255; with colours and nine channels the last three are the coordinates in the room.
/// What remains is `column_4` and so on.
pub(super) fn name_channels(array: &Array, count: usize) -> Vec<Channel> {
    let plain = |name: &str| Channel { name: name.to_owned(), share: false, byte: false };
    let mut channels: Vec<Channel> = (0..count)
        .map(|index| match index {
            0..3 => plain(["x", "y", "z"][index]),
            _ => plain(&format!("column_{}", index + 1)),
        })
        .collect();
    if count < 6 {
        return channels;
    }
    let triple = Triple::of(array, count);
    let names = if triple == Triple::Normal { ["nx", "ny", "nz"] } else { ["red", "green", "blue"] };
    if triple != Triple::Other {
        for (channel, name) in channels[3..6].iter_mut().zip(names) {
            let color = triple != Triple::Normal;
            *channel = Channel { name: name.to_owned(), share: triple == Triple::Shares, byte: color };
        }
    }
    if count == 9 && matches!(triple, Triple::Shares | Triple::Bytes) {
        for (channel, name) in channels[6..].iter_mut().zip(ROOM) {
            *channel = plain(name);
        }
    }
    channels
}

/// What channels 4 to 6 are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Triple {
    Normal,
    /// Colours from 0 to 1.
    Shares,
    /// Colours from 0 to 255.
    Bytes,
    Other,
}

impl Triple {
    fn of(array: &Array, channels: usize) -> Self {
        let size = array.number.size();
        let (mut unit, mut share, mut byte, mut points) = (true, true, true, 0_usize);
        for record in array.bytes.chunks_exact(channels * size) {
            let values = [3, 4, 5].map(|channel| array.number.read(&record[channel * size..], array.big));
            let length = values.iter().map(|v| v * v).sum::<f64>().sqrt();
            unit &= (length - 1.0).abs() < NORMAL_TOLERANCE;
            share &= values.iter().all(|v| (0.0..=1.0).contains(v));
            byte &= values.iter().all(|&v| f64::from(v as u8) == v);
            points += 1;
            if !(unit || share || byte) {
                return Self::Other;
            }
        }
        let float = matches!(array.number, Number::F16 | Number::Scalar(ScalarType::F32 | ScalarType::F64));
        if points == 0 {
            Self::Other
        } else if unit && float {
            Self::Normal
        } else if share && float {
            Self::Shares
        } else if byte {
            Self::Bytes
        } else {
            Self::Other
        }
    }
}
