//! What a LAS file says beside its points, for a file of the same format that is made of it.

/// Header and records of a LAS file, as bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LasMetadata {
    /// The public header block.
    pub(crate) header: Vec<u8>,
    /// Variable length records before the points, but for those that describe compression and extra bytes.
    pub(crate) records: Vec<LasRecord>,
    /// Variable length records after the points.
    pub(crate) extended: Vec<LasRecord>,
    /// Descriptions of extra bytes: the name of the column, and the 192 bytes.
    pub(crate) extra: Vec<(String, Vec<u8>)>,
}

/// A variable length record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LasRecord {
    /// Everything before the length: two reserved bytes, the user, the number of the record.
    pub(crate) head: [u8; 20],
    pub(crate) description: [u8; 32],
    pub(crate) body: Vec<u8>,
}
