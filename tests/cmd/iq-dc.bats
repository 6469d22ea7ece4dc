#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The curve of the notch is measured in tests/unit/chain.c.

load ../common

# mean_and_rms < iq: of the real parts and of all.
mean_and_rms() {
	stream-payload | od -An -v -tf4 -w8 |
		awk '{ m += $1; s += $1 * $1 + $2 * $2 } END { printf "%.4f %.4f\n", m / NR, sqrt(s / NR) }'
}

@test "an offset goes at once, a carrier ten widths away stays" {
	iq-gen --rate 100k --type cf32 --tone 0:0.25 --tone 1k:0.5 >in
	iq-dc --width 10 <in | mean_and_rms | awk '{ exit $1 * $1 > 1e-6 || $2 < 0.4998 || $2 > 0.5002 }'
	iq-gen --rate 100k --type cf32 --tone 0:0.25 --seconds 10ms | iq-dc | mean_and_rms | same_text <(echo '0.0000 0.0000')
	iq-gen --rate 100k --type cu8 --tone 0:0.25 --seconds 10ms | iq-dc | mean_and_rms | same_text <(echo '0.0000 0.0000')
}

@test "half a width away a carrier loses 3 dB" {
	iq-gen --rate 100k --type cf32 --tone 50:1 --seconds 2s | iq-dc --width 100 | stream-take --from 100000 |
		mean_and_rms | awk '{ exit $2 < 0.7061 || $2 > 0.7081 }'
}

@test "each run begins anew; no sample is lost; each subchannel has its own offset" {
	iq-gen --rate 100k --type cf32 --tone 0:0.25 --gap 100ms:1ms -c 2 --noise 0.01 >in
	iq-dc <in >out.leat
	[[ $(stream-payload <out.leat | wc -c) == $((99900 * 16)) ]]
	# The first sample of a run is its own mean.
	stream-take --from 10100 --to 10101 <out.leat | stream-payload | od -An -v -tf4 -w16 |
		awk '{ exit $1 != 0 || $2 != 0 || $3 != 0 || $4 != 0 }'
	stream-take --from 10105 --to 10106 <out.leat | stream-payload | od -An -v -tf4 -w16 | awk '{ exit $1 == $3 }'
}

@test "a width that is none" {
	iq-gen --rate 100k --seconds 1ms >in
	expect 64 iq-dc --width 0 <in
	expect 65 iq-dc --width 50k <in
	says --width 100000
}
