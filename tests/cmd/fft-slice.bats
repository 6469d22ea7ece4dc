#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Rows by what they must be: levels of known tones and noise, indices of known runs. The windows,
# lengths and norms themselves are proved in tests/unit/spectrum.c.

load ../common

# values [ARG …] < iq: all powers of the spectra, one on a line.
values() {
	fft-slice "$@" | stream-payload | od -An -v -tf4 -w4 | tr -d ' '
}

# runs < spectra: "index rows gap" of each run of frames without a gap between them.
runs() {
	stream-head -a | awk '
		/^HEAD/ { fresh = 1 }
		/^SPECTRA/ {
			rows = $7; sub(/\[/, "", rows); sub(/\].*/, "", rows)
			if (fresh || $NF == "gap") {
				if (n) print index0, n, mark
				index0 = $5; n = 0; mark = $NF == "gap" ? "gap" : "-"; fresh = 0
			}
			n += rows
		}
		END { if (n) print index0, n, mark }'
}

# near A B DB: two powers differ by at most so many dB.
near() {
	awk -v a="$1" -v b="$2" -v d="$3" 'BEGIN {
		x = 10 * log(a / b) / log(10); if (x < 0) x = -x
		if (x > d) { print a, "is not near", b > "/dev/stderr"; exit 1 } }'
}

tone() {
	iq-gen --rate 1024k --type cf32 --seconds 10ms "$@"
}

@test "a full-scale tone on a bin is 0 dBFS, on its side of the centre" {
	tone --tone 100k >in
	[[ $(values -n 1024 <in | head -n 1024 | cat -n | sort -k2,2gr | awk 'NR == 1 { print $1 - 1 }') == 612 ]]
	near "$(values -n 1024 <in | sed -n 613p)" 1 0.02
	tone --tone -100k >in
	near "$(values -n 1024 <in | sed -n 413p)" 1 0.02
	for window in rect hamming blackman blackmanharris flattop kaiser:8 gauss:128; do
		near "$(values -n 1024 -w "$window" <in | sed -n 413p)" 1 0.02
	done
	near "$(iq-gen --rate 1024k --tone 256k | values -n 1000 -w flattop | sed -n 751p)" 1 0.02
}

@test "noise density, and the mean of raw powers" {
	iq-gen --rate 1M --type cf32 --noise 0.5 --seconds 4s >in
	near "$(values -n 256 --norm density --average 4s <in | awk '{ s += $1 } END { print s / NR }')" \
		"$(awk 'BEGIN { print 0.25 / 1e6 }')" 0.05
	near "$(values -n 256 -w rect --norm none -a 4s <in | awk '{ s += $1 } END { print s / NR }')" \
		"$(awk 'BEGIN { print 0.25 * 256 }')" 0.05
}

@test "real input: half the bins, a full-scale tone still 1" {
	iq-gen --real --rate 1024k --tone 256k --type cf32 >in
	fft-slice <in >out.leat
	stream-info out.leat | grep -q 'f32 \[1\]\[513\]'
	[[ $(stream-head out.leat | awk '$1 == "%bin0_hz" { print $2 }') == 0 ]]
	near "$(values <in | sed -n 257p)" 1 0.02
}

@test "averages: a count, a duration by its unit, max and min" {
	tone --tone 100k >in # 10240 samples
	[[ $(fft-slice --average 5 <in | runs) == "0 2 -" ]]
	stream-head -n 1 < <(fft-slice --average 5 <in) | grep -q 'row_step 5120'
	stream-head -n 1 < <(fft-slice --average 5 --hop 100 <in) | grep -q 'row_span 1424'
	# 2.5 ms * 1.024 MHz / 1024 = 2.5, rounded to 3
	stream-head -n 1 < <(fft-slice --average 2500us <in) | grep -q 'row_step 3072'
	stream-head -n 1 < <(fft-slice --average 1ns <in) | grep -q 'row_step 1024'
	expect 64 fft-slice --average 1.5 <in
	says --average 1.5
	expect 64 fft-slice --average 0 <in
	iq-gen --rate 1024k --type cf32 --tone 100k:0.5 --burst 5ms:5ms:100k:0.5 --seconds 10ms >in
	near "$(values -a 10 --stat max <in | sed -n 613p)" 1 0.05
	near "$(values -a 10 --stat min <in | sed -n 613p)" 0.25 0.05
	near "$(values -a 10 <in | sed -n 613p)" 0.625 0.05
}

