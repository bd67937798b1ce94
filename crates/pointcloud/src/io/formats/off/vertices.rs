//! The vertices of an OFF file.

use std::path::Path;

use super::super::parts::{Parts, add_opacities, parts_of_spools};
use super::kind::Kind;
use super::rows::RowText;
use crate::error::{Position, Result};
use crate::io::blocks::Rest;
use crate::io::faces::Faces;
use crate::io::facts::Facts;
use crate::io::lines::quote;
use crate::io::spool::Spool;
use crate::scalar::{ScalarType, is_single, parse_float};

/// The numbers of the vertices while they come in.
pub(super) struct Vertices {
    kind: Kind,
    names: Vec<&'static str>,
    /// Coordinates, normal, colour.
    rows: Spool,
    row: Vec<f64>,
    surplus: bool,
    /// Whether singles hold the coordinates.
    single: bool,
    /// Opacities of the colours that have one, and what they have in common.
    opacities: Spool,
    opacity: Facts,
    /// Whether the colours are written as shares of 1.
    shares: bool,
    /// Vertices whose fourth coordinate is not 1.
    weighted: usize,
}

impl Vertices {
    pub(super) fn new(path: &Path, kind: Kind) -> Self {
        let names = kind.columns();
        let columns = names.len() - usize::from(kind.weight) + if kind.color { 3 } else { 0 };
        Self {
            kind,
            names,
            rows: Spool::new(path, columns),
            row: Vec::new(),
            surplus: false,
            single: true,
            opacities: Spool::new(path, 1),
            opacity: Facts::default(),
            shares: false,
            weighted: 0,
        }
    }

    pub(super) fn push(&mut self, at: &RowText<'_>) -> Result<()> {
        let words = || at.text.split_ascii_whitespace();
        let (found, named) = (words().count(), self.names.len());
        let wanted = named + if self.kind.color { 3 } else { 0 };
        // Colours may have a fourth channel; files without `C` may have a colour of one to four numbers all the same.
        let most = named + if self.kind.texture { 6 } else { 4 };
        if !(wanted..=most).contains(&found) {
            let expected = match wanted {
                3 => "3 coordinates".to_owned(),
                _ => format!("{wanted}, {}", self.names.join(" ")),
            };
            return Err(at.refuse(format!("{found} values"), expected));
        }
        self.row.clear();
        for (number, word) in words().take(wanted).enumerate() {
            let value = parse_float(word).ok_or_else(|| at.refuse(quote(word.as_bytes()), "a number"))?;
            self.single = self.single && (number >= named || is_single(word, value));
            self.row.push(value);
        }
        if self.kind.weight {
            let weight = self.row.remove(3);
            if weight != 1.0 {
                self.weighted += 1;
                self.row[..3].iter_mut().for_each(|v| *v /= weight);
            }
        }
        // Texture coordinates are two numbers.
        if self.kind.color && (found - wanted) % 2 == 1 {
            let word = words().nth(wanted).unwrap_or_default();
            let value = parse_float(word).ok_or_else(|| at.refuse(quote(word.as_bytes()), "a number"))?;
            self.opacity = self.opacity.join(Facts::of(&[value]));
            self.opacities.push(&[value])?;
        }
        self.shares |= self.kind.color && words().skip(named).any(|word| word.contains('.'));
        self.surplus |= !self.kind.color && found > named;
        self.rows.push(&self.row)
    }

    /// The vertices of a mesh with these faces, of which so many have a colour, and what comes after them.
    pub(super) fn finish(
        self,
        path: &Path,
        faces: &Faces,
        colored: usize,
        beyond: Option<String>,
    ) -> Result<Parts<'static>> {
        let wide = !self.single || self.weighted > 0;
        let typed = |name: &'static str| {
            let scalar_type = if wide && name.len() == 1 { ScalarType::F64 } else { ScalarType::F32 };
            (name, scalar_type)
        };
        let mut columns: Vec<_> = self.names.into_iter().filter(|name| *name != "w").map(typed).collect();
        if self.kind.color {
            let scalar_type = if self.shares { ScalarType::F32 } else { ScalarType::U8 };
            columns.extend(["red", "green", "blue"].map(|name| (name, scalar_type)));
        }
        let (mut notes, mut left_out) = (Vec::new(), Vec::new());
        if self.weighted > 0 {
            notes.push(format!("{} vertices are divided by their fourth coordinate", self.weighted));
        }
        if self.kind.texture {
            left_out.push("texture coordinates".to_owned());
        }
        if self.surplus {
            left_out.push("numbers of the vertices after x y z".to_owned());
        }
        if colored > 0 {
            left_out.push(format!("colours of {colored} faces"));
        }
        left_out.extend(beyond);
        let count = self.rows.rows();
        let mut spools = vec![(self.rows, columns)];
        add_opacities((self.opacities, self.opacity), count, &mut spools, &mut left_out);
        let rest = Rest::of_mesh(faces, left_out, notes);
        parts_of_spools(path, spools, Position::Line(1), rest)
    }
}
