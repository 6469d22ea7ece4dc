#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""FITS files that astropy and Siril write, read by fits-read; those of fits-write, read by astropy."""
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIBEXEC = os.path.join(ROOT, os.environ.get('LEAT_BUILD', 'build'), 'libexec/leat')
TYPES = {'u8': 'u1', 'i8': 'i1', 'u16': 'u2', 'i16': 'i2', 'u32': 'u4', 'i32': 'i4', 'u64': 'u8',
         'i64': 'i8', 'f32': 'f4', 'f64': 'f8'}
count = failed = 0


def check(right, what):
    global count, failed
    count += 1
    failed += not right
    print('%sok %d - %s' % ('' if right else 'not ', count, what), flush=True)


try:
    import numpy as np
    from astropy.io import fits
except ImportError as e:
    print('ok 1 - FITS files of others # SKIP %s\n1..1' % e)
    sys.exit(0)


def run(name, *args, data=b''):
    return subprocess.run([os.path.join(LIBEXEC, name), *args], input=data,
                          stdout=subprocess.PIPE, check=True).stdout


def images(stream):
    """Types and values of the images in a stream, in order."""
    text = run('stream-head', '--all', data=stream).decode()
    payload, found, at = run('stream-payload', data=stream), [], 0
    for line in text.splitlines():
        if not line.startswith('IMAGE'):
            continue
        kind, shape = line.split()[5:7]
        shape = [int(n) for n in shape.strip('[]').split('][')]
        array = np.frombuffer(payload, '<' + TYPES[kind], int(np.prod(shape)), at)
        at += array.nbytes
        found.append(array.reshape(shape))
    return found


def equal(a, b, ulps=0):
    """The same values, NaN where NaN is, to so many roundings of f32 (of f64 for that)."""
    b = np.asarray(b).reshape(a.shape)
    if ulps == 0:
        return np.array_equal(a, b, equal_nan=a.dtype.kind == 'f')
    a, b = a.astype('f8'), b.astype('f8')
    return bool(np.all((abs(a - b) <= ulps * 2.0 ** -23 * np.maximum(abs(b), 1e-30)) |
                       (np.isnan(a) & np.isnan(b))))


def reads(name, what, *expected, kind=None, ulps=0):
    """That fits-read gives these arrays (else what astropy reads)."""
    if not expected:
        with fits.open(name) as hdus:
            expected = [np.array(hdu.data) for hdu in hdus if hdu.data is not None]
    found = images(run('fits-read', name))
    check(len(found) == len(expected) and
          all(equal(a, b, ulps) and (kind is None or a.dtype.str[1:] == kind)
              for a, b in zip(found, expected)),
          '%s%s' % (what, '' if found else ': nothing read'))


def plain(random, shape=(37, 53)):
    for kind in 'u1', 'i2', 'u2', 'i4', 'u4', 'i8':
        limits = np.iinfo(kind)
        data = random.integers(limits.min, limits.max, shape, kind, endpoint=True)
        fits.writeto('a.fits', data, overwrite=True)
        reads('a.fits', 'astropy, ' + kind, data, kind=kind)
    for kind in 'f4', 'f8':
        data = random.normal(500, 3e4, shape).astype(kind)
        data[3:7, 2:9] = np.nan
        fits.writeto('a.fits', data, overwrite=True, checksum=True)
        reads('a.fits', 'astropy, with NaN, ' + kind, data, kind=kind)
    for shape, parts in ((3, 20, 30), 1), ((5, 20, 30), 5):
        data = random.integers(0, 60000, shape).astype('u2')
        fits.writeto('a.fits', data, overwrite=True)
        reads('a.fits', 'astropy, cube of %d' % shape[0], *([data] if parts == 1 else data))
    data = random.integers(-100, 100, (20, 30)).astype('i2')
    hdu = fits.PrimaryHDU(data)
    hdu.header.update(BSCALE=0.25, BZERO=100.0, BLANK=7)
    with open('a.fits', 'wb') as file:
        file.write(hdu.header.tostring().encode())
        file.write(data.astype('>i2').tobytes().ljust(2880, b'\0'))
    reads('a.fits', 'BSCALE, BZERO and BLANK as astropy has them', kind='f4')
    both = [random.integers(0, 99, (9, 8)).astype('u1'), random.normal(0, 1, (7, 6)).astype('f4')]
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(both[0]), fits.BinTableHDU.from_columns(
        [fits.Column('A', 'J', array=np.arange(5))]), fits.ImageHDU(both[1])]).writeto('b.fits')
    reads('b.fits', 'astropy, images beside a table', *both)
    with open('b.fits', 'rb') as file, gzip.open('b.fits.gz', 'wb') as packed:
        shutil.copyfileobj(file, packed)
    reads('b.fits.gz', 'and gzipped', *both)


