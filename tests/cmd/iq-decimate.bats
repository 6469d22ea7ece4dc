#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Rates, indices and edges; ripple, stop band and aliases are measured in tests/unit/chain.c, values
# compared with scipy in tests/peer/dsp.py.

bats_require_minimum_version 1.5.0
load ../common

# runs < iq: "first-index samples" of each run between gaps.
runs() {
	stream-head -a | awk '/^IQ/ {
		n = substr($7, 2) + 0
		if (have && $5 == next_) total += n; else { if (have) print first, total; first = $5; total = n }
		have = 1; next_ = $5 + n } END { if (have) print first, total }'
}

@test "the rate is an exact fraction, time0 stays, output k stands at input k N" {
	iq-gen --rate 100000/3 --time0 2026-01-01T00:00:00Z --seconds 3s --tone 10:0.5 --type cf32 >in
	iq-decimate --factor 16 <in >out.leat
	stream-head -n 1 out.leat >text
	grep -qx '  rate_num 6250' text
	grep -qx '  rate_den 3' text
	grep -qx '  time0 2026-01-01T00:00:00Z' text
	# A tone has the phase that index k of the lower rate says.
	stream-payload <out.leat | od -An -v -tf4 -w8 | awk -v first="$(runs <out.leat | awk '{ print $1 }')" '
		{ turns = 10 * 3 / 6250 * (first + NR - 1); a = 8 * atan2(1, 1) * turns
		  d = ($1 - 0.5 * cos(a)) ^ 2 + ($2 - 0.5 * sin(a)) ^ 2; if (d > 1e-8) bad++ }
		END { exit bad > 0 || NR < 6000 }'
}

@test "outputs stand at the same indices wherever the stream is cut, and have the same bits" {
	iq-gen --rate 1M --seconds 100ms --noise 0.3 >in
	iq-decimate -n 7 <in >whole
	stream-take --from 12345 --to 80001 <in | iq-decimate -n 7 >part
	read -r first samples < <(runs <part)
	((first * 7 > 12345 && first * 7 < 12345 + 7 * 20 && samples > 9000))
	stream-take --from "$first" --to $((first + samples)) <whole | stream-payload >expected
	stream-payload <part | same expected -
}

@test "gaps: nothing is made of both sides, what is missing is counted" {
	iq-gen --rate 1M --seconds 300ms --gap 100ms:1us --gap 200ms:50ms --tone 0:0.5 --type cf32 >in
	iq-decimate -n 4 <in >out.leat
	# 119 taps at 4: outputs within 59 samples of an edge are left out.
	runs <out.leat | same_text <(printf '15 24971\n25015 24971\n62515 12471\n')
	stream-head -a out.leat | grep -q 'note iq-decimate dropped_samples=86'
	[[ $(stream-head -a out.leat | grep -c gap$) == 2 ]]
	stream-payload <out.leat | od -An -v -tf4 -w8 | awk '$1 < 0.49999 || $1 > 0.50001 { bad++ } END { exit bad > 0 }'
}

@test "--freq is iq-shift before it" {
	iq-gen --rate 1M --seconds 100ms --freq 5M --noise 0.1 --tone 125k:0.5 >in
	iq-decimate -n 16 -f 120k <in >one
	iq-shift -f 120k <in | iq-decimate -n 16 >two
	cmp <(stream-payload <one) <(stream-payload <two)
	stream-head -n 1 one | grep -qx '  freq_hz 5120000'
}

@test "real stays real, subchannels stay apart, factor 1 only converts" {
	iq-gen --rate 1k --real --seconds 2s --tone 10:0.5 -c 2 --noise 0.1 --type f32 >in
	iq-decimate -n 4 <in >out.leat
	stream-head -a out.leat | grep -q ' f32 \[[0-9]*\]\[2\]'
	[[ $(stream-payload <out.leat | od -An -v -tf4 -w8 | awk '$1 == $2' | wc -l) == 0 ]]
	iq-gen --rate 1k --type ci16 --tone 100 | iq-decimate -n 1 >one
	[[ $(stream-payload <one | wc -c) == 8000 ]]
}

@test "a stream shorter than the filter is empty but whole" {
	iq-gen --rate 1k --seconds 20ms | iq-decimate -n 100 >out.leat
	stream-head -a out.leat >text
	grep -q 'rate_num 10$' text
	grep -q 'dropped_samples=1' text
	run ! grep -q ^IQ text
}
