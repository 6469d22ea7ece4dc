#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

@test "stream-info: one screen that holds the truth" {
	expect 0 stream-info "$ROOT/tests/golden/iq.leat"
	grep -q '^segments  *2$' out
	grep -q 'IQ  *4 frames, 322 B' out
	grep -q 'index  *-40 to 1040, 65 samples' out
	grep -q 'gaps  *1, 1015 samples missing' out
	grep -q 'drf-read masked=16' out
	grep -q 'checksums all right' out
	[[ $(wc -l <out) -lt 24 ]]
}

@test "stream-info: --per-segment" {
	expect 0 stream-info --per-segment "$ROOT/tests/golden/iq.leat"
	[[ $(grep -c '^segment ' out) == 2 ]]
	grep -q 'IQ  *3 frames, 256 B, ci16' out
	grep -q 'centre  *1030 MHz' out
}

@test "stream-info: --json says the same to programs" {
	expect 0 stream-info --json "$ROOT/tests/golden/iq.leat"
	/usr/bin/python3 -c 'import json
info = json.load(open("out"))
iq = info["kinds"][0]
assert info["segments"] == 2 and info["frames"] == 4 and info["checked"]
assert iq["rows"] == 65 and iq["bytes"] == 322 and iq["gaps"] == 1 and iq["missing"] == 1015
assert iq["index"] == [-40, 1040], iq'
	for stream in "$ROOT"/tests/golden/{images,spectra,table,unsummed}.leat; do
		stream-info --json --per-segment "$stream" >out
		/usr/bin/python3 -c 'import json
for line in open("out"):
    json.loads(line)'
	done
}

@test "stream-info: says when checksums were not verified" {
	generate IQ >in
	LEAT_CRC=0 stream-info in >out
	grep -q 'checksums not' out
}
