#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The list by what it must be. Rows against numpy stand in tests/peer/sds.py.

bats_require_minimum_version 1.5.0
load ../common

# about PYTHON < json: prints an expression of x, the JSON.
about() {
	/usr/bin/python3 -c 'import base64, json, struct, sys
x = json.load(sys.stdin)
def row(s): return struct.unpack("<%df" % (len(base64.b64decode(s["data"])) // 4), base64.b64decode(s["data"]))
def own(k): return [s["custom_fields"].get(k) for s in x]
print(eval(sys.argv[1]))' "$1"
}

iq() {
	iq-gen --rate 256k --type ci16 "$@"
}

@test "a tone of full scale is 0 dBFS in its bin, 150.5 dB of a count as SDS" {
	iq --seconds 20ms --tone 64k >in
	waterfall-json <in >list
	[[ $(about '[len(x), len(row(x[0])), row(x[3]).index(max(row(x[3])))]' <list) == '[5, 1024, 768]' ]]
	[[ $(about 'abs(max(row(x[0]))) < 0.001' <list) == True ]]
	waterfall-json --compat sds <in >list
	# 32767 (1024 of them) squared
	[[ $(about 'abs(max(row(x[0])) - 150.5147) < 0.001' <list) == True ]]
}

@test "the fields, as the gateway has them and as they should be" {
	iq --seconds 10ms --freq 100M --time0 2024-06-27T14:49:00Z >in
	waterfall-json --compat sds -c ch0 <in >list
	[[ $(about 'list(x[0])' <list) == "['data', 'data_type', 'timestamp', 'min_frequency', 'max_frequency', 'num_samples', 'sample_rate', 'center_frequency', 'custom_fields']" ]]
	[[ $(about 'x[1]["custom_fields"]' <list) == "{'channel_name': 'ch0', 'start_sample': 1024, 'num_samples': 1024, 'fft_size': 1024, 'scan_time': 0.004, 'slice_index': 1}" ]]
	[[ $(about '[x[1][k] for k in list(x[1])[1:-1]]' <list) == "['float32', '2024-06-27T14:49:00.004000+00:00', -128000, 128000, 1024, 256000, 0]" ]]
	[[ $(about 'x[0]["timestamp"]' <list) == '2024-06-27T14:49:00+00:00' ]]
	waterfall-json -n 100 <in >list
	[[ $(about '[x[1][k] for k in list(x[1])[1:-1]]' <list) == "['float32', '2024-06-27T14:49:00.000390625Z', 99872000, 100128000, 100, 256000, 100000000]" ]]
	[[ $(about 'x[0]["custom_fields"]["unit"] + x[0]["custom_fields"]["window"]' <list) == dBFShann ]]
	printf '%s\n' 'key kinds IQ' 'key rate_num 256000' 'key rate_den 1' HEAD 'IQ ci16 0 5000x1' END |
		mkstream | waterfall-json >list
	[[ $(about '[x[0]["center_frequency"], x[0]["timestamp"], x[0]["min_frequency"]]' <list) == '[None, None, -128000]' ]]
}

@test "the channel is the one that drf-read read" {
	needs drf-read
	cp -r "$(captures)/blocks" capture
	drf-read -c ch capture | waterfall-json -n 16 >list
	[[ $(about 'set(own("channel_name"))' <list) == "{'ch'}" ]]
	drf-read -c ch capture | waterfall-json -n 16 -c 'a "b"' >list
	[[ $(about 'set(own("channel_name"))' <list) == "{'a \"b\"'}" ]]
}

@test "slices lie on one grid; a gap is one object, and is missing as SDS" {
	# 2560 samples, a gap of 7680, 10240 samples more: slices 2 to 9 are not whole.
	iq --seconds 80ms --gap 10ms:30ms --noise 0.1 >in
	waterfall-json <in >list
	[[ $(about 'own("slice_index")' <list) == "[0, 1, 2, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]" ]]
	[[ $(about '[x[2]["data"], x[2]["num_samples"], own("gap")[2], own("slice_count")[2], own("start_sample")[2:4]]' \
		<list) == '[None, 8192, True, 8, [2048, 10240]]' ]]
	waterfall-json --compat sds <in >list
	[[ $(about 'own("slice_index")' <list) == "[0, 1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]" ]]
	[[ $(about 'own("start_sample")[2]' <list) == 10240 ]]
	waterfall-json --slices 4:11 <in >list
	[[ $(about '[own("slice_index"), own("slice_count")]' <list) == "[[4, 10], [6, None]]" ]]
}

@test "a slice after a gap that is no whole number of slices is what stands there" {
	iq --seconds 40ms --gap 10ms:7ms --tone 30k --noise 0.1 >in
	waterfall-json --compat sds <in >list
	at=$(about 'own("start_sample")[3]' <list)
	stream-take --from "$at" <in | waterfall-json --compat sds --slices :1 >one
	[[ $(about 'x[3]["data"]' <list) == "$(about 'x[0]["data"]' <one)" ]]
}

@test "some slices are those of all, and the rest is not read" {
	iq --seconds 1s --noise 0.1 >in
	waterfall-json <in >list
	waterfall-json --slices 100:103 <in >some
	[[ $(about 'own("slice_index")' <some) == '[100, 101, 102]' ]]
	[[ $(about '[s["data"] for s in x]' <some) == "$(about '[s["data"] for s in x[100:103]]' <list)" ]]
	for slices in 5:5 1000: 250:300; do
		waterfall-json --slices $slices <in >some
		[[ $(about x <some) == '[]' ]]
	done
	waterfall-json --slices 248: <in >some
	[[ $(about 'own("slice_index")' <some) == '[248, 249]' ]]
	# A source without an end.
	mkfifo fifo
	iq-gen --rate 256k --seconds 1000 >fifo 2>/dev/null &
	timeout 10 waterfall-json --slices 3:4 <fifo >some
	wait $! || [[ $? == 141 ]]
	[[ $(about 'own("slice_index")' <some) == '[3]' ]]
	for slices in 3 a:b -1:2 3:2 1:2:3; do
		expect 64 waterfall-json --slices="$slices" <in
		says --slices "'$slices'"
	done
}

@test "a live stream's slices come before its end" {
	iq --seconds 20ms >in
	head -c $(($(stat -c %s in) - 128 - 64)) in >begun # all but END
	mkfifo fifo
	waterfall-json <fifo >list &
	exec 7>fifo
	cat begun >&7
	for _ in {1..50}; do
		[[ $(wc -l <list) -lt 5 ]] || break
		sleep 0.05
	done
	[[ $(wc -l <list) -ge 5 ]]
	exec 7>&-
	wait $! || [[ $? == 76 ]]
	run ! about x <list # no list that looks whole
}

@test "bounds are those of the levels, 5 % wider" {
	iq --seconds 100ms --noise 0.1 --tone 64k:0.5 >in
	for compat in none sds; do
		for slices in : 3:7; do
			waterfall-json --compat $compat --slices $slices <in >list
			about '(lambda a, b: "%.6f %.6f" % (a - (b - a) * 0.05, b + (b - a) * 0.05))(
				min(min(row(s)) for s in x), max(max(row(s)) for s in x))' <list >wanted
			waterfall-json --compat $compat --slices $slices --bounds <in >bounds
			about '"%.6f %.6f" % (x["min"], x["max"])' <bounds | same_text wanted
		done
	done
	iq --seconds 1ms | waterfall-json --bounds >bounds
	[[ $(<bounds) == null ]]
}

@test "subchannels have an object each; SDS knows the first only" {
	iq --seconds 10ms --subchannels 2 --noise 0.1 >in
	waterfall-json <in >list
	[[ $(about '[own("subchannel"), own("slice_index"), len(set(s["data"] for s in x))]' <list) == \
		'[[0, 1, 0, 1], [0, 0, 1, 1], 4]' ]]
	waterfall-json --compat sds <in >list
	[[ $(about '[own("subchannel"), own("slice_index")]' <list) == '[[None, None], [0, 1]]' ]]
}

@test "real input: half the bins, above the centre; two sides as SDS" {
	iq-gen --real --rate 256k --seconds 10ms --freq 1M --tone 64k >in
	waterfall-json <in >list
	[[ $(about '[len(row(x[0])), x[0]["min_frequency"], x[0]["max_frequency"]]' <list) == '[513, 1000000, 1128000]' ]]
	[[ $(about 'row(x[0]).index(max(row(x[0])))' <list) == 256 ]]
	waterfall-json --compat sds <in >list
	[[ $(about '[len(row(x[0])), x[0]["min_frequency"]]' <list) == '[1024, -128000]' ]]
}

@test "silence and NaN are levels a reader can take" {
	iq --type ci16 --seconds 5ms | waterfall-json >list
	[[ $(about 'set(row(x[0]))' <list) == '{-300.0}' ]]
	iq --type ci16 --seconds 5ms | waterfall-json --compat sds >list
	[[ $(about 'set(row(x[0]))' <list) == '{-120.0}' ]]
	printf 'key kinds IQ\nkey rate_num 1000\nkey rate_den 1\nHEAD\nnan\nIQ cf32 0 1024x1\nEND\n' |
		mkstream >in 2>/dev/null || skip "mkstream makes no NaN"
	waterfall-json --bounds <in >bounds
	[[ $(<bounds) == null ]]
}

@test "a retune: each slice has its centre, the one that holds it is a gap" {
	iq --seconds 40ms --freq 10M --retune 21ms:12M >in
	waterfall-json <in >list
	[[ $(about '[(s["custom_fields"]["slice_index"], s["center_frequency"], s["data"] is None) for s in x[4:7]]' \
		<list) == '[(4, 10000000, False), (5, 12000000, True), (6, 12000000, False)]' ]]
}

@test "segments: times of their own, one rate, a grid anew where they go back" {
	iq --seconds 10ms >a
	cat a a | waterfall-json >list
	[[ $(about '[own("slice_index"), own("start_sample")]' <list) == '[[0, 1, 2, 3], [0, 1024, 0, 1024]]' ]]
	iq-gen --rate 128k --seconds 10ms | cat a - >ab
	expect 65 waterfall-json <ab
	says 128000 256000
}

@test "a stream cut short leaves no file, one without slices an empty list" {
	iq --seconds 100ms >in
	head -c 30000 in | expect 76 waterfall-json -o list
	no_files list
	iq --seconds 1ms | waterfall-json -o list
	[[ $(about x <list) == '[]' ]]
	expect 64 waterfall-json --compat sds -n 512 <in
	says --size 512 1024
}

@test "framing and threads change no byte" {
	iq --seconds 300ms --noise 0.3 --gap 100ms:1ms >in
	for compat in none sds; do
		waterfall-json --compat $compat -j1 <in >one
		dribble 1000 <in | waterfall-json --compat $compat -j3 | same - one
	done
}

@test "indices at the ends of 64 bits" {
	for index in 9223372036854770000 -9223372036854775808; do
		printf '%s\n' 'key kinds IQ' 'key rate_num 100' 'key rate_den 1' HEAD \
			"IQ ci16 $index 5000x1" END | mkstream >in
		expect 0 waterfall-json <in
		[[ $(about 'len(x)' <out) == 4 ]]
		expect 0 waterfall-json --compat sds <in
	done
	printf '%s\n' 'key kinds IQ' 'key rate_num 100' 'key rate_den 1' HEAD \
		"IQ ci16 -9223372036854775808 1500x1" "IQ ci16 9223372036854770000 3000x1 gap" END | mkstream >in
	expect 0 waterfall-json <in
	[[ $(about '[own("slice_index")[-1], own("start_sample")[-1]]' <out) == '[18014398509481980, 9223372036854771712]' ]]
}
