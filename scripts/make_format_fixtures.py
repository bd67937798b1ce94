#!/usr/bin/env python3
"""Writes crates/pointcloud/tests/formats: small files made by the reference library of each format.

    pip install numpy open3d laspy lazrs trimesh
    python scripts/make_format_fixtures.py

Each line of manifest.tsv is: file, points, triangles, coordinates of the last point, sum of all
coordinates, names of the columns, sums of the columns after x, y, z. All from what the library was given.
"""

import pathlib

import laspy
import numpy as np
import open3d as o3d
import trimesh

OUT = pathlib.Path(__file__).parent.parent / "crates/pointcloud/tests/formats"
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
note("fortran_f8.npy", xyz, {**of_normals, "label": label})
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

(OUT / "manifest.tsv").write_text("".join(lines))
