//! What the channels of `data [S, N, C]` are.

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

impl Channel {
    /// Makes bytes of shares.
    pub(super) fn scale(&self, values: &mut [f64]) {
        if self.share {
            // `+ 0.0` makes 0 of -0.
            values.iter_mut().for_each(|v| *v = (*v * 255.0).round() + 0.0);
        }
    }
}

/// What channels 4 to 6 of the points are that were seen so far.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    channels: usize,
    number: Number,
    big: bool,
    points: usize,
    /// Whether they always have length 1.
    unit: bool,
    /// Whether they are always from 0 to 1.
    share: bool,
    /// Whether they are always bytes.
    byte: bool,
}

impl Seen {
    /// Of points with so many channels of such numbers.
    pub(super) fn new(channels: usize, number: Number, big: bool) -> Self {
        Self { channels, number, big, points: 0, unit: true, share: true, byte: true }
    }

    /// Whether more points change nothing.
    pub(super) fn is_decided(&self) -> bool {
        self.channels < 6 || !(self.unit || self.share || self.byte)
    }

    /// Looks at more points.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let size = self.number.size();
        for record in bytes.chunks_exact(self.channels * size) {
            if self.is_decided() {
                return;
            }
            let values = [3, 4, 5].map(|channel| self.number.read(&record[channel * size..], self.big));
            let length = values.iter().map(|v| v * v).sum::<f64>().sqrt();
            self.unit &= (length - 1.0).abs() < NORMAL_TOLERANCE;
            self.share &= values.iter().all(|v| (0.0..=1.0).contains(v));
            self.byte &= values.iter().all(|&v| f64::from(v as u8) == v);
            self.points += 1;
        }
    }

    /// Names the channels: `x y z`; then normals, where the next three always have length 1, or colours, where they are always
    /// from 0 to 1, or whole numbers from 0 to 255; with colours and nine channels the last three are the coordinates in the
    /// room. What remains is `column_4` and so on.
    pub(super) fn name(&self) -> Vec<Channel> {
        let plain = |name: &str| Channel { name: name.to_owned(), share: false, byte: false };
        let mut channels: Vec<Channel> = (0..self.channels)
            .map(|index| match index {
                0..3 => plain(["x", "y", "z"][index]),
                _ => plain(&format!("column_{}", index + 1)),
            })
            .collect();
        let float = matches!(self.number, Number::F16 | Number::Scalar(ScalarType::F32 | ScalarType::F64));
        let normal = self.unit && float;
        let share = self.share && float && !normal;
        if self.channels < 6 || self.points == 0 || !(normal || share || self.byte) {
            return channels;
        }
        let names = if normal { ["nx", "ny", "nz"] } else { ["red", "green", "blue"] };
        for (channel, name) in channels[3..6].iter_mut().zip(names) {
            *channel = Channel { name: name.to_owned(), share, byte: !normal };
        }
        if self.channels == 9 && !normal {
            for (channel, name) in channels[6..].iter_mut().zip(ROOM) {
                *channel = plain(name);
            }
        }
        channels
    }
}
