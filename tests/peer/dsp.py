#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""iq-shift, iq-filter, iq-decimate, iq-resample, iq-dc and iq-scale against numpy and scipy.signal,
over gaps, with the taps that scipy designs. Prints TAP."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBEXEC = os.path.join(ROOT, os.environ.get('LEAT_BUILD', 'build'), 'libexec/leat')
sys.path.insert(0, os.path.join(ROOT, 'tests'))
try:
    import numpy as np
    from scipy import signal
    from iqstream import stream
except ImportError as error:
    print('1..0 # SKIP %s' % error)
    sys.exit(0)

ATTENUATION = 92.0                   # what the designs aim at
BETA = 0.1102 * (ATTENUATION - 8.7)
count = failed = 0


def check(right, what):
    global count, failed
    count += 1
    failed += not right
    print('%sok %d - %s' % ('' if right else 'not ', count, what), flush=True)


def run(data, name, *args):
    return subprocess.run([os.path.join(LIBEXEC, name), *args], input=data,
                          stdout=subprocess.PIPE, check=True).stdout


def runs(stream):
    """[(index, samples)] of the runs between gaps, the samples as complex128 or float64."""
    text = run(stream, 'stream-head', '--all').decode()
    raw = run(stream, 'stream-payload')
    types = {'cf32': np.complex64, 'f32': np.float32, 'ci16': np.int16, 'i16': np.int16, 'cu8': np.uint8}
    found, at = [], 0
    for line in text.splitlines():
        if not line.startswith('IQ '):
            continue
        words = line.split()
        index, kind, size = int(words[4]), words[5], int(words[words.index('bytes') + 1])
        data = np.frombuffer(raw[at:at + size], types[kind]).astype(
            np.complex128 if kind == 'cf32' else np.float64)
        at += size
        if kind == 'ci16':
            data = (data[::2] + 1j * data[1::2]) / 32768
        elif kind == 'i16':
            data = data / 32768
        elif kind == 'cu8':
            data = (data[::2] - 127.5 + 1j * (data[1::2] - 127.5)) / 127.5
        if found and found[-1][0] + len(found[-1][1]) == index:
            found[-1] = (found[-1][0], np.concatenate([found[-1][1], data]))
        else:
            found.append((index, data))
    return found


def low_pass(taps, cutoff, gain=1.0):
    """As scipy designs it; cutoff in cycles per sample."""
    return gain * signal.firwin(taps, cutoff, window=('kaiser', BETA), fs=1.0)


def length(transition):
    return 2 * int(np.ceil((ATTENUATION - 7.95) / 14.36 / transition / 2)) + 1


def same(ours, expected, limit=1e-5):
    """Each run has exactly the samples expected, at their indices."""
    if [(i, len(x)) for i, x in ours] != [(i, len(x)) for i, x in expected]:
        print('#', [(i, len(x)) for i, x in ours], [(i, len(x)) for i, x in expected])
        return False
    worst = max(np.max(np.abs(a[1] - b[1])) for a, b in zip(ours, expected))
    print('# largest difference %.2g' % worst)
    return worst <= limit


