#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# tests/peer/iq.py has WAV files of other programs, tests/unit/iq-name.c the names.
#
# `cat FILE |` makes a pipe of what would else be a file.
# shellcheck disable=SC2002

bats_require_minimum_version 1.5.0
load ../common

# bytes N: counting bytes.
bytes() {
	perl -e 'print map { chr($_ * 7 & 255) } 0 .. $ARGV[0] - 1' "$1"
}

# chunk NAME SIZE: a chunk's header.
chunk() {
	printf %s "$1"
	le 4 "$2"
}

# fmt FORMAT CHANNELS BITS
fmt() {
	chunk 'fmt ' 16
	le 2 "$1" && le 2 "$2" && le 4 8000 && le 4 $((8000 * $2 * $3 / 8))
	le 2 $(($2 * $3 / 8)) && le 2 "$3"
}

# wav FORMAT CHANNELS BITS SIZE: a WAV file of so many counting bytes.
wav() {
	chunk RIFF $(($4 + 36)) && printf WAVE && fmt "$1" "$2" "$3" && chunk data "$4" && bytes "$4"
}

@test "iq-read: what the name tells is said in one line, and not under -q" {
	bytes 1000 >g001_433.92M_250k.cu8
	expect 0 iq-read g001_433.92M_250k.cu8
	says 'g001_433.92M_250k.cu8: by its name' 'type cu8' 'rate 250000 ' 'frequency 433920000 Hz'
	stream-payload <out | cmp - g001_433.92M_250k.cu8
	stream-head -n 2 out >text
	grep -q '^IQ seq 1 index 0 cu8 \[500\]\[1\]' text
	grep -qx '  rate_num 250000' text
	grep -qx '  freq_hz 433920000' text
	grep -qx '  zero 127.5' text
	mv out told
	expect 0 iq-read -q g001_433.92M_250k.cu8
	[[ ! -s err ]]
	same out told
}

@test "iq-read: options win over the file, the file over its name" {
	wav 1 2 16 400 >SDRSharp_20160101_130000Z_7100000Hz_IQ.wav
	expect 0 iq-read SDRSharp_20160101_130000Z_7100000Hz_IQ.wav
	says 'frequency 7100000' 'time0 2016-01-01T13:00:00Z'
	stream-head -n 1 out >text
	grep -qx '  rate_num 8000' text
	expect 0 iq-read --rate 9k --freq 1kHz --time0 2020-01-01T00:00:00.5Z \
		SDRSharp_20160101_130000Z_7100000Hz_IQ.wav
	[[ ! -s err ]]
	stream-head -n 1 out >text
	grep -qx '  rate_num 9000' text
	grep -qx '  freq_hz 1000' text
	grep -qx '  time0 2020-01-01T00:00:00.5Z' text
	cp SDRSharp_20160101_130000Z_7100000Hz_IQ.wav baseband_7000000Hz_12-30-45_01-02-2023.wav
	expect 0 iq-read baseband_7000000Hz_12-30-45_01-02-2023.wav
	says 'frequency 7000000 Hz' 'no time0' zone
	run ! grep -q time0 <(stream-head -n 1 out)
}

@test "iq-read: without type or rate it is 64 and says what to give" {
	bytes 100 >x.raw
	expect 64 iq-read --rate 1M x.raw
	says x.raw --type
	expect 64 iq-read --type ci16 x.raw
	says x.raw 'rate is not known' --rate
	expect 64 iq-read --type ci16 <x.raw
	says 'standard input' --rate
	for wrong in --type=x17 --type=ci24 --freq=high --time0=noon; do
		expect 64 iq-read --rate 1M "$wrong" x.raw
		says "${wrong%%=*}" "${wrong#*=}"
	done
}

@test "iq-read: no file, a folder, no bytes" {
	expect 66 iq-read --rate 1 --type u8 nowhere
	says nowhere 'No such file'
	expect 66 iq-read --rate 1 --type u8 .
	says folder
	: >empty.cu8
	expect 65 iq-read --rate 1 empty.cu8
	says empty.cu8 'is empty'
	expect 65 iq-read --rate 1 --type u8 </dev/null
	says 'standard input' 'is empty'
}

