#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Writes streams of complex f32 samples as leat-stream(5) says; needs numpy only for its arguments."""
import struct

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def frame(kind, seq, meta='', samples=None, index=0, flags=0):
    """A frame as leat-stream(5) says, without a sum of the payload."""
    payload = b'' if samples is None else samples.astype('<c8').tobytes()
    text = meta.encode()
    padded = text + b'\n' * (-len(text) % 64)
    dims = (0, 0) if samples is None else (len(samples), 1)
    header = b'\x89LEAT\r\n\x1a' + struct.pack(
        '<HHBBHQqQII8QQI', 0x100, kind, 0 if samples is None else 0x4A, 0 if samples is None else 2, flags,
        seq, index, len(payload), len(text), 0, *dims, *[0] * 6, 0, crc32c(padded))
    header += struct.pack('<I', crc32c(header))
    tail = b'\0' * (-(len(payload) + 8) % 64) + struct.pack('<II', 0, len(payload))
    return header + padded + payload + tail


def stream(samples, rate, index=0, size=131072, gaps=()):
    """A stream of one segment, in frames of `size` samples (or of the sizes that it gives, in turn);
    gaps: pairs of (samples before it, samples missing)."""
    sizes = [size] if isinstance(size, int) else list(size)
    out = [frame(0, 0, 'kinds IQ\nrate_num %d\nrate_den 1\nfreq_hz 1e8\ntime0 2026-01-01T00:00:00Z\n' % rate)]
    at, missing = 0, dict(gaps)
    borders = sorted(missing) + [len(samples)]
    while at < len(samples):
        flags = 2 if at in missing else 0
        index += missing.get(at, 0)
        end = min(at + sizes[len(out) % len(sizes)], min(b for b in borders if b > at))
        out.append(frame(1, len(out), '', samples[at:end], index + at, flags))
        at = end
    out.append(frame(0xFF, len(out), 'frames %d\n' % (len(out) - 1)))
    return b''.join(out)
