#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What recordings are refused, with which words. tests/peer/sigmf.py has those that are read.

bats_require_minimum_version 1.5.0
load ../common

# meta GLOBAL [CAPTURES [ANNOTATIONS]]: r.sigmf-meta of these members, beside 1000 samples.
meta() {
	[[ -e r.sigmf-data ]] || sigmf_files r
	printf '{"global": {"core:version": "1.2.0", %s}, "captures": [%s], "annotations": [%s]}' "$1" "${2-}" "${3-}" \
		>r.sigmf-meta
}

good='"core:datatype": "ci16_le", "core:sample_rate": 1e6'

# wrong WORDS …: the recording is refused with 65 and these words, without a sample.
wrong() {
	expect 65 sigmf-read r
	says "$@"
	[[ $(stream-payload out 2>/dev/null | wc -c) == 0 ]]
}

@test "values of the recording" {
	local type
	meta "$good" && sigmf-read r | stream-payload | cmp - r.sigmf-data
	for type in ci16 ci16_xe ci24_le x cf16_le i16_le ci64_le '' ci16_le_le cccccccccccccccccccccccccccc; do
		meta "\"core:datatype\": \"$type\", \"core:sample_rate\": 1"
		wrong r.sigmf-meta core:datatype "'${type:0:4}"
	done
	meta '"core:sample_rate": 1'
	wrong core:datatype missing
	meta '"core:datatype": 3, "core:sample_rate": 1'
	wrong core:datatype missing
	for type in 0 -1 '"1e6"' 1e300 null '[]'; do
		meta "\"core:datatype\": \"ci16_le\", \"core:sample_rate\": $type"
		wrong core:sample_rate 'must be'
	done
	meta '"core:datatype": "ci16_le"'
	wrong core:sample_rate --rate
	sigmf-read --rate 48k r | stream-head -n 1 | grep -q 'rate_num 48000'
	for type in 0 -1 1.5 65537 99999999999999999999 '"2"'; do
		meta "$good, \"core:num_channels\": $type"
		wrong r.sigmf-meta
	done
	meta "$good, \"core:num_channels\": 3"
	wrong '4000 bytes' 'samples of 12 bytes'
	meta "$good, \"core:offset\": -1"
	wrong core:offset 'from 0'
	meta "$good, \"core:trailing_bytes\": 4001"
	wrong core:trailing_bytes
	meta "$good, \"core:trailing_bytes\": 9223372036854775807"
	wrong core:trailing_bytes
	meta "$good, \"core:version\": \"2.0.0\""
	wrong 'duplicate'
	printf '{"global": {%s, "core:version": "2.0.0"}}' "$good" >r.sigmf-meta
	wrong core:version "'2.0.0'" '1.x'
	meta "$good, \"core:extensions\": [{\"name\": \"far\", \"version\": \"1\", \"optional\": false}]"
	wrong core:extensions "'far'" optional
	meta "$good, \"leat:samples\": 1001"
	wrong '1000 samples' 1001
	for type in ../r.sigmf-data /etc/passwd '' .. a/b; do
		meta "$good, \"core:dataset\": \"$type\""
		wrong core:dataset 'in the same folder'
	done
}

@test "captures that lie" {
	meta "$good" '{"core:sample_start": 1000}' && sigmf-read r | stream-payload | cmp - r.sigmf-data
	meta "$good" '{"core:sample_start": 1001}'
	wrong 'captures[0]' core:sample_start '1000 samples'
	meta "$good" '{"core:sample_start": 0}, {"core:sample_start": 9223372036854775807}'
	wrong 'captures[1]' core:sample_start '1000 samples'
	meta "$good" '{"core:sample_start": 5}, {"core:sample_start": 4}'
	wrong 'captures[1]' 'smaller than that'
	meta "$good" '{"core:sample_start": -1}'
	wrong 'captures[0]' 'from 0'
	meta "$good" '{"core:frequency": 1}'
	wrong 'captures[0]' core:sample_start missing
	meta "$good" '{"core:sample_start": 0, "core:global_index": 9223372036854775000}'
	wrong core:global_index 'too large'
	meta "$good" '{"core:sample_start": 0, "core:header_bytes": 9223372036854775807}, {"core:sample_start": 1, "core:header_bytes": 9223372036854775807}'
	wrong core:header_bytes
	meta "$good" '{"core:sample_start": 0, "core:header_bytes": 2}'
	wrong 'no whole number'
	meta "$good" '{"core:sample_start": 0, "core:frequency": "1e6"}'
	wrong core:frequency number
	for time in 2020-13-01T00:00:00Z '2020-01-01T00:00:00+01:00' x '' 2020-01-01T00:00:00.Z; do
		meta "$good" "{\"core:sample_start\": 0, \"core:datetime\": \"$time\"}"
		wrong core:datetime 'time in UTC'
	done
	meta "$good" '7'
	wrong 'captures[0]' object
	printf '{"global": {%s}, "captures": 7}' "$good" >r.sigmf-meta
	wrong captures list
	meta "$good" '{"core:sample_start": 0, "leat:head": [["BAD KEY", "1"]]}'
	wrong leat:head
	meta "$good" '{"core:sample_start": 0, "leat:head": [["x.a", "1\nkinds VIS"]]}'
	sigmf-read r | stream-head -n 1 | grep -q 'kinds IQ'
	meta "$good" '{"core:sample_start": 0, "leat:head": 3}'
	wrong leat:head pairs
	meta "$good" '' '{"core:sample_start": 2000}'
	expect 0 sigmf-read --annotations r
	says warning '1 annotations left out'
	meta "$good" '' '{"core:sample_count": 2000}'
	wrong 'annotations[0]' missing
}

