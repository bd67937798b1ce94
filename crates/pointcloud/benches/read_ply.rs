//! How many points per second do the PLY readers deliver?

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pointcloud::PointCloud;
use pointcloud::io::{PlyFormat, Reader, write_ply};

const POINTS: usize = 20_000;

fn read_ply(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let positions = (0..POINTS).map(|i| [i as f32 * 0.37, (i % 613) as f32 / 7.0, -0.125]).collect();
    let cloud = PointCloud::new(positions);
    let mut group = c.benchmark_group("read_ply");
    group.throughput(Throughput::Elements(POINTS as u64));
    for format in [PlyFormat::Ascii, PlyFormat::BinaryLittleEndian, PlyFormat::BinaryBigEndian] {
        let path = folder.path().join("cloud.ply");
        write_ply(&path, &cloud, format).expect("a written file");
        let bytes = std::fs::read(&path).expect("the file");
        group.bench_function(format.name(), |b| {
            b.iter(|| Reader::new().parse(&bytes, "cloud.ply").expect("a cloud"))
        });
        if format == PlyFormat::BinaryLittleEndian {
            // What the machine could do at best: copy fixed rows out of the body.
            let body = &bytes[bytes.len() - 12 * POINTS..];
            group.bench_function("naive_copy", |b| {
                b.iter(|| {
                    let number = |four: &[u8]| f32::from_le_bytes(four.try_into().expect("four bytes"));
                    let rows = body.chunks_exact(12);
                    rows.map(|row| [number(&row[..4]), number(&row[4..8]), number(&row[8..])])
                        .collect::<Vec<_>>()
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, read_ply);
criterion_main!(benches);
