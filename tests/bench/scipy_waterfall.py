#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The script people write: DigitalRF files by h5py, scipy FFT, averaged rows, a PNG picture.

usage: scipy_waterfall.py CHANNEL_FOLDER OUT.png
"""
import glob
import struct
import sys
import zlib

import h5py
import numpy as np
import scipy.fft
import scipy.signal

SIZE, AVERAGE = 1024, 100


def rows_of(path, window):
    with h5py.File(path, "r") as file:
        raw = file["rf_data"][:, 0]
    whole = len(raw) // SIZE * SIZE
    samples = np.empty(whole, np.complex64)
    samples.real = raw["r"][:whole] / np.float32(32768)
    samples.imag = raw["i"][:whole] / np.float32(32768)
    power = np.abs(scipy.fft.fft(samples.reshape(-1, SIZE) * window, axis=1)) ** 2
    rows = len(power) // AVERAGE
    return np.fft.fftshift(power[: rows * AVERAGE].reshape(rows, AVERAGE, SIZE).mean(1), axes=1)


def write_png(path, grey):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    lines = b"".join(b"\0" + line.tobytes() for line in grey)
    head = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)
    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head))
        out.write(chunk(b"IDAT", zlib.compress(lines, 6)) + chunk(b"IEND", b""))


def main():
    folder, out = sys.argv[1], sys.argv[2]
    window = scipy.signal.get_window("hann", SIZE).astype(np.float32)
    files = sorted(glob.glob(folder + "/*/rf@*.h5"))
    rows = np.concatenate([rows_of(path, window) for path in files])
    decibel = 10 * np.log10(rows / window.sum() ** 2 + 1e-30)
    height = min(800, len(decibel))
    groups = len(decibel) // height
    decibel = decibel[: groups * height].reshape(height, groups, SIZE).mean(1)
    low, high = np.percentile(decibel, [1, 99])
    grey = np.clip((decibel - low) / (high - low + 1e-9) * 255, 0, 255).astype(np.uint8)
    write_png(out, grey)


if __name__ == "__main__":
    main()
