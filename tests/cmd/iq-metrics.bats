#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Windows, columns and options; how right the measures are, is proved in tests/unit/metrics.c,
# tests/peer/metrics.py and tests/long/metrics.

bats_require_minimum_version 1.5.0
load ../common

NAMES="time_s power_dbfs noise_dbfs_hz snr_db offset_hz occupied_hz clipped_fraction dc_i dc_q gain_imbalance_db phase_imbalance_deg crest_db"

# columns < table: the names that HEAD lists.
columns() {
	stream-head -n 1 | awk '$1 == "col" { print $2 }' | xargs
}

# units < table: the units.
units() {
	stream-head -n 1 | awk '$1 == "col" { print $4 }' | xargs
}

# rows COLUMNS < table: the rows of frames of f64 columns, one on a line; one frame must be one row.
rows() {
	stream-payload | od -An -v -tf8 -w8 | awk -v n="$1" '
		(NR - 1) % (8 * n - 7) % 8 == 0 { printf "%s%s", $1, ++k % n ? " " : "\n" }'
}

# near A B LIMIT
near() {
	awk -v a="$1" -v b="$2" -v d="$3" 'BEGIN {
		x = a - b; if (x < 0) x = -x
		if (!(x <= d)) { print a, "is not near", b > "/dev/stderr"; exit 1 } }'
}

# field N: of the first row of 12.
field() {
	rows 12 | awk -v n="$1" 'NR == 1 { print $n }'
}

# frames < table: "index partial" of each.
frames() {
	stream-head -a | awk '
		/^TABLE/ { if (seen) print i, p; seen = 1; i = $5; p = "-" }
		/partial/ && $1 == "partial" { p = $2 }
		END { if (seen) print i, p }'
}

