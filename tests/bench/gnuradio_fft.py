#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""GNU Radio's way to averaged power spectra of a raw int16 IQ file: prints seconds and samples.

usage: gnuradio_fft.py RAW_FILE SAMPLES
"""
import sys
import time

from gnuradio import blocks, fft, gr
from gnuradio.fft import window

SIZE, AVERAGE = 1024, 100


def flowgraph(path, samples):
    top = gr.top_block()
    chain = [
        blocks.file_source(gr.sizeof_short * 2, path, False),
        blocks.head(gr.sizeof_short * 2, samples),
        blocks.interleaved_short_to_complex(True, False, 32768.0),
        blocks.stream_to_vector(gr.sizeof_gr_complex, SIZE),
        fft.fft_vcc(SIZE, True, window.hann(SIZE), True, 1),
        blocks.complex_to_mag_squared(SIZE),
        blocks.integrate_ff(AVERAGE, SIZE),
        blocks.null_sink(gr.sizeof_float * SIZE),
    ]
    top.connect(*chain)
    return top


def main():
    path, samples = sys.argv[1], int(sys.argv[2])
    top = flowgraph(path, samples)
    start = time.perf_counter()
    top.run()
    print(f"{time.perf_counter() - start:.6f} {samples}")


if __name__ == "__main__":
    main()
