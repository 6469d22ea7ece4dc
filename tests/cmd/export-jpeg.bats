#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

# A reader of the markers: "WIDTH HEIGHT COMPONENTS SAMPLING", "icc SIZE", "tables N" (of Huffman).
show() {
	python3 - "$1" <<-'EOF'
		import struct, sys
		data = open(sys.argv[1], 'rb').read()
		assert data[:2] == b'\xff\xd8' and data[-2:] == b'\xff\xd9'
		place, tables = 2, 0
		while True:
		    mark, size = struct.unpack('>HH', data[place:place + 4])
		    body = data[place + 4:place + 2 + size]
		    place += 2 + size
		    if mark == 0xffe0:
		        assert body[:5] == b'JFIF\0'
		    elif mark == 0xffe2:
		        assert body[:14] == b'ICC_PROFILE\0\1\1'
		        assert struct.unpack('>I', body[14:18])[0] == len(body) - 14
		        print('icc', body[14 + 16:][:4].decode())
		    elif mark == 0xffc0:
		        bits, height, width, count = struct.unpack('>BHHB', body[:6])
		        assert bits == 8
		        print(width, height, count, *('%x' % body[7 + 3 * i] for i in range(count)))
		    elif mark == 0xffc4:
		        tables += 1
		    elif mark == 0xffda:
		        break
		    else:
		        assert mark == 0xffdb, hex(mark)
		assert tables
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
	mkstream >in && export-jpeg -o x.jpg "$@" <in && show x.jpg >got
}

@test "export-jpeg: gray and colour, which has full resolution from quality 90 on" {
	image u8 1x16x24 | export_it
	same_text got <<<'24 16 1 11'
	image u16 3x16x24 | export_it
	same_text got <<<'24 16 3 11 11 11'
	image u16 3x16x24 | export_it --quality 90
	same_text got <<<'24 16 3 11 11 11'
	image u16 3x16x24 | export_it --quality 89
	same_text got <<<'24 16 3 22 11 11'
}

@test "export-jpeg: the profile comes with unit display only, gray or RGB" {
	image u8 1x16x24 unit display | export_it
	grep -qx 'icc GRAY' got
	image u8 3x16x24 unit display | export_it
	grep -qx 'icc RGB ' got
	image u8 3x16x24 unit adu | export_it
	run grep -q '^icc' got
	[[ $status == 1 ]]
}

@test "export-jpeg: a better quality is a larger file" {
	generate SPECTRA | waterfall --height 64 --width 96 >in
	for quality in 10 60 95 100; do
		export-jpeg --quality $quality -o x.jpg <in
		stat -c %s x.jpg
	done >sizes
	sort -n sizes | same_text sizes
	export-jpeg -o y.jpg <in
	export-jpeg --quality 95 -o x.jpg <in
	same x.jpg y.jpg
}

@test "export-jpeg: shapes that no JPEG has are 65 and leave no file" {
	for shape in 2x2x2 4x2x2 2x2 1x1x65501 1x65501x1; do
		image u8 "$shape" | mkstream >in
		expect 65 export-jpeg -o x.jpg <in
		no_files x.jpg
	done
	image u8 1x2x65500 | export_it
	same_text got <<<'65500 2 1 11'
}

@test "export-jpeg: a second image needs --name; only science is written" {
	printf 'key kinds IMAGE\nHEAD\nIMAGE u8 0 1x1x1 last\nIMAGE u8 1 1x1x2 last\nEND\n' |
		mkstream >in
	expect 65 export-jpeg -o x.jpg <in
	says --name
	no_files x.jpg
	export-jpeg --name 'x_{n:03}.jpg' <in
	[[ $(show x_000.jpg) == '1 1 1 11' && $(show x_001.jpg) == '2 1 1 11' ]]
	{
		printf 'key kinds IMAGE\nHEAD\nkey role mask\nIMAGE u8 0 1x1x1\n'
		printf 'IMAGE u8 0 1x1x2 last\nEND\n'
	} | export_it
	same_text got <<<'2 1 1 11'
	printf 'key kinds IMAGE\nHEAD\nkey role mask\nIMAGE u8 0 1x1x1 last\nEND\n' | mkstream >in
	expect 65 export-jpeg -o y.jpg <in
	says 'no image'
	no_files y.jpg
}
