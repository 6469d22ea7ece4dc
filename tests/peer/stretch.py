#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""stretch, image-stats and image-diff against numpy and astropy, from a FITS file on. Prints TAP."""
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBEXEC = os.path.join(ROOT, os.environ.get('LEAT_BUILD', 'build'), 'libexec/leat')
try:
    import numpy as np
    from astropy.io import fits
    from astropy.stats import mad_std
    from astropy.visualization import AsinhStretch, LogStretch, PercentileInterval
except ImportError as error:
    print('1..0 # SKIP %s' % error)
    sys.exit(0)

FULL = 65535.0
count = failed = 0


def check(right, what):
    global count, failed
    count += 1
    failed += not right
    print('%sok %d - %s' % ('' if right else 'not ', count, what), flush=True)


def run(name, data, *args):
    return subprocess.run([os.path.join(LIBEXEC, name), *args], input=data,
                          stdout=subprocess.PIPE, check=True).stdout


def pixels(stream, shape):
    return np.frombuffer(run('stream-payload', stream), np.float32).reshape(shape)


def sky(random):
    """Three planes of background, noise and stars, some pixels without data."""
    v = random.normal([[[900]], [[1500]], [[1100]]], 25, (3, 600, 800))
    stars = random.random(v.shape) < 0.01
    v[stars] += random.uniform(0, 50000, stars.sum())
    v[random.random(v.shape) < 0.003] = np.nan
    return v.astype(np.float32)


def mtf(x, m):
    return (m - 1) * x / ((2 * m - 1) * x - m)


def close(a, b, tolerance):
    return bool(np.isnan(a).sum() == np.isnan(b).sum() and np.nanmax(np.abs(a - b)) <= tolerance)


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else int.from_bytes(os.urandom(3), 'little')
    print('# seed %d' % seed)
    v = sky(np.random.default_rng(seed))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'v.fits')
        hdu = fits.PrimaryHDU(v)
        hdu.header['FULLSCAL'] = FULL
        hdu.writeto(path)
        stream = run('fits-read', b'', path)
    x = v.astype(np.float64) / FULL

    for p, row in enumerate(map(json.loads, run('image-stats', stream, '--json').splitlines())):
        plane = v[p].astype(np.float64)
        d = np.abs(2 * plane[:, 2:-2] - plane[:, :-4] - plane[:, 4:])
        expected = {'min': np.nanmin(plane), 'max': np.nanmax(plane), 'mean': np.nanmean(plane),
                    'sigma': np.nanstd(plane), 'median': np.nanmedian(plane),
                    'mad': mad_std(plane, ignore_nan=True) / 1.482602218505602,
                    'noise': 1.4826 / np.sqrt(6) * np.nanmedian(d)}
        check(row['missing'] == np.isnan(plane).sum() and
              all(abs(row[k] / e - 1) < 1e-6 for k, e in expected.items()),
              'image-stats of plane %d as numpy and astropy have them' % p)

    def stretched(*args):
        return pixels(run('stretch', stream, *args), v.shape)

    lo, med = [], []
    for p in range(3):
        median = np.nanmedian(x[p])
        lo.append(max(0, median - 2.8 * 1.4826 * np.nanmedian(np.abs(x[p] - median))))
        med.append(median)
    auto = np.stack([mtf(np.clip((x[p] - lo[p]) / (1 - lo[p]), 0, 1), mtf(med[p] - lo[p], 0.25))
                     for p in range(3)])
    check(close(stretched(), auto, 3e-6), 'auto, each plane by itself')
    black, m = np.mean(lo), mtf(np.mean(med) - np.mean(lo), 0.25)
    check(close(stretched('--linked'), mtf(np.clip((x - black) / (1 - black), 0, 1), m), 3e-6),
          'auto, linked')

    limits = [PercentileInterval(99.8).get_limits(p) for p in x]
    clipped = np.stack([np.clip((p - low) / (high - low), 0, 1)
                        for p, (low, high) in zip(x, limits)])
    check(close(stretched('-m', 'linear', '--clip', '0.1,99.9'), clipped, 1e-6), 'percentiles')
    check(close(stretched('-m', 'mtf', '--clip', '0.1%,99.9%', '--mid', '0.25'),
                mtf(clipped, 0.25), 3e-6), 'midtones between percentiles')
    unit = np.clip(x, 0, 1)
    check(close(stretched('-m', 'log'), LogStretch(1000)(unit), 1e-6), 'log as astropy has it')
    mid = 0.1
    a = np.sinh(2 * np.arccosh(1 / (2 * mid)))
    check(close(stretched('-m', 'arcsinh', '-b', '0', '--mid', str(mid)),
                AsinhStretch(1 / a)(unit), 1e-6), 'arcsinh as astropy has it')

    ends = [np.nanpercentile(p, [0.5, 99.95]) for p in x]
    u = np.stack([np.maximum((p - lo) / (hi - lo), 0) for p, (lo, hi) in zip(x, ends)])
    cut = np.clip(u, 0, 1)
    variation = np.nanstd(cut) / np.nanmean(cut)
    a = 20 if variation > 0.5 else 10 if variation > 0.3 else 5
    light = np.tensordot([0.2126, 0.7152, 0.0722], u, 1)
    with np.errstate(invalid='ignore', divide='ignore'):
        lift = np.where(light > 0, np.arcsinh(a * light) / (light * np.arcsinh(a)), 1)
    got, expected = stretched('-m', 'asinh'), np.clip(u * np.where(np.isnan(light), np.nan, lift), 0, 1)
    check(close(got, expected, 3e-5), 'asinh of colours, a found')

    undone = run('stretch', run('stretch', stream), '--inverse')
    with tempfile.NamedTemporaryFile(suffix='.leat') as kept:
        kept.write(stream)
        kept.flush()
        told = [json.loads(line) for line in
                run('image-diff', undone, '--with', kept.name, '--json').splitlines()]
    difference = np.abs(pixels(undone, v.shape).astype(np.float64) - v)
    check(all(abs(told[p]['max_abs'] / np.nanmax(difference[p]) - 1) < 1e-6 and
              abs(told[p]['rmse'] / np.sqrt(np.nanmean(difference[p] ** 2)) - 1) < 1e-6
              for p in range(3)), 'image-diff as numpy has it')


main()
print('1..%d' % count)
sys.exit(failed > 0)
