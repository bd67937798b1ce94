//! What a LAS file says beside its points, for a file of the same format that is made of it.

/// Header and records of a LAS file, as bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LasMetadata {
    /// The public header block.
    pub(crate) header: Vec<u8>,
    /// Variable length records before the points, but for that of the compression. The one that describes extra bytes has no
    /// body, because the writer makes it.
    pub(crate) records: Vec<LasRecord>,
    /// Variable length records after the points.
    pub(crate) extended: Vec<LasRecord>,
    /// The extra bytes of a point, in their order.
    pub(crate) extra: Vec<LasExtra>,
}

/// Extra bytes of a point that have one description, or none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LasExtra {
    /// Names of the columns: one per number, or one per byte where the type of the numbers is not known.
    pub(crate) names: Vec<String>,
    /// The 192 bytes of the description; empty where there is none.
    pub(crate) entry: Vec<u8>,
}

/// A variable length record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LasRecord {
    /// Everything before the length: two reserved bytes, the user, the number of the record.
    pub(crate) head: [u8; 20],
    pub(crate) description: [u8; 32],
    pub(crate) body: Vec<u8>,
}

impl LasMetadata {
    /// Whether a column of this name was extra bytes of the file.
    pub(crate) fn has_extra(&self, name: &str) -> bool {
        self.extra.iter().any(|stored| stored.names.iter().any(|stored| stored == name))
    }
}

impl LasRecord {
    /// The user, and the number of the record.
    pub(crate) fn key(&self) -> (&[u8], u16) {
        let user = self.head[2..18].split(|&b| b == 0).next().unwrap_or_default();
        (user, u16::from_le_bytes([self.head[18], self.head[19]]))
    }
}
