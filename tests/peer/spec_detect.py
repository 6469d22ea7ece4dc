# SPDX-License-Identifier: ISC
# spec-detect and spec-occupancy against signals planted by numpy: tones and bursts over the band at
# several strengths, chirps, bands of noise, keyed carriers, and noise alone. Truth is what was
# planted; noise is independent of iq-gen. spec_detect.py [SEED [TIMES]]. Prints
# TAP.
import io
import os
import random
import subprocess
import sys

root = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(root, 'scripts'))
try:
    import numpy as np
except ImportError as error:
    print(f'1..0 # SKIP {error}')
    sys.exit(0)
import leat  # noqa: E402

os.environ['PATH'] = f'{root}/{os.environ.get("LEAT_BUILD", "build")}/libexec/leat:{os.environ["PATH"]}'
RATE, N, CENTRE = 1024000, 1024, 100e6
BIN = RATE / N
passed = []


def check(condition, what):
    passed.append(bool(condition))
    print(f'{"" if condition else "not "}ok {len(passed)} - {what}', flush=True)


def noise(samples):
    return random_.standard_normal(2 * samples, np.float32).view(np.complex64) * np.float32(np.sqrt(0.5))


def tables(signal, line, index=0):
    """The columns that a pipeline makes of samples."""
    out = io.BytesIO()
    with leat.Writer(out, 'IQ', RATE, freq_hz=CENTRE) as writer:
        writer.put(signal.astype('c8'), index=index)
    data = subprocess.run(['bash', '-o', 'pipefail', '-c', line], input=out.getvalue(), stdout=subprocess.PIPE,
                          check=True).stdout
    frames = [frame.data for frame in leat.read(io.BytesIO(data))]
    names = [column[0] for column in next(iter(leat.Reader(io.BytesIO(data)))).own.columns()]
    return {name: np.concatenate([f[name] for f in frames]) if frames else np.zeros(0) for name in names}


def detect(signal, average=1, options='', window='hann', hop=0, index=0):
    return tables(signal, f'fft-slice -n {N} -w {window} -a {average} --hop {hop} --tail pad | spec-detect {options}',
                  index)


def test_tones(average, snr_db, window='hann', hop=0, rows=30):
    """Tones all over the band, anywhere in a bin; snr_db over the noise of a bin of the transform."""
    worst = dict(found=0, hz=0, snr=0, width=0, extra=0)
    samples = N * average * rows
    t = np.arange(samples)
    for _ in range(2 * times):
        offsets = (np.arange(5) * 190 - 400 + random_.uniform(-40, 40, 5)) * BIN
        x = noise(samples)
        for hz in offsets:
            x += np.sqrt(10 ** (snr_db / 10) / N) * np.exp(2j * np.pi * (hz / RATE * t + random_.random()))
        got = detect(x, average, window=window, hop=hop)
        for hz in offsets:
            near = np.flatnonzero(np.abs(got['freq_hz'] - CENTRE - hz) < 3 * BIN)
            long = [i for i in near if got['count'][i] > samples / 2]
            worst['extra'] = max(worst['extra'], len(near) - len(long))
            if len(long) != 1:
                worst['found'] += 1
                continue
            i = long[0]
            width = got['width_hz'][i]
            expected = 10 * np.log10(10 ** (snr_db / 10) * BIN / width)
            worst['hz'] = max(worst['hz'], abs(got['freq_hz'][i] - CENTRE - hz) / BIN)
            worst['snr'] = max(worst['snr'], abs(got['snr_db'][i] - expected))
            worst['width'] = max(worst['width'], width / BIN)
        worst['extra'] = max(worst['extra'], len(got['freq_hz']) - len(offsets))
    check(not worst['found'] and worst['hz'] < 0.5 and worst['snr'] < 1 and worst['width'] < (8 if window == 'rect' else 6) and
          not worst['extra'],
          f'{10 * times} tones of {snr_db} dB, {average} transforms a row, {window}, hop {hop or N}: missed {worst["found"]}, '
          f'off by {worst["hz"]:.2f} bins and {worst["snr"]:.2f} dB, at most {worst["width"]:.1f} bins wide, '
          f'{worst["extra"]} extra')