@test "a gap: no row holds samples of both sides, the next begins at its end" {
	# 1000 samples, 1000 missing, 1240 samples: full scale before, a tenth after.
	iq-gen --rate 1k --type cf32 --seconds 3240ms --gap 1s:1s --burst 0s:1s --burst 2s:2s:0:0.1 >in
	fft-slice -n 100 --average 3 <in >out.leat
	[[ $(runs <out.leat) == "0 3 -
2000 4 gap" ]]
	stream-payload out.leat | od -An -v -tf4 -w4 | awk 'NR % 100 == 51 { printf "%.3f ", $1 }' >peaks
	[[ $(<peaks) == "1.000 1.000 1.000 0.010 0.010 0.010 0.010 " ]]
	# 100 and 40 samples are left over; of the averages one transform before the gap
	stream-info out.leat | grep -q 'note .*dropped_rows=1$'
	stream-info out.leat | grep -q 'note .*dropped_transforms=1$'
}

@test "--tail pad: the last transform padded, short averages marked" {
	iq-gen --rate 1k --type cf32 --seconds 3240ms --gap 1s:1s --burst 0s:4s >in
	fft-slice -n 100 -w rect --average 3 --tail pad <in >out.leat
	# before the gap 10 transforms, after it 12 and 40 samples
	stream-head -a out.leat | awk '/^SPECTRA/ { i = $5 } /partial/ { print i, $2 }' >partial
	[[ $(<partial) == "900 1
3200 1" ]]
	# 40 of 100 samples at full scale: 0.16 of the power
	near "$(stream-payload out.leat | od -An -v -tf4 -w4 | tail -n 50 | head -n 1)" 0.16 0.01
	# a padded transform that fills its average is marked all the same
	fft-slice -n 100 --average 13 --tail pad <in | stream-head -a |
		awk '/^SPECTRA/ { i = $5 } /partial/ { print i, $2 }' >partial
	[[ $(<partial) == "0 10
2000 13" ]]
}

@test "a retune ends the rows, and the segments keep their centres" {
	iq-gen --rate 1k --seconds 1s --freq 10M --retune 550ms:20M >in
	fft-slice -n 100 <in >out.leat
	[[ $(runs <out.leat) == "0 5 -
550 4 -" ]]
	[[ $(stream-head -a out.leat | awk '$1 == "freq_hz" { print $2 }' | xargs) == "10000000 20000000" ]]
}

@test "unsigned samples: their zero is no carrier, nor are padded ones" {
	iq-gen --type cu8 --rate 1k --seconds 1050ms --noise 0.2 >in
	values -n 100 -w rect -a 10 <in >powers
	near "$(sed -n 51p powers)" "$(awk '{ s += $1 } END { print s / NR }' powers)" 7
	stream-head -a < <(fft-slice -n 100 -a 11 --tail pad <in) | grep -q 'partial 11'
	values -n 100 -w rect --tail pad <in | tail -n 100 >powers
	near "$(awk '{ s += $1 } END { print s }' powers)" 0.02 1 # 50 of 100 samples of power 0.04
}

@test "subchannels: each by itself" {
	iq-gen --type cf32 --rate 100 --subchannels 3 --noise 0.5 --seconds 10s >in
	fft-slice -n 50 <in >out.leat
	stream-info out.leat | grep -q '20 rows'
	stream-info out.leat | grep -q 'f32 \[3\]\[50\]'
	# the second subchannel alone: every third sample
	stream-payload out.leat | od -An -v -tf4 -w4 | awk '(NR - 1) % 150 == 75 { s += $1 } END { print s / 20 }' >bin25
	od -An -v -tf4 -w8 < <(stream-payload <in) | awk '
		NR % 3 == 2 { w = 0.5 - 0.5 * cos(2 * 3.14159265358979 * (k % 50) / 50)
			re += w * $1; im += w * $2
			if (++k % 50 == 0) { s += (re * re + im * im) / 625; re = im = 0 } }
		END { print s / 20 }' >truth
	near "$(<bin25)" "$(<truth)" 0.001
}

@test "one segment has one form" {
	printf '%s\n' 'key kinds IQ' 'key rate_num 100' 'key rate_den 1' HEAD 'IQ ci16 0 100x1' \
		'IQ ci8 100 100x1' END | mkstream >in
	expect 65 fft-slice -n 10 <in
	says ci16 ci8
}

# iq [LINE …]: a segment of the frames that the lines say, after a HEAD of rate 100.
iq() {
	printf '%s\n' 'key kinds IQ' 'key rate_num 100' 'key rate_den 1' "$@" END | mkstream >in
}

@test "one segment has one full scale and one zero" {
	iq 'key full_scale 100' HEAD 'IQ ci16 0 100x1' 'key full_scale 200' 'IQ ci16 100 100x1'
	expect 65 fft-slice -n 10 <in
	says full_scale 100 200
	iq HEAD 'key zero 3' 'IQ ci16 0 100x1' 'IQ ci16 100 100x1'
	expect 65 fft-slice -n 10 <in
	says zero 3 0
	iq 'key full_scale 100' HEAD 'key full_scale 100' 'IQ ci16 0 100x1' 'IQ ci16 100 100x1'
	expect 0 fft-slice -n 10 <in
	for wrong in 'full_scale 0' 'full_scale -1' 'full_scale nan' 'zero inf'; do
		iq "key $wrong" HEAD 'IQ ci16 0 100x1'
		expect 65 fft-slice -n 10 <in
	done
}

@test "rows that run beyond 64 bits are refused" {
	iq HEAD 'IQ ci16 9223372036854773000 1000x1' 'IQ ci16 9223372036854774000 1000x1'
	for hop in 1500 1000000 1Gi; do
		expect 65 fft-slice -n 1500 --hop "$hop" --average 2 --tail pad <in
		says '64 bits'
	done
	expect 65 fft-slice -n 1000 --hop 1Gi <in
	says '64 bits'
	expect 0 fft-slice -n 500 <in
	[[ $(runs <out) == "9223372036854773000 4 -" ]]
}

@test "an average that no index can hold is refused, others are exact" {
	printf '%s\n' 'key kinds IQ' 'key rate_num 1000000000000000' 'key rate_den 1' HEAD \
		'IQ ci16 0 1000x1' END | mkstream >in
	expect 64 timeout 20 fft-slice -n 16 --average 100000d <in
	says --average 'too long'
	iq HEAD 'IQ ci16 0 100x1'
	expect 64 fft-slice -n 10 --average 9000000000000000000 <in
	expect 0 fft-slice -n 2 --average 100000d <in
	grep -q '^row_step 864000000000$' < <(stream-head -n 1 out | sed 's/^ *//')
}

@test "windows that cannot serve are refused" {
	expect 64 fft-slice --window kaiser:1000 </dev/null
	says kaiser 700
	iq HEAD 'IQ ci16 0 2000x1'
	expect 64 fft-slice -n 1001 --window gauss:0.01 <in
	says window
	expect 0 fft-slice -n 1000 --window gauss:0.01 <in
}

@test "a level of the CPU and the number of threads change no byte" {
	iq-gen --noise 0.3 --seconds 300ms --gap 100ms:1ms >in
	fft-slice -a 70 <in >one
	for level in 1 2 3 4; do
		LEAT_CPU=$level fft-slice -a 70 -j 2 <in | cmp - one
	done
	dribble 1000 <in | fft-slice -a 70 -j 3 | cmp - one
}
