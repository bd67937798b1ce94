//! Colours of any number type.

use crate::io::facts::Facts;
use crate::scalar::{ScalarProperty, ScalarType};

/// Colours as bytes, and as the file has them where it has no bytes.
pub(super) struct Colors {
    pub(super) bytes: Vec<[u8; 3]>,
    pub(super) stored: Option<(ScalarType, Vec<[f32; 3]>)>,
}

/// Colours out of three columns; `None` when their numbers are no colours. `facts` are those of the three together, of the whole
/// file.
///
/// Numbers up to 255 are bytes, larger ones up to 65,535 are 16-bit channels, of which the bytes are the upper half. Floats
/// up to 1 are shares of 255.
pub(super) fn colors_of(channels: [&ScalarProperty; 3], facts: &Facts) -> Option<Colors> {
    let types = [0, 1, 2].map(|i| channels[i].scalar_type);
    if !facts.within(0.0, 65535.0) {
        return None;
    }
    let most = facts.most;
    let float = types.iter().any(|kind| kind.is_float());
    let factor = if most > 255.0 {
        1.0 / 256.0
    } else if float && most <= 1.0 {
        255.0
    } else {
        1.0
    };
    let byte = |v: f64| if most > 255.0 { (v * factor).floor() as u8 } else { (v * factor).round() as u8 };
    let row = |i: usize| [0, 1, 2].map(|channel: usize| channels[channel].values[i]);
    let count = channels[0].values.len();
    let bytes = (0..count).map(|i| row(i).map(byte)).collect();
    let stored = (types != [ScalarType::U8; 3])
        .then(|| (common_type(types), (0..count).map(|i| row(i).map(|v| v as f32)).collect()));
    Some(Colors { bytes, stored })
}

/// A type that holds all channels, whose numbers are from 0 to 65,535.
fn common_type(types: [ScalarType; 3]) -> ScalarType {
    if types.iter().any(|kind| kind.is_float()) {
        ScalarType::F32
    } else if types == [types[0]; 3] {
        types[0]
    } else {
        ScalarType::U16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(scalar_type: ScalarType, values: [f64; 3]) -> Option<[u8; 3]> {
        let channel = |value| ScalarProperty { name: String::new(), scalar_type, values: vec![value] };
        let channels = values.map(channel);
        colors_of([&channels[0], &channels[1], &channels[2]], &Facts::of(&values))
            .map(|colors| colors.bytes[0])
    }

    #[test]
    fn channels_of_different_types_lose_nothing() {
        use ScalarType::{F64, I8, I16, U8, U16};
        for (types, values) in [
            ([I8, U16, U8], [100.0, 60_000.0, 200.0]),
            ([I16, I16, U16], [256.0, 115.0, 61_183.0]),
            ([U8, F64, U16], [1.0, 0.5, 65_535.0]),
            ([U8, U8, I8], [255.0, 0.0, 127.0]),
        ] {
            let channel = |i: usize| ScalarProperty {
                name: String::new(),
                scalar_type: types[i],
                values: vec![values[i]],
            };
            let [red, green, blue] = [channel(0), channel(1), channel(2)];
            let (kind, stored) =
                colors_of([&red, &green, &blue], &Facts::of(&values)).unwrap().stored.unwrap();
            assert_eq!(stored[0].map(f64::from), values);
            assert_eq!(values.map(|v| kind.round(v)), values, "{types:?} as {kind}");
        }
    }

    #[test]
    fn types_and_ranges() {
        for (scalar_type, values, expected) in [
            (ScalarType::U8, [1.0, 2.0, 255.0], Some([1, 2, 255])),
            (ScalarType::U16, [65535.0, 32896.0, 0.0], Some([255, 128, 0])),
            (ScalarType::U16, [257.0, 514.0, 771.0], Some([1, 2, 3])),
            (ScalarType::U16, [200.0, 100.0, 0.0], Some([200, 100, 0])),
            (ScalarType::F32, [1.0, 0.5, 0.0], Some([255, 128, 0])),
            (ScalarType::F64, [68.0, 77.0, 88.0], Some([68, 77, 88])),
            (ScalarType::I32, [0.0, 1.0, 1.0], Some([0, 1, 1])),
            (ScalarType::I32, [-1.0, 0.0, 0.0], None),
            (ScalarType::F32, [f64::NAN, 0.0, 0.0], None),
            (ScalarType::U32, [70000.0, 0.0, 0.0], None),
        ] {
            assert_eq!(bytes(scalar_type, values), expected, "{scalar_type} {values:?}");
        }
    }
}
