#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

# The values 1 to 100 again and again, on two planes.
input() {
	printf 'key kinds IMAGE\nHEAD\nIMAGE f32 7 2x20x50 last\nIMAGE f32 8 1x10x10 last\nEND\n' |
		mkstream
}

@test "image-stats: a line for each plane, aligned, with the right numbers" {
	input | image-stats >text
	[[ $(wc -l <text) == 4 && $(awk '{ print length }' text | sort -u | wc -l) == 1 ]]
	awk 'NR > 1 { print $1, $2, $3, $4, $5, $6, $7, $8, $9, $10 }' text | same_text <(
		printf '%s\n' '0 0 1000 0 1 100 50.5 28.8661 50.5 25' \
			'0 1 1000 0 1 100 50.5 28.8661 50.5 25' '1 0 100 0 1 100 50.5 28.8661 50.5 25'
	)
	# the second difference of 7, 14 … modulo 100 is 0 or 100, mostly 0
	awk 'NR > 1 && ($11 != 0 || $12 != "nan") { exit 1 }' text
}

@test "image-stats: --json can be read by a program" {
	input | image-stats --json >text
	/usr/bin/python3 - text <<-'END'
		import json, sys
		rows = [json.loads(line) for line in open(sys.argv[1])]
		assert [(r["frame"], r["index"], r["plane"]) for r in rows] == [(0, 7, 0), (0, 7, 1), (1, 8, 0)]
		assert rows[0]["snr"] is None and rows[0]["mean"] == 50.5 and rows[0]["sigma"] == 28.86607
	END
}

@test "image-stats: masks are no images" {
	image-stats <"$ROOT/tests/golden/images.leat" >text
	[[ $(wc -l <text) == 5 ]]
}
