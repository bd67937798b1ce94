//! What is written is read back: all columns, all three encodings.

use pointcloud::io::{self, PlyFormat, write_ply};
use pointcloud::{Error, PointCloud, ScalarProperty, ScalarType};
use proptest::prelude::*;

const FORMATS: [PlyFormat; 3] = [PlyFormat::Ascii, PlyFormat::BinaryLittleEndian, PlyFormat::BinaryBigEndian];

const TYPES: [ScalarType; 8] = [
    ScalarType::I8,
    ScalarType::U8,
    ScalarType::I16,
    ScalarType::U16,
    ScalarType::I32,
    ScalarType::U32,
    ScalarType::F32,
    ScalarType::F64,
];

/// Any number that the type can hold, the extremes among them.
fn value_of(scalar: ScalarType) -> BoxedStrategy<f64> {
    match scalar {
        ScalarType::I8 => any::<i8>().prop_map(f64::from).boxed(),
        ScalarType::U8 => any::<u8>().prop_map(f64::from).boxed(),
        ScalarType::I16 => any::<i16>().prop_map(f64::from).boxed(),
        ScalarType::U16 => any::<u16>().prop_map(f64::from).boxed(),
        ScalarType::I32 => any::<i32>().prop_map(f64::from).boxed(),
        ScalarType::U32 => any::<u32>().prop_map(f64::from).boxed(),
        ScalarType::F32 => any::<f32>().prop_map(f64::from).boxed(),
        ScalarType::F64 => any::<f64>().boxed(),
    }
}

fn coordinate() -> impl Strategy<Value = f32> {
    prop_oneof![any::<f32>(), -10.0_f32..10.0, Just(f32::INFINITY), Just(-0.0)]
}

fn any_cloud() -> impl Strategy<Value = PointCloud> {
    (0_usize..9).prop_flat_map(|n| {
        let column = move |scalar| prop::collection::vec(value_of(scalar), n);
        let properties: Vec<_> = TYPES.into_iter().map(|t| column(t).prop_map(move |v| (t, v))).collect();
        (
            prop::collection::vec([coordinate(), coordinate(), coordinate()], n),
            prop::option::of(prop::collection::vec(prop::array::uniform3(-1.0_f32..1.0), n)),
            prop::option::of(prop::collection::vec(any::<[u8; 3]>(), n)),
            prop::option::of(prop::collection::vec(any::<i32>(), n)),
            prop::collection::vec(any::<bool>(), TYPES.len()),
            properties,
        )
            .prop_map(|(positions, normals, colors, labels, present, properties)| {
                let mut cloud = PointCloud::new(positions);
                cloud.set_normals(normals).unwrap();
                cloud.set_colors(colors).unwrap();
                cloud.set_labels(labels).unwrap();
                for ((scalar_type, values), _) in properties.into_iter().zip(present).filter(|(_, p)| *p) {
                    let name = format!("scalar_{scalar_type}");
                    cloud.push_property(ScalarProperty { name, scalar_type, values }).unwrap();
                }
                cloud
            })
    })
}

/// Equality in which NaN equals NaN.
fn same(a: &PointCloud, b: &PointCloud) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_columns_in_all_encodings(cloud in any_cloud()) {
        let folder = tempfile::tempdir().unwrap();
        for format in FORMATS {
            let path = folder.path().join("cloud.ply");
            write_ply(&path, &cloud, format).unwrap();
            let back = io::read(&path).unwrap();
            prop_assert!(same(&cloud, &back), "{format}\n{cloud:?}\n{back:?}");
            let summary = io::inspect(&path).unwrap();
            prop_assert_eq!((summary.format.as_str(), summary.points), (format.name(), cloud.len()));
        }
    }

    #[test]
    fn true_coordinates_survive_a_far_origin(
        offsets in prop::collection::vec(prop::array::uniform3(-50.0_f32..50.0), 1..8),
        origin in prop::array::uniform3(-6_000_000_i32..6_000_000),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut cloud = PointCloud::new(offsets);
        cloud.set_origin(origin.map(f64::from));
        for format in FORMATS {
            let path = folder.path().join("far.ply");
            write_ply(&path, &cloud, format).unwrap();
            let back = io::read(&path).unwrap();
            for i in 0..cloud.len() {
                for axis in 0..3 {
                    // Half a unit in the last place of a float below 2000, where axes are not shifted.
                    prop_assert!((back.point(i)[axis] - cloud.point(i)[axis]).abs() < 1e-4);
                }
            }
        }
    }
}

#[test]
fn names_that_clash_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clash.ply");
    let mut cloud = PointCloud::new(vec![[0.0; 3]]);
    let property =
        |name: &str| ScalarProperty { name: name.into(), scalar_type: ScalarType::F32, values: vec![1.0] };
    cloud.push_property(property("nx")).unwrap();
    write_ply(&path, &cloud, PlyFormat::Ascii).unwrap();
    assert_eq!(io::read(&path).unwrap().property("nx").unwrap().values, [1.0]);
    cloud.set_normals(Some(vec![[0.0, 0.0, 1.0]])).unwrap();
    let error = write_ply(&path, &cloud, PlyFormat::Ascii).unwrap_err();
    assert!(matches!(error, Error::PropertyName { ref name } if name == "nx"), "{error}");
}

#[test]
fn missing_folders_are_named() {
    let cloud = PointCloud::new(vec![[0.0; 3]]);
    let error = write_ply("no/such/folder/a.ply", &cloud, PlyFormat::Ascii).unwrap_err();
    assert!(error.to_string().starts_with("no/such/folder/a.ply: cannot write: "), "{error}");
}
