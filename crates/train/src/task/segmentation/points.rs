//! Extracts the points of a region from a scene.

use pointcloud::scene::IGNORED;
use pointcloud::{PointCloud, ScalarProperty};

use super::scene_set::Frame;
use crate::task::Columns;

/// The columns of the points `members` of a scene, relative to the middle of its floor.
pub(super) fn region_points(scene: &PointCloud, frame: &Frame, members: &[usize]) -> Columns {
    let position = |&i: &usize| [0, 1, 2].map(|axis| scene.positions()[i][axis] - frame.floor[axis]);
    let pick = |column: &[[f32; 3]]| members.iter().map(|&i| column[i]).collect();
    let color = |column: &[[u8; 3]]| {
        members.iter().map(|&i| column[i].map(|channel| f32::from(channel) / 255.0)).collect()
    };
    let property = |property: &ScalarProperty| {
        let values = members.iter().map(|&i| property.values[i] as f32).collect();
        (property.name.clone(), values)
    };
    Columns {
        positions: members.iter().map(position).collect(),
        normals: scene.normals().map(pick).unwrap_or_default(),
        colors: scene.colors().map(color).unwrap_or_default(),
        properties: scene.properties().iter().map(property).collect(),
        labels: match scene.labels() {
            Some(labels) => members.iter().map(|&i| labels[i]).collect(),
            None => vec![IGNORED; members.len()],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_relative_to_the_middle_of_the_floor() {
        let mut scene = PointCloud::new(vec![[10.0, 20.0, 0.0], [11.0, 20.0, 1.0], [12.0, 22.0, 2.0]]);
        scene.set_normals(Some(vec![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])).unwrap();
        scene.set_colors(Some(vec![[0, 51, 255], [255, 0, 0], [102, 102, 102]])).unwrap();
        scene.set_labels(Some(vec![3, IGNORED, 7])).unwrap();
        let columns = region_points(&scene, &Frame::of(scene.positions(), 0.1), &[2, 0]);
        assert_eq!(columns.positions, [[1.0, 1.0, 2.0], [-1.0, -1.0, 0.0]]);
        assert_eq!(columns.normals, [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
        assert_eq!(columns.colors, [[0.4, 0.4, 0.4], [0.0, 0.2, 1.0]]);
        assert_eq!(columns.labels, [7, 3]);
    }
}
