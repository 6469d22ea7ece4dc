#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

# A reader of its own for what export-png writes: "WIDTH HEIGHT BITS COLOUR", "text KEY VALUE",
# "sRGB", then the samples in hexadecimal, a row a line.
show() {
	python3 - "$1" <<-'EOF'
		import struct, sys, zlib
		data = open(sys.argv[1], 'rb').read()
		assert data[:8] == b'\x89PNG\r\n\x1a\n'
		place, packed = 8, b''
		while place < len(data):
		    size, kind = struct.unpack('>I4s', data[place:place + 8])
		    body = data[place + 8:place + 8 + size]
		    assert zlib.crc32(kind + body) == struct.unpack('>I', data[place + 8 + size:][:4])[0]
		    place += 12 + size
		    if kind == b'IHDR':
		        width, height, bits, colour = struct.unpack('>IIBB', body[:10])
		        print(width, height, bits, colour)
		    elif kind == b'tEXt':
		        print('text', *body.decode().split('\0'))
		    elif kind == b'iTXt':
		        print('text', body.decode().split('\0')[0], body.decode().split('\0')[-1])
		    elif kind == b'IDAT':
		        packed += body
		    elif kind != b'IEND':
		        print(kind.decode())
		step = bits // 8 * (3 if colour == 2 else 1)
		raw, line = zlib.decompress(packed), width * step
		assert len(raw) == height * (line + 1)
		above = bytes(line)
		for y in range(height):
		    kind, row = raw[y * (line + 1)], bytearray(raw[y * (line + 1) + 1:][:line])
		    for k in range(line):
		        a, b, c = (row[k - step], above[k], above[k - step]) if k >= step else (0, above[k], 0)
		        near = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
		        row[k] = (row[k] + (0, a, b, (a + b) // 2, near)[kind]) & 255
		    print(row.hex())
		    above = row
	EOF
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
	mkstream >in && export-png -o x.png "$@" <in && show x.png >got
}

@test "for display 8 bits, gray and colour" {
	image u8 1x2x3 unit display | export_it
	same_text got <<-EOF
		3 2 8 0
		sRGB
		00070e
		151c23
	EOF
	image u8 3x2x3 unit display | export_it --level 9
	same_text got <<-EOF
		3 2 8 2
		sRGB
		002a5407315b0e3862
		153f691c4670234d77
	EOF
	# 1, 8, 15, 22 of 1
	image f32 1x1x3 full_scale 16 unit display | export_it
	same_text got <<-EOF
		3 1 8 0
		sRGB
		ffffff
	EOF
}

@test "16 bits for u16, for display with the values as they are" {
	image u16 1x2x2 full_scale 4095 unit display | export_it
	same_text got <<-EOF
		2 2 16 0
		sRGB
		0700150e
		231c312a
	EOF
}

@test "linear values get 16 bits, full_scale being white" {
	image f32 1x2x2 full_scale 16 | export_it
	same_text got <<-EOF
		2 2 16 0
		10008000
		efffffff
	EOF
	# 1792 of 4095 is 28678.6 of 65535; 5390 is above
	image u16 1x1x2 full_scale 4095 | export_it
	[[ $(tail -n 1 got) == 7007ffff ]]
	image u8 1x1x3 | export_it
	[[ $(tail -n 1 got) == 000007070e0e ]]
	image i32 1x1x1 full_scale 2e9 | export_it
	# 0x150e0700 = 353240832
	[[ $(tail -n 1 got) == 2d37 ]]
}

@test "--bits overrides both" {
	image u16 1x1x2 | export_it --bits 8
	same_text got <<-EOF
		2 1 8 0
		0715
	EOF
	image u8 1x1x2 unit display | export_it --bits 16
	same_text got <<-EOF
		2 1 16 0
		sRGB
		00000707
	EOF
}

@test "each strip, and each way to compress it, holds the picture" {
	for shape in 1x70x9000 3x25x9000; do
		for type in u8 f64; do
			image $type $shape full_scale 100 >lines
			export_it --bits 16 --level 1 <lines
			mkstream <lines | export-tiff -o x.tif
			python3 "$ROOT/tests/show-tiff.py" x.tif | sed 1d >plain
			sed 1d got | same_text plain
			[[ $(wc -l <plain) == $(cut -d x -f 2 <<<$shape) ]]
		done
	done
}

@test "what is kept bottom-up is turned over" {
	image u8 1x3x1 %row_order bottom-up | export_it --bits 8
	same_text got <<-EOF
		1 3 8 0
		0e
		07
		00
	EOF
}

@test "remarks, and sRGB for what is for display" {
	image u8 1x1x2 unit display | export_it --text 'Title=a = b' --text $'Author=Ren\xc3\xa9'
	same_text got <<-EOF
		2 1 8 0
		sRGB
		text Title a = b
		text Author René
		0007
	EOF
}

@test "wrong remarks are refused" {
	for text in a =b ' a=b' $'\xc3\xa9=a' $'a=\xff'; do
		expect 64 export-png --text "$text" -o x.png </dev/null
		says --text
	done
}

@test "only science is written" {
	{
		printf 'key kinds IMAGE\nHEAD\nkey role mask\nIMAGE u8 0 1x1x1\n'
		printf 'IMAGE u8 0 1x1x2 last\nEND\n'
	} | export_it
	[[ $(head -n 1 got) == '2 1 16 0' ]]
	printf 'key kinds IMAGE\nHEAD\nkey role mask\nIMAGE u8 0 1x1x1 last\nEND\n' | mkstream >in
	rm x.png
	expect 65 export-png -o x.png <in
	says 'no image'
	no_files x.png
}

@test "shapes that no PNG has are 65 and leave no file" {
	for shape in 2x2x2 4x2x2 2x2 1x1x1000001; do
		image u8 "$shape" | mkstream >in
		expect 65 export-png -o x.png <in
		no_files x.png
	done
}

@test "a second image needs --name" {
	{
		printf 'key kinds IMAGE\nHEAD\nIMAGE u8 0 1x1x1 last\nIMAGE u8 1 1x1x2 last\nEND\n'
	} | mkstream >in
	expect 65 export-png -o x.png <in
	says --name
	no_files x.png
	export-png --name 'x_{n:03}.png' <in
	[[ $(show x_000.png | head -n 1) == '1 1 16 0' && $(show x_001.png | head -n 1) == '2 1 16 0' ]]
	[[ $(wc -l <x.manifest) == 2 ]]
}

@test "a set: each image appears when it is whole, the manifest when all are" {
	{
		printf 'key kinds IMAGE\nHEAD\n'
		printf 'IMAGE u8 %d 1x1x3 last\n' {0..39}
		printf 'END\n'
	} | mkstream >in
	(
		ulimit -n 60
		export-png --name 'x_{n:02}.png' <in
	)
	[[ $(wc -l <x.manifest) == 40 ]]
	[[ $(cut -d ' ' -f 3 x.manifest) == "$(printf 'x_%02d.png\n' {0..39})" ]]
	[[ $(show x_39.png | head -n 1) == '3 1 16 0' ]]
	head -c -64 in >short
	expect 76 export-png --name 'y_{n:02}.png' <short
	[[ $(show y_39.png | head -n 1) == '3 1 16 0' ]]
	no_files y.manifest
}

@test "braces of --name are checked before anything is read" {
	for name in '{' 'x}' '{n:4}' '{}'; do
		expect 64 export-png --name "$name" </dev/null
		says --name
	done
	image u8 1x1x2 object 'M 31' | mkstream >in
	export-png --name '{object}.png' <in
	[[ -e M_31.png ]]
	expect 65 export-png --name '{unit}.png' <in
	says 'unknown key'
}

@test "a waterfall comes through as it is" {
	generate SPECTRA | waterfall --height 16 --width 24 >in
	export-png -o x.png --level 0 <in
	show x.png | sed 1,2d | tr -d '\n' >got
	stream-payload <in | python3 -c '
import sys
data = sys.stdin.buffer.read()
n = len(data) // 3
print(bytes(data[p * n + i] for i in range(n) for p in range(3)).hex(), end="")' >wanted
	same wanted got
}
