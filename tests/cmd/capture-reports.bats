#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The shipped templates that report on a capture, compiled and run on one with a planted tone.

bats_require_minimum_version 1.5.0
load ../common

setup() {
	needs iq-gen drf-write template-compile iq-metrics spec-detect spec-occupancy spectrogram waterfall-json \
		export-csv export-json export-png
	cd "$BATS_TEST_TMPDIR" || return
}

# The tone, 20 dB below full scale, at 100.03 MHz for 2 s of 100 kS/s.
capture() {
	iq-gen --rate 100k --seconds 2s --freq 100MHz --tone 30k:0.1 --noise 0.01 --time0 2024-06-27T14:49:00Z |
		drf-write top
}

# report TEMPLATE [OPTION …]: what it makes of the capture, in ./out.
report() {
	capture
	template-compile "$@" -o report.sh
	shellcheck report.sh
	./report.sh --out out capture=top
}

# field FILE COLUMN: the value in the first row.
field() {
	awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name || index($i, name " (") == 1) at = i }
		NR == 2 { print $at }' "$1"
}

# near VALUE WANTED TOLERANCE
near() {
	awk -v v="$1" -v w="$2" -v t="$3" 'BEGIN { exit !(v != "" && v - w <= t && w - v <= t) }' || {
		echo "$1: not $2 within $3" >&2
		return 1
	}
}

@test "sds-waterfall: one slice for each 1024 samples" {
	report sds-waterfall
	/usr/bin/python3 - <<-'END'
		import base64, json
		import numpy as np
		slices = json.load(open('out/top_waterfall.json'))
		assert len(slices) == 200000 // 1024, len(slices)
		row = np.frombuffer(base64.b64decode(slices[7]['data']), '<f4')
		assert row.argmax() == 512 + round(30000 / 100000 * 1024), row.argmax()
	END
}

@test "sds-spectrogram: a picture" {
	report sds-spectrogram
	[[ $(head -c 4 out/top_spectrogram.png) == $'\x89PNG' ]]
	[[ $(od -An -j16 -N8 -tx1 out/top_spectrogram.png | tr -d ' ') == 000005dc00000384 ]] # 1500 x 900
}

@test "capture-metrics: a row for each window, as CSV and as JSON" {
	report capture-metrics --param window=500ms
	[[ $(wc -l <out/top_metrics.csv) == 5 && $(wc -l <out/top_metrics.json) == 4 ]]
	near "$(field out/top_metrics.csv offset_hz)" 30000 1
	near "$(field out/top_metrics.csv power_dbfs)" -19.96 0.05 # 0.1^2 + 0.01^2
	near "$(field out/top_metrics.csv noise_dbfs_hz)" -90 0.1  # 0.01^2 / 100 kHz
	near "$(field out/top_metrics.csv snr_db)" 20 0.2
}

@test "signal-report: pictures, the signals there are, occupancy and metrics" {
	report signal-report
	for name in waterfall.png spectrum.png signals.csv occupancy.csv metrics.csv; do
		[[ -s out/top_$name ]]
	done
	[[ $(wc -l <out/top_signals.csv) == 2 ]]
	near "$(field out/top_signals.csv freq_hz)" 100030000 50
	[[ $(wc -l <out/top_occupancy.csv) == 1025 ]]
	[[ $(awk -F, 'NR > 1 && $2 > 0.5' out/top_occupancy.csv | wc -l) -le 16 ]] # the window widens it
	awk -F, 'NR > 1 && $1 > 100029950 && $1 < 100030050 && $2 == 1 { found = 1 } END { exit !found }' out/top_occupancy.csv
}

@test "the reports of a real capture" {
	capture=${LEAT_SHARED:-$ROOT/../shared}/data/drf/westford
	[[ -d $capture ]] || skip "the real captures are not here"
	template-compile signal-report -o report.sh
	./report.sh --out out "capture=$(echo "$capture"/cap*)"
	# The carrier of the converter is 625 kHz above the centre.
	near "$(field out/cap-2024-06-27T14-00-00_signals.csv freq_hz)" 1024625000 5000
}
