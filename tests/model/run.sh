#!/bin/sh
# The protocols as modelled hold in every interleaving, and every planted error is found: tests/model/run.sh
set -u
cd "$(dirname "$0")" || exit 1
models=$PWD
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0

# errors MODEL FLAGS...: how many errors the checker finds in that variant
errors() {
    name=$1
    shift
    rm -f pan* spin.log cc.log
    # Spin wants the model here: it writes its trail beside it. -w: its generated code is not ours.
    cp "$models/$name.pml" . && spin -a "$@" "$name.pml" >spin.log 2>&1 &&
        cc -O1 -w -DSAFETY -DVECTORSZ=4096 -DMEMLIM=2048 -o pan pan.c 2>cc.log || { cat spin.log cc.log >&2; echo broken; return; }
    ./pan -m1000000 | sed -n 's/.*errors: \([0-9]*\).*/\1/p'
}

expect() { # expect COUNT MODEL FLAGS...
    wanted=$1
    shift
    found=$(errors "$@")
    [ "$found" = "$wanted" ] || { echo "model $*: errors '$found', expected $wanted"; failed=1; }
}

expect 0 pipe_sleep
expect 0 pipe_sleep -DEVENTFD
expect 0 pipe_sleep -DHIGH=1
expect 0 pipe_sleep -DLEAVES
expect 1 pipe_sleep -DWEAK
expect 1 pipe_sleep -DWEAK_CAS
expect 1 pipe_sleep -DWEAK_FLUSH
expect 1 pipe_sleep -DEVENTFD -DWEAK_DRAIN
[ $failed = 0 ] && echo "the pipe's sleep protocol holds in 4 variants; 4 planted errors are found (more in pipe_sleep.pml's head)"

expect 0 pool_shut
expect 0 pool_shut -DBLOCKS=3 -DOWN=5 -DOTHER=1
expect 1 pool_shut -DNO_BARRIER
expect 1 pool_shut -DCHECK_FIRST
expect 1 pool_shut -DNO_TAKEN
expect 1 pool_shut -DNO_SWEEP
expect 1 pool_shut -DDRY_EARLY
expect 1 pool_shut -DNO_INSIDE -DBLOCKS=3 -DOWN=6 -DOTHER=1
[ $failed = 0 ] && echo "the pool's caches are shut right in 2 variants; 6 planted errors are found"
exit $failed
