//! The fields of LAS points.

use super::super::binary::Field;
use crate::io::number::Number;
use crate::scalar::ScalarType;

/// Bytes of a point of each format, without extra bytes.
pub(super) const SIZES: [usize; 11] = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67];

/// Names that a column of extra bytes must not have, since readers use them for fields.
const RESERVED: [&str; 14] = [
    "x",
    "y",
    "z",
    "bit_fields",
    "raw_classification",
    "synthetic",
    "key_point",
    "withheld",
    "overlap",
    "scan_angle",
    "scan_angle_rank",
    "gps_time",
    "red",
    "nir",
];

/// Whether a point format has GPS time.
pub(super) fn has_time(format: usize) -> bool {
    matches!(format, 1 | 3 | 4 | 5) || format >= 6
}

/// Whether a point format has colours.
pub(super) fn has_color(format: usize) -> bool {
    matches!(format, 2 | 3 | 5 | 7 | 8 | 10)
}

/// Whether a point format has waveforms.
pub(super) fn has_waves(format: usize) -> bool {
    matches!(format, 4 | 5 | 9 | 10)
}

/// Whether readers use `name` for a field of some point format.
pub(super) fn is_reserved(name: &str) -> bool {
    let known = [5, 10].into_iter().any(|format| {
        fields(format).iter().any(|field| field.name == name)
            || bits(format).iter().any(|bits| bits.0 == name)
    });
    known || RESERVED.contains(&name)
}

/// Whole-byte fields of a point format.
pub(super) fn fields(format: usize) -> Vec<Field> {
    use ScalarType::{F32, F64, I8, I16, U8, U16, U32};
    let field =
        |name: &str, scalar, offset| Field { name: name.into(), number: Number::Scalar(scalar), offset };
    let mut fields = vec![field("intensity", U16, 12)];
    if format >= 6 {
        fields.push(field("classification", U8, 16));
        fields.push(field("user_data", U8, 17));
        fields.push(field("scan_angle", I16, 18));
        fields.push(field("point_source_id", U16, 20));
        fields.push(field("gps_time", F64, 22));
    } else {
        fields.push(field("scan_angle_rank", I8, 16));
        fields.push(field("user_data", U8, 17));
        fields.push(field("point_source_id", U16, 18));
        if has_time(format) {
            fields.push(field("gps_time", F64, 20));
        }
    }
    let color = match format {
        2 => Some(20),
        3 | 5 => Some(28),
        7 | 8 | 10 => Some(30),
        _ => None,
    };
    for (channel, name) in ["red", "green", "blue"].into_iter().enumerate() {
        fields.extend(color.map(|start| field(name, U16, start + 2 * channel)));
    }
    if matches!(format, 8 | 10) {
        fields.push(field("nir", U16, 36));
    }
    if has_waves(format) {
        // The packet follows everything else.
        let start = SIZES[format] - 29;
        fields.push(field("wavepacket_index", U8, start));
        fields.push(Field { name: "wavepacket_offset".into(), number: Number::U64, offset: start + 1 });
        fields.push(field("wavepacket_size", U32, start + 9));
        for (part, name) in ["return_point_wave_location", "x_t", "y_t", "z_t"].into_iter().enumerate() {
            fields.push(field(name, F32, start + 13 + 4 * part));
        }
    }
    fields
}

/// Names, byte, first bit and number of bits of what shares a byte.
pub(super) fn bits(format: usize) -> &'static [(&'static str, usize, u32, u32)] {
    if format >= 6 {
        &[
            ("return_number", 14, 0, 4),
            ("number_of_returns", 14, 4, 4),
            ("classification_flags", 15, 0, 4),
            ("scanner_channel", 15, 4, 2),
            ("scan_direction_flag", 15, 6, 1),
            ("edge_of_flight_line", 15, 7, 1),
        ]
    } else {
        &[
            ("return_number", 14, 0, 3),
            ("number_of_returns", 14, 3, 3),
            ("scan_direction_flag", 14, 6, 1),
            ("edge_of_flight_line", 14, 7, 1),
            ("classification", 15, 0, 5),
            ("classification_flags", 15, 5, 3),
        ]
    }
}
