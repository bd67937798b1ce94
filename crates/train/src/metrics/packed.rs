//! Points as short text, for examples that lie in a run and in its report.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Largest value of a coordinate: ten bits.
const LEVELS: f64 = 1023.0;

/// `positions` in base64: one little-endian `u32` per point, x in its lowest ten bits, then y, then z. The cube of the longest
/// side, around the middle of the points, has 1024 steps on each axis, so that shape and proportions stay.
pub(super) fn pack_positions(positions: impl Iterator<Item = [f32; 3]> + Clone) -> String {
    let (mut least, mut most) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for position in positions.clone() {
        for axis in 0..3 {
            least[axis] = least[axis].min(f64::from(position[axis]));
            most[axis] = most[axis].max(f64::from(position[axis]));
        }
    }
    let side = (0..3).map(|axis| most[axis] - least[axis]).fold(0.0, f64::max);
    let scale = if side > 0.0 { LEVELS / side } else { 0.0 };
    let step = |position: [f32; 3], axis: usize| {
        let middle = 0.5 * (least[axis] + most[axis]);
        (0.5 * LEVELS + (f64::from(position[axis]) - middle) * scale).round().clamp(0.0, LEVELS) as u32
    };
    let bytes: Vec<u8> = positions
        .flat_map(|position| {
            let [x, y, z] = [0, 1, 2].map(|axis| step(position, axis));
            (x | y << 10 | z << 20).to_le_bytes()
        })
        .collect();
    STANDARD.encode(bytes)
}

/// `classes` in base64: a byte each where the largest of `0..=most` fits into one, else two, the lower first.
pub(super) fn pack_classes(classes: impl Iterator<Item = usize>, most: usize) -> String {
    let bytes: Vec<u8> = if most <= usize::from(u8::MAX) {
        classes.map(|class| class as u8).collect()
    } else {
        classes.flat_map(|class| (class as u16).to_le_bytes()).collect()
    };
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpack(text: &str) -> Vec<[u32; 3]> {
        let bytes = STANDARD.decode(text).unwrap();
        let words = bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
        words.map(|word| [word & 1023, word >> 10 & 1023, word >> 20]).collect()
    }

    #[test]
    fn the_longest_side_has_all_steps_and_the_others_keep_their_proportion() {
        // Far from the origin, where differences of coordinates are all that counts.
        let positions = [[1000.0, 8.0, -1.0], [1004.0, 10.0, -1.0], [1002.0, 9.0, -1.0]];
        let packed = unpack(&pack_positions(positions.into_iter()));
        assert_eq!(packed, [[0, 256, 512], [1023, 767, 512], [512, 512, 512]]);
    }

    #[test]
    fn one_point_and_none() {
        assert_eq!(unpack(&pack_positions([[5.0, 5.0, 5.0]].into_iter())), [[512; 3]]);
        assert_eq!(pack_positions(std::iter::empty()), "");
    }

    #[test]
    fn classes_take_a_byte_while_they_fit() {
        let bytes = |most| STANDARD.decode(pack_classes([0, 255].into_iter(), most)).unwrap();
        assert_eq!(bytes(255), [0, 255]);
        assert_eq!(bytes(256), [0, 0, 255, 0]);
    }
}
