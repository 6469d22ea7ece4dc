# SPDX-License-Identifier: ISC
# fits-calibrate against ccdproc: bias, dark by exposure, flat, overscan and trim of one synthetic
# frame, each to 1e-6 of the values. Prints TAP.
import os
import subprocess
import sys
import tempfile
import warnings

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
programs = os.path.join(root, '..', os.environ.get('LEAT_BUILD', 'build'), 'libexec', 'leat')
try:
    import astropy.units as u
    import ccdproc
    import numpy as np
    from astropy.io import fits
    from astropy.nddata import CCDData
except ImportError as error:
    print(f'1..0 # SKIP {error}')
    sys.exit(0)

WIDTH, HEIGHT = 420, 300
passed = []


def check(condition, what):
    passed.append(bool(condition))
    print(f'{"" if condition else "not "}ok {len(passed)} - {what}')


def save(name, data, **cards):
    hdu = fits.PrimaryHDU(data)
    for key, value in cards.items():
        hdu.header[key] = value
    hdu.writeto(name)
    return name


def ours(*arguments):
    stream = subprocess.run([os.path.join(programs, 'fits-calibrate'), '-q', *arguments],
                            stdout=subprocess.PIPE, check=True).stdout
    payload = subprocess.run([os.path.join(programs, 'stream-payload')], input=stream,
                             stdout=subprocess.PIPE, check=True).stdout
    return np.frombuffer(payload, '<f4')


def agree(got, expected, what):
    expected = np.asarray(expected, float).ravel()
    worst = np.abs(got - expected) / np.maximum(np.abs(expected), 1000)
    check(got.shape == expected.shape and worst.max() < 1e-6, f'{what}: to {worst.max():.1e}')


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20260101
    print(f'# seed {seed}')
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / max(WIDTH, HEIGHT) - 0.5
    bias = (500 + 3 * random.normal(size=(HEIGHT, WIDTH))).astype(np.float32)
    dark = (bias + 40 * random.random((HEIGHT, WIDTH))).astype(np.float32)
    flat = (30000 * (1 - x * x - y * y)).astype(np.float32)
    light = random.integers(900, 60000, (HEIGHT, WIDTH)).astype(np.uint16)
    section = dict(TRIMSEC='[11:400,5:290]', BIASSEC='[405:420,1:300]')
    save('bias.fits', bias)
    save('dark.fits', dark, EXPTIME=300.0)
    save('flat.fits', flat)
    save('light.fits', light, EXPTIME=120.0, **section)

    def ccd(data):
        return CCDData(data.astype(float), unit=u.adu)

    frame = ccd(light)
    unbiased = ccdproc.subtract_bias(frame, ccd(bias))
    agree(ours('--bias', 'bias.fits', 'light.fits'), unbiased.data, 'bias')
    agree(ours('--dark', 'dark.fits', 'light.fits'), light.astype(float) - dark.astype(float), 'dark')
    scaled = ccdproc.subtract_dark(unbiased, ccdproc.subtract_bias(ccd(dark), ccd(bias)),
                                   dark_exposure=300 * u.s, data_exposure=120 * u.s, scale=True)
    agree(ours('--bias', 'bias.fits', '--dark', 'dark.fits', '--dark-scale', 'exp', 'light.fits'),
          scaled.data, 'bias and dark by exposure')
    # ccdproc divides by the flat over the mean that it is told.
    middle = flat[HEIGHT // 3:2 * HEIGHT // 3, WIDTH // 3:2 * WIDTH // 3].astype(float).mean()
    flattened = ccdproc.flat_correct(scaled, ccd(flat), norm_value=middle)
    agree(ours('--bias', 'bias.fits', '--dark', 'dark.fits', '--dark-scale', 'exp',
               '--flat', 'flat.fits', 'light.fits'), flattened.data, 'and flat')
    trimmed = ccdproc.trim_image(frame, fits_section=section['TRIMSEC'])
    agree(ours('--trim', '10,4,390,286', 'light.fits'), trimmed.data, 'trim')
    level = np.median(light[:, 404:420].astype(float))
    cut = ccdproc.subtract_bias(trimmed, ccdproc.trim_image(ccd(bias), fits_section=section['TRIMSEC']))
    agree(ours('--trim', 'auto', '--bias', 'bias.fits', 'light.fits'), cut.data - level,
          'overscan, trim and bias')


if __name__ == '__main__':
    warnings.simplefilter('ignore')
    programs = os.path.abspath(programs)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
    print(f'1..{len(passed)}')
    sys.exit(not all(passed))