def resampled(run_, taps, up, down):
    """All outputs k at input time k down / up whose taps lie within the run."""
    begin, x = run_
    half, end = len(taps) // 2, begin + len(x)
    before, after = half // up, (half + up - 1) // up
    first = -((-(begin + before) * up) // down)
    last = -((-(end - after) * up) // down)
    if last <= first:
        return []
    y = signal.upfirdn(taps, x, up)
    at = np.arange(first, last) * down - begin * up + half
    return [(first, y[at])]


def shifted(run_, turns):
    begin, x = run_
    n = np.arange(begin, begin + len(x))
    return begin, x * np.exp(2j * np.pi * (turns * n % 1.0))


def gen(*args):
    return run(b'', 'iq-gen', '--rate', '100k', '--seconds', '300ms', '--noise', '0.3', '--gap', '90ms:1ms',
               '--gap', '150ms:17ms', '--tone', '3k:0.2', '--tone', '-20k:0.2', *args)


def framing():
    """The same samples in other frames give the same bytes."""
    rng = np.random.default_rng(3)
    samples = (rng.normal(0, 0.3, 60000) + 1j * rng.normal(0, 0.3, 60000)).astype(np.complex64)
    samples[12345] = np.nan
    gaps = ((20000, 77), (20100, 1), (40000, 5000))
    whole = stream(samples, 100000, 10 ** 15 + 1, gaps=gaps)
    cut = stream(samples, 100000, 10 ** 15 + 1, (1, 7, 3000, 100, 20000, 333), gaps)
    for command in (('iq-shift', '--freq', '333'), ('iq-filter', '--band', '30k'),
                    ('iq-filter', '--band', '-20k:-18k'), ('iq-decimate', '--factor', '50', '--freq', '1k'),
                    ('iq-resample', '--rate', '44100'), ('iq-resample', '--num', '7'), ('iq-dc',),
                    ('iq-demod', '--mode', 'am'), ('iq-demod', '--mode', 'wfm'), ('iq-demod', '--mode', 'usb')):
        expected = run(whole, *command)
        text = run(expected, 'stream-head', '--all').decode()
        check(run(cut, *command) == expected and text.count(' gap\n') >= 2,
              'other frames, the same bytes: ' + ' '.join(command))


def main():
    framing()
    complex_in = gen('--freq', '1M')
    real_in = gen('--real')
    x, r = runs(complex_in), runs(real_in)
    for kind, data, source in (('complex', complex_in, x), ('real', real_in, r)):
        check(same(runs(run(data, 'iq-shift', '--freq', '12345.678')),
                   [shifted(p, -12345.678 / 1e5) for p in source], 3e-7), 'shift of %s samples' % kind)
        h = low_pass(2001, 0.05 + (ATTENUATION - 7.95) / 14.36 / 2000 / 2)
        check(same(runs(run(data, 'iq-filter', '--band', '10k', '--taps', '2001')),
                   [y for p in source for y in resampled(p, h, 1, 1)]), 'low-pass of %s samples' % kind)
        for up, down in ((3, 4), (7, 2), (160, 147), (5, 1)):
            low = 1 / max(up, down)
            h = low_pass(length(0.2 * low), 0.5 * low, up)
            check(same(runs(run(data, 'iq-resample', '--num', str(up), '--den', str(down))),
                       [y for p in source for y in resampled(p, h, up, down)]),
                  'resample by %d/%d of %s samples' % (up, down, kind))
        h = low_pass(length(0.2 / 7), 0.5 / 7)
        check(same(runs(run(data, 'iq-decimate', '--factor', '7')),
                   [y for p in source for y in resampled(p, h, 1, 7)]), 'decimate of %s samples' % kind)
    n = length(0.01)
    h = low_pass(n, 0.05 + 0.005) * np.exp(2j * np.pi * 0.25 * (np.arange(n) - n // 2))
    check(same(runs(run(complex_in, 'iq-filter', '--band', '20k:30k')),
               [y for p in x for y in resampled(p, h, 1, 1)]), 'one side of complex samples')
    n = length(0.01)
    h = low_pass(n, 0.05 + 0.005) * 2 * np.cos(2 * np.pi * 0.25 * (np.arange(n) - n // 2))
    check(same(runs(run(real_in, 'iq-filter', '--band', '20k:30k')),
               [y for p in r for y in resampled(p, h, 1, 1)]), 'a band of real samples')
    # Several stages are one filter to whom they serve: compare with one whose taps are theirs.
    ours = runs(run(complex_in, 'iq-decimate', '--factor', '16', '--freq', '3k'))
    h = low_pass(length(0.02 / 16), 0.5 / 16)
    mixed = [shifted(p, -0.03) for p in x]
    sharp = [y for p in mixed for y in resampled(p, h, 1, 16)]
    tone = [np.mean(y * np.exp(0j)) for _, y in sharp]
    check(all(abs(np.mean(a[1]) - b) < 0.01 for a, b in zip(ours, tone)), 'decimate by 16: the tone at 0')

    width = 200.0
    t = np.tan(np.pi * width / 1e5 / 2)
    a = 2 * t / (1 + t)
    expected = []
    for begin, y in x:
        mean, out = 0, np.empty(len(y), complex)
        for k, v in enumerate(y):
            mean += max(a, 1 / (k + 1)) * (v - mean)
            out[k] = (v - mean) * (1 - a / 2) / (1 - a)
        expected.append((begin, out))
    check(same(runs(run(complex_in, 'iq-dc', '--width', '200')), expected, 1e-6), 'dc')
    for kind, full in (('ci16', 32768.0), ('cu8', 127.5)):
        got = runs(run(complex_in, 'iq-scale', '--db', '-6', '--type', kind))
        check(same(got, [(i, y * 10 ** (-6 / 20)) for i, y in x], 0.7072 / full * 1.0001), 'scale to %s' % kind)


main()
print('1..%d' % count)
sys.exit(failed > 0)
