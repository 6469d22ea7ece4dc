#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The scripts that keep the house: each must notice what it is there for.

load ../common

@test "install-deps: silent and quick when all is there" {
	expect 0 "$ROOT/scripts/install-deps" build
	[[ ! -s out && ! -s err ]]
}

@test "install-deps: without root and sudo it prints the command and exits 69" {
	[[ $EUID == 0 ]] || skip "is not root, so cannot become nobody"
	place=$(mktemp -d)
	chmod 755 "$place"
	cd "$place"
	mkdir bin
	ln -s "$(command -v bash)" "$(command -v env)" bin
	printf '#!/bin/sh\nexit 1\n' >bin/dpkg-query
	chmod 755 bin bin/dpkg-query
	cp "$ROOT/scripts/install-deps" deps
	chmod 755 deps
	expect 69 setpriv --reuid=65534 --regid=65534 --clear-groups env PATH="$PWD/bin" bash "$PWD/deps" test
	says 'apt-get install' libfftw3-dev bats
	rm -r "$place"
}

@test "check-man: an option too many or too few on a page is noticed" {
	cp -r "$ROOT/scripts" "$ROOT/man" .
	mkdir -p build/libexec
	ln -s "$LIBEXEC" build/libexec/leat
	unset LEAT_BUILD
	expect 0 ./scripts/check-man stream-take
	sed -i 's/^\.It Fl \\-frames/.It Fl \\-grames/' man/stream-take.1
	expect 1 ./scripts/check-man stream-take
	grep -q -e '< --frames' err
	grep -q -e '> --grames' err
	expect 1 ./scripts/check-man no-such-command
}

@test "run-tests: deaths, missing plans and failures are counted" {
	# shellcheck source=/dev/null
	source <(sed -n '/^count() {/,/^}/p' "$ROOT/scripts/run-tests")
	printf 'ok 1 - a\nok 2 - b # skip c\nnot ok 3 - d\n1..3\n' >tap
	[[ $(count tap 1) == '1 1 1' ]]
	printf 'ok 1 - a\nok 2 - b\n1..2\n' >tap
	[[ $(count tap 0) == '2 0 0' && $(count tap 139) == '2 1 0' ]]
	printf 'ok 1 - a\n' >tap
	[[ $(count tap 0) == '1 1 0' ]]
	printf '1..2\nok 1 - a\n' >tap
	[[ $(count tap 0) == '1 1 0' ]]
	: >tap
	[[ $(count tap 0) == '0 1 0' ]]
	printf '1..0 # SKIP no peer\n' >tap
	[[ $(count tap 0) == '0 0 1' && $(count tap 1) == '0 1 1' ]]
}

@test "README: every file that it names is there" {
	grep -o '](\([^)#]*\))' "$ROOT/README.md" | tr -d '()]' | grep -v '^http' >named
	(($(wc -l <named) > 2))
	while read -r name; do
		[[ -s $ROOT/$name ]] || {
			echo "$name: is not there" >&2
			false
		}
	done <named
}
