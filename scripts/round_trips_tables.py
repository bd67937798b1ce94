"""Round trips of PLY, PCD, NPY, NPZ and HDF5 for check_round_trips.py: library -> `pointwise convert` -> library, bit for bit."""

import struct

import h5py
import numpy as np
import plyfile

try:
    import open3d as o3d
except (ImportError, OSError):
    # Its wheel needs libraries of the system that a server may lack.
    o3d = None

N = 2000
NORMALS = {"normal_x": "nx", "normal_y": "ny", "normal_z": "nz"}


def table(number):
    """Every type of column; coordinates of the type `number`."""
    rng = np.random.default_rng(3)
    types = [(axis, number) for axis in "xyz"] + [(name, "<f4") for name in ("nx", "ny", "nz")]
    types += [(name, "u1") for name in ("red", "green", "blue")] + [("label", "<i4"), ("intensity", "<u2"), ("time", "<f8")]
    types += [("tiny", "i1"), ("short", "<i2"), ("many", "<u4"), ("float", "<f4")]
    rows = np.zeros(N, types)
    for name in rows.dtype.names:
        kind = rows.dtype[name]
        if kind.kind == "f":
            rows[name] = rng.normal(size=N) * 10.0 ** rng.integers(-5, 6, N)
        else:
            rows[name] = rng.integers(np.iinfo(kind).min, np.iinfo(kind).max, N, endpoint=True, dtype=kind)
    special = [-0.0, 5e-324, 1e-310, 1.7976931348623157e308, np.inf, -np.inf, np.nan]
    rows["time"][: len(special)], rows["x"][0], rows["float"][0] = special, -0.0, 1e-40
    return rows


def of_pcd(path):
    """Columns of an ascii or binary file, read as its header says."""
    data = path.read_bytes()
    end = data.index(b"\n", data.index(b"\nDATA ") + 1) + 1
    header = {line.split()[0]: line.split()[1:] for line in data[:end].decode().splitlines() if line[0] != "#"}
    kinds = [("<" + t.lower() + s).replace("<u1", "u1") for t, s in zip(header["TYPE"], header["SIZE"])]
    rows = np.frombuffer(data[end:], list(zip(header["FIELDS"], kinds)), int(header["POINTS"][0]))
    found = {NORMALS.get(name, name): rows[name] for name in rows.dtype.names}
    if "rgb" in found:
        packed = found.pop("rgb").view("<u4")
        found.update({name: (packed >> shift & 255).astype("u1") for name, shift in (("red", 16), ("green", 8), ("blue", 0))})
    return found


def write_pcd(path, rows, encoding):
    """The same by hand: Open3D writes no columns of its own types."""
    names = [name for name in rows.dtype.names if name not in ("red", "green", "blue")]
    kinds = [rows.dtype[name] for name in names]
    letters = {"f": "F", "i": "I", "u": "U"}
    lines = ["# .PCD v0.7", "VERSION 0.7", "FIELDS " + " ".join(names), "SIZE " + " ".join(str(k.itemsize) for k in kinds),
             "TYPE " + " ".join(letters[k.kind] for k in kinds), "COUNT" + " 1" * len(names), f"WIDTH {len(rows)}", "HEIGHT 1",
             "VIEWPOINT 0 0 0 1 0 0 0", f"POINTS {len(rows)}", f"DATA {encoding}"]
    if encoding == "ascii":
        body = "".join(" ".join(str(row[name].item()) for name in names) + "\n" for row in rows).encode()
    elif encoding == "binary_compressed":
        # Field by field, in LZF runs of literals.
        plain = b"".join(rows[name].tobytes() for name in names)
        runs = (plain[start : start + 32] for start in range(0, len(plain), 32))
        packed = b"".join(bytes([len(run) - 1]) + run for run in runs)
        body = struct.pack("<II", len(packed), len(plain)) + packed
    else:
        packed = np.zeros(len(rows), list(zip(names, kinds)))
        for name in names:
            packed[name] = rows[name]
        body = packed.tobytes()
    path.write_bytes("\n".join(lines).encode() + b"\n" + body)
    return {name: rows[name] for name in names}


def write_open3d(path, rows, **how):
    """Coordinates, normals and colours; returns what Open3D reads of the file itself."""
    cloud = o3d.t.geometry.PointCloud(np.stack([rows[axis] for axis in "xyz"], axis=1).astype(np.float32))
    cloud.point["normals"] = np.stack([rows[name] for name in ("nx", "ny", "nz")], axis=1)
    cloud.point["colors"] = np.stack([rows[name] for name in ("red", "green", "blue")], axis=1)
    o3d.t.io.write_point_cloud(str(path), cloud, **how)
    point = o3d.t.io.read_point_cloud(str(path)).point
    found = dict(zip("xyz", point["positions"].numpy().T))
    found.update(zip(("nx", "ny", "nz"), point["normals"].numpy().T))
    return found | dict(zip(("red", "green", "blue"), point["colors"].numpy().T))


def columns(rows):
    return {name: rows[name] for name in rows.dtype.names}


