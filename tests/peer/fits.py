#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""FITS files that astropy, fpack and Siril write, read by fits-read with equal pixels; and what
fits-write writes, read by astropy with equal pixels and found right by fitsverify. Prints TAP."""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import warnings

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.path.join(ROOT, os.environ.get('LEAT_BUILD', 'build'), 'libexec/leat')
TYPES = {1: 'u1', 2: 'i1', 3: 'u2', 4: 'i2', 5: 'u4', 6: 'i4', 7: 'u8', 8: 'i8', 10: 'f4', 11: 'f8'}
count = failed = 0


def check(right, what):
    global count, failed
    count += 1
    failed += not right
    print('%sok %d - %s' % ('' if right else 'not ', count, what), flush=True)


def skip(what, why):
    global count
    count += 1
    print('ok %d - %s # SKIP %s' % (count, what, why), flush=True)


try:
    import numpy as np
    from astropy.io import fits
except ImportError as missing:
    print('1..0 # SKIP %s' % missing)
    sys.exit(0)


def round_up(n):
    return (n + 63) // 64 * 64


def stream_of(name, *options):
    """The stream that fits-read makes of a file, or what it says."""
    done = subprocess.run([os.path.join(PROGRAMS, 'fits-read'), *options, name],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.stdout if done.returncode == 0 else done.stderr.decode(errors='replace')


def images_in(stream):
    """The images of a stream with their metadata, by the byte table of leat-stream(5)."""
    found, at = [], 0
    while at < len(stream):
        kind, dtype, ndim = struct.unpack_from('<HBB', stream, at + 10)
        payload, meta = struct.unpack_from('<QI', stream, at + 32)
        dims = struct.unpack_from('<8Q', stream, at + 48)[:ndim]
        start = at + 128 + round_up(meta)
        if kind == 3:
            pixels = np.frombuffer(stream, '<' + TYPES[dtype], int(np.prod(dims)), start)
            found.append((pixels.reshape(dims), stream[at + 128:at + 128 + meta].decode()))
        at = start + round_up(payload + 8)
    return found


def images(name, *options):
    stream = stream_of(name, *options)
    return stream if isinstance(stream, str) else [pixels for pixels, _ in images_in(stream)]


class Cases:
    """Many comparisons told as one."""

    def __init__(self, what):
        self.what, self.run, self.wrong = what, 0, []

    def compare(self, got, wanted, case, exact=True):
        """got: images; wanted: an array of the same pixels, in the same order."""
        self.run += 1
        if isinstance(got, str):
            self.wrong.append('%s: %s' % (case, got.strip()))
            return
        got = np.concatenate([image.ravel() for image in got])
        wanted = np.asarray(wanted)
        if got.dtype != wanted.dtype.newbyteorder('<') or got.size != wanted.size:
            self.wrong.append('%s: %s[%d], not %s[%d]' % (case, got.dtype, got.size, wanted.dtype, wanted.size))
            return
        wanted = wanted.ravel()
        same = (got == wanted) | ((got != got) & (wanted != wanted))
        if not exact:
            # Sums of two floats and an addition, rounded in another order.
            with np.errstate(invalid='ignore'):
                same |= np.abs(got - wanted) <= 4e-7 * np.maximum(1, np.abs(wanted))
        if not same.all():
            k = int(np.argmin(same))
            self.wrong.append('%s: %d differ, [%d] is %r, not %r' % (case, (~same).sum(), k, got[k], wanted[k]))

    def true(self, right, case):
        self.run += 1
        if not right:
            self.wrong.append(case)

    def tell(self):
        for case in self.wrong[:20]:
            print('# ' + case.replace('\n', '; '))
        check(self.run and not self.wrong, '%s: %d cases' % (self.what, self.run))


def pixels_of(random, dtype, shape):
    """The whole range of a type, its ends and, of floats, what is no number."""
    dtype = np.dtype(dtype)
    if dtype.kind == 'f':
        data = (random.normal(size=shape) * 10.0 ** random.integers(-20, 20, shape)).astype(dtype)
        data.flat[:3] = np.nan, np.inf, -np.inf
        return data
    ends = np.iinfo(dtype)
    data = random.integers(ends.min, ends.max, shape, dtype, endpoint=True)
    data.flat[:2] = ends.min, ends.max
    return data


def plain_files(random):
    cases = Cases('all types, as astropy writes them')
    for dtype in TYPES.values():
        for shape in (7,), (5, 9), (3, 6, 4), (4, 3, 5), (2, 3, 3, 4):
            data = pixels_of(random, dtype, shape)
            fits.PrimaryHDU(data).writeto('a.fits', overwrite=True)
            cases.compare(images('a.fits'), data, '%s %s' % (dtype, shape))
            if dtype in ('u1', 'i2', 'i4', 'i8', 'f4', 'f8'):
                cases.compare(images('a.fits', '--native'), data, 'native %s' % dtype)
    big = pixels_of(random, 'u2', (700, 901))
    fits.PrimaryHDU(big).writeto('a.fits', overwrite=True)
    cases.compare(images('a.fits'), big, 'many pieces')
    fits.PrimaryHDU(big).writeto('a.fits.gz', overwrite=True)
    cases.compare(images('a.fits.gz'), big, 'gzipped')
    cases.tell()

    cases = Cases('BSCALE, BZERO and BLANK')
    for dtype in 'u1', 'i2', 'i4', 'i8', 'f4', 'f8':
        for scale, zero in (2.5, -3.0), (1e-3, 32768.0), (-0.1, 0.0), (1.0, 7.0):
            raw = pixels_of(random, dtype, (11, 13))
            blank = int(raw[4, 4]) if dtype[0] in 'iu' else None
            hdu = fits.PrimaryHDU(raw)
            hdu.header['BSCALE'], hdu.header['BZERO'] = scale, zero
            if blank is not None:
                hdu.header['BLANK'] = blank
            hdu.writeto('s.fits', overwrite=True)
            wide = dtype in ('i4', 'i8', 'f8')
            with np.errstate(over='ignore'):
                wanted = (zero + scale * raw.astype('f8')).astype('f8' if wide else 'f4')
            if blank is not None:
                wanted[raw == blank] = np.nan
            cases.compare(images('s.fits'), wanted, '%s %g %g' % (dtype, scale, zero))
            theirs = fits.getdata('s.fits')
            cases.compare(images('s.fits'), theirs.astype(wanted.dtype), 'astropy, %s %g %g' % (dtype, scale, zero),
                          exact=wide)
            cases.compare(images('s.fits', '--native'), raw, 'native %s' % dtype)
    cases.tell()

    cases = Cases('files of several HDUs')
    small = [pixels_of(random, dtype, (4, 6)) for dtype in ('i2', 'u2', 'f4')]
    table = fits.BinTableHDU.from_columns([fits.Column('a', '3E', array=np.zeros((5, 3)))])
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(small[0], name='ONE'), table, fits.ImageHDU(small[1]),
                  fits.ImageHDU(small[2])]).writeto('m.fits', overwrite=True)
    for hdu, wanted in (1, small[0]), (3, small[1]), (4, small[2]):
        cases.compare(images('m.fits', '--hdu', str(hdu)), wanted, 'HDU %d' % hdu)
    everything = images('m.fits')
    cases.true(len(everything) == 3, 'three images')
    for order, wanted in ('TOP-DOWN', '%row_order top-down'), ('BOTTOM-UP', '%row_order bottom-up'):
        hdu = fits.PrimaryHDU(small[0])
        hdu.header['ROWORDER'] = order
        hdu.writeto('o.fits', overwrite=True)
        pixels, meta = images_in(stream_of('o.fits'))[0]
        cases.compare([pixels], small[0], order)
        cases.true(wanted in meta.split('\n'), order)
    cases.tell()


def sky(random, shape, dtype):
    data = random.normal(1000, 3, shape)
    data.flat[random.integers(0, data.size, 5)] += 3000
    if np.dtype(dtype) == 'u1':
        data /= 16
    if np.dtype(dtype).kind == 'f':
        data.flat[random.integers(0, data.size, 3)] = 0
        data.flat[random.integers(0, data.size, 2)] = np.nan
        return data.astype(dtype)
    ends = np.iinfo(dtype)
    return np.clip(data, ends.min, ends.max).astype(dtype)


def tiled_by_astropy(random):
    for codec in 'RICE_1', 'GZIP_1', 'GZIP_2', 'HCOMPRESS_1', 'PLIO_1':
        cases, refused = Cases('%s, as astropy writes it' % codec), 0
        for shape in (40, 37), (64, 64), (33, 1), (1, 50), (17, 100), (3, 20, 30), (100, 16):
            for dtype in 'u1', 'i2', 'u2', 'i4', 'u4', 'f4', 'f8':
                real = dtype[0] == 'f'
                if real and codec == 'PLIO_1':
                    continue  # masks only
                data = sky(random, shape, dtype)
                if codec == 'PLIO_1' and not real:
                    # Masks: runs of few values.
                    data = (random.random(shape) < 0.1) * random.integers(0, 120, shape)
                    data = data.astype(dtype)
                for level in (0, 16.0) if real else (16.0,):
                    for dither in (-1, 1, 2) if real and level else (-1,):
                        for tile in None, (7, 11), (16, 16):
                            shaped = {} if not tile else {'tile_shape': (1,) * (len(shape) - 2) + tile}
                            case = '%s %s level %g dither %d tile %s' % (dtype, shape, level, dither, tile)
                            try:
                                hdu = fits.CompImageHDU(data, compression_type=codec, quantize_level=level,
                                                        quantize_method=dither, dither_seed=9998, **shaped)
                                fits.HDUList([fits.PrimaryHDU(), hdu]).writeto('t.fits.fz', overwrite=True)
                                wanted = fits.getdata('t.fits.fz')
                            except Exception:  # astropy refuses some combinations
                                refused += 1
                                continue
                            if not real and not np.array_equal(wanted, data):
                                refused += 1  # it keeps no such numbers
                                continue
                            cases.compare(images('t.fits.fz'), wanted.astype(wanted.dtype.newbyteorder('=')), case,
                                          exact=not real)
        cases.what += ' (%d it cannot)' % refused
        cases.tell()


def packed_by_fpack(random):
    if not shutil.which('fpack') or not shutil.which('funpack'):
        skip('files of fpack', 'no fpack (package libcfitsio-bin)')
        return
    ways = (['-r'], ['-g1'], ['-g2'], ['-h'], ['-h', '-s', '2'], ['-p'], ['-r', '-w'], ['-g', '-w'],
            ['-r', '-t', '20,8'], ['-h', '-t', '32,32'], ['-r', '-q', '8'], ['-r', '-qz', '4'],
            ['-r', '-q0', '4'], ['-g2', '-q', '16'], ['-h', '-q', '8'], ['-g', '-q', '0'])
    cases, refused = Cases('files of fpack'), 0
    for dtype in 'u1', 'i2', 'u2', 'i4', 'u4', 'f4', 'f8':
        for shape in (64, 48), (3, 24, 40), (50, 21):
            for way in ways:
                for old in 'p.fits', 'p.fits.fz', 'back.fits':
                    if os.path.exists(old):
                        os.unlink(old)
                data = sky(random, shape, dtype)
                if '-t' in way:
                    # CFITSIO 4.2 unpacks what stands beside a tile with NaN wrong.
                    data = np.nan_to_num(data, nan=1000)
                fits.PrimaryHDU(data).writeto('p.fits')
                case = '%s %s fpack %s' % (dtype, shape, ' '.join(way))
                pack = subprocess.run(['fpack', *way, 'p.fits'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                if pack.returncode or not os.path.exists('p.fits.fz'):
                    refused += 1
                    continue
                unpack = subprocess.run(['funpack', '-O', 'back.fits', 'p.fits.fz'], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
                if unpack.returncode:
                    refused += 1
                    continue
                wanted = fits.getdata('back.fits')
                cases.compare(images('p.fits.fz'), wanted.astype(wanted.dtype.newbyteorder('=')), case,
                              exact=dtype[0] != 'f')
    cases.what += ' (%d it cannot)' % refused
    cases.tell()


def saved_by_siril(random):
    if not shutil.which('siril-cli'):
        skip('files of Siril', 'no siril-cli (package siril)')
        return
    cases = Cases('files of Siril')
    for shape in (60, 80), (3, 50, 70):
        data = sky(random, shape, 'u2')
        fits.PrimaryHDU(data).writeto('in.fit', overwrite=True)
        steps = ['requires 1.0.0', 'setext fit', 'load in', 'set16bits', 'save plain', 'set32bits', 'load in',
                 'save float']
        for codec in 'rice', 'gzip1', 'gzip2':
            steps += ['setcompress 1 -type=%s 16' % codec, 'set16bits', 'load in', 'save %s' % codec,
                      'set32bits', 'load in', 'save %s_float' % codec]
        steps += ['setcompress 0']
        with open('steps.ssf', 'w') as script:
            script.write('\n'.join(steps) + '\n')
        said = subprocess.run(['siril-cli', '-d', os.getcwd(), '-s', 'steps.ssf'], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=dict(os.environ, HOME=os.getcwd()))
        if said.returncode:
            skip('files of Siril', 'it does not run here')
            return
        for name in sorted(os.listdir('.')):
            if not name.startswith(('plain', 'float', 'rice', 'gzip')):
                continue
            wanted = fits.getdata(name)
            # What 32 bits rounds, tiles may round once more.
            cases.compare(images(name), wanted.astype(wanted.dtype.newbyteorder('=')), '%s of %s' % (name, shape),
                          exact=wanted.dtype.kind != 'f')
            if name.startswith('plain'):
                cases.compare(images(name), data, 'what it was given, %s' % (shape,))
            os.unlink(name)
    cases.tell()


def converted(data, bitpix, rice):
    """The numbers that fits-write's page promises."""
    if bitpix == 'auto':
        return data
    if bitpix in ('-32', '-64'):
        return data.astype('f4' if bitpix == '-32' else 'f8')
    signed = data.dtype.kind == 'i'
    target = {'8': 'i1' if data.dtype == np.dtype('i1') else 'u1', '16': 'i2' if signed else 'u2',
              '32': 'u4' if data.dtype in (np.dtype('u4'), np.dtype('u8')) else 'i4'}[bitpix]
    ends = np.iinfo(target)
    values = data.astype('f8')
    if data.dtype.kind == 'f':
        with np.errstate(invalid='ignore'):
            scale = 1 if np.nanmax(values) <= 1 else 65535
            values = np.floor(values * ends.max / scale + 0.5)
    return np.clip(np.where(np.isnan(values), 0, values), ends.min, ends.max).astype(target)


