#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common
bats_require_minimum_version 1.5.0

# Three channels of one plane as f32 in ./ha.leat, ./oiii.leat and ./sii.leat, their values in ./ha …
channels() {
	local name seed=1
	for name in ha oiii sii; do
		night --type f32 --count 1 --seed $((seed++)) --filter "$name" >"$name.leat"
		stream-payload "$name.leat" >"$name"
	done
}

with=(--with ha=ha.leat --with oiii=oiii.leat --with sii=sii.leat)

@test "channel-combine: SHO and HOO are the planes, bit by bit" {
	channels
	channel-combine --map SHO "${with[@]}" >out
	same <(stream-payload out) <(cat sii ha oiii)
	channel-combine --map hoo --with H-alpha=ha.leat --with '[OIII]=oiii.leat' >out
	same <(stream-payload out) <(cat ha oiii oiii)
	[[ $(stream-head out) == *'exposure_s 600'* && $(stream-head out) == *'stack_count 2'* ]]
	[[ $(stream-head out) == *'history channel-combine '*'--with=H-alpha=ha.leat@'* ]]
}

@test "channel-combine: the stream names channels, or --names does" {
	night --planes 3 --type f32 --count 1 >rgb
	channel-split <rgb >in
	channel-combine <in >out
	same <(stream-payload out) <(stream-payload rgb)
	[[ $(stream-head out) != *'  filter '* && $(stream-head out) == *'object synthetic'* ]]
	night --type f32 >in
	stream-payload in >all
	channel-combine --names O3,S2,H_alpha --map SHO <in >out
	same <(stream-payload out) <(tail -c +30721 all; head -c 30720 all)
	channel-combine --names lum,x,red --map R=l,G=x,B=r <in >out
	same <(stream-payload out) all
	channels
	night --count 1 --type f32 --filter 'Hα 7nm' >in
	stream-payload in >ha
	channel-combine --map HOO --with oiii=oiii.leat <in >out
	same <(stream-payload out) <(cat ha oiii oiii)
}

@test "channel-combine: exposures add up if all are told; a stack_count that is none is 65" {
	# of KEY …: three channels of one pixel, the second of which says this as well.
	of() {
		printf '%s\n' 'key unit adu' HEAD 'key filter r' 'key exposure_s 5' 'IMAGE u8 0 1x1x1 last' \
			'key filter g' "${@/#/key }" 'IMAGE u8 1 1x1x1 last' 'key filter b' \
			'key exposure_s 7.5' 'key stack_count 4' 'IMAGE u8 2 1x1x1 last' END | mkstream
	}
	of 'exposure_s 5' | channel-combine | stream-head --all >out
	grep -q ' exposure_s 17.5$' out
	grep -q ' stack_count 6$' out
	of 'object m' | channel-combine | stream-head --all >out
	run ! grep -q exposure_s out
	of 'stack_count 9223372036854775807' >in
	expect 65 channel-combine <in
	says stack_count 2^30
}

@test "channel-combine: sums of channels are what numpy makes of them" {
	/usr/bin/python3 -c 'import numpy' || skip "python3-numpy is not installed"
	channels
	channel-combine "${with[@]}" \
		--map 'B=-(ha-oiii)/2.5e0+.5, G=max(min(ha,oiii),sii) ,R=0.8*sii+0.2*ha' >out
	stream-payload out >got
	/usr/bin/python3 - <<-'EOL'
		import numpy as np
		h, o, s, got = (np.fromfile(n, np.float32) for n in ("ha", "oiii", "sii", "got"))
		f = np.float32
		want = [f(0.8) * s + f(0.2) * h, np.maximum(np.minimum(h, o), s), -(h - o) / f(2.5) + f(0.5)]
		assert (np.concatenate(want) == got).all()
	EOL
}

@test "channel-combine: LRGB has the luminance of l and the ratios of r, g, b" {
	/usr/bin/python3 -c 'import numpy' || skip "python3-numpy is not installed"
	night --planes 3 --type f32 --count 1 >rgb
	channel-split <rgb >in
	stream-payload rgb >before
	night --type f32 --count 1 --seed 4 --gain 8 >l.leat
	stream-payload l.leat >l
	channel-combine --map LRGB --with L=l.leat <in >out
	stream-payload out >got
	/usr/bin/python3 - <<-'EOL'
		import numpy as np
		l = np.fromfile("l", np.float32).astype(float)
		a, b = (np.fromfile(n, np.float32).reshape(3, -1).astype(float) for n in ("before", "got"))
		weights = np.array([0.2126, 0.7152, 0.0722])
		assert abs(weights @ b / l - 1).max() < 1e-6
		assert abs(b[0] / b[1] / (a[0] / a[1]) - 1).max() < 1e-6
		assert abs(b[2] / b[1] / (a[2] / a[1]) - 1).max() < 1e-6
	EOL
}

