#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Frequencies, indices and levels of known tones; the values themselves are compared with numpy in
# tests/peer/dsp.py, the phasors in tests/unit/chain.c.

bats_require_minimum_version 1.5.0
load ../common

# reals < iq: all components, one on a line.
reals() {
	stream-payload | od -An -v -tf4 -w4 | tr -d ' '
}

# all_near VALUES LIMIT < reals: they are these, over and over.
all_near() {
	awk -v values="$1" -v limit="$2" 'BEGIN { n = split(values, v, " ") }
		{ d = $1 - v[(NR - 1) % n + 1]; if (d > limit || d < -limit) { print NR, $1 > "/dev/stderr"; exit 1 } }
		END { exit NR == 0 }'
}

@test "a tone comes to the centre, with its phase at index 0; freq_hz grows" {
	iq-gen --rate 100k --type cf32 --tone 12345.678:0.5 --freq 7M >in
	iq-shift -f 12345.678 <in >out.leat
	reals <out.leat | all_near "0.5 0" 1e-6
	stream-head -n 1 out.leat | grep -qx '  freq_hz 7012345.678'
	iq-shift --freq=-1k <in | stream-head -n 1 | grep -qx '  freq_hz 6999000'
	# What the phase is, hangs on the index alone, not on where the stream begins.
	stream-take --from 12345 <in | iq-shift -f 12345.678 >part.leat
	stream-take --from 12345 <out.leat | stream-payload >expected
	stream-payload <part.leat | same expected -
}

@test "each segment of a retune has its own frequency" {
	iq-gen --rate 8k --type cf32 --seconds 1s --retune 500ms:2M --freq 1M >retuned
	iq-shift -f 1k <retuned | stream-head -a | grep freq_hz | same_text <(printf '  freq_hz 1001000\n  freq_hz 2001000\n')
}

@test "integers of any type, real samples and subchannels become cf32 of full scale 1" {
	for type in cu8 ci8 cu16 ci16 cu32 ci32 cf32 cf64; do
		iq-gen --rate 4k --seconds 4ms --type $type --tone 1k:0.25 | iq-shift -f 1k >out.leat
		stream-head -a out.leat >text
		grep -q 'cf32 \[16\]\[1\]' text
		grep -qx '  full_scale 1' text
		run ! grep -q '  zero' text
		reals <out.leat | all_near "0.25 0" 0.005
	done
	# 0.25 cos at half the rate of turns: one side at the centre, the other one at half the rate.
	iq-gen --rate 4k --seconds 4ms --real --type f32 --tone 1k:0.25 | iq-shift -f 1k | reals | all_near "0.25 0 0 0" 1e-6
	iq-gen --rate 4k --seconds 4ms -c 3 --type cf32 --tone 1k:0.25 | iq-shift -f 1k >out.leat
	stream-head -a out.leat | grep -q 'cf32 \[16\]\[3\]'
	[[ $(stream-head -n 1 out.leat | grep -c 'freq_hz 1000$') == 3 ]]
	reals <out.leat | all_near "0.25 0" 1e-6
}

@test "no sample is lost: gaps stay where they are" {
	iq-gen --rate 1M --seconds 300ms --gap 100ms:1us --gap 200ms:50ms >in
	iq-shift -f 1k <in | stream-head -a | awk '/^IQ.*gap$/ { print $5 }' | same_text <(printf '100001\n250000\n')
	[[ $(iq-shift -f 1k <in | stream-payload | wc -c) == $((249999 * 8)) ]]
	[[ $(iq-shift -f 1k <in | stream-head -a) != *dropped* ]]
}

@test "an index at the end of 64 bits is refused" {
	printf 'key kinds IQ\nkey rate_num 1\nkey rate_den 1\nHEAD\nIQ ci16 9000000000000000000 10x1\nEND\n' | mkstream >far
	expect 65 iq-shift <far
	says 'index 9000000000000000000' '2^62'
}
