#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What export-npy, -csv, -json and -h5 write, as NumPy, csv, json and h5py read it; filterbanks as a
reader and a writer made here of the format's description alone see them."""
import csv
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
from fractions import Fraction

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get('LEAT_BUILD', 'build'))
DTYPES = {1: 'u1', 2: 'i1', 3: 'u2', 4: 'i2', 5: 'u4', 6: 'i4', 7: 'u8', 8: 'i8', 10: 'f4', 11: 'f8'}
count = failed = 0


def check(right, what):
    global count, failed
    count += 1
    failed += not right
    print('%sok %d - %s' % ('' if right else 'not ', count, what), flush=True)


def skip(what, why):
    global count
    count += 1
    print('ok %d - %s # SKIP %s' % (count, what, why))


def run(name, *args, data=b'', code=0):
    """What a command of leat writes."""
    done = subprocess.run([os.path.join(BUILD, 'libexec/leat', name), *args], input=data,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == code, (name, args, done.returncode, done.stderr)
    return done.stdout


def made(*lines):
    """What tests/tools/mkstream makes of the lines."""
    return subprocess.run([os.path.join(BUILD, 'tests/tools/mkstream')],
                          input='\n'.join(lines).encode() + b'\n', stdout=subprocess.PIPE,
                          check=True).stdout


def frames(stream):
    """Index, dtype, shape, lines of metadata and payload of each data frame, sums unchecked."""
    at = 0
    while at < len(stream):
        kind, dtype, ndim = struct.unpack_from('<HBB', stream, at + 10)
        index, size, meta = struct.unpack_from('<qQI', stream, at + 24)
        dim = struct.unpack_from('<8Q', stream, at + 48)[:ndim]
        lines = stream[at + 128:at + 128 + meta].decode().split('\n')[:-1]
        at += 128 + (meta + 63) // 64 * 64
        yield kind, dtype, index, dim, lines, stream[at:at + size]
        at += (size + 8 + 63) // 64 * 64


def arrays(np, stream):
    """Indices, and the payloads of all data frames as one array."""
    index, parts = [], []
    for kind, dtype, first, dim, _, payload in frames(stream):
        if kind in (1, 2):
            index += [(first, dim[0])]
            parts += [np.frombuffer(payload, '<' + DTYPES[dtype & 63]).reshape(
                *dim, *((2,) if dtype & 64 else ()))]
    return index, np.concatenate(parts)


def key(stream, name):
    """The first value of a key of the first HEAD."""
    return [line.split(' ', 1)[1] for line in next(frames(stream))[4]
            if line.split(' ', 1)[0] == name][0]


COLUMNS = ('key kinds TABLE', 'key col t f64 s', 'key col power_dbfs f32 dBFS', 'key col n u8 - 4',
           'key col z cf32 V', 'key col m ci16 -', 'key col name s5 -', 'key col big u64 -', 'HEAD',
           'payload %d' % (6 * 64 + 56), 'TABLE columns 17 7', 'END')


def table(np):
    """A stream of a table with every sort of column, and what is in it."""
    t = np.array([0, 0.1, 1e300, -1e-310, np.nan, np.inf, 3])
    p = np.array([1 / 3, -0.0, 1e-44, 3.4e38, np.nan, 16777216, 0.1], 'f4')
    n = np.arange(28, dtype='u1').reshape(7, 4)
    z = (np.arange(7) / 7 - 1j).astype('c8')
    m = np.arange(-7, 7, dtype='i2').reshape(7, 2)
    name = np.array([b'a,b', b'q"q', b'', b' x ', 'é'.encode(), b'1\n2', b'\xffabcd'], 'S5')
    big = np.array([0, 1, 2**64 - 1, 2**53 + 1, 2**63, 7, 8], 'u8')
    columns = [t, p, n, z, m, name, big]
    payload = b''
    for c in columns:
        payload += bytes(-len(payload) % 64) + c.tobytes()
    lines = list(COLUMNS)
    lines[9] = 'payload %d' % len(payload)
    raw = made(*lines)
    # mkstream fills with counting bytes: put the values there instead, and leave sums alone.
    at = [i for i in range(0, len(raw), 64) if raw[i:i + 4] == b'\x89LEA'][1] + 128
    return raw[:at] + payload + raw[at + len(payload):], columns


def npy(np, stream, *args):
    return np.load(io.BytesIO(run('export-npy', *args, data=stream)), allow_pickle=False)


def test_npy(np):
    for dtype in 'cu8 ci8 cu16 ci16 cu32 ci32 cu64 ci64 cf32 cf64 u8 i16 f32 f64'.split():
        stream = run('iq-gen', '--rate', '20k', '--seconds', '37ms', '--noise', '0.1', '-c', '3',
                     '--type', dtype)
        _, wanted = arrays(np, stream)
        if dtype in ('cf32', 'cf64'):
            wanted = wanted.view('c8' if dtype == 'cf32' else 'c16')[..., 0]
        got = npy(np, stream)
        check(got.dtype == wanted.dtype and got.shape == wanted.shape and (got == wanted).all()
              and got.flags.c_contiguous, 'NPY of IQ, %s' % dtype)
        amplitude = npy(np, stream, '--float')
        full = float(key(stream, 'full_scale'))
        zero = full if 'u' in dtype else 0
        _, raw = arrays(np, stream)
        real = (raw.astype('f8') - zero) / full
        wanted = real[..., 0] + 1j * real[..., 1] if dtype[0] == 'c' else real
        check(amplitude.dtype == ('c8' if dtype[0] == 'c' else 'f4')
              and abs(amplitude - wanted).max() < 1e-6, 'NPY of IQ, %s --float' % dtype)
    stream = run('fft-slice', '-n', '64', data=run(
        'iq-gen', '--rate', '20k', '--seconds', '200ms', '--noise', '1', '--gap', '50ms:10ms', '-c', '2'))
    _, wanted = arrays(np, stream)
    got = npy(np, stream, '--gaps', 'join')
    check(got.dtype == 'f4' and got.shape == wanted.shape and (got == wanted).all(),
          'NPY of SPECTRA')
    got = npy(np, made('key kinds IMAGE', 'HEAD', 'IMAGE u16 0 3x5x7 last', 'END'))
    wanted = (np.arange(210) * 7 % 256).astype('u1').view('<u2').reshape(3, 5, 7)
    check(got.dtype == 'u2' and (got == wanted).all(), 'NPY of IMAGE')

    stream, columns = table(np)
    os.environ['LEAT_CRC'] = '0'
    got = npy(np, stream)
    check(got.dtype.names == ('t', 'power_dbfs', 'n', 'z', 'm', 'name', 'big') and got.shape == (7,),
          'NPY of TABLE: fields')
    for name, wanted in zip(got.dtype.names, columns):
        alone = npy(np, stream, '--column', name)
        right = [a.dtype == wanted.dtype and a.shape == wanted.shape
                 and a.tobytes() == wanted.tobytes() for a in (got[name], alone)]
        check(all(right), 'NPY of TABLE: column %s, with others and alone' % name)
    got = npy(np, stream, '--column', 'big,t', '--column', 'n')
    check(got.dtype.names == ('big', 't', 'n'), 'NPY of TABLE: columns in the order asked for')
    del os.environ['LEAT_CRC']
    names = ['c%04d_%s' % (i, 'x' * 50) for i in range(1200)]
    lines = ['key kinds TABLE'] + ['key col %s u8 -' % n for n in names]
    data = made(*lines, 'HEAD', 'payload %d' % (64 * 1199 + 2), 'TABLE columns 0 2', 'END')
    got = run('export-npy', data=data)
    check(got[6] == 2 and np.load(io.BytesIO(got), allow_pickle=True).dtype.names == tuple(names),
          'NPY 2.0, a head of more than 64 KiB')
    data = made('key kinds TABLE', "key col a'b\\\\c u8 -", 'key col größe u8 -', 'HEAD',
                'payload 66', 'TABLE columns 0 2', 'END')
    got = run('export-npy', data=data)
    check(got[6] == 3 and np.load(io.BytesIO(got)).dtype.names == ("a'b\\c", 'größe'),
          'NPY 3.0, names that are not ASCII or hold quotes')


def digits(word):
    """How many digits a number needs, zeros at its ends left out."""
    return len(word.lower().split('e')[0].replace('.', '').strip('-').strip('0'))


def same_text(np, word, wanted):
    """Whether text reads back as the very number, in no more digits than NumPy needs."""
    if np.isnan(wanted):
        return word == ''
    if np.issubdtype(wanted.dtype, np.integer):
        return int(word) == int(wanted)
    if np.isinf(wanted):
        return float(word) == wanted
    return (wanted.dtype.type(word) == wanted
            and digits(word) <= digits(np.format_float_scientific(wanted, unique=True)))


def test_csv(np):
    stream, columns = table(np)
    os.environ['LEAT_CRC'] = '0'
    rows = list(csv.reader(io.StringIO(run('export-csv', data=stream).decode('utf-8', 'surrogateescape'),
                                       newline='')))
    del os.environ['LEAT_CRC']
    check(rows[0] == ['t (s)', 'power_dbfs', 'n[0]', 'n[1]', 'n[2]', 'n[3]', 'z.re (V)', 'z.im (V)',
                      'm.re', 'm.im', 'name', 'big'] and len(rows) == 8, 'CSV of TABLE: head line')
    flat = [columns[0], columns[1], *columns[2].T, columns[3].real, columns[3].imag, *columns[4].T]
    right = all(same_text(np, row[i], column[k])
                for k, row in enumerate(rows[1:]) for i, column in enumerate(flat))
    check(right, 'CSV of TABLE: numbers read back equal')
    check([r[10].encode('utf-8', 'surrogateescape') for r in rows[1:]] == list(columns[5])
          and [int(r[11]) for r in rows[1:]] == list(columns[6]), 'CSV of TABLE: text, and u64')

    iq = run('iq-gen', '--rate', '20k', '--seconds', '100ms', '--noise', '1', '--gap', '50ms:10ms',
             '-c', '2', '--freq', '1M', '--time0', '2024-06-27T14:49:00Z')
    index, wanted = arrays(np, iq)
    index = np.concatenate([np.arange(a, a + n) for a, n in index])
    rows = list(csv.reader(io.StringIO(run('export-csv', data=iq).decode())))
    check(rows[0] == ['index', 'utc', 'i0', 'q0', 'i1', 'q1'], 'CSV of IQ: head line')
    got = np.array([[int(v) for v in r[2:]] for r in rows[1:]])
    check((got == wanted.reshape(-1, 4)).all() and [int(r[0]) for r in rows[1:]] == list(index),
          'CSV of IQ: samples and indices, the gap left out')
    check(rows[1001][:2] == ['1200', '2024-06-27T14:49:00.06Z'], 'CSV of IQ: time')

    spectra = run('fft-slice', '-n', '8', data=iq)
    index, power = arrays(np, spectra)
    index = np.concatenate([a + 8 * np.arange(n) for a, n in index])
    rows = list(csv.reader(io.StringIO(run('export-csv', data=spectra).decode())))
    check(rows[0] == ['index', 'utc', 'subchannel'] + ['%d' % (990000 + 2500 * b) for b in range(8)],
          'CSV of SPECTRA: head line')
    got = np.array([[np.float32(v) for v in r[3:]] for r in rows[1:]]).reshape(-1, 2, 8)
    check((got == power).all() and [int(r[0]) for r in rows[1::2]] == list(index),
          'CSV of SPECTRA: powers and indices')
    rows = list(csv.reader(io.StringIO(run('export-csv', '--db', data=spectra).decode())))
    got = np.array([[float(v) for v in r[3:]] for r in rows[1:]]).reshape(-1, 2, 8)
    check(abs(got - 10 * np.log10(power.astype('f8'))).max() < 0.00501, 'CSV of SPECTRA: --db')
    # As heatmap programs take a line apart.
    lines = run('export-csv', '--rtl-power', data=spectra).decode().split('\n')[:-1]
    rows = [[w.strip() for w in line.split(',')] for line in lines]
    check(all(r[:6] == ['2024-06-27', '14:49:00', '990000', '1010000', '2500.00', '8'] for r in rows),
          'CSV --rtl-power: date, time, band, step, samples')
    got = np.array([[float(v) for v in r[6:]] for r in rows]).reshape(-1, 2, 8)
    check(abs(got - 10 * np.log10(power.astype('f8'))).max() < 0.00501, 'CSV --rtl-power: levels')


def test_json(np):
    stream, columns = table(np)
    os.environ['LEAT_CRC'] = '0'
    rows = [json.loads(line) for line in run('export-json', '--index', data=stream).decode().splitlines()]
    del os.environ['LEAT_CRC']
    right = len(rows) == 7
    for k, row in enumerate(rows):
        for name, wanted in (('t', columns[0][k]), ('power_dbfs', columns[1][k])):
            right = right and (row[name] is None if not np.isfinite(wanted)
                               else wanted.dtype.type(row[name]) == wanted)
        right = right and row['n'] == list(columns[2][k]) and row['index'] == 17
        right = right and np.complex64(complex(*row['z'])) == columns[3][k]
        right = right and row['m'] == list(columns[4][k]) and row['big'] == int(columns[6][k])
    check(right, 'JSON of TABLE: numbers read back equal, what is none is null')
    check([r['name'] for r in rows] == [c.decode('utf-8', 'replace') for c in columns[5]],
          'JSON of TABLE: text')
    iq = run('iq-gen', '--rate', '20k', '--seconds', '100ms', '--noise', '1', '--gap', '50ms:10ms',
             '-c', '2', '--freq', '1M', '--time0', '2024-06-27T14:49:00Z')
    spectra = run('fft-slice', '-n', '8', data=iq)
    _, power = arrays(np, spectra)
    rows = [json.loads(line) for line in run('export-json', data=spectra).splitlines()]
    got = np.array([r['power'] for r in rows], 'f4').reshape(-1, 2, 8)
    check((got == power).all(), 'JSON of SPECTRA: powers')
    last = {k: v for k, v in rows[-1].items() if k != 'power'}
    check(last == {'index': 1992, 'time_s': 0.0996, 'utc': '2024-06-27T14:49:00.0996Z',
                   'subchannel': 1, 'freq_hz': 990000, 'step_hz': 2500, 'unit': 'FS^2'},
          'JSON of SPECTRA: what stands beside them')
    report = made('key kinds REPORT', 'key x.one a"b', 'key x.two 1', 'key x.two 2', 'HEAD',
                  'key x.three \\n', 'REPORT columns 0 -', 'END')
    check(json.loads(run('export-json', data=report)) ==
          {'kinds': 'REPORT', 'x.one': 'a"b', 'x.two': ['1', '2'], 'x.three': '\n'},
          'JSON of REPORT')


def test_h5(np, h5py):
    def opened(stream, *args):
        return h5py.File(io.BytesIO(run('export-h5', *args, data=stream)), 'r')

    iq = run('iq-gen', '--rate', '20k', '--seconds', '200ms', '--noise', '1', '--gap', '50ms:11ms',
             '-c', '2', '--freq', '1M', '--time0', '2024-06-27T14:49:00Z', '--retune', '0.1s:2M')
    spectra = run('fft-slice', '-n', '8', '-a', '2', data=iq)
    index, power = arrays(np, spectra)
    index = np.concatenate([a + 16 * np.arange(n) for a, n in index])
    for gzip in '0', '6':
        f = opened(spectra, '--gzip', gzip, '--channel', 'ch0')
        w = f['waterfall']
        check((w['power'][()] == power).all() and w['power'].dtype == '<f4'
              and w['power'].compression == ('gzip' if gzip == '6' else None),
              'HDF5 of SPECTRA, gzip %s: powers' % gzip)
        check((w['index'][()] == index).all(), 'HDF5 of SPECTRA, gzip %s: indices' % gzip)
    check((abs(w['time'][()] - 1719499740 - index / 20000) < 1e-6).all()
          and w['time'].attrs['unit'] == b's since 1970-01-01T00:00:00Z', 'HDF5 of SPECTRA: times')
    centre = np.where(index < 2000, 1e6, 2e6)
    check((w['center_frequency'][()] == centre[:, None]).all(), 'HDF5 of SPECTRA: the retune')
    check((w['frequency'][()] == 990000 + 2500 * np.arange(8)).all(), 'HDF5 of SPECTRA: frequencies')
    wanted = {'sample_rate': 20000, 'sample_rate_numerator': 20000, 'sample_rate_denominator': 1,
              'f_min': 990000, 'f_max': 1007500, 'f_step': 2500, 'fft_size': 8,
              'slices_processed': len(index), 'samples_per_slice': 16, 'samples_between_slices': 16,
              'unit': b'FS^2', 'time0': b'2024-06-27T14:49:00Z', 'channel': b'ch0'}
    got = dict(w.attrs)
    check(all(got[k] == v for k, v in wanted.items()) and list(got['center_frequency']) == [1e6, 1e6],
          'HDF5 of SPECTRA: attributes')
    # 992 to 1220 is 14.25 rows, and 1988 to the retune at 2000 0.75.
    check(got['slices_skipped'] == 15 and got['total_slices'] == len(index) + 15,
          'HDF5 of SPECTRA: rows that are missing')
    history = f['metadata'].attrs['history'].decode().split('\n')
    check([h.split()[0] for h in history] == ['iq-gen', 'fft-slice']
          and f['metadata'].attrs['rate_num'] == b'20000', 'HDF5: metadata')
    single = run('fft-slice', '-n', '8', data=run('iq-gen', '--seconds', '1ms', '--noise', '1'))
    w = opened(single)['waterfall']
    check(w['power'].shape == (125, 8) and w.attrs['center_frequency'] == 0
          and w['time'].attrs['unit'] == b's since index 0', 'HDF5 of SPECTRA: one subchannel')

    index, samples = arrays(np, iq)
    f = opened(iq)
    got = f['iq'][()]
    check(got.dtype.names == ('r', 'i') and (got['r'] == samples[..., 0]).all()
          and (got['i'] == samples[..., 1]).all(), 'HDF5 of IQ: samples')
    check(f['iq_index'][()].tolist() == [[0, 0], [1220, 1000], [2000, 1780]]
          and f['iq_center_frequency'][()].tolist() == [[1e6, 1e6], [1e6, 1e6], [2e6, 2e6]]
          and f['iq'].attrs['full_scale'] == 32768, 'HDF5 of IQ: runs and their frequencies')
    stream = run('iq-gen', '--seconds', '1ms', '--noise', '1', '--type', 'cf32')
    check(opened(stream)['iq'].dtype == 'c8', 'HDF5 of IQ: complex64')

    stream, columns = table(np)
    os.environ['LEAT_CRC'] = '0'
    f = opened(stream)
    del os.environ['LEAT_CRC']
    got = f['table'][()]
    right = all(got[n].tobytes() == c.tobytes()
                for n, c in zip(('t', 'power_dbfs', 'n', 'z', 'm', 'name', 'big'), columns))
    check(right and got.dtype['z'] == 'c8' and f['table'].attrs['unit_power_dbfs'] == b'dBFS'
          and list(f['table_index'][()]) == [17] * 7, 'HDF5 of TABLE')


INTEGERS = ('telescope_id machine_id data_type barycentric pulsarcentric nbits nsamples nchans nifs '
            'nbeams ibeam').split()
TEXTS = 'rawdatafile', 'source_name'


def text(word):
    return struct.pack('<i', len(word)) + word.encode()


def fil(np, entries, values):
    """A filterbank file."""
    out = text('HEADER_START')
    for name, value in entries:
        out += text(name)
        if name in INTEGERS:
            out += struct.pack('<i', value)
        elif name in TEXTS:
            out += text(value)
        elif name == 'signed':
            out += struct.pack('B', value)
        else:
            out += struct.pack('<d', value)
    return out + text('HEADER_END') + values.tobytes()


def read_fil(np, data):
    """Entries and values [rows][ifs][channels] of a filterbank file, channels as they stand there."""
    at = 0

    def word():
        nonlocal at
        n, = struct.unpack_from('<i', data, at)
        at += 4 + n
        return data[at - n:at].decode()

    entries = {}
    assert word() == 'HEADER_START'
    while True:
        name = word()
        if name == 'HEADER_END':
            break
        if name in TEXTS:
            entries[name] = word()
        elif name == 'signed':
            entries[name] = data[at]
            at += 1
        else:
            code, size = ('<i', 4) if name in INTEGERS else ('<d', 8)
            entries[name], = struct.unpack_from(code, data, at)
            at += size
    bits = entries['nbits']
    if bits < 8:
        raw = np.frombuffer(data, 'u1', offset=at)
        values = np.stack([raw >> s & (1 << bits) - 1 for s in range(0, 8, bits)], -1)
    else:
        sign = 'i' if entries.get('signed') else 'u'
        values = np.frombuffer(data, {8: sign + '1', 16: '<' + sign + '2', 32: '<f4'}[bits], offset=at)
    return entries, values.reshape(-1, entries['nifs'], entries['nchans'])


def entries(bits, ifs=1, foff=-0.25, tsamp=64e-6, tstart=58000.123456789, **more):
    return [('rawdatafile', 'x y.fits'), ('source_name', 'PSR B0329+54'), ('machine_id', 20),
            ('barycentric', 0), ('telescope_id', 6), ('src_raj', 33259.37), ('src_dej', -543443.57),
            ('az_start', -1.0), ('data_type', 1), ('fch1', 1500.125), ('foff', foff), ('nchans', 16),
            ('nbeams', 1), ('ibeam', 1), ('nbits', bits), ('tstart', tstart), ('tsamp', tsamp),
            ('nifs', ifs), *more.items()]


def test_fil(np):
    random = np.random.default_rng(3)
    for bits in 1, 2, 4, 8, 16, 32:
        for ifs, foff in (1, -0.25), (2, 1 / 3):
            values = random.integers(0, 256, 100 * ifs * 16 * bits // 8).astype('u1')
            data = fil(np, entries(bits, ifs, foff), values)
            stream = run('fil-read', '-', data=data)
            _, got = arrays(np, stream)
            _, wanted = read_fil(np, data)
            if foff < 0:
                wanted = wanted[:, :, ::-1]
            what = '%d bits, %d IFs, foff %+.2f' % (bits, ifs, foff)
            check(np.ascontiguousarray(wanted, 'f4').tobytes() == got.tobytes(), 'fil-read: ' + what)
            if bits >= 8:
                check(run('fil-write', data=stream) == data, 'fil-read | fil-write: the file, ' + what)
            else:
                head, again = read_fil(np, run('fil-write', data=stream))
                check(head['nbits'] == 8 and (again == read_fil(np, data)[1]).all(),
                      'fil-read | fil-write: as 8 bits, ' + what)
            centre, bin0, step = (float(key(stream, k)) for k in
                                  ('freq_hz', '%bin0_hz', '%bin_step_hz'))
            hz = centre + bin0 + step * np.arange(16)
            asked = 1e6 * (1500.125 + foff * np.arange(16))
            check(abs(hz - np.sort(asked)).max() < 1e-3, 'fil-read: frequencies, ' + what)
    for bits in 8, 16:
        values = random.integers(-1 << bits - 1, 1 << bits - 1, (50, 1, 16)).astype('<i%d' % (bits // 8))
        data = fil(np, entries(bits, signed=1), values)
        stream = run('fil-read', '-', data=data)
        check((arrays(np, stream)[1] == values[:, :, ::-1]).all()
              and run('fil-write', data=stream) == data, 'fil-read | fil-write: %d bits, signed' % bits)
    data = fil(np, entries(32, nsamples=100), random.random((100, 1, 16)).astype('<f4'))
    check(run('fil-write', data=run('fil-read', '-', data=data)) == data,
          'fil-read | fil-write: nsamples')

    rates = {64e-6: '15625', 81.92e-6: '390625/32', 256e-6: '15625/4', 1e-3: '1000', 1 / 3: '3',
             18.253611008: '1953125/35651584', 1.073741824: '1953125/2097152', 1e-12: '1000000000000'}
    for tsamp, rate in rates.items():
        data = fil(np, entries(32, tsamp=tsamp), np.zeros(16, '<f4'))
        stream = run('fil-read', '-', data=data)
        got = Fraction(int(key(stream, 'rate_num')), int(key(stream, 'rate_den')))
        check(got == Fraction(rate), 'fil-read: tsamp %r is %s/s' % (tsamp, rate))
    right = True
    for tsamp in 10 ** random.uniform(-9, 3, 20):
        for tstart in random.uniform(45000, 65000, 2):
            data = fil(np, entries(32, tsamp=tsamp, tstart=tstart), np.zeros(16, '<f4'))
            right = right and run('fil-write', data=run('fil-read', '-', data=data)) == data
    check(right, 'fil-read | fil-write: any tsamp and tstart, to the last bit')
    stream = run('fil-read', '-', data=fil(np, entries(32, tstart=58849.25), np.zeros(16, '<f4')))
    check(key(stream, 'time0') == '2020-01-01T06:00:00Z', 'fil-read: tstart')

    iq = run('iq-gen', '--rate', '2M', '--seconds', '20ms', '--noise', '1', '--freq', '1.42G',
             '--time0', '2020-01-01T06:00:00Z', '--gap', '4ms:2.1ms')
    spectra = run('fft-slice', '-n', '64', '-a', '10', data=iq)
    index, power = arrays(np, spectra)
    head, got = read_fil(np, run('fil-write', '--gaps', 'join', data=spectra))
    check((got == power[:, :, ::-1]).all() and head['tsamp'] == 640 / 2e6
          and head['tstart'] == 58849.25 and head['foff'] == -2 / 64
          and abs(head['fch1'] - (1420 + 31 * 2 / 64)) < 1e-9, 'fil-write: of spectra of IQ')
    head, got = read_fil(np, run('fil-write', '--gaps', 'nan', data=spectra))
    rows = np.concatenate([np.round((a + 640 * np.arange(n)) / 640).astype(int) for a, n in index])
    wanted = np.full((rows[-1] + 1, 1, 64), np.nan, 'f4')
    wanted[rows] = power[:, :, ::-1]
    check(len(got) == len(wanted) and (np.isnan(got) == np.isnan(wanted)).all()
          and (got[rows] == wanted[rows]).all() and len(rows) < len(got), 'fil-write --gaps nan')
    for bits, scale in (8, 1e4), (16, 1e6):
        done = run('fil-write', '-q', '--gaps', 'join', '--bits', str(bits), '--scale', str(scale),
                   data=spectra)
        head, got = read_fil(np, done)
        wanted = np.clip(np.round(power[:, :, ::-1].astype('f8') * scale), 0, (1 << bits) - 1)
        check(head['nbits'] == bits and (got == wanted).all() and wanted.std() > 1,
              'fil-write --bits %d --scale %g' % (bits, scale))


def main():
    try:
        import numpy as np
    except ImportError as e:
        skip('data as NumPy reads them', str(e))
        return
    test_npy(np)
    test_csv(np)
    test_json(np)
    test_fil(np)
    try:
        import h5py
    except ImportError as e:
        skip('HDF5 as h5py reads it', str(e))
        return
    test_h5(np, h5py)


main()
print('1..%d' % count)
sys.exit(failed > 0)
