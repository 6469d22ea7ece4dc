#!/usr/bin/env bats
# SPDX-License-Identifier: ISC

load ../common

# stars VALUE …: a segment of small images, each with this star count ("" for none).
stars() {
	local index=0 value
	printf 'key kinds IMAGE\nkey unit adu\nkey exposure_s 300\nHEAD\n'
	for value; do
		[[ -z $value ]] || printf 'key ~star_count %s\n' "$value"
		printf 'IMAGE u8 %d 1x2x2 last\n' $((index++))
	done
}

images() {
	{ stars "$@" && echo END; } | mkstream
}

# noted HISTORY [NOTE …]: a segment of one frame with this history and these notes in END.
noted() {
	printf 'key history %s\nkey kinds REPORT\nHEAD\nREPORT columns 0 -\nkey frames 1\n' "$1"
	shift
	[[ $# == 0 ]] || printf 'key note %s\n' "$@"
	echo END
}

# verdict CODE FILE [ARG …]: the status is CODE, and yet the whole stream has come through.
verdict() {
	local code=$1 file=$2 got=0
	shift 2
	qa-gate "$@" <"$file" >passed 2>err || got=$?
	[[ $got == "$code" ]] || {
		printf '%s: exit %s, expected %s: %s\n' "$*" "$got" "$code" "$(<err)" >&2
		return 1
	}
	stream-payload <passed >payload
	stream-payload <"$file" | same - payload
	same <(stream-head --all "$file") <(stream-head --all passed | grep -v '^  history qa-gate')
	[[ $code != 0 ]] || [[ ! -s err ]]
}

@test "qa-gate: within the bounds is 0 without a word, the bounds included" {
	images 12 20 31 >in
	verdict 0 in --min star_count=12 --max star_count=31
	verdict 0 in --min star_count=11.5 --max star_count=0.1k
	verdict 0 in --min=star_count=-1e3
	verdict 0 in --max exposure_s=300 --min exposure_s=300
	stream-head -n 1 passed | grep -qx '  history qa-gate 0.1.0'
}

@test "qa-gate: below and above are 1, with frame, key, value and bound" {
	images 12 20 31 >in
	verdict 1 in --min star_count=12.001
	says 'qa-gate: warning: frame 1 index 0: star_count: 12 is below --min 12.001'
	verdict 1 in --max star_count=30
	says 'frame 3 index 2: star_count: 31 is above --max 30'
	verdict 1 in --max star_count=0.03k
	says '31 is above --max 0.03k'
	verdict 1 in --max exposure_s=299 -q
	[[ ! -s err ]]
}

@test "qa-gate: each check tells its first failure, and the frames that failed are counted" {
	images 12 20 31 9 >in
	verdict 1 in --min star_count=13 --max star_count=30 --min exposure_s=1
	same_text err <<-'EOL'
		qa-gate: warning: frame 1 index 0: star_count: 12 is below --min 13
		qa-gate: warning: frame 3 index 2: star_count: 31 is above --max 30
		qa-gate: warning: 3 of 4 frames failed
	EOL
	# One frame that fails two checks is one.
	verdict 1 in --min star_count=10 --max star_count=5 --min exposure_s=301
	[[ $(tail -n 1 err) == 'qa-gate: warning: 4 of 4 frames failed' ]]
	images 9 20 >in
	verdict 1 in --min star_count=10 --min star_count=11
	[[ $(wc -l <err) == 2 ]]
}

@test "qa-gate: what is missing, NaN or no number is never within a bound" {
	images 12 '' >in
	verdict 1 in --min star_count=0
	says 'frame 2 index 1: star_count: missing'
	verdict 1 in --max star_count=1e300
	says missing
	for value in nan many 12x '12 ' 0x10 1,5 -nan NaN 1e999; do
		images "$value" >in
		verdict 1 in --min star_count=-1e300
		says "frame 1 index 0: star_count: '$value' is not a number"
		verdict 1 in --max star_count=1e300
		says "'$value' is not a number"
	done
	images inf >in
	verdict 0 in --min star_count=5
	verdict 1 in --max star_count=1e300
	says 'inf is above'
}

@test "qa-gate: a key is found as it stands, else with a scope" {
	images 12 >in
	verdict 0 in --min '~star_count=12'
	verdict 1 in --min '%star_count=12'
	says '%star_count: missing'
	generate SPECTRA >in
	verdict 0 in --min bin_step_hz=312.5 --max %bin_step_hz=312.5
	{ echo 'key quality 1' && echo 'key ~quality 2' && stars '' && echo END; } | mkstream >in
	verdict 0 in --max quality=1
	verdict 1 in --max '~quality=1'
	{ echo 'key ~x.quality 2' && stars '' && echo END; } | mkstream >in
	verdict 0 in --min x.quality=2 --max '~x.quality=2'
}

@test "qa-gate: a frame's own value replaces that of HEAD" {
	{ echo 'key ~star_count 5' && stars '' 9 '' && echo END; } | mkstream >in
	verdict 1 in --max star_count=8
	says 'frame 2 index 1: star_count: 9'
	verdict 0 in --min star_count=5
}

@test "qa-gate: every value of a list counts" {
	iq-gen --subchannels 2 --seconds 1ms | edit key 'freq_hz 7' >in
	verdict 0 in --max freq_hz=7
	verdict 1 in --max freq_hz=6
	says 'freq_hz: 7 is above'
}

@test "qa-gate: of a group, images of role science are checked" {
	printf 'key kinds IMAGE TABLE\nHEAD\nkey ~star_count 20\nIMAGE u8 0 1x2x2\nkey role mask
		key ~star_count 1\nIMAGE u8 0 1x2x2\nkey col x f64 px\nkey role stars\npayload 16
		TABLE columns 0 2 last\nEND\n' | sed 's/^\t*//' | mkstream >in
	verdict 0 in --min star_count=20 --min frames=1 --max frames=1
	verdict 1 in --min star_count=21
	says 'frame 1 index 0: star_count: 20'
}

@test "qa-gate: lights as star-find sees them" {
	needs sky-gen star-find
	night | star-find >tables
	verdict 0 tables --min star_count=5 --max fwhm_px=4 --min frames=3
	night | star-find --pass >in
	verdict 0 in --min star_count=5 --max fwhm_px=4 --min frames=3 --max frames=3
	verdict 1 in --min star_count=1k
	[[ $(tail -n 1 err) == *'3 of 3 frames failed' ]]
}

@test "qa-gate: the notes of END, added up" {
	noted 'register 0.1.0' 'register rejected=5' 'register dropped=1' 'stack rejected=9' >lines
	mkstream <lines >in
	verdict 0 in --max register.rejected=5 --min stack.rejected=9
	verdict 1 in --max register.rejected=4
	says 'qa-gate: warning: register.rejected: 5 is above --max 4'
	noted 'register 0.1.0' 'register rejected=5' 'register rejected=2' | mkstream >in
	verdict 1 in --max register.rejected=6
	says 'register.rejected: 7 is above'
	for value in many nan ''; do
		noted 'register 0.1.0' "register rejected=$value" | mkstream >in
		verdict 1 in --max register.rejected=6
		says "register.rejected: '$value' is not a number"
	done
}

@test "qa-gate: no note is 0 of a command that has run, and out of bounds of one that has not" {
	noted 'register 0.1.0 --max-shift=3' 'register-x rejected=7' 'registe rrejected=7' | mkstream >in
	verdict 0 in --max register.rejected=0
	verdict 1 in --min register.rejected=1
	says 'register.rejected: 0 is below --min 1'
	verdict 1 in --max star-find.starless=3
	says 'star-find.starless: no such note, and the command is not in the history'
	verdict 1 in --max registe.rejected=3
}

@test "qa-gate: notes of commands at work" {
	iq-gen --seconds 10ms --gap 5ms:1ms | fft-slice >in
	dropped=$(stream-head --all in | sed -n 's/^  note fft-slice dropped_transforms=//p')
	((dropped > 0))
	verdict 0 in --max "fft-slice.dropped_transforms=$dropped" --max fft-slice.dropped_rows=0
	verdict 1 in --max "fft-slice.dropped_transforms=$((dropped - 1))"
}

@test "qa-gate: frames are counted in each segment, and a check of metadata wants one" {
	{ stars 12 20 && echo END && stars 5 && echo END; } | mkstream >in
	verdict 0 in --min frames=1 --max frames=2
	verdict 1 in --min frames=2
	says 'frames: 1 is below --min 2'
	verdict 1 in --min star_count=6
	says 'index 0: star_count: 5'
	{ stars 12 && echo END && stars && echo END; } | mkstream >in
	verdict 1 in --min star_count=6
	says 'no frame came'
	verdict 0 in --min frames=0
	{ noted 'register 0.1.0' && noted 'register 0.1.0' 'register rejected=3'; } | mkstream >in
	verdict 1 in --max register.rejected=2
	says 'register.rejected: 3 is above'
}

@test "qa-gate: the stream goes on whole to a command that does not mind" {
	generate IMAGE u16 >in
	set +e
	qa-gate -q --min no_such_key=1 <in | stream-payload >payload
	[[ "${PIPESTATUS[*]}" == "1 0" ]]
	set -e
	stream-payload <in | same - payload
}

@test "qa-gate: damage is not a verdict" {
	images 12 20 >in
	head -c -64 in | expect 76 qa-gate --min star_count=100
	edit abort <in | expect 76 qa-gate --max star_count=100
}

@test "qa-gate: nothing to check, and checks that are none, are 64" {
	expect 64 qa-gate </dev/null
	says --min --max
	for wrong in star_count =3 star_count= star_count=many star_count=nan star_count=inf \
		'star count=3' Stars=3 star_count=3q star_count==3 '%=3' ''; do
		expect 64 qa-gate --min "$wrong" </dev/null
		says --min "'$wrong'" KEY=NUMBER
		expect 64 qa-gate "--max=$wrong" </dev/null
		says --max "'$wrong'"
	done
	expect 64 qa-gate --min
}
