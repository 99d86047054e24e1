#!/bin/sh
# The sleep protocol as modelled holds in every interleaving, and every planted error is found: tests/model/run.sh
set -u
cd "$(dirname "$0")" || exit 1
model=$PWD/pipe_sleep.pml
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0

# errors FLAGS...: how many errors the checker finds in that variant
errors() {
    rm -f pan*
    spin -a "$@" "$model" >spin.log 2>&1 && cc -O0 -DSAFETY -DVECTORSZ=4096 -o pan pan.c 2>cc.log || { cat spin.log cc.log >&2; echo broken; return; }
    ./pan -m1000000 | sed -n 's/.*errors: \([0-9]*\).*/\1/p'
}

expect() { # expect COUNT FLAGS...
    wanted=$1
    shift
    found=$(errors "$@")
    [ "$found" = "$wanted" ] || { echo "model ${*:-as it is}: errors '$found', expected $wanted"; failed=1; }
}

expect 0
expect 0 -DEVENTFD
expect 0 -DHIGH=1
expect 0 -DLEAVES
expect 1 -DWEAK
expect 1 -DWEAK_CAS
expect 1 -DWEAK_FLUSH
expect 1 -DEVENTFD -DWEAK_DRAIN
[ $failed = 0 ] && echo "the sleep protocol holds in 4 variants; 4 planted errors are found (more in pipe_sleep.pml's head)"
exit $failed
