//! Kernel shapes, batches and searches from arbitrary numbers.

use arbitrary::{Result, Unstructured};
use neighbors::{
    KernelShape, ListSizes, NearestLists, PackedClouds, PointIndex, RadiusLists, Search, SubdomainLists,
};

/// Any shape: its numbers need not be sensible.
fn any_shape(bytes: &mut Unstructured<'_>) -> Result<KernelShape> {
    let small = bytes.arbitrary::<bool>()?;
    let mut whole = || -> Result<usize> { if small { bytes.int_in_range(0..=7) } else { bytes.arbitrary() } };
    let (size, dilation) = ([whole()?, whole()?, whole()?], [whole()?, whole()?, whole()?]);
    let length: f32 =
        if bytes.arbitrary()? { f32::from(bytes.arbitrary::<u8>()?) / 16.0 } else { bytes.arbitrary()? };
    Ok(match bytes.arbitrary()? {
        true => KernelShape::cells(length).with_size(size).with_dilation(dilation),
        false => KernelShape::shells(length, size[0]).with_dilation(dilation),
    })
}

/// A position: any numbers, or such that many points lie on faces of cells and on each other.
fn position(bytes: &mut Unstructured<'_>, any: bool) -> Result<[f32; 3]> {
    if any {
        return bytes.arbitrary();
    }
    Ok(bytes.arbitrary::<[i8; 3]>()?.map(|v| f32::from(v) / 16.0))
}

fn positions(bytes: &mut Unstructured<'_>, most: usize) -> Result<Vec<[f32; 3]>> {
    let any = bytes.arbitrary()?;
    (0..bytes.int_in_range(0..=most)?).map(|_| position(bytes, any)).collect()
}

/// A batch of up to three clouds; `None` for positions that are refused.
pub(super) fn clouds(bytes: &mut Unstructured<'_>, most: usize) -> Result<Option<PackedClouds>> {
    let count = bytes.int_in_range(0..=3)?;
    let clouds: Vec<Vec<[f32; 3]>> = (0..count).map(|_| positions(bytes, most)).collect::<Result<_>>()?;
    let finite = clouds.iter().flatten().flatten().all(|v| v.is_finite());
    let packed = PackedClouds::from_clouds(&clouds);
    assert_eq!(packed.is_ok(), finite, "{packed:?}");
    Ok(packed.ok())
}

/// A shape that can be searched; `None` for one that is refused.
pub(super) fn valid_shape(bytes: &mut Unstructured<'_>) -> Result<Option<KernelShape>> {
    let shape = any_shape(bytes)?;
    Ok(shape.validate().is_ok().then_some(shape))
}

/// The rules of a kernel shape.
pub(super) fn kernel_shape(bytes: &[u8]) {
    let _ = check_shape(&mut Unstructured::new(bytes));
}

fn check_shape(bytes: &mut Unstructured<'_>) -> Result<()> {
    let Some(shape) = valid_shape(bytes)? else { return Ok(()) };
    let subdomains = shape.subdomains();
    // Half of the smallest number is zero.
    assert!(shape.reach().iter().all(|&reach| reach >= 0.0), "{shape:?}");
    let any = bytes.arbitrary()?;
    for _ in 0..8 {
        let (p, q) = (position(bytes, any)?, position(bytes, any)?);
        if !p.iter().chain(&q).all(|v| v.is_finite()) {
            continue;
        }
        let (there, back) = (shape.subdomain(p, q), shape.subdomain(q, p));
        assert_eq!(there.map(|k| shape.mirror(k)), back, "{shape:?} {p:?} {q:?}");
        assert!(there.is_none_or(|k| k < subdomains), "{shape:?} {p:?} {q:?}: {there:?}");
        assert!(shape.subdomain(p, p).is_some(), "{shape:?} {p:?}");
        if let Some((low, high)) = there.and_then(|k| shape.shell_bounds(k)) {
            assert!(low < high, "{shape:?}: {low} {high}");
        }
    }
    Ok(())
}

/// Batches from any positions and offsets.
pub(super) fn packed_clouds(bytes: &[u8]) {
    let _ = check_packed(&mut Unstructured::new(bytes));
}

