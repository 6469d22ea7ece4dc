# SPDX-License-Identifier: ISC
"""Sky frames: (f) a mono night, (g) a CFA night, (h) the stack alone, (i) a stretch, (j) exact
medians and calibration, (k) noisy PNG, (l) reading FITS; against Siril, libpng, CFITSIO and memory,
on nights whose truth is known (bench/sky of the shared folder)."""
import os
import re
import shutil
import subprocess
import threading
import time

from common import PEER, PYTHON, QUICK, RUNS, anonymous_kib, children_of, leat, missing, run_pipeline, say, spawn

SHARED = os.path.abspath(os.environ.get("LEAT_SHARED", "../shared"))
TRUTH = os.path.join(SHARED, "bench/sky")
MIB = 1 << 20
MONO = ["1504", "1504", "12", "8", "8", "8"] if QUICK else []
CFA = ["1080", "1920", "20"] if QUICK else []


class Cost:
    """CPU seconds, wall seconds and peak anonymous memory (MiB) of pipelines run one by one: of
    all stages together, and of the largest."""

    def __init__(self):
        self.cpu = self.wall = self.memory = self.largest = 0.0

    def run(self, *stages):
        start, peak, done = time.perf_counter(), [0, 0], threading.Event()
        processes = spawn([list(stage) for stage in stages])
        pids = [p.pid for p in processes]

        def watch():
            while not done.wait(0.02):
                each = [anonymous_kib([pid] + children_of([pid])) for pid in pids]
                peak[:] = max(peak[0], sum(each)), max(peak[1], *each)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            for p in processes:
                _, status, usage = os.wait4(p.pid, 0)
                p.returncode = os.waitstatus_to_exitcode(status)
                self.cpu += usage.ru_utime + usage.ru_stime
                if p.returncode != 0:
                    raise SystemExit(f"{p.args}: exit {p.returncode}")
        finally:
            done.set()
            watcher.join()
        self.wall += time.perf_counter() - start
        self.memory = max(self.memory, peak[0] / 1024)
        self.largest = max(self.largest, peak[1] / 1024)


def files(folder):
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]


def master(cost, night, kind, out, *more):
    cost.run(leat("fits-read", *files(os.path.join(night, kind))),
             leat("master", "--kind", kind, *more), leat("fits-write", "-o", out))


def picture(out):
    """From the stack on: the numbers as FITS, the picture as TIFF."""
    return [leat("fits-write", "--pass", "-o", os.path.join(out, "result.fit")),
            leat("stretch"), leat("export-tiff", "-o", os.path.join(out, "result.tif"))]


def mono_night(night, out):
    cost = Cost()
    bias, dark, flat = (os.path.join(out, f"{kind}.fit") for kind in ("bias", "dark", "flat"))
    master(cost, night, "bias", bias)
    master(cost, night, "dark", dark)
    master(cost, night, "flat", flat, "--bias", bias)
    cost.run(leat("fits-calibrate", "--dark", dark, "--flat", flat, "--hot", "3", "--cold", "3",
                  *files(os.path.join(night, "light"))),
             leat("register"), leat("stack", "--memory", "1Gi"), *picture(out))
    return cost


def cfa_night(night, out):
    cost = Cost()
    cost.run(leat("fits-read", *files(os.path.join(night, "light"))), leat("debayer"),
             leat("register"), leat("stack"), *picture(out))
    return cost


def siril_night(kind, night, out):
    """Siril's cost by its own script, GNU time for each step."""
    subprocess.run(["sh", os.path.join(TRUTH, "run-siril.sh"), night, out, kind], check=True,
                   stdout=subprocess.DEVNULL)
    cost = Cost()
    with open(os.path.join(out, f"times-{kind}.tsv")) as table:
        for line in table:
            _, wall, user, system, memory = line.split("\t")
            cost.wall += float(wall)
            cost.cpu += float(user) + float(system)
            cost.memory = max(cost.memory, float(memory) / 1024)
    return cost


def quality(result, night):
    """check-stack.py's numbers of a result."""
    text = subprocess.run([PYTHON, os.path.join(TRUTH, "check-stack.py"), result,
                           os.path.join(night, "truth-stars.csv")],
                          capture_output=True, text=True, check=True).stdout
    number = lambda pattern: float(re.search(pattern, text).group(1))  # noqa: E731
    return {"matched": number(r"matched (\d+)"), "centroid": number(r"centroid_rms_px ([\d.]+)"),
            "noise": number(r"background_noise_e ([\d.]+)"),
            "radius": number(r"half_light_radius_px ([\d.]+)")}


