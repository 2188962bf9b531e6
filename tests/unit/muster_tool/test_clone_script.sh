#!/bin/sh
# ./muster as a user without rights and with sudo: which packages it asks for. usage: test_clone_script.sh TREE
set -eu

tree=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
clone="$work/a clone" # with a blank
mkdir "$clone" "$work/bin"
cp "$tree/muster" "$clone/"

cat >"$clone/packages.txt" <<'END'
#   package    group   what for
first-dev      build   one
# commented    build   not one
second         run     two
third-agent    test    three
END

fake() { # NAME BODY: a program that comes before the real one
    printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
    chmod 755 "$work/bin/$1"
}
fail() {
    echo "FAILED: $1"
    echo "$out"
    exit 1
}
# Runs ./muster from another folder; its output in $out, its exit status in $code.
run() {
    code=0
    out=$(cd / && PATH="$work/bin:$PATH" "$clone/muster" "$@" </dev/null 2>&1) || code=$?
}
expect() { case $out in *"$1"*) ;; *) fail "expected: $1" ;; esac; }
expect_not() { case $out in *"$1"*) fail "not expected: $1" ;; esac; }

fake dpkg-query 'exit 1'
fake id 'echo 1000'
fake sudo 'exit 1'

run up
[ "$code" -eq 1 ] || fail "exit status $code instead of 1"
expect 'apt-get install'
expect 'first-dev second'
expect_not third-agent
expect_not '#'

run test
expect third-agent

# One is there: only the others are named.
fake dpkg-query 'case $* in *first-dev*) printf "ii " ;; *second*) printf "rc " ;; *) exit 1 ;; esac'
run up
expect 'second'
expect_not first-dev

# With rights: installed, and nothing asked for twice. The build that follows fails, as there is no source here.
fake sudo '[ "$1" != -n ] || shift; [ "$1" != true ] || exit 0; while [ "$1" != sh ]; do shift; done; shift 4; echo "$@" >>'"'$work/asked'"
run up
[ "$code" -eq 1 ] || fail "exit status $code instead of 1"
expect 'the build failed'
[ "$(cat "$work/asked")" = second ] || fail "asked for: $(cat "$work/asked")"
echo good
