#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

CAPTURE=$ROOT/tests/golden/capture
SHARED=${LEAT_SHARED:-$ROOT/../shared}/data/drf

@test "tells channels, types, bounds, blocks and tunings" {
	drf-info "$CAPTURE" >out
	cat >wanted <<-'END'
		channel ch0
		  version  2.6.0
		  type     ci16 [1], little-endian in the files, gapped
		  rate     1000/1 = 1000 samples/s
		  files    of 200 ms, folders of 10 s
		  index    1700000000050 to 1700000000800
		  time     2023-11-14T22:13:20.05Z to 2023-11-14T22:13:20.8Z
		  samples  550, 0.55 s, in 2 blocks
		  gaps     1, 200 samples missing, 0.2 s
		  centre   100 MHz from 1699999995000, 2023-11-14T22:13:15Z
		  centre   101 MHz from 1700000000300, 2023-11-14T22:13:20.3Z
		  metadata  from 1699999995000, 2023-11-14T22:13:15Z
		    center_frequencies = [100000000]
	END
	same_text out <wanted
}

@test "--gaps lists blocks and gaps" {
	drf-info --gaps "$CAPTURE" >out
	grep -q '^  block    1700000000050 to 1700000000400, 350 samples, 2023' out
	grep -q '^  gap      200 samples, 0.2 s$' out
	[[ $(grep -c '^  block ' out) == 2 ]]
}

@test "--json is JSON" {
	drf-info --json --gaps "$CAPTURE" >out
	python3 -c '
import json
d = json.load(open("out"))
assert d["channel"] == "ch0" and d["type"] == "ci16" and d["rate_num"] == 1000
assert d["first"] == 1700000000050 and d["end"] == 1700000000800 and d["samples"] == 550
assert d["block_list"] == [[1700000000050, 1700000000400], [1700000000600, 1700000000800]]
assert d["centre_hz"][1] == {"from": 1700000000300, "hz": [101000000]}
assert d["metadata"] == {"index": 1699999995000, "cut": False,
                         "fields": {"center_frequencies": "[100000000]"}}
assert d["damaged"] == []'
}

# Changes the entry at the first sample of a copy of the capture with python code: g is its group.
with_entry()
{
	/usr/bin/python3 -c 'import h5py' 2>/dev/null || skip "python3-h5py is not there"
	cp -r "$CAPTURE" copy
	chmod -R u+w copy
	/usr/bin/python3 -c '
import h5py, numpy as np, sys
f = h5py.File("copy/ch0/metadata/2023-11-14T22-13-00/metadata@1699999990.h5", "r+")
g = f["1699999995000"]
del g["center_frequencies"]
exec(sys.argv[1])' "$1"
}

@test "metadata of every type" {
	with_entry '
g["array"] = np.arange(16, dtype=">i2") - 1
g["booleans"] = np.array([True, False])
g["complex"] = 1j
g["empty"] = h5py.Empty("f8")
g["fixed"] = np.array([b"ab", b"cdef"])
g["float"] = np.float32(0.5)
g["least"] = np.int64(-2**63)
g["long"] = np.arange(17)
g["most"] = np.uint64(2**64 - 1)
g["nan"] = float("nan")
g["table"] = np.array([[1.5, 2], [3, 1e99]])
g["text"] = "x" * 255 + "\u00e9"
g.create_dataset("texts", data=["a", "\u00e9"], dtype=h5py.string_dtype())
g.create_dataset("zipped", data=[1, 2], chunks=(2,), compression="gzip", shuffle=True)'
	drf-info copy >out
	sed -n '/^  metadata/,$p' out >fields
	cat >wanted <<-END
		  metadata  from 1699999995000, 2023-11-14T22:13:15Z
		    array = [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
		    booleans = [1, 0]
		    complex = (type not shown)
		    empty = [0 values]
		    fixed = [ab, cdef]
		    float = 0.5
		    least = -9223372036854775808
		    long = [17 values]
		    most = 18446744073709551615
		    nan = nan
		    table = [1.5, 2, 3, 1e+99]
		    text = $(printf 'x%.0s' {1..255})
		    texts = [a, é]
		    zipped = [1, 2]
	END
	same_text fields <wanted
}

@test "metadata that is hostile" {
	with_entry '
g["a\nmetadata"] = b"\x1b[31m\xff"
g["b/c/d/e"] = 1
g["b/c/d/f/g"] = 2
g["out"] = h5py.ExternalLink("other.h5", "/x")
g["soft"] = h5py.SoftLink("/1699999995000/z")
g.create_dataset("outside", (1,), "i4", external=[("/etc/passwd", 0, 4)])
layout = h5py.VirtualLayout((1,), "i4")
layout[0] = h5py.VirtualSource("other.h5", "x", (1,))[0]
g.create_virtual_dataset("virtual", layout)
g["wide"] = np.zeros((), "S5000")
g["z"] = 3'
	drf-info copy >out
	sed -n '/^  metadata/,$p' out >fields
	cat >wanted <<-'END'
		  metadata  from 1699999995000, 2023-11-14T22:13:15Z
		    a\x0Ametadata = \x1B[31m\xFF
		    b/c/d/e = 1
		    wide = (type not shown)
		    z = 3
		    (more not shown)
	END
	same_text fields <wanted
	drf-info --json copy | python3 -c '
import json, sys
m = json.load(sys.stdin)["metadata"]
assert m["cut"] and m["fields"]["z"] == "3" and m["fields"]["a\nmetadata"]'
}

@test "metadata without end" {
	with_entry '
for i in range(100):
    h = g.create_group("g%d" % i)
    for k in range(100): h["h%d" % k] = g
for i in range(300): g["n%03d" % i] = i'
	drf-info copy >out
	grep -q '^    (more not shown)$' out
	[[ $(grep -c '^    [gn]' out) -le 256 ]]
}

@test "metadata of real captures" {
	[[ -d $SHARED/westford ]] || skip "no captures of the reference library"
	drf-info "$SHARED/westford" >out
	grep -qx '  metadata  from 4298748970000000, 2024-06-27T14:46:28Z' out
	grep -qx '    receiver/gain = 40' out
	grep -qx '    receiver/info/rx_subdev_spec = A:0 A:1' out
	grep -qx '    receiver/dc_offset = 0' out
	grep -qx '    processing/channelizer_filter_taps = \[0 values\]' out
	drf-info "$SHARED/cap1" >out
	grep -qx '    gain = 20' out
	drf-info "$SHARED/cap2" >out
	[[ $(grep -c metadata out) == 0 ]]
}

@test "damaged files are named, damaged channels do not hide others" {
	cp -r "$CAPTURE" two
	chmod -R u+w two
	cp -r two/ch0 two/ch1
	echo garbage >"two/ch0/2023-11-14T22-13-20/rf@1700000000.200.h5"
	echo garbage >two/ch1/drf_properties.h5
	expect 65 drf-info two
	grep -q '^  damaged  ch0/2023-11-14T22-13-20/rf@1700000000.200.h5: ' out
	grep -q '^  samples  350,' out
	grep -q 'warning: ch1: ' err
	expect 0 drf-info -c ch0 two
	expect 65 drf-info -c ch1 two
	says ch1
	expect 66 drf-info -c ch2 two
	expect 66 drf-info nowhere
	says nowhere
}

@test "a parent that ignores its children is no trouble" {
	# shellcheck disable=SC2016
	expect 0 timeout 10 perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' drf-info "$CAPTURE"
}
