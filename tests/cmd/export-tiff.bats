#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

show() {
	python3 "$ROOT/tests/show-tiff.py" "$1"
}

# image DTYPE SHAPE [KEY VALUE …]: a stream with one image, of bytes 0, 7, 14 … or floats 1, 8, 15 …
image() {
	local type=$1 shape=$2
	shift 2
	printf 'key kinds IMAGE\nHEAD\n'
	(($# == 0)) || printf 'key %s %s\n' "$@"
	printf 'IMAGE %s 0 %s last\nEND\n' "$type" "$shape"
}

# export_it [ARG …] < lines for mkstream: ./got, what is in the file.
export_it() {
	mkstream >in && export-tiff -o x.tif "$@" <in && show x.tif >got
}

@test "export-tiff: 16 bits unless told otherwise" {
	image u16 1x2x2 | export_it
	same_text got <<-EOF
		2 2 1 16 u 1 1
		0700150e
		231c312a
	EOF
	image u8 3x2x3 | export_it
	same_text got <<-EOF
		3 2 3 16 u 1 1
		00002a2a5454070731315b5b0e0e38386262
		15153f3f69691c1c4646707023234d4d7777
	EOF
}

@test "export-tiff: full scale is white, and what is above it too" {
	# 1792 of 4095 is 28678.6 of 65535; 5390 is above
	image u16 1x1x2 full_scale 4095 | export_it
	same_text got <<-EOF
		2 1 1 16 u 1 1
		7007ffff
	EOF
	# 1, 8, 15, 22 of 16
	image f32 1x2x2 full_scale 16 | export_it
	same_text got <<-EOF
		2 2 1 16 u 1 1
		10008000
		efffffff
	EOF
	image f64 1x2x2 full_scale 16 | export_it --bits 8
	same_text got <<-EOF
		2 2 1 8 u 1 1
		1080
		efff
	EOF
}

@test "export-tiff: floats keep their values, whatever full_scale says" {
	for compress in none lzw deflate; do
		image f32 3x1x2 full_scale 16 | export_it --bits 32f --compress $compress
		sed 1d got | same_text <(echo 3f8000004170000041e800004100000041b0000042100000)
	done
	image u16 1x1x2 | export_it --bits 32f
	same_text got <<-EOF
		2 1 1 32 f 1 1
		44e0000045a87000
	EOF
}

@test "export-tiff: the profile comes with unit display only" {
	for planes in 1 3; do
		image u8 ${planes}x1x2 unit display | export_it
		grep -q '^icc' got
		image u8 ${planes}x1x2 unit adu | export_it
		run grep -q '^icc' got
		[[ $status == 1 ]]
	done
}

@test "export-tiff: for display 1 is white of floats, the greatest integer of integers" {
	image f32 1x1x2 unit display full_scale 16 | export_it --bits 8
	[[ $(tail -n 1 got) == ffff ]]
	image u16 1x1x2 unit display full_scale 4095 | export_it
	[[ $(tail -n 1 got) == 0700150e ]]
}

@test "export-tiff: what is kept bottom-up is turned over" {
	for compress in none lzw deflate; do
		image u8 1x3x1 %row_order bottom-up | export_it --bits 8 --compress $compress
		sed 1d got | same_text <(printf '0e\n07\n00\n')
	done
}

# The reader is slow, so strips are filled by long rows.
@test "export-tiff: every compression holds the same picture, over many strips" {
	for shape in 1x5x70000 3x7x50000; do
		for bits in 8 16 32f; do
			image u16 $shape | export_it --bits $bits
			sed 1d got >plain
			for compress in lzw deflate; do
				[[ $compress != lzw || $bits == 16 ]] || continue
				image u16 $shape | export_it --bits $bits --compress $compress
				sed 1d got | same_text plain
			done
		done
	done
	[[ $(wc -l <plain) == 7 ]]
}

@test "export-tiff: shapes that no picture has are 65 and leave no file" {
	for shape in 2x2x2 4x2x2 2x2 1x1x1000001; do
		image u8 "$shape" | mkstream >in
		expect 65 export-tiff -o x.tif <in
		no_files x.tif
	done
	image u8 1x1x2 full_scale 0 | mkstream >in
	expect 65 export-tiff -o x.tif <in
	says full_scale
	no_files x.tif
}

@test "export-tiff: a second image needs --name; only science is written" {
	printf 'key kinds IMAGE\nHEAD\nIMAGE u8 0 1x1x1 last\nIMAGE u8 1 1x1x2 last\nEND\n' |
		mkstream >in
	expect 65 export-tiff -o x.tif <in
	says --name
	no_files x.tif
	export-tiff --name 'x_{n:03}.tif' <in
	[[ $(show x_000.tif | head -n 1) == '1 1 1 16 u 1 1' ]]
	[[ $(show x_001.tif | head -n 1) == '2 1 1 16 u 1 1' ]]
	{
		printf 'key kinds IMAGE\nHEAD\nkey role mask\nIMAGE u8 0 1x1x1\n'
		printf 'IMAGE u8 0 1x1x2 last\nEND\n'
	} | export_it
	[[ $(head -n 1 got) == '2 1 1 16 u 1 1' ]]
	printf 'key kinds IMAGE\nHEAD\nkey role mask\nIMAGE u8 0 1x1x1 last\nEND\n' | mkstream >in
	expect 65 export-tiff -o y.tif <in
	says 'no image'
	no_files y.tif
}

# Under LEAT_CRC=0 nobody minds that the payload is another one than was summed.
@test "export-tiff: every type is rounded, clipped and freed of NaN as the page says" {
	cat >check.py <<-'EOL'
		import math, random, struct, subprocess, sys
		from fractions import Fraction

		seed = int(sys.argv[2])
		random.seed(seed)
		print('seed', seed)
		show = ['python3', sys.argv[1] + '/tests/show-tiff.py', 'x.tif']

		def wanted(v, top, full_scale):
		    if v != v:
		        return 0
		    if math.isinf(v):
		        return top if v > 0 else 0
		    return max(0, min(top, math.floor(Fraction(v) * top / Fraction(full_scale) + Fraction(1, 2))))

		for name, form in zip('u8 i8 u16 i16 u32 i32 u64 i64 f32 f64'.split(), 'BbHhIiQqfd'):
		    size = struct.calcsize(form)
		    for full_scale in 1, 100, 4095, 65535:
		        if form in 'fd':
		            values = [math.nan, math.inf, -math.inf, 0.0, -1.0, full_scale, 2.0 * full_scale]
		            values += [full_scale * (k + 0.5) / 256 for k in range(53)]
		        else:
		            most = 2 ** (8 * size - form.islower()) - 1
		            values = [0, -most if form.islower() else 0, most] + [
		                min(most, random.randrange(2 * full_scale)) for k in range(57)]
		        raw = struct.pack('<60' + form, *values)
		        values = struct.unpack('<60' + form, raw)
		        lines = 'key kinds IMAGE\nkey full_scale %d\nHEAD\nIMAGE %s 0 3x4x5 last\nEND\n' % (full_scale, name)
		        stream = subprocess.run(['mkstream'], input=lines.encode(), stdout=subprocess.PIPE).stdout
		        at = 128 + 64 + 64 + 128
		        while stream[at - 128:at - 120] != b'\x89LEAT\r\n\x1a' or stream[at - 118] != 3:
		            at += 64
		        stream = stream[:at] + raw + stream[at + len(raw):]
		        for bits, top in ('8', 255), ('16', 65535):
		            subprocess.run(['export-tiff', '--bits', bits, '-o', 'x.tif'], input=stream, check=True)
		            got = subprocess.run(show, stdout=subprocess.PIPE, check=True).stdout.decode().split('\n')[1:]
		            right = [''.join('%0*x' % (int(bits) // 4, wanted(values[p * 20 + y * 5 + x], top, full_scale))
		                             for x in range(5) for p in range(3)) for y in range(4)]
		            assert got == right + [''], (name, full_scale, bits, got, right)
	EOL
	LEAT_CRC=0 python3 check.py "$ROOT" "${SEED:-$RANDOM}"
}
