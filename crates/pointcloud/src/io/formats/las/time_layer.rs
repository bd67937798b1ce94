//! The layer of GPS times of a compressed chunk.

use std::io::{self, Cursor};

use laz::decoders::ArithmeticDecoder;
use laz::decompressors::{IntegerDecompressor, IntegerDecompressorBuilder};
use laz::models::{ArithmeticModel, ArithmeticModelBuilder};

use super::gps_time::GpsTimes;

/// Bytes of a point that have its returns, its scanner channel and its GPS time.
const RETURNS: usize = 14;
const CHANNEL: usize = 15;
const TIME: std::ops::Range<usize> = 22..30;

/// The bits of the first symbol of a point: how the return number changes, and whether the other three do.
const RETURN: u32 = 0b11;
const NUMBER_OF_RETURNS: u32 = 1 << 2;
const NEW_TIME: u32 = 1 << 4;
const OTHER_CHANNEL: u32 = 1 << 6;

type Layer = ArithmeticDecoder<Cursor<Vec<u8>>>;

/// Decodes the times of a chunk. Which points have a new one is said by the layer of the returns, x and y, which is decoded
/// for that, too.
pub(super) struct TimeLayer {
    points: Layer,
    times: Layer,
    channels: [Option<Box<Channel>>; 4],
    current: usize,
}

/// What is known of a scanner channel.
struct Channel {
    number_of_returns: u8,
    return_number: u8,
    new_time: bool,
    times: GpsTimes,
    changes: [ArithmeticModel; 8],
    steps: ArithmeticModel,
    numbers_of_returns: [Option<ArithmeticModel>; 16],
    return_numbers: [Option<ArithmeticModel>; 16],
    return_steps: ArithmeticModel,
    x: IntegerDecompressor,
    y: IntegerDecompressor,
}

fn model(symbols: u32) -> ArithmeticModel {
    ArithmeticModelBuilder::new(symbols).build()
}

fn integers(contexts: u32) -> IntegerDecompressor {
    IntegerDecompressorBuilder::new().bits(32).contexts(contexts).build_initialized()
}

impl TimeLayer {
    /// The decoder of the points after `first`, with the bytes of both layers.
    pub(super) fn open(first: &[u8], [points, times]: [Vec<u8>; 2]) -> io::Result<Self> {
        let layer = |bytes: Vec<u8>| -> io::Result<Layer> {
            let mut decoder = ArithmeticDecoder::new(Cursor::new(bytes));
            decoder.read_init_bytes()?;
            Ok(decoder)
        };
        let (number_of_returns, return_number) = (first[RETURNS] >> 4, first[RETURNS] & 15);
        let time = i64::from_le_bytes(first[TIME].try_into().map_err(io::Error::other)?);
        let current = usize::from(first[CHANNEL] >> 4 & 3);
        let mut channels = [const { None }; 4];
        channels[current] = Some(Box::new(Channel::new(number_of_returns, return_number, time)));
        Ok(Self { points: layer(points)?, times: layer(times)?, channels, current })
    }

    /// Decodes the time of the next point, and writes it into its record.
    pub(super) fn next(&mut self, record: &mut [u8]) -> io::Result<()> {
        let mut channel =
            self.channels[self.current].take().unwrap_or_else(|| Box::new(Channel::new(0, 0, 0)));
        let context = channel.context();
        let changes = self.points.decode_symbol(&mut channel.changes[context])?;
        if changes & OTHER_CHANNEL != 0 {
            let step = 1 + self.points.decode_symbol(&mut channel.steps)? as usize;
            let next = (self.current + step) % self.channels.len();
            let (returns, number, time) =
                (channel.number_of_returns, channel.return_number, channel.times.time());
            self.channels[self.current] = Some(channel);
            self.current = next;
            channel =
                self.channels[next].take().unwrap_or_else(|| Box::new(Channel::new(returns, number, time)));
        }
        channel.decode_point(changes, &mut self.points)?;
        if channel.new_time {
            channel.times.advance(&mut self.times)?;
        }
        record[TIME].copy_from_slice(&channel.times.time().to_le_bytes());
        self.channels[self.current] = Some(channel);
        Ok(())
    }
}

impl Channel {
    fn new(number_of_returns: u8, return_number: u8, time: i64) -> Self {
        Self {
            number_of_returns,
            return_number,
            new_time: false,
            times: GpsTimes::layered(time),
            changes: std::array::from_fn(|_| model(128)),
            steps: model(3),
            numbers_of_returns: [const { None }; 16],
            return_numbers: [const { None }; 16],
            return_steps: model(13),
            x: integers(2),
            y: integers(22),
        }
    }

    /// The model of the next point's first symbol: by what the last point was.
    fn context(&self) -> usize {
        let first = self.return_number == 1;
        let last = self.return_number >= self.number_of_returns;
        usize::from(first) | usize::from(last) << 1 | usize::from(self.new_time) << 2
    }

    /// Decodes the returns, x and y, of which only the returns are needed.
    fn decode_point(&mut self, changes: u32, points: &mut Layer) -> io::Result<()> {
        self.new_time = changes & NEW_TIME != 0;
        if changes & NUMBER_OF_RETURNS != 0 {
            let last = usize::from(self.number_of_returns);
            let model = self.numbers_of_returns[last].get_or_insert_with(|| model(16));
            self.number_of_returns = points.decode_symbol(model)? as u8;
        }
        let last = self.return_number;
        self.return_number = match changes & RETURN {
            0 => last,
            1 => (last + 1) % 16,
            2 => (last + 15) % 16,
            _ if self.new_time => {
                let model = self.return_numbers[usize::from(last)].get_or_insert_with(|| model(16));
                points.decode_symbol(model)? as u8
            }
            _ => (last + 2 + points.decode_symbol(&mut self.return_steps)? as u8) % 16,
        };
        let single = u32::from(self.number_of_returns == 1);
        self.x.decompress(points, 0, single)?;
        self.y.decompress(points, 0, single + (self.x.k() & !1).min(20))?;
        Ok(())
    }
}
