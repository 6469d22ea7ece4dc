#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Rates and times; images, aliases and ripple are measured in tests/unit/chain.c, values compared with
# scipy in tests/peer/dsp.py.

bats_require_minimum_version 1.5.0
load ../common

# rate_of FILE: rate_num/rate_den.
rate_of() {
	stream-head -n 1 "$1" | awk '$1 == "rate_num" { n = $2 } $1 == "rate_den" { print n "/" $2 }'
}

@test "the rate is exact, by a ratio or by itself" {
	iq-gen --rate 44100 --seconds 100ms >in
	iq-resample --num 160 --den 147 <in >a
	[[ $(rate_of a) == 48000/1 ]]
	iq-resample --rate 48k <in >b
	cmp <(stream-payload <a) <(stream-payload <b)
	iq-resample --num 320 --den 294 <in | stream-payload | same <(stream-payload <a) -
	[[ $(iq-resample --rate 100000/3 <in >c && rate_of c) == 100000/3 ]]
	iq-gen --rate 100000/3 --seconds 100ms | iq-resample --num 2 --den 7 >d
	[[ $(rate_of d) == 200000/21 ]]
}

@test "time is exact: a tone has the phase that index and rate say, after gaps too" {
	iq-gen --rate 44100 --seconds 3s --tone 1k:0.5 --type cf32 --gap 1s:1ms --time0 2026-01-01T00:00:00Z |
		stream-take --from 20000 >in
	iq-resample -r 48k <in >out.leat
	stream-head -n 1 out.leat | grep -qx '  time0 2026-01-01T00:00:00Z'
	stream-head -a out.leat | awk '/^IQ/ { print $5, substr($7, 2) + 0 }' >frames
	stream-payload <out.leat | od -An -v -tf4 -w8 | awk '
		BEGIN { getline < "frames"; index_ = $1; left = $2 }
		left == 0 { keep = $0; getline < "frames"; index_ = $1; left = $2; $0 = keep }
		{ turns = index_ / 48; turns -= int(turns); a = 8 * atan2(1, 1) * turns
		  d = ($1 - 0.5 * cos(a)) ^ 2 + ($2 - 0.5 * sin(a)) ^ 2; if (d > 1e-8) bad++
		  index_++; left--; n++ } END { exit bad > 0 || n < 120000 }'
	[[ $(grep -c . frames) -gt 40 && $(stream-head -a out.leat | grep -c 'gap$') == 1 ]]
}

@test "the rate stays as --num 1 --den 1 asks; by 1/N it is iq-decimate" {
	iq-gen --rate 10k --seconds 500ms --noise 0.1 >in
	iq-resample --den 8 <in | stream-payload >a
	iq-decimate -n 8 <in | stream-payload | same a -
	[[ $(iq-resample <in | stream-payload | wc -c) == 40000 ]]
}

@test "ratios that cannot be are refused" {
	iq-gen --rate 44100 --seconds 1ms >in
	expect 64 iq-resample --rate 48k --num 2 <in
	says --rate --num --den
	expect 64 iq-resample --num 999999937 --den 999999929 <in
	says 'too fine'
	expect 64 iq-resample --rate 0 <in
	expect 64 iq-resample --num 0 <in
}