@test "iq-read: half a sample at the end is left out and told" {
	bytes 403 >x.cs16
	expect 0 iq-read --rate 1M -t ci16 x.cs16
	says x.cs16 'within a sample'
	cmp <(stream-payload <out) <(bytes 400)
	stream-head --all out | tail -n 1 | grep -qx '  note iq-read partial_samples=1'
	expect 0 iq-read --rate 1M -t ci16 < <(cat x.cs16)
	says 'within a sample'
	cmp <(stream-payload <out) <(bytes 400)
	bytes 3 | expect 0 iq-read --rate 1M -t ci16
	[[ -z $(stream-payload <out) ]]
}

@test "iq-read: big-endian samples are turned round" {
	for case in ci16_be:2 cs16_be:2 s16be:2 ci32_be:4 cf32_be:4 cf64_be:8 cu8_be:1; do
		bytes 960 | iq-read -r 1k -t "${case%:*}" | stream-payload >got
		perl -e '$n = shift; $_ = join "", <STDIN>; print scalar reverse for unpack "(a$n)*", $_' \
			"${case#*:}" < <(bytes 960) | cmp - got
	done
}

@test "iq-read: each file is a segment of its own, announced by the one before" {
	bytes 100 >a_250ksps.cu8
	bytes 400 >b_1Msps_7MHz.cf32
	wav 1 1 8 77 >c.wav
	expect 0 iq-read -q a_250ksps.cu8 b_1Msps_7MHz.cf32 - <c.wav
	cmp <(stream-payload <out) <(cat a_250ksps.cu8 b_1Msps_7MHz.cf32 <(bytes 77))
	stream-head --all out | grep -E '^(HEAD|IQ|END)|rate_num|freq' | sed 's/ seq [0-9]*//' >text
	same_text text <<-'EOL'
		HEAD
		  rate_num 250000
		IQ index 0 cu8 [50][1] bytes 100 crc
		END more
		HEAD
		  rate_num 1000000
		  freq_hz 7000000
		IQ index 0 cf32 [50][1] bytes 400 crc
		END more
		HEAD
		  rate_num 8000
		IQ index 0 u8 [77][1] bytes 77 crc
		END
	EOL
}

@test "iq-read: subchannels of raw samples" {
	bytes 960 | iq-read -t ci16 -r 1M -c 3 -f 1M >out
	stream-head out >text
	grep -q 'ci16 \[80\]\[3\]' text
	[[ $(grep -c freq_hz text) == 3 ]]
}

@test "iq-read: channels of WAV: real, IQ, pairs, and what --type makes of them" {
	local format channels bits shape
	while read -r format channels bits shape; do
		wav "$format" "$channels" "$bits" 960 | iq-read | stream-head -n 2 | grep -qF " $shape"
	done <<-'EOL'
		1 1 16 i16 [480]
		1 2 16 ci16 [240]
		1 4 8 cu8 [240]
		1 6 32 ci32 [40]
		1 2 24 ci32 [160]
		3 2 32 cf32 [120]
		3 1 64 f64 [120]
	EOL
	wav 1 2 16 960 | iq-read --type i16 | stream-head -n 2 | grep -q 'i16 \[240\]\[2\]'
	wav 1 3 16 960 | iq-read --type i16 | stream-head -n 2 | grep -q 'i16 \[160\]\[3\]'
	wav 1 2 32 960 | iq-read --type cf32 | stream-head -n 2 | grep -q 'cf32 \[120\]\[1\]'
	wav 1 3 16 960 >x.wav
	expect 65 iq-read x.wav
	says '3 channels' --type
	expect 64 iq-read --type ci16 x.wav
	says --type '3 channels'
	expect 64 iq-read --type f32 x.wav
	says --type '16 bits'
	expect 64 iq-read --type i16_be x.wav
	says little-endian
	wav 1 1 24 960 >x.wav
	expect 64 iq-read --type f32 x.wav
	says '24 bits'
}

@test "iq-read: the middle of 8 bits is 128 in WAV" {
	wav 1 1 8 10 | iq-read | stream-head -n 1 >text
	grep -qx '  zero 128' text
	grep -qx '  full_scale 128' text
}

