#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""make-badfits.py FOLDER: FITS files that lie, in bad/; files that are right but hold values meant
for a shell, a terminal or a path, in sly/. The same bytes each time."""
import gzip
import os
import random
import struct
import sys

ZERO = bytes(2880)


def header(*cards, end=True):
    text = b''.join(card.encode('latin1').ljust(80)[:80] for card in cards)
    text += b'END'.ljust(80) if end else b''
    return text + b' ' * (-len(text) % 2880)


def image(*cards, axes=(16, 16), bitpix=16, count=None):
    lengths = ['NAXIS%-3d= %s' % (i + 1, n) for i, n in enumerate(axes)]
    return header('SIMPLE  = T', 'BITPIX  = %s' % bitpix, 'NAXIS   = %s' % (len(axes) if count is None else count),
                  *lengths, *cards)


PRIMARY = header('SIMPLE  = T', 'BITPIX  = 8', 'NAXIS   = 0', 'EXTEND  = T')


def tiled(codec, data=b'', rows=1, descriptors=None, sides=(16, 16), tile=(16, 16), bitpix=16, form='1PB(64)',
          width=8, heap=None, more=(), fields=1):
    """A tile-compressed image: rows of descriptors, then the heap."""
    if descriptors is None:
        descriptors = struct.pack('>II', len(data), 0) * rows
    heap = len(data) if heap is None else heap
    table = descriptors + data
    return PRIMARY + header(
        "XTENSION= 'BINTABLE'", 'BITPIX  = 8', 'NAXIS   = 2', 'NAXIS1  = %d' % width, 'NAXIS2  = %d' % rows,
        'PCOUNT  = %d' % heap, 'GCOUNT  = 1', 'TFIELDS = %d' % fields, "TTYPE1  = 'COMPRESSED_DATA'",
        "TFORM1  = '%s'" % form, 'ZIMAGE  = T', "ZCMPTYPE= '%s'" % codec, 'ZBITPIX = %d' % bitpix, 'ZNAXIS  = 2',
        'ZNAXIS1 = %d' % sides[0], 'ZNAXIS2 = %d' % sides[1], 'ZTILE1  = %d' % tile[0], 'ZTILE2  = %d' % tile[1],
        *more) + table + bytes(-len(table) % 2880)


def hcompress(height, width, planes, body, scale=1):
    return b'\xdd\x99' + struct.pack('>iiiq', height, width, scale, 0) + bytes(planes) + body


def files():
    yield 'empty', b''
    yield 'one-byte', b'S'
    yield 'text', b'this is no picture\n' * 500
    yield 'zeros', bytes(5760)
    yield 'simple-f', header('SIMPLE  = F', 'BITPIX  = 8', 'NAXIS   = 0')
    yield 'no-end', header('SIMPLE  = T', 'BITPIX  = 16', 'NAXIS   = 2', 'NAXIS1  = 4', 'NAXIS2  = 4', end=False)
    yield 'end-behind-data', image(*['COMMENT'] * 40)[:2880] + b'x' * 2880 + header()
    yield 'end-cut', image(*['COMMENT'] * 40)[:2880 + 79]
    yield 'cut-in-data', image(axes=(100, 100)) + ZERO
    yield 'cards-without-end', header('SIMPLE  = T', end=False) + header(*['COMMENT x'] * 36, end=False) * 600
    yield 'binary-card', image('\x01\x02\x03\x04=\xff')
    for name, axes in (('zero', (0, 4)), ('negative', (-4, 4)), ('wide', (2 ** 63 - 1, 2)), ('wider', (2 ** 64, 2)),
                       ('square', (2 ** 31 - 1, 2 ** 31 - 1)), ('wraps', (2 ** 16,) * 4), ('cube', (10 ** 5,) * 3),
                       ('real', ('1.6E1', 16)), ('text', ("'16'", 16)), ('logical', ('T', 16)), ('nothing', ('', 16))):
        yield 'axis-' + name, image(axes=axes) + ZERO
    yield 'axes-999', image(axes=[1] * 999) + ZERO
    yield 'axes-999-claimed', image(axes=(4, 4), count=999) + ZERO
    yield 'axes-minus', image(axes=(4, 4), count=-1) + ZERO
    yield 'axes-missing', image(axes=(4,), count=2) + ZERO
    yield 'axes-twice', image('NAXIS1  = 99999') + ZERO
    for bitpix in 0, 12, -16, 2 ** 40, "'16'", 'NaN':
        yield 'bitpix-%s' % str(bitpix).strip("'"), image(bitpix=bitpix) + ZERO
    for number, card in enumerate(('PCOUNT  = -1', 'PCOUNT  = 9223372036854775807', 'GCOUNT  = -1', 'GCOUNT  = 0',
                                   'GCOUNT  = 9223372036854775807', 'BSCALE  = 0', 'BSCALE  = NaN',
                                   'BSCALE  = 1E400', 'BZERO   = INF', "BZERO   = '32768'", "BLANK   = 'none'",
                                   'BLANK   = 1.5')):
        yield 'card-%02d-%s' % (number, card[:6].strip()), image(card) + ZERO
    yield 'many-hdus', PRIMARY + header("XTENSION= 'IMAGE'", 'BITPIX  = 8', 'NAXIS   = 0') * 4096
    junk = random.Random(7).randbytes(64)
    for codec in 'RICE_1', 'GZIP_1', 'GZIP_2', 'HCOMPRESS_1', 'PLIO_1', 'NOCOMPRESS', 'NOSUCH':
        yield codec + '-outside', tiled(codec, junk, descriptors=struct.pack('>II', 64, 1))
        yield codec + '-far', tiled(codec, junk, descriptors=struct.pack('>II', 2 ** 32 - 1, 2 ** 32 - 1))
        yield codec + '-far-64', tiled(codec, junk, form='1QB(64)', width=16,
                                       descriptors=struct.pack('>QQ', 2 ** 64 - 1, 2 ** 64 - 1))
        yield codec + '-nothing', tiled(codec, junk, descriptors=struct.pack('>II', 0, 0))
        yield codec + '-tile-0', tiled(codec, junk, tile=(0, 16))
        yield codec + '-tile-negative', tiled(codec, junk, tile=(-16, 16))
        yield codec + '-tile-2-31', tiled(codec, junk, tile=(2 ** 31, 2 ** 31))
        yield codec + '-tile-huge', tiled(codec, junk, tile=(2 ** 31 - 1, 2 ** 31 - 1))
        yield codec + '-image-huge', tiled(codec, junk, sides=(10 ** 6, 10 ** 6), tile=(10 ** 6, 10 ** 6))
        yield codec + '-rows-short', tiled(codec, junk, tile=(16, 1))
        yield codec + '-heap-short', tiled(codec, junk, heap=10 ** 9)
        yield codec + '-fields', tiled(codec, junk, fields=999999999)
        yield codec + '-form', tiled(codec, junk, form='9999999999PB')
        yield codec + '-theap', tiled(codec, junk, more=['THEAP   = 9223372036854775807'])
        yield codec + '-theap-low', tiled(codec, junk, more=['THEAP   = 0'])
        # All tiles are the same bytes: packed without limit, if it were believed.
        yield codec + '-overlap', tiled(codec, junk, rows=2000, sides=(10 ** 5, 2000), tile=(10 ** 5, 1))
    yield 'rice-short', tiled('RICE_1', b'\0\1', more=["ZNAME1  = 'BYTEPIX'", 'ZVAL1   = 2'])
    yield 'rice-bytepix', tiled('RICE_1', junk, more=["ZNAME1  = 'BYTEPIX'", 'ZVAL1   = 3'])
    yield 'rice-block', tiled('RICE_1', junk, more=["ZNAME1  = 'BLOCKSIZE'", 'ZVAL1   = 0'])
    yield 'hcompress-shape', tiled('HCOMPRESS_1', hcompress(4096, 4096, (1, 1, 1), bytes(100)))
    yield 'hcompress-planes', tiled('HCOMPRESS_1', hcompress(16, 16, (255, 255, 255), bytes(100)))
    yield 'hcompress-ends', tiled('HCOMPRESS_1', hcompress(16, 16, (40, 40, 40), b'\xff' * 10))
    yield 'hcompress-scale', tiled('HCOMPRESS_1', hcompress(16, 16, (60, 60, 60), b'\x0f' * 9000, 2 ** 31 - 1))
    yield 'plio-runs', tiled('PLIO_1', struct.pack('>24h', 0, 7, -100, 24, 0, 0, 0, *[0x4fff] * 17))
    yield 'floats-unscaled', tiled('RICE_1', b'\0\0\0\1' + bytes(60), bitpix=-32)
    whole = image(axes=(300, 300)) + random.Random(1).randbytes(63 * 2880)
    yield 'cut.gz', gzip.compress(whole, 1, mtime=0)[:-3000]
    yield 'flipped.gz', bytes(b ^ (k == 90000) for k, b in enumerate(gzip.compress(whole, 1, mtime=0)))
    yield 'bomb.gz', gzip.compress(image(axes=(10000, 10000), bitpix=8) + bytes(100001280), 9, mtime=0)
    yield 'gzipped-twice.gz', gzip.compress(gzip.compress(whole, 1, mtime=0), 1, mtime=0)


SLY = ('$(touch pwned)', '`touch pwned`', ';touch pwned;', '../../pwned', '/tmp/pwned', '-rf', '..', '.', '\x1b[2J\x1b]0;x\x07',
       'a\nOBJECT b', 'a\rb', 'a\tb', '\x00x', '\x7f', '\x9b2J', '\xc2\x9b2J', 'M\xc3\xa941', '\xe2\x80\xae', '\xff\xfe', 'a\\x41b',
       "it''s", '"', '*?[a]', '{n}', '%s%n', '~', 'a b', '|', '#', '')


def main():
    for folder in 'bad', 'sly':
        os.makedirs(os.path.join(sys.argv[1], folder), exist_ok=True)
    for name, data in files():
        with open(os.path.join(sys.argv[1], 'bad', name + ('' if '.' in name else '.fits')), 'wb') as file:
            file.write(data)
    for number, value in enumerate(SLY):
        cards = ["OBJECT  = '%s'" % value, "FILTER  = '%s'" % value, "X%-7d= '%s' / %s" % (number, value, value),
                 'COMMENT ' + value, 'HISTORY ' + value]
        data = image(*cards, axes=(40, 36), bitpix=8) + ZERO
        with open(os.path.join(sys.argv[1], 'sly', '%02d.fits' % number), 'wb') as file:
            file.write(data)


if __name__ == '__main__':
    main()
