#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

bats_require_minimum_version 1.5.0
load ../common

# four TYPE [OPTION …]: the components of four samples of a tone at a quarter of the rate, as od has them.
four() {
	local od=$1
	shift
	iq-gen --rate 4 --tone 1:0.5 --type "$TYPE" | iq-scale "$@" | stream-payload | od -An -v -t"$od" -w1024 | xargs
}

@test "integers are rounded and stay of their type and levels" {
	TYPE=ci16
	[[ $(four d2) == '16384 0 0 16384 -16384 0 0 -16384' ]]
	[[ $(four d2 --db 0.001) == '16386 0 0 16386 -16386 0 0 -16386' ]]
	[[ $(four d2 --db -20) == '1638 0 0 1638 -1638 0 0 -1638' ]]
	TYPE=cu8 # 127.5 is 0
	[[ $(four u1) == '191 128 128 191 64 127 128 64' ]]
	[[ $(four u1 --db -100) == '128 128 128 128 127 127 128 127' ]]
}

@test "types: the amplitude stays, full_scale and zero are those of the type" {
	TYPE=ci16
	[[ $(four f4 --type cf32) == '0.5 0 0 0.5 -0.5 0 0 -0.5' ]]
	[[ $(four d4 --type ci32) == '1073741824 0 0 1073741824 -1073741824 0 0 -1073741824' ]]
	[[ $(four d8 --type i64) == '4611686018427387904 0 0 4611686018427387904 -4611686018427387904 0 0 -4611686018427387904' ]]
	[[ $(four u1 --type cu8) == '191 128 128 191 64 128 128 64' ]]
	iq-gen --type cu8 --seconds 1ms | iq-scale --type cf32 | stream-head >text
	grep -qx '  full_scale 1' text
	run ! grep -q '  zero' text
	iq-gen --type cf32 --seconds 1ms | iq-scale --type cu8 | stream-head >text
	grep -qx '  full_scale 127.5' text
	grep -qx '  zero 127.5' text
	iq-gen --real --seconds 1ms | iq-scale --type cf64 | stream-head -a | grep -q ' f64 \['
	for type in cu8 ci8 cu16 ci16 cu32 ci32 cu64 ci64 cf32 cf64; do
		iq-gen --seconds 1ms --noise 0.2 --type $type >in
		iq-scale --type $type <in | stream-payload | same <(stream-payload <in) -
	done
}

@test "what integers cannot hold is limited and counted" {
	iq-gen --rate 4 --tone 1:0.5 --type ci16 | iq-scale --db 12 >out.leat
	stream-payload <out.leat | od -An -v -td2 -w16 | xargs | same_text <(echo '32767 0 0 32767 -32768 0 0 -32768')
	stream-head -a out.leat | grep -q 'note iq-scale clipped=4'
	[[ $(iq-gen --rate 4 --tone 1:0.5 --type cf32 | iq-scale --db 12 | stream-head -a) != *clipped* ]]
}

@test "frames, gaps, indices and frequencies stay" {
	iq-gen --rate 1M --seconds 300ms --gap 100ms:1us --freq 7M --time0 2026-01-01T00:00:00Z >in
	diff <(stream-head -a in | grep -v history) \
		<(iq-scale --db 3 <in | stream-head -a | grep -v 'history\|note') >differences || true
	run ! grep -q '^[<>] IQ' differences
	run ! grep -q 'freq_hz\|time0\|rate' differences
}

@test "a frame with levels of its own has its own amplitude" {
	printf 'key kinds IQ\nkey rate_num 1\nkey rate_den 1\nkey full_scale 100\nHEAD\nIQ ci16 0 10x1\nEND\n' | mkstream >in
	iq-scale --type cf64 <in >out.leat
	paste <(stream-payload <in | od -An -v -td2 -w2) <(stream-payload <out.leat | od -An -v -tf8 -w8) |
		awk '{ d = $1 / 100 - $2; if (d > 1e-9 || d < -1e-9) bad++ } END { exit bad > 0 || NR != 20 }'
	expect 64 iq-scale --type x8 <in
	says --type x8
}
