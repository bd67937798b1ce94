#!/usr/bin/env python3
"""Writes crates/pointcloud/tests/formats: small files made by the reference library of each format.

    pip install numpy open3d laspy lazrs trimesh h5py
    python scripts/make_format_fixtures.py

Each line of manifest.tsv is: file, points, triangles, coordinates of the last point, sum of all
coordinates, names of the columns, sums of the columns after x, y, z. All from what the library was given.
crates/pointcloud/tests/hdf5 has small data sets laid out as ModelNet40, ShapeNetPart and S3DIS are distributed, with
what must come out of them in expected.tsv: the place of every cloud, its points, the sums of x, of y, of z, of its
labels and of its parts.
"""

import pathlib

import h5py
import laspy
import numpy as np
import open3d as o3d
import trimesh

OUT = pathlib.Path(__file__).parent.parent / "crates/pointcloud/tests/formats"
SETS = OUT.parent / "hdf5"
OUT.mkdir(exist_ok=True)
rng = np.random.default_rng(5)
lines = []


def note(name, xyz, columns, triangles=0):
    xyz = np.asarray(xyz, np.float64)
    last = ",".join(repr(float(v)) for v in xyz[-1])
    names = ",".join(["x", "y", "z", *columns])
    sums = ",".join(repr(float(np.sum(np.asarray(v, np.float64)))) for v in columns.values())
    lines.append(f"{name}\t{len(xyz)}\t{triangles}\t{last}\t{float(xyz.sum())!r}\t{names}\t{sums}\n")


N = 7
xyz = rng.normal(size=(N, 3)).astype(np.float32)
normals = rng.normal(size=(N, 3))
normals = (normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32)
rgb = rng.integers(0, 256, (N, 3)).astype(np.uint8)
label = rng.integers(0, 9, N)
of_normals = dict(zip(("nx", "ny", "nz"), normals.T))
of_colors = dict(zip(("red", "green", "blue"), rgb.T))

# Open3D: PCD in its three encodings, XYZ.
cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(xyz))
cloud.normals = o3d.utility.Vector3dVector(normals)
cloud.colors = o3d.utility.Vector3dVector(rgb / 255.0)
for name, options in {
    "ascii": {"write_ascii": True},
    "binary": {},
    "compressed": {"compressed": True},
}.items():
    o3d.io.write_point_cloud(str(OUT / f"open3d_{name}.pcd"), cloud, **options)
    note(f"open3d_{name}.pcd", xyz, {**of_normals, **of_colors})
o3d.io.write_point_cloud(str(OUT / "open3d.xyz"), cloud)
note("open3d.xyz", xyz, {})

# A surface without coplanar faces, so that the counts of vertices are those of the library.
mesh = trimesh.creation.icosahedron()
mesh.apply_scale(1.5)
for name in ("trimesh.obj", "trimesh.off", "trimesh.stl", "trimesh_ascii.stl"):
    kind = "stl_ascii" if "ascii" in name else None
    mesh.export(OUT / name, file_type=kind)
    vertices = mesh.vertices
    if name.endswith("stl"):  # Order of first appearance in the triangles.
        first = list(dict.fromkeys(mesh.faces.ravel().tolist()))
        vertices = vertices[first]
    note(name, vertices, {}, len(mesh.faces))
box = o3d.geometry.TriangleMesh.create_tetrahedron()
o3d.io.write_triangle_mesh(str(OUT / "open3d.obj"), box)
note("open3d.obj", np.asarray(box.vertices), {}, len(box.triangles))

# NumPy: plain, Fortran order, structured, archives.
np.save(OUT / "plain_f4.npy", xyz)
note("plain_f4.npy", xyz, {})
np.save(OUT / "fortran_f8.npy", np.asfortranarray(np.hstack([xyz, normals, label[:, None]]).astype(np.float64)))
note("fortran_f8.npy", xyz, {**of_normals, "column_7": label})
np.save(OUT / "big_endian.npy", np.hstack([xyz, rgb]).astype(">f4"))
note("big_endian.npy", xyz, of_colors)
table = np.zeros(N, [("xyz", "<f8", (3,)), ("intensity", "<u2"), ("label", "<i8"), ("half", "<f2")])
table["xyz"], table["label"] = xyz, label
table["intensity"], table["half"] = rng.integers(0, 60000, N), rng.integers(-8, 8, N) / 4
np.save(OUT / "structured.npy", table)
note("structured.npy", xyz, {"label": label, "intensity": table["intensity"], "half": table["half"]})
for name, save in {"stored.npz": np.savez, "deflated.npz": np.savez_compressed}.items():
    save(OUT / name, points=xyz, normals=normals, colors=rgb, labels=label, names=np.array(["a", "b"]))
    note(name, xyz, {**of_normals, **of_colors, "labels": label})

