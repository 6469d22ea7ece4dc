# SPDX-License-Identifier: ISC
# shellcheck shell=bash
# What every test of commands uses. LEAT_BUILD names the build to test (build/asan for the
# sanitizers), LEAT_COMMANDS the commands that the fixed tests are for (all, if unset).

ROOT=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
B=$ROOT/${LEAT_BUILD:-build}
LIBEXEC=$B/libexec/leat
PATH=$LIBEXEC:$B/bin:$B/tests/tools:$PATH
export PATH LC_ALL=C TZ=UTC
unset LEAT_CRC LEAT_CPU LEAT_SANDBOX
[[ ${LEAT_BUILD:-build} != *asan* ]] || export SANITIZED=1
export ASAN_OPTIONS=detect_leaks=0:exitcode=99 UBSAN_OPTIONS=halt_on_error=1:exitcode=99

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# expect CODE COMMAND …: runs it with stdout in ./out and stderr in ./err, and compares the status.
expect() {
	local code=$1 got=0
	shift
	"$@" >out 2>err || got=$?
	[[ $got == "$code" ]] && return
	printf '%s: exit %s, expected %s: %s\n' "$*" "$got" "$code" "$(head -c 500 err)" >&2
	return 1
}

# says WORDS …: each stands in ./err, which has one line and begins with a command's name.
says() {
	local word
	[[ $(wc -l <err) == 1 && $(<err) == [a-z]*:* ]] || {
		printf 'not one line of message: %s\n' "$(<err)" >&2
		return 1
	}
	for word; do
		grep -qF -- "$word" err || {
			printf "'%s' not in: %s\n" "$word" "$(<err)" >&2
			return 1
		}
	done
}

# same A B: two files have the same bytes.
same() {
	cmp "$1" "$2" >&2
}

# same_text FILE: standard input is what the file holds.
same_text() {
	diff - "$1" >&2
}

# no_files NAME …: nothing of these names, and no part of any file, is here.
no_files() {
	local name
	for name; do
		[[ ! -e $name ]] || {
			printf '%s: was made\n' "$name" >&2
			return 1
		}
	done
	compgen -G '.*.part' >&2 && return 1
	return 0
}

# described NAME: what it says of itself; of the command at hand, see each, without asking again.
described() {
	if [[ $1 == "${DESCRIBED_NAME:-}" ]]; then
		printf '%s\n' "$DESCRIBED"
	else
		"$1" --describe
	fi
}

# line KEY NAME [FIELD]: the FIELD-th field after the key, by default the first, of a line of that.
line() {
	local text fields
	if [[ $2 == "${DESCRIBED_NAME:-}" ]]; then text=$DESCRIBED; else text=$("$2" --describe); fi
	[[ $'\n'$text =~ $'\n'"$1"$'\t'([^$'\n']*) ]] || return 0
	mapfile -t -d $'\t' fields <<<"${BASH_REMATCH[1]}"
	text=${fields[${3:-1} - 1]-}
	printf '%s\n' "${text%$'\n'}"
}

# options_of NAME: "name<TAB>letter<TAB>type<TAB>unit<TAB>default<TAB>min<TAB>max<TAB>choices…".
options_of() {
	described "$1" | sed -n 's/^option\t//p'
}

has_option() {
	local text
	if [[ $1 == "${DESCRIBED_NAME:-}" ]]; then text=$DESCRIBED; else text=$("$1" --describe); fi
	[[ $'\n'$text == *$'\noption\t'"$2"$'\t'* ]]
}

# fills_folder NAME: it is a sink that fills the folder of its operand, so it has no -o.
fills_folder() {
	[[ $(line role "$1") == sink ]] && ! has_option "$1" output
}

# nothing_unfinished FOLDER: no file beneath it is one that was not finished.
nothing_unfinished() {
	[[ ! -d $1 ]] || ! find "$1" -name 'tmp.*' | grep . >&2
}

have() {
	[[ -x $LIBEXEC/$1 ]]
}

# needs NAME …: skips the test while a command is not there.
needs() {
	local name
	for name; do
		have "$name" || skip "$name is not built"
	done
}

