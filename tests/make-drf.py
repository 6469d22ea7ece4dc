#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Makes DigitalRF captures in a folder, one beneath it per case, for tests/unit/drf.c.

    make-drf.py FOLDER

A sample says where it stands: component p of subchannel c at index i is (7i + 3c + p) mod 97. Each
case has a file `expect`, of lines "block INDEX ROWS", "skipped TEXT" (in the message), "tuning
INDEX HZ …", "refused CODE" (by drf_open).
"""
import os
import sys
from fractions import Fraction
from math import ceil

import h5py
import numpy as np

START = 1700000000
REALS = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]


def folder_name(seconds):
    return str(np.datetime64(int(seconds), "s")).replace(":", "-")


class Capture:
    """One channel: cadence of 1 s, folders of 10 s unless said otherwise."""

    def __init__(self, case, dtype="<i2", is_complex=True, subchannels=1, rate=Fraction(1000),
                 file_ms=1000, folder_s=10, channel="ch", **properties):
        self.case = os.path.join(sys.argv[1], case)
        self.path = os.path.join(self.case, channel)
        os.makedirs(self.path)
        self.part = np.dtype(dtype)
        self.dtype = np.dtype([("r", self.part), ("i", self.part)]) if is_complex else self.part
        self.subchannels, self.rate = subchannels, Fraction(rate)
        self.file_ms, self.folder_s = file_ms, folder_s
        self.lines = []
        self.properties(is_complex, **properties)

    def properties(self, is_complex, name="drf_properties.h5", arrays=False, drop=(), **changed):
        order = {"<": 0, ">": 1, "|": 0, "=": 0}[self.part.byteorder]
        values = {
            "H5Tget_class": np.uint64(self.part.kind == "f"),
            "H5Tget_size": np.uint64(self.part.itemsize),
            "H5Tget_order": np.uint64(order),
            "H5Tget_precision": np.uint64(8 * self.part.itemsize),
            "H5Tget_offset": np.uint64(0),
            "subdir_cadence_secs": np.uint64(self.folder_s),
            "file_cadence_millisecs": np.uint64(self.file_ms),
            "sample_rate_numerator": np.uint64(self.rate.numerator),
            "sample_rate_denominator": np.uint64(self.rate.denominator),
            "is_complex": np.int32(is_complex),
            "num_subchannels": np.int32(self.subchannels),
            "is_continuous": np.int32(0),
            "epoch": np.string_("1970-01-01T00:00:00Z"),
            "digital_rf_time_description": np.string_("samples since the epoch"),
            "digital_rf_version": np.string_("2.6.0"),
        }
        values.update(changed)
        self.attributes = {key: value for key, value in values.items() if key not in drop}
        self.sequence = 0
        with h5py.File(os.path.join(self.path, name), "w") as h:
            for key, value in self.attributes.items():
                h.attrs[key] = np.array([value]) if arrays else value

    def expect(self, *words):
        self.lines.append(" ".join(str(word) for word in words))
        with open(os.path.join(self.case, "expect"), "w") as f:
            f.write("\n".join(self.lines) + "\n")

    def first(self, ms):
        return ceil(Fraction(ms, 1000) * self.rate)

    def name(self, ms, prefix="rf"):
        seconds = ms // 1000
        folder = os.path.join(self.path, folder_name(seconds - seconds % self.folder_s))
        os.makedirs(folder, exist_ok=True)
        return os.path.join(folder, "%s@%d.%03d.h5" % (prefix, seconds, ms % 1000))

    def samples(self, index, rows):
        i = np.arange(index, index + rows, dtype=np.uint64)[:, None]
        c = np.arange(self.subchannels, dtype=np.uint64)[None, :]
        value = (i * np.uint64(7) + c * np.uint64(3)) % np.uint64(97)
        if self.dtype.names is None:
            return value.astype(self.part)
        out = np.empty(value.shape, self.dtype)
        out["r"] = value
        out["i"] = (value + np.uint64(1)) % np.uint64(97)
        return out

    def whole(self, ms):
        """The block that fills a file."""
        return [(self.first(ms), self.first(ms + self.file_ms) - self.first(ms))]

    def write(self, ms, blocks=None, index=None, **layout):
        """Writes a file of blocks (index, rows); `index` stands in for the true index."""
        blocks = self.whole(ms) if blocks is None else blocks
        data = np.concatenate([self.samples(*block) for block in blocks]).astype(self.dtype)
        rows = np.cumsum([0] + [block[1] for block in blocks])[:-1]
        true = [(block[0], row) for block, row in zip(blocks, rows)]
        name = self.name(ms)
        with h5py.File(name, "w") as h:
            h.create_dataset("rf_data", data=data, **layout).attrs.update(self.attributes)
            h["rf_data"].attrs.update(
                sequence_num=np.int32(self.sequence), uuid_str=np.string_("make-drf"),
                init_utc_timestamp=np.uint64(START), computer_time=np.uint64(START))
            self.sequence += 1
            table = np.array(true if index is None else index, np.uint64)
            h.create_dataset("rf_data_index", data=table, chunks=(100, table.shape[1]),
                             maxshape=(None, table.shape[1]))
        return name

    def block(self, ms, count=1):
        """Expects whole files."""
        self.expect("block", self.first(ms), self.first(ms + count * self.file_ms) - self.first(ms))


def whole_files(case, count=3, layout=None, **kinds):
    c = Capture(case, **kinds)
    ms = START * 1000
    for k in range(count):
        c.write(ms + k * c.file_ms, **(layout or {}))
    c.block(ms, count)


def types():
    for real in REALS:
        for order in "<>":
            if order == ">" and real[1] == "1":
                continue
            for is_complex in (False, True):
                case = "type-" + ("c" if is_complex else "") + real
                case += "-be" if order == ">" else ""
                whole_files(case, 2, dtype=order + real, is_complex=is_complex, subchannels=3)
                whole_files(case + "-gzip", 2, dict(chunks=(300, 3), compression=1),
                            dtype=order + real, is_complex=is_complex, subchannels=3)


def layouts():
    whole_files("layout-chunked", layout=dict(chunks=(100, 1)))
    whole_files("layout-gzip-fletcher",
                layout=dict(chunks=(400, 1), compression=4, fletcher32=True))
    whole_files("layout-shuffle", layout=dict(chunks=(400, 1), compression=9, shuffle=True))
    whole_files("layout-fletcher", layout=dict(chunks=(1000, 1), fletcher32=True))
    whole_files("layout-tiny-chunks", layout=dict(chunks=(3, 1)))
    whole_files("layout-large-chunks", rate=3000000,
                layout=dict(chunks=(1500000, 1), compression=1))
    whole_files("layout-large", rate=3000000)
    whole_files("layout-maxshape", layout=dict(chunks=(250, 1), maxshape=(1000, 1)))


def times():
    whole_files("rate-rational", 25, rate=Fraction(100000, 3), file_ms=100)
    whole_files("rate-prime", 3, rate=Fraction(10**9 + 7, 998244353), file_ms=10000)
    c = Capture("absent-files")
    for k in (0, 1, 5, 19, 20, 45):
        c.write((START + k) * 1000)
    for k, n in ((0, 2), (5, 1), (19, 2), (45, 1)):
        c.block((START + k) * 1000, n)
    c = Capture("absent-years", folder_s=86400, file_ms=1)
    c.write(START * 1000)
    c.write((START + 5 * 365 * 86400) * 1000)
    c.block(START * 1000)
    c.block((START + 5 * 365 * 86400) * 1000)


def blocks():
    c = Capture("blocks")
    ms, first = START * 1000, START * 1000
    c.write(ms, [(first + 10, 90), (first + 100, 1), (first + 101, 99), (first + 300, 50)])
    c.write(ms + 1000, [(first + 1000, 1000)])
    for index, rows in ((first + 10, 190), (first + 300, 50), (first + 1000, 1000)):
        c.expect("block", index, rows)
    c = Capture("blocks-merged", rate=100000)
    first = START * 100000
    c.write(ms, [(first + 10 * k, 10) for k in range(10000)], chunks=(1000, 1))
    c.expect("block", first, 100000)
    c = Capture("blocks-many", rate=100000)
    c.write(ms, [(first + 10 * k, 9) for k in range(5000)], chunks=(1000, 1))
    for k in range(5000):
        c.expect("block", first + 10 * k, 9)
    c = Capture("blocks-empty")
    c.write(ms)
    name = c.name(ms + 1000)
    with h5py.File(name, "w") as h:
        h.create_dataset("rf_data", (0, 1), c.dtype, chunks=(100, 1), maxshape=(None, 1))
        h.create_dataset("rf_data_index", (0, 2), np.uint64, chunks=(100, 2), maxshape=(None, 2))
    c.write(ms + 2000)
    c.block(ms)
    c.block(ms + 2000)
    # A writer of old put the sample on the border into the file before.
    c = Capture("blocks-border")
    c.write(ms, [(ms, 1001)])
    c.write(ms + 1000, [(ms + 1001, 999)])
    c.block(ms, 2)


def versions():
    old = dict(name="metadata.h5", arrays=True,
               drop=("sample_rate_numerator", "sample_rate_denominator", "digital_rf_version"))
    whole_files("version-2.0", rate=Fraction(100000, 3), file_ms=100,
                samples_per_second=100000 / 3, **old)
    whole_files("version-2.0-integer", samples_per_second=np.uint64(1000), **old)
    for case, changed in (("version-3", dict(digital_rf_version=np.string_("3.0.0"))),
                          ("refused-rate", dict(sample_rate_numerator=np.uint64(0))),
                          ("refused-huge-rate", dict(sample_rate_numerator=np.uint64(2**62))),
                          ("refused-cadence", dict(file_cadence_millisecs=np.uint64(0))),
                          ("refused-uneven", dict(file_cadence_millisecs=np.uint64(3000))),
                          ("refused-long-folder", dict(subdir_cadence_secs=np.uint64(2**60))),
                          ("refused-size", dict(H5Tget_size=np.uint64(3))),
                          ("refused-class", dict(H5Tget_class=np.uint64(9))),
                          ("refused-subchannels", dict(num_subchannels=np.int32(-1))),
                          ("refused-rate-text", dict(sample_rate_numerator=np.string_("x")))):
        Capture(case, **changed).expect("refused", 65)
    c = Capture("refused-garbage")
    with open(os.path.join(c.path, "drf_properties.h5"), "wb") as f:
        f.write(b"not HDF5 at all")
    c.expect("refused", 65)


def bad_file(case, spoil, why, **kinds):
    """A good file, a bad one, a good one; spoil(capture, ms) makes the bad one."""
    c = Capture(case, **kinds)
    ms = START * 1000
    c.write(ms)
    spoil(c, ms + 1000)
    c.write(ms + 2000)
    c.block(ms)
    c.block(ms + 2000)
    if why:
        c.expect("skipped", why)


def put(name, content):
    with open(name, "wb") as f:
        f.write(content)


def with_index(*index, **layout):
    def spoil(c, ms):
        shift = c.first(ms)
        c.write(ms, index=[(shift + sample, row) for sample, row in index], **layout)
    return spoil


def dataset(make):
    """Spoils by another rf_data, with the index it ought to have."""
    def spoil(c, ms):
        with h5py.File(c.name(ms), "w") as h:
            make(c, h, c.first(ms))
            h.create_dataset("rf_data_index", data=np.array([[c.first(ms), 0]], np.uint64),
                             chunks=(100, 2), maxshape=(None, 2))
    return spoil


def external(c, h, first):
    space = h5py.h5s.create_simple((1000, 1))
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_external(b"/etc/passwd", 0, 4000)
    h5py.h5d.create(h.id, b"rf_data", h5py.h5t.py_create(c.dtype), space, plist)


def virtual(c, h, first):
    layout = h5py.VirtualLayout((1000, 1), c.dtype)
    layout[:] = h5py.VirtualSource(c.name(START * 1000), "rf_data", (1000, 1))
    h.create_virtual_dataset("rf_data", layout)


def link(make):
    return dataset(lambda c, h, first: h.__setitem__("rf_data", make(c)))


def claim(rows, **layout):
    return dataset(lambda c, h, first: h.create_dataset("rf_data", (rows, 1), c.dtype, **layout))


def truncate(c, ms):
    name = c.write(ms)
    os.truncate(name, os.path.getsize(name) // 2)


def damage_chunk(c, ms):
    name = c.write(ms, chunks=(1000, 1), fletcher32=True)
    with h5py.File(name) as h:
        place = h["rf_data"].id.get_chunk_info(0).byte_offset
    with open(name, "r+b") as f:
        f.seek(place + 100)
        f.write(b"damage")


def bad_files():
    bad_file("bad-garbage", lambda c, ms: put(c.name(ms), b"garbage" * 1000), "not an HDF5 file")
    bad_file("bad-empty", lambda c, ms: put(c.name(ms), b""), "not an HDF5 file")
    bad_file("bad-truncated", truncate, "not an HDF5 file")
    bad_file("bad-folder", lambda c, ms: os.mkdir(c.name(ms)), "not a regular file")
    bad_file("bad-fifo", lambda c, ms: os.mkfifo(c.name(ms)), "not a regular file")
    bad_file("bad-dangling", lambda c, ms: os.symlink("nowhere", c.name(ms)), "No such file")
    bad_file("bad-chunk", damage_chunk, "cannot be decoded")
    bad_file("tmp-file", lambda c, ms: put(c.name(ms, "tmp.rf"), b"half"), None)
    bad_file("bad-index-descends", with_index((0, 0), (500, 500), (400, 600)), "rf_data_index")
    bad_file("bad-index-overlaps", with_index((0, 0), (400, 500)), "rf_data_index")
    bad_file("bad-index-rows-descend", with_index((0, 0), (500, 500), (600, 400)), "rf_data_index")
    bad_file("bad-index-rows-same", with_index((0, 0), (500, 500), (600, 500)), "rf_data_index")
    bad_file("bad-index-merged-back", with_index((0, 0), (500, 500), (300, 300)), "rf_data_index")
    bad_file("bad-index-beyond", with_index((0, 0), (1000, 1000)), "rf_data_index")
    bad_file("bad-index-late", with_index((5, 5)), "rf_data_index")
    bad_file("bad-index-elsewhere", with_index((5000, 0)), "do not belong")
    bad_file("bad-index-before", with_index((-500, 0)), "do not belong")
    bad_file("bad-index-wraps", with_index((2**64 - 1 - START * 1000 - 2000, 0)), "rf_data_index")
    bad_file("bad-index-wide", lambda c, ms: c.write(ms, index=[(c.first(ms), 0, 0)]),
             "rf_data_index")
    bad_file("bad-external", dataset(external), "no dataset rf_data")
    bad_file("bad-virtual", dataset(virtual), "no dataset rf_data")
    bad_file("bad-soft-link", link(lambda c: h5py.SoftLink("/rf_data_index")), "no dataset rf_data")
    bad_file("bad-external-link",
             link(lambda c: h5py.ExternalLink(c.name(START * 1000), "/rf_data")),
             "no dataset rf_data")
    bad_file("bad-no-data", dataset(lambda c, h, first: None), "no dataset rf_data")
    bad_file("bad-rank", dataset(lambda c, h, first: h.create_dataset("rf_data", (1000,), c.dtype)),
             "not of 1 subchannels")
    bad_file("bad-subchannels",
             dataset(lambda c, h, first: h.create_dataset("rf_data", (1000, 2), c.dtype)),
             "not of 1 subchannels")
    bad_file("bad-claim", claim(2**50), "where 1000 fit")
    bad_file("bad-claim-chunk", claim(1000, chunks=(2**27, 1), maxshape=(None, 1)), "chunks larger")
    for case, dtype in (("bad-type-real", "<i2"), ("bad-type-size", [("r", "<i4"), ("i", "<i4")]),
                        ("bad-type-order", [("r", ">i2"), ("i", ">i2")]),
                        ("bad-type-sign", [("r", "<u2"), ("i", "<u2")]),
                        ("bad-type-mixed", [("r", "<i2"), ("i", "<u2")]),
                        ("bad-type-names", [("i", "<i2"), ("r", "<i2")]),
                        ("bad-type-three", [("r", "<i2"), ("i", "<i2"), ("x", "<i2")]),
                        ("bad-type-float", [("r", "<f2"), ("i", "<f2")]),
                        ("bad-type-text", "S4")):
        bad_file(case, dataset(lambda c, h, first, dtype=dtype: h.create_dataset(
            "rf_data", (1000, 1), dtype)), "its elements are not")


def metadata(c, entries, name="metadata", properties="dmd_properties.h5", rate=None,
             prefix="metadata", **changed):
    """Writes Digital Metadata of {index: {path: value}}, in files of 10 s, folders of 60 s."""
    rate = Fraction(rate or c.rate)
    path = os.path.join(c.path, name)
    os.makedirs(path)
    with h5py.File(os.path.join(path, properties), "w") as h:
        values = {"subdir_cadence_secs": 60, "file_cadence_secs": 10,
                  "sample_rate_numerator": rate.numerator,
                  "sample_rate_denominator": rate.denominator, "file_name": np.string_(prefix)}
        values.update(changed)
        for key, value in values.items():
            h.attrs[key] = value
    for index, fields in entries.items():
        seconds = int(index / rate)
        folder = os.path.join(path, folder_name(seconds - seconds % 60))
        os.makedirs(folder, exist_ok=True)
        file = os.path.join(folder, "%s@%d.h5" % (prefix, seconds - seconds % 10))
        with h5py.File(file, "a") as h:
            group = h.create_group(str(index))
            for key, value in fields.items():
                group[key] = value


def tuned(case, entries, tunings, files=3, subchannels=1, spoil=None, **kinds):
    c = Capture(case, subchannels=subchannels)
    for k in range(files):
        c.write((START + k) * 1000)
    c.block(START * 1000, files)
    metadata(c, entries, **kinds)
    for tuning in tunings:
        c.expect("tuning", *tuning)
    if spoil:
        spoil(c)


def tunings():
    first = START * 1000
    tuned("tuned", {first - 152000: {"center_frequencies": 1e6}}, [(first - 152000, 1e6)])
    tuned("tuned-retune", {
        first - 900000: {"center_frequencies": [1e6]},
        first - 300000: {"center_frequencies": np.array([2e6])},
        first - 200000: {"gain": 3.0},
        first + 500: {"center_frequencies": [2e6]},
        first + 1500: {"center_frequencies": [3e6]},
        first + 3500: {"center_frequencies": [4e6]},
    }, [(first - 300000, 2e6), (first + 1500, 3e6)])
    tuned("tuned-late", {first + 1: {"center_freq": 5}}, [(first + 1, 5)])
    tuned("tuned-receiver", {first: {"receiver/center_freq": 7.5e6, "receiver/id": "x"}},
          [(first, 7.5e6)])
    tuned("tuned-four", {first: {"center_frequencies": [1.0, 2.0, 3.0, 4.0]}},
          [(first, 1, 2, 3, 4)], subchannels=4)
    tuned("tuned-all-alike", {first: {"center_frequencies": 9.0}}, [(first, 9, 9)], subchannels=2)
    tuned("tuned-too-few", {first: {"center_frequencies": [1.0, 2.0]}}, [(first, 1, 2, "nan")],
          subchannels=3)
    # An entry at its own rate holds from the first sample that is not before it.
    rate = Fraction(10**9 + 7, 998244353)
    tuned("tuned-own-rate", {int(START * rate) + 2: {"center_frequencies": 1e6}},
          [(ceil((int(START * rate) + 2) / rate * 1000), 1e6)], rate=rate)
    tuned("tuned-other-folder", {first: {"center_frequencies": 1e6}}, [(first, 1e6)],
          name="my-notes", prefix="notes")
    tuned("tuned-old-name", {first: {"center_frequencies": 1e6}}, [(first, 1e6)],
          properties="metadata.h5")
    tuned("tuned-nothing", {first: {"gain": 1.0}}, [])
    tuned("tuned-text", {first: {"center_frequencies": "fast"}}, [])
    link_out = h5py.ExternalLink("/etc/passwd", "x")
    tuned("tuned-escape", {first: {"center_frequencies": link_out}}, [])
    tuned("tuned-bad-prefix", {first: {"center_frequencies": 1e6}}, [],
          file_name=np.string_("../x"))

    def garbage(c):
        for seconds in (START, START - 10):
            put(os.path.join(c.path, "metadata", folder_name(seconds - seconds % 60),
                             "metadata@%d.h5" % (seconds - seconds % 10)), b"garbage")
            c.expect("skipped", "metadata@%d.h5" % (seconds - seconds % 10))
    tuned("tuned-damaged", {first - 20000: {"center_frequencies": 1e6},
                            first - 10000: {"center_frequencies": 2e6},
                            first: {"center_frequencies": 3e6}}, [(first - 20000, 1e6)],
          spoil=garbage)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for make in (types, layouts, times, blocks, versions, bad_files, tunings):
        make()


main()
