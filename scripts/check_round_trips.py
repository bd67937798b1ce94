#!/usr/bin/env python3
"""Checks that the reference library of each format reads what `pointwise convert` writes, within the precision of the format.

    pip install numpy laspy lazrs trimesh rtree scipy plyfile h5py open3d
    cargo build --release
    python scripts/check_round_trips.py target/release/pointwise

Files of these libraries that are converted come back bit for bit: round_trips_las.py and round_trips_tables.py. Two further clouds are
written by NumPy: one near the origin in single precision, one in a UTM zone in double precision; both with normals, colours,
labels and two further columns. Meshes come from trimesh. Where Open3D cannot be imported, its rows are skipped.
"""

import pathlib
import subprocess
import sys
import tempfile

import laspy
import numpy as np
import round_trips_las
import round_trips_tables
import trimesh
from round_trips_tables import o3d

NAMES = ["x", "y", "z", "nx", "ny", "nz", "red", "green", "blue", "label", "intensity", "height"]
N = 200


def table(far):
    """All columns as one structured array, which `pointwise` reads."""
    rng = np.random.default_rng(11)
    number = "<f8" if far else "<f4"
    types = [number] * 3 + ["<f4"] * 3 + ["u1"] * 3 + ["u1", "<u2", "<f4"]
    rows = np.zeros(N, list(zip(NAMES, types)))
    xyz = rng.normal(size=(N, 3)) * 5
    xyz = np.round(xyz, 3) + (501234.0, 5400010.0, 12.0) if far else xyz.astype(np.float32)
    normals = rng.normal(size=(N, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    for axis, (name, normal) in enumerate(zip("xyz", ("nx", "ny", "nz"))):
        rows[name], rows[normal] = xyz[:, axis], normals[:, axis]
    for name in ("red", "green", "blue"):
        rows[name] = rng.integers(0, 256, N)
    rows["label"], rows["intensity"] = rng.integers(0, 20, N), rng.integers(0, 60000, N)
    rows["height"] = rng.normal(size=N)
    return rows


def of_open3d(path):
    point = o3d.t.io.read_point_cloud(str(path)).point
    found = dict(zip("xyz", point["positions"].numpy().T))
    for names, key in ((("nx", "ny", "nz"), "normals"), (("red", "green", "blue"), "colors")):
        if key in point:
            found.update(zip(names, point[key].numpy().T))
    found.update({name: point[name].numpy()[:, 0] for name in ("label", "intensity", "height") if name in point})
    return found


def of_text(path):
    lines = path.read_text().splitlines()
    separator = "," if path.suffix == ".csv" else None
    names = lines[0].lstrip("#/ ").split(separator)
    return dict(zip(names, np.loadtxt(path, delimiter=separator, skiprows=1, dtype=np.float64).T))


def of_laspy(path):
    las = laspy.read(path)
    found = {axis: np.asarray(getattr(las, axis)) for axis in "xyz"}
    # LAS colours have 16 bits.
    found.update({name: np.asarray(las[name]) // 257 for name in ("red", "green", "blue")})
    found.update({name: np.asarray(las[name]) for name in ("nx", "ny", "nz", "intensity", "height")})
    return found | {"label": np.asarray(las.classification)}


def of_trimesh(path):
    cloud = trimesh.load(path)
    stored = cloud.metadata["_ply_raw"]["vertex"]["data"]
    found = {name: np.ravel(stored[name]) for name in stored.dtype.names}
    found.update(zip("xyz", np.asarray(cloud.vertices).T))
    return found | dict(zip(("red", "green", "blue"), np.asarray(cloud.colors)[:, :3].T))


def of_numpy(path):
    rows = np.load(path)
    return {name: rows[name] for name in rows.dtype.names}


# What reads a format, and which columns the library is able to give: Open3D 0.20 leaves out `ushort` columns of PLY, and takes the
# bytes of 8-byte coordinates in PCD for normals.
READERS = [
    ("ply", "open3d", of_open3d, [name for name in NAMES if name != "intensity"]),
    ("ply", "trimesh", of_trimesh, NAMES),
    ("pcd", "open3d", of_open3d, NAMES),
    ("xyz", "numpy", of_text, NAMES),
    ("txt", "numpy", of_text, NAMES),
    ("csv", "numpy", of_text, NAMES),
    ("npy", "numpy", of_numpy, NAMES),
    ("las", "laspy", of_laspy, NAMES),
    ("laz", "laspy", of_laspy, NAMES),
]


def main():
    pointwise = sys.argv[1]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        command = [pointwise, "convert", "--overwrite"]
        run = lambda *arguments: subprocess.run([*command, "--quiet", *map(str, arguments)], check=True)

        def told(source, target):
            """Converts; returns the losses that are told, none where `--strict` accepts the file."""
            done = subprocess.run([*command, "--strict", "--quiet", source, target], capture_output=True, text=True)
            if done.returncode:
                run(source, target)
            return done.stderr.strip()

        for far in (False, True):
            rows = table(far)
            np.save(folder / "source.npy", rows)
            for extension, library, read, names in READERS:
                if library == "open3d" and o3d is None:
                    print(f"{extension:4} open3d   skipped, Open3D cannot be imported")
                    continue
                if far and extension == "pcd":
                    names = [name for name in names if name not in ("nx", "ny", "nz")]
                path = folder / f"written.{extension}"
                run(folder / "source.npy", path)
                found = read(path)
                worst = {}
                for name in names:
                    # Numbers of a text are read as what they were written from.
                    same = lambda values: np.asarray(values).astype(rows.dtype[name]).astype(np.float64)
                    worst[name] = float(np.abs(same(found[name]) - rows[name]).max()) if name in found else None
                # Far from the origin a position is a whole number and the rest in single precision; LAS has steps of 1e-8.
                allowed = lambda name: (2e-6 if far else 1e-8 if extension[:2] == "la" else 0.0) if name in "xyz" else 0.0
                wrong = {name: off for name, off in worst.items() if off is None or off > allowed(name)}
                bad += bool(wrong)
                position = max(worst[axis] or 0.0 for axis in "xyz")
                verdict = f"differs: {wrong}" if wrong else f"{len(names)} columns, positions within {position:.1e}"
                print(f"{extension:4} {library:8} {'UTM' if far else 'near'}  {verdict}")

        # Surfaces of trimesh and Open3D: as many points as asked for, all on the surface.
        ball = trimesh.creation.icosphere(3)
        for extension in ("off", "obj", "stl", "ply"):
            ball.export(folder / f"ball.{extension}")
            run(folder / f"ball.{extension}", folder / "points.ply", "--points", 500)
            point = round_trips_tables.of_ply(folder / "points.ply")
            points = np.stack([point[axis] for axis in "xyz"], axis=1)
            far = np.abs(trimesh.proximity.closest_point(ball, points)[1]).max()
            bad += not (len(points) == 500 and far < 1e-6)
            print(f"{extension:4} trimesh  500 of a surface: {len(points)} points, at most {far:.1e} from it")
        bad += round_trips_tables.check(folder, told) + round_trips_las.check(folder, told)
    sys.exit(f"{bad} of the formats differ" if bad else 0)


if __name__ == "__main__":
    main()
