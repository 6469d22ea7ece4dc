# SPDX-License-Identifier: ISC
"""Streams of leat in Python: read, write, filter. One file, needs numpy only; see leat-stream(5).

Read: the data frames of a file, of "-" (standard input) or of an open binary file:

    import leat
    for frame in leat.read("night.leat"):
        print(frame.kind, frame.index, frame.data.shape, frame.meta.get("freq_hz"))

`frame.data` is a numpy array as the stream has it, [samples][subchannels] of IQ, [rows]
[subchannels][bins] of SPECTRA, [planes][height][width] of IMAGE; of TABLE, VIS and GAIN a dict of
arrays, of REPORT None. Complex integers are structured ('re', 'im'); `frame.complex()` makes
complex numbers of them, `frame.amplitude()` takes off `zero` and divides by `full_scale`.

Write: HEAD, END and sums are made, long frames are cut, a greater index is marked as a gap:

    with leat.Writer("tone.leat", kinds="IQ", rate=48000, freq_hz=7.1e6) as stream:
        stream.put(numpy.exp(2j * numpy.pi * 0.1 * numpy.arange(48000)).astype("complex64"))

A file appears under its name when it is whole. On "-" an exception becomes ABORT, so that who
reads on throws away what came before.

Filter, in a pipeline such as  iq-gen | fft-slice | python3 halve.py | waterfall > picture :

    def halve():
        with leat.Reader() as source, leat.Writer(history="halve 1.0") as sink:
            for frame in source:
                if frame.kind == leat.SPECTRA:
                    sink.put(frame.data / 2, like=frame)
                else:
                    sink.forward(frame)

    leat.run(halve)

What breaks a rule of the stream raises StreamError, whose `code` is the exit status that the
commands of leat have for it: 65 damage, 76 cut short or aborted upstream, 74 cannot read or write.
Under LEAT_CRC=0 no sum is made of payloads, and none is compared.
"""
import fcntl
import os
import re
import struct
import sys
import tempfile
from enum import IntEnum
from fractions import Fraction

import numpy as np

__all__ = ["read", "run", "crc32c", "Reader", "Writer", "Frame", "Meta", "Kind", "StreamError", "HEAD",
           "IQ", "SPECTRA", "IMAGE", "TABLE", "VIS", "GAIN", "REPORT", "ABORT", "END"]

DATA_ERROR, IO_ERROR, UPSTREAM, DOWNSTREAM = 65, 74, 76, 141
MAGIC = b"\x89LEAT\r\n\x1a"
HEADER = struct.Struct("<8sHHBBHQqQII8QQII")
META_MAX, META_LINES_MAX, PAYLOAD_MAX = 16 << 20, 32768, 1 << 20
CRC, GAP, LAST, MORE, CRITICAL = 1, 2, 4, 8, 0xFF00
I64_MAX = 2**63 - 1


class Kind(IntEnum):
    HEAD, IQ, SPECTRA, IMAGE, TABLE, VIS, GAIN, REPORT = range(8)
    ABORT, END = 0xFE, 0xFF

    def __str__(self):
        return self.name


HEAD, IQ, SPECTRA, IMAGE, TABLE, VIS, GAIN, REPORT, ABORT, END = Kind
COLUMNS = (TABLE, VIS, GAIN)


class StreamError(Exception):
    """A rule of the stream is broken; `code` is the exit status that says so."""

    def __init__(self, message, code=DATA_ERROR):
        super().__init__(message)
        self.code = code


def crc_is_off():
    return os.environ.get("LEAT_CRC") == "0"


# Element types.

_REAL = {1: "u1", 2: "i1", 3: "<u2", 4: "<i2", 5: "<u4", 6: "<i4", 7: "<u8", 8: "<i8", 10: "<f4", 11: "<f8"}
_NAME = {1: "u8", 2: "i8", 3: "u16", 4: "i16", 5: "u32", 6: "i32", 7: "u64", 8: "i64", 10: "f32", 11: "f64"}
DTYPES, NAMES = {}, {}
for _code, _text in _REAL.items():
    DTYPES[_code], NAMES[_code] = np.dtype(_text), _NAME[_code]
    DTYPES[_code | 0x40] = (np.dtype([("re", _text), ("im", _text)]) if _code < 10
                            else np.dtype("<c8" if _code == 10 else "<c16"))
    NAMES[_code | 0x40] = "c" + _NAME[_code]
CODES = {name: code for code, name in NAMES.items()}


def dtype(name):
    """The numpy type of an element type: dtype("ci16") is [('re', '<i2'), ('im', '<i2')]."""
    return DTYPES[CODES[name]]


def _code_of(numpy_type):
    little = numpy_type.newbyteorder("<") if numpy_type.byteorder == ">" else numpy_type
    for code, known in DTYPES.items():
        if known == little:
            return code
    raise TypeError(f"{numpy_type}: no element type of a stream")


# CRC32C. A polynomial of few terms that CRC32C's divides, x^5685 + x^1362 + x^426 + 1, says that
# a bit is worth as much as three others that come later; that holds with its square too, which has
# x^2 in x's place, and with the square of that: so for whole words, and for any power of two of them. All words of the front are thrown onto later ones by xor, thousands at a time,
# until little is left, of which a table has the worth of each byte at each place.

_FOLDS = ((5685, 1362, 426, 0), (290, 136, 113, 107, 32, 0))
_LEFT = 1536  # bytes that the table is for
_PIECE = 1 << 19
_table = _offset = None


