"""Round trips of LAS and LAZ for check_round_trips.py: laspy -> `pointwise convert` -> laspy, bit for bit."""

import struct

import laspy
import numpy as np
from laspy.vlrs.known import WktCoordinateSystemVlr

N = 3000
FORMATS = [("1.2", f) for f in range(4)] + [("1.3", f) for f in range(6)] + [("1.4", f) for f in range(11)]
WAVES = (4, 5, 9, 10)
WKT = 'PROJCS["ETRS89 / UTM zone 32N",GEOGCS["ETRS89"]]'

# Name, type, scales and offsets of extra bytes.
EXTRA = {
    "none": [],
    "single": [("height", "f4", None, None), ("n" * 32, "u2", None, None), ("deviation", "i4", [0.01], [-5.0]),
               ("exact", "f8", None, None), ("Amplitude", "u2", [0.5], [0.0]), ("tiny", "i1", None, None)],
    "parts": [("pair", "2u2", None, None), ("triple", "3f4", None, None), ("scaled", "3i4", [0.01, 0.1, 2.0], [1.0, -2.0, 0.0]),
              ("p" * 32, "2i2", [0.25, 0.5], [0.0, 9.0]), ("after", "u1", None, None)],
    # Names that pointwise takes for something else, in an order that is not its own.
    "roles": [("height", "f4", None, None), ("nz", "f4", None, None), ("ny", "f4", None, None), ("nx", "f4", None, None),
              ("label", "u1", None, None), ("Intensity", "f4", None, None), ("stamp", "u8", None, None), ("signed", "i8", None, None)],
}


def fill(las, rng):
    """Random bits in all fields, within what they may hold."""
    points = las.points.array
    for name in points.dtype.names:
        kind = points.dtype[name].base
        shape = points[name].shape
        if kind.kind == "f":
            points[name] = rng.normal(size=shape) * 1000
        elif name == "wavepacket_offset":
            points[name] = rng.integers(0, 2**50, size=shape)
        else:
            limits = np.iinfo(kind)
            points[name] = rng.integers(limits.min, limits.max, size=shape, endpoint=True, dtype=kind)
    if "gps_time" in points.dtype.names:
        points["gps_time"] = np.cumsum(rng.random(len(points))) + 2.5e8


def make(path, version, number, extra, rng, points=N):
    header = laspy.LasHeader(version=version, point_format=number)
    header.scales, header.offsets = [0.001, 0.01, 0.0005], [-500000.0, 5400000.0, -1.25]
    header.file_source_id, header.system_identifier = 77, "scanner 9"
    header.generating_software = "check_round_trips"
    for name, kind, scales, offsets in EXTRA[extra]:
        header.add_extra_dim(laspy.ExtraBytesParams(name, kind, "about " + name[:20], offsets, scales))
    header.vlrs.append(laspy.VLR("LASF_Projection", 34735, "keys", struct.pack("<8H", 1, 1, 0, 1, 3072, 0, 1, 25832)))
    header.vlrs.append(laspy.VLR("somebody", 4711, "own record", b"\x00\xff any bytes \x00"))
    if number >= 6:
        header.global_encoding.wkt = True
        header.vlrs.append(WktCoordinateSystemVlr(WKT))
    if number in WAVES:
        # Packets in a file of their own, described by a record.
        header.global_encoding.waveform_data_packets_external = True
        header.vlrs.append(laspy.VLR("LASF_Spec", 100, "packets", struct.pack("<BBIIdd", 8, 0, 32, 1000, 1.0, 0.0)))
    las = laspy.LasData(header)
    las.points = laspy.ScaleAwarePointRecord.zeros(points, header=header)
    fill(las, rng)
    if version == "1.4":
        las.evlrs = laspy.vlrs.vlrlist.VLRList([laspy.VLR("somebody", 4712, "after", bytes(range(256)) * 300)])
    las.write(path)


def header_of(path):
    """The bytes of the header that must be kept, by name."""
    data = path.read_bytes()
    size = struct.unpack_from("<H", data, 94)[0]
    names = {"signature to dates": data[:94], "size": size, "format": data[104] & 0x3F, "length": data[105:107],
             "counts": data[107:131], "scale and offset": data[131:179], "bounds": data[179:227]}
    if size >= 235:
        names["waveforms"] = data[227:235]
    if size >= 375:
        names["counts of 1.4"] = data[243:375]
    return names


def differences(a, b):
    """What differs between two files."""
    found = [f"header: {name}" for name, value in header_of(a).items() if header_of(b).get(name) != value]
    one, two = laspy.read(a), laspy.read(b)
    if one.points.array.dtype != two.points.array.dtype:
        found.append(f"dimensions {two.points.array.dtype.names} {two.points.array.dtype}")
    elif one.points.array.tobytes() != two.points.array.tobytes():
        same = lambda name: one.points.array[name].tobytes() == two.points.array[name].tobytes()
        found += [f"dimension {name}" for name in one.points.array.dtype.names if not same(name)]
    records = lambda vlrs: sorted((v.user_id, v.record_id, v.description, v.record_data_bytes()) for v in vlrs or [])
    for what, x, y in (("VLRs", one.header.vlrs, two.header.vlrs), ("EVLRs", one.evlrs, two.evlrs)):
        if records(x) != records(y):
            found.append(what)
    if a.suffix == b.suffix == ".laz" and abs(b.stat().st_size / a.stat().st_size - 1) > 0.05:
        found.append(f"size {a.stat().st_size} becomes {b.stat().st_size}")
    return found


def check(folder, convert):
    """Prints a line per kind of file; returns how many differ."""
    bad, rng = 0, np.random.default_rng(5)
    for version, number in FORMATS:
        for extra in EXTRA:
            wrong = []
            for suffix in ("las", "laz"):
                source = folder / f"source.{suffix}"
                if suffix == "laz" and number in (9, 10):
                    # lazrs 0.8.2 itself does not read the waveforms back that it wrote.
                    convert(folder / "source.las", source)
                else:
                    make(source, version, number, extra, rng)
                for target in ("las", "laz"):
                    told = convert(source, folder / f"back.{target}")
                    found = differences(source, folder / f"back.{target}")
                    # The file of the waveforms is not copied.
                    if found or (told and number not in WAVES):
                        wrong.append(f"{suffix} to {target}: {'; '.join(found)} (told: {told})")
            bad += bool(wrong)
            print(f"las {version} format {number:2} laspy  extra bytes {extra:7}", " | ".join(wrong) or "bit for bit")
    return bad
