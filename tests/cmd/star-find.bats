#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

stars() {
	/usr/bin/python3 "$ROOT/tests/stars.py" "$@"
}

# agrees TRUTH TABLE: every planted star is there within 0.1 px and 3 % of its flux, and no other.
agrees() {
	awk 'NR == FNR { x[NR] = $1; y[NR] = $2; flux[NR] = $3; n = NR; next }
		$1 == "index" { next }
		{
			for (i = 1; i <= n; i++)
				if (($1 - x[i]) ^ 2 + ($2 - y[i]) ^ 2 < 0.01 && ($3 / flux[i] - 1) ^ 2 < 0.0009)
					seen[i]++
			rows++
		}
		END {
			for (i = 1; i <= n; i++)
				if (seen[i] != 1) { print "star at " x[i] " " y[i] ": seen " seen[i] + 0; bad = 1 }
			if (rows != n) { print rows " rows, " n " stars"; bad = 1 }
			exit bad
		}' "$1" "$2" >&2
}

make() {
	needs fits-read
	stars make "$@" >truth
}

@test "star-find: planted stars, where and how bright they are" {
	make a.fits 180 140 30 1
	fits-read a.fits | star-find >out
	stars show <out >table
	agrees truth table
	grep -q '^index 0 x y flux fwhm eccentricity angle peak background snr saturated$' table
	awk 'NR > 1 && ($4 < 2.9 || $4 > 3.3 || $5 > 0.5 || $8 < 990 || $8 > 1010 || $10) { exit 1 }' table
	awk 'NR > 2 && $3 > last { exit 1 } NR > 1 { last = $3 }' table
	fits-read a.fits | star-find --fit gauss | stars show >narrow
	agrees truth narrow
}

@test "star-find: what the table says of itself" {
	make a.fits 180 140 30 2 1 "OBJECT  = 'M 31    '" "EXPTIME =                 12.5"
	fits-read a.fits | star-find >out
	stream-head --all out >text
	for word in 'kinds TABLE' 'role stars' '%coords pixel' 'col x f64 px' 'col flux f32 adu' \
		'~star_count 30' 'object M 31' 'exposure_s 12.5'; do
		grep -qxF "  $word" text
	done
	grep -q '^  ~fwhm_px 3\.[01]' text
	grep -Eq '^  ~background (1000|999|1001)' text
	grep -Eq '^  ~noise (9|10)\.' text
	[[ $(grep -c '^IMAGE' text) == 0 && $(grep -c '^  unit' text) == 0 ]]
}

@test "star-find: --pass puts the table last in the group" {
	make a.fits 180 140 30 3
	fits-read a.fits a.fits >in
	star-find --pass <in >out
	stream-head --all out | grep -E '^(IMAGE|TABLE)' | awk '{ print $1, $5, $NF }' >frames
	same_text frames <<-'EOL'
		IMAGE 0 crc
		TABLE 0 last
		IMAGE 1 crc
		TABLE 1 last
	EOL
	stars show <out >table
	star-find <in | stars show | cmp - table
	stream-head --all out | grep -A40 '^IMAGE' | grep -q '^  ~star_count 30'
	# the pixels are what they were
	fits-read a.fits | export-png -o before.png
	fits-read a.fits | star-find --pass | export-png -o after.png
	same before.png after.png
}

@test "star-find: members of a group stay before the table, and only with --pass" {
	printf 'key kinds IMAGE\nHEAD\nIMAGE u16 5 1x40x50\nkey role mask\nIMAGE u8 5 1x40x50 last\nEND\n' |
		mkstream >in
	star-find --pass -q <in >out
	stream-head --all out | grep -E '^(IMAGE|TABLE)' | awk '{ print $1, $5, $6, $NF }' >frames
	same_text frames <<-'EOL'
		IMAGE 5 u16 crc
		IMAGE 5 u8 crc
		TABLE 5 columns last
	EOL
	star-find -q <in >out
	[[ $(stream-head --all out | grep -Ec '^(IMAGE|TABLE)') == 1 ]]
	expect 0 star-find --pass -q <in
}

@test "star-find: the green plane of three" {
	make a.fits 120 100 12 4 3
	fits-read a.fits | star-find | stars show >table
	agrees truth table
}

@test "star-find: a mosaic is refused, so are two planes" {
	printf 'key kinds IMAGE\nkey %%bayer GRBG\nHEAD\nIMAGE u16 0 1x40x50 last\nEND\n' |
		mkstream | expect 65 star-find
	says %bayer debayer
	printf 'key kinds IMAGE\nHEAD\nIMAGE u16 0 2x40x50 last\nEND\n' | mkstream | expect 65 star-find
	says '2 planes'
}

@test "star-find: a frame without stars is an empty table and a warning" {
	make none.fits 100 90 0 5
	make some.fits 100 90 5 6
	fits-read none.fits some.fits | expect 0 star-find
	says 'frame 1' 'no stars'
	stars show <out | grep -c '^index' | grep -qx 2
	stream-head --all out | grep -q 'note star-find starless=1'
	stream-head --all out | grep -qx '  ~star_count 0'
}

@test "star-find: odd frames" {
	for shape in 1x1x1 1x3x400 1x500x2 1x64x64 3x1x1; do
		for type in u8 u16 i32 f32; do
			printf 'key kinds IMAGE\nHEAD\nIMAGE %s 0 %s last\nEND\n' $type $shape |
				mkstream | expect 0 star-find --sigma 1 -q
		done
	done
}

@test "star-find: --max and --sigma" {
	make a.fits 180 140 30 7
	fits-read a.fits >in
	star-find --max 7 <in | stars show >table
	head -n 7 truth >brightest
	agrees brightest table
	few=$(star-find --sigma 1000 <in | stars show | grep -vc '^index')
	[[ $few -gt 1 && $few -lt 20 ]]
	for wrong in 0 20001 -1 x; do
		expect 64 star-find --max=$wrong <in
		says --max
	done
	expect 64 star-find --fit airy <in
	says --fit moffat
}

@test "star-find: a synthetic night, its mosaic, and the same bytes over threads" {
	needs sky-gen
	sky-gen --width 300 --height 260 --count 2 --stars 120 --truth-stars all.csv >in
	star-find <in >out
	stars show <out | awk '$1 == "index" { frame = $2; next } frame == 0' >table
	awk -F'[, ]' 'NR == FNR { if (FNR > 1) { x[FNR] = $1; y[FNR] = $2 } next }
		{
			rows++
			for (i in x)
				if (($1 - x[i]) ^ 2 + ($2 - y[i]) ^ 2 < 0.5) { seen++; break }
		}
		END {
			print seen + 0, "of", rows
			exit !(rows >= 12 && seen >= 0.9 * rows)
		}' all.csv table
	for jobs in 2 5; do
		star-find -j $jobs <in | cmp - out
	done
	sky-gen --width 100 --height 90 --count 1 --cfa GRBG | expect 65 star-find
	says debayer
}
