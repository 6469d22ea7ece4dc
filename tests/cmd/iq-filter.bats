#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Which tones pass; the response is measured in tests/unit/chain.c, values compared with scipy in
# tests/peer/dsp.py.

bats_require_minimum_version 1.5.0
load ../common

# level [OPTION …]: the rms of what a tone of amplitude 1 becomes, in dB.
level() {
	local tone=$1
	shift
	iq-gen --rate 100k --type cf32 --seconds 100ms "${GEN[@]}" --tone "$tone" | iq-filter "$@" |
		stream-payload | od -An -v -tf4 -w4 |
		awk '{ s += $1 * $1; n++ } END { printf "%d\n", 10 * log(s / n * 2 + 1e-30) / log(10) }'
}

@test "WIDTH around the centre, LO:HI on its side" {
	GEN=()
	[[ $(level 4.9k -b 10k) == [-0]* && $(level 4.9k -b 10k) -gt -1 ]]
	[[ $(level -4.9k -b 10k) -gt -1 ]]
	[[ $(level 6.1k -b 10k) -lt -89 ]]
	[[ $(level -6.1k -b 10k) -lt -89 ]]
	[[ $(level 15k -b 10k:20k) -gt -1 ]]
	[[ $(level -15k -b 10k:20k) -lt -89 ]]
	[[ $(level -15k -b -20k:-10k) -gt -1 ]]
	[[ $(level 6.9k -b 10k:40k) -lt -89 ]]
	# 201 taps: 5.853 rate / 200 = 2927 Hz of transition.
	[[ $(level 8k -b 10k -t 201) -lt -89 && $(level 6.5k -b 10k -t 201) -gt -60 ]]
}

@test "real samples: from 0, or between two frequencies" {
	GEN=(--real)
	[[ $(level 4.9k -b 0:5k) -gt -4 ]]
	[[ $(level 6.1k -b 0:5k) -lt -89 ]]
	[[ $(level 15k -b 10k:20k) -gt -4 ]]
	[[ $(level 8.9k -b 10k:20k) -lt -89 ]]
	iq-gen --rate 100k --real | iq-filter -b 10k | stream-head -a | grep -q '^IQ.* f32 '
}

@test "output n stands for input n; the edges are left out and counted" {
	iq-gen --rate 1M --type cf32 --seconds 100ms --gap 40ms:1us --tone 100k:0.5 --time0 2026-01-01T00:00:00Z >in
	iq-filter -b 300k -t 101 <in >out.leat
	stream-head -a out.leat >text
	awk '/^IQ/ { print $5, $7 }' text | tr -d '[]' | head -n 1 | grep -q '^50 '
	awk '/^IQ.*gap$/ { print $5 }' text | same_text <(echo 40051)
	grep -q 'note iq-filter dropped_samples=200' text
	grep -qx '  time0 2026-01-01T00:00:00Z' text
	# In phase with what went in.
	stream-take --from 50 --to 39950 <in | stream-payload | od -An -v -tf4 -w8 >a
	stream-payload <out.leat | od -An -v -tf4 -w8 | head -n 39900 >b
	paste a b | awk '{ d = ($1 - $3) ^ 2 + ($2 - $4) ^ 2; if (d > 1e-8) bad++ } END { exit bad > 0 || NR != 39900 }'
}

@test "a long filter gives the same bytes whatever the threads and the framing" {
	iq-gen --rate 1M --seconds 120ms --noise 0.3 --gap 40ms:1ms >in
	iq-filter -j1 -b 20k <in >one
	iq-filter -j2 -b 20k <in | same one -
	dribble 4096 <in | iq-filter -b 20k | same one -
	[[ $(stream-payload <one | wc -c) -gt 800000 ]]
}

@test "bands that are none, or do not fit" {
	iq-gen --rate 100k --seconds 1ms >in
	for band in x 1k:x 2k:1k 0 -5k 1k: :1k; do
		expect 64 iq-filter -b "$band" <in
		says --band "$band"
	done
	expect 64 iq-filter <in
	says '--band: missing'
	for band in 100k 10k:60k -60k:0; do
		expect 65 iq-filter -b "$band" <in
		says "--band: $band"
	done
	expect 65 iq-filter -b 0.001 <in
	says --taps
	expect 64 iq-filter -b 10k -t 100 <in
	says --taps odd
	iq-gen --rate 100k --real --seconds 1ms >in
	expect 65 iq-filter -b -10k:5k <in
}
