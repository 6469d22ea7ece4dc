#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

@test "stream-payload: counting bytes come out as mkstream put them in" {
	printf 'key kinds IQ\nkey rate_num 1\nkey rate_den 1\nHEAD\nIQ cu8 0 64x2\nIQ cu8 90 3x2 gap\nEND\n' |
		mkstream | stream-payload >out
	perl -e 'print map { chr($_ * 7 & 255) } 0 .. 255, 0 .. 11' | cmp - out
}

@test "stream-payload: one column of a table" {
	stream-payload --column t "$ROOT/tests/golden/table.leat" >out || [[ $? == 65 ]]
	printf '%s\n' 'key kinds TABLE' HEAD 'key col a u8 -' 'key col b u16 - 2' 'payload 76' \
		'TABLE columns 0 3' END | mkstream >in
	stream-payload --column b in >out
	perl -e 'print map { chr($_ * 7 & 255) } 64 .. 75' | cmp - out
	stream-payload --column a in >out
	perl -e 'print map { chr($_ * 7 & 255) } 0 .. 2' | cmp - out
	expect 65 stream-payload --column c in
	says --column c
	generate IQ >in
	expect 65 stream-payload --column a in
	says --column columns
}

@test "stream-payload: columns that do not make the payload are 65" {
	for col in 'a f64 s' 'a u8 - 99999999999' 'a s18446744073709551615 - 2' 'a u8' 'a u9 -'; do
		printf '%s\n' 'key kinds TABLE' HEAD "key col $col" 'payload 3' 'TABLE columns 0 3' END |
			mkstream >in
		expect 65 stream-payload --column a in
		says col
	done
}

@test "stream-payload: an operand is not replaced" {
	generate IQ >same
	cp same before
	expect 73 stream-payload -o same same
	says same 'input itself'
	expect 73 stream-payload -o same before ./same
	same before same
	no_files
}

@test "stream-payload: an output that does not block is waited for" {
	iq-gen --rate 1M --seconds 100ms >in
	perl -MFcntl -e 'fcntl(STDOUT, F_SETFL, O_NONBLOCK | O_WRONLY); exec @ARGV' \
		stream-payload in | (sleep 0.3 && cat >got)
	[[ ${PIPESTATUS[0]} == 0 ]]
	stream-payload in >wanted
	same wanted got
}
