#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

# sky3: three channels of one sky, shifted and turned.
sky3() {
	sky-gen --width 320 --height 240 --count 3 --fwhm 2.5 --flux 1500 --sky 60 --stars 120 \
		--rotation 1 --cosmic 0 --filter Ha,OIII,SII --truth-stars stars.csv "$@"
}

# centroid_error FILE: rms px between bright stars of image 0 and images 1, 2 of FILE.
centroid_error() {
	stream-payload "$1" >pixels
	/usr/bin/python3 - "${2:-0}" <<-'EOL'
		import numpy as np, sys
		planes = np.fromfile("pixels", np.float32).reshape(3, 240, 320).astype(float)
		planes = [p - np.nanmedian(p) for p in planes]
		stars = np.loadtxt("stars.csv", delimiter=",", skiprows=1)
		def centroid(p, x, y):
		    for _ in range(20):
		        a, b = int(round(x)), int(round(y))
		        v, u = np.mgrid[b - 7:b + 8, a - 7:a + 8]
		        w = np.exp(-((u - x) ** 2 + (v - y) ** 2) / 6) * p[b - 7:b + 8, a - 7:a + 8]
		        x, y = x + 2 * ((w * (u - x)).sum() / w.sum()), y + 2 * ((w * (v - y)).sum() / w.sum())
		    return x, y
		errors = []
		for i, s in enumerate(stars):
		    near = np.hypot(*(stars[:, :2] - s[:2]).T)
		    if s[3] < 8000 or s[3] > 60000 or not (25 < s[0] < 295 and 25 < s[1] < 215):
		        continue
		    if (stars[near < 12, 3].sum() - s[3]) > 0.02 * s[3]:
		        continue
		    at = [centroid(p, s[0], s[1]) for p in planes]
		    errors += [np.hypot(q[0] - at[0][0], q[1] - at[0][1]) for q in at[1:]]
		assert len(errors) >= 8, len(errors)
		print("%.3f" % np.sqrt(np.mean(np.square(errors))))
	EOL
}

@test "channel-align: stars of all channels lie within 0.1 px of the first's" {
	/usr/bin/python3 -c 'import numpy' || skip "python3-numpy is not installed"
	sky3 >in
	channel-align <in >out
	error=$(centroid_error out)
	echo "rms $error px"
	awk -v e="$error" 'BEGIN { exit !(e < 0.1) }'
	same <(stream-payload out | head -c 307200) <(stream-payload <(stream-take --frames 0:1 <in | channel-align))
	[[ $(stream-head --all out | sed -n 's/^  filter //p' | tr '\n' ' ') == 'Ha OIII SII ' ]]
}

@test "channel-align: --ref names the channel that stays" {
	sky3 >in
	channel-align --ref '[SII]' <in >out
	same <(stream-payload out | tail -c 307200) <(stream-payload <(stream-take --frames 2:3 <in | channel-align))
	expect 65 channel-align --ref L <in
	says 'channel l' missing
	night --filter R | expect 65 channel-align --ref red
	says 'channel r' twice
	expect 64 channel-align --ref '[]' <in
	says --ref
}

@test "channel-align: a channel without stars is 65 and named" {
	sky3 --cloud 1 >in
	expect 65 channel-align <in
	says 'frame 2' 'channel oiii' stars
}

@test "channel-align: a mosaic is 65; a spool changes no byte" {
	night --cfa RGGB >cfa
	expect 65 channel-align <cfa
	says debayer
	night >in
	channel-align <in >held
	channel-align --memory 0 <in >spooled
	same held spooled
}
