//! Compressed points, decompressed one after the other by `laz`, but for their GPS times.

use std::io::{self, Cursor, Read};

use laz::las::selective::DecompressionSelection;
use laz::record::{LayeredPointRecordDecompressor, RecordDecompressor, SequentialPointRecordDecompressor};
use laz::{LazItem, LazItemType};

use super::gps_time::GpsTimes;
use super::time_layer::TimeLayer;
use crate::io::number::Number;
use crate::scalar::ScalarType;

/// The layer of the GPS times. The first layer has the returns, x and y.
const TIMES: usize = 8;

/// Points of the formats 0 to 5, whose fields follow each other in one stream.
pub(super) type Sequential<'a, R> = SequentialPointRecordDecompressor<'a, R>;

/// Prepares for the first point of a chunk.
pub(super) fn begin_chunk<'a, R: Read + 'a>(
    points: &mut Sequential<'a, R>,
    items: &[LazItem],
) -> laz::Result<()> {
    points.reset();
    for &item in items {
        if item.item_type() == LazItemType::GpsTime && item.version() == 2 {
            points.add_field_decompressor(GpsTimes::sequential());
        } else {
            points.set_fields_from(&vec![item])?;
        }
    }
    Ok(())
}

/// A chunk of points of the formats 6 to 10: the first point, the number of points, the length of every layer, and the
/// layers.
pub(super) struct Layered<B: AsRef<[u8]>> {
    points: LayeredPointRecordDecompressor<'static, Cursor<B>>,
    /// Both layers that the times are decoded from, where not all points have the same time.
    layers: Option<[Vec<u8>; 2]>,
    times: Option<TimeLayer>,
}

impl<B: AsRef<[u8]>> Layered<B> {
    /// The decompressor of a chunk with `layers` layers; `size` are the bytes of a point.
    pub(super) fn open(chunk: B, size: usize, layers: usize, items: &[LazItem]) -> laz::Result<Self> {
        let lengths = layer_lengths(chunk.as_ref(), size, layers);
        let start = |layer: usize| size + 4 + 4 * layers + lengths[..layer].iter().sum::<usize>();
        let bytes =
            |layer: usize| chunk.as_ref().get(start(layer)..start(layer + 1)).unwrap_or_default().to_vec();
        let layers = (lengths[TIMES] > 0).then(|| [bytes(0), bytes(TIMES)]);
        let mut points = LayeredPointRecordDecompressor::new(Cursor::new(chunk));
        points.set_fields_from(&items.to_vec())?;
        points.set_selection(DecompressionSelection::all().skip_gps_time());
        Ok(Self { points, layers, times: None })
    }

    /// Decompresses the next point.
    pub(super) fn next(&mut self, record: &mut [u8]) -> io::Result<()> {
        self.points.decompress_next(record)?;
        if let Some(times) = &mut self.times {
            times.next(record)?;
        } else if let Some(layers) = self.layers.take() {
            self.times = Some(TimeLayer::open(record, layers)?);
        }
        Ok(())
    }
}

