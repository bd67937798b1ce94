//! [`OnlyColumns`]: the columns that a network reads, so that the others need no memory.

use crate::cloud::PointCloud;

/// Bytes of a position, of a normal, of the colours with those of the file, and of a label.
const POSITION: u64 = 12;
const NORMAL: u64 = 12;
const COLOR: u64 = 3 + 12;
const LABEL: u64 = 4;

/// Bytes of any other number.
const NUMBER: u64 = 8;

/// The columns that [`Reader::only`](super::Reader::only) keeps beside the positions, as far as a file has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnlyColumns {
    /// Normals.
    pub normals: bool,
    /// Colours.
    pub colors: bool,
    /// Labels.
    pub labels: bool,
    /// Names of further properties, in any spelling, see [`PointCloud::property`].
    pub properties: Vec<String>,
}

impl OnlyColumns {
    /// These columns of `cloud`, whose positions become those about `origin`. The origin of the returned cloud is 0.
    pub(super) fn of(&self, cloud: PointCloud, origin: [f64; 3]) -> PointCloud {
        let mut cloud = if cloud.has_wide_coordinates() { cloud.with_origin(origin) } else { cloud };
        cloud.set_origin([0.0; 3]);
        let kept: Vec<String> =
            self.properties.iter().filter_map(|name| cloud.property(name)).map(|p| p.name.clone()).collect();
        cloud.keep_columns(self.normals, self.colors, self.labels, &kept);
        cloud
    }

    /// Bytes of a point.
    pub(super) fn bytes(&self) -> u64 {
        let number = |kept: bool, bytes: u64| if kept { bytes } else { 0 };
        POSITION
            + number(self.normals, NORMAL)
            + number(self.colors, COLOR)
            + number(self.labels, LABEL)
            + NUMBER * self.properties.len() as u64
    }
}
