#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What modes need of the stream; the sound is measured in tests/peer/demod.py.

bats_require_minimum_version 1.5.0
load ../common

@test "sound is real, at its rate, with exact time and without a radio frequency" {
	iq-gen --rate 250k --freq 100M --time0 2026-01-01T00:00:00Z -t 31k:.4 -t 32k:.1 -t 30k:.1 >in
	iq-demod --freq 31k <in >out.leat
	stream-head -a out.leat >text
	grep -q ' f32 \[' text
	grep -qx '  rate_num 12000' text
	grep -qx '  time0 2026-01-01T00:00:00Z' text
	grep -qx '  x.carrier_hz 100031000' text
	run ! grep -q '  freq_hz' text
	grep -q 'note iq-demod dropped_samples' text
	# 0.5 cos at 1 kHz, in phase by its index.
	read -r first < <(awk '/^IQ/ { print $5; exit }' text)
	stream-payload <out.leat | od -An -v -tf4 -w4 | awk -v first="$first" '
		NR > 6000 { d = $1 - 0.5 * cos(8 * atan2(1, 1) * ((first + NR - 1) % 12) / 12); s += d * d; n++ }
		END { exit sqrt(s / n) > 1e-3 || n < 5000 }'
}

@test "rates: of the mode, or asked for" {
	iq-gen --rate 1M --seconds 100ms --tone 1k >in
	[[ $(iq-demod -m wfm <in | stream-head -n 1) == *'rate_num 48000'* ]]
	for mode in am fm wfm usb lsb; do
		iq-demod -m $mode -r 44100 <in >out.leat
		[[ $(stream-head -n 1 out.leat) == *'rate_num 44100'* ]]
		[[ $(stream-payload <out.leat | wc -c) -gt $((4 * 3000)) ]]
	done
	iq-demod -m usb -r 25000/3 <in | stream-head -n 1 | grep -qx '  rate_den 3'
}

@test "gaps: sound begins anew after each, at its own time" {
	iq-gen --rate 96k --seconds 2s --gap 500ms:1ms --gap 1s:500ms -t 10k:.4 >in
	for mode in am fm wfm usb lsb; do
		iq-demod -m $mode -f 10k <in >out.leat
		[[ $(stream-head -a out.leat | grep -c 'gap$') == 2 ]]
		# None is from inside of the long gap.
		stream-head -a out.leat | awk -v mode=$mode '/^IQ/ { rate = mode == "wfm" ? 48000 : 12000
			n = substr($7, 2) + 0; if ($5 < 1.5 * rate && $5 + n > rate) bad++ } END { exit bad > 0 }'
	done
}

@test "real samples and subchannels" {
	iq-gen --rate 48k --real -c 2 --noise 0.1 --seconds 200ms --tone 10k:0.5 >in
	iq-demod -m usb -f 9k <in >out.leat
	stream-head -a out.leat | grep -q ' f32 \[[0-9]*\]\[2\]'
	[[ $(stream-payload <out.leat | od -An -v -tf4 -w8 | awk '$1 == $2' | wc -l) == 0 ]]
}

@test "no signal is silence, not noise" {
	iq-gen --rate 96k --type cf32 --seconds 200ms >in
	for mode in am fm wfm usb lsb; do
		iq-demod -m $mode <in | stream-payload | od -An -v -tf4 -w4 | awk '$1 != 0 { bad++ } END { exit bad > 0 || !NR }'
	done
}

@test "wrong values are refused" {
	iq-gen --rate 96k --seconds 1ms >in
	for deemph in x 50 -1us 1s; do
		expect 64 iq-demod -m wfm --deemph "$deemph" <in
		says --deemph "$deemph"
	done
	expect 64 iq-demod -m cw <in
	says --mode cw
	expect 64 iq-demod -r 10 <in
	says --audio-rate
	expect 64 iq-demod -m wfm -w 100M -r 40 <in
	says 'audio rate'
}
