"""Reads a recording of the finalise test as an analyst would: read_with_h5py.py FILE ROWS. Exit code 0 when all is as it was recorded."""
import sys

import h5py
import numpy as np

path, n = sys.argv[1], int(sys.argv[2])
i = np.arange(n, dtype=np.uint64)

with h5py.File(path, "r") as f:
    root = f.attrs
    assert root["format"] == b"grfd-recording" or root["format"] == "grfd-recording", root["format"]
    text = lambda v: v.decode() if isinstance(v, bytes) else str(v)
    assert text(root["dominant_side"]) == "right" and text(root["participant_code"]) == "P07"
    assert text(root["start_utc"]) == "2026-11-25T20:30:00.000000000Z"
    assert "Grüße" in text(f["settings"][()])

    scan = f["streams/raw/u6/scan"]
    assert scan["values"].dtype == np.int32 and scan["values"].shape == (n, 13)
    c = np.arange(13, dtype=np.uint64)
    expected = ((i[:, None] * np.uint64(2654435761) + c * np.uint64(40503)) & np.uint64(0xFFFFFF)).astype(np.int32)
    assert np.array_equal(scan["values"][:], expected)
    assert np.array_equal(scan["t_device"][:], i + np.uint64(4000))
    assert np.allclose(scan["t"][:], np.arange(n) * 1e-3, atol=1e-9)
    assert [text(x) for x in scan["columns"][:3]] == ["ain0", "ain1", "ain2"]
    assert np.allclose(scan.attrs["skew_s"], 2e-5 * np.arange(13))
    assert scan.attrs["rate_hz"] == 1000 and abs(scan.attrs["rate_effective_hz"] - 1000) < 1e-6

    cop = f["streams/cop/left"]
    v = cop["values"][:]
    bad = i % np.uint64(97) == 0
    assert v.dtype == np.float32 and np.isnan(v[bad]).all() and not np.isnan(v[~bad]).any()
    assert (cop["flags"][:][bad] == 8).all() and (cop["flags"][:][~bad] == 0).all()
    assert np.allclose(v[~bad], np.sin(0.01 * i[~bad][:, None].astype(float) + np.arange(3)), atol=1e-6)
    assert [text(x) for x in cop.attrs["units"]] == ["m", "m", "code"]
    assert text(cop.attrs["flag_names"][3]) == "invalid" and text(cop.attrs["flag_names"][8]) == "cop_low_quality"
    assert f["streams/clock/u6/values"].dtype == np.int64
    assert f["streams/ankle/left/values"].shape == (0, 3)

    commands = f["streams/commands"]
    assert [text(x) for x in commands["name"][:]] == ["record_start", "record_stop"]
    assert text(commands["detail"][0]).startswith('{"id":7,"name":"x"')

    plate = f["calibration/left"]
    assert plate["matrix"].shape == (6, 6) and plate["matrix"][2, 3] == 23 and plate["corners_m"].shape == (4, 3)
    assert text(f["state"].attrs["version"]) == "v1" and len(f["state"]) == 1000
    assert f["anchor/utc"][0] == 1795638600.0 and f["anchor/t"][0] == 0

    def plain(name, item):
        if isinstance(item, h5py.Dataset):
            t = item.id.get_type()
            assert t.get_class() in (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.STRING), name
            assert t.get_class() != h5py.h5t.STRING or not t.is_variable_str(), name
        for key in item.attrs:
            t = item.attrs.get_id(key).get_type()
            assert t.get_class() != h5py.h5t.STRING or not t.is_variable_str(), (name, key)

    f.visititems(plain)
    assert f.id.get_create_plist().get_version()[0] == 0, "superblock of HDF5 1.8"
print("h5py: all as recorded")
