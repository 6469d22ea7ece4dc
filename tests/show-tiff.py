# SPDX-License-Identifier: ISC
# A reader of TIFF files by the book: "WIDTH HEIGHT PLANES BITS FORMAT COMPRESSION PREDICTOR", "icc
# SIZE" if there is a profile, then the samples in hexadecimal (most significant byte first), a row
# a line. Says what breaks the rules and fails.
import struct
import sys
import zlib

data = open(sys.argv[1], 'rb').read()
big = data[2:4] == b'+\0'
assert data[:4] == b'II*\0' or data[:8] == b'II+\0\x08\0\0\0'
word, count_size, entry_size = ('<Q', 8, 20) if big else ('<I', 2, 12)


def number(at, form):
    return struct.unpack_from(form, data, at)[0]


def entries():
    at = number(8 if big else 4, word)
    count = number(at, '<Q' if big else '<H')
    at += count_size
    last = 0
    for at in range(at, at + count * entry_size, entry_size):
        tag, kind = number(at, '<H'), number(at + 2, '<H')
        count, place = number(at + 4, word), at + (12 if big else 8)
        form = {1: 'B', 2: 's', 3: 'H', 4: 'I', 7: 's', 12: 'd', 16: 'Q'}[kind]
        size = struct.calcsize('<%d%s' % (count, form))
        assert tag > last
        last = tag
        if size > struct.calcsize(word):
            place = number(place, word)
        assert place + size <= len(data)
        yield tag, struct.unpack_from('<%d%s' % (count, form), data, place)
    assert number(at + entry_size, word) == 0, 'a second picture'


def lzw(packed):
    table, out, previous, width, bits, held = None, b'', b'', 9, 0, 0
    for byte in packed:
        held, bits = held << 8 | byte, bits + 8
        if bits < width:
            continue
        bits -= width
        code, held = held >> bits, held & ((1 << bits) - 1)
        if code == 257:
            return out
        if code == 256:
            table, previous, width = [bytes([i]) for i in range(256)] + [b'', b''], b'', 9
            continue
        entry = table[code] if code < len(table) else previous + previous[:1]
        assert code <= len(table)
        if previous:
            table.append(previous + entry[:1])
        out, previous = out + entry, entry
        width = 9 + (len(table) >= 511) + (len(table) >= 1023) + (len(table) >= 2047)
    raise ValueError('no end of LZW')


def undo(row):
    """The predictor of a row, and its bytes most significant first."""
    if predictor == 3:
        row = bytearray(row)
        for k in range(planes, len(row)):
            row[k] = (row[k] + row[k - planes]) & 255
        n = width * planes
        return bytes(row[byte * n + k] for k in range(n) for byte in range(4))
    form = {8: 'B', 16: 'H', 32: 'I'}[bits]
    values = list(struct.unpack('<%d%s' % (width * planes, form), row))
    if predictor == 2:
        for k in range(planes, len(values)):
            values[k] = (values[k] + values[k - planes]) % (1 << bits)
    return struct.pack('>%d%s' % (len(values), form), *values)


tags = dict(entries())
width, height, planes = tags[256][0], tags[257][0], tags[277][0]
bits, compression, predictor = tags[258][0], tags[259][0], tags.get(317, (1,))[0]
assert len(set(tags[258])) == 1 and len(tags[258]) == planes
assert tags[262][0] == (2 if planes == 3 else 1)
assert tags[284][0] == 1 and tags[274][0] == 1
assert 306 not in tags, 'a date'
print(width, height, planes, bits, 'f' if tags[339][0] == 3 else 'u', compression, predictor)
if 34675 in tags:
    print('icc', len(b''.join(v if isinstance(v, bytes) else bytes([v]) for v in tags[34675])))
row_size = width * planes * bits // 8
for i, (at, size) in enumerate(zip(tags[273], tags[279])):
    rows = min(tags[278][0], height - i * tags[278][0])
    strip = {1: bytes, 5: lzw, 8: zlib.decompress}[compression](data[at:at + size])
    assert len(strip) == rows * row_size
    for y in range(rows):
        print(undo(strip[y * row_size:(y + 1) * row_size]).hex())