@test "what is no JSON of a recording" {
	local text
	sigmf_files r
	for text in '' '{' '[]' 'null' '"x"' '{}' '{"global": []}' '{"global": {}}' '{"a": 1, "a": 2}' $'\xff' '{"global": {"core:datatype": "ci16\u0000"}}'; do
		printf '%s' "$text" >r.sigmf-meta
		wrong r.sigmf-meta
	done
	# Deep, long, wide.
	{ yes '[' | head -n 100000 | tr -d '\n'; } >r.sigmf-meta
	wrong 'depth'
	head -c 33554433 /dev/zero >r.sigmf-meta
	wrong 33554433 'at most 33554432'
	{ printf '{"global": {%s}, "captures": [' "$good" && yes '1,' | head -n 3000000 && printf '1]}'; } >r.sigmf-meta
	expect 65 timeout 20 sigmf-read r
}

@test "files that are not there" {
	expect 66 sigmf-read nowhere
	says nowhere.sigmf-meta nowhere.sigmf
	expect 66 sigmf-read nowhere.sigmf
	expect 66 sigmf-read nowhere.sigmf-data
	meta "$good"
	rm r.sigmf-data
	expect 66 sigmf-read r
	says r.sigmf-data
	meta "$good, \"core:metadata_only\": true"
	rm r.sigmf-data
	wrong core:metadata_only 'no samples'
	meta "$good, \"core:dataset\": \"other\""
	expect 66 sigmf-read r
	says ./other
	mkdir folder.sigmf-meta
	expect 66 sigmf-read folder
	says 'not a regular file'
	mkfifo pipe.sigmf
	expect 66 sigmf-read pipe
	expect 66 sigmf-read x.sigmf-collection
	says collection
}

@test "data with another sum than said" {
	iq-gen --seconds 10ms | sigmf-write --sha512 -o r
	sigmf-read --verify r | stream-payload | cmp - r.sigmf-data
	printf x | dd of=r.sigmf-data bs=1 seek=17 conv=notrunc 2>/dev/null
	expect 65 sigmf-read --verify r
	says r.sigmf-data 'another sum'
	expect 0 sigmf-read r
	iq-gen --seconds 10ms | sigmf-write -o r
	expect 65 sigmf-read --verify r
	says core:sha512 missing
	truncate -s -4 r.sigmf-data
	wrong '9999 samples' 10000 'cut off'
}

@test "archives cut anywhere, or damaged" {
	local size at
	iq-gen --seconds 1ms | sigmf-write --archive -o a
	size=$(stat -c %s a.sigmf)
	for at in 0 1 511 512 513 1024 2047 2048 3000 $((size / 2)) $((size - 3000)) $((size - 1500)) $((size - 1025)) \
		$((size - 1024)) $((size - 1)); do
		head -c $at a.sigmf >r.sigmf
		expect 65 sigmf-read r.sigmf
		says r.sigmf archive
	done
	for at in 0 100 124 148 257 512 1025 1536 1660; do
		cp a.sigmf r.sigmf
		printf '\xff' | dd of=r.sigmf bs=1 seek=$at conv=notrunc 2>/dev/null
		expect 65 sigmf-read r.sigmf
		says r.sigmf archive
	done
}

@test "archives with links, names that lead out, several recordings, or none" {
	mkdir r
	sigmf_files r/r
	tar -cf good.sigmf r && sigmf-read good | stream-payload | cmp - r/r.sigmf-data
	for name in ../x /x a/../../x; do
		tar -P --transform "s,^r/r,$name," -cf bad.sigmf r/r.sigmf-meta r/r.sigmf-data
		expect 65 sigmf-read bad.sigmf
		says bad.sigmf 'leads out'
	done
	sigmf_files r/s
	tar -cf bad.sigmf r
	expect 65 sigmf-read bad.sigmf
	says 'more than one recording' r/r.sigmf-meta r/s.sigmf-meta
	rm r/s.* r/r.sigmf-data
	tar -cf bad.sigmf r
	expect 65 sigmf-read bad.sigmf
	says 'no data'
	ln -s /etc/passwd r/r.sigmf-data
	tar -cf bad.sigmf r
	expect 65 sigmf-read bad.sigmf
	says link
	rm r/r.*
	tar -cf bad.sigmf r
	expect 65 sigmf-read bad.sigmf
	says 'no file'
	mkfifo r/r.sigmf-data
	tar -cf bad.sigmf r
	expect 65 sigmf-read bad.sigmf
	says 'neither file nor folder'
	truncate -s 10M r/hole
	rm r/r.sigmf-data
	tar -S --format=pax -cf bad.sigmf r
	expect 65 sigmf-read bad.sigmf
	says sparse
}