def test_bursts(average, snr_db):
    """Bursts that begin and end anywhere."""
    missed = worst = worst_hz = worst_snr = extra = 0
    row, rows = N * average, 60
    t = np.arange(row * rows)
    for _ in range(4 * times):
        begin, length = int(random_.integers(5 * row, 25 * row)), int(random_.integers(12 * row, 30 * row))
        hz, index = random_.uniform(-400, 400) * BIN, int(random_.integers(-10**12, 10**12))
        x = noise(len(t))
        on = (t >= begin) & (t < begin + length)
        x += on * np.sqrt(10 ** (snr_db / 10) / N) * np.exp(2j * np.pi * hz / RATE * t)
        got = detect(x, average, index=index)
        extra += len(got['index']) - 1
        if len(got['index']) < 1:
            missed += 1
            continue
        i = int(np.argmax(got['count']))
        start, end = got['index'][i] - index, got['index'][i] + got['count'][i] - index
        worst = max(worst, abs(start - begin) / row, abs(end - begin - length) / row)
        worst_hz = max(worst_hz, abs(got['freq_hz'][i] - CENTRE - hz) / BIN)
        expected = 10 * np.log10(10 ** (snr_db / 10) * BIN / got['width_hz'][i])
        worst_snr = max(worst_snr, abs(got['snr_db'][i] - expected))
        same = abs(got['start_s'][i] - got['index'][i] / RATE) < 1e-6
        same = same and abs(got['end_s'][i] - (got['index'][i] + got['count'][i]) / RATE) < 1e-6
        extra += not same
    check(not missed and worst <= 1 and worst_hz < 0.5 and worst_snr < 1 and not extra,
          f'{4 * times} bursts of {snr_db} dB, {average} transforms a row: missed {missed}, off by {worst:.2f} rows, '
          f'{worst_hz:.2f} bins, {worst_snr:.2f} dB, {extra} extra')


def test_chirp():
    samples = N * 8 * 50
    t = np.arange(samples)
    x = noise(samples) + np.sqrt(1000 / N) * np.exp(2j * np.pi * (-300 * BIN * t / RATE + 200 * BIN / samples * t**2 / 2 / RATE))
    got = detect(x, 8)
    check(len(got['index']) == 1 and abs(got['freq_hz'][0] - CENTRE + 200 * BIN) < 2 * BIN and
          abs(got['width_hz'][0] / BIN - 198) < 4 and got['index'][0] == 0 and got['count'][0] == samples,
          f'a chirp over 200 bins is one signal, {got["width_hz"][:3] / BIN} bins wide')


def test_bands(average, width, level_db, options=''):
    """A band of noise, so wide that the noise around most of its bins is the signal itself."""
    samples = N * average * (50 if average < 64 else 20)
    spectrum = np.fft.fft(noise(samples))
    hz = np.fft.fftfreq(samples, 1 / RATE)
    centre = 50 * BIN
    spectrum[np.abs(hz - centre) > width * BIN / 2] = 0
    band = np.fft.ifft(spectrum) * 10 ** (level_db / 20)
    weak = np.sqrt(100 / N) * np.exp(2j * np.pi * (centre + (width / 2 + 15) * BIN) / RATE * np.arange(samples))
    got = detect(noise(samples) + band + weak, average, options)
    order = np.argsort(-got['width_hz'])
    main = order[0] if len(order) else 0
    good = len(order) == 2 and abs(got['freq_hz'][main] - CENTRE - centre) < max(2, width / 50) * BIN and \
        abs(got['width_hz'][main] / (width * BIN) - 0.99) < 0.03 and \
        abs(got['snr_db'][main] - level_db + 10 * np.log10(0.99 * RATE / RATE)) < 1
    check(good, f'a band of {width} bins {level_db} dB above, {average} transforms a row, and a tone beside it: '
          f'{len(order)} signals, the first {got["width_hz"][order[:1]] / BIN} wide, {got["snr_db"][order[:1]]} dB')


