#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""SigMF recordings that Python writes (json, numpy, tarfile), read by sigmf-read sample for sample; and
what sigmf-write writes, read by Python. Prints TAP."""
import hashlib
import io
import json
import os
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
from datetime import datetime, timedelta

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.path.join(ROOT, os.environ.get('LEAT_BUILD', 'build'), 'libexec/leat')
KINDS = {0: 'HEAD', 1: 'IQ', 4: 'TABLE', 0xff: 'END'}
CODES = {'u1': 1, 'i1': 2, 'u2': 3, 'i2': 4, 'u4': 5, 'i4': 6, 'f4': 10, 'f8': 11}
count = failed = 0


def check(right, what):
    global count, failed
    count += 1
    failed += not right
    print('%sok %d - %s' % ('' if right else 'not ', count, what), flush=True)


try:
    import numpy as np
except ImportError as missing:
    print('1..0 # SKIP %s' % missing)
    sys.exit(0)


def run(*words, data=b''):
    done = subprocess.run([os.path.join(PROGRAMS, words[0]), *words[1:]], input=data,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        print('# %s: %s' % (' '.join(words), done.stderr.decode(errors='replace').strip()))
    return done.stdout if done.returncode == 0 else None


def frames(stream):
    """(kind, flags, dtype, index, dims, metadata lines, payload) of each frame."""
    at = 0
    while stream and at < len(stream):
        kind, dtype, ndim, flags = struct.unpack_from('<HBBH', stream, at + 10)
        index, payload, meta = struct.unpack_from('<qQI', stream, at + 24)
        dims = struct.unpack_from('<8Q', stream, at + 48)[:ndim]
        text = stream[at + 128:at + 128 + meta].decode()
        start = at + 128 + (meta + 63) // 64 * 64
        yield (KINDS[kind], flags, dtype, index, dims,
               [tuple(line.split(' ', 1)) for line in text.splitlines()], stream[start:start + payload])
        at = start + (payload + 8 + 63) // 64 * 64


def segments(stream):
    """[(head, [[index, bytes] of runs without a gap])]; what joins without a jump is one run."""
    found = []
    for kind, flags, dtype, index, dims, meta, payload in frames(stream):
        if kind == 'HEAD':
            found.append((dict(meta), [], set()))
        elif kind == 'IQ':
            runs = found[-1][1]
            found[-1][2].add((dtype, dims[1]))
            row = len(payload) // dims[0]
            if runs and runs[-1][0] + len(runs[-1][1]) // row == index:
                runs[-1][1] += payload
            else:
                runs.append([index, payload])
    return found


def write(base, meta, data, name=None):
    with open(base + '.sigmf-meta', 'w') as f:
        json.dump(meta, f)
    with open(name or base + '.sigmf-data', 'wb') as f:
        f.write(data)


def numpy_type(name):
    """Component type and whether complex, of a core:datatype."""
    kind, bits, order = re.fullmatch(r'[cr]([fiu])(\d+)(_[lb]e)?', name).groups()
    return np.dtype(('>' if order == '_be' else '<') + kind + str(int(bits) // 8)), name[0] == 'c'


def samples(name, n, channels=1):
    kind, is_complex = numpy_type(name)
    values = np.random.default_rng(7).integers(0, 1 << 62, n * channels * (1 + is_complex))
    if kind.kind == 'f':
        return (values / 2**61 - 1).astype(kind), kind
    return (values & (1 << 8 * kind.itemsize) - 1).astype('<u8').astype(
        '<u%d' % kind.itemsize).astype('<i%d' % kind.itemsize if kind.kind == 'i' else
                                       '<u%d' % kind.itemsize).astype(kind), kind


def reads_types():
    for name in ['cf32_le', 'cf32_be', 'cf64_be', 'ci32_be', 'cu32_le', 'ci16_le', 'ci16_be', 'cu16_be', 'ci8',
                 'cu8', 'rf32_be', 'rf64_le', 'ri32_le', 'ru32_be', 'ri16_be', 'ru16_le', 'ri8', 'ru8']:
        data, kind = samples(name, 1001, 2)
        write('t', {'global': {'core:datatype': name, 'core:version': '1.2.0', 'core:sample_rate': 48000,
                               'core:num_channels': 2}, 'captures': [], 'annotations': []}, data.tobytes())
        found = segments(run('sigmf-read', 't'))
        code = CODES[kind.str[1:]] + (0x40 if name[0] == 'c' else 0)
        right = len(found) == 1 and found[0][2] == {(code, 2)} and found[0][1] == [
            [0, data.astype(kind.newbyteorder('<')).tobytes()]]
        check(right and found[0][0]['rate_num'] == '48000', 'sigmf-read: %s as numpy has it' % name)


def reads_layouts():
    data, _ = samples('cu8', 1000)
    raw = data.tobytes()
    plain = {'core:datatype': 'cu8', 'core:version': '1.2.0', 'core:sample_rate': 2.4e6}

    # The example of the specification: two chunks of samples, each behind 4 bytes.
    write('ncd', {'global': {**plain, 'core:dataset': 'ncd.dat', 'core:trailing_bytes': 7},
                  'captures': [{'core:sample_start': 0, 'core:header_bytes': 4},
                               {'core:sample_start': 500, 'core:header_bytes': 4}],
                  'annotations': []}, b'HEAD' + raw[:1000] + b'HEAD' + raw[1000:] + b'trailer', 'ncd.dat')
    found = segments(run('sigmf-read', 'ncd'))
    check(len(found) == 1 and found[0][1] == [[0, raw]] and found[0][0]['zero'] == '127.5',
          'sigmf-read: header_bytes, trailing_bytes and core:dataset')

    # Indices are absolute where a recording is cut into files.
    write('off', {'global': {**plain, 'core:offset': 5000},
                  'captures': [{'core:sample_start': 5000, 'core:frequency': 1e8},
                               {'core:sample_start': 5400, 'core:frequency': 1e8}],
                  'annotations': []}, raw)
    found = segments(run('sigmf-read', 'off'))
    check(len(found) == 1 and found[0][1] == [[5000, raw]], 'sigmf-read: core:offset')

    write('gap', {'global': plain, 'captures': [
        {'core:sample_start': 0, 'core:global_index': 7, 'core:frequency': 433e6,
         'core:datetime': '2021-03-04T05:06:07.123456789012Z'},
        {'core:sample_start': 200, 'core:global_index': 207, 'core:frequency': 433e6},
        {'core:sample_start': 500, 'core:global_index': 1000, 'core:frequency': 433e6},
        {'core:sample_start': 600, 'core:global_index': 1100, 'core:frequency': 868e6},
        {'core:sample_start': 800, 'core:global_index': 3, 'core:frequency': 868e6},
    ], 'annotations': []}, raw)
    found = segments(run('sigmf-read', 'gap'))
    check([(s[0]['freq_hz'], [(i, len(b) // 2) for i, b in s[1]]) for s in found] ==
          [('433000000', [(7, 500), (1000, 100)]), ('868000000', [(1100, 200)]), ('868000000', [(3, 200)])] and
          b''.join(b for s in found for _, b in s[1]) == raw,
          'sigmf-read: captures join, a jump is a gap, another frequency or a step back a segment')
    # 7 samples at 2.4 MHz are 2916.67 ns.
    check(found[0][0]['time0'] == '2021-03-04T05:06:07.123453872Z' and 'time0' not in found[1][0],
          'sigmf-read: time0 is the time less the index')

    # Without global_index, times that jump begin a segment; those that go on do not.
    start = datetime(2020, 1, 1)
    for jump, expected in ((0, 1), (5, 2)):
        later = start + timedelta(seconds=500 / 1000 + jump)
        write('times', {'global': {**plain, 'core:sample_rate': 1000}, 'captures': [
            {'core:sample_start': 0, 'core:datetime': start.isoformat() + 'Z'},
            {'core:sample_start': 500, 'core:datetime': later.isoformat() + 'Z'}], 'annotations': []}, raw)
        check(len(segments(run('sigmf-read', 'times'))) == expected,
              'sigmf-read: a time %d s off makes %d segments' % (jump, expected))
    write('leap', {'global': plain, 'captures': [
        {'core:sample_start': 0, 'core:datetime': '2016-12-31T23:59:60.5Z'}], 'annotations': []}, raw)
    check(segments(run('sigmf-read', 'leap'))[0][0]['time0'] == '2017-01-01T00:00:00.5Z',
          'sigmf-read: second 60 is the next one')
    for rate, expected in ((12000, '12000/1'), (33333.333, '33333333/1000'), (0.5, '1/2'), (2.4e6, '2400000/1')):
        write('rate', {'global': {**plain, 'core:sample_rate': rate}, 'captures': [], 'annotations': []}, raw)
        head = segments(run('sigmf-read', 'rate'))[0][0]
        check('%s/%s' % (head['rate_num'], head['rate_den']) == expected, 'sigmf-read: rate %s' % expected)


def reads_archives():
    data, _ = samples('ci16_le', 300)
    meta = json.dumps({'global': {'core:datatype': 'ci16_le', 'core:version': '1.2.0', 'core:sample_rate': 1000},
                       'captures': [{'core:sample_start': 0}], 'annotations': []}).encode()
    for form, label in ((tarfile.USTAR_FORMAT, 'ustar'), (tarfile.GNU_FORMAT, 'gnu'), (tarfile.PAX_FORMAT, 'pax')):
        for name in ('rec/rec', 'x', 'a' * 60 + '/' + 'b' * 70):
            for order in (0, 1):
                with tarfile.open('p.sigmf', 'w', format=form) as tar:
                    def add(path, what):
                        entry = tarfile.TarInfo(path)
                        entry.size = len(what)
                        tar.addfile(entry, io.BytesIO(what))
                    files = [(name + '.sigmf-meta', meta), (name + '.sigmf-data', data.tobytes())]
                    add('README', b'hello')
                    for path, what in files[::-1] if order else files:
                        add(path, what)
                found = segments(run('sigmf-read', 'p'))
                check(found and found[0][1] == [[0, data.tobytes()]],
                      'sigmf-read: archive of tarfile, %s, name of %d bytes, order %d' % (label, len(name), order))


def written(stream, *options):
    run('sigmf-write', '-o', 'w', *options, data=stream)
    with open('w.sigmf-meta') as f:
        return json.load(f), open('w.sigmf-data', 'rb').read()


def well_formed(meta, data):
    """What the specification demands of a recording."""
    core = meta['global']
    kind, is_complex = numpy_type(core['core:datatype'])
    row = kind.itemsize * (1 + is_complex) * core.get('core:num_channels', 1)
    starts = [c['core:sample_start'] for c in meta['captures']]
    marks = [a['core:sample_start'] for a in meta['annotations']]
    times = [c['core:datetime'] for c in meta['captures'] if 'core:datetime' in c]
    return (set(meta) == {'global', 'captures', 'annotations'} and starts == sorted(starts) and
            marks == sorted(marks) and re.fullmatch(r'\d+\.\d+\.\d+', core['core:version']) and
            len(data) % row == 0 and all(s <= len(data) // row for s in starts) and
            all(re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z', t) for t in times) and
            all(set(e) == {'name', 'version', 'optional'} for e in core['core:extensions']) and
            all(type(c['core:global_index']) is int for c in meta['captures']))


def writes():
    for name in 'cu8 ci8 cu16 ci16 cu32 ci32 cf32 cf64 u8 i8 u16 i16 u32 i32 f32 f64'.split():
        stream = run('iq-gen', '--type', name, '-c', '3', '--noise', '0.1', '-s', '2ms', '--tone', '10k:0.5')
        meta, data = written(stream, '--sha512')
        kind, is_complex = numpy_type(meta['global']['core:datatype'])
        code = CODES[kind.str[1:]] + (0x40 if is_complex else 0)
        parts = segments(stream)
        check(well_formed(meta, data) and parts[0][2] == {(code, 3)} and parts[0][1] == [[0, data]] and
              meta['global']['core:num_channels'] == 3 and
              meta['global']['core:sha512'] == hashlib.sha512(data).hexdigest(), 'sigmf-write: %s' % name)
    stream = run('iq-gen', '-r', '100000/3', '-s', '1s', '--gap', '200ms:100ms', '--retune', '600ms:5M', '-f', '1M',
                 '--gap', '650ms:10us', '--time0', '2024-06-27T14:49:00.000000001Z')
    meta, data = written(stream)
    runs = [(s[0]['freq_hz'], index, payload) for s in segments(stream) for index, payload in s[1]]
    right, at = well_formed(meta, data), 0
    right = right and len(runs) == len(meta['captures']) == 3
    for capture, (hz, index, payload) in zip(meta['captures'], runs):
        ns = 1 + index * 3 * 10**9 // 100000
        time = '2024-06-27T14:49:00.%09d' % ns
        right = (right and capture['core:sample_start'] == at and capture['core:global_index'] == index and
                 capture['core:frequency'] == float(hz) and
                 capture['core:datetime'].rstrip('Z').ljust(29, '0') == time)
        at += len(payload) // 4
    check(right and data == b''.join(r[2] for r in runs), 'sigmf-write: gaps and retunes are captures')
    check(meta['global']['core:sample_rate'] == 100000 / 3, 'sigmf-write: a fraction as the nearest double')

    run('sigmf-write', '--archive', '-o', 'w', data=stream)
    with tarfile.open('w.sigmf') as tar:
        names = tar.getnames()
        check(names == ['w', 'w/w.sigmf-data', 'w/w.sigmf-meta'] and
              tar.extractfile('w/w.sigmf-data').read() == data and
              json.load(tar.extractfile('w/w.sigmf-meta')) == meta, 'sigmf-write: tarfile reads the archive')


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def frame(kind, seq, lines, payload=b'', dims=()):
    """A frame whose payload is not summed."""
    text = ''.join(line + '\n' for line in lines).encode()
    padded = text + b'\n' * (-len(text) % 64)
    head = struct.pack('<8sHHBBHQqQII', b'\x89LEAT\r\n\x1a', 0x100, kind, 0, len(dims), 0, seq, 0, len(payload),
                       len(text), 0) + struct.pack('<8Q', *dims, *[0] * (8 - len(dims))) + bytes(8)
    head += struct.pack('<I', crc32c(padded))
    return (head + struct.pack('<I', crc32c(head)) + padded + payload + bytes((-len(payload) - 8) % 64) +
            struct.pack('<II', 0, len(payload)))


def takes_detections():
    """A table as a detector makes it: seconds, centre and width, and what it measured."""
    columns = [('start_s', [0.1, 0.25, 0.4, 0.85]), ('end_s', [0.2, 0.6, 0.45, 0.95]), ('freq_hz', [1e6] * 4),
               ('width_hz', [2e3] * 4), ('snr_db', [10.5, 11, float('nan'), 13])]
    payload = b''
    for _, values in columns:
        payload += bytes(-len(payload) % 64) + struct.pack('<4d', *values)
    head = ['kinds TABLE', 'rate_num 1000', 'rate_den 1'] + ['col %s f64 -' % name for name, _ in columns]
    with open('found', 'wb') as f:
        f.write(frame(0, 0, head) + frame(4, 1, [], payload, (4,)) + frame(0xff, 2, ['frames 1']))
    stream = run('iq-gen', '-r', '1k', '-s', '1s', '--gap', '300ms:200ms', '--retune', '900ms:5M')
    meta, _ = written(stream, '--annotations', 'found')
    edges = {'core:freq_lower_edge': 999000, 'core:freq_upper_edge': 1001000}
    # Samples 300 to 500 are missing: the second crosses that gap, the third lies in it, and the last
    # ends with its segment.
    check(meta['annotations'] == [
        {'core:sample_start': 100, 'core:sample_count': 100, **edges, 'leat:snr_db': 10.5},
        {'core:sample_start': 250, 'core:sample_count': 150, **edges, 'leat:snr_db': 11},
        {'core:sample_start': 650, 'core:sample_count': 50, **edges, 'leat:snr_db': 13},
    ], 'sigmf-write --annotations: seconds, centre and width, gaps')


def annotates():
    data, _ = samples('ci16_le', 1000)
    marks = [{'core:sample_start': 10, 'core:sample_count': 20, 'core:freq_lower_edge': 1e6, 'core:freq_upper_edge': 2e6,
              'core:label': 'QPSK é', 'core:comment': 'a "comment"', 'core:generator': 'me', 'core:uuid': 'u-1'},
             {'core:sample_start': 450, 'core:sample_count': 100, 'core:label': 'across the gap'},
             {'core:sample_start': 600, 'core:sample_count': 0},
             {'core:sample_start': 700, 'core:sample_count': 300, 'x:more': {'a': [1, 2.5, None]}}]
    write('m', {'global': {'core:datatype': 'ci16_le', 'core:version': '1.2.0', 'core:sample_rate': 1000,
                           'core:author': 'somebody', 'x:deep': {'k': [1, 'two']}},
                'captures': [{'core:sample_start': 0, 'core:global_index': 0},
                             {'core:sample_start': 500, 'core:global_index': 5000, 'x:gain': 3},
                             {'core:sample_start': 650, 'core:global_index': 5150, 'core:frequency': 7}],
                'annotations': marks}, data.tobytes())
    stream = run('sigmf-read', '--annotations', 'm')
    tables = [(f[4][0], f[6]) for f in frames(stream) if f[0] == 'TABLE']
    index = np.frombuffer(tables[0][1], '<i8', 3)
    length = np.frombuffer(tables[0][1], '<i8', 3, 64)
    check([t[0] for t in tables] == [3, 1] and list(index) == [10, 450, 5100] and list(length) == [20, 4600, 0],
          'sigmf-read --annotations: index and count as in the stream')
    meta, again = written(stream)
    check(again == data.tobytes() and meta['annotations'] == marks, 'annotations there and back')
    check(meta['global']['core:author'] == 'somebody' and meta['global']['x:deep'] == {'k': [1, 'two']} and
          [c.get('x:gain') for c in meta['captures']] == [None, 3, None], 'other keys there and back')
    write('n', {**meta, 'global': {**meta['global'], 'core:sample_rate': 2000},
                'captures': [{**meta['captures'][0], 'core:frequency': 99}] + meta['captures'][1:]}, again)
    head = segments(run('sigmf-read', 'n'))[0][0]
    check(head['rate_num'] == '2000' and head['freq_hz'] == '99', 'values of the core beat those of leat')


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    reads_types()
    reads_layouts()
    reads_archives()
    writes()
    annotates()
    takes_detections()
print('1..%d' % count)
sys.exit(failed > 0)
