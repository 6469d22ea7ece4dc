# SPDX-License-Identifier: ISC
"""What the benches share: the table, pipelines, CPU seconds, memory.

Absolute rates wander with the host; ratios of interleaved runs do not, so those are what counts.
"""
import os
import subprocess
import sys
import threading
import time

BIN = os.path.abspath("build/libexec/leat")
PEER = os.path.abspath("tests/bench")
QUICK = "--quick" in sys.argv
RUNS = 3 if QUICK else 5
PYTHON = "/usr/bin/python3"

results = []


def say(item, figure, value, unit, wanted="", ok=None):
    """One line of the table; ok is None where nothing is asked."""
    verdict = "" if ok is None else ("ok" if ok else "MISSED")
    results.append((item, figure, f"{value:.4g}", unit, wanted, verdict))
    print(f"({item}) {figure:<58} {value:>9.4g} {unit:<8} {wanted:<10} {verdict}", flush=True)


def missing(item, what):
    results.append((item, what, "", "", "", "not measured"))
    print(f"({item}) {what}: not installed, not measured", flush=True)


def leat(*words):
    return [os.path.join(BIN, words[0]), *words[1:]]


def timed(command, stdin=None, env=None):
    """Seconds of wall time of one command reading a file."""
    source = open(stdin, "rb") if stdin else subprocess.DEVNULL
    start = time.perf_counter()
    subprocess.run(command, stdin=source, stdout=subprocess.DEVNULL, check=True, env=env)
    return time.perf_counter() - start


def spawn(stages, stdin=None, stdout=subprocess.DEVNULL, env=None):
    """Starts a pipeline; returns the processes."""
    processes, previous = [], stdin or subprocess.DEVNULL
    for i, stage in enumerate(stages):
        last = i + 1 == len(stages)
        p = subprocess.Popen(stage, stdin=previous, stdout=stdout if last else subprocess.PIPE, env=env)
        if previous not in (subprocess.DEVNULL, stdin):
            previous.close()
        previous = p.stdout
        processes.append(p)
    return processes


def cpu_and_status(p):
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def run_pipeline(stages, **kw):
    start = time.perf_counter()
    processes = spawn(stages, **kw)
    for p in processes:
        if p.wait() != 0:
            raise SystemExit(f"{p.args}: exit {p.returncode}")
    return time.perf_counter() - start


def anonymous_kib(pids):
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status") as status:
                for line in status:
                    if line.startswith("RssAnon"):
                        total += int(line.split()[1])
        except OSError:
            pass
    return total


def children_of(pids):
    found = []
    for pid in pids:
        try:
            with open(f"/proc/{pid}/task/{pid}/children") as file:
                found += [int(w) for w in file.read().split()]
        except OSError:
            pass
    return found


def peak_memory(stages):
    processes = spawn(stages)
    pids, peak, done = [p.pid for p in processes], 0, threading.Event()

    def wait():
        for p in processes:
            p.wait()
        done.set()

    threading.Thread(target=wait).start()
    while not done.wait(0.005):
        peak = max(peak, anonymous_kib(pids + children_of(pids)))
    return peak / 1024


def best(runs):
    return min(runs)