def tiled(random, shape=(61, 83)):
    smooth = random.integers(300, 400, shape)
    for codec in 'RICE_1', 'GZIP_1', 'GZIP_2', 'HCOMPRESS_1', 'PLIO_1':
        for kind in ('u1', 'i2', 'u2', 'i4') if codec != 'PLIO_1' else ('u1', 'i2'):
            data = (smooth % 200 if kind == 'u1' else smooth).astype(kind)
            size = {'HCOMPRESS_1': (83, 16), 'PLIO_1': (83, 1)}.get(codec, (40, 25))
            options = {} if codec != 'HCOMPRESS_1' else {'hcomp_scale': 0}
            write_tiled(data, codec, size, **options)
            reads('c.fits', 'astropy, %s of %s' % (codec, kind), data, kind=kind)
    real = random.normal(1000, 30, shape).astype('f4')
    real[5:9, 7:11] = np.nan
    for codec in 'RICE_1', 'GZIP_2', 'HCOMPRESS_1':
        for method, name in ((-1, 'without dither'), (1, 'dithered'), (2, 'dithered but for zeros')):
            values = real if codec != 'HCOMPRESS_1' else np.nan_to_num(real, nan=1000)
            if method == 2:
                values = values.copy()
                values[20:30, 20:30] = 0
            write_tiled(values, codec, (83, 20), quantize_level=8, quantize_method=method,
                        **({'dither_seed': 77} if method > 0 else {}))
            reads('c.fits', 'astropy, floats by %s, %s' % (codec, name), kind='f4', ulps=1)
    for kind in 'f4', 'f8':
        write_tiled(real.astype(kind), 'GZIP_2', (40, 25), quantize_level=0)
        reads('c.fits', 'astropy, %s by GZIP_2, without loss' % kind, real.astype(kind), kind=kind)


def write_tiled(data, codec, size, **options):
    """size: of a tile, along x first; the name of that option depends on the version."""
    for tile in {'tile_shape': size[::-1]}, {'tile_size': size}:
        try:
            hdu = fits.CompImageHDU(data, compression_type=codec, **tile, **options)
        except TypeError:
            continue
        fits.HDUList([fits.PrimaryHDU(), hdu]).writeto('c.fits', overwrite=True)
        return


def written():
    for kind, more in ('u16', []), ('f32', []), ('f32', ['--bitpix', '16']), ('u16', ['--rice']), \
            ('f32', ['--bitpix', '-64']), ('u16', ['--bitpix', '32', '--rice']):
        night = run('sky-gen', '--type', kind, '--count', '1', '--planes', '3', '--width', '60',
                    '--height', '40', '--object', "O'Neill's " + 'long ' * 20)
        run('fits-write', '--checksum', '-o', 'd.fits', *more, data=night)
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            with fits.open('d.fits', checksum=True) as hdus:
                hdus.verify('exception')
                hdu = hdus[1 if '--rice' in more else 0]
                data, header = np.array(hdu.data), hdu.header
        expected = images(night)[0].astype('f8')
        if '--bitpix' in more and more[1] == '16':
            expected = np.clip(np.floor(expected + 0.5), 0, 65535)
        check(np.array_equal(data, expected) and header['OBJECT'].startswith("O'Neill's long long") and
              header['EXPTIME'] == 300 and 'sky-gen' in str(header['HISTORY']),
              'fits-write, %s %s, as astropy reads it' % (kind, ' '.join(more)))


def siril(random):
    name = 'what Siril writes'
    if not shutil.which('siril-cli'):
        print('ok %d - %s # SKIP siril-cli is not there' % (count + 1, name))
        return 1
    data = random.integers(0, 65535, (3, 40, 50)).astype('u2')
    fits.writeto('raw.fits', data)
    with open('s.ssf', 'w') as file:
        file.write('requires 1.0.0\nsetext fits\nset16bits\nload raw\nsave s16\nset32bits\n'
                   'load raw\nsave s32\nsetcompress 1 -type=rice 16\nload raw\nsave packed\n')
    subprocess.run(['siril-cli', '-d', os.getcwd(), '-s', os.path.join(os.getcwd(), 's.ssf')],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    made = [n for n in sorted(os.listdir('.')) if n.startswith(('s16', 's32', 'packed'))]
    check(len(made) == 3, 'Siril writes its three files: ' + ' '.join(made))
    for n in made:
        reads(n, name + ', ' + n, ulps=n.startswith('packed'))
    if 's16.fits' in made:
        reads('s16.fits', name + ', 16 bits, is what it read', data)
    return 0


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20260101
    print('# seed %d' % seed)
    random = np.random.default_rng(seed)
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    try:
        plain(random)
        tiled(random)
        written()
        skipped = siril(random)
    finally:
        shutil.rmtree(folder)
    print('1..%d' % (count + skipped))
    sys.exit(failed != 0)


main()
