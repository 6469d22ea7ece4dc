# SPDX-License-Identifier: ISC
# stars.py make FILE WIDTH HEIGHT COUNT SEED [PLANES] [CARD …]: a FITS file of 16 bits with Gaussian
# stars of 3 px FWHM, integrated over pixels, in noise of 10 over 1000; prints "x y flux" of each,
# the brightest first. Of 3 planes only the second has stars.
# stars.py show: reads a stream and prints the tables in it, a row a line, "index I" before each.
import math
import random
import struct
import sys

SIGMA = 3 / 2.3548200450309493


def integral(pixel, centre):
    scale = SIGMA * math.sqrt(2)
    return 0.5 * (math.erf((pixel + 0.5 - centre) / scale) - math.erf((pixel - 0.5 - centre) / scale))


def make(path, width, height, count, seed, planes=1, *cards):
    width, height, count, planes = int(width), int(height), int(count), int(planes)
    random.seed(int(seed))
    image = [[[random.gauss(1000, 10) for _ in range(width)] for _ in range(height)]
             for _ in range(planes)]
    stars = []
    tries = 0
    while len(stars) < count and tries < 100000:
        tries += 1
        x, y = random.uniform(8, width - 9), random.uniform(8, height - 9)
        if all(math.hypot(x - s[0], y - s[1]) > 14 for s in stars):
            stars.append((x, y, random.uniform(5000, 60000)))
    for x, y, flux in stars:
        for j in range(int(y) - 8, int(y) + 9):
            for i in range(int(x) - 8, int(x) + 9):
                image[planes // 2][j][i] += flux * integral(i, x) * integral(j, y)
    size = [f'NAXIS   = {3 if planes > 1 else 2:20d}', f'NAXIS1  = {width:20d}',
            f'NAXIS2  = {height:20d}'] + ([f'NAXIS3  = {planes:20d}'] if planes > 1 else [])
    lines = ['SIMPLE  =                    T', 'BITPIX  =                   16', *size,
             'BZERO   =                32768', 'BSCALE  =                    1', *cards, 'END']
    header = ''.join(f'{line:80}' for line in lines).encode()
    data = b''.join(struct.pack('>h', max(0, min(65535, round(v))) - 32768)
                    for plane in image for row in plane for v in row)
    with open(path, 'wb') as f:
        f.write(header.ljust((len(header) + 2879) // 2880 * 2880))
        f.write(data.ljust((len(data) + 2879) // 2880 * 2880, b'\0'))
    for star in sorted(stars, key=lambda s: -s[2]):
        print('%.4f %.4f %.1f' % star)


def tables(stream):
    """(index, names, rows) of each TABLE frame."""
    while header := stream.read(128):
        kind, = struct.unpack_from('<H', header, 10)
        index, length, meta_length = struct.unpack_from('<qQI', header, 24)
        rows, = struct.unpack_from('<Q', header, 48)
        meta = stream.read((meta_length + 63) // 64 * 64)[:meta_length].decode()
        payload = stream.read((length + 8 + 63) // 64 * 64)
        if kind != 4:
            continue
        columns = [line.split()[1:3] for line in meta.splitlines() if line.startswith('col ')]
        values, at = [], 0
        for _, form in columns:
            code = {'f64': 'd', 'f32': 'f', 'u8': 'B'}[form]
            at = (at + 63) // 64 * 64
            values.append(struct.unpack_from(f'<{rows}{code}', payload, at))
            at += rows * struct.calcsize(code)
        yield index, [name for name, _ in columns], list(zip(*values))


def show():
    for index, names, rows in tables(sys.stdin.buffer):
        print('index', index, *names)
        for row in rows:
            print(*('%.6g' % v if i > 1 else '%.4f' % v for i, v in enumerate(row)))


if __name__ == '__main__':
    {'make': make, 'show': show}[sys.argv[1]](*sys.argv[2:])