def _make_table():
    global _table, _offset
    row = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        row = (row >> 1) ^ np.where(row & 1, np.uint32(0x82F63B78), np.uint32(0))
    table = np.empty((_LEFT, 256), np.uint32)
    table[0] = row
    for i in range(1, _LEFT):  # one more byte follows
        table[i] = (table[i - 1] >> 8) ^ row[table[i - 1] & 255]
    _offset = np.arange(_LEFT - 1, -1, -1, dtype=np.intp) * 256
    _table = table.ravel()


def _fold(words, exponents):
    """What is left of an array, which is overwritten, and weighs the same."""
    top, rest, n, at = exponents[0], exponents[1:], len(words), 0
    while n - at > top:
        scale = 1 << max(1, (n - at) // (2 * top)).bit_length() - 1
        count = min((top - rest[0]) * scale, n - at - top * scale)
        front = words[at:at + count]
        for exponent in rest:
            to = at + (top - exponent) * scale
            np.bitwise_xor(words[to:to + count], front, out=words[to:to + count])
        at += count
    return at


def _sum_piece(piece, crc):
    """Of 4 to _PIECE bytes, in an array that is overwritten; `crc` is that of what came before."""
    piece[:4] ^= np.frombuffer(struct.pack("<I", crc), np.uint8)
    for few, size in ((0, 8), (0, 4), (0, 2), (0, 1), (1, 8), (1, 4)):
        exponents = _FOLDS[few]
        if len(piece) > max(_LEFT, exponents[0] * size):
            words = piece[:len(piece) // size * size].view(f"u{size}")
            piece = piece[_fold(words, exponents) * size:]
    n = len(piece)
    return int(np.bitwise_xor.reduce(_table[_offset[_LEFT - n:] + piece]))


def crc32c(data, crc=0):
    """CRC32C (RFC 3720) of bytes that follow those already in `crc`."""
    if _table is None:
        _make_table()
    data = np.frombuffer(data, np.uint8)
    crc ^= 0xFFFFFFFF
    at = 0
    while len(data) - at >= 4:
        piece = np.empty(min(len(data) - at, _PIECE), np.uint8)
        piece[:] = data[at:at + len(piece)]
        crc = _sum_piece(piece, crc)
        at += len(piece)
    for byte in data[at:]:
        crc = crc >> 8 ^ int(_table[(crc ^ int(byte)) & 255])
    return crc ^ 0xFFFFFFFF


# Metadata.

_KEY = re.compile(r"[%~]?[a-z0-9][a-z0-9._-]{0,62}")
_VALUE = re.compile(r"(?:[^\x00-\x1f\x7f-\x9f\\]|\\n|\\\\|\\x(?!00)[0-9A-F]{2})*")
_ESCAPE = re.compile(r"\\(n|\\|x..)")
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")


def _unescape(value):
    if "\\" not in value:
        return value
    text = re.sub(_ESCAPE, lambda m: {"n": "\n", "\\": "\\"}.get(m[1]) or
                  bytes([int(m[1][1:], 16)]).decode("latin-1" if int(m[1][1:], 16) < 128 else "ascii",
                                                    "surrogateescape"), value)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _escape(value):
    out = []
    for c in value:
        if c == "\n":
            out.append("\\n")
        elif c == "\\":
            out.append("\\\\")
        elif _VALUE.fullmatch(c) and not "\ud800" <= c <= "\udfff":
            out.append(c)
        else:
            out.extend(f"\\x{byte:02X}" for byte in c.encode("utf-8", "surrogateescape"))
    return "".join(out)


def format_real(value):
    """The fewest digits that read back equal."""
    value = float(value)
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    text = next(t for t in (f"{value:.{d}g}" for d in range(1, 18)) if float(t) == value)
    if "e" in text and value == int(value) and abs(value) < 1e15:
        text = f"{value:.0f}"
    return text


def _text(value):
    if isinstance(value, (float, np.floating)):
        return format_real(value)
    if isinstance(value, np.datetime64):
        text = str(value.astype("datetime64[ns]"))
        return (text.rstrip("0").rstrip(".") if "." in text else text) + "Z"
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    return str(value)


def _integer(text):
    if text is None or not _INTEGER.fullmatch(text):
        return None
    value = int(text)
    return value if -I64_MAX - 1 <= value <= I64_MAX else None


class Meta(list):
    """Metadata: a list of (key, value), both text; a key may be repeated. See leat-stream(5)."""

    def __init__(self, items=()):
        super().__init__()
        for key, value in items.items() if isinstance(items, dict) else items:
            self.add(key, value)

    @classmethod
    def parse(cls, data):
        meta = cls()
        try:
            text = bytes(data).decode("utf-8")
        except UnicodeDecodeError:
            raise StreamError("metadata: not UTF-8") from None
        lines = text.split("\n")
        if lines.pop():
            raise StreamError("metadata: its last line has no end")
        if len(lines) > META_LINES_MAX:
            raise StreamError(f"metadata: more than {META_LINES_MAX} lines")
        for line in lines:
            key, _, value = line.partition(" ")
            if not _KEY.fullmatch(key):
                raise StreamError(f"metadata: {key!r} is not a key")
            if not _VALUE.fullmatch(value):
                raise StreamError(f"metadata: {key}: its value is not escaped UTF-8")
            meta.append((key, _unescape(value)))
        return meta

    def format(self):
        return "".join(f"{key} {_escape(value)}\n" for key, value in self).encode()

    def all(self, key):
        """All values of a key."""
        return [value for name, value in self if name == key]

    def get(self, key, default=None):
        """The first value of a key."""
        return next((value for name, value in self if name == key), default)

    def int(self, key, default=None):
        text = self.get(key)
        if text is None:
            return default
        value = _integer(text)
        if value is None:
            raise StreamError(f"metadata: {key}: {text!r}: must be a whole number")
        return value

    def floats(self, key):
        try:
            return [float(value) for value in self.all(key)]
        except ValueError:
            raise StreamError(f"metadata: {key}: {self.all(key)}: must be numbers") from None

    def float(self, key, default=None):
        return next(iter(self.floats(key)), default)

    def rate(self):
        """Samples per second, a Fraction; None if it is not told."""
        over, under = self.int("rate_num"), self.int("rate_den")
        return Fraction(over, under) if over and under and over > 0 and under > 0 else None

    def time(self, key="time0"):
        """A numpy.datetime64 in nanoseconds, UTC; None if it is not told."""
        text = self.get(key)
        try:
            return text and np.datetime64(text.rstrip("Z"), "ns")
        except ValueError:
            raise StreamError(f"metadata: {key}: {text!r}: must be a time") from None

    def remove(self, key):
        self[:] = [item for item in self if item[0] != key]

    def add(self, key, value):
        """One more value; of a list or tuple, each."""
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is not a key")
        for one in value if isinstance(value, (list, tuple)) else [value]:
            self.append((key, _text(one)))

    def set(self, key, value):
        """This value, or these, instead of all there are; None removes."""
        self.remove(key)
        if value is not None:
            self.add(key, value)

    def over(self, head):
        """The head's, with these in place of values of the same keys."""
        if not self:
            return head
        own = {key for key, _ in self}
        both = Meta()
        both.extend(item for item in head if item[0] not in own)
        both.extend(self)
        return both

    def columns(self):
        """(name, numpy type, unit, shape) of each column that `col` lines list."""
        result = []
        for line in self.all("col"):
            words = line.split()
            try:
                name, kind, unit = words[:3]
                code = CODES.get(kind)
                if code is None and not re.fullmatch("s[0-9]+", kind):
                    raise ValueError
                element = DTYPES[code] if code else np.dtype(f"S{int(kind[1:])}")
                if len(words) > 4 or element.itemsize == 0:
                    raise ValueError
                shape = tuple(int(n) for n in words[3].split("x")) if len(words) == 4 else ()
                if any(n < 1 for n in shape):
                    raise ValueError
            except ValueError:
                raise StreamError(f"metadata: col {line!r}: must be NAME TYPE UNIT [SHAPE]") from None
            result.append((name, element, unit, shape))
        return result


class Frame:
    """One frame: kind, index, seq, shape, `own` metadata and, with the HEAD's, `meta`; `data`."""

    __slots__ = ("kind", "dtype_code", "flags", "seq", "index", "shape", "payload", "payload_crc",
                 "raw_meta", "own", "head", "segment")

    def __repr__(self):
        name = NAMES.get(self.dtype_code, "columns")
        return f"<{self.kind!s} seq {self.seq} index {self.index} {name} {list(self.shape)}>"

    @property
    def gap(self):
        return bool(self.flags & GAP)

    @property
    def last(self):
        return bool(self.flags & LAST)

    @property
    def more(self):
        return bool(self.flags & MORE)

    @property
    def dtype(self):
        """Name of the element type: ci16, f32 … columns."""
        return NAMES.get(self.dtype_code, "columns")

    @property
    def meta(self):
        return self.own.over(self.head)

    @property
    def data(self):
        if not self.dtype_code:
            return self._columns() if self.kind in COLUMNS or self.shape else None
        return np.frombuffer(self.payload, DTYPES[self.dtype_code]).reshape(self.shape)

    def _columns(self):
        at, result = 0, {}
        rows = self.shape[0] if len(self.shape) == 1 else -1
        for name, element, _, shape in self.meta.columns():
            at = -(-at // 64) * 64
            count = rows
            for n in shape:
                count *= n
            if rows < 0 or at + count * element.itemsize > len(self.payload):
                raise StreamError(f"columns: {name}: does not fit the payload of {len(self.payload)} bytes")
            values = np.frombuffer(self.payload, element, count, at)
            result[name] = values.reshape((rows, *shape))
            at += count * element.itemsize
        if rows < 0 or at != len(self.payload):
            raise StreamError(f"columns: they make {at} bytes, the payload has {len(self.payload)}")
        return result

    def complex(self):
        """complex64 (of 32-bit integers and wider, and f64: complex128) with the values as stored."""
        data = self.data
        if data.dtype.names:
            parts = data.view(data.dtype["re"]).reshape(*data.shape, 2)
            wide = parts.dtype.itemsize >= 4
            return parts.astype("f8" if wide else "f4").view("c16" if wide else "c8")[..., 0]
        if data.dtype.kind == "c":
            return data
        return data.astype("c16" if data.dtype.itemsize >= 4 and data.dtype != np.float32 else "c8")

    def levels(self):
        """(full_scale, zero): the values of amplitude 1 and of amplitude 0."""
        real = self.dtype_code & ~0x40
        half = 2.0 ** (8 * DTYPES[real].itemsize - 1)
        scale, zero = (1, 0) if real >= 10 else (half - 0.5, half - 0.5) if real % 2 else (half, 0)
        meta = self.meta
        return meta.float("full_scale", scale), meta.float("zero", zero)

    def amplitude(self):
        """(value - zero) / full_scale; complex if the samples are."""
        scale, zero = self.levels()
        if self.dtype_code & 0x40:
            values = self.complex()
            return ((values - values.dtype.type(complex(zero, zero))) / values.real.dtype.type(scale))
        values = self.data
        kind = "f8" if values.dtype.itemsize >= 4 and values.dtype != np.float32 else "f4"
        return (values.astype(kind) - np.dtype(kind).type(zero)) / np.dtype(kind).type(scale)


def _kind(number):
    try:
        return Kind(number)
    except ValueError:
        return number


def _decode(header, verify):
    """A frame of a header, all checked that it tells alone; and lengths and sum of the rest."""
    (magic, version, kind, code, ndim, flags, seq, index, payload_len, meta_len, reserved, *dim, reserved_too,
     meta_crc, crc) = HEADER.unpack(header)
    if magic != MAGIC:
        raise StreamError("not a leat stream: the frame's magic bytes are wrong")
    if verify and crc32c(header[:124]) != crc:
        raise StreamError("damaged header: its checksum does not match")
    if version >> 8 != 1:
        raise StreamError(f"stream version {version >> 8}.{version & 255}: this leat.py reads 1.x")
    if flags & CRITICAL:
        raise StreamError(f"flags 0x{flags:04X}: unknown critical flag")
    if flags & MORE and kind != END:
        raise StreamError("flag 'more' on a frame that is not END")
    if meta_len > META_MAX:
        raise StreamError(f"meta_len: {meta_len}: at most {META_MAX}")
    if reserved or reserved_too:
        raise StreamError("reserved fields of the header are not 0")
    f = Frame()
    f.kind, f.dtype_code, f.flags, f.seq, f.index = _kind(kind), code, flags, seq, index
    _check_shape(code, ndim, dim, payload_len)
    f.shape = tuple(dim[:ndim])
    _check_kind(f, payload_len)
    return f, meta_len, payload_len, meta_crc


def _check_shape(code, ndim, dim, payload_len):
    if code and code not in DTYPES:
        raise StreamError(f"dtype: 0x{code:02X}: not a known element type")
    if ndim > 8:
        raise StreamError(f"ndim: {ndim}: at most 8")
    if any(dim[ndim:]):
        raise StreamError(f"dim: {dim}: must be 0 beyond ndim {ndim}")
    if payload_len > I64_MAX // 2:
        raise StreamError(f"payload_len: {payload_len}: too large")
    if not code:
        return
    size = DTYPES[code].itemsize
    for n in dim[:ndim]:
        size *= n
        if size >= 2**64:
            raise StreamError("dim: the product of the dimensions overflows")
    if payload_len != (size if ndim else 0):
        raise StreamError(f"payload_len: {payload_len}: the dimensions make {size if ndim else 0} bytes")


def _check_kind(f, payload_len):
    kind, dims, code = f.kind, len(f.shape), f.dtype_code
    if kind in (HEAD, END, ABORT) and (payload_len or dims or code) or kind == REPORT and payload_len:
        raise StreamError(f"{kind}: a frame of this kind has no payload")
    if kind in COLUMNS and code:
        raise StreamError(f"{kind}: must hold columns")
    if kind == IQ and (dims != 2 or not code or not f.shape[1]):
        raise StreamError("IQ: must be [samples][subchannels]")
    if kind == SPECTRA and (dims != 3 or code != 10 or not f.shape[1] or not f.shape[2]):
        raise StreamError("SPECTRA: must be f32 [rows][subchannels][bins]")
    if kind == IMAGE and (dims != 3 or not code):
        raise StreamError("IMAGE: must be [planes][height][width]")
    if kind in (IQ, SPECTRA, IMAGE) and not payload_len:
        raise StreamError(f"{kind}: holds no element")
    if kind in (IQ, SPECTRA, TABLE) and payload_len > PAYLOAD_MAX and dims and f.shape[0] > 1:
        raise StreamError(f"{kind}: {payload_len} bytes in {f.shape[0]} rows: frames of this kind hold "
                          "at most 1 MiB or one row")


def _room(n):
    return (n + 63) // 64 * 64


class _Grammar:
    """Where in the stream we are, and what may come there: order, numbers, indices, groups."""

    def __init__(self):
        self.expected = "first"  # then frame, head or end, head, nothing
        self.head, self.segment = Meta(), -1
        self.seq = self.frames = 0

    def at_end(self):
        words = {"first": "empty: no stream came from upstream", "frame": "the stream ends without END",
                 "head": "the stream ends although another segment was announced"}
        if self.expected in words:
            raise StreamError(words[self.expected] + ": cut short upstream", UPSTREAM)

    def accept(self, f):
        if (f.kind == HEAD) != (self.expected != "frame"):
            wanted = "data, END or ABORT" if self.expected == "frame" else "HEAD"
            raise StreamError(f"{f.kind!s} where {wanted} must stand")
        if f.kind == HEAD:
            if f.seq:
                raise StreamError(f"HEAD: seq {f.seq}: must be 0")
            self.expected = "frame"
            self._begin(f)
        else:
            self.seq += 1
            if f.seq != self.seq:
                raise StreamError(f"seq {f.seq}, expected {self.seq}: a frame is missing")
            self._follow(f)
        f.head, f.segment = self.head, self.segment

    def _positive(self, key):
        value = _integer(self.head.get(key))
        return value if value and value > 0 else 0

    def _begin(self, f):
        self.head = f.own = Meta.parse(f.raw_meta)
        self.segment += 1
        self.seq = self.frames = 0
        self.group, self.next = None, {}
        names = {kind.name: kind for kind in Kind if HEAD < kind < ABORT}
        listed = self.head.all("kinds")
        self.kinds = {names[w] for text in listed for w in text.split(" ") if w in names} if listed else None
        self.row_step = self._positive("row_step")
        self.has_rate = self._positive("rate_num") and self._positive("rate_den")
        if self.kinds and self.kinds & {IQ, SPECTRA} and not self.has_rate:
            raise StreamError("HEAD: rate_num, rate_den: missing or not positive")
        if self.kinds and SPECTRA in self.kinds and not (self.row_step and self._positive("row_span")):
            raise StreamError("HEAD: row_step, row_span: missing or not positive")

    def _follow(self, f):
        if f.kind == ABORT:
            self.expected = "nothing"
            f.own = Meta.parse(f.raw_meta)
            return
        if f.kind == END:
            self.expected = "head" if f.flags & MORE else "head or end"
            f.own = Meta.parse(f.raw_meta)
            self._end(f)
            return
        self.frames += 1
        if self.kinds is not None and f.kind < 32 and f.kind not in self.kinds:
            raise StreamError(f"{f.kind!s}: not among the kinds that HEAD names")
        if f.kind in (IQ, SPECTRA) and not self.has_rate:
            raise StreamError("HEAD: rate_num, rate_den: missing or not positive")
        if f.kind == SPECTRA and not self.row_step:
            raise StreamError("SPECTRA: HEAD has no row_step")
        f.own = Meta.parse(f.raw_meta)
        if f.kind in (IQ, SPECTRA):
            self._index(f, self.row_step if f.kind == SPECTRA else 1)
        if self.group is not None and f.index != self.group:
            raise StreamError(f"index {f.index}: the group of index {self.group} has no last frame")
        opens = self.group is not None or f.kind == IMAGE
        self.group = f.index if opens and not f.flags & LAST else None

    def _index(self, f, step):
        due = self.next.get(f.kind)
        if due is not None:
            if f.index <= due - step:
                raise StreamError(f"index runs backwards: {f.index}, expected {due}")
            if f.index != due and not f.flags & GAP:
                raise StreamError(f"index jumps to {f.index}, expected {due}, without the mark of a gap")
        due = f.index + f.shape[0] * step
        if f.shape[0] * step > I64_MAX or due > I64_MAX:
            raise StreamError(f"index {f.index}: runs beyond 64 bits")
        self.next[f.kind] = due

    def _end(self, f):
        if self.group is not None:
            raise StreamError(f"END: the group of index {self.group} has no last frame")
        frames = _integer(f.own.get("frames"))
        if frames is None:
            raise StreamError("END: frames: missing or not a number")
        if frames != self.frames:
            raise StreamError(f"END: frames: {frames}, but {self.frames} came")


def _widen(fd):
    for size in (1 << 20, 1 << 19, 1 << 18):
        try:
            fcntl.fcntl(fd, 1031, size)  # F_SETPIPE_SZ
            return
        except OSError:
            pass


class Reader:
    """All frames of a stream in order, HEAD and END among them; checks every rule.

    After ABORT, which is given too, StreamError with code 76 is raised. `head` is the metadata of
    the present segment, `segment` its number from 0.
    """

    def __init__(self, file="-"):
        self._own = not hasattr(file, "read")
        if file == "-":
            self._file, self._own = open(0, "rb", buffering=0, closefd=False), False
            if self._file.isatty():
                raise StreamError("standard input is a terminal, not a stream", 64)
        else:
            self._file = open(file, "rb", buffering=0) if self._own else file
        try:
            _widen(self._file.fileno())
        except (OSError, AttributeError):
            pass
        self._verify = not crc_is_off()
        self._grammar = _Grammar()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._own:
            self._file.close()

    @property
    def head(self):
        return self._grammar.head

    @property
    def segment(self):
        return self._grammar.segment

    def _fill(self, view):
        """Fills it as far as bytes come; how many came."""
        got = 0
        try:
            while got < len(view):
                if hasattr(self._file, "readinto"):
                    n = self._file.readinto(view[got:])
                else:
                    data = self._file.read(len(view) - got)
                    n = len(data)
                    view[got:got + n] = data
                if not n:
                    break
                got += n
        except OSError as error:
            raise StreamError(f"cannot read: {error.strerror}", IO_ERROR) from error
        return got

    def _take(self, n):
        """n bytes; memory grows with those that come."""
        size = min(n, 8 << 20)
        buffer = np.empty(size, np.uint8)
        got = self._fill(memoryview(buffer))
        while got == size < n:
            size = min(n, 4 * size)
            bigger = np.empty(size, np.uint8)
            bigger[:got] = buffer
            buffer = bigger
            got += self._fill(memoryview(buffer)[got:])
        if got < n:
            raise StreamError("the stream ends inside a frame: cut short upstream", UPSTREAM)
        return buffer

    def __iter__(self):
        while True:
            header = np.empty(HEADER.size, np.uint8)
            got = self._fill(memoryview(header))
            if got == 0:
                self._grammar.at_end()
                return
            if got < HEADER.size:
                raise StreamError("the stream ends inside a frame: cut short upstream", UPSTREAM)
            frame = self._frame(header)
            yield frame
            if frame.kind == ABORT:
                own = frame.own
                raise StreamError(f"aborted upstream by {own.get('tool')}: {own.get('reason')}", UPSTREAM)

    def _frame(self, header):
        f, meta_len, payload_len, meta_crc = _decode(header, self._verify)
        meta = self._take(_room(meta_len)) if meta_len else header[:0]
        if self._verify and crc32c(meta) != meta_crc:
            raise StreamError("damaged metadata: its checksum does not match")
        if (meta[meta_len:] != 10).any():
            raise StreamError("damaged metadata: its padding is not line ends")
        f.raw_meta = meta[:meta_len].tobytes()
        self._grammar.accept(f)
        rest = self._take(_room(payload_len + 8))
        f.payload_crc, length = struct.unpack("<II", rest[-8:])
        if length != payload_len & 0xFFFFFFFF:
            raise StreamError("damaged frame: its end does not repeat its length")
        if rest[payload_len:-8].any():
            raise StreamError("damaged payload: its padding is not 0")
        if not f.flags & CRC and f.payload_crc:
            raise StreamError("damaged frame: a checksum where none is announced")
        if self._verify and f.flags & CRC and crc32c(rest[:-8]) != f.payload_crc:
            raise StreamError("damaged payload: its checksum does not match")
        f.payload = rest[:payload_len]
        return f


def read(file="-", kinds=None):
    """The data frames of a stream, of these kinds or all; see the module."""
    with Reader(file) as reader:
        for frame in reader:
            if frame.kind not in (HEAD, END, ABORT) and (kinds is None or frame.kind in np.atleast_1d(kinds)):
                yield frame


def _grouped(meta):
    """Pairs of a key and all its values."""
    meta = Meta(meta)
    return [(key, meta.all(key)) for key in dict.fromkeys(key for key, _ in meta)]


def _columns_of(data):
    if isinstance(data, np.ndarray):
        data = {name: data[name] for name in data.dtype.names}
    columns = {}
    for name, values in data.items():
        values = np.asarray(values)
        columns[name] = np.char.encode(values, "utf-8") if values.dtype.kind == "U" else values
    if len({len(values) for values in columns.values()}) > 1:
        raise ValueError("columns: they have different numbers of rows")
    return columns


def _col_lines(columns, units):
    lines = []
    for name, values in columns.items():
        text = values.dtype.kind == "S"
        kind = f"s{max(values.dtype.itemsize, 1)}" if text else NAMES[_code_of(values.dtype)]
        shape = " " + "x".join(map(str, values.shape[1:])) if values.ndim > 1 else ""
        lines.append(f"{name} {kind} {units.get(name, '-')}{shape}")
    return lines


def _pack_columns(columns, rows):
    parts, at = [], 0
    for values in columns.values():
        values = values[rows]
        little = values.dtype.newbyteorder("<") if values.dtype.byteorder == ">" else values.dtype
        data = np.ascontiguousarray(values, little).tobytes()
        parts.append(bytes(_room(at) - at) + data)
        at = _room(at) + len(data)
    return np.frombuffer(b"".join(parts), np.uint8)


class Writer:
    """Writes a stream to a file's name, "-" or an open binary file.

    kinds: "IQ", "IMAGE TABLE" …; rate: a number, a Fraction or (over, under); meta: more keys, a
    dict or pairs, for those that are no names in Python (%row_order); history: this program's line,
    "NAME VERSION options", after those there are. Without kinds and meta, HEADs are forwarded.
    """

    def __init__(self, file="-", kinds=None, rate=None, meta=(), history=None, tool=None, **keys):
        self._history, self._sum = history, not crc_is_off()
        self._tool = tool or os.path.basename(sys.argv[0] or "") or "python"
        self._path = self._part = None
        if hasattr(file, "write"):
            self._file = file
        elif file == "-":
            if os.isatty(1):
                raise StreamError("standard output is a terminal: will not write a stream there", 64)
            self._file = open(1, "wb", buffering=0, closefd=False)
            _widen(1)
        else:
            self._path = os.path.realpath(file)
            folder, name = os.path.split(self._path)
            fd, self._part = tempfile.mkstemp(".part", f".{name}.", folder)
            os.fchmod(fd, 0o666 & ~_umask())
            self._file = os.fdopen(fd, "wb", buffering=0)
        self._in_segment, self._aborted, self._pending = False, False, None
        if kinds or meta or keys:
            self.head(kinds, rate, meta, **keys)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        if error is None:
            self.close()
        else:
            self.abort(error)

    def head(self, kinds=None, rate=None, meta=(), **keys):
        """Begins a segment, after the one before has been ended with 'more'."""
        if self._in_segment:
            self.end(more=True)
        if self._pending is not None:
            self._begin()
            self.end(more=True)
        m = Meta(meta)
        if kinds is not None:
            m.set("kinds", kinds if isinstance(kinds, str) else " ".join(Kind(k).name for k in kinds))
        if rate is not None:
            rate = Fraction(*rate) if isinstance(rate, tuple) else Fraction(rate)
            m.set("rate_num", rate.numerator)
            m.set("rate_den", rate.denominator)
        for key, value in keys.items():
            m.set(key, value)
        words = " ".join(m.all("kinds")).split()
        if {"IQ", "SPECTRA"} & set(words) and not m.rate():
            raise ValueError("a segment of IQ or SPECTRA needs its rate")
        if "SPECTRA" in words and not all(m.int(k, 0) > 0 for k in ("row_step", "row_span")):
            raise ValueError("a segment of SPECTRA needs row_step and row_span")
        self._pending = m

    def _begin(self, raw=None):
        meta, self._pending = self._pending, None
        if self._history:
            meta.add("history", self._history)
            raw = None
        self._seq = self._frames = 0
        self._head, self._next, self._images, self._group = meta, {}, 0, None
        self._in_segment = True
        self._send(HEAD, raw if raw is not None else meta.format())

    def _send(self, kind, meta, code=0, shape=(), flags=0, index=0, payload=b"", crc=None):
        """One frame. crc: what its payload's is known to be."""
        if self._aborted:
            raise ValueError("the stream has been aborted: nothing may follow")
        padding = bytes(_room(len(payload) + 8) - len(payload) - 8)
        if len(meta) > META_MAX:
            raise ValueError(f"metadata of {len(meta)} bytes: at most {META_MAX}")
        if crc is None:
            flags = flags & ~CRC | (CRC if self._sum else 0)
            crc = crc32c(padding, crc32c(payload)) if self._sum else 0
        lines = meta + b"\n" * (_room(len(meta)) - len(meta))
        header = HEADER.pack(MAGIC, 0x100, kind, code, len(shape), flags, self._seq, index, len(payload),
                             len(meta), 0, *shape, *[0] * (8 - len(shape)), 0, crc32c(lines), 0)[:124]
        tail = padding + struct.pack("<II", crc, len(payload) & 0xFFFFFFFF)
        self._seq += 1
        front = header + struct.pack("<I", crc32c(header)) + lines
        if len(payload) < 1 << 16:
            self._write(front + bytes(payload) + tail)
        else:
            for part in (front, payload, tail):
                self._write(part)

    def _write(self, data):
        view = memoryview(data).cast("B")
        while len(view):
            n = self._file.write(view)
            view = view[len(view) if n is None else n:]

    def put(self, data=None, kind=None, index=None, gap=None, last=None, meta=(), units=None, like=None,
            **keys):
        """A data frame, or as many as its length makes.

        index: None is where the frame before ended; a greater one is a gap. gap: sets the mark
        without one. last: of an IMAGE's group, None if it stands alone. meta and keys: what the
        frame says of itself. units: of columns, {name: unit}. like: a frame that was read, whose
        kind, index, marks and metadata this one has, less what is tied to values (~) and, if the
        shape is another, to geometry (%).
        """
        if self._pending is not None:
            self._prepare_columns(data, units)
            self._begin()
        if not self._in_segment:
            raise ValueError("no segment: give kinds, or forward a HEAD")
        own = Meta()
        if like is not None:
            gone = "~" if np.shape(data) == like.shape else "~%"
            own.extend(item for item in like.own if item[0][0] not in gone)
        for key, value in [*_grouped(meta), *keys.items()]:
            own.set(key, value)
        if like is not None:
            kind = like.kind if kind is None else kind
            index = like.index if index is None else index
            gap = like.gap if gap is None else gap
            last = like.last if last is None else last
        kinds = [Kind[w] for w in " ".join(self._head.all("kinds")).split()]
        if kind is None:
            kind = kinds[0]
        kind = _kind(kind)
        if kinds and kind < 32 and kind not in kinds:
            raise ValueError(f"{kind!s}: not among the kinds of this segment")
        if kind in COLUMNS:
            self._put_columns(data, kind, index or 0, gap, last, own, units)
        elif kind == REPORT:
            self._frame(kind, own.format(), 0, (), index or 0, gap, last)
        else:
            self._put_array(np.asarray(data), kind, index, gap, last, own.format())

    def _prepare_columns(self, data, units):
        """The first table tells the HEAD of its columns."""
        if (isinstance(data, dict) or getattr(data, "dtype", None) is not None and data.dtype.names and
                not set(data.dtype.names) == {"re", "im"}) and not self._pending.all("col"):
            self._pending.set("col", _col_lines(_columns_of(data), units or {}))

    def _put_columns(self, data, kind, index, gap, last, own, units):
        columns = _columns_of(data)
        told = {name: unit for name, _, unit, _ in own.over(self._head).columns()}
        lines = _col_lines(columns, {**told, **(units or {})})
        if own.over(self._head).all("col") != lines:
            own.set("col", lines)
        rows = len(next(iter(columns.values()))) if columns else 0
        row = sum(values[:1].nbytes for values in columns.values()) or 1
        most = max(1, (PAYLOAD_MAX - 64 * len(columns)) // row) if kind == TABLE else max(rows, 1)
        for at in range(0, max(rows, 1), most):
            count = min(most, rows - at)
            self._frame(kind, own.format(), 0, (count,), index, gap if at == 0 else False,
                        last if at + most >= rows else False, _pack_columns(columns, slice(at, at + count)))

    def _put_array(self, data, kind, index, gap, last, own):
        wanted = {IQ: 2, SPECTRA: 3, IMAGE: 3}.get(kind, data.ndim)
        if kind == IQ and data.ndim == 1:
            data = data[:, None]
        elif kind == SPECTRA and data.ndim == 2:
            data = data[:, None, :]
        elif kind == IMAGE and data.ndim == 2:
            data = data[None]
        if data.ndim != wanted or (kind in (IQ, SPECTRA, IMAGE) and not data.size):
            raise ValueError(f"{kind!s}: an array of shape {data.shape}: must have {wanted} dimensions, none 0")
        if kind == SPECTRA:
            data = data.astype("<f4", copy=False)
        code = _code_of(data.dtype)
        data = np.ascontiguousarray(data, DTYPES[code])
        if kind not in (IQ, SPECTRA):
            if index is None:
                index = self._group if self._group is not None else self._images if kind == IMAGE else 0
            if kind == IMAGE and last is None:
                last = True
            self._frame(kind, own, code, data.shape, index, gap, last, data)
            return
        step = self._head.int("row_step") if kind == SPECTRA else 1
        due = self._next.get(kind)
        if index is None:
            index = due or 0
        if due is not None and index <= due - step or due is not None and index < due and not gap:
            raise ValueError(f"index {index}: runs backwards, expected {due}")
        gap = bool(gap) or due is not None and index != due
        most = max(1, PAYLOAD_MAX // (data[:1].nbytes or 1))
        for at in range(0, len(data), most):
            part = data[at:at + most]
            self._frame(kind, own, code, part.shape, index + at * step, gap and at == 0, last, part)
        self._next[kind] = index + len(data) * step

    def _frame(self, kind, own, code, shape, index, gap, last, data=b""):
        payload = np.frombuffer(data, np.uint8) if len(data) else b""
        if self._group is not None and index != self._group:
            raise ValueError(f"index {index}: the group of index {self._group} has no last frame")
        if kind == IMAGE:
            self._images = index + 1
        opens = self._group is not None or kind == IMAGE
        self._group = index if opens and not last else None
        self._frames += 1
        self._send(kind, own, code, shape, (GAP if gap else 0) | (LAST if last else 0), index, payload)

    def forward(self, frame):
        """A frame as it was read, HEAD and END too; a HEAD gets this program's history."""
        if frame.kind == HEAD:
            if self._in_segment:
                self.end(more=True)
            self._pending = Meta(frame.own)
            self._begin(frame.raw_meta)
        elif frame.kind == END:
            self._finish(frame.own, frame.raw_meta, frame.more)
        elif frame.kind == ABORT:
            self._send(ABORT, frame.raw_meta)
            self._aborted = True
        else:
            self._frames += 1
            if frame.kind in (IQ, SPECTRA):
                step = self._head.int("row_step") if frame.kind == SPECTRA else 1
                self._next[frame.kind] = frame.index + frame.shape[0] * step
            summed = frame.flags & CRC
            self._send(frame.kind, frame.raw_meta, frame.dtype_code, frame.shape, frame.flags & (CRC | GAP | LAST),
                       frame.index, frame.payload, frame.payload_crc if summed or not self._sum else None)

    def end(self, more=False, notes=()):
        """Ends the segment. notes: counts, such as of frames left out, {"NAME": …} or lines."""
        if self._pending is not None:
            self._begin()
        if self._group is not None:
            raise ValueError(f"the group of index {self._group} has no last frame")
        lines = [f"{self._tool} {k}={v}" for k, v in notes.items()] if isinstance(notes, dict) else list(notes)
        self._finish(Meta([("note", line) for line in lines]), None, more)

    def _finish(self, notes, raw, more):
        own = Meta([("frames", self._frames)] + [item for item in notes if item[0] != "frames"])
        if raw is not None and notes.get("frames") == str(self._frames):
            own = None  # as it came
        self._send(END, raw if own is None else own.format(), flags=MORE if more else 0)
        self._in_segment = False

    def abort(self, error=None):
        """ABORT instead of END, unless it is out; a file that is not whole goes."""
        if self._path:
            self._file.close()
            os.unlink(self._part)
            return
        if self._aborted or isinstance(error, BrokenPipeError):
            return
        if not self._in_segment:
            self._pending = Meta()
            self._history = None
            self._begin()
        reason = f"{type(error).__name__}: {error}" if error and not isinstance(error, StreamError) else str(error)
        reason = "".join(c if _VALUE.fullmatch(c) and not "\ud800" <= c <= "\udfff" else "?" for c in reason)
        code = getattr(error, "code", 70)
        self._send(ABORT, Meta([("tool", self._tool), ("reason", reason[:1000]),
                                ("code", code if isinstance(code, int) else 70)]).format())
        self._aborted = True

    def close(self):
        """Ends what is open; the file appears under its name."""
        if self._in_segment or self._pending is not None:
            self.end()
        if hasattr(self._file, "flush"):
            self._file.flush()
        if self._path:
            os.fsync(self._file.fileno())
            self._file.close()
            os.replace(self._part, self._path)
            folder = os.open(os.path.dirname(self._path), os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)


def _umask():
    mask = os.umask(0o77)
    os.umask(mask)
    return mask


def run(function):
    """Calls it and exits as a command of leat: one line of message, a status that tells why."""
    name = os.path.basename(sys.argv[0] or "") or "python"
    try:
        function()
    except StreamError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(error.code)
    except BrokenPipeError:
        os._exit(DOWNSTREAM)
