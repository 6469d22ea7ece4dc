#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""iq-metrics of signals that numpy plants, in streams written here by the byte table of leat-stream(5);
levels and imbalance against numpy's own statistics, the density against scipy's Welch."""
import os
import struct
import subprocess
import sys

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


TABLE = list(range(256))
for _ in range(8):
    TABLE = [n >> 1 ^ (0x82F63B78 if n & 1 else 0) for n in TABLE]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def frame(kind, seq, meta=(), dtype=0, index=0, dim=(), payload=b''):
    """A frame without a payload's sum."""
    text = ''.join(line + '\n' for line in meta).encode()
    padded = text + b'\n' * (-len(text) % 64)
    head = struct.pack('<8sHHBBHQqQII', bytes.fromhex('894c4541540d0a1a'), 0x100, kind, dtype, len(dim),
                       0, seq, index, len(payload), len(text), 0)
    head += struct.pack('<8QQI', *dim, *[0] * (8 - len(dim)), 0, crc32c(padded))
    tail = b'\0' * (-(len(payload) + 8) % 64) + struct.pack('<II', 0, len(payload) & 0xFFFFFFFF)
    return head + struct.pack('<I', crc32c(head)) + padded + payload + tail


def stream(np, rate, x):
    """IQ of complex64 or of pairs of int16."""
    dtype, size = (0x4A, 8) if x.dtype == np.complex64 else (0x44, 4)
    data, piece = x.tobytes(), 1 << 17
    out = [frame(0, 0, ['kinds IQ', 'rate_num %d' % rate, 'rate_den 1', 'freq_hz 1000000'])]
    for at in range(0, len(data) // size, piece):
        part = data[at * size:(at + piece) * size]
        out.append(frame(1, len(out), dtype=dtype, index=at, dim=(len(part) // size, 1), payload=part))
    out.append(frame(0xFF, len(out), ['frames %d' % (len(out) - 1)]))
    return b''.join(out)


def frames(data):
    at = 0
    while at < len(data):
        kind, = struct.unpack_from('<H', data, at + 10)
        index, size, meta_len = struct.unpack_from('<qQI', data, at + 24)
        dim = struct.unpack_from('<8Q', data, at + 48)
        at += 128
        lines = data[at:at + meta_len].decode().split('\n')[:-1]
        at += (meta_len + 63) // 64 * 64
        yield kind, index, dim, lines, data[at:at + size]
        at += (size + 8 + 63) // 64 * 64


def measure(np, rate, x, *options):
    """The rows of the table, and the spectra."""
    data = subprocess.run([os.path.join(BUILD, 'libexec/leat/iq-metrics'), *options], input=stream(np, rate, x),
                          stdout=subprocess.PIPE, check=True).stdout
    rows, spectra, columns = [], [], []
    for kind, _, dim, lines, payload in frames(data):
        columns = [line.split()[1] for line in lines if line.startswith('col ')] or columns
        if kind == 2:
            spectra.append(np.frombuffer(payload, '<f4'))
        if kind == 4:
            at, values = 0, {}
            for name in columns:
                at = (at + 63) // 64 * 64
                values[name] = np.frombuffer(payload, '<f8', dim[0], at)
                at += 8 * dim[0]
            rows += [{name: values[name][i] for name in columns} for i in range(dim[0])]
    return rows, spectra


def noise(np, rng, n, power):
    return np.sqrt(power / 2) * (rng.standard_normal(n) + 1j * rng.standard_normal(n))


def wide(np, rng, n, rate, width):
    """Noise of power 1 in ±width/2, nothing beyond."""
    f = np.fft.fftfreq(n, 1 / rate)
    x = np.fft.ifft(np.where(abs(f) <= width / 2, noise(np, rng, n, 1), 0))
    return x / np.sqrt(np.mean(abs(x) ** 2))


def ints(np, x):
    return np.round(np.stack([x.real, x.imag], 1) * 32768).astype('<i2')


def planted(np, rng, rate, n, form, offset, snr_db, band):
    density = 1e-3 / rate                      # noise
    signal = 10 ** (snr_db / 10) * density * (band or rate)
    total = signal + 1e-3
    if total > 0.02:                           # no clipping, whatever the noise does
        density, signal = density * 0.02 / total, signal * 0.02 / total
    carrier = np.exp(2j * np.pi * offset / rate * np.arange(n))
    x = wide(np, rng, n, rate, 3000) if form == 'wide' else 1
    x = np.sqrt(signal) * x * carrier + noise(np, rng, n, density * rate)
    return x, density


def grid(np, rng):
    worst = {'SNR': 0, 'noise': 0, 'offset': 0}
    for rate, n in (12000, 400000), (48000, 400000), (250000, 500000), (2500000, 500000):
        for form, snr_db, place, narrow in (
                ('tone', -10, 0.45, False), ('tone', 15, 0, False), ('tone', 60, -0.4499, False),
                ('tone', 20, 0.2503, True), ('wide', 0, 0.3, False), ('wide', 25, -0.2, True)):
            if form == 'wide' and 3000 * n / rate < 20000:
                continue                       # too short to tell a band's own power
            x, density = planted(np, rng, rate, n, form, place * rate, snr_db, 3000 if narrow else None)
            x = x.astype('<c8') if snr_db == 60 or rng.integers(2) else ints(np, x)
            options = ['--window', '%dus' % (n * 10 ** 6 // rate)]
            if narrow:
                options += ['--band', '3k', '--offset', str(place * rate)]
            row, bins = measure(np, rate, x, *options)[0][0], 1024
            while narrow and 3000 * bins / rate < 32:
                bins *= 2
            worst['SNR'] = max(worst['SNR'], abs(row['snr_db'] - snr_db))
            worst['noise'] = max(worst['noise'], abs(row['noise_dbfs_hz'] - 10 * np.log10(density)))
            if form == 'tone' and snr_db >= 10:
                worst['offset'] = max(worst['offset'], abs(row['offset_hz'] - place * rate) / rate * bins)
    check(worst['SNR'] < 0.2, 'planted by numpy: SNR within %.3f dB' % worst['SNR'])
    check(worst['noise'] < 0.1, 'planted by numpy: noise floor within %.3f dB' % worst['noise'])
    check(worst['offset'] < 0.05, 'planted by numpy: offset within %.4f bin' % worst['offset'])


def statistics(np, rng):
    n, rate = 100000, 50000
    x = 0.2 * np.exp(2j * np.pi * 0.1 * np.arange(n)) + noise(np, rng, n, 0.01)
    x = x.real + 0.05 + 1j * (0.9 * x.imag + 0.1 * x.real - 0.02)
    x[::1000] *= 4.9
    q = np.clip(ints(np, x).astype(float), -32768, 32767).astype('<i2')
    rows, _ = measure(np, rate, q)
    right = len(rows) == 2
    for k, row in enumerate(rows):
        part = q[k * rate:(k + 1) * rate].astype(float) / 32768
        i, p = part[:, 0], part[:, 0] ** 2 + part[:, 1] ** 2
        sine = np.corrcoef(part.T)[0, 1]
        ends = np.isin(q[k * rate:(k + 1) * rate], (-32768, 32767)).any(axis=1)
        expected = {
            'time_s': k, 'power_dbfs': 10 * np.log10(p.mean()), 'clipped_fraction': ends.mean(),
            'dc_i': i.mean(), 'dc_q': part[:, 1].mean(),
            'gain_imbalance_db': 10 * np.log10(i.var() / part[:, 1].var()),
            'phase_imbalance_deg': np.degrees(np.arcsin(sine)),
            'crest_db': 10 * np.log10(p.max() / p.mean())}
        for name, value in expected.items():
            near = abs(row[name] - value) < 1e-5
            right = right and near
            if not near:
                print('# %s: %.9g, numpy has %.9g' % (name, row[name], value))
    check(right, "power, DC, imbalance, crest and clipping as numpy's")


def density(np, rng):
    try:
        from scipy import signal
    except ImportError as e:
        skip("the density as scipy's Welch", str(e))
        return
    x = (noise(np, rng, 40960, 0.01) + 0.5 * np.exp(0.3j * np.arange(40960))).astype('<c8')
    _, spectra = measure(np, 40960, x, '--psd')
    theirs = signal.welch(x, 40960, 'hann', 1024, 512, detrend=False, return_onesided=False)[1]
    error = abs(spectra[0] / np.fft.fftshift(theirs) - 1).max()
    check(error < 1e-3, "the density as scipy's Welch: %.2g off" % error)


def main():
    try:
        import numpy as np
    except ImportError as e:
        skip('measures of signals by numpy', str(e))
        print('1..%d' % count)
        return
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else int.from_bytes(os.urandom(4), 'little')
    print('# seed %d' % seed)
    rng = np.random.default_rng(seed)
    statistics(np, rng)
    density(np, rng)
    grid(np, rng)
    print('1..%d' % count)
    sys.exit(failed != 0)


main()
