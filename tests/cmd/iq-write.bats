#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# tests/peer/iq.py reads the files with other programs.

bats_require_minimum_version 1.5.0
load ../common

# made_of TYPE [OPTION …]: an odd number of samples.
made_of() {
	local type=$1
	shift
	iq-gen --type "$type" --rate 1001 --noise 0.3 "$@"
}

@test "iq-write: raw samples of every type come back bit for bit" {
	local type channels
	for type in {c,}{u,i}{8,16,32,64} {c,}f{32,64}; do
		for channels in 1 3; do
			made_of "$type" -c $channels >in
			stream-payload <in >wanted
			expect 0 iq-write -o x.raw <in
			says raw "iq-read --type $type --rate 1001"
			same x.raw wanted
			iq-read --type "$type" --rate 1001 -c $channels x.raw | stream-payload | cmp - wanted
		done
	done
	made_of ci16 | iq-write --type ci16_be | iq-read -r 1 --type ci16_be | stream-payload |
		cmp - <(made_of ci16 | stream-payload)
}

@test "iq-write: WAV of every type it has comes back bit for bit, channels and all" {
	local type channels
	for type in {c,}{u8,i16,i32,f32,f64}; do
		for channels in 1 4; do
			[[ $type == c* || $channels == 1 ]] || continue
			made_of "$type" -c $channels >in
			expect 0 iq-write -o x.wav <in
			[[ ! -s err ]]
			iq-read x.wav >out
			cmp <(stream-payload <out) <(stream-payload <in)
			stream-head -n 2 out | grep -q " $type \[1001\]\[$channels\]"
			iq-write --format rf64 <in >y.wav
			[[ $(head -c 4 y.wav) == RF64 ]]
			cmp <(iq-read <y.wav | stream-payload) <(stream-payload <in)
		done
	done
}

@test "iq-write: i8 becomes u8 in WAV and keeps its amplitudes; others are refused with a hint" {
	made_of ci8 >in
	iq-write -o x.wav <in
	iq-read x.wav | iq-write --type cf32 >got
	iq-write --type cf32 <in | cmp - got
	for type in cu16 cu32 ci64 cu64; do
		made_of $type | expect 65 iq-write --format wav
		says "$type" --type ci16
		no_files
	done
	made_of cf32 | expect 65 iq-write --type cu16 -o y.wav
	says cu16
	no_files y.wav
	made_of cf32 | expect 64 iq-write --type ci16_be -o y.wav
	says little-endian
	made_of cf32 | expect 65 iq-write --type i16
	says --type complex
	expect 64 iq-write --type x9 </dev/null
	says --type x9
}

@test "iq-write: start and frequency stand in auxi and come back" {
	iq-gen --rate 48k --freq 7.1M --time0 2024-06-27T14:49:00.125Z --gap 0:500ms |
		iq-write -o x.wav
	iq-read x.wav | stream-head -n 1 >text
	grep -qx '  freq_hz 7100000' text
	grep -qx '  time0 2024-06-27T14:49:00.625Z' text
	grep -qx '  rate_num 48000' text
	iq-gen --rate 48k --freq 7100000.5 | expect 0 iq-write -o x.wav
	says 7100000.5 whole
	iq-gen --rate 48k --freq 5G | expect 0 iq-write -o x.wav
	says 5000000000 'left out'
	run ! grep -q freq_hz <(iq-read x.wav | stream-head -n 1)
}

@test "iq-write: real samples of one subchannel are a plain mono file" {
	iq-gen --real --type f32 --rate 8k --tone 1k:0.5 | iq-write --type i16 -o x.wav
	perl -e '
		local $/; $_ = <STDIN>;
		die unless /^RIFF(....)WAVE.*fmt \x10\0\0\0\x01\0\x01\0(....)/s;
		die unless unpack("V", $1) == length($_) - 8 && unpack("V", $2) == 8000;
		die unless /\x02\0\x10\0data(....)/s && unpack("V", $1) == 16000;
	' <x.wav
	# a quarter of full scale times two, at the peaks
	[[ $(iq-read x.wav | stream-payload | od -An -t d2 -v -w2 | sort -n | sed -n '1p;$p' | tr -d ' \n') == -1638416384 ]]
}

@test "iq-write: a gap is refused, filled or left out, as told" {
	iq-gen --rate 1k --seconds 100ms --tone 0:0.5 --gap 30ms:20ms >in
	expect 65 iq-write -o x.wav <in
	says 'gap of 20 samples' --gaps zero join
	no_files x.wav
	expect 65 iq-write <in
	iq-write -q --gaps join <in | cmp - <(stream-payload <in)
	iq-write -q --gaps zero <in >got
	cmp got <(stream-payload <in | head -c 120 && head -c 80 /dev/zero && stream-payload <in | tail -c 200)
	iq-write -q --gaps zero --type cf64 <in | tail -c +481 | head -c 320 | cmp - <(head -c 320 /dev/zero)
	iq-gen --type cu8 --rate 1k --seconds 100ms --gap 30ms:20ms | iq-write -q --gaps zero -o x.wav
	[[ $(iq-read x.wav | stream-payload | od -An -v -t u1 -w1 -j 60 -N 40 | sort -u) == *128 ]]
	expect 0 iq-write -v --gaps zero -o x.wav <in
	says '1 gaps, 20 samples'
	printf '%s\n' 'key rate_num 1' 'key rate_den 1' 'key kinds IQ' HEAD 'IQ cu8 0 1x1' \
		'IQ cu8 3700 1x1 gap' END | mkstream | expect 65 iq-write --gaps zero -o y.wav
	says hour
	printf '%s\n' 'key rate_num 1000000000000000' 'key rate_den 1' 'key kinds IQ' HEAD \
		'IQ cu8 0 1x1' 'IQ cu8 4000000000000000 1x1 gap' END | mkstream |
		expect 65 iq-write --gaps zero
	says 64
	no_files y.wav
}

