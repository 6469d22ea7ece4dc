#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

# 20 000 samples/s from 14:49:00; 1000 to 1199 are a gap.
input() {
	generate IQ >in
	stream-payload in >all
}

# samples FIRST COUNT: of the payload without the gap.
samples() {
	dd if=all bs=4 skip="$1" count="$2" status=none
}

@test "stream-take: an index range, to the sample" {
	input
	stream-take --from 100 --to 900 <in | stream-payload | cmp - <(samples 100 800)
	stream-take --from 990 --to 1210 <in >out
	stream-payload out | cmp - <(samples 990 20)
	stream-head --all out | grep -q 'index 1200 ci16 .* gap'
	stream-take --to 1 <in | stream-payload | cmp - <(samples 0 1)
	stream-take --from 3999 <in | stream-payload | cmp - <(samples 3799 1)
	stream-take --from 4000 <in >out
	[[ $(stream-payload out | wc -c) == 0 ]]
}

@test "stream-take: times and durations" {
	input
	stream-take --from 2024-06-27T14:49:00.01Z --to 2024-06-27T14:49:00.02Z <in |
		stream-payload | cmp - <(samples 200 200)
	stream-take --from +10ms --to +10ms <in | stream-payload | cmp - <(samples 200 200)
	stream-take --to +10ms <in | stream-payload | cmp - <(samples 0 200)
	printf 'key kinds IQ\nkey rate_num 1\nkey rate_den 1\nHEAD\nIQ cu8 0 9x1\nEND\n' | mkstream >untimed
	expect 65 stream-take --from 2024-06-27T14:49:00Z <untimed
	says --from time0
}

@test "stream-take: frames by number, counted over segments" {
	generate IQ any two >in
	frames=$(stream-head --all in | grep -c '^IQ')
	[[ $(stream-take --frames 1:3 <in | stream-head --all | grep -c '^IQ') == 2 ]]
	[[ $(stream-take --frames ":$frames" <in | stream-head --all | grep -c '^IQ') == "$frames" ]]
	[[ $(stream-take --frames "$((frames - 1)):" <in | stream-head --all | grep -c '^HEAD') == 2 ]]
	for wrong in 1 3:2 -1:2 a:b : 1:2:3; do
		[[ $wrong == : ]] || expect 64 stream-take --frames="$wrong" <in
		[[ $wrong == : ]] || says --frames
	done
}

@test "stream-take: groups stay whole" {
	stream-take --frames 0:1 <"$ROOT/tests/golden/images.leat" >out
	[[ $(stream-head --all out | grep -c '^IMAGE') == 2 ]]
	stream-take --from 1 <"$ROOT/tests/golden/images.leat" >out
	[[ $(stream-head --all out | grep -c '^IMAGE') == 1 ]]
}

@test "stream-take: spectra by the row" {
	stream-take --from 9 --to 90 <"$ROOT/tests/golden/spectra.leat" >out
	stream-head --all out | grep '^SPECTRA' | awk '{ print $5, $7 }' >rows
	diff rows - <<-'EOL'
		16 [1][1][8]
		24 [1][1][8]
		80 [2][1][8]
	EOL
}

@test "stream-take: a range set aside and the rest make the whole" {
	input
	RANDOM=${SEED:-$RANDOM}
	for ((i = 0; i < 10; i++)); do
		at=$((RANDOM % 4200))
		echo "at $at"
		{
			stream-take --to $at <in | stream-payload
			stream-take --from $at <in | stream-payload
		} | cmp - all
	done
}