# NumPy's text.
np.savetxt(OUT / "table.csv", np.hstack([xyz, rgb, label[:, None]]), "%.9g", ",", header="x,y,z,r,g,b,label", comments="")
note("table.csv", xyz, {**of_colors, "label": label})
np.savetxt(OUT / "blanks.txt", np.hstack([xyz, normals]), "%.9g", header="made by numpy")
note("blanks.txt", xyz, of_normals)

# laspy: old and new point formats, compressed and not, UTM coordinates, extra bytes.
utm = np.array([501234.5, 5400010.25, 12.0]) + np.round(rng.uniform(-20, 20, (N, 3)), 3)
for version, kind in (("1.2", 3), ("1.4", 7)):
    for extension in ("las", "laz"):
        header = laspy.LasHeader(version=version, point_format=kind)
        header.scales, header.offsets = [0.001] * 3, [501000.0, 5400000.0, 0.0]
        header.add_extra_dim(laspy.ExtraBytesParams("height", np.float32))
        las = laspy.LasData(header)
        las.x, las.y, las.z = utm.T
        las.intensity = np.arange(N) * 1000 + 5
        las.return_number = np.arange(N) % 3 + 1
        las.number_of_returns = np.full(N, 3)
        las.classification = label
        las.gps_time = np.arange(N) * 0.25 + 1e5
        las.red, las.green, las.blue = rgb.T.astype(np.uint16) * 257
        las.height = np.arange(N, dtype=np.float32) / 2
        name = f"laspy_{kind}.{extension}"
        las.write(str(OUT / name))
        note(name, utm, {
            **of_colors, "classification": label, "intensity": las.intensity, "gps_time": las.gps_time,
            "return_number": las.return_number, "number_of_returns": las.number_of_returns, "height": las.height,
        })

# h5py: one cloud, as its defaults store it, in both byte orders, old and new versions of the file format.
for version, name, options in (
    ("earliest", "h5py_plain.h5", {}),
    ("earliest", "h5py_gzip.h5", {"compression": "gzip", "shuffle": True, "chunks": (3, 2)}),
    ("latest", "h5py_latest.hdf5", {"compression": "gzip", "chunks": (4, 3), "fletcher32": True}),
):
    with h5py.File(OUT / name, "w", libver=version) as file:
        file.create_dataset("data", data=xyz.astype(">f8" if version == "latest" else "<f4"), **options)
        file["normal"], file["colors"], file["label"] = normals, rgb, label.astype(np.uint8)
        file["names"] = ["chair", "table"]
    note(name, xyz, {**of_normals, **of_colors, "label": label})

(OUT / "manifest.tsv").write_text("".join(lines))


# The data sets, with what must come out of them.
def expect(place, xyz, label=(), pid=()):
    sums = [float(np.sum(np.asarray(values, np.float64))) for values in (*np.asarray(xyz).T, label, pid)]
    expected.append(f"{place}\t{len(xyz)}\t" + "\t".join(repr(v) for v in sums) + "\n")


def folder(name, **texts):
    (SETS / name).mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (SETS / name / f"{file}.txt").write_text(text)
    return SETS / name


expected = []
GZIP = {"compression": "gzip", "compression_opts": 4}

