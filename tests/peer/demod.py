#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""iq-demod on signals that numpy modulates: frequency, level, distortion and image of the tones that
come out, the curve of the de-emphasis, and time. Prints TAP."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBEXEC = os.path.join(ROOT, os.environ.get('LEAT_BUILD', 'build'), 'libexec/leat')
sys.path.insert(0, os.path.join(ROOT, 'tests'))
try:
    import numpy as np
    from iqstream import stream
except ImportError as error:
    print('1..0 # SKIP %s' % error)
    sys.exit(0)

count = failed = 0


def check(right, what):
    global count, failed
    count += 1
    failed += not right
    print('%sok %d - %s' % ('' if right else 'not ', count, what), flush=True)


def run(data, name, *args):
    return subprocess.run([os.path.join(LIBEXEC, name), *args], input=data,
                          stdout=subprocess.PIPE, check=True).stdout


def demod(samples, rate, *args, index=0):
    """The sound, and the index of its first sample."""
    out = run(stream(samples, rate, index), 'iq-demod', *args)
    first = [line for line in run(out, 'stream-head', '--all').decode().splitlines()
             if line.startswith('IQ ')][0]
    return np.frombuffer(run(out, 'stream-payload'), np.float32).astype(float), int(first.split()[4])


def fit(sound, first, rate, hz):
    """Amplitude and phase at index 0 of a tone, and the rest's rms, by least squares; edges left out."""
    keep = slice(len(sound) // 8, -len(sound) // 8)
    n = np.arange(first, first + len(sound))[keep]
    y = sound[keep]
    basis = np.stack([np.cos(2 * np.pi * hz / rate * n), np.sin(2 * np.pi * hz / rate * n), np.ones(len(n))], 1)
    solved = np.linalg.lstsq(basis, y, rcond=None)[0]
    rest = y - basis @ solved
    return np.hypot(*solved[:2]), np.arctan2(-solved[1], solved[0]), np.sqrt(np.mean(rest ** 2))


def db(ratio):
    return 20 * np.log10(max(ratio, 1e-15))


def report(name, amplitude, phase, rest, expected, level_db, distortion_db, expected_phase=0.0):
    wrong = abs(db(amplitude / expected))
    noise = db(rest * np.sqrt(2) / amplitude)
    drift = abs((phase - expected_phase + np.pi) % (2 * np.pi) - np.pi)
    print('# %s: level %+.4f dB, THD+N %.1f dB, phase off %.2g rad' % (
        name, db(amplitude / expected), noise, drift))
    check(wrong < level_db and noise < distortion_db and drift < 1e-3, name)


def main():
    rate, start = 250000, 123456789
    n = start + np.arange(rate)
    t = n / rate
    carrier = np.exp(2j * np.pi * ((31250.0 * n / rate) % 1.0))
    for hz, depth in ((1000.0, 0.8), (300.0, 0.3), (4000.0, 0.5)):
        x = 0.1 * (1 + depth * np.cos(2 * np.pi * hz * t)) * carrier
        sound, first = demod(x, rate, '--mode', 'am', '--freq', '31250', index=start)
        report('am, %g Hz at %g' % (hz, depth), *fit(sound, first, 12000, hz), depth, 0.05, -55, 0)
    for hz, deviation in ((1000.0, 3000.0), (400.0, 5000.0), (3000.0, 2500.0)):
        x = 0.3 * carrier * np.exp(1j * deviation / hz * np.sin(2 * np.pi * hz * t))
        sound, first = demod(x, rate, '--mode', 'fm', '--freq', '31250', index=start)
        report('fm, %g Hz, deviation %g' % (hz, deviation), *fit(sound, first, 12000, hz), deviation / 5000,
               0.02, -50, 0)
    for sign, mode, other in ((1, 'usb', 'lsb'), (-1, 'lsb', 'usb')):
        worst_image = -200
        for hz in (300.0, 700.0, 1500.0, 3000.0):
            x = 0.25 * carrier * np.exp(2j * np.pi * sign * ((hz * n / rate) % 1.0))
            sound, first = demod(x, rate, '--mode', mode, '--freq', '31250', index=start)
            report('%s, %g Hz' % (mode, hz), *fit(sound, first, 12000, hz), 0.25, 0.01, -90, 0)
            sound, first = demod(x, rate, '--mode', other, '--freq', '31250', index=start)
            worst_image = max(worst_image, db(fit(sound, first, 12000, hz)[0] / 0.25))
        print('# image of %s in %s: %.1f dB' % (mode, other, worst_image))
        check(worst_image < -90, 'the other sideband, %s, is rejected' % mode)
    rate = 1000000
    n = start + np.arange(rate // 2)
    t = n / rate
    for tau, option in ((0.0, '0'), (50e-6, None), (75e-6, '75us')):
        worst = 0
        for hz in (400.0, 3000.0, 10000.0, 15000.0):
            x = np.exp(1j * 40000 / hz * np.sin(2 * np.pi * hz * t))
            sound, first = demod(x, rate, '--mode', 'wfm', *(('--deemph', option) if option else ()), index=start)
            amplitude, phase, rest = fit(sound, first, 48000, hz)
            curve = 1 / (1 + 2j * np.pi * hz * tau)
            difference = db(amplitude / (40000 / 75000 * abs(curve)))
            turn = (phase - np.angle(curve) + np.pi) % (2 * np.pi) - np.pi
            print('# wfm, %g us, %g Hz: %+.3f dB and %+.4f rad from the curve, THD+N %.1f dB' % (
                tau * 1e6, hz, difference, turn, db(rest * np.sqrt(2) / amplitude)))
            worst = max(worst, abs(difference), 0 if rest * np.sqrt(2) / amplitude < 3e-3 else 9)
        check(worst < 0.1, 'wfm, de-emphasis %g us' % (tau * 1e6))


main()
print('1..%d' % count)
sys.exit(failed > 0)
