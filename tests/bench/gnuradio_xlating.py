#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""GNU Radio's way to shift, filter and decimate by 16 a raw int16 IQ file: prints seconds and samples.

usage: gnuradio_xlating.py RAW_FILE SAMPLES
"""
import sys
import time

from gnuradio import blocks, filter, gr
from gnuradio.fft import window

FACTOR, RATE, FREQ = 16, 1e6, 100e3
ATTENUATION_DB = 92                  # and the pass band, as iq-decimate has them


def flowgraph(path, samples):
    top = gr.top_block()
    kept = RATE / FACTOR
    taps = filter.firdes.low_pass_2(1, RATE, 0.5 * kept, 0.2 * kept, ATTENUATION_DB, window.WIN_KAISER,
                                    0.1102 * (ATTENUATION_DB - 8.7))
    chain = [
        blocks.file_source(gr.sizeof_short * 2, path, False),
        blocks.head(gr.sizeof_short * 2, samples),
        blocks.interleaved_short_to_complex(True, False, 32768.0),
        filter.freq_xlating_fir_filter_ccf(FACTOR, taps, FREQ, RATE),
        blocks.null_sink(gr.sizeof_gr_complex),
    ]
    top.connect(*chain)
    return top, len(taps)


def main():
    path, samples = sys.argv[1], int(sys.argv[2])
    top, taps = flowgraph(path, samples)
    start = time.perf_counter()
    top.run()
    print(f"{time.perf_counter() - start:.6f} {samples} {taps}")


if __name__ == "__main__":
    main()