fn check_packed(bytes: &mut Unstructured<'_>) -> Result<()> {
    let points = positions(bytes, 12)?;
    let clouds = bytes.arbitrary::<usize>()?;
    let small = usize::from(bytes.arbitrary::<u8>()? % 16);
    // Without points, so many empty clouds are what is asked for.
    for clouds in [clouds, small].into_iter().filter(|clouds| !(1 << 16..1 << 32).contains(clouds)) {
        if let Ok(packed) = PackedClouds::from_dense(points.as_flattened(), clouds) {
            assert_eq!((packed.len(), packed.points()), (clouds, points.len()));
        }
    }
    let few = bytes.arbitrary()?;
    let count = bytes.int_in_range(0..=8)?;
    let offset =
        |bytes: &mut Unstructured<'_>| if few { bytes.int_in_range(0..=12) } else { bytes.arbitrary() };
    let offsets: Vec<usize> = (0..count).map(|_| offset(bytes)).collect::<Result<_>>()?;
    if let Ok(packed) = PackedClouds::new(points.clone(), offsets) {
        assert_eq!(packed.ranges().map(|cloud| cloud.len()).sum::<usize>(), points.len());
        for cloud in 0..packed.len() {
            let _ = packed.cloud(cloud);
        }
    }
    Ok(())
}

/// All searches agree with the definition.
pub(super) fn search(bytes: &[u8]) {
    let _ = check_search(&mut Unstructured::new(bytes));
}

fn check_search(bytes: &mut Unstructured<'_>) -> Result<()> {
    let Some(shape) = valid_shape(bytes)? else { return Ok(()) };
    // Each pair is compared with every shell.
    let most = if shape.subdomains() > 500 { 4 } else { 24 };
    let (Some(clouds), Some(others)) = (clouds(bytes, most)?, clouds(bytes, most)?) else { return Ok(()) };
    let expected = SubdomainLists::brute_force(&clouds, &shape).expect("a valid shape");
    for search in [Search::Grid, Search::KdTree, Search::Auto] {
        let found = SubdomainLists::build(&clouds, &shape, search).expect("a valid shape");
        assert!(found == expected, "{search:?} {shape:?} {clouds:?}");
        let _ = SubdomainLists::between(&clouds, &others, &shape, search);
    }
    let sizes = ListSizes::count(&clouds, &[shape]).expect("a valid shape")[0];
    assert_eq!((sizes.edges, sizes.runs), (expected.edges() as u64, expected.run_count() as u64));
    let (radius, n) = (shape.reach()[0], bytes.int_in_range(0..=30)?);
    check_balls(&clouds, radius);
    check_nearest(&clouds, &others, n);
    let query = position(bytes, false)?;
    check_queries(clouds.positions(), query, radius, n);
    Ok(())
}

fn check_balls(clouds: &PackedClouds, radius: f32) {
    let [grid, tree] =
        [Search::Grid, Search::KdTree].map(|search| RadiusLists::build(clouds, radius, search));
    match (grid, tree) {
        (Ok(grid), Ok(tree)) => {
            for point in 0..clouds.points() {
                let sorted = |lists: &RadiusLists| {
                    let mut found = lists.neighbors(point).to_vec();
                    found.sort_unstable();
                    found
                };
                assert_eq!(sorted(&grid), sorted(&tree), "{radius} {clouds:?}");
            }
        }
        (Err(_), Err(_)) => {}
        (grid, tree) => panic!("{grid:?} {tree:?}"),
    }
}

fn check_nearest(clouds: &PackedClouds, others: &PackedClouds, n: usize) {
    let [grid, tree] =
        [Search::Grid, Search::KdTree].map(|search| NearestLists::build(clouds, others, n, search));
    match (grid, tree) {
        (Ok(grid), Ok(tree)) => {
            assert_eq!(grid.indices(), tree.indices(), "{clouds:?} {others:?} {n}");
            assert_eq!(grid.squared_distances(), tree.squared_distances());
        }
        (Err(_), Err(_)) => {}
        (grid, tree) => panic!("{grid:?} {tree:?}"),
    }
}

fn check_queries(positions: &[[f32; 3]], query: [f32; 3], radius: f32, n: usize) {
    let [grid, tree] = [Search::Grid, Search::KdTree]
        .map(|search| PointIndex::build(positions, search).expect("positions that were checked"));
    assert_eq!(format!("{:?}", grid.within(query, radius)), format!("{:?}", tree.within(query, radius)));
    assert_eq!(format!("{:?}", grid.nearest_n(query, n)), format!("{:?}", tree.nearest_n(query, n)));
}
