#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Signals where iq-gen puts them. How well they are found is measured in tests/peer/spec_detect.py,
# the sums are proved in tests/unit/cfar.c and tracker.c.

bats_require_minimum_version 1.5.0
load ../common

# signals [OPTION …] < spectra: "freq_hz start_s end_s snr_db subchannel index count" of each signal,
# Hz and dB rounded; a segment begins with a line of its own.
signals() {
	spec-detect "$@" >table && /usr/bin/python3 -B - "$ROOT/scripts" table <<-'END'
		import sys
		sys.path.insert(0, sys.argv[1])
		import leat
		for frame in leat.Reader(sys.argv[2]):
		    if frame.kind == leat.HEAD:
		        print('segment')
		    elif frame.kind == leat.TABLE:
		        d = frame.data
		        for i in range(len(d['index'])):
		            print('%.0f' % d['freq_hz'][i], '%.9g' % d['start_s'][i], '%.9g' % d['end_s'][i],
		                  '%.0f' % d['snr_db'][i], d['subchannel'][i], d['index'][i], d['count'][i])
	END
}

need_numpy() {
	/usr/bin/python3 -c 'import numpy' || skip "numpy is not installed"
}

band() {
	iq-gen --rate 102400 --type cf32 --freq 100M --noise 0.1 --seconds 2s "$@"
}

@test "a tone is one signal, at its frequency, all the time" {
	need_numpy
	# 0.1^2 / (0.1^2 / 102400 Hz) is 50.1 dBHz.
	band --tone 20130:0.1 | fft-slice -a 10 | signals >out
	[[ $(wc -l <out) == 2 ]]
	read -r hz start end snr sub index count < <(tail -n 1 out)
	((hz >= 100020080 && hz <= 100020180 && snr >= 24 && snr <= 27))
	[[ "$start $end $sub $index $count" == "0 2 0 0 204800" ]]
}

@test "bursts, in the order of their ends, in samples and seconds" {
	need_numpy
	# Rows of 10 ms: the bursts begin and end with one.
	band --burst 500ms:1s:10k:0.1 --burst 200ms:300ms:-20k:0.1 --burst 800ms:100ms:-20k:0.1 |
		fft-slice -a 1 | signals >out
	awk 'NR > 1 { print $1, $2, $3, $6, $7 }' out | same_text <(printf '%s\n' \
		'99980000 0.2 0.5 20480 30720' '99980000 0.8 0.9 81920 10240' '100010000 0.5 1.5 51200 102400')
	band --burst 500ms:60ms:10k:0.1 --burst 590ms:60ms:10k:0.1 >in
	fft-slice <in | signals --hold 2 >out
	[[ $(wc -l <out) == 3 ]]
	fft-slice <in | signals --hold 3 >out
	[[ $(wc -l <out) == 2 && $(awk 'NR > 1 { print $7 }' out) == 15360 ]]
}

@test "a gap ends signals, and what follows begins after it" {
	need_numpy
	band --tone 10k:0.1 --gap 500ms:300ms | fft-slice | signals >out
	awk 'NR > 1 { print $2, $3, $6, $7 }' out | same_text <(printf '%s\n' '0 0.5 0 51200' '0.8 2 81920 122880')
}

@test "a retune ends signals; frequencies are absolute" {
	need_numpy
	band --tone 10k:0.1 --retune 1s:433M | fft-slice | signals >out
	awk '{ print $1, $2, $3 }' out | sed 's/ *$//' | same_text <(printf '%s\n' segment '100010000 0 1' segment '433010000 1 2')
}

@test "subchannels, each with its frequency" {
	need_numpy
	printf '%s\n' 'key kinds SPECTRA' 'key rate_num 6400' 'key rate_den 1' 'key row_step 64' 'key row_span 64' \
		'key freq_hz 1000' 'key freq_hz 2000000' HEAD 'SPECTRA f32 6400 1x2x64' END | mkstream >in
	# Counting numbers: each bin is above a third of those around it. Twice as much as they is not.
	signals --threshold 3 <in >out
	[[ $(<out) == segment ]]
	signals --threshold 0.001 --k 4 <in | awk 'NR > 1 { print $5 }' | sort -u | same_text <(printf '%s\n' 0 1)
}

@test "real input: bins from 0 upward" {
	need_numpy
	iq-gen --real --rate 102400 --type f32 --noise 0.1 --tone 20100:0.1 --seconds 1s | fft-slice -a 10 | signals >out
	[[ $(wc -l <out) == 2 ]]
	read -r hz _ < <(tail -n 1 out)
	((hz >= 20050 && hz <= 20150))
}

@test "noise alone is no signal, and END says how many there were" {
	band | fft-slice | spec-detect | stream-head -a >out
	run ! grep -q ^TABLE out
	grep -q 'note spec-detect signals=0' out
	band --tone 10k:0.1 --tone -10k:0.1 | fft-slice | spec-detect | stream-head -a >out
	grep -q 'note spec-detect signals=2' out
	grep -q 'col peak_db f64 dBFS$' out
	run ! grep -qE '^ *(row_step|unit|full_scale|%bin)' out
}

@test "framing and threads change no byte" {
	band --burst 500ms:300ms:10k:0.1 --chirp -30k:-20k:0.1 | fft-slice >in
	spec-detect <in >one
	dribble 100 <in | spec-detect | same one -
	spec-detect -j 2 <in | same one -
}

@test "many signals come in several frames, none longer than 1 MiB" {
	iq-gen --rate 1M --noise 0.1 --seconds 1s | fft-slice -n 64 | spec-detect --threshold 3 --guard 0 --hold 0 >out
	stream-info out
	(($(stream-head -a out | grep -c ^TABLE) > 10))
}

@test "too few bins, wrong thresholds" {
	iq-gen --seconds 1ms | fft-slice -n 14 >in
	expect 65 spec-detect <in
	says bins 15
	expect 0 spec-detect --guard 2 <in
	for wrong in 0 -3 x pfa:0 pfa:0.5 noise:0 noise: pfa:nan ''; do
		expect 64 spec-detect --threshold="$wrong" <in
		says threshold pfa:P
	done
}

@test "the shape changes, rows run beyond 64 bits" {
	spectra() {
		printf '%s\n' 'key kinds SPECTRA' 'key rate_num 64' 'key rate_den 1' "key row_step $1" 'key row_span 64' HEAD
		shift
		printf '%s\n' "$@" END
	}
	spectra 64 'SPECTRA f32 0 1x1x64' 'SPECTRA f32 64 1x1x32' | mkstream >in
	expect 65 spec-detect <in
	says shape
	spectra 9223372036854775807 'SPECTRA f32 0 1x1x64' | mkstream >in
	expect 0 timeout 20 spec-detect <in
	spectra 64 'SPECTRA f32 -9223372036854775808 1x1x64' | mkstream >in
	expect 0 spec-detect <in
	spectra 1 'SPECTRA f32 9223372036854775806 1x1x64' | mkstream >in
	expect 65 spec-detect <in
	says '64 bits'
}
