# SPDX-License-Identifier: ISC
"""Captures and spectra: (a) to (e), against GNU Radio, scipy, a bare FFTW loop and cat."""
import os
import statistics
import subprocess
import time

import signals
from common import (PEER, PYTHON, QUICK, RUNS, best, cpu_and_status, leat, missing, peak_memory,
                    run_pipeline, say, spawn, timed)

FILES = 2 if QUICK else 10           # of the capture
FILE_SAMPLES = 50_000_000


def make_capture(folder, files):
    """A contiguous int16 capture: tone and noise, as the reference library lays it out."""
    script = r"""
import h5py, numpy as np, os, sys
top, files, samples = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rate = samples
rng = np.random.default_rng(1)
n = 1 << 20
piece = np.empty(n, [("r", "<i2"), ("i", "<i2")])
phase = 2 * np.pi * 0.125 * np.arange(n)
piece["r"] = np.round(8000 * np.cos(phase) + rng.normal(0, 300, n))
piece["i"] = np.round(8000 * np.sin(phase) + rng.normal(0, 300, n))
data = np.resize(piece, samples).reshape(-1, 1)
channel = os.path.join(top, "ch0")
os.makedirs(channel)
start = 1700000000
attributes = dict(
    H5Tget_class=np.uint64(0), H5Tget_size=np.uint64(2), H5Tget_order=np.uint64(0),
    H5Tget_precision=np.uint64(16), H5Tget_offset=np.uint64(0),
    subdir_cadence_secs=np.uint64(3600), file_cadence_millisecs=np.uint64(1000),
    sample_rate_numerator=np.uint64(rate), sample_rate_denominator=np.uint64(1),
    is_complex=np.int32(1), num_subchannels=np.int32(1), is_continuous=np.int32(1),
    epoch=np.bytes_("1970-01-01T00:00:00Z"), digital_rf_time_description=np.bytes_("bench"),
    digital_rf_version=np.bytes_("2.6.0"))
with h5py.File(os.path.join(channel, "drf_properties.h5"), "w") as f:
    f.attrs.update(attributes)
folder = os.path.join(channel, "2023-11-14T22-00-00")
os.makedirs(folder)
for k in range(files):
    with h5py.File(os.path.join(folder, f"rf@{start + k}.000.h5"), "w") as f:
        d = f.create_dataset("rf_data", data=data)
        d.attrs.update(attributes)
        d.attrs.update(sequence_num=np.int32(k), init_utc_timestamp=np.uint64(start),
                       computer_time=np.uint64(start), uuid_str=np.bytes_("bench"))
        f.create_dataset("rf_data_index", data=np.array([[(start + k) * rate, 0]], "u8"),
                         chunks=(100, 2), maxshape=(None, 2))
"""
    subprocess.run([PYTHON, "-c", script, folder, str(files), str(FILE_SAMPLES)], check=True)


def bench_slice(work, stream, raw, samples):
    """(a) fft-slice on a mapped file against GNU Radio and a bare FFTW loop."""
    gnuradio = subprocess.run([PYTHON, "-c", "import gnuradio.fft"], stderr=subprocess.DEVNULL).returncode == 0
    loop = os.path.join(work, "fftw_loop")
    subprocess.run(["gcc", "-O3", "-march=native", "-pthread", "-o", loop,
                    os.path.join(PEER, "fftw_loop.c"), "-lfftw3f", "-lm"], check=True)
    two, one, radio, bare, bare_fft = [], [], [], [], []
    for _ in range(RUNS):
        two.append(timed(leat("fft-slice", "-n", "1024", "--average", "100", "-j2"), stream))
        one.append(timed(leat("fft-slice", "-n", "1024", "--average", "100", "-j1"), stream))
        if gnuradio:
            part = min(samples, 100_000_000)
            out = subprocess.run([PYTHON, os.path.join(PEER, "gnuradio_fft.py"), raw, str(part)],
                                 capture_output=True, text=True, check=True).stdout.split()
            radio.append(float(out[0]) / part)
        out = subprocess.run([loop, "2"], capture_output=True, text=True, check=True).stdout
        rates = [float(w) for w in out.split() if w.replace(".", "", 1).isdigit()]
        bare.append(rates[0])
        bare_fft.append(rates[1])
    rate = samples / best(two) / 1e6
    say("a", "fft-slice -n 1024 --average 100, file, 2 threads", rate, "MS/s")
    say("a", "the same, 1 thread", samples / best(one) / 1e6, "MS/s")
    if gnuradio:
        peer = 1 / best(radio) / 1e6
        say("a", "GNU Radio fft_vcc flowgraph", peer, "MS/s")
        say("a", "ratio to GNU Radio", rate / peer, "x", ">= 4", rate / peer >= 4)
    else:
        missing("a", "GNU Radio (package gnuradio)")
    say("a", "bare FFTW loop, load to |X|^2, 2 threads, in cache", max(bare), "MS/s")
    say("a", "ratio to the bare loop", rate / max(bare), "x", ">= 0.8", rate / max(bare) >= 0.8)
    say("a", "bare FFTW transforms alone, 2 threads, in cache", max(bare_fft), "MS/s")


def waterfall_stages(top, out, average="100"):
    return [leat("drf-read", "-c", "ch0", top), leat("fft-slice", "--average", average),
            leat("waterfall"), leat("export-png", "-o", out)]


