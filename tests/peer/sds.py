#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""What the SDS gateway computes, by numpy, against --compat sds: every value of every slice of its
waterfall, and the powers, places, limits and pixels of its spectrogram (scipy's ShortTimeFFT, whose
frames are laid here by their definition: all that meet the signal)."""
import base64
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get('LEAT_BUILD', 'build'))
SHARED = os.environ.get('LEAT_SHARED', os.path.join(ROOT, '..', 'shared'))
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


def run(name, *args, data=b''):
    return subprocess.run([os.path.join(BUILD, 'libexec/leat', name), *args], input=data,
                          stdout=subprocess.PIPE, check=True).stdout


def captured(data, np):
    """Frames of IQ as (index, samples): by the byte layout of leat-stream(5), samples in complex64."""
    types = {0x41: 'u1', 0x42: 'i1', 0x43: '<u2', 0x44: '<i2', 0x4a: '<f4', 0x4b: '<f8'}
    at, runs, rate = 0, [], None
    while at < len(data):
        head = data[at:at + 128]
        kind, dtype = int.from_bytes(head[10:12], 'little'), head[12]
        index = int.from_bytes(head[24:32], 'little', signed=True)
        size = int.from_bytes(head[32:40], 'little')
        meta_size = -(-int.from_bytes(head[40:44], 'little') // 64) * 64
        meta = data[at + 128:at + 128 + meta_size].decode()
        if kind == 0:
            words = dict(line.split(' ', 1) for line in meta.split('\n') if ' ' in line)
            rate = int(words['rate_num']) / int(words['rate_den'])
            new = True
        payload = data[at + 128 + meta_size:at + 128 + meta_size + size]
        at += 128 + meta_size + -(-(size + 8) // 64) * 64
        if kind != 1:
            continue
        wide = complex if dtype == 0x4b else np.complex64
        values = np.frombuffer(payload, types[dtype]).reshape(-1, int.from_bytes(head[56:64], 'little'), 2)
        samples = (values[:, 0, 0] + 1j * values[:, 0, 1].astype(float)).astype(wide)
        if not new and runs and runs[-1][0] + len(runs[-1][1]) == index:
            runs[-1][1] = np.concatenate([runs[-1][1], samples])
        else:
            runs.append([index, samples])
        new = False
    return rate, runs


def gateway_slices(rate, runs, np):
    """Its slices: {start sample: (levels, timestamp, slice index)}."""
    start = runs[0][0]
    found = {}
    for index, samples in runs:
        first = -(-(index - start) // 1024)
        for k in range(first, (index + len(samples) - start) // 1024):
            at = start + k * 1024
            x = samples[at - index:at - index + 1024]
            if len(x) < 1024:
                continue
            power = np.abs(np.fft.fftshift(np.fft.fft(x.astype(complex)))) ** 2
            time = datetime.fromtimestamp(at / rate, tz=timezone.utc).isoformat()
            found[at] = ((10 * np.log10(power + 1e-12)).astype(np.float32), time, k)
    return found


def compare_slices(what, data, np):
    rate, runs = captured(data, np)
    wanted = gateway_slices(rate, runs, np)
    got = json.loads(run('waterfall-json', '--compat', 'sds', '-c', 'ch', data=data))
    check([s['custom_fields']['start_sample'] for s in got] == sorted(wanted),
          '%s: the %d slices that are whole' % (what, len(wanted)))
    power_off = level_off = values = 0
    fields = True
    for s in got:
        start = s['custom_fields']['start_sample']
        levels, time, number = wanted[start]
        row = np.frombuffer(base64.b64decode(s['data']), '<f4')
        power, truth = 10 ** (row.astype(float) / 10), 10 ** (levels.astype(float) / 10)
        power_off = max(power_off, abs(power - truth).max() / truth.max())
        level_off += (row != levels).sum()
        values += len(row)
        fields = fields and s == {
            'data': s['data'], 'data_type': 'float32', 'timestamp': time,
            'min_frequency': 0.0 - rate / 2, 'max_frequency': 0.0 + rate / 2, 'num_samples': 1024,
            'sample_rate': rate, 'center_frequency': 0.0,
            'custom_fields': {'channel_name': 'ch', 'start_sample': start, 'num_samples': 1024,
                              'fft_size': 1024, 'scan_time': 1024 / rate, 'slice_index': number}}
    check(power_off <= 1e-6, '%s: powers within 1e-6 of the greatest (%.1g)' % (what, power_off))
    check(level_off <= values / 1000, '%s: %d of %d levels differ in a bit' % (what, level_off, values))
    check(fields, '%s: all fields' % what)


def frames_of(x, n, hop, std, np):
    """ShortTimeFFT(gaussian(n, std), hop, fft_mode='centered').spectrogram(x), and its first frame."""
    window = np.exp(-((np.arange(n) - (n - 1) / 2) / std) ** 2 / 2)
    padded = np.concatenate([np.zeros(n, x.dtype), x, np.zeros(n + hop, x.dtype)])
    first, rows = None, []
    for p in range(-(2 * n // hop) - 2, (len(x) + n) // hop + 2):
        begin = p * hop - n // 2
        # Which frames there are: those of which a sample meets the signal, with a weight behind its end.
        if begin + n <= 0 or begin >= len(x) or not (window[:max(len(x) - begin, 0)] ** 2).any():
            continue
        first = p if first is None else first
        rows.append(np.abs(np.fft.fftshift(np.fft.fft(padded[begin + n:begin + 2 * n] * window))) ** 2)
    return first, np.array(rows)


def spectra(data, np):
    """Rows of SPECTRA frames, one subchannel: (index, row)."""
    at, rows = 0, []
    while at < len(data):
        head = data[at:at + 128]
        kind, index = int.from_bytes(head[10:12], 'little'), int.from_bytes(head[24:32], 'little', signed=True)
        size = int.from_bytes(head[32:40], 'little')
        meta_size = -(-int.from_bytes(head[40:44], 'little') // 64) * 64
        if kind == 2:
            payload = data[at + 128 + meta_size:at + 128 + meta_size + size]
            bins = int.from_bytes(head[64:72], 'little')
            rows += [(index, k, row) for k, row in
                     enumerate(np.frombuffer(payload, '<f4').reshape(-1, bins))]
        at += 128 + meta_size + -(-(size + 8) // 64) * 64
    return rows


def compare_powers(what, data, n, hop, std, np):
    """The transforms inside the signal, as numbers, by fft-slice."""
    rate, runs = captured(data, np)
    index, x = runs[0]
    first, truth = frames_of(x.astype(complex), n, hop, std, np)
    lead = -(-(n // 2) // hop) * hop - n // 2    # of the first frame inside
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'in')
        with open(path, 'wb') as out:
            out.write(data)
        part = run('stream-take', '--from', str(index + lead), '--to', str(index + len(x)), data=data)
    got = spectra(run('fft-slice', '-n', str(n), '--hop', str(hop), '-w', 'gauss-sym:%g' % std,
                      '--norm', 'none', data=part), np)
    inside = truth[(lead + n // 2) // hop - first:]
    off = max(abs(row - inside[i]).max() / inside[i].max() for i, (_, _, row) in enumerate(got))
    check(len(got) == (len(x) - lead - n) // hop + 1 and off <= 1e-6,
          '%s, n %d, hop %d, std %g: %d transforms within 1e-6 (%.1g)' % (what, n, hop, std, len(got), off))


def picture(data, width, height, np, *args):
    stream = run('spectrogram', '--width', str(width), '--height', str(height), '--no-axes', '--no-colorbar',
                 '--cmap', 'gray', *args, data=data)
    return np.frombuffer(run('stream-payload', data=stream), 'u1').reshape(3, height, width)[0].astype(int)


def compare_pixels(what, data, n, hop, std, np):
    """All transforms, one a pixel column, with the colours' limits: in steps of the colour map."""
    rate, runs = captured(data, np)
    x = runs[0][1].astype(complex)
    first, power = frames_of(x, n, hop, std, np)
    level = 10 * np.log10(np.fmax(power, 1e-12)).T[::-1]
    got = picture(data, level.shape[1], n, np, '-n', str(n), '--hop', str(hop), '--std', str(std),
                  '--compat', 'sds')
    wanted = np.minimum((level - level.min()) / (level.max() - level.min()) * 256, 255).astype(int)
    # f32 blurs what is 1e-6 of the row's maximum and below; there the colour is another matter.
    clear = (power > 1e-4 * power.max(axis=1, keepdims=True)).T[::-1]
    off = abs(got - wanted)
    check(off[clear].max() <= 1 and (off[clear] == 0).mean() > 0.95 and off.mean() < 1,
          '%s, n %d, hop %d, std %g: %d x %d pixels, first transform %d, limits %.1f to %.1f dB' %
          (what, n, hop, std, *level.shape[::-1], first, level.min(), level.max()))