def write_ply(path, rows, **how):
    plyfile.PlyData([plyfile.PlyElement.describe(rows, "vertex")], **how).write(str(path))
    return columns(rows)


def write_npy(path, rows):
    np.save(path, rows)
    return columns(rows)


def write_plain(path, rows):
    np.save(path, np.stack([rows[axis] for axis in "xyz"], axis=1))
    return {axis: rows[axis] for axis in "xyz"}


def parts(rows):
    stack = lambda *names: np.stack([rows[name] for name in names], axis=1)
    return {"xyz": stack("x", "y", "z"), "normals": stack("nx", "ny", "nz"), "colors": stack("red", "green", "blue"),
            **{name: rows[name] for name in ("label", "intensity", "time", "tiny", "short", "many", "float")}}


def write_npz(path, rows):
    np.savez_compressed(path, **parts(rows))
    return columns(rows)


def write_hdf5(path, rows):
    with h5py.File(path, "w") as file:
        for name, part in parts(rows).items():
            file[name] = part
    return columns(rows)


def of_ply(path):
    return columns(plyfile.PlyData.read(str(path))["vertex"].data)


def of_npy(path):
    rows = np.load(path)
    return columns(rows) if rows.dtype.names else dict(zip("xyz", rows.T))


READERS = {"ply": of_ply, "pcd": of_pcd, "npy": of_npy}
DOUBLE, SINGLE = table("<f8"), table("<f4")


def long_table():
    """With integers of 64 bits, which PLY has not."""
    rows, rng = np.zeros(N, DOUBLE.dtype.descr + [("stamp", "<u8"), ("signed", "<i8")]), np.random.default_rng(4)
    for name in DOUBLE.dtype.names:
        rows[name] = DOUBLE[name]
    rows["stamp"] = rng.integers(0, 2**64 - 1, N, endpoint=True, dtype="u8")
    rows["signed"] = rng.integers(-(2**63), 2**63 - 1, N, endpoint=True, dtype="i8")
    return rows


# Library, extension of the source, how it is written, its rows.
SOURCES = [
    ("plyfile little", "ply", lambda path, rows: write_ply(path, rows, byte_order="<"), DOUBLE),
    ("plyfile big", "ply", lambda path, rows: write_ply(path, rows, byte_order=">"), DOUBLE),
    ("plyfile ascii", "ply", lambda path, rows: write_ply(path, rows, text=True), DOUBLE),
    ("plyfile single", "ply", lambda path, rows: write_ply(path, rows, byte_order="<"), SINGLE),
    ("binary", "pcd", lambda path, rows: write_pcd(path, rows, "binary"), DOUBLE),
    ("binary 64 bits", "pcd", lambda path, rows: write_pcd(path, rows, "binary"), long_table()),
    ("ascii 64 bits", "pcd", lambda path, rows: write_pcd(path, rows, "ascii"), long_table()),
    ("ascii", "pcd", lambda path, rows: write_pcd(path, rows, "ascii"), DOUBLE),
    ("LZF", "pcd", lambda path, rows: write_pcd(path, rows, "binary_compressed"), DOUBLE),
    ("open3d binary", "pcd", write_open3d, SINGLE),
    ("open3d ascii", "pcd", lambda path, rows: write_open3d(path, rows, write_ascii=True), SINGLE),
    ("open3d LZF", "pcd", lambda path, rows: write_open3d(path, rows, compressed=True), SINGLE),
    ("numpy fields", "npy", write_npy, DOUBLE),
    ("numpy 64 bits", "npy", write_npy, long_table()),
    ("numpy single", "npy", write_npy, SINGLE),
    ("numpy [N, 3]", "npy", write_plain, DOUBLE),
    ("numpy npz", "npz", write_npz, DOUBLE),
    ("h5py", "h5", write_hdf5, DOUBLE),
]


def differences(wanted, found):
    def same(a, b):
        a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
        return a.dtype.newbyteorder("=") == b.dtype.newbyteorder("=") and a.astype(a.dtype.newbyteorder("<")).tobytes() == b.tobytes()

    wrong = [name for name in wanted if name not in found or not same(wanted[name], found[name])]
    kind = lambda name: found[name].dtype if name in found else "missing"
    return [f"{name} {wanted[name].dtype} is {kind(name)}" for name in wrong] + sorted(set(found) - set(wanted))


def check(folder, convert):
    """Prints a line per kind of file; returns how many differ."""
    bad = 0
    for library, extension, write, rows in SOURCES:
        if library.startswith("open3d") and o3d is None:
            print(f"{extension:4} of {library}: skipped, Open3D cannot be imported")
            continue
        wanted = write(folder / f"source.{extension}", rows)
        for target, read in READERS.items():
            if target == "ply" and "stamp" in wanted:
                continue
            told = convert(folder / f"source.{extension}", folder / f"target.{target}")
            found = differences(wanted, read(folder / f"target.{target}"))
            bad += bool(found or told)
            print(f"{extension:4} to {target}  {library:14}", f"{found} (told: {told})" if found or told else "bit for bit")
    return bad
