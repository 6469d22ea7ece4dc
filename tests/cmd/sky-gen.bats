#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

@test "sky-gen: threads change no byte, seeds every frame" {
	night --planes 3 -j1 >one
	night --planes 3 -j2 >two
	same one two
	night --planes 3 --seed 2 >two
	stream-payload one >a
	stream-payload two >b
	[[ $(cmp -l a b | wc -l) -gt 60000 ]]
}

@test "sky-gen: truth tables appear with the stream, and only then" {
	night --truth-stars stars.csv --truth-frames frames.csv --trails 1 --cloud 2 >out
	[[ $(head -n 1 stars.csv) == x,y,flux_r,flux_g,flux_b && $(wc -l <stars.csv) == 61 ]]
	[[ $(wc -l <frames.csv) == 4 && $(sed -n 2p frames.csv) == 1,0.0000,0.0000,0.00000,2.000,1.0000,50.0,0,,, ]]
	[[ $(cut -d, -f8 frames.csv | tr '\n' ' ') == 'trail 0 1 0 ' ]]
	rm -f ./*.csv
	night --truth-stars stars.csv >/dev/full 2>err || [[ $? == 74 ]]
	no_files stars.csv
	expect 73 night --truth-stars nowhere/stars.csv
}

@test "sky-gen: options that make no sense are 64" {
	local wrong
	for wrong in '--planes 2' '--cfa RGB' '--cfa RGGB --planes 3' '--cloud 3' '--cloud x' \
		'--kind dark --truth-stars s.csv' '--truth-stars a --truth-frames ../b' '--fwhm 0.5'; do
		# shellcheck disable=SC2086
		expect 64 night $wrong
		says "${wrong%% *}" || says --truth
	done
	no_files s.csv a
}

@test "sky-gen: a frame says what it is" {
	night --cfa GRBG --filter L --object 'M 27' --exposure 10 | stream-head --all >text
	for line in '%bayer GRBG' 'filter L' 'object M 27' 'exposure_s 10' '%row_order bottom-up' \
		'unit adu' 'temperature_c -10' 'time_start 2025-01-15T20:00:20Z' 'full_scale 65535'; do
		grep -qx "  $line" text
	done
	[[ $(grep -c '^IMAGE .* u16 \[1\]\[80\]\[96\]' text) == 3 ]]
}

@test "sky-gen: filters in turn" {
	night --filter R,G,B --count 4 >out
	[[ $(stream-head --all out | sed -n 's/^  filter //p' | tr -d '\n') == RGBR ]]
	expect 64 night --filter R,,B
	says --filter
}