def test_false_alarms(average, pfa):
    """Noise alone; a signal of several bins is one alarm, so there are at most so many."""
    rows = times * (800 if average == 1 else 400)
    signals = sum(len(detect(noise(N * average * rows // 4), average, f'--threshold pfa:{pfa} --hold 0 --guard 0')['index'])
                  for _ in range(4))
    cells = rows * N
    check(0.4 * cells * pfa < signals < 1.2 * cells * pfa,
          f'noise, {average} transforms a row: {signals} alarms in {cells} bins at {pfa}, {signals / cells / pfa:.2f} of it')


def test_silence():
    signals = sum(len(detect(noise(N * 600))['index']) for _ in range(times))
    check(signals == 0, f'noise, the default: {signals} alarms in {times * N * 600} bins')


def test_occupancy():
    """A carrier keyed on and off at random, a steady one, and noise."""
    average, rows = 4, 200
    row = N * average
    keyed = random_.integers(0, 2, rows).astype(bool)
    t = np.arange(row * rows)
    x = noise(len(t)) + np.repeat(keyed, row) * np.sqrt(300 / N) * np.exp(2j * np.pi * 100 * BIN / RATE * t)
    x += np.sqrt(300 / N) * np.exp(-2j * np.pi * 200 * BIN / RATE * t)
    for threshold in ('pfa:1e-6', 'noise:9', str(10 * np.log10(80 / N))):
        got = tables(x, f'fft-slice -n {N} -a {average} --norm density | spec-occupancy --threshold {threshold}' if
                     threshold[0] in 'pn' else f'fft-slice -n {N} -a {average} | spec-occupancy --threshold={threshold}')
        share, hz = got['occupancy'], got['freq_hz']
        quiet = np.abs(np.arange(N) - 512 - 100) > 3
        quiet &= np.abs(np.arange(N) - 512 + 200) > 3
        check(share[612] == keyed.mean() and share[312] == 1 and share[quiet].max() <= 0.01 and
              (hz == CENTRE + (np.arange(N) - 512) * BIN).all() and (got['rows'] == rows).all() and
              np.allclose(got['counted_s'], row * rows / RATE),
              f'occupancy, --threshold {threshold}: {share[612]:.4f} of {keyed.mean():.4f}, {share[312]:.0f}, '
              f'noise at most {share[quiet].max()}')
    power = np.abs(np.fft.fft((x.reshape(-1, N) * np.hanning(N + 1)[:N]), axis=1)) ** 2 / (N / 2) ** 2
    power = np.fft.fftshift(power.reshape(rows, average, N).mean(1), axes=1)
    got = tables(x, f'fft-slice -n {N} -a {average} | spec-occupancy')
    check(np.allclose(got['mean_db'], 10 * np.log10(power.mean(0)), atol=1e-3) and
          np.allclose(got['max_db'], 10 * np.log10(power.max(0)), atol=1e-3), 'mean and maximum as numpy has them')


seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1 << 30)
times = int(sys.argv[2]) if len(sys.argv) > 2 else 1
print(f'# seed {seed}')
random_ = np.random.default_rng(seed)
test_tones(1, 20)
test_tones(8, 13)
test_tones(8, 60)
test_tones(64, 6, rows=10)
test_tones(8, 20, 'blackmanharris')
test_tones(8, 20, 'rect')
test_tones(8, 16, 'hann', N // 4)
test_bursts(1, 22)
test_bursts(8, 14)
test_chirp()
test_bands(1, 100, 25)
test_bands(8, 300, 20)
test_bands(8, 500, 30)
test_bands(64, 60, 3)
test_false_alarms(1, 1e-3)
test_false_alarms(8, 1e-3)
test_silence()
test_occupancy()
print(f'1..{len(passed)}')
sys.exit(not all(passed))