# A segment of a kind by the byte table alone, for kinds that no command here makes.
made() {
	printf 'key kinds %s\nkey rate_num 20000\nkey rate_den 1\n' "$1"
	case $1 in
	SPECTRA)
		printf 'key row_step 64\nkey row_span 64\nkey freq_hz 1e6\nkey unit FS^2\nHEAD\n'
		printf 'SPECTRA f32 0 20x1x64\nSPECTRA f32 2560 20x1x64 gap\n'
		;;
	IMAGE) printf 'key unit display\nHEAD\nIMAGE u8 0 3x16x24 last\n' ;;
	REPORT) printf 'HEAD\nREPORT columns 0 -\n' ;;
	IQ) printf 'HEAD\nIQ ci16 0 1000x1\nIQ ci16 2000 500x1 gap\n' ;;
	# 25 rows: 200 bytes of t, 56 up to the next border of 64, 100 of n.
	*) printf 'HEAD\nkey col t f64 s\nkey col n u8 - 4\npayload 356\n%s columns 0 25\n' "$1" ;;
	esac
	printf 'END\n'
}

# night [OPTION …]: three small lights (or as many as LIGHTS says), shifted, of some thirty stars each.
night() {
	sky-gen --width 96 --height 80 --count "${LIGHTS:-3}" --stars 60 --flux 1000 --fwhm 2 --sky 50 --nebula 20 \
		--shift 3 --cosmic 1 "$@"
}

# generate KIND [DTYPE] [segments]: a small stream of that kind on standard output.
generate() {
	local kind=$1 type=${2:-any} retune=()
	[[ -z ${3:-} ]] || retune=(--retune 100ms:2M)
	if [[ $kind == IMAGE && $type == [uf]?[26] ]] && have sky-gen; then
		night --type "$type"
		return
	fi
	[[ $type != any && $kind == IQ ]] || type=ci16
	if [[ $kind == IMAGE && -z ${3:-} ]] && have waterfall && have fft-slice; then
		generate SPECTRA | waterfall --height 16 --width 24
	elif [[ $kind == SPECTRA ]] && have fft-slice; then
		generate IQ any "${3:-}" | fft-slice -n 64
	elif [[ $kind == IQ ]]; then
		iq-gen --rate 20k --seconds 200ms --freq 1M --noise 0.1 --tone 3k:0.5 --gap 50ms:10ms \
			--time0 "${TIME0:-2024-06-27T14:49:00Z}" --type "$type" "${retune[@]}"
	else
		made "$kind" | mkstream
	fi
}

# The kind and type of input that a command is tested with.
input_kind() {
	local kinds
	kinds=$(line in "$1")
	[[ $kinds != any ]] || kinds=IQ
	printf '%s\n' "${kinds%% *}"
}

# make_input NAME: ./in, a stream that the command takes, and ./two, one of two segments.
make_input() {
	local type LIGHTS=
	# One -o takes one picture.
	! has_option "$1" name || LIGHTS=1
	type=$(line in "$1" 2)
	generate "$(input_kind "$1")" "${type%% *}" >in
	cp in second
	# In one folder nothing comes twice.
	! fills_folder "$1" || TIME0=2024-06-27T14:49:01Z generate "$(input_kind "$1")" "${type%% *}" >second
	cat in second >two
}

# args_of NAME: ARGS, the shortest valid arguments; a capture where they name one.
args_of() {
	eval "ARGS=($(line example "$1"))"
	[[ " ${ARGS[*]} " != *" capture "* ]] || cp -r "$(captures)/blocks" capture
	[[ " ${ARGS[*]} " != *" samples.wav "* ]] || wav_file 20000 40000 >samples.wav
	[[ " ${ARGS[*]} " != *" recording "* ]] || sigmf_files recording
	[[ " ${ARGS[*]} " != *" image.fits "* ]] || fits_file 24 16 16 'BZERO   = 32768' >image.fits
	[[ " ${ARGS[*]} " != *" spectra.fil "* ]] || fil_file 8 16 100 >spectra.fil
}

# sigmf_files BASE: a recording of 1000 samples, by the words of the specification alone.
sigmf_files() {
	yes 'IQ samples' | head -c 4000 >"$1.sigmf-data"
	printf '{"global": {"core:datatype": "ci16_le", "core:version": "1.2.0", "core:sample_rate": 1e6},
		"captures": [{"core:sample_start": 0, "core:frequency": 1e8}], "annotations": []}' >"$1.sigmf-meta"
}

