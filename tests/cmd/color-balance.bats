#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

# image UNIT TYPE SHAPE: counting values, 1 to 100, of full scale 128.
image() {
	printf 'key kinds IMAGE\nkey unit %s\nkey full_scale 128\nHEAD\nIMAGE %s 0 %s last\nEND\n' \
		"$1" "$2" "$3" | mkstream
}

values() {
	stream-payload | od -An -v -w4 -t f4
}

@test "color-balance: given gains multiply" {
	image adu f32 3x10x10 >in
	color-balance --method given --gains 2,1,0.5 <in >out
	paste <(values <in) <(values <out) | awk '
		{ g = NR <= 100 ? 2 : NR <= 200 ? 1 : 0.5 } $2 != $1 * g { print; exit 1 }' >&2
	stream-head --all out >text
	grep -q '^  ~x.color-balance 2 0 0$' text
	grep -q '^  full_scale 128$' text
}

@test "color-balance: a display is made linear and encoded again" {
	image display u8 3x10x10 >in
	color-balance --method given --gains 2,1,0.5 <in >out
	paste <(stream-payload in | od -An -v -w1 -t u1) <(values <out) | awk '
		function linear(v) { return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ^ 2.4 }
		function coded(v) { return v <= 0.0031308 ? 12.92 * v : 1.055 * v ^ (1 / 2.4) - 0.055 }
		{ g = NR <= 100 ? 2 : NR <= 200 ? 1 : 0.5; e = linear($1 / 255) * g; e = coded(e > 1 ? 1 : e)
		d = $2 - e } d > 1e-6 || d < -1e-6 { print; exit 1 }' >&2
	stream-head --all out | grep -q 'IMAGE seq 1 index 0 f32'
}

@test "color-balance: a background of three levels becomes one, and it says when that is all" {
	image adu u16 3x20x50 | color-balance >out
	stream-head --all out | grep -q 'note color-balance background_only=1'
	[[ $(stream-head --all out | grep -c '~x.color-balance 1 ') == 3 ]]
}

@test "color-balance: other images pass as they are" {
	image adu f32 1x10x10 >in
	color-balance <in >out
	stream-payload in | cmp - <(stream-payload out)
	stream-head --all out | grep -q 'note color-balance passed=1'
	cat in in >two
	color-balance <two | stream-head --all >text
	[[ $(grep -c 'note color-balance passed=1' text) == 2 ]]
	needs sky-gen
	sky-gen --count 3 | color-balance | stream-head --all | grep -q 'note color-balance passed=3'
}

@test "color-balance: options that contradict each other" {
	image adu f32 3x4x4 >in
	for wrong in '--method given' '--gains 1,1,1' '--method given --gains 1,1' \
		'--method given --gains 1,1,1,1' '--method given --gains 1,0,1' '--method given --gains a,1,1'; do
		# shellcheck disable=SC2086
		expect 64 color-balance $wrong <in
		says --gains
	done
}
