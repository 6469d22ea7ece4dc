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

# segment KIND ROW_STEP LINE …: a segment that another one follows.
segment() {
	printf '%s\n' "key kinds $1" 'key rate_num 100' 'key rate_den 1' "key row_step $2" \
		'key row_span 10' HEAD "${@:3}" 'END more'
}

@test "stream-info: several segments: the whole range of the index, gaps within each" {
	{
		segment IQ 1 'IQ ci16 0 10000x1'
		segment IQ 1 'IQ ci16 0 1000x1' 'IQ ci16 1500 100x1 gap'
		segment IQ 1 'IQ ci16 -5 5x1' | sed 's/ more//'
	} | mkstream >in
	expect 0 stream-info in
	grep -q 'index  *-5 to 10000, 11105 samples' out
	grep -q 'gaps  *1, 500 samples missing' out
}

@test "stream-info: each segment has its own row_step" {
	{
		segment SPECTRA 10 'SPECTRA f32 0 2x1x4' 'SPECTRA f32 20 2x1x4'
		segment SPECTRA 100 'SPECTRA f32 0 2x1x4' 'SPECTRA f32 200 2x1x4' | sed 's/ more//'
	} | mkstream >in
	expect 0 stream-info in
	grep -q 'index  *0 to 400, 8 rows' out
	grep -q 'gaps  *0' out
	grep -q 'differ in .*row_step' out
}

@test "stream-info: indices at both ends of 64 bits" {
	segment IQ 1 'IQ ci16 -9223372036854775808 10x1' 'IQ ci16 9223372036854775000 10x1 gap' |
		sed 's/ more//' | mkstream >in
	expect 0 stream-info in
	grep -q 'index  *-9223372036854775808 to 9223372036854775010' out
	grep -q 'gaps  *1, 9223372036854775807 samples missing' out
}