@test "iq-write: a second segment needs --name, which makes a file of each" {
	iq-gen --rate 10k --freq 1M --retune 500ms:2M >in
	expect 65 iq-write -o x.wav <in
	says x.wav 'a second segment' --name
	no_files x.wav
	expect 65 iq-write <in
	says 'standard output' --name
	iq-write --name 'x_{n}_{freq_hz}.wav' <in
	iq-read x_0_1000000.wav | stream-head -n 1 | grep -qx '  freq_hz 1000000'
	iq-read x_1_2000000.wav | stream-head -n 1 | grep -qx '  freq_hz 2000000'
	cmp <(iq-read x_0*.wav x_1*.wav | stream-payload) <(stream-payload <in)
	[[ $(wc -l <x.manifest) == 2 ]]
}

@test "iq-write: no samples, no file" {
	printf '%s\n' 'key rate_num 1' 'key rate_den 1' 'key kinds IQ' HEAD END | mkstream >in
	expect 65 iq-write -o x.wav <in
	says 'no segment'
	no_files x.wav
	printf '%s\n' 'key kinds IQ' HEAD 'IQ cu8 0 1x1' END | mkstream >in || true
	expect 65 iq-write -o x.wav <in
	no_files x.wav
}

@test "iq-write: a rate that WAV does not hold is rounded and told, or refused" {
	iq-gen --rate 100000/3 | expect 0 iq-write -o x.wav
	says 100000/3 33333
	iq-read x.wav | stream-head -n 1 | grep -qx '  rate_num 33333'
	iq-gen --rate 3/2 --seconds 9s | expect 65 iq-write -o y.wav
	says 3/2 whole
	iq-gen --rate 5G --seconds 1us | expect 65 iq-write -o y.wav
	says 5000000000
	no_files y.wav
}

@test "iq-write: what saturates and what is no data is counted and told" {
	perl -e 'print pack "f<*", 0.25, 1, -1, 1.5, -1.5, "nan", 0, 0.5' |
		iq-read --type f32 --rate 1k >in
	expect 0 iq-write --type i16 -o x.wav <in
	grep -q '2 values clipped' err
	grep -q '1 values of no data' err
	iq-read x.wav | stream-payload | perl -e 'print join " ", unpack "s<*", <STDIN>' >got
	[[ $(<got) == '8192 32767 -32768 32767 -32768 0 0 16384' ]]
}

@test "iq-write: a scale of its own is lost in raw samples, told, and honoured in another type" {
	printf '%s\n' 'key rate_num 1' 'key rate_den 1' 'key kinds IQ' 'key full_scale 2048' HEAD \
		'IQ i16 0 4x1' END | mkstream >in
	expect 0 iq-write <in
	says 'full_scale 2048'
	cmp out <(stream-payload <in)
	iq-write -q --type f64 <in | perl -e 'print join " ", unpack "d<*", <STDIN>' >got
	# mkstream counts bytes by 7: 0x0700 0x150e 0x231c 0x312a
	perl -e 'print join " ", map { $_ / 2048 } 0x0700, 0x150e, 0x231c, 0x312a' | cmp - got
}

@test "iq-write: WAV into a pipe has the right length, and no bytes before the end" {
	made_of ci16 >in
	iq-write -o x.wav <in
	iq-write --format wav <in | cmp - x.wav
	head -c 3000 in | expect 76 iq-write --format wav
	[[ ! -s out ]]
}

@test "iq-write: raw samples into a pipe come as they come" {
	local pid i
	mkfifo live
	made_of ci16 >in
	iq-write <live >out &
	pid=$!
	exec 5>live
	head -c -150 in >&5
	for ((i = 0; i < 200; i++)); do
		[[ $(stat -c %s out) -lt 4004 ]] || break
		sleep 0.02
	done
	[[ $(stat -c %s out) == 4004 ]]
	tail -c 150 in >&5
	exec 5>&-
	wait $pid
}

@test "iq-write: the name's end says the format, whatever its case" {
	made_of ci16 >in
	iq-write -q -o x.WAV <in
	[[ $(head -c 4 x.WAV) == RIFF ]]
	iq-write -q -o x.rf64 <in
	[[ $(head -c 4 x.rf64) == RF64 ]]
	iq-write -q -o wav <in
	same wav <(stream-payload <in)
	iq-write -q --format raw -o x.wav <in
	same x.wav wav
	iq-write --format wav -q -o x.raw <in
	[[ $(head -c 4 x.raw) == RIFF ]]
}

@test "iq-write: rows of odd length are padded" {
	iq-gen --real --type u8 --rate 1001 | iq-write -o x.wav
	[[ $(($(stat -c %s x.wav) % 2)) == 0 ]]
	[[ $(od -An -t u4 -j 4 -N 4 x.wav | tr -d ' ') == $(($(stat -c %s x.wav) - 8)) ]]
	iq-read x.wav | stream-payload | wc -c | grep -qx 1001
}

@test "iq-write: a form that changes within a segment is 65" {
	printf '%s\n' 'key rate_num 1' 'key rate_den 1' 'key kinds IQ' HEAD 'IQ ci16 0 4x1' \
		'IQ ci8 4 4x1' END | mkstream >in
	expect 65 iq-write -o x.wav <in
	says ci8 ci16
	no_files x.wav
}
