#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

# Each test is a process of its own, and reads a file twice.
# shellcheck disable=SC2030,SC2031,SC2094

load ../common

# image TYPE SHAPE [UNIT]: counting values.
image() {
	printf 'key kinds IMAGE\nkey unit %s\nHEAD\nIMAGE %s 0 %s last\nEND\n' "${3:-adu}" "$1" "$2" |
		mkstream
}

# changed OFFSET VALUE: an f32 stream of 2x4x8 in which one value is another.
changed() {
	local numbers
	numbers=$(image f32 2x4x8 | stream-payload | od -An -v -w4 -t f4 | awk -v n="$1" -v v="$2" '
		{ print NR - 1 == n ? v : $1 }')
	/usr/bin/python3 -c 'import struct, sys
for word in sys.argv[1].split(): sys.stdout.buffer.write(struct.pack("<f", float(word)))' \
		"$numbers" >payload
	image f32 2x4x8 >whole
	/usr/bin/python3 - whole payload <<-'END'
		import sys
		stream = open(sys.argv[1], "rb").read()
		old = __import__("struct").pack("<3f", 1, 8, 15)
		at = stream.index(old)
		new = open(sys.argv[2], "rb").read()
		open("changed", "wb").write(stream[:at] + new + stream[at + len(new):])
	END
	LEAT_CRC=0 stream-cat changed
}

@test "image-diff: equal images" {
	image f32 3x8x8 >a
	cat a a a | image-diff --max-rmse 0 --max-abs 0 >text
	[[ $(wc -l <text) == 7 && $(awk '{ print length }' text | sort -u | wc -l) == 1 ]]
	awk 'NR > 1 && ($3 != 0 || $4 != 0 || $5 != 0 || $8 != 64 || $9 != 0) { exit 1 }' text
	image-diff --with a --max-abs 0 <a >text
	[[ $(wc -l <text) == 4 ]]
}

@test "image-diff: one pixel differs, and where" {
	image f32 2x4x8 >a
	changed 45 1000 >b || true
	export LEAT_CRC=0
	image-diff --with a <b >text
	# the 45th value is 45 * 7 + 1 modulo 100 = 16, on plane 1 at x 5, y 1
	sed -n 3p text | awk '{ exit !($1 == 0 && $2 == 1 && $4 == 30.75 && $5 == 984 && $6 == 5 && $7 == 1 &&
		$3 == 173.948) }'
	expect 0 image-diff --with a --max-abs 984 <b
	expect 1 image-diff --with a --max-abs 983 <b
	[[ ! -s err && $(wc -l <out) == 3 ]]
	expect 1 image-diff --with a --max-rmse 173 <b
	expect 1 image-diff --with a --max-rmse 173 --pass -o report <b
	same out b
	[[ -s report ]]
	image-diff --with a --max-rmse 1 --json <b >text || [[ $? == 1 ]]
	grep -q '"plane":0,"rmse":0,.*"within":true' text
	grep -q '"plane":1,.*"max_abs":984,"x":5,"y":1,.*"within":false' text
}

@test "image-diff: no data on one side exceeds every limit, on both it is none" {
	image f32 2x4x8 >a
	changed 3 nan >b
	export LEAT_CRC=0
	expect 1 image-diff --with a --max-abs 1e9 <b
	sed -n 2p out | awk '{ exit !($8 == 31 && $9 == 1 && $5 == 0) }'
	cat b b | expect 0 image-diff --max-abs 0
}

@test "image-diff: what cannot be compared" {
	image f32 1x8x8 >a
	image f32 1x8x9 | expect 65 image-diff --with a
	says 1x8x9 1x8x8
	image f32 1x8x8 display | expect 65 image-diff --with a
	says display adu
	expect 65 image-diff --max-rmse 1 <a
	says 'nothing to compare it with'
	expect 0 image-diff -v <a
	grep -q 'nothing was compared' err
	expect 66 image-diff --with nowhere <a
	says nowhere
	for wrong in -1 x nan; do
		expect 64 image-diff --max-abs "$wrong" <a
		says --max-abs
	done
	image u16 1x8x8 >b
	cat b b | image-diff --max-abs 0
}