@test "channel-combine: --match mad brings median and spread to those of ha" {
	/usr/bin/python3 -c 'import numpy' || skip "python3-numpy is not installed"
	channels
	night --type f32 --count 1 --seed 9 --gain 1 --sky 300 >sii.leat
	channel-combine --map SHO "${with[@]}" --match mad >out
	stream-payload out >got
	/usr/bin/python3 - <<-'EOL'
		import numpy as np
		s, h, o = np.fromfile("got", np.float32).reshape(3, -1).astype(float)
		mad = lambda v: np.median(abs(v - np.median(v)))
		assert (h == np.fromfile("ha", np.float32)).all()
		for v in s, o:
		    assert abs(np.median(v) / np.median(h) - 1) < 1e-6 and abs(mad(v) / mad(h) - 1) < 1e-4
	EOL
}

@test "channel-combine: other full scales and display are brought to one" {
	printf '%s\n' 'key kinds IMAGE' 'key unit display' 'key filter r' HEAD 'IMAGE u8 0 1x4x4 last' \
		END | mkstream >r.leat
	channel-combine --with r=r.leat --map R=r,G=r,B=r/2 >out
	[[ $(stream-head out) == *'full_scale 1'$'\n'* && $(stream-head out) == *'unit display'* ]]
	/usr/bin/python3 - "$(stream-payload r.leat | od -An -tu1 -v | tr -d '\n')" <<-'EOL'
		import struct, subprocess, sys
		want = [int(v) / 255 for v in sys.argv[1].split()]
		got = struct.unpack("<48f", subprocess.run(["stream-payload", "out"], capture_output=True).stdout)
		assert all(abs(a - b) < 1e-6 for a, b in zip(want + want + [v / 2 for v in want], got))
	EOL
}

@test "channel-combine: a channel that is missing or comes twice is 65 and named" {
	channels
	night --planes 3 | channel-split >nine
	expect 65 channel-combine <nine
	says 'channel r' twice
	night --planes 3 --count 1 | channel-split >in
	expect 65 channel-combine --map SHO <in
	says 'channel sii' missing 'r g b'
	expect 65 channel-combine --map RGB --with b=ha.leat <in
	says 'channel b' twice
	expect 65 channel-combine --names r,g <in
	says --names 2
	expect 65 channel-combine --names r,g,b,l <in
	says 'channel l' missing
	night >unnamed
	expect 65 channel-combine <unnamed
	says filter --names
}

@test "channel-combine: channels that do not fit each other are 65" {
	channels
	sky-gen --width 96 --height 81 --count 1 >sii.leat
	expect 65 channel-combine --map SHO "${with[@]}"
	says 'channel sii' 96 81 channel-align
	stretch <oiii.leat >display
	expect 65 channel-combine --map HOO --with ha=ha.leat --with oiii=display
	says oiii display adu
	night --count 1 --cfa RGGB >cfa
	expect 65 channel-combine --map HOO --with ha=ha.leat --with oiii=cfa
	says oiii debayer
	night --count 1 --planes 3 >rgb
	expect 65 channel-combine --map HOO --with ha=ha.leat --with oiii=rgb
	says oiii planes
	expect 66 channel-combine --map HOO --with ha=ha.leat --with oiii=nowhere
	says nowhere
}

@test "channel-combine: words that make no sense are 64" {
	local map
	channels
	for map in XYZ R=r R=r,G=g R=r,G=g,B=b,B=b R=r,R=g,B=b R=r+,G=g,B=b 'R=(r,G=g,B=b' \
		R=min\(r\),G=g,B=b R=1..2,G=g,B=b R=1,G=2,B=3 R=r%g,G=g,B=b R=r,G=g,B=b+x\) \
		R=1e99,G=g,B=b "R=$(printf '(%.0s' {1..900})r,G=g,B=b" "R=$(printf 'r+%.0s' {1..400})r,G=g,B=b" \
		"R=$(printf -- '-%.0s' {1..900})r,G=g,B=b" "R=$(printf 'r+(%.0s' {1..40})r,G=g,B=b"; do
		expect 64 channel-combine --map "$map" <ha.leat
		says --map
	done
	expect 64 channel-combine --names r,R,g <ha.leat
	says --names twice
	expect 64 channel-combine --names r,,g <ha.leat
	says --names
	expect 64 channel-combine --with r=ha.leat --with red=ha.leat <ha.leat
	says --with twice
	expect 64 channel-combine --with ha=ha.leat <ha.leat
	says --with 'does not use ha'
}