# cards CARD …: a FITS header of these cards and END.
cards() {
	local card n=$((($# + 36) / 36 * 36))
	for card in "$@" END; do printf '%-80s' "$card"; done
	printf '%*s' $(((n - $# - 1) * 80)) ''
}

# fits_file WIDTH HEIGHT BITPIX [CARD …]: an image of some bytes as a FITS file.
fits_file() {
	local size=$(($1 * $2 * ${3#-} / 8)) width=$1 height=$2 bitpix=$3
	shift 3
	cards 'SIMPLE  =                    T' "BITPIX  = $bitpix" 'NAXIS   = 2' \
		"NAXIS1  = $width" "NAXIS2  = $height" "$@"
	yes 'FITS image' | head -c "$size"
	head -c $(((2880 - size % 2880) % 2880)) /dev/zero
}

# le BYTES NUMBER: a little-endian number.
le() {
	local i
	for ((i = 0; i < $1; i++)); do
		printf '%b' "\\x$(printf %02x $(($2 >> 8 * i & 255)))"
	done
}

# wav_file RATE SIZE: so many bytes of some IQ, 16 bits each, as a WAV file without any frills.
wav_file() {
	printf RIFF && le 4 $(($2 + 36)) && printf 'WAVEfmt ' && le 4 16 && le 2 1 && le 2 2
	le 4 "$1" && le 4 $(($1 * 4)) && le 2 4 && le 2 16 && printf data && le 4 "$2"
	yes 'IQ samples' | head -c "$2"
}

# fil_words WORD …: words with their length before them, as sigproc writes them.
fil_words() {
	local word
	for word; do
		le 4 ${#word}
		printf %s "$word"
	done
}

# fil_int NAME VALUE, fil_real NAME HEX: an entry of a filterbank header; HEX are the 8 bytes.
fil_int() {
	fil_words "$1"
	le 4 "$2"
}

fil_real() {
	fil_words "$1"
	local at
	for ((at = 0; at < 16; at += 2)); do printf '%b' "\\x${2:at:2}"; done
}

# fil_head BITS CHANNELS [IFS]: 1420 MHz and down by 0.5 MHz, 1 ms, MJD 60000.5.
fil_head() {
	fil_words HEADER_START source_name 'B0329+54'
	fil_int telescope_id 6
	fil_real fch1 0000000000309640
	fil_real foff 000000000000e0bf
	fil_int nchans "$2"
	fil_int nbits "$1"
	fil_real tstart 00000000104ced40
	fil_real tsamp fca9f1d24d62503f
	fil_int nifs "${3:-1}"
	fil_words HEADER_END
}

# fil_file BITS CHANNELS ROWS: with some bytes as its values.
fil_file() {
	fil_head "$1" "$2"
	yes 'filterbank' | head -c $(($1 * $2 * $3 / 8))
}

# The folder of DigitalRF captures, made once.
captures() {
	local made=$B/tests/captures
	[[ $made -nt $ROOT/tests/make-drf.py ]] || {
		/usr/bin/python3 "$ROOT/tests/make-drf.py" "$made.$$" >&2
		rm -rf "$made"
		mv -T "$made.$$" "$made" 2>/dev/null || rm -rf "$made.$$"
	}
	printf '%s\n' "$made"
}

# each RULE ROLE …: runs the function for every command of these roles, in a folder of its own with
# its input in ./in and ./two, its arguments in ARGS and its role in ROLE. A rule that does not
# concern a command returns 42; if it concerns none, the test is skipped.
each() {
	local rule=$1 name got concerned=0 failed=0
	shift
	for name in ${LEAT_COMMANDS:-$(commands)}; do
		DESCRIBED=$("$name" --describe) DESCRIBED_NAME=$name
		ROLE=$(line role "$name")
		[[ " $* " == *" $ROLE "* ]] || continue
		mkdir -p "$name"
		cd "$name" || return
		args_of "$name"
		set +e
		(
			trap - ERR
			set -e
			case $ROLE in filter | sink) make_input "$name" ;; esac
			"$rule" "$name"
		)
		got=$?
		set -e
		cd .. || return
		[[ $got == 42 ]] || concerned=1
		[[ $got == 0 || $got == 42 ]] || {
			printf '%s: %s: failed\n' "$name" "$rule" >&2
			failed=1
		}
	done
	[[ $concerned == 1 ]] || skip "concerns none of: ${LEAT_COMMANDS:-the commands}"
	[[ $failed == 0 ]]
}

# Every command that follows the common life; the umbrella has tests of its own.
commands() {
	find "$LIBEXEC" -maxdepth 1 -type f -perm -u+x -printf '%f\n' | sort
}

# gone PID: it is dead, or will be in a moment.
gone() {
	local i
	for i in {1..50}; do
		[[ $(ps -o stat= "$1") == [^Z]* ]] || return 0
		sleep 0.02
	done
	echo "$1 still runs after $i looks" >&2
	return 1
}