def main():
    try:
        import numpy as np
    except ImportError as e:
        skip('SDS by numpy', str(e))
        return
    made = {
        'tone and noise': run('iq-gen', '--rate', '1M', '--seconds', '20ms', '--noise', '0.01', '--tone',
                              '123k:0.5', '--time0', '1970-01-01T00:00:00Z'),
        'a gap, cu8': run('iq-gen', '--rate', '1M', '--seconds', '30ms', '--noise', '0.2', '--type', 'cu8',
                          '--gap', '10ms:5ms', '--time0', '1970-01-01T00:00:00Z'),
        'cf32': run('iq-gen', '--rate', '100000/3', '--seconds', '1', '--noise', '0.001', '--type', 'cf32',
                    '--chirp', '-10k:10k', '--time0', '1970-01-01T00:00:00Z'),
        'cf64': run('iq-gen', '--rate', '48k', '--seconds', '100ms', '--noise', '0.1', '--type', 'cf64',
                    '--time0', '1970-01-01T00:00:00Z'),
    }
    for what, data in made.items():
        compare_slices(what, data, np)
    captures = [('cap1', 'sc16'), ('westford', 'cap-2024-06-27T14-00-00')]
    real = {}
    for folder, channel in captures:
        path = os.path.join(SHARED, 'data/drf', folder)
        if not os.path.isdir(path):
            skip(folder, 'no captures in %s' % SHARED)
            continue
        args = ['--to', '+400ms'] if folder == 'westford' else []
        real[folder] = run('drf-read', '-c', channel, *args, path)
        compare_slices(folder, real[folder], np)
    noise = made['tone and noise']
    for n, hop, std in (1024, 500, 100), (256, 100, 10), (1000, 333, 50), (64, 200, 12):
        compare_powers('tone and noise', noise, n, hop, std, np)
    for folder in real:
        compare_powers(folder, real[folder][:], 1024, 500, 100, np)
    for n, hop, std in (1024, 500, 100), (512, 100, 10), (333, 250, 50), (64, 200, 12):
        compare_pixels('tone and noise', noise, n, hop, std, np)
    short = run('iq-gen', '--rate', '1M', '--seconds', '700us', '--noise', '0.1', '--type', 'cf32')
    compare_pixels('700 samples', short, 1024, 500, 100, np)
    print('1..%d' % count)


if __name__ == '__main__':
    main()
    sys.exit(failed > 0)