# ModelNet40: shapes with a class, normals and faces; the lists begin at the folder that PointNet keeps its data in.
names = ["airplane", "bathtub", "night_stand"]
root = folder(
    "modelnet40",
    shape_names="".join(f"{name}\n" for name in names),
    train_files="data/modelnet40_ply_hdf5_2048/ply_data_train0.h5\ndata/modelnet40_ply_hdf5_2048/ply_data_train1.h5\n",
    test_files="data/modelnet40_ply_hdf5_2048/ply_data_test0.h5\n",
)
for split, part, labels in (("train", 0, [2, 0, 0]), ("train", 1, [1, 2]), ("test", 0, [0, 1])):
    shapes = rng.normal(size=(len(labels), 6, 3)).astype(np.float32)
    unit = rng.normal(size=shapes.shape)
    stem = f"ply_data_{split}{part}"
    with h5py.File(root / f"{stem}.h5", "w") as file:
        file.create_dataset("data", data=shapes, **GZIP)
        file.create_dataset("normal", data=(unit / np.linalg.norm(unit, axis=2, keepdims=True)).astype(np.float32), **GZIP)
        file.create_dataset("faceId", data=rng.integers(0, 99, shapes.shape[:2]).astype(np.int32), **GZIP)
        file.create_dataset("label", data=np.array(labels, np.uint8)[:, None], **GZIP)
    for row, (shape, which) in enumerate(zip(shapes, labels)):
        expect(f"modelnet40/{names[which]}/{split}/{stem}_{row:05}", shape)

# ShapeNetPart: a class for every shape and a part for every point.
root = folder(
    "shapenetpart",
    all_object_categories="Airplane\t02691156\nBag\t02773838\n",
    train_hdf5_file_list="ply_data_train0.h5\n",
    test_hdf5_file_list="ply_data_test0.h5\n",
)
for split, labels in (("train", [1, 0]), ("test", [0, 1])):
    shapes = rng.normal(size=(len(labels), 6, 3)).astype(np.float32)
    parts = (4 * np.array(labels)[:, None] + rng.integers(0, 3, (len(labels), 6))).astype(np.uint8)
    with h5py.File(root / f"ply_data_{split}0.h5", "w") as file:
        file["data"], file["label"], file["pid"] = shapes, np.array(labels, np.uint8)[:, None], parts
    for row, (shape, which, part) in enumerate(zip(shapes, labels, parts)):
        expect(f"shapenetpart/{('Airplane', 'Bag')[which]}/{split}/ply_data_{split}0_{row:05}", shape, (), part)

# S3DIS: rooms cut into overlapping blocks of a metre; a block has x and y from its middle, colours from 0 to 1, and the
# coordinates as shares of the largest of the room. The second room goes on in the second file.
blocks, block_labels, block_rooms = [], [], []
for room, size in (("Area_1_office_1", (2.0, 1.5, 2.5)), ("Area_2_hallway_1", (3.0, 1.0, 3.0)), ("Area_5_office_9", (1.5, 2.0, 2.0))):
    points = (rng.random((60, 3)) * size).astype(np.float32).astype(np.float64)
    points -= points.min(axis=0)
    colors, kinds = rng.integers(0, 256, (60, 3)), rng.integers(0, 13, 60)
    kept = set()
    for x in np.arange(0, size[0] - 0.5, 0.5):
        for y in np.arange(0, size[1] - 0.5, 0.5):
            inside = np.flatnonzero(((points[:, :2] >= (x, y)) & (points[:, :2] <= (x + 1, y + 1))).all(axis=1))
            if len(inside) == 0:
                continue
            chosen = rng.choice(inside, 8, replace=len(inside) < 8)
            kept.update(chosen.tolist())
            block = np.hstack([points[chosen], colors[chosen] / 255.0, points[chosen] / points.max(axis=0)])
            block[:, :2] -= block[:, :2].min(axis=0) + 0.5
            blocks.append(block.astype(np.float32))
            block_labels.append(kinds[chosen].astype(np.uint8))
            block_rooms.append(room)
    kept = sorted(kept)
    expect(f"s3dis/{'test' if 'Area_5' in room else 'train'}/{room}", points[kept], kinds[kept])
cut = block_rooms.index("Area_2_hallway_1") + 2
root = folder(
    "s3dis",
    all_files="".join(f"indoor3d_sem_seg_hdf5_data/ply_data_all_{part}.h5\n" for part in (0, 1)),
    room_filelist="".join(f"{room}\n" for room in block_rooms),
)
for part, rows in enumerate((slice(None, cut), slice(cut, None))):
    with h5py.File(root / f"ply_data_all_{part}.h5", "w") as file:
        file.create_dataset("data", data=np.array(blocks[rows]), **GZIP)
        file.create_dataset("label", data=np.array(block_labels[rows]), **GZIP)
(SETS / "expected.tsv").write_text("".join(expected))