def verify(name, cases, case):
    done = subprocess.run(['fitsverify', name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode(errors='replace')
    cases.true(done.returncode == 0 and 'found 0 warning(s) and 0 error(s)' in text, '%s: fitsverify: %s' % (
        case, '; '.join(line.strip() for line in text.split('\n') if line.startswith('***'))))


def written(random):
    has_verify = shutil.which('fitsverify')
    if not has_verify:
        skip('fitsverify on what fits-write writes', 'no fitsverify')
    cases = Cases('what fits-write writes')
    for dtype in TYPES.values():
        for shape in (9, 14), (3, 5, 8), (41, 37):
            data = pixels_of(random, dtype, shape)
            if dtype[0] == 'f':
                data = random.uniform(-100, 70000, shape).astype(dtype)
                data.flat[1] = np.nan
            fits.PrimaryHDU(data).writeto('w.fits', overwrite=True)
            stream = stream_of('w.fits')
            for bitpix in 'auto', '8', '16', '32', '-32', '-64':
                for more in [], ['--checksum'], ['--rice'], ['--rice', '--checksum']:
                    wanted = converted(data, bitpix, more)
                    if '--rice' in more and (wanted.dtype.kind == 'f' or wanted.dtype.itemsize > 4):
                        continue
                    case = '%s %s --bitpix %s %s' % (dtype, shape, bitpix, ' '.join(more))
                    done = subprocess.run([os.path.join(PROGRAMS, 'fits-write'), '--bitpix', bitpix, *more, '-o',
                                           'out.fits'], input=stream, stderr=subprocess.PIPE)
                    if done.returncode:
                        cases.true(False, '%s: %s' % (case, done.stderr.decode()))
                        continue
                    with warnings.catch_warnings(record=True) as said:
                        warnings.simplefilter('always')
                        with fits.open('out.fits', checksum=True) as file:
                            hdu = file[1 if '--rice' in more else 0]
                            got = np.asarray(hdu.data)
                            cases.true('--checksum' not in more or '--rice' in more or 'CHECKSUM' in hdu.header,
                                       case + ': CHECKSUM is missing')
                    cases.true(not said, '%s: astropy: %s' % (case, [str(s.message) for s in said]))
                    if dtype == 'i1' and '--rice' in more:
                        got = got.astype(wanted.dtype)  # astropy makes floats of them
                    cases.compare([got.astype(got.dtype.newbyteorder('='))], wanted, case)
                    if has_verify and shape == (9, 14):
                        verify('out.fits', cases, case)
    cases.tell()


def cards_written():
    """Long texts, quotes, exposure and history of a frame, under a sum."""
    cases = Cases("fits-write's cards")
    night = subprocess.run([os.path.join(PROGRAMS, 'sky-gen'), '--count', '1', '--width', '60', '--height', '40',
                            '--object', "O'Neill's " + 'long ' * 20], stdout=subprocess.PIPE, check=True).stdout
    for more in [], ['--rice']:
        subprocess.run([os.path.join(PROGRAMS, 'fits-write'), '--checksum', '-o', 'd.fits', *more], input=night,
                       check=True)
        with fits.open('d.fits', checksum=True) as file:
            file.verify('exception')
            header = file[1 if more else 0].header
        cases.true(header['OBJECT'].startswith("O'Neill's long long"), 'OBJECT')
        cases.true(header['EXPTIME'] == 300, 'EXPTIME')
        cases.true('sky-gen' in str(header['HISTORY']), 'HISTORY')
        if shutil.which('fitsverify'):
            verify('d.fits', cases, 'cards %s' % more)
    cases.tell()


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 20260101
    print('# seed %d' % seed)
    random = np.random.default_rng(seed)
    plain_files(random)
    tiled_by_astropy(random)
    packed_by_fpack(random)
    saved_by_siril(random)
    written(random)
    cards_written()


if __name__ == '__main__':
    warnings.simplefilter('ignore')
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
        os.chdir('/')
    print('1..%d' % count)
    sys.exit(failed != 0)
