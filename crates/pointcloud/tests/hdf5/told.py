"""Makes told.h5: points with data sets and attributes that are no columns of them. Needs h5py."""
import h5py
import numpy as np

with h5py.File("told.h5", "w") as file:
    file["points"] = np.arange(60.0).reshape(20, 3)
    file["label"] = np.arange(20)
    file["other"] = np.arange(7)
    file["names"] = [b"a"] * 20
    file["meta/weights"] = np.arange(4.0)
    file["points"].attrs["unit"] = "mm"
    file.attrs["crs"] = "EPSG:25832"
    file.attrs["date"] = "2020"
    file["meta"].attrs["by"] = "hand"
