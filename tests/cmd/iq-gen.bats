#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common


# Statistics of complex f32 samples by a formula of their own.
python() {
	/usr/bin/python3 -c "import numpy as np, sys
x = np.fromfile('samples', dtype=sys.argv[1])
$1" "${2:-c8}"
}

samples() {
	iq-gen "$@" | stream-payload >samples
}

@test "iq-gen: defaults are 1 s at 1 MHz of ci16 zeros, index 0, no time0" {
	iq-gen >out
	stream-head -n 2 out >text
	grep -q 'rate_num 1000000' text
	grep -q 'full_scale 32768' text
	grep -q 'IQ seq 1 index 0 ci16' text
	[[ $(grep -c time0 text) == 0 ]]
	[[ $(stream-payload out | wc -c) == 4000000 ]]
	[[ $(stream-payload out | tr -d '\0' | wc -c) == 0 ]]
}

@test "iq-gen: a tone is exp(2 pi i f t), phase 0 at index 0, amplitude 1" {
	samples --type cf32 --seconds 10ms --tone 125k
	python 'n = np.arange(len(x)); assert len(x) == 10000
assert np.abs(x - np.exp(2j * np.pi * n / 8)).max() < 1e-6'
	samples --type cf32 --seconds 10ms --tone=-12345.678:0.25 --rate 100000/3
	python 'n = np.arange(len(x)); assert len(x) == 333, len(x)
assert np.abs(x - 0.25 * np.exp(-2j * np.pi * 12345.678 * n * 3 / 100000)).max() < 1e-6'
}

@test "iq-gen: two tones add; real samples are the real part" {
	samples --type cf32 --seconds 1ms --tone 1k:0.5 --tone=-3k:0.25
	python 'n = np.arange(len(x))
y = 0.5 * np.exp(2j * np.pi * n / 1000) + 0.25 * np.exp(-6j * np.pi * n / 1000)
assert np.abs(x - y).max() < 1e-6'
	samples --type cf32 --real --seconds 1ms --tone 1k:0.5
	python 'n = np.arange(len(x)); assert len(x) == 1000
assert np.abs(x - 0.5 * np.cos(2 * np.pi * n / 1000)).max() < 1e-6' f4
}

@test "iq-gen: noise has E|n|^2 = SIGMA^2, is Gaussian and white, and differs by seed and subchannel" {
	samples --type cf32 --noise 0.1 --subchannels 2
	python 'x = x.reshape(-1, 2)
p = (np.abs(x) ** 2).mean(0); assert np.abs(p / 0.01 - 1).max() < 0.01, p
assert np.abs((np.abs(x) ** 4).mean(0) / p ** 2 - 2).max() < 0.05
assert np.abs(x.mean(0)).max() < 5e-4
for lag in (1, 2, 7): assert np.abs((x[lag:] * x[:-lag].conj()).mean(0)).max() < 5e-5
assert np.abs((x[:, 0] * x[:, 1].conj()).mean()) < 5e-5
assert np.abs((x ** 2).mean(0)).max() < 5e-5'
	iq-gen --noise 1 --seed 1 | stream-payload >one
	iq-gen --noise 1 --seed 2 | stream-payload >two
	[[ $(sha256sum <one) != "$(sha256sum <two)" ]]
}

@test "iq-gen: integers saturate, never wrap" {
	samples --type ci16 --seconds 1ms --tone 0:5
	python 'x = x.reshape(-1, 2); assert (x[:, 0] == 32767).all() and (x[:, 1] == 0).all()' i2
	samples --type ci8 --seconds 10ms --noise 10
	python 'assert x.min() == -128 and x.max() == 127' i1
	samples --type cu8 --seconds 10ms --noise 10
	python 'assert x.min() == 0 and x.max() == 255' u1
	iq-gen --type cu8 --seconds 1ms | stream-head -n 1 >text
	grep -q 'zero 127.5' text
	grep -q 'full_scale 127.5' text
	samples --type cu8 --seconds 1ms
	python 'assert set(x) <= {127, 128}' u1
}