@test "iq-read: WAV that is packed or contradicts itself is 65 and says why" {
	local format channels bits word
	while read -r format channels bits word; do
		wav "$format" "$channels" "$bits" 96 >x.wav
		expect 65 iq-read x.wav
		says x.wav "$word"
	done <<-'EOL'
		7 1 8 format
		17 1 8 format
		1 0 16 channels
		1 2 64 bits
		3 2 16 bits
		1 1025 8 channels
	EOL
	{ chunk RIFF 400 && printf WAVE && chunk data 96 && bytes 96; } >x.wav
	expect 65 iq-read x.wav
	says 'before their format'
	{ chunk RIFF 400 && printf WAVE && fmt 1 2 16; } >x.wav
	expect 65 iq-read x.wav
	says 'without data'
	{ chunk RIFF 400 && printf WAVE && chunk 'fmt ' 8 && bytes 8 && chunk data 8 && bytes 8; } >x.wav
	expect 65 iq-read x.wav
	says fmt 16
	{ chunk RIFF 444 && printf WAVE && chunk LIST 4294967000 && bytes 400; } >x.wav
	expect 65 iq-read x.wav
	cat x.wav | expect 65 iq-read
}

@test "iq-read: a WAV file cut anywhere is 65, after all that is whole" {
	local n
	wav 1 2 16 80 >whole.wav
	for n in {13..123}; do
		head -c "$n" whole.wav >x.wav
		expect 65 iq-read x.wav
		if ((n >= 48)); then
			[[ $(stream-head --all out 2>/dev/null | sed -n 's/^IQ .*ci16 \[\([0-9]*\)\].*/\1/p') == $(((n - 44) / 4)) ]]
		fi
	done
	stream-payload <out >got 2>/dev/null && return 1
	head -c 120 whole.wav | expect 65 iq-read
	says cut '76 of 80'
}

@test "iq-read: a length that was never written is the rest of the file, and told" {
	{ chunk RIFF 0 && printf WAVE && fmt 1 2 16 && chunk data 0 && bytes 80; } >x.wav
	expect 0 iq-read x.wav
	says x.wav 'no length'
	cmp <(stream-payload <out) <(bytes 80)
	cat x.wav | expect 0 iq-read
	cmp <(stream-payload <out) <(bytes 80)
	{ chunk RIFF 4294967295 && printf WAVE && fmt 1 2 16 && chunk data 4294967295 && bytes 80; } |
		expect 0 iq-read
	says 'no length'
	cmp <(stream-payload <out) <(bytes 80)
}

@test "iq-read: a live stream goes on as it comes, and ends whole at the first INT" {
	local pid i
	set -m
	mkfifo live
	iq-read -t cu8 -r 1k <live >out 2>err &
	pid=$!
	exec 5>live
	bytes 100 >&5
	for ((i = 0; i < 200; i++)); do
		[[ $(edit list <out 2>/dev/null | wc -l) -lt 2 ]] || break
		sleep 0.02
	done
	bytes 50 >&5
	for ((i = 0; i < 200; i++)); do
		[[ $(edit list <out 2>/dev/null | wc -l) -lt 3 ]] || break
		sleep 0.02
	done
	kill -INT $pid
	wait $pid
	exec 5>&-
	[[ ! -s err ]]
	stream-head --all out | grep -E '^IQ' | sed 's/ crc//' >text
	same_text text <<-'EOL'
		IQ seq 1 index 0 cu8 [50][1] bytes 100
		IQ seq 2 index 50 cu8 [25][1] bytes 50
	EOL
}

@test "iq-read: a file that is read ends in ABORT at the first INT, or is done" {
	local pid code=0
	set -m
	head -c 100000000 /dev/zero >x.cu8
	mkfifo slow
	iq-read -q -r 1M x.cu8 >slow 2>err &
	pid=$!
	exec 6<slow
	sleep 0.1
	kill -INT $pid
	cat <&6 >out
	wait $pid || code=$?
	exec 6<&-
	[[ $code == 130 ]]
	stream-payload <out >/dev/null 2>&1 && return 1
	return 0
}