def side_by_side(item, work, kind, sizes, ours):
    night = os.path.join(work, kind)
    subprocess.run([os.path.join(work, "mknight"), kind, night, *sizes], check=True)
    out, peer = os.path.join(work, "ours"), os.path.join(work, "siril")
    os.mkdir(out)
    leat_cost = ours(night, out)
    for _ in range(1 if QUICK else 2):
        again = ours(night, out)
        leat_cost = min(leat_cost, again, key=lambda cost: cost.wall)
    left = sorted(os.listdir(out))
    say(item, f"{kind} night, CPU", leat_cost.cpu, "s")
    say(item, f"{kind} night, wall", leat_cost.wall, "s")
    limit = 1024 if kind == "mono" else 2048  # what stack was told
    say(item, f"{kind} night, anonymous memory of the largest stage", leat_cost.largest, "MiB",
        f"<= {limit}", leat_cost.largest <= limit)
    say(item, f"{kind} night, of all stages together", leat_cost.memory, "MiB")
    expected = ["bias.fit", "dark.fit", "flat.fit"] if kind == "mono" else []
    expected += ["result.fit", "result.tif"]
    say(item, "files beside masters and results", len(set(left) - set(expected)), "", "0",
        left == sorted(expected))
    if not shutil.which("siril-cli"):
        missing(item, "Siril (package siril)")
    else:
        siril_cost = siril_night(kind, night, peer)
        say(item, "Siril, CPU", siril_cost.cpu, "s")
        say(item, "Siril, wall", siril_cost.wall, "s")
        for name in ("cpu", "wall"):
            ratio = getattr(leat_cost, name) / getattr(siril_cost, name)
            say(item, f"ratio to Siril, {name}", ratio, "x", "<= 0.2", ratio <= 0.2)
        compare(item, night, os.path.join(out, "result.fit"),
                os.path.join(peer, "process/result.fit"))
    shutil.rmtree(peer, ignore_errors=True)
    shutil.rmtree(out)
    shutil.rmtree(night)


def compare(item, night, ours, theirs):
    if subprocess.run([PYTHON, "-c", "import sep, astropy, scipy"], stderr=subprocess.DEVNULL).returncode:
        missing(item, "check-stack.py (packages python3-sep, python3-astropy, python3-scipy)")
        return
    mine, peer = quality(ours, night), quality(theirs, night)
    for name, limit, better in (("matched", 0.98, max), ("centroid", 1.05, min),
                                ("noise", 1.02, min), ("radius", 1.02, min)):
        ratio = mine[name] / peer[name]
        sign = ">=" if better is max else "<="
        say(item, f"{name}: {mine[name]:g}, Siril's {peer[name]:g}; ratio", ratio, "x",
            f"{sign} {limit}", ratio >= limit if better is max else ratio <= limit)


