#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Files are read by a reader of its own in tests/peer/export_data.py.

bats_require_minimum_version 1.5.0

load ../common

spectra() {
	iq-gen --rate 20k --seconds 100ms --noise 1 --freq 1M "$@" | fft-slice -n 64
}

@test "fil-write: what fil-read has read comes out byte by byte, 8, 16 and 32 bits" {
	local bits
	for bits in 8 16 32; do
		fil_file $bits 16 5000 >a.fil
		fil-read a.fil | fil-write -o b.fil
		same a.fil b.fil
		fil-read a.fil | fil-write | cmp - a.fil
	done
	# Later rows are later, to the half microsecond that an MJD tells.
	fil-read a.fil | stream-take --from 1000 | fil-write | fil-read - | stream-head -n 1 |
		grep -Eq 'time0 2023-02-25T12:00:0(0.999999|1.000000)'
}

@test "fil-write: values that were changed are not of the bits they came with" {
	fil_file 8 16 100 >a.fil
	fil-read a.fil | edit key 'x.y z' >kept.leat
	[[ $(fil-write <kept.leat | fil-read - | stream-head -n 1) == *'~x.fil.nbits 8'* ]]
	# As a command that changes values leaves them.
	{
		printf 'key kinds SPECTRA\nkey rate_num 1000\nkey rate_den 1\nkey row_step 1\nkey row_span 1\n'
		printf 'key x.fil.telescope_id 6\nHEAD\nSPECTRA f32 0 2x1x8\nEND\n'
	} | mkstream | fil-write | fil-read - | stream-head -n 1 >text
	grep -q 'nbits 32' text
	grep -q 'telescope_id 6' text
}

@test "fil-write: gaps are refused, filled with NaN, or closed" {
	spectra --gap 32ms:17ms >gap.leat
	expect 65 fil-write -o x.fil <gap.leat
	says 'missing' '--gaps'
	no_files x.fil
	stream-payload gap.leat >values
	fil-write --gaps join <gap.leat | fil-read - | stream-payload | cmp - values
	fil-write --gaps nan <gap.leat | fil-read - | stream-payload | od -An -v -tf4 -w256 |
		awk '{ printf $1 == "nan" ? "x" : "." } END { print "" }' |
		same_text <(echo '..........xxxxx...............')
	expect 64 fil-write --gaps nan --bits 8 <gap.leat
	says --gaps nan
	{
		printf 'key kinds SPECTRA\nkey rate_num 1\nkey rate_den 1\nkey row_step 1\nkey row_span 1\n'
		printf 'HEAD\nSPECTRA f32 0 1x1x8\nSPECTRA f32 4611686018427387904 1x1x8 gap\nEND\n'
	} | mkstream | expect 65 fil-write --gaps nan -o x.fil
	says 'more than 1 GiB'
	no_files x.fil
}

@test "fil-write: integers are scaled, clipped, and say so" {
	printf 'key kinds SPECTRA\nkey rate_num 1\nkey rate_den 1\nkey row_step 1\nkey row_span 1\n' >keys
	printf 'HEAD\nSPECTRA f32 0 1x1x4\nEND\n' | cat keys - | mkstream >in # 1 8 15 22
	fil-write --bits 8 <in | tail -c 4 | od -An -tu1 | xargs | same_text <(echo 22 15 8 1)
	expect 0 fil-write --bits 8 --scale 20 <in
	says '2 of 4 values do not fit 8 bits'
	tail -c 4 out | od -An -tu1 | xargs | same_text <(echo 255 255 160 20)
	fil-write --bits 16 --scale 0.5 <in | tail -c 8 | od -An -tu2 | xargs | same_text <(echo 11 8 4 0)
	fil-write --scale 2 <in | tail -c 16 | od -An -tf4 | xargs | same_text <(echo 44 30 16 2)
	expect 0 fil-write --bits 8 --scale 0.01 <in
	says '4 of 4 values became 0' --scale
	expect 64 fil-write --scale 0 <in
	says --scale
	{ fil_head 32 4 && printf '\0\0\xc0\x7f\0\0\0\0\0\0\0\0\0\0\0\0'; } >nan.fil
	fil-read nan.fil | fil-write | cmp - nan.fil
	fil-read nan.fil | expect 65 fil-write --bits 8 -o x.fil
	says NaN '--bits 32'
	no_files x.fil
}

@test "fil-write: one header must hold for all segments" {
	spectra >one.leat
	spectra --freq 2M >far.leat
	cat one.leat far.leat | expect 65 fil-write --gaps join -o x.fil
	says 'centre frequency changes'
	iq-gen --rate 20k --noise 1 --freq 1M | fft-slice -n 64 -a 2 | cat one.leat - |
		expect 65 fil-write --gaps join -o x.fil
	says 'row_step changes'
	# Segments that are apart in time leave a gap of that length.
	spectra --time0 2024-06-27T14:49:00Z >early.leat
	spectra --time0 2024-06-27T14:49:00.16Z >late.leat
	cat early.leat late.leat | fil-write --gaps nan | fil-read - | stream-info |
		grep -q 'index   0 to 81,' # 31 rows, 19 of NaN, 31
	cat late.leat early.leat | expect 65 fil-write --gaps nan -o x.fil
	says 'before the one before'
	no_files x.fil
}

@test "fil-write: keys that make no header are told" {
	printf 'key kinds SPECTRA\nkey rate_num 1\nkey rate_den 1\nkey row_step 1\nkey row_span 1\n' >keys
	with() {
		{ cat keys && printf 'key %s\n' "$1" && printf 'HEAD\nSPECTRA f32 0 1x1x4\nEND\n'; } | mkstream
	}
	with 'x.fil.shoe_size 44' | expect 0 fil-write
	says shoe_size 'left out'
	with 'x.fil.telescope_id x' | expect 65 fil-write
	says telescope_id "'x'"
	with 'x.fil.refdm 1e' | expect 65 fil-write
	says refdm
	with 'x.fil.ibeam 2147483648' | expect 65 fil-write
	says ibeam '32 bits'
	with '%bin_step_hz 0' | expect 65 fil-write
	says bin_step_hz
}
