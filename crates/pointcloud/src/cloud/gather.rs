//! [`Gather`]: a cloud made of parts that come in one after the other.

use super::PointCloud;
use crate::scalar::ScalarProperty;

/// The columns of all parts.
pub(crate) struct Gather {
    /// A cloud with the columns and without points.
    cloud: PointCloud,
    /// The coordinates, where they are in double precision.
    coordinates: Vec<[f64; 3]>,
    /// The origin, where the parts do not decide on it.
    origin: Option<[f64; 3]>,
}

impl Gather {
    /// Of parts that have the columns of `empty`, and about so many points together.
    pub(crate) fn new(empty: PointCloud, points: usize) -> Self {
        fn reserve<T>(column: &mut Option<Vec<T>>, points: usize) {
            column.iter_mut().for_each(|column| column.reserve_exact(points));
        }
        let (mut cloud, mut coordinates) = (empty, Vec::new());
        match cloud.wide {
            true => coordinates.reserve_exact(points),
            false => cloud.positions.reserve_exact(points),
        }
        reserve(&mut cloud.normals, points);
        reserve(&mut cloud.colors, points);
        cloud.stored_colors.iter_mut().for_each(|(_, column)| column.reserve_exact(points));
        reserve(&mut cloud.labels, points);
        cloud.properties.iter_mut().for_each(|property| property.values.reserve_exact(points));
        Self { cloud, coordinates, origin: None }
    }

    /// With the origin that the cloud gets if its coordinates are in double precision.
    pub(crate) fn with_origin(self, origin: [f64; 3]) -> Self {
        Self { origin: Some(origin), ..self }
    }

    /// Adds the points of a part.
    pub(crate) fn add(&mut self, part: PointCloud) {
        fn extend<T>(column: &mut Option<Vec<T>>, part: Option<Vec<T>>) {
            column.iter_mut().zip(part).for_each(|(column, part)| column.extend(part));
        }
        let Self { cloud, coordinates, .. } = self;
        match cloud.wide {
            true => coordinates.extend((0..part.len()).map(|i| part.point(i))),
            false => cloud.positions.extend(&part.positions),
        }
        extend(&mut cloud.normals, part.normals);
        extend(&mut cloud.colors, part.colors);
        let stored = cloud.stored_colors.iter_mut().zip(part.stored_colors);
        stored.for_each(|((_, column), (_, part))| column.extend(part));
        extend(&mut cloud.labels, part.labels);
        let add =
            |(property, part): (&mut ScalarProperty, ScalarProperty)| property.values.extend(part.values);
        cloud.properties.iter_mut().zip(part.properties).for_each(add);
    }

    /// The cloud of all parts.
    pub(crate) fn finish(self) -> PointCloud {
        let Self { cloud, coordinates, origin } = self;
        if !cloud.wide {
            return cloud;
        }
        let PointCloud { positions, origin, exact, .. } = match origin {
            Some(origin) => PointCloud::of_coordinates(coordinates, origin),
            None => PointCloud::from_coordinates(coordinates),
        };
        PointCloud { positions, origin, exact, ..cloud }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::ScalarType;

    #[test]
    fn parts_make_the_whole() {
        for far in [0.0, 5_400_000.0] {
            let point = |i: usize| [i as f64 * 0.1 + far, -(i as f64), if i == 7 { f64::NAN } else { 0.25 }];
            let mut whole = PointCloud::from_coordinates((0..20).map(point).collect());
            if far == 0.0 {
                whole = PointCloud::new(whole.positions().to_vec());
            }
            whole.set_normals(Some((0..20).map(|i| [i as f32; 3]).collect())).unwrap();
            whole.set_colors(Some((0..20).map(|i| [i; 3]).collect())).unwrap();
            whole.set_stored_colors(ScalarType::U16, (0..20).map(|i| [i as f32 * 256.0; 3]).collect());
            whole.set_labels(Some((0..20).collect())).unwrap();
            whole.set_label_source("class", ScalarType::U8);
            let values = (0..20).map(f64::from).collect();
            whole
                .push_property(ScalarProperty { name: "t".into(), scalar_type: ScalarType::F64, values })
                .unwrap();
            let part = |from: usize, to: usize| whole.select(&(from..to).collect::<Vec<_>>());
            let mut gather = Gather::new(part(0, 0), 20);
            [(0, 1), (1, 1), (1, 13), (13, 20)].into_iter().for_each(|(from, to)| gather.add(part(from, to)));
            // NaN is not equal to itself.
            assert_eq!(format!("{:?}", gather.finish()), format!("{whole:?}"), "{far}");
        }
    }
}
