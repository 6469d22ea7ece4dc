#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Values and round trips are compared in tests/peer/export_data.py.

bats_require_minimum_version 1.5.0

load ../common

@test "fil-read: the header becomes keys, rows ascend in frequency" {
	{ fil_head 8 4 && printf '\1\2\3\4\5\6\7\10'; } >a.fil
	fil-read a.fil >a.leat
	stream-head -n 1 a.leat >text
	for line in 'rate_num 1000' 'rate_den 1' 'row_step 1' 'row_span 1' 'object B0329+54' \
		'time0 2023-02-25T12:00:00Z' 'freq_hz 1419500000' '%bin0_hz -1000000' \
		'%bin_step_hz 500000' 'x.fil.telescope_id 6' '%x.fil.fch1 1420' '~x.fil.nbits 8'; do
		grep -qxF "  $line" text
	done
	[[ $(grep -c '^  unit' text) == 0 ]]
	stream-payload a.leat | od -An -tf4 | xargs | same_text <(echo 4 3 2 1 8 7 6 5)
	fil-read - <a.fil | stream-payload >values
	stream-payload a.leat | cmp - values
}

@test "fil-read: 1, 2 and 4 bits, the lowest first" {
	{ fil_head 4 4 && printf '\x21\x43'; } >four.fil
	fil-read four.fil | stream-payload | od -An -tf4 | xargs | same_text <(echo 4 3 2 1)
	{ fil_head 2 4 && printf '\xe4'; } >two.fil
	fil-read two.fil | stream-payload | od -An -tf4 | xargs | same_text <(echo 3 2 1 0)
	{ fil_head 1 8 && printf '\x03'; } >one.fil
	fil-read one.fil | stream-payload | od -An -tf4 | xargs | same_text <(echo 0 0 0 0 0 0 1 1)
	{ fil_head 1 7 && printf '\x03'; } >odd.fil
	expect 65 fil-read odd.fil
	says odd.fil 'whole bytes'
}

@test "fil-read: a file cut anywhere is 65, and what it wrote is no stream" {
	fil_file 8 16 10 >whole.fil
	local size head at
	size=$(stat -c %s whole.fil)
	head=$((size - 160))
	for at in 0 1 3 4 10 15 16 17 19 20 40 $((head - 1)) $((head + 1)) $((size - 1)); do
		head -c "$at" whole.fil >cut.fil
		expect 65 fil-read cut.fil
		says cut.fil
		run ! stream-payload out
	done
	says 'ends inside row 9: 15 of 16 bytes'
	head -c $((head + 16)) whole.fil >row.fil
	expect 0 fil-read row.fil
	head -c $head whole.fil >none.fil
	expect 0 fil-read none.fil
	[[ $(stream-info --json <out) == *'"frames":0'* || $(stream-head --all out | grep -c SPECTRA) == 1 ]]
}

@test "fil-read: headers that lie or lack something are 65, told, in little memory" {
	wrong() {
		local words=$1
		shift
		"$@" >wrong.fil
		(
			[[ ${SANITIZED:-} ]] || ulimit -d 65536
			expect 65 fil-read wrong.fil
		)
		says wrong.fil "$words"
	}
	start() { fil_words HEADER_START; }
	whole() { fil_head "$@" && head -c 100 /dev/zero; }
	wrong 'must begin with' echo 'SIMPLE  =                    T'
	wrong 'is empty' true
	wrong 'nbits 7' whole 7 8
	wrong 'nbits 64' whole 64 8
	wrong 'nbits -8' whole -8 8
	wrong 'nchans 0' whole 8 0
	wrong 'nchans -1' whole 8 -1
	wrong 'nifs 0' whole 8 8 0
	wrong 'nifs 1000000' whole 8 8 1000000
	wrong 'ends inside row 0: 100 of 2147483647 bytes' whole 8 2147483647
	wrong 'too long' whole 32 2147483647 65536
	wrong 'nchans: missing' eval 'start; fil_int nbits 8; fil_words HEADER_END'
	wrong 'nbits: missing' eval 'start; fil_int nchans 8; fil_words HEADER_END'
	wrong 'fch1: missing' eval 'start; fil_int nchans 8; fil_int nbits 8; fil_words HEADER_END'
	wrong "unknown keyword 'shoe_size'" eval 'start; fil_int shoe_size 8; fil_words HEADER_END'
	wrong 'evenly spaced' eval 'start; fil_words FREQUENCY_START'
	wrong 'at most 80' eval 'start; printf "\x51\0\0\0%081d" 1; head -c 99 /dev/zero'
	wrong 'at most 80' eval 'start; printf "\xff\xff\xff\xff"; head -c 99 /dev/zero'
	wrong 'at most 1024' eval 'start; fil_words source_name; printf "\xff\xff\0\0"; head -c 99 /dev/zero'
	wrong 'more than 64' eval 'start; for i in {1..65}; do fil_int ibeam 1; done; head -c 9 /dev/zero'
	wrong 'big-endian' eval 'printf "\0\0\0\x0cHEADER_START"; head -c 99 /dev/zero'
	wrong 'foff 0' eval 'start; fil_int nchans 8; fil_int nbits 8; fil_real fch1 0000000000309640;
		fil_real foff 0000000000000000; fil_real tsamp fca9f1d24d62503f; fil_words HEADER_END'
	wrong 'fch1 nan' eval 'start; fil_int nchans 8; fil_int nbits 8; fil_real fch1 000000000000f87f;
		fil_real foff 000000000000e0bf; fil_real tsamp fca9f1d24d62503f; fil_words HEADER_END'
	wrong 'tsamp 0' eval 'start; fil_int nchans 8; fil_int nbits 8; fil_real fch1 0000000000309640;
		fil_real foff 000000000000e0bf; fil_real tsamp 0000000000000000; fil_words HEADER_END'
	wrong 'tsamp -nan' eval 'start; fil_int nchans 8; fil_int nbits 8; fil_real fch1 0000000000309640;
		fil_real foff 000000000000e0bf; fil_real tsamp 000000000000f8ff; fil_words HEADER_END'
}

@test "fil-read: what is not there, or no file, is said" {
	expect 66 fil-read nowhere.fil
	says nowhere.fil 'cannot open'
	expect 66 fil-read .
	says 'is a folder'
	expect 64 fil-read
	expect 64 fil-read a b
}

@test "fil-read: texts of any bytes travel" {
	{
		fil_words HEADER_START source_name
		printf '\6\0\0\0a\nb\xff\\c'
		fil_head 8 4 | tail -c +44
		printf 1234
	} >bytes.fil
	fil-read bytes.fil | fil-write | cmp - bytes.fil
	fil-read bytes.fil | stream-head -n 1 | grep -qF '  object a\nb\xFF\\c'
}
