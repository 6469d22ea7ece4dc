# SPDX-License-Identifier: ISC
# star-find against SEP (SExtractor as a library) on one synthetic frame: the same stars, at the same
# places to what noise allows, and of the same flux as SEP's sums over apertures. Prints TAP.
import os
import subprocess
import sys
import tempfile

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
sys.path.insert(0, root)
programs = os.path.join(root, '..', os.environ.get('LEAT_BUILD', 'build'), 'libexec', 'leat')
try:
    import numpy as np
    import sep
    from scipy.spatial import cKDTree
except ImportError as error:
    print(f'1..0 # SKIP {error}')
    sys.exit(0)
from stars import tables

WIDTH, HEIGHT, STARS, FWHM, NOISE, BETA = 1400, 1000, 250, 3.2, 12.0, 4.5
passed = []


def check(condition, what):
    passed.append(bool(condition))
    print(f'{"" if condition else "not "}ok {len(passed)} - {what}')


def scene(seed):
    """Moffat stars over a slope, in noise; pixels are the means of 5 x 5 points."""
    print(f'# seed {seed}')
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    image = 800 + 0.05 * x + 0.03 * y + random.normal(0, NOISE, (HEIGHT, WIDTH))
    centres = random.uniform(20, [WIDTH - 21, HEIGHT - 21], (STARS, 2))
    fluxes = 5000 * random.uniform(0.003, 1, STARS) ** -1.0
    a2 = FWHM ** 2 / 4 / (2 ** (1 / BETA) - 1)
    offsets = (np.arange(5) + 0.5) / 5 - 0.5
    for (cx, cy), flux in zip(centres, fluxes):
        left, top = int(cx) - 20, int(cy) - 20
        py, px = np.mgrid[top:top + 41, left:left + 41].astype(float)
        profile = sum((1 + ((px + i - cx) ** 2 + (py + j - cy) ** 2) / a2) ** -BETA
                      for i in offsets for j in offsets) / 25
        image[top:top + 41, left:left + 41] += flux * (BETA - 1) / (np.pi * a2) * profile
    return np.clip(np.rint(image), 0, 65535).astype(np.uint16), centres, fluxes


def write_fits(path, image):
    cards = ['SIMPLE  =                    T', 'BITPIX  =                   16',
             'NAXIS   =                    2', f'NAXIS1  = {WIDTH:20d}', f'NAXIS2  = {HEIGHT:20d}',
             'BZERO   =                32768', 'BSCALE  =                    1', 'END']
    data = (image.astype(np.int32) - 32768).astype('>i2').tobytes()
    with open(path, 'wb') as f:
        f.write(''.join(f'{card:80}' for card in cards).encode().ljust(2880))
        f.write(data.ljust((len(data) + 2879) // 2880 * 2880, b'\0'))


def ours(image):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'a.fits')
        write_fits(path, image)
        read = subprocess.Popen([f'{programs}/fits-read', path], stdout=subprocess.PIPE)
        find = subprocess.Popen([f'{programs}/star-find', '--max', '20000'], stdin=read.stdout,
                                stdout=subprocess.PIPE)
        (_, names, rows), = tables(find.stdout)
        if find.wait() or read.wait():
            sys.exit('star-find failed')
    return np.array(rows), names


def theirs(image):
    data = image.astype(np.float64)
    background = sep.Background(data)
    data -= background
    found = sep.extract(data, 1.5, err=background.globalrms, minarea=5)
    x, y, _ = sep.winpos(data, found['x'], found['y'], np.full(len(found), FWHM / 2.355))
    flux, _, _ = sep.sum_circle(data, x, y, 4 * FWHM, bkgann=(6 * FWHM, 9 * FWHM))
    core, error, _ = sep.sum_circle(data, x, y, FWHM, err=background.globalrms)
    return x, y, flux, core / error, background


image, centres, fluxes = scene(int(sys.argv[1]) if len(sys.argv) > 1 else
                               int.from_bytes(os.urandom(3), 'little'))
rows, names = ours(image)
x, y, flux, significance, background = theirs(image)
mine = cKDTree(rows[:, :2])

distance, _ = mine.query(np.c_[x, y])
strong = significance > 10
share = np.mean(distance[strong] < 1)
check(share >= 0.97, f'{100 * share:.1f} % of the {strong.sum()} strong objects of SEP are found')

# Stars with nobody near, well exposed.
lonely = cKDTree(centres).query(centres, 2)[0][:, 1] > 10 * FWHM
bright = lonely & (fluxes > 30000)
d_ours, i_ours = mine.query(centres)
d_sep, i_sep = cKDTree(np.c_[x, y]).query(centres)
both = bright & (d_ours < 1) & (d_sep < 1)
check(both.sum() >= 0.98 * bright.sum() and both.sum() >= 5,
      f'{both.sum()} of {bright.sum()} lonely bright stars are found by both')


def rms(v):
    return float(np.sqrt(np.mean(np.square(v))))


check(rms(d_ours[both]) <= max(0.02, 1.1 * rms(d_sep[both])),
      f'offsets from the truth: {rms(d_ours[both]):.4f} px rms, of SEP {rms(d_sep[both]):.4f}')
between = np.hypot(rows[i_ours[both], 0] - x[i_sep[both]], rows[i_ours[both], 1] - y[i_sep[both]])
check(rms(between) < 0.03, f'both agree to {rms(between):.4f} px rms')
ratio = rows[i_ours[both], names.index('flux')] / fluxes[both]
sep_ratio = flux[i_sep[both]] / fluxes[both]
check(abs(np.median(ratio) - 1) < 0.005,
      f'flux over truth {np.median(ratio):.4f} (SEP, within 4 FWHM: {np.median(sep_ratio):.4f})')
check(abs(np.median(ratio / sep_ratio) - 1) < 0.01,
      f'flux over that of SEP {np.median(ratio / sep_ratio):.4f}')
check(np.std(ratio) <= 1.1 * np.std(sep_ratio) + 0.002,
      f'scatter of fluxes {np.std(ratio):.4f}, of SEP {np.std(sep_ratio):.4f}')
false = np.mean(cKDTree(centres).query(rows[:, :2])[0] > 3)
check(false < 0.01, f'{100 * false:.2f} % of the stars found were not planted')
print(f'1..{len(passed)}')
sys.exit(not all(passed))