def bench_stack(work):
    """(h) 100 u16 frames, winsorised, not normalised: whole commands from FITS files."""
    width, height, count = 1536, 1024, 20 if QUICK else 100
    night = os.path.join(work, "hundred")
    subprocess.run([os.path.join(work, "mknight"), "mono", night, str(width), str(height), "1",
                    str(count), "1", "1"], check=True)
    frames = files(os.path.join(night, "dark"))
    samples = width * height * count / 1e6
    out = os.path.join(work, "h.fit")
    runs = []
    for _ in range(RUNS):
        cost = Cost()
        cost.run(leat("fits-read", *frames), leat("stack", "--norm", "none"),
                 leat("fits-write", "-o", out))
        runs.append(cost.wall)
    rate = samples / min(runs)
    say("h", f"winsorised stack of {count} u16 frames, FITS to FITS", rate, "Mpf/s")
    if not shutil.which("siril-cli"):
        missing("h", "Siril (package siril)")
        return
    process = os.path.join(work, "process")
    os.mkdir(process)
    script = os.path.join(work, "stack.ssf")
    with open(script, "w") as f:
        f.write(f"requires 1.0.0\nsetcpu {os.cpu_count()}\nset32bits\nsetext fit\n"
                f"cd {os.path.join(night, 'dark')}\nconvert dark -out={process}\n"
                f"cd {process}\nstack dark rej w 3 3 -nonorm -out=result\n")
    start = time.perf_counter()
    subprocess.run(["siril-cli", "-d", process, "-s", script], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peer = samples / (time.perf_counter() - start)
    say("h", "Siril, stack rej w 3 3 -nonorm", peer, "Mpf/s")
    say("h", "ratio to Siril", rate / peer, "x", ">= 10", rate / peer >= 10)
    shutil.rmtree(process)
    shutil.rmtree(night)


def bench_stretch(work):
    """(i) auto stretch of 4096 x 4096 x 3 f32, FITS in, 16-bit TIFF out."""
    cube, out = os.path.join(work, "cube.fit"), os.path.join(work, "i.tif")
    make_cube(work, cube)
    runs = []
    for _ in range(RUNS + 2):
        cost = Cost()
        cost.run(leat("fits-read", cube), leat("stretch"), leat("export-tiff", "-o", out))
        runs.append(cost.wall)
    say("i", "fits-read | stretch | export-tiff, 4096x4096x3 f32", min(runs), "s", "<= 0.3",
        min(runs) <= 0.3)
    shutil.copyfile(cube, os.path.join(work, "warm"))
    os.remove(os.path.join(work, "warm"))


def make_cube(work, cube):
    plane = os.path.join(work, "plane.fit")
    subprocess.run([os.path.join(work, "mknight"), "big", plane, "4096", "4096"], check=True)
    names = "ha,oiii,sii"
    with open(cube, "wb") as out:
        stages = spawn([leat("fits-read", plane, plane, plane),
                        leat("channel-combine", "--names", names, "--map", "SHO"),
                        leat("fits-write")], stdout=out)
        for p in stages:
            if p.wait() != 0:
                raise SystemExit(f"{p.args}: exit {p.returncode}")


def bench_rates():
    """(j) single steps on 12 Mpix, 2 threads: exact median; dark and flat beside memory."""
    text = subprocess.run(["build/tests/tools/rates"], capture_output=True, text=True, check=True).stdout
    rate = {name: float(value) for name, value, _ in (line.split() for line in text.splitlines())}
    say("j", "exact median of 12 Mpix f32", rate["median"], "ms", "<= 15", rate["median"] <= 15)
    say("j", "dark and flat taken off u16", rate["calibrate"], "Mpix/s")
    say("j", "its memory traffic alone", rate["move"], "Mpix/s")
    say("j", "ratio to memory", rate["calibrate"] / rate["move"], "x", ">= 0.8",
        rate["calibrate"] / rate["move"] >= 0.8)


def bench_png():
    """(k) PNG of noise against libpng, in one process on the same pixels."""
    program = "build/tests/unit/png"
    if not os.path.exists(program):
        missing("k", "PNG of noise against libpng (make tests)")
        return
    text = subprocess.run([program, "--bench"], capture_output=True, text=True, check=True).stdout
    for what, rate, peer, size in re.findall(
            r"noise, (.*), \d+ threads: (\d+) MB/s, libpng level 1 (\d+) MB/s, size ([\d.]+)", text):
        ratio = float(rate) / float(peer)
        say("k", f"PNG of noise, {what}", float(rate), "MB/s", "aim 500")
        say("k", "ratio to libpng level 1", ratio, "x", ">= 3", ratio >= 3)
        say("k", "size, of libpng level 1", float(size), "x", "<= 1", float(size) <= 1)


def bench_read(work):
    """(l) fits-read of u16 files, plain and in tiles of Rice, one thread, against CFITSIO."""
    side, count = 4096, 2 if QUICK else 8
    peer = os.path.join(work, "cfitsio_read")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "cfitsio"], capture_output=True, text=True)
    built = flags.returncode == 0 and subprocess.run(
        ["gcc", "-O2", "-o", peer, os.path.join(PEER, "cfitsio_read.c"), *flags.stdout.split()]).returncode == 0
    if not built:
        missing("l", "CFITSIO (package libcfitsio-dev)")
    for what, more in ("plain", []), ("Rice", ["--rice"]):
        folder = os.path.join(work, what)
        os.mkdir(folder)
        run_pipeline([leat("sky-gen", "--type", "u16", "--width", str(side), "--height", str(side),
                           "--count", str(count)),
                      leat("fits-write", *more, "--name", os.path.join(folder, "f{n}.fits"))])
        frames = [name for name in files(folder) if name.endswith(".fits")]
        read, theirs = leat("fits-read", "-j1", *frames), []
        ours = []
        for _ in range(RUNS):
            cost = Cost()
            cost.run(read)
            ours.append(cost.cpu)
            if built:
                theirs.append(float(subprocess.run([peer, *frames], capture_output=True, text=True,
                                                   check=True).stdout))
        rate = 2e-6 * side * side * count / min(ours)
        say("l", f"fits-read of u16, {what}, one thread, as a stream", rate, "MB/CPU s")
        if built:
            say("l", f"CFITSIO, {what}, into memory", max(theirs), "MB/CPU s")
            say("l", "ratio to CFITSIO", rate / max(theirs), "x", ">= 1.3", rate / max(theirs) >= 1.3)
        shutil.rmtree(folder)


def run(work):
    if not os.path.exists(os.path.join(TRUTH, "mknight.c")):
        missing("f", f"nights of known truth ({TRUTH}/mknight.c)")
        return
    subprocess.run(["gcc", "-O3", "-march=native", "-fopenmp", "-o", os.path.join(work, "mknight"),
                    os.path.join(TRUTH, "mknight.c"), "-lm"], check=True)
    side_by_side("f", work, "mono", MONO, mono_night)
    side_by_side("g", work, "cfa", CFA, cfa_night)
    bench_stack(work)
    bench_stretch(work)
    bench_rates()
    bench_png()
    bench_read(work)