def bench_pipeline(work, top, samples):
    """(b) the whole pipeline against a scipy script."""
    scipy = subprocess.run([PYTHON, "-c", "import scipy.fft, h5py"], stderr=subprocess.DEVNULL).returncode == 0
    ours, theirs = [], []
    small = os.path.join(work, "small")
    if scipy:
        make_capture(small, 1)
    for i in range(RUNS):
        ours.append(run_pipeline(waterfall_stages(top, os.path.join(work, "b.png"))))
        if scipy and i < 3:
            theirs.append(timed([PYTHON, os.path.join(PEER, "scipy_waterfall.py"), small + "/ch0",
                                 os.path.join(work, "s.png")]))
    rate = samples / best(ours) / 1e6
    say("b", "drf-read | fft-slice | waterfall | export-png", rate, "MS/s", "aim 450")
    if not scipy:
        missing("b", "scipy (package python3-scipy)")
        return
    peer = FILE_SAMPLES / best(theirs) / 1e6
    say("b", "scipy script doing the same", peer, "MS/s")
    say("b", "ratio to scipy", rate / peer, "x", ">= 8", rate / peer >= 8)


def middle_cpu(middle, stream, env=None):
    with open(stream, "rb") as source:
        stages = spawn([["cat"], middle, ["cat"]], stdin=source, env=env)
        return [cpu_and_status(p) for p in stages][1]


def bench_cat(stream):
    """(c) stream-cat in the middle of a pipe against cat in its place."""
    pairs = 5 if QUICK else 11
    off = dict(os.environ, LEAT_CRC="0")
    checked, unchecked = [], []
    for _ in range(pairs):
        plain = middle_cpu(["cat"], stream)
        checked.append(middle_cpu(leat("stream-cat", "-"), stream) / plain)
        plain = middle_cpu(["cat"], stream)
        unchecked.append(middle_cpu(leat("stream-cat", "-"), stream, off) / plain)
    for ratios, name, limit in ((checked, "checksums verified", 1.3), (unchecked, "LEAT_CRC=0", 1.15)):
        median = statistics.median(ratios)
        say("c", f"stream-cat against cat, CPU, {name}", median, "x", f"<= {limit}", median <= limit)


def start_up(command, stdin):
    """Median milliseconds from spawn to exit."""
    times = []
    for _ in range(31 if QUICK else 101):
        fd = os.open(stdin, os.O_RDONLY)
        actions = [(os.POSIX_SPAWN_DUP2, fd, 0),
                   (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
        start = time.perf_counter()
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
        os.waitpid(pid, 0)
        times.append(time.perf_counter() - start)
        os.close(fd)
    return statistics.median(times) * 1e3


def bench_start(work):
    """(d) start-up: a whole life on next to nothing."""
    tiny = os.path.join(work, "tiny")
    files = {}
    stages = [leat("iq-gen", "--seconds", "2ms"), leat("fft-slice", "-n", "64"), leat("waterfall"), None]
    data = b""
    for i, stage in enumerate(stages):
        path = f"{tiny}{i}"
        if i > 0:
            with open(path, "wb") as out:
                out.write(data)
            files[i] = path
        if stage:
            data = subprocess.run(stage, input=data, capture_output=True, check=True).stdout
    capture = os.path.join(work, "start")
    make_small_capture(capture)
    say("d", "spawn and exit of /bin/true, for scale", start_up(["/bin/true"], files[1]), "ms")
    for name, command, stdin, limit in (
            ("stream-cat", leat("stream-cat"), files[1], 2),
            ("fft-slice -n 1024", leat("fft-slice", "-n", "1024"), files[1], 2),
            ("drf-read", leat("drf-read", "-c", "ch0", capture), "/dev/null", 3),
            ("waterfall", leat("waterfall"), files[2], 25),
            ("export-png", leat("export-png"), files[3], 25)):
        value = start_up(command, stdin)
        say("d", f"start-up of {name}", value, "ms", f"<= {limit}", value <= limit)


def make_small_capture(folder):
    global FILE_SAMPLES
    keep, FILE_SAMPLES = FILE_SAMPLES, 10_000
    make_capture(folder, 1)
    FILE_SAMPLES = keep


def bench_memory(work, top, small):
    """(e) anonymous memory of all stages together, for a capture and one 10 times as long."""
    picture = os.path.join(work, "e.png")
    whole = peak_memory(waterfall_stages(top, picture))
    say("e", "anonymous memory of (b), all stages", whole, "MiB", "<= 48", whole <= 48)
    # Averages of 10, so that the short capture too has more rows than the picture.
    short = max(peak_memory(waterfall_stages(small, picture, "10")) for _ in range(3))
    long = peak_memory(waterfall_stages(top, picture, "10"))
    say("e", "the same, --average 10, short capture", short, "MiB", "<= 48", short <= 48)
    say("e", f"the same, {FILES} times as long", long, "MiB", "<= 48", long <= 48)
    say("e", "growth with length", long / short, "x", "<= 1.1", long / short <= 1.1)


def run(work):
    top, samples = os.path.join(work, "capture"), FILES * FILE_SAMPLES
    stream, raw = os.path.join(work, "stream"), os.path.join(work, "raw")
    make_capture(top, FILES)
    with open(stream, "wb") as out:
        subprocess.run(leat("drf-read", "-c", "ch0", top), stdout=out, check=True)
    with open(raw, "wb") as out:
        p = spawn([leat("drf-read", "-c", "ch0", "--to", "+2s", top), leat("stream-payload")], stdout=out)
        for q in p:
            q.wait()
    bench_slice(work, stream, raw, samples)
    bench_pipeline(work, top, samples)
    bench_cat(stream)
    signals.bench(work, top, stream, raw, samples, FILE_SAMPLES)
    bench_start(work)
    small = os.path.join(work, "small")
    if not os.path.isdir(small):
        make_capture(small, 1)
    bench_memory(work, top, small)