@test "the columns are those of the page, in their order, one row a window" {
	iq-gen --noise 0.1 --rate 10k --seconds 3s | iq-metrics >out.leat
	[[ $(columns <out.leat) == "$NAMES" ]]
	[[ $(units <out.leat) == "s dBFS dBFS/Hz dB Hz Hz - FS FS dB deg dB" ]]
	[[ $(rows 12 <out.leat | awk '{ print $1 }' | xargs) == "0 1 2" ]]
	[[ $(frames <out.leat) == "0 -
10000 -
20000 -" ]]
	run ! grep -q full_scale <(stream-head -n 1 out.leat)
}

@test "a tone in noise: every measure of it" {
	iq-gen --type cf32 --rate 100k --tone 12345:0.5 --noise 0.05 --seconds 1s | iq-metrics >out.leat
	rows 12 <out.leat >row
	read -r _ power noise snr offset occupied clipped i q gain phase crest <row
	near "$power" -5.977 0.01
	near "$noise" -76.02 0.1
	near "$snr" 20 0.1
	near "$offset" 12345 0.5
	near "$occupied" 320 40
	[[ $clipped == 0 ]]
	near "$i" 0 0.001
	near "$q" 0 0.001
	near "$gain" 0 0.01
	near "$phase" 0 0.1
	near "$crest" 2.5 1
}

@test "a carrier at 0 Hz is a signal; DC and clipping are told" {
	iq-gen --rate 100k --tone 0:0.25 --noise 0.05 | iq-metrics >out.leat
	near "$(field 4 <out.leat)" 13.98 0.1
	near "$(field 5 <out.leat)" 0 0.5
	near "$(field 8 <out.leat)" 0.25 0.001
	iq-gen --type ci8 --rate 10k --tone 1k:1.5 | iq-metrics >out.leat
	# the share of a circle on which |cos| or |sin| is over 2/3
	near "$(field 7 <out.leat)" 1 0.1
	iq-gen --type ci8 --rate 10k --tone 1k:0.9 | iq-metrics >out.leat
	[[ $(field 7 <out.leat) == 0 ]]
}

@test "the band: SNR is told in it, what is outside does not disturb" {
	iq-gen --type cf32 --rate 200k --tone 30k:0.1 --tone -50k:0.8 --noise 0.1 >in
	iq-metrics --band 10k --offset 28k <in >out.leat
	near "$(field 4 <out.leat)" 13.01 0.2
	near "$(field 5 <out.leat)" 30000 5
	near "$(field 3 <out.leat)" -73.01 0.1
	iq-metrics --band 10k --offset 60k <in >out.leat
	run ! awk -v snr="$(field 4 <out.leat)" 'BEGIN { exit !(snr > -15) }'
	near "$(iq-metrics <in | field 5)" -50000 10
}

@test "a band that ends beyond the spectrum is cut there; one outside is refused" {
	iq-gen --rate 100k --noise 0.1 --tone 45k:0.1 >in
	# 40 … 50 kHz is left of 40 … 60 kHz
	near "$(iq-metrics --band 20k --offset 50k <in | field 4)" 10 0.2
	expect 64 iq-metrics --band 1k --offset 60k <in
	says band 59500
	expect 64 iq-metrics -n 64 --band 100 <in
	expect 64 iq-metrics -n 8 <in
	says '-n' 8
	expect 64 iq-metrics --band -5 <in
	expect 64 iq-metrics --cal much <in
	says --cal much
	expect 64 iq-metrics --band 0.5 <in
	says --band 0.5 '-n'
}

@test "windows: whole samples, restarted after a gap, the last one partial" {
	# 2500 samples, 500 missing, 1400; windows of 1000, transforms of 64
	iq-gen --rate 1k --noise 0.1 --seconds 4.4s --gap 2500ms:500ms >in
	iq-metrics -n 64 <in >out.leat
	[[ $(frames <out.leat) == "0 -
1000 -
2000 14
3000 -
4000 11" ]]
	[[ $(rows 12 <out.leat | awk '{ print $1 }' | xargs) == "0 1 2 3 4" ]]
	stream-info out.leat | grep -q 'note .*partial_windows=2$'
	stream-head -a out.leat | grep -q '^TABLE seq 4 index 3000 .* gap$'
	# a rest of less than a transform has no row
	iq-metrics -n 512 <in >out.leat
	[[ $(frames <out.leat | xargs) == "0 - 1000 - 3000 -" ]]
	stream-info out.leat | grep -q 'note .*short_windows=2$'
	# a window is never shorter than a transform
	[[ $(iq-metrics -n 2048 <in | frames | xargs) == "0 -" ]]
	[[ $(iq-metrics -n 64 --window 10ms <in | frames | head -n 3 | xargs) == "0 - 64 - 128 -" ]]
}

@test "many rows a second share frames" {
	iq-gen --rate 1M --noise 0.1 --seconds 300ms | iq-metrics --window 2ms >out.leat
	[[ $(frames <out.leat | wc -l) == 6 ]]
	stream-head -a out.leat | grep -q '^TABLE seq 6 index 250000 columns .25. '
}

@test "--cal adds dBm, and nothing else does" {
	iq-gen --rate 10k --noise 0.1 >in
	iq-metrics --cal -30 <in >out.leat
	[[ $(columns <out.leat) == "$NAMES power_dbm noise_dbm_hz" ]]
	[[ $(units <out.leat) == *"dBm dBm/Hz" ]]
	rows 14 <out.leat | awk '{ d = $2 - 30 - $13; e = $3 - 30 - $14; exit !(d * d + e * e < 1e-18) }'
	run ! grep -qi dbm <(iq-metrics <in | stream-head -n 1)
}

@test "--compat heimdall: its names, right values, dBm only if calibrated" {
	iq-gen --type cf32 --rate 12500 --tone 300:0.1 --noise 0.05 --seconds 10s >in
	iq-metrics --window 10s --compat heimdall <in >out.leat
	[[ $(columns <out.leat) == "time_s snr_db psd_dbm frequency_offset_hz signal_power_dbm noise_power_dbm" ]]
	[[ $(units <out.leat) == "s dB dBFS/Hz Hz dBFS dBFS" ]]
	rows 6 <out.leat >row
	read -r _ snr psd offset signal noise <row
	# B = 10 kHz: the noise in it is 0.0025 * 0.8
	near "$snr" 6.99 0.1
	near "$offset" 300 0.5
	near "$signal" -20 0.1
	near "$noise" -26.99 0.1
	near "$psd" -66.99 1
	iq-metrics --window 10s --compat heimdall --cal 10 <in >calibrated
	[[ $(units <calibrated) == "s dB dBm/Hz Hz dBm dBm" ]]
	near "$(rows 6 <calibrated | awk '{ print $5 }')" -10 0.1
}

@test "--psd: the density of each window as well" {
	iq-gen --rate 10k --noise 0.1 --seconds 2600ms --gap 1300ms:100ms >in
	iq-metrics --psd <in >out.leat
	[[ $(stream-head -a out.leat | awk '/^SPECTRA/ { print $5, $7 }' | xargs) == "0 [1][1][1024] 10000 [1][1][1024] 14000 [1][1][1024] 24000 [1][1][1024]" ]]
	stream-head -n 1 out.leat | grep -q 'row_step 10000'
	# the same as fft-slice makes it: 18 transforms of a window
	iq-gen --rate 10k --noise 0.1 >in
	fft-slice --hop 512 -a 18 --norm density <in | stream-payload | od -An -v -tf4 -w4 >one
	iq-metrics --psd <in | stream-payload | head -c 4096 | od -An -v -tf4 -w4 >two
	same one two
	needs waterfall
	waterfall --height 16 <out.leat >/dev/null
}

@test "real input, and several subchannels" {
	iq-gen --real --type f32 --rate 100k --tone 12345:0.5 --noise 0.05 | iq-metrics >out.leat
	rows 12 <out.leat >row
	read -r _ power noise snr offset _ _ _ q gain phase _ <row
	near "$power" -8.95 0.05
	near "$noise" -73.01 0.1
	near "$snr" 16.99 0.1
	near "$offset" 12345 1
	[[ "$q $gain $phase" == "nan nan nan" ]]
	iq-gen --rate 10k --noise 0.1 -c 3 | iq-metrics >out.leat
	[[ $(columns <out.leat) == "$NAMES subchannel" ]]
	stream-head -a out.leat | grep -q '^TABLE seq 1 index 0 columns .3. '
}

@test "neither -j nor framing nor the CPU's level changes a byte" {
	iq-gen --noise 0.3 --tone 1k:0.1 --seconds 300ms --gap 100ms:1ms >in
	iq-metrics --window 50ms <in >one
	for level in 1 2 3 4; do
		LEAT_CPU=$level iq-metrics --window 50ms -j 2 <in | cmp - one
	done
	dribble 1000 <in | iq-metrics --window 50ms -j 3 | cmp - one
}

@test "short windows take no more memory than long ones" {
	iq-gen --rate 10M --seconds 0.4 --type ci8 --tone 1M:0.5 >in
	(
		[[ ${SANITIZED:-} ]] || ulimit -v 500000
		iq-metrics -j 2 --window 3.2us -n 32 <in >out.leat
	)
	[[ $(stream-payload <out.leat | wc -c) -ge $((125000 * 12 * 8)) ]]
	dribble 65536 <in | iq-metrics --window 3.2us -n 32 | cmp - out.leat
}

@test "one segment has one form" {
	printf '%s\n' 'key kinds IQ' 'key rate_num 100' 'key rate_den 1' HEAD 'IQ ci16 0 100x1' \
		'IQ ci8 100 100x1' END | mkstream >in
	expect 65 iq-metrics -n 32 <in
	says ci16 ci8
}

@test "rows that no index can hold are no trouble" {
	printf '%s\n' 'key kinds IQ' 'key rate_num 100' 'key rate_den 1' HEAD \
		'IQ ci16 9223372036854773000 2000x1' 'IQ ci16 9223372036854775000 500x1' END | mkstream >in
	expect 0 iq-metrics -n 64 --window 10s <in
	expect 0 iq-metrics -n 64 --window 10000d --psd <in
}
