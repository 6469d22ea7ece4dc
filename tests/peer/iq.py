#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""iq-read and iq-write against Python's wave and struct, numpy, scipy and sox: files go both ways."""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import wave

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get('LEAT_BUILD', 'build'))
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
    done = subprocess.run([os.path.join(BUILD, 'libexec/leat', name), *args], input=data,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != code:
        print('# %s %s: %d: %s' % (name, args, done.returncode, done.stderr.decode()))
    return done.stdout


def payload(stream):
    return run('stream-payload', data=stream)


def head(stream):
    return run('stream-head', '-n', '1', data=stream).decode()


def chunk(name, data):
    return name + struct.pack('<I', len(data)) + data + b'\0' * (len(data) & 1)


def riff(*chunks):
    body = b'WAVE' + b''.join(chunks)
    return b'RIFF' + struct.pack('<I', len(body)) + body


def main():
    try:
        import numpy as np
    except ImportError as e:
        skip('IQ as numpy reads it', str(e))
        return
    rng = np.random.default_rng(5)
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, 'x.wav')

    def file_of(data):
        with open(path, 'wb') as f:
            f.write(data)
        return path

    # Python's wave writes, iq-read reads.
    for channels in 1, 2, 4:
        for width in 1, 2, 3, 4:
            raw = rng.integers(0, 256, 1001 * channels * width, dtype=np.uint8).tobytes()
            with wave.open(path, 'wb') as w:
                w.setparams((channels, width, 48000, 0, 'NONE', ''))
                w.writeframes(raw)
            got = run('iq-read', path)
            wanted = raw
            if width == 3:
                padded = np.zeros((len(raw) // 3, 4), np.uint8)
                padded[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
                wanted = padded.tobytes()
            check(payload(got) == wanted and 'rate_num 48000' in head(got),
                  'wave: %d channels of %d bytes' % (channels, width))

    # iq-write writes, wave reads.
    for kind, width in ('cu8', 1), ('ci16', 2), ('i16', 2), ('ci32', 4):
        source = run('iq-gen', '--type', kind, '--rate', '44100', '--seconds', '10ms',
                     '--noise', '0.2')
        run('iq-write', '-o', path, data=source)
        with wave.open(path) as w:
            check(w.getnchannels() == (2 if kind[0] == 'c' else 1) and w.getsampwidth() == width
                  and w.getframerate() == 44100 and w.getnframes() == 441
                  and w.readframes(441) == payload(source), 'wave reads %s' % kind)
        check(os.path.getsize(path) == 8 + struct.unpack('<I', open(path, 'rb').read(8)[4:])[0],
              'RIFF has the size of the file')

    # auxi by struct, as recorders write it.
    start = struct.pack('<8H', 2024, 6, 4, 27, 14, 49, 5, 250)
    auxi = start + start + struct.pack('<9I', 7100000, 0, 0, 0, 0, 0, 0, 0, 0) + bytes(96)
    fmt = chunk(b'fmt ', struct.pack('<HHIIHH', 1, 2, 96000, 384000, 4, 16))
    text = head(run('iq-read', file_of(riff(fmt, chunk(b'auxi', auxi), chunk(b'data', bytes(40))))))
    check('time0 2024-06-27T14:49:05.25Z' in text and 'freq_hz 7100000\n' in text, 'auxi is read')
    source = run('iq-gen', '--rate', '96k', '--seconds', '1500ms', '--freq', '14.2M',
                 '--time0', '2024-12-31T23:59:59Z')
    data = run('iq-write', '--format', 'wav', data=source)
    at = data.index(b'auxi')
    check(struct.unpack('<I8H8HI', data[at + 4:at + 44]) ==
          (164, 2024, 12, 2, 31, 23, 59, 59, 0, 2025, 1, 3, 1, 0, 0, 0, 500, 14200000),
          'auxi is written: start, stop, frequency')

    # A KiwiSDR recording with a chunk lost, as kiwirecorder lays it out.
    rate, lost = 12000, (5, 6)
    pieces, stamps = [], []
    for k in range(12):
        if k not in lost:
            ns = 49038 * 10**9 + 250000000 + k * 512 * 10**9 // rate
            piece = rng.integers(-9999, 9999, 1024).astype('<i2').tobytes()
            stamps.append(chunk(b'kiwi', struct.pack('<BBII', 3, 0, *divmod(ns, 10**9))) +
                          chunk(b'data', piece))
            pieces.append(piece)
    fmt = chunk(b'fmt ', struct.pack('<HHIIHH', 1, 2, rate, 4 * rate, 4, 16))
    kiwi = os.path.join(folder, '20230212T133701Z_9000000_KPH_iq.wav')
    with open(kiwi, 'wb') as f:
        f.write(riff(fmt, *stamps))
    got = run('iq-read', kiwi)
    text = run('stream-head', '--all', data=got).decode()
    check(payload(got) == b''.join(pieces), 'kiwi: every sample')
    check('time0 2023-02-12T13:37:00.25Z' in text and 'freq_hz 9000000\n' in text,
          'kiwi: time by GPS, frequency by name')
    check('index 2048 ci16' in text and 'index 3584 ci16 [512][1] bytes 2048 crc gap' in text
          and 'note iq-read gaps=1' in text, 'kiwi: two lost chunks are a gap')

    # Conversion against numpy.
    x = (rng.normal(0, 0.4, 20000)).astype('<f4')
    x[:6] = 1, -1, 0.5 / 32768, 1.5 / 32768, 2, -2
    stream = run('iq-read', '--type', 'cf32', '--rate', '1k', data=x.tobytes())
    for kind, dtype, scale, zero in (('ci16', '<i2', 32768, 0), ('ci8', 'i1', 128, 0),
                                     ('cu8', 'u1', 127.5, 127.5), ('ci32', '<i4', 2.0**31, 0),
                                     ('ci16_be', '>i2', 32768, 0), ('cf64', '<f8', 1, 0)):
        got = np.frombuffer(run('iq-write', '--type', kind, data=stream), dtype)
        wanted = x.astype('f8') * scale + zero
        if np.dtype(dtype).kind != 'f':
            limits = np.iinfo(dtype)
            wanted = np.clip(np.rint(wanted), limits.min, limits.max)
        check((got == wanted.astype(dtype)).all(), 'cf32 to %s as numpy does it' % kind)
        got = run('iq-read', '--type', kind, '--rate', '1k', data=wanted.astype(dtype).tobytes())
        check(payload(got) == wanted.astype(np.dtype(dtype).newbyteorder('<')).tobytes(),
              'and %s back' % kind)

    try:
        from scipy.io import wavfile
        for dtype in 'u1', '<i2', '<i4', '<f4', '<f8':
            x = rng.normal(0, 1e4, (777, 2)).astype(dtype)
            wavfile.write(path, 192000, x)
            got = run('iq-read', path)
            check(payload(got) == x.tobytes(), 'scipy writes %s' % dtype)
            run('iq-write', '-o', path, data=got)
            rate, y = wavfile.read(path)
            check(rate == 192000 and y.dtype == x.dtype and (x == y).all(), 'scipy reads %s' % dtype)
    except ImportError as e:
        skip('WAV as scipy reads it', str(e))
    if shutil.which('sox'):
        done = subprocess.run(['sox', '-n', '-r', '8000', '-b', '16', '-c', '2', '-t', 'wav', '-',
                               'synth', '0.5', 'sine', '440'], stdout=subprocess.PIPE, check=True)
        check(len(payload(run('iq-read', data=done.stdout))) == 16000, 'sox into a pipe')
    else:
        skip('WAV of sox', 'sox is not there')
    shutil.rmtree(folder)


main()
print('1..%d' % count)
sys.exit(failed != 0)