@test "iq-gen: every type is as long as it says" {
	for type in cu8:2 ci8:2 cu16:4 ci16:4 cu32:8 ci32:8 cu64:16 ci64:16 cf32:8 cf64:16; do
		[[ $(iq-gen --type "${type%:*}" --seconds 1ms --noise 0.1 | stream-payload | wc -c) == \
			$((1000 * ${type#*:})) ]]
		[[ $(iq-gen --real --type "${type%:*}" --seconds 1ms --noise 0.1 | stream-payload | wc -c) == \
			$((500 * ${type#*:})) ]]
	done
	expect 64 iq-gen --type f16
	says --type f16 ci16
}

@test "iq-gen: a gap leaves samples out, and the others are as without it" {
	iq-gen --noise 1 --seconds 100ms >whole
	iq-gen --noise 1 --seconds 100ms --gap 30ms:20ms >gap
	stream-payload whole >all
	stream-payload gap | cmp - <(head -c 120000 all && tail -c +200001 all)
	stream-head --all gap | grep -q 'index 50000 ci16 .* gap'
}

@test "iq-gen: a retune ends the segment and announces the next" {
	iq-gen --freq 1G --seconds 100ms --retune 40ms:1030MHz --tone 1k >out
	stream-head --all out >text
	[[ $(grep -c '^HEAD' text) == 2 ]]
	grep -q '^END .* more' text
	grep -q 'freq_hz 1030000000' text
	[[ $(stream-payload out | sha256sum) == $(iq-gen --seconds 100ms --tone 1k | stream-payload | sha256sum) ]]
}

@test "iq-gen: a burst lasts as long as it says" {
	samples --type cf32 --seconds 100ms --burst 20ms:10ms:5k:0.5
	python 'a = np.abs(x); assert (a[:20000] == 0).all() and (a[30000:] == 0).all()
assert np.abs(a[20000:30000] - 0.5).max() < 1e-6'
}

@test "iq-gen: a chirp drifts evenly from one frequency to the other" {
	samples --type cf32 --seconds 100ms --chirp=-20k:60k
	python 'x = x.astype("c16"); f = np.angle(x[1:] * x[:-1].conj()) / (2 * np.pi) * 1e6
n = np.arange(len(f)); assert np.abs(f - (-20e3 + 80e3 * (n + 0.5) / 100000)).max() < 1'
}

@test "iq-gen: a far part of a signal is what it is in the whole" {
	iq-gen --rate 100000/3 --tone 1k:0.5 --noise 0.1 --seconds 30 >whole
	stream-take --from 999000 <whole | stream-payload >far
	[[ $(stat -c %s far) == 4000 ]]
	stream-payload whole | tail -c 4000 | cmp - far
}

@test "iq-gen: wrong events are 64 and say their form" {
	for wrong in --tone=x --tone= --gap=1 --gap=1s:x --retune=1s --burst=1 --chirp=1 --time0=now \
		--tone=1:2:3 --seconds=-1; do
		expect 64 iq-gen "$wrong"
		says "${wrong%%=*}"
	done
}

@test "iq-gen: events beyond 64 bits last to the end" {
	iq-gen --rate 1000T --seconds 2ns --gap 1ns:2562047h >gap
	[[ $(stream-payload gap | wc -c) == 4000000 ]]
	samples --rate 1000T --seconds 2ns --type cf32 --burst 1ns:2562047h
	python 'a = np.abs(x); assert (a[:1000000] == 0).all() and (a[1000000:] > 0.999).all()'
}

@test "iq-gen: HEAD says how many frames come" {
	iq-gen --rate 1M --seconds 1s --gap 100ms:1us --gap 100.5ms:200ms --retune 400ms:1M \
		--retune 500ms:1M --retune 600ms:2M --type cf64 --subchannels 3 >out
	stream-head --all out | awk '
		$1 == "expect_frames" { expected = $2; n++ }
		/^IQ/ { frames++ }
		/^END/ { if (frames != expected) exit 1; frames = 0 }
		END { if (n != 3) exit 1 }'
	iq-gen --rate 1000T --seconds 3h --type ci8 | head -c 1000000 >out || true
	grep -qa '^expect_frames 140737488355328$' out
}
