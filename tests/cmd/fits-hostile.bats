# SPDX-License-Identifier: ISC
# Files that lie, and values meant for a shell, a terminal or a path, at every command that reads
# FITS files.
load ../common

# refuses FILE CODE COMMAND …: the status, one line that names the file, no END; soon, in little memory.
refuses() {
	local file=$1 code=$2 got=0
	shift 2
	(
		[[ ${SANITIZED:-} ]] || ulimit -d 1000000
		exec timeout 10 "$@" <in.leat >out 2>err
	) || got=$?
	[[ $got == "$code" && $(wc -l <err) == 1 && $(<err) == *"$file"* ]] || {
		printf '%s: exit %s, not %s: %s\n' "$*" "$got" "$code" "$(head -c 500 err)" >&2
		return 1
	}
	! LC_ALL=C grep -q '[^ -~]' err || {
		printf '%s: raw bytes on the terminal: %s\n' "$*" "$(od -c err | head -5)" >&2
		return 1
	}
}

# everywhere FILE CODE: at every command that takes a FITS file.
everywhere() {
	refuses "$1" "$2" fits-read "$1"
	refuses "$1" "$2" fits-info "$1"
	refuses "$1" "$2" fits-calibrate --dark "$1"
	refuses "$1" "$2" register --ref "$1"
	refuses "$1" "$2" channel-combine --map 'R=a,G=a,B=a' --with "a=$1"
	refuses "$1" "$2" fits-calibrate --pedestal 1 "$1"
}

@test "hostile FITS: files that lie are 65 everywhere, named, soon, in little memory" {
	local file
	night --count 1 >in.leat
	/usr/bin/python3 "$ROOT/tests/make-badfits.py" .
	cd bad
	cp ../in.leat .
	[[ $(find . -name '*.fits' | wc -l) -gt 150 ]]
	for file in *.fits *.gz; do
		if [[ ${SANITIZED:-} ]]; then
			refuses "$file" 65 fits-read "$file"
		else
			everywhere "$file" 65
		fi
	done
}

@test "hostile FITS: what is no file is 65 or 66, and nobody waits for it" {
	night --count 1 >in.leat
	mkdir folder.fits
	mkfifo fifo.fits
	ln -s loop.fits loop.fits
	ln -s nowhere.fits dangling.fits
	: >empty.fits
	ln -s empty.fits link.fits
	everywhere folder.fits 66
	everywhere fifo.fits 66
	everywhere loop.fits 66
	everywhere dangling.fits 66
	everywhere link.fits 65
	everywhere /dev/zero 66
}

@test "hostile FITS: values reach neither terminal, file name nor shell raw" {
	local file harmless="import sys, unicodedata
text = sys.stdin.buffer.read().decode()
raw = {c for c in text if unicodedata.category(c) == 'Cc' and c not in '\\n\\t'}
sys.exit(repr(raw) if raw else 0)"
	/usr/bin/python3 "$ROOT/tests/make-badfits.py" .
	cd sly
	mkdir made
	for file in *.fits; do
		fits-read "$file" >a.leat
		fits-info --classify "$file" >text
		fits-info --json "$file" >>text
		(cd made && fits-write --name '{object}_{filter}_{n}.fits' <../a.leat) 2>>text ||
			[[ $? == 65 ]] # without a name
		stream-head --all a.leat >>text
		stream-info a.leat >>text
		/usr/bin/python3 -c "$harmless" <text || {
			printf '%s\n' "$file" >&2
			return 1
		}
		fits-info --json "$file" | /usr/bin/python3 -c 'import json, sys; json.load(sys.stdin)'
		rm a.leat text
	done
	# One plain file for each, in this folder, of harmless letters.
	[[ $(find made -type f | wc -l) -ge 20 && $(find made -mindepth 1 -not -type f | wc -l) == 0 ]]
	find made -type f -printf '%f\n' | LC_ALL=C grep -vE '^[A-Za-z0-9_+.,=-]+$' >odd || true
	[[ ! -s odd ]] || {
		cat odd >&2
		return 1
	}
	[[ -z $(find made -name '-*' -o -name '.*') ]]
	no_files pwned ../pwned ../../pwned made/pwned /tmp/pwned
}
