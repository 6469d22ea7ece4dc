#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# shellcheck disable=SC2094

bats_require_minimum_version 1.5.0
load ../common

# mosaic PATTERN [LINE …]: bytes 0 to 23 in 4 rows of 6, lines of metadata before.
mosaic() {
	local pattern=$1
	shift
	printf '%s\n' 'key unit adu' 'key full_scale 255' HEAD "$@" "key %bayer $pattern" \
		'IMAGE u8 0 1x4x6 last' END | mkstream
}

values() {
	stream-payload | od -An -v -tf4 -w4 | tr -d ' '
}

@test "debayer: superpixels are the cell's values" {
	mosaic GRBG >in
	stream-payload in | od -An -v -tu1 -w1 | tr -d ' ' >v
	debayer --method superpixel <in | values >out
	awk '{ v[NR - 1] = $1 } END {
		for (p = 0; p < 3; p++) for (y = 0; y < 2; y++) for (x = 0; x < 3; x++) {
			a = 12 * y + 2 * x
			print p == 0 ? v[a + 1] : p == 1 ? (v[a] + v[a + 7]) / 2 : v[a + 6]
		}
	}' v >expected
	same out expected
}

@test "debayer: what was measured stays, by every method and pattern" {
	for pattern in RGGB BGGR GRBG GBRG; do
		night --cfa $pattern --count 1 >in
		stream-payload in | od -An -v -tu2 -w2 >measured
		for method in bilinear vng rcd; do
			debayer --method $method <in | values | awk -v p=$pattern '
				BEGIN { n = 96 * 80; while ((getline v <"measured") > 0) m[k++] = v + 0 }
				{
					i = (NR - 1) % n; plane = int((NR - 1) / n)
					c = substr(p, int(i / 96) % 2 * 2 + i % 96 % 2 + 1, 1)
					if (index("RGB", c) == plane + 1) { seen++; bad += $1 != m[i] }
				}
				END { exit seen != n || bad }'
		done
	done
}

@test "debayer: a given pattern, and frames that are no mosaic" {
	mosaic RGGB >in
	mosaic BGGR >other
	debayer --pattern BGGR <in | stream-payload >out
	debayer <other | stream-payload | cmp - out
	night --count 1 >mono
	debayer <mono | stream-payload | cmp - <(stream-payload mono)
	debayer --pattern RGGB <mono | stream-head --all | grep -q 'f32 \[3\]'
	night --planes 3 --count 1 >colour
	debayer --pattern RGGB <colour | stream-payload | cmp - <(stream-payload colour)
	mosaic RRGB >wrong
	expect 65 debayer <wrong
	says RRGB RGGB
	printf '%s\n' 'key unit adu' HEAD 'key %bayer RGGB' 'IMAGE u8 0 1x1x9 last' END | mkstream >thin
	expect 65 debayer <thin
	says '9 x 1' '2 x 2'
	printf '%s\n' 'key unit display' HEAD 'key %bayer RGGB' 'IMAGE u8 0 1x4x4 last' END | mkstream |
		expect 65 debayer
	says 'unit display'
}

@test "debayer: geometry follows" {
	mosaic RGGB 'key %row_order top-down' "key %fits.card CRPIX1  =                  3.5" \
		"key %fits.card CD1_1   =                 0.25" \
		"key %fits.card XBAYROFF=                    0" >in
	debayer <in | stream-head --all >out
	grep -q '%row_order top-down' out
	grep -q '%fits.card CRPIX1  = *3.5' out
	run ! grep -q '%bayer\|BAYROFF' out
	debayer --method superpixel <in | stream-head --all >out
	grep -q '%fits.card CRPIX1  = *2$' out
	grep -q '%fits.card CD1_1   = *0.5$' out
	# What only HEAD says, frames that pass say themselves.
	printf '%s\n' 'key unit adu' 'key %row_order top-down' 'key ~noise 3' HEAD \
		'IMAGE u8 0 1x4x4 last' END | mkstream | debayer | stream-head --all >out
	grep -q '%row_order top-down' out
	grep -q '~noise 3' out
}

@test "debayer: members of a group" {
	printf '%s\n' 'key unit adu' HEAD 'key %bayer RGGB' 'IMAGE u8 0 1x4x6' 'key role mask' \
		'IMAGE u8 0 1x4x6' 'key role weight' 'IMAGE u8 0 1x4x6 last' END | mkstream >in
	debayer <in | stream-head --all >out
	[[ $(grep -c '^IMAGE.*u8 \[1\]\[4\]\[6\]' out) == 2 ]]
	debayer --method superpixel <in >halved
	stream-head --all halved >out
	grep -q '^IMAGE.*u8 \[1\]\[2\]\[3\]' out
	[[ $(grep -c '^IMAGE' out) == 3 ]]
	stream-take --frames 0:1 <in | stream-head --all | grep -c '^IMAGE' | grep -qx 3
	# A table of pixels stays on the same grid only; without it the image is its group's last member.
	printf '%s\n' 'key kinds IMAGE TABLE' 'key unit adu' HEAD 'key %bayer RGGB' \
		'IMAGE u8 0 1x4x6' 'key %coords pixel' 'key role stars' 'key col x u8 px' 'payload 3' \
		'TABLE columns 0 3 last' END | mkstream >in
	debayer <in | stream-head --all | grep -q '^TABLE.*last'
	debayer --method superpixel <in >halved
	stream-head --all halved >out
	grep -q '^IMAGE.*last' out
	run ! grep -q '^TABLE' out
	grep -q 'note debayer dropped=1' out
}

@test "debayer: no data stays none, and no farther than a pixel" {
	# Of bytes 0 … in a flat, the 0 is a hole.
	printf '%s\n' 'key unit adu' HEAD 'IMAGE u8 0 1x12x16 last' END | mkstream >flat
	printf '%s\n' 'key unit adu' HEAD 'key %bayer RGGB' 'IMAGE u8 0 1x12x16 last' END | mkstream |
		fits-calibrate --flat flat >holed
	for method in bilinear vng rcd; do
		debayer --method $method <holed | values | grep -c nan >missing
		echo "$method $(<missing)" >>counts
	done
	[[ $(cut -d' ' -f2 counts | sort -u | wc -l) == 1 ]]
	n=$(<missing)
	((n > 3 && n <= 18))
}
