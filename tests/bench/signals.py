# SPDX-License-Identifier: ISC
"""Steps, measures and files of signals: (f) to (j), against GNU Radio, the SDS gateway and cat."""
import os
import shutil
import subprocess

from common import PEER, PYTHON, QUICK, RUNS, best, cpu_and_status, leat, missing, run_pipeline, say, spawn, timed


def bench_decimate(stream, raw, samples):
    """(f) shift, filter and decimate by 16 against GNU Radio's freq_xlating_fir."""
    gnuradio = subprocess.run([PYTHON, "-c", "import gnuradio.filter"], stderr=subprocess.DEVNULL).returncode == 0
    one, piped, radio = [], [], []
    for _ in range(RUNS):
        one.append(timed(leat("iq-decimate", "--factor", "16", "--freq", "100k"), stream))
        with open(stream, "rb") as source:
            piped.append(run_pipeline([leat("iq-shift", "--freq", "100k"),
                                       leat("iq-decimate", "--factor", "16")], stdin=source))
        if gnuradio:
            part = min(samples, 100_000_000)
            out = subprocess.run([PYTHON, os.path.join(PEER, "gnuradio_xlating.py"), raw, str(part)],
                                 capture_output=True, text=True, check=True).stdout.split()
            radio.append(float(out[0]) / part)
    rate = samples / best(one) / 1e6
    say("f", "iq-decimate --factor 16 --freq, file", rate, "MS/s")
    say("f", "iq-shift | iq-decimate --factor 16", samples / best(piped) / 1e6, "MS/s")
    if not gnuradio:
        missing("f", "GNU Radio (package gnuradio)")
        return
    peer = 1 / best(radio) / 1e6
    say("f", "GNU Radio freq_xlating_fir, same filter", peer, "MS/s")
    say("f", "ratio to GNU Radio, one command", rate / peer, "x", ">= 5", rate / peer >= 5)
    say("f", "ratio to GNU Radio, two commands", samples / best(piped) / 1e6 / peer, "x")


def gateway_seconds(route, raw, samples):
    """Of one run of the peer, a sample."""
    out = subprocess.run([PYTHON, os.path.join(PEER, "sds_gateway.py"), route, raw, str(samples)],
                         capture_output=True, text=True, check=True).stdout
    return float(out)


def bench_gateway(stream, raw, samples):
    """(h) spectrogram and waterfall-json against the routes of the SDS gateway."""
    scipy = subprocess.run([PYTHON, "-c", "import scipy.signal"], stderr=subprocess.DEVNULL).returncode == 0
    for route, part, wanted, commands in (
            ("spectrogram", 10_000_000, 50, (["spectrogram"], ["spectrogram", "-j1"],
                                            ["spectrogram", "--compat", "sds"])),
            ("waterfall", 8_000_000, None, (["waterfall-json", "--compat", "sds"],
                                            ["waterfall-json", "--compat", "sds", "-j1"],
                                            ["waterfall-json"]))):
        ours, theirs = {}, []
        for _ in range(RUNS):
            for command in commands:
                ours.setdefault(" ".join(command), []).append(timed(leat(*command), stream))
            if scipy:
                theirs.append(gateway_seconds(route, raw, part))
        rates = {name: samples / best(runs) / 1e6 for name, runs in ours.items()}
        for name, rate in rates.items():
            say("h", f"{name}, file", rate, "MS/s")
        if not scipy:
            missing("h", "scipy (package python3-scipy)")
            continue
        peer = 1 / best(theirs) / 1e6
        ratio = next(iter(rates.values())) / peer
        say("h", f"the gateway's {route} by scipy or numpy, without a picture", peer, "MS/s")
        say("h", f"ratio of {commands[0][0]} to it", ratio, "x", f">= {wanted}" if wanted else "",
            ratio >= wanted if wanted else None)


def bench_metrics(stream, samples):
    """(g) all measures of a stream file of ci16, default options."""
    two, one, cpu = [], [], []
    for _ in range(RUNS):
        two.append(timed(leat("iq-metrics", "-j2"), stream))
        one.append(timed(leat("iq-metrics", "-j1"), stream))
        with open(stream, "rb") as source:
            cpu.append(sum(cpu_and_status(p) for p in spawn([leat("iq-metrics", "-j2")], stdin=source)))
    rate = samples / best(two) / 1e6
    say("g", "iq-metrics, file, 2 threads", rate, "MS/s", ">= 200", rate >= 200)
    say("g", "the same, 1 thread", samples / best(one) / 1e6, "MS/s")
    say("g", "the same, 2 threads, per CPU second", samples / best(cpu) / 1e6, "MS")


def bench_write(work, top, file_samples):
    """(i) drf-write from a stream file to memory; a plain copy of that file tells of the machine."""
    files = 2 if QUICK else 4
    stream, out = os.path.join(work, "part"), os.path.join(work, "out")
    with open(stream, "wb") as part:
        subprocess.run(leat("drf-read", "-c", "ch0", "--to", f"+{files}s", top), stdout=part, check=True)
    continuous, gapped, copied = [], [], []
    for _ in range(RUNS):
        for options, taken in ((["--continuous"], continuous), ([], gapped)):
            taken.append(timed(leat("drf-write", *options, out), stream))
            shutil.rmtree(out)
        copied.append(timed(["cp", stream, out]))
        os.remove(out)
    os.remove(stream)
    samples = files * file_samples
    rate = samples / best(continuous) / 1e6
    say("i", "drf-write --continuous, from a file, to memory", rate, "MS/s", ">= 400", rate >= 400)
    say("i", "drf-write, gapped layout", samples / best(gapped) / 1e6, "MS/s")
    say("i", "cp of the stream file, for scale", samples / best(copied) / 1e6, "MS/s")


def bench_iq(stream, raw):
    """(j) iq-read and iq-write on files in memory, against cat."""
    size = os.path.getsize(raw)
    read, write, cat = [], [], []
    for _ in range(RUNS):
        read.append(timed(leat("iq-read", "--type", "ci16", "--rate", "50M", raw)))
        write.append(timed(leat("iq-write"), stream))
        cat.append(timed(["cat", raw]))
    rate, plain = size / best(read) / 1e6, size / best(cat) / 1e6
    say("j", "iq-read, raw ci16", rate, "MB/s")
    say("j", "iq-write, raw ci16", os.path.getsize(stream) / best(write) / 1e6, "MB/s")
    say("j", "iq-read against cat", rate / plain, "x", ">= 0.3", rate / plain >= 0.3)


def bench(work, top, stream, raw, samples, file_samples):
    """Of a capture whose channel ch0 is `stream`, and its first two seconds the samples of `raw`."""
    bench_decimate(stream, raw, samples)
    bench_metrics(stream, samples)
    bench_gateway(stream, raw, samples)
    bench_write(work, top, file_samples)
    bench_iq(stream, raw)
