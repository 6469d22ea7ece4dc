# SPDX-License-Identifier: ISC
"""Templates: (m) compiling one, and how soon a compiled script has something to do."""
import os
import statistics
import subprocess
import time

from common import BIN, QUICK, leat, say

RUNS = 10 if QUICK else 40
TEMPLATES = ("seestar-quick", "full-calibration-stack", "drf-overview")


def compile_ms(name, *words):
    command = leat("template-compile", "-q", *words, name)
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def stand_ins(work):
    """A folder of the commands in which the second one of a script notes when its first byte comes."""
    folder = os.path.join(work, "stand-in")
    os.makedirs(folder)
    for name in os.listdir(BIN):
        os.symlink(os.path.join(BIN, name), os.path.join(folder, name))
    os.remove(os.path.join(folder, "stretch"))
    with open(os.path.join(folder, "stretch"), "w") as f:
        f.write(f"#!/bin/bash\nIFS= read -r -n 1\necho $EPOCHREALTIME >{work}/first\nexit 65\n")
    with open(os.path.join(work, "leat"), "w") as f:
        f.write(f"#!/bin/sh\necho {folder}\n")
    os.chmod(os.path.join(folder, "stretch"), 0o755)
    os.chmod(os.path.join(work, "leat"), 0o755)


def first_byte_ms(work, command):
    """From the start of a script to the first byte that its first stage gives to the second."""
    env = dict(os.environ, PATH=work + ":" + os.environ["PATH"])
    times = []
    for _ in range(RUNS):
        start = time.time()
        subprocess.run(command, env=env, cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(os.path.join(work, "first")) as f:
            times.append(1000 * (float(f.read()) - start))
        os.remove(os.path.join(work, "first"))
    return statistics.median(times)


def run(work):
    for name in TEMPLATES:
        ms = compile_ms(name)
        say("m", f"template-compile {name}", ms, "ms", "<= 20", ms <= 20)
    ms = compile_ms("full-calibration-stack", "--target", "make")
    say("m", "template-compile full-calibration-stack --target make", ms, "ms", "<= 20", ms <= 20)
    image, script = os.path.join(work, "a.fits"), os.path.join(work, "quick.sh")
    made = subprocess.run(leat("sky-gen", "--count", "1"), stdout=subprocess.PIPE, check=True)
    subprocess.run(leat("fits-write", "-o", image), input=made.stdout, check=True)
    stand_ins(work)
    for name in ("seestar-quick", "quick-dso"):
        subprocess.run(leat("template-compile", "-o", script, name), check=True)
        ms = first_byte_ms(work, [script, "--out", os.path.join(work, "out"), "image=" + image])
        say("m", f"{name}: start of the script to its first byte", ms, "ms", "<= 50", ms <= 50)
