#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Keyed carriers whose times are known; more of them, and means and maxima against numpy, in
# tests/peer/spec_detect.py.

bats_require_minimum_version 1.5.0
load ../common

# bins [OPTION …] < spectra: "freq_hz occupancy counted_s rows subchannel" of bins in use.
bins() {
	spec-occupancy "$@" >table && /usr/bin/python3 -B - "$ROOT/scripts" table <<-'END'
		import sys
		sys.path.insert(0, sys.argv[1])
		import leat
		for frame in leat.read(sys.argv[2]):
		    d = frame.data
		    for i in range(len(d['rows'])):
		        if d['occupancy'][i] > 0.02 or d['occupancy'][i] != d['occupancy'][i]:
		            print('%.0f %.6g %.6g' % (d['freq_hz'][i], d['occupancy'][i], d['counted_s'][i]),
		                  d['rows'][i], d['subchannel'][i])
	END
}

need_numpy() {
	/usr/bin/python3 -c 'import numpy' || skip "numpy is not installed"
}

# Rows of 10 ms, bins of 100 Hz. A rectangular window keeps a tone on a bin in this bin.
band() {
	iq-gen --rate 102400 --type cf32 --freq 100M --noise 0.01 --seconds 2s "$@"
}

@test "the share of the time that carriers are there" {
	need_numpy
	band --burst 0:500ms:10k:0.1 --burst 1s:200ms:10k:0.1 --burst 300ms:10ms:-20k:0.1 --burst 1s:1s:-20k:0.1 \
		--tone 0:0.1 | fft-slice -w rect | bins --threshold pfa:1e-7 >out
	same_text out <<-'END'
		99980000 0.505 2 200 0
		100000000 1 2 200 0
		100010000 0.35 2 200 0
	END
}

@test "gaps are no time" {
	need_numpy
	band --burst 0:500ms:10k:0.1 --gap 400ms:600ms | fft-slice -w rect | bins --threshold pfa:1e-7 >out
	[[ $(<out) == '100010000 0.285714 1.4 140 0' ]]
}

@test "rows that average less count for less" {
	need_numpy
	# 195 rows of 10 transforms less the last, of 5, which the burst fills.
	iq-gen --rate 102400 --type cf32 --noise 0.01 --seconds 1950ms --burst 1900ms:50ms:10k:0.1 |
		fft-slice -w rect -a 10 --tail pad | bins --threshold pfa:1e-9 >out
	[[ $(<out) == '10000 0.025641 1.95 20 0' ]]
}

@test "centre frequencies, in order, each by itself; coming back adds" {
	need_numpy
	band --tone 10k:0.1 --retune 500ms:90M --retune 1s:100M --burst 1s:500ms:-20k:0.1 | fft-slice -w rect | bins --threshold pfa:1e-7 >out
	same_text out <<-'END'
		90010000 1 0.5 50 0
		99980000 0.333333 1.5 150 0
		100010000 1 1.5 150 0
	END
	cat table table >two
	expect 65 spec-occupancy <two
}

@test "levels and decibels" {
	need_numpy
	# 0.1 is -20 dBFS, 0.01 -40; the noise -40 - 30 in a bin.
	band --tone 10k:0.1 --tone 20k:0.01 | fft-slice -w rect >in
	for threshold in -30 -25 -20.5; do
		bins --threshold="$threshold" <in | cut -d ' ' -f 1,2 | same_text <(echo '100010000 1')
	done
	for threshold in noise:14 pfa:1e-8 -45; do
		bins --threshold="$threshold" <in | cut -d ' ' -f 1,2 | same_text <(printf '%s\n' '100010000 1' '100020000 1')
	done
	bins --threshold=-19 <in | same_text /dev/null
	stream-head table | grep -q 'col max_db f64 dBFS$'
}

@test "no data" {
	need_numpy
	fft-slice -n 64 < <(iq-gen --rate 6400 --type cf32 --seconds 100ms --noise 0.1) >in
	/usr/bin/python3 -B - "$ROOT/scripts" <<-'END'
		import sys
		sys.path.insert(0, sys.argv[1])
		import leat
		with leat.Writer('nan', kinds='SPECTRA', rate=6400, row_step=64, row_span=64) as stream:
		    for frame in leat.read('in'):
		        data = frame.data.copy()
		        data[:, 0, 5] = float('nan')
		        stream.put(data)
	END
	[[ $(bins <nan | awk '$2 == "nan"') == "-2700 nan 0 0 0" ]]
}

@test "segments that differ, too few bins, wrong thresholds, no spectra" {
	fft-slice -n 64 < <(iq-gen --seconds 1ms) >a
	fft-slice -n 128 < <(iq-gen --seconds 1ms) >b
	expect 65 spec-occupancy < <(cat a b)
	says 64 128 joined
	iq-gen --seconds 1ms | fft-slice -n 14 >in
	expect 65 spec-occupancy <in
	expect 0 spec-occupancy --threshold=-50 <in
	for wrong in x pfa:0 noise:-3 ''; do
		expect 64 spec-occupancy --threshold="$wrong" <in
		says threshold pfa:P
	done
	printf '%s\n' 'key kinds SPECTRA' 'key rate_num 64' 'key rate_den 1' 'key row_step 64' 'key row_span 64' HEAD END |
		mkstream >in
	expect 0 spec-occupancy <in
	says 'no spectra'
}
