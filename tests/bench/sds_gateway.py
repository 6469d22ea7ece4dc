#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The routes of the SDS gateway, numbers only: seconds a sample on standard output.

usage: sds_gateway.py spectrogram|waterfall RAW_CI16_FILE SAMPLES

spectrogram: int16 to complex64, scipy's ShortTimeFFT where there is one (1.12), else
scipy.signal.spectrogram with the same window, length, hop and bins, and 10 log10; no picture.
waterfall: one slice after the other: transform, 10 log10, base64, JSON.
"""
import base64
import json
import sys
import time

import numpy as np
import scipy.signal

SIZE, HOP, STD = 1024, 500, 100


def spectrogram(x):
    window = scipy.signal.windows.gaussian(SIZE, STD, sym=True)
    if hasattr(scipy.signal, "ShortTimeFFT"):
        stft = scipy.signal.ShortTimeFFT(window, hop=HOP, fs=1, mfft=SIZE, fft_mode="centered")
        power = stft.spectrogram(x)
    else:
        power = scipy.signal.spectrogram(x, 1, window, SIZE, SIZE - HOP, detrend=False,
                                         return_onesided=False, scaling="spectrum")[2]
        power = np.fft.fftshift(power, axes=0)
    return 10 * np.log10(np.fmax(power, 1e-12))


def waterfall(x):
    slices = []
    for k in range(len(x) // SIZE):
        power = np.abs(np.fft.fftshift(np.fft.fft(x[k * SIZE:(k + 1) * SIZE]))) ** 2
        row = (10 * np.log10(power + 1e-12)).astype(np.float32)
        slices.append({"data": base64.b64encode(row.tobytes()).decode(), "data_type": "float32",
                       "num_samples": SIZE, "custom_fields": {"slice_index": k}})
    return json.dumps(slices)


def main():
    work = {"spectrogram": spectrogram, "waterfall": waterfall}[sys.argv[1]]
    raw = np.fromfile(sys.argv[2], "<i2", 2 * int(sys.argv[3]))
    start = time.perf_counter()
    x = raw.astype(np.float32).view(np.complex64)
    work(x)
    print((time.perf_counter() - start) / len(x))


if __name__ == "__main__":
    main()
