#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What drf-write writes, held by h5py against each rule of the DigitalRF format: names, attributes
with their types, index, layout, samples, Digital Metadata; and read by the reference library where
that is installed. Prints TAP."""
import os
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from fractions import Fraction
from math import ceil, floor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.path.join(ROOT, os.environ.get('LEAT_BUILD', 'build'), 'libexec/leat')
count = failed = 0


def check(right, what):
    global count, failed
    count += 1
    failed += not right
    print('%sok %d - %s' % ('' if right else 'not ', count, what), flush=True)


try:
    import h5py
    import numpy as np
except ImportError as missing:
    print('1..0 # SKIP %s' % missing)
    sys.exit(0)
try:
    import digital_rf
except ImportError:
    digital_rf = None

START = 1719499740                     # 2024-06-27T14:49:00Z, where all streams begin
U64, I32, I64 = np.dtype('u8'), np.dtype('i4'), np.dtype('i8')
TYPES = {'u8': 'u1', 'i8': 'i1', 'u16': 'u2', 'i16': 'i2', 'u32': 'u4', 'i32': 'i4', 'u64': 'u8',
         'i64': 'i8', 'f32': 'f4', 'f64': 'f8'}


class Case:
    """One stream and how it is written. Gaps and retunes are (at, length or Hz) in ms."""

    def __init__(self, name, rate, ms, kind='ci16', subchannels=1, gaps=(), retunes=(), file_ms=1000,
                 folder_s=3600, gzip=0, checksum=False, continuous=False):
        self.__dict__.update(locals())
        self.rate = Fraction(rate)
        part = '<' + TYPES[kind.lstrip('c')]
        self.part = np.dtype(part)
        self.complex = kind[0] == 'c'
        self.dtype = np.dtype([('r', part), ('i', part)]) if self.complex else self.part

    def make(self, top):
        gen = [os.path.join(PROGRAMS, 'iq-gen'), '--rate', str(self.rate), '--seconds',
               '%dms' % self.ms, '--noise', '0.1', '--tone', '300:0.4', '--freq', '1M', '-c',
               str(self.subchannels), '--type', self.kind, '--time0', '2024-06-27T14:49:00Z']
        gen += ['--real'] * (not self.complex)
        for at, length in self.gaps:
            gen += ['--gap', '%dms:%dms' % (at, length)]
        for at, hz in self.retunes:
            gen += ['--retune', '%dms:%d' % (at, hz)]
        stream = subprocess.run(gen, check=True, stdout=subprocess.PIPE).stdout
        write = [os.path.join(PROGRAMS, 'drf-write'), '-q', '-c', 'ch', '--file-ms', str(self.file_ms),
                 '--subdir-s', str(self.folder_s), '--gzip', str(self.gzip), '--uuid', 'peer']
        write += ['--checksum'] * self.checksum + ['--continuous'] * self.continuous
        subprocess.run(write + [top], input=stream, check=True)
        payload = subprocess.run([os.path.join(PROGRAMS, 'stream-payload')], input=stream, check=True,
                                 stdout=subprocess.PIPE).stdout
        text = subprocess.run([os.path.join(PROGRAMS, 'stream-head'), '--all'], input=stream,
                              check=True, stdout=subprocess.PIPE).stdout.decode()
        frames = re.findall(r'^IQ seq \d+ index (\d+) \S+ \[(\d+)\]', text, re.M)
        self.samples = np.frombuffer(payload, self.dtype).reshape(-1, self.subchannels)
        base = START * self.rate
        self.base = floor(base + Fraction(1, 2))
        self.indices = np.concatenate([np.arange(int(i), int(i) + int(n), dtype=np.uint64)
                                       for i, n in frames]) + np.uint64(self.base)


def fill_of(case):
    kind, size = case.part.kind, case.part.itemsize
    value = {'f': np.nan, 'u': 0, 'i': -2 ** (8 * size - 1)}[kind]
    one = np.zeros((), case.dtype)
    for name in case.dtype.names or [None]:
        if name:
            one[name] = value
        else:
            one[()] = value
    return one


def attributes_of(case):
    return {
        'H5Tget_class': (U64, 1 if case.part.kind == 'f' else 0),
        'H5Tget_size': (U64, case.part.itemsize),
        'H5Tget_order': (U64, 0),
        'H5Tget_precision': (U64, 8 * case.part.itemsize),
        'H5Tget_offset': (U64, 0),
        'subdir_cadence_secs': (U64, case.folder_s),
        'file_cadence_millisecs': (U64, case.file_ms),
        'sample_rate_numerator': (U64, case.rate.numerator),
        'sample_rate_denominator': (U64, case.rate.denominator),
        'is_complex': (I32, int(case.complex)),
        'num_subchannels': (I32, case.subchannels),
        'is_continuous': (I32, int(case.continuous)),
    }


def numbers_fit(where, wanted):
    for name, (dtype, value) in wanted.items():
        a = h5py.h5a.open(where.id, name.encode())
        if a.shape != () or a.dtype != dtype or int(where.attrs[name]) != value:
            print('# %s: %s %s, not %s %s' % (name, a.dtype, where.attrs[name], dtype, value))
            return False
    return True


def texts_fit(where, names):
    for name in names:
        t = h5py.h5a.open(where.id, name.encode()).get_type()
        if t.get_class() != h5py.h5t.STRING or t.is_variable_str() or \
                t.get_strpad() != h5py.h5t.STR_NULLTERM or t.get_cset() != h5py.h5t.CSET_ASCII:
            return False
    return True


TEXTS = ['epoch', 'digital_rf_time_description', 'digital_rf_version']


def folder_name(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime('%Y-%m-%dT%H-%M-%S')


def ms_of(case, index):
    return floor(Fraction(int(index), 1) / case.rate * 1000)


def check_file(case, path, ms, sequence, mine, samples):
    """One file against the samples that belong to it."""
    first, end = (ceil(Fraction(m, 1000) * case.rate) for m in (ms, ms + case.file_ms))
    whole = case.continuous and not case.gzip and not case.checksum
    with h5py.File(path, 'r') as f:
        d, index = f['rf_data'], f['rf_data_index']
        plist = d.id.get_create_plist()
        layout = plist.get_layout()
        filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
        wanted = dict(attributes_of(case), sequence_num=(I32, sequence),
                      init_utc_timestamp=(U64, START), computer_time=(U64, ms // 1000))
        fill = np.zeros((), case.dtype)
        plist.get_fill_value(fill)
        rows = index[:]
        data = d[:]
        right = [
            sorted(f) == ['rf_data', 'rf_data_index'],
            numbers_fit(d, wanted) and texts_fit(d, TEXTS + ['uuid_str']) and len(d.attrs) == 19,
            d.attrs['uuid_str'] == b'peer' and d.attrs['epoch'] == b'1970-01-01T00:00:00Z',
            d.id.get_type().equal(h5py.h5t.py_create(case.dtype)) and d.ndim == 2,
            d.maxshape == (end - first, case.subchannels) and d.shape[1] == case.subchannels,
            layout == (h5py.h5d.CONTIGUOUS if whole else h5py.h5d.CHUNKED),
            filters == [h5py.h5z.FILTER_DEFLATE] * (case.gzip > 0) +
                       [h5py.h5z.FILTER_FLETCHER32] * case.checksum,
            fill.tobytes() == fill_of(case).tobytes(),
            index.dtype == U64 and index.chunks == (100, 2) and index.maxshape == (None, 2),
        ]
    if case.continuous:
        full = np.empty((end - first, case.subchannels), case.dtype)
        full[:] = fill_of(case)
        full[(mine - np.uint64(first)).astype(int)] = samples
        right += [rows.tolist() == [[first, 0]], data.tobytes() == full.tobytes()]
    else:
        begins = np.flatnonzero(np.diff(mine, prepend=mine[:1] - np.uint64(2)) != 1)
        right += [rows.tolist() == [[int(mine[b]), int(b)] for b in begins],
                  data.tobytes() == samples.tobytes()]
    if not all(right):
        print('# %s: %s' % (path, right))
    return all(right)


def check_channel(case, channel):
    starts = np.array([ms_of(case, i) // case.file_ms * case.file_ms for i in case.indices])
    names, right = [], True
    for sequence, ms in enumerate(np.unique(starts)):
        ms = int(ms)
        folder = folder_name(ms // 1000 // case.folder_s * case.folder_s)
        names.append('%s/rf@%d.%03d.h5' % (folder, ms // 1000, ms % 1000))
        mine = starts == ms
        path = os.path.join(channel, names[-1])
        right = os.path.exists(path) and right and check_file(
            case, path, ms, sequence, case.indices[mine], case.samples[mine])
    there = sorted(os.path.join(f, n) for f in os.listdir(channel) if f[0] == '2'
                   for n in os.listdir(os.path.join(channel, f)))
    check(there == sorted(names), '%s: files have the names of their times' % case.name)
    check(right, '%s: attributes, layout, index and samples of each file' % case.name)
    with h5py.File(os.path.join(channel, 'drf_properties.h5'), 'r') as f:
        check(len(f) == 0 and len(f.attrs) == 15 and numbers_fit(f, attributes_of(case)) and
              texts_fit(f, TEXTS) and f.attrs['digital_rf_version'] == b'2.6.0', '%s: properties' % case.name)


def check_metadata(case, channel):
    entries = {case.base: 1e6}
    for at, hz in case.retunes:
        entries[case.base + ceil(Fraction(at, 1000) * case.rate)] = float(hz)
    home = os.path.join(channel, 'metadata')
    with h5py.File(os.path.join(home, 'dmd_properties.h5'), 'r') as f:
        file_s = int(f.attrs['file_cadence_secs'])
        fields = f['fields']
        check(numbers_fit(f, {'subdir_cadence_secs': (I64, case.folder_s), 'file_cadence_secs': (I64, file_s),
                              'sample_rate_numerator': (I64, case.rate.numerator),
                              'sample_rate_denominator': (I64, case.rate.denominator)}) and
              texts_fit(f, ['file_name', 'digital_metadata_version']) and case.folder_s % file_s == 0 and
              fields.dtype == np.dtype([('column', 'S128')]) and
              fields['column'].tolist() == [b'center_frequencies'],
              '%s: properties of the metadata' % case.name)
    found = {}
    for folder in os.listdir(home):
        for name in os.listdir(os.path.join(home, folder)) if folder[0] == '2' else ():
            with h5py.File(os.path.join(home, folder, name), 'r') as f:
                for key in f:
                    value, seconds = f[key]['center_frequencies'], floor(int(key) / case.rate / file_s) * file_s
                    good = (name == 'metadata@%d.h5' % seconds and value.dtype == np.dtype('<f8') and
                            folder == folder_name(seconds // case.folder_s * case.folder_s) and
                            list(f[key]) == ['center_frequencies'])
                    found[int(key)] = value[:].tolist() if good else None
    check(found == {i: [hz] * case.subchannels for i, hz in entries.items()},
          '%s: an entry at each sample from which the tuning is another' % case.name)


def check_reference(case, top):
    if digital_rf is None:
        global count
        count += 1
        print('ok %d - %s: the reference library # SKIP digital_rf is not installed' % (count, case.name))
        return
    reader = digital_rf.DigitalRFReader(top)
    first, last = reader.get_bounds('ch')
    blocks = reader.get_continuous_blocks(first, last, 'ch')
    indices, pieces = [], []
    for start, rows in blocks.items():
        indices.append(np.arange(start, start + rows, dtype=np.uint64))
        pieces.append(reader.read_vector_raw(start, rows, 'ch').reshape(rows, -1))
    where, data = np.concatenate(indices), np.concatenate(pieces)
    mine = np.isin(where, case.indices)
    metadata = reader.get_digital_metadata('ch').read(int(case.base), int(last))
    check(reader.get_channels() == ['ch'] and np.array_equal(where[mine], case.indices) and
          data[mine].tobytes() == case.samples.tobytes() and (case.continuous or mine.all()) and
          len(metadata) == 1 + len(case.retunes), '%s: the reference library' % case.name)


CASES = [
    Case('gapped ci16', 10000, 3300, subchannels=2, gaps=[(100, 7), (1900, 300)],
         retunes=[(1500, 2e6), (1505, 3e6)]),
    Case('whole files lack', 1000, 9000, gaps=[(1500, 5000)], file_ms=500, folder_s=2),
    Case('rational rate', Fraction(100000, 3), 1700, 'f32', gaps=[(333, 11)], file_ms=100, folder_s=1),
    Case('continuous rational', Fraction(100000, 3), 700, 'cf64', gaps=[(333, 11)], file_ms=100,
         continuous=True),
    Case('continuous', 20000, 2500, subchannels=3, gaps=[(100, 900)], retunes=[(2000, 5)], continuous=True),
    Case('continuous gzip', 20000, 2500, 'ci8', gaps=[(100, 400)], continuous=True, gzip=2, checksum=True),
    Case('several chunks', 200000, 1500, 'ci32', gaps=[(700, 1)], retunes=[(1200, 7e8)]),
    Case('several chunks gzip', 200000, 1500, 'i16', gaps=[(700, 1)], gzip=1),
    Case('checksum', 100000, 1100, 'cu8', subchannels=5, checksum=True),
    Case('odd rate', Fraction(10**9 + 7, 998244353), 40000, 'u16', file_ms=4000, folder_s=60),
] + [Case(kind, 3000, 600, kind, file_ms=250, folder_s=1)
     for kind in ['ci64', 'cu64', 'cu32', 'cu16', 'i8', 'u8', 'i32', 'u32', 'u64', 'i64', 'f64', 'cf32']]

for case in CASES:
    with tempfile.TemporaryDirectory(dir='/dev/shm' if os.path.isdir('/dev/shm') else None) as top:
        case.make(top)
        channel = os.path.join(top, 'ch')
        check_channel(case, channel)
        check_metadata(case, channel)
        check_reference(case, top)
print('1..%d' % count)
sys.exit(failed > 0)