/// The bytes of every layer of a chunk, as it says itself.
pub(super) fn layer_lengths(chunk: &[u8], size: usize, layers: usize) -> Vec<usize> {
    let word = |layer: usize| {
        let bytes = chunk.get(size + 4 + 4 * layer..).unwrap_or_default();
        Number::Scalar(ScalarType::U32).read(bytes, false) as usize
    };
    (0..layers).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use laz::LazItemRecordBuilder as Items;
    use laz::compressors::IntegerCompressorBuilder;
    use laz::encoders::ArithmeticEncoder;
    use laz::las::{Point1, Point3, Point6, Point8};
    use laz::models::ArithmeticModelBuilder;
    use laz::record::{LayeredPointRecordCompressor, RecordCompressor, SequentialPointRecordCompressor};
    use rand::{Rng, RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const POINTS: usize = 20_000;

    /// Bits of times in five sequences, with multiples of their differences, outliers and jumps: every symbol there is.
    fn times(rng: &mut impl Rng) -> Vec<i64> {
        let mut sequences: Vec<(i64, i64)> =
            (0..5).map(|i| (i << 40 | i, [0, 1, 250, -7, 40_000][i as usize])).collect();
        let mut current = 0;
        let mut time = || {
            if rng.random_range(0..20) == 0 {
                current = rng.random_range(0..sequences.len());
            }
            let (time, difference) = &mut sequences[current];
            let factor = match rng.random_range(0..12) {
                0 => 0,
                1 => rng.random_range(-13..0),
                2 => rng.random_range(2..505),
                _ => 1,
            };
            match rng.random_range(0..200) {
                0 => *difference = rng.random_range(-100_000..100_000),
                1 => *time = rng.random(),
                _ => {}
            }
            let near = if rng.random_range(0..4) == 0 { rng.random_range(-3..4) } else { 0 };
            *time = time.wrapping_add(*difference * factor + near);
            *time
        };
        (0..POINTS).map(|_| time()).collect()
    }

    /// Points with the given times, whose returns and scanner channels change, too.
    fn records(size: usize, time: usize, rng: &mut impl Rng) -> Vec<u8> {
        let mut records = Vec::new();
        let mut record = vec![0_u8; size];
        for bits in times(rng) {
            record[..12].iter_mut().for_each(|byte| *byte = byte.wrapping_add(rng.random_range(0..3)));
            if rng.random_range(0..3) == 0 {
                record[12..16].iter_mut().for_each(|byte| *byte = rng.random());
            }
            record[time..time + 8].copy_from_slice(&bits.to_le_bytes());
            records.extend(&record);
        }
        records
    }

    fn compressed(
        mut to: impl RecordCompressor<Cursor<Vec<u8>>>,
        items: &Vec<LazItem>,
        records: &[u8],
    ) -> Vec<u8> {
        to.set_fields_from(items).unwrap();
        to.compress_many(records).unwrap();
        to.done().unwrap();
        to.into_inner().into_inner()
    }

    #[test]
    fn times_of_every_kind_come_back() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for (time, items) in [
            (20, Items::version_1_of::<Point1>(0)),
            (20, Items::version_2_of::<Point1>(0)),
            (20, Items::version_2_of::<Point3>(3)),
        ] {
            let size = items.iter().map(|item| usize::from(item.size())).sum();
            let records = records(size, time, &mut rng);
            let bytes = compressed(SequentialPointRecordCompressor::new(Cursor::default()), &items, &records);
            let mut points = Sequential::new(bytes.as_slice());
            begin_chunk(&mut points, &items).unwrap();
            for (row, record) in records.chunks(size).enumerate() {
                let mut found = vec![0; size];
                points.decompress_next(&mut found).unwrap();
                assert_eq!(found, record, "{items:?}, point {row}");
            }
        }
        for (layers, items) in [
            (9, Items::version_3_of::<Point6>(0)),
            (13, Items::version_3_of::<Point8>(2)),
            (9, Items::version_4_of::<Point6>(0)),
            (13, Items::version_4_of::<Point8>(2)),
        ] {
            let size = items.iter().map(|item| usize::from(item.size())).sum();
            let mut records = records(size, 22, &mut rng);
            for same in [false, true] {
                if same {
                    let first = records[22..30].to_vec();
                    records.chunks_mut(size).for_each(|record| record[22..30].copy_from_slice(&first));
                }
                let mut bytes =
                    compressed(LayeredPointRecordCompressor::new(Cursor::default()), &items, &records);
                if same {
                    // Other encoders write no layer for one time.
                    let lengths = layer_lengths(&bytes, size, layers);
                    let start = size + 4 + 4 * layers + lengths[..TIMES].iter().sum::<usize>();
                    bytes.drain(start..start + lengths[TIMES]);
                    bytes[size + 4 + 4 * TIMES..][..4].fill(0);
                }
                let mut points = Layered::open(&bytes, size, layers, &items).unwrap();
                for (row, record) in records.chunks(size).enumerate() {
                    let mut found = vec![0; size];
                    points.next(&mut found).unwrap();
                    assert_eq!(found, record, "{items:?}, point {row}");
                }
            }
        }
    }

    /// The bytes of a stream that changes the sequence of times ten million times.
    fn without_end(symbols: u32) -> Vec<u8> {
        let mut encoder = ArithmeticEncoder::new(Vec::new());
        let mut model = ArithmeticModelBuilder::new(symbols).with_compression(true).build();
        for _ in 0..10_000_000 {
            encoder.encode_symbol(&mut model, symbols - 1).unwrap();
        }
        encoder.done().unwrap();
        encoder.into_inner()
    }

    /// `laz` alone would end the process: its stack is full.
    #[test]
    fn times_without_end_are_an_error() {
        let refused = |result: io::Result<()>| {
            assert_eq!(result.unwrap_err().to_string(), "GPS times without end");
        };
        let mut bytes = vec![0; 8];
        bytes.extend(without_end(6));
        assert!(bytes.len() < 1_000);
        let mut points = Sequential::new(bytes.as_slice());
        points.add_field_decompressor(GpsTimes::sequential());
        points.decompress_next(&mut [0; 8]).unwrap();
        refused(points.decompress_next(&mut [0; 8]));

        let items = Items::version_3_of::<Point6>(0);
        let first = [vec![0; 14], vec![0x11], vec![0; 15]].concat();
        let mut returns = ArithmeticEncoder::new(Vec::new());
        let mut model = ArithmeticModelBuilder::new(128).with_compression(true).build();
        returns.encode_symbol(&mut model, 1 << 4).unwrap();
        for contexts in [2, 22] {
            let mut integers =
                IntegerCompressorBuilder::new().bits(32).contexts(contexts).build_initialized();
            integers.compress(&mut returns, 0, 0, 1).unwrap();
        }
        returns.done().unwrap();
        let layers = [returns.into_inner(), without_end(5)];
        let mut chunk = [first, 2_u32.to_le_bytes().to_vec()].concat();
        for layer in 0..9 {
            let length = [0, TIMES].iter().position(|&at| at == layer).map_or(0, |at| layers[at].len());
            chunk.extend((length as u32).to_le_bytes());
        }
        chunk.extend(layers.concat());
        let mut points = Layered::open(&chunk, 30, 9, &items).unwrap();
        points.next(&mut [0; 30]).unwrap();
        refused(points.next(&mut [0; 30]));
    }
}
