# shellcheck shell=bash
# SPDX-License-Identifier: ISC
# What the filters that call a foreign program share: their command line, a private folder, a child
# that dies with them, and the frames of the stream as FITS files. It is sourced with the name of the
# filter, which has the functions usage, describe and messages (what the program has said, from ./log).

program=$1
operation=
names=()         # of the options given, in their order
declare -A given # their values
verbose=
folder= # the private one, which becomes the current folder
child=  # the process group that is running

# visible TEXT: the same with control characters as \xHH.
visible() {
	local i character text=
	for ((i = 0; i < ${#1}; i++)); do
		character=${1:i:1}
		[[ $character != [[:cntrl:]] ]] || printf -v character '\\x%02X' "'$character"
		text+=$character
	done
	printf '%s\n' "$text"
}

say() {
	visible "$program: $*" >&2
}

# fail CODE TEXT …
fail() {
	local code=$1
	shift
	say "$*"
	exit "$code"
}

# find_leat: the commands of leat are on PATH from here on.
find_leat() {
	local path
	command -v fits-write >/dev/null || {
		path=$(leat --exec-path 2>/dev/null) || fail 69 "fits-write: not found: nor is leat on PATH"
		PATH=$path:$PATH
	}
}

version() {
	local line
	find_leat
	line=$(fits-write --version) || exit
	echo "$program ${line#* }"
}

# words WORD …: sets operation, names, given and verbose.
words() {
	local word name
	for word; do
		case $word in
		-h | --help) usage && exit ;;
		-V | --version) version && exit ;;
		--describe) describe && exit ;;
		-v | --verbose) verbose=1 ;;
		--*=*)
			name=${word%%=*}
			name=${name#--}
			[[ $name =~ ^[a-z][a-z0-9_]*$ ]] || fail 64 "${word%%=*}: unknown option: see '$program --help'"
			[[ -v given[$name] ]] || names+=("$name")
			given[$name]=${word#*=}
			;;
		-?*) fail 64 "$word: unknown option, or without its =VALUE: see '$program --help'" ;;
		*)
			[[ -z $operation ]] || fail 64 "$word: one operand too many: $operation is the operation"
			operation=$word
			;;
		esac
	done
	[[ -n $operation ]] || fail 64 "needs an operation: see '$program --help'"
}

no_terminal() {
	[[ ! -t 0 ]] || fail 64 "standard input is a terminal: pipe a stream into it or use '< FILE'"
	[[ ! -t 1 ]] || fail 64 "standard output is a terminal: pipe it into stream-head or use '> FILE'"
}

# enter: makes the private folder and goes there. It goes when the script does, however it ends.
enter() {
	local signal
	trap 'cd / && rm -rf -- "$folder"' EXIT
	for signal in HUP INT TERM; do
		# shellcheck disable=SC2064
		trap "die $signal" "$signal"
	done
	folder=$(mktemp -d -- "${TMPDIR:-/tmp}/$program.XXXXXXXXXX" 2>/dev/null) ||
		fail 73 "${TMPDIR:-/tmp}: cannot make a folder there"
	cd -- "$folder" || exit 73
	folder=$PWD
}

# die SIGNAL: ends what is running, cleans up and dies of the same.
die() {
	trap '' HUP INT TERM
	[[ -z $child ]] || {
		kill -KILL -- "-$child"
		wait "$child" || true
	} 2>/dev/null
	cd / && rm -rf -- "$folder"
	trap - EXIT "$1"
	kill -s "$1" $$
}

# run COMMAND …: in a process group of its own, which die ends at once; returns its status.
run() {
	local status=0
	set -m
	"$@" <&0 &
	child=$!
	set +m
	{ wait "$child"; } 2>/dev/null || status=$?
	child=
	return "$status"
}

# receive PATTERN [OPTION …]: standard input becomes FITS files of these names.
receive() {
	local pattern=$1
	shift
	run fits-write --name "$pattern" "$@" >/dev/null || exit
	rm -f -- "${pattern%%_\{*}.manifest"
}

# send FILE …: FITS files become the stream on standard output.
send() {
	run fits-read -- "$@" </dev/null || exit
}

# card FILE NAME: "N:CARD" of the first card that begins with NAME, counted from 1.
card() {
	local found
	found=$(head -c 115200 -- "$1" | fold -b -w 80 | LC_ALL=C grep -a -n "^$2" | tr -d '\0') || return
	printf '%s\n' "${found%%$'\n'*}"
}

# replace FILE NAME CARD: puts CARD in the place of that card.
replace() {
	local found
	found=$(card "$1" "$2") || return
	printf '%-80s' "$3" | dd of="$1" bs=80 seek=$((${found%%:*} - 1)) conv=notrunc status=none
}

# said WHO: the last lines that the program wrote, as messages.
said() {
	local line
	messages | tail -n 20 | while IFS= read -r line; do
		say "${1,,}: $line"
	done
}

# foreign WHO COMMAND …: runs a program that is not ours, with nothing on standard input and what it
# says in the file log. Returns if it exits 0.
foreign() {
	local who=$1 status=0
	shift
	run "$@" </dev/null >log 2>&1 || status=$?
	[[ $status == 0 && -z $verbose ]] || said "$who"
	((status != 137)) || fail 71 "$operation: $who was killed: out of memory?"
	((status == 0)) || fail 65 "$operation: $who failed: exit $status"
}
