//! The GPS times of compressed points.
//!
//! `laz` calls itself whenever the data changes to another sequence of times, so damaged data could fill any stack. An encoder
//! changes the sequence at most once for a time; more than that is an error here.

use std::io::{self, ErrorKind, Read};

use laz::decoders::ArithmeticDecoder;
use laz::decompressors::{IntegerDecompressor, IntegerDecompressorBuilder};
use laz::models::{ArithmeticModel, ArithmeticModelBuilder};
use laz::record::FieldDecompressor;

/// How many sequences of times take turns.
const SEQUENCES: usize = 4;

/// Symbols for multiples of the last difference.
const MULTIPLES: u32 = 511;

/// How many differences that are no multiple of the last one replace it.
const OUTLIERS: u32 = 4;

/// One of the sequences, whose times have nearly equal differences.
#[derive(Clone, Copy, Default)]
struct Sequence {
    /// The bits of the last time.
    time: i64,
    difference: i32,
    outliers: u32,
}

/// The decoder of the times of one stream (LASzip: the item `GPSTIME11` of version 2, and the times of the layered `POINT14`).
///
/// A time is a symbol and mostly a number. Where the last difference is 0, the symbols are: a difference, a whole time, and three
/// for another sequence, whose own symbol follows. Else they are: a multiple of the last difference, a whole time, and three for another
/// sequence. Version 2 has one more symbol for the same time again.
pub(super) struct GpsTimes {
    sequences: [Sequence; SEQUENCES],
    current: usize,
    newest: usize,
    /// Symbols for the same time again.
    unchanged: u32,
    first_symbols: ArithmeticModel,
    symbols: ArithmeticModel,
    numbers: IntegerDecompressor,
}

impl GpsTimes {
    /// The decoder of version 2.
    pub(super) fn sequential() -> Self {
        Self::new(1, 0)
    }

    /// The decoder of a layer, for the times after `time`.
    pub(super) fn layered(time: i64) -> Self {
        Self::new(0, time)
    }

    fn new(unchanged: u32, time: i64) -> Self {
        let mut sequences = [Sequence::default(); SEQUENCES];
        sequences[0].time = time;
        Self {
            sequences,
            current: 0,
            newest: 0,
            unchanged,
            first_symbols: ArithmeticModelBuilder::new(1 + unchanged + SEQUENCES as u32).build(),
            symbols: ArithmeticModelBuilder::new(MULTIPLES + unchanged + SEQUENCES as u32).build(),
            numbers: IntegerDecompressorBuilder::new().bits(32).contexts(9).build_initialized(),
        }
    }

    /// The bits of the last time.
    pub(super) fn time(&self) -> i64 {
        self.sequences[self.current].time
    }

    /// Decodes the next time.
    pub(super) fn advance(&mut self, decoder: &mut ArithmeticDecoder<impl Read>) -> io::Result<()> {
        for _ in 0..SEQUENCES {
            let sequence = &mut self.sequences[self.current];
            let (symbol, whole) = if sequence.difference == 0 {
                let symbol = decoder.decode_symbol(&mut self.first_symbols)?;
                if symbol == self.unchanged {
                    sequence.difference = self.numbers.decompress(decoder, 0, 0)?;
                    sequence.time = sequence.time.wrapping_add(sequence.difference.into());
                    sequence.outliers = 0;
                }
                (symbol, 1 + self.unchanged)
            } else {
                let symbol = decoder.decode_symbol(&mut self.symbols)?;
                if symbol < MULTIPLES {
                    sequence.add_multiple(symbol as i32, &mut self.numbers, decoder)?;
                }
                (symbol, MULTIPLES + self.unchanged)
            };
            if symbol == whole {
                let high = self.numbers.decompress(decoder, (sequence.time >> 32) as i32, 8)?;
                let low = decoder.read_int()?;
                self.newest = (self.newest + 1) % SEQUENCES;
                self.current = self.newest;
                let time = i64::from(high) << 32 | i64::from(low);
                self.sequences[self.current] = Sequence { time, ..Sequence::default() };
            }
            if symbol <= whole {
                return Ok(());
            }
            self.current = (self.current + (symbol - whole) as usize) % SEQUENCES;
        }
        Err(io::Error::new(ErrorKind::InvalidData, "GPS times without end"))
    }
}

impl Sequence {
    /// Decodes a difference that is about a multiple of the last one.
    fn add_multiple(
        &mut self,
        symbol: i32,
        numbers: &mut IntegerDecompressor,
        decoder: &mut ArithmeticDecoder<impl Read>,
    ) -> io::Result<()> {
        // Symbols up to 500 are multiples, and those after them the negative ones from -1 to -10.
        let (multiple, context) = match symbol {
            0 => (0, 7),
            1 => (1, 1),
            2..10 => (symbol, 2),
            10..500 => (symbol, 3),
            500 => (500, 4),
            501..510 => (500 - symbol, 5),
            _ => (-10, 6),
        };
        let difference = numbers.decompress(decoder, self.difference.wrapping_mul(multiple), context)?;
        self.time = self.time.wrapping_add(difference.into());
        match multiple {
            0 | 500 | -10 => self.outliers += 1,
            1 => self.outliers = 0,
            _ => {}
        }
        if self.outliers == OUTLIERS {
            (self.difference, self.outliers) = (difference, 0);
        }
        Ok(())
    }
}

impl<R: Read> FieldDecompressor<R> for GpsTimes {
    fn size_of_field(&self) -> usize {
        size_of::<i64>()
    }

    fn decompress_first(&mut self, source: &mut R, time: &mut [u8]) -> io::Result<()> {
        source.read_exact(time)?;
        self.sequences[0].time = i64::from_le_bytes(time.try_into().map_err(io::Error::other)?);
        Ok(())
    }

    fn decompress_with(&mut self, decoder: &mut ArithmeticDecoder<R>, time: &mut [u8]) -> io::Result<()> {
        self.advance(decoder)?;
        time.copy_from_slice(&self.time().to_le_bytes());
        Ok(())
    }
}
