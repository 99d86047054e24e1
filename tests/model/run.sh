#!/bin/sh
# SPDX-License-Identifier: MIT
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
    # Spin wants the model here: it writes its trail beside it. -w: its generated code is not ours. Optimised, it takes
    # half a minute to compile; not so, the largest variants run longer by about as much, and the many small ones are done at once.
    cp "$models/$name.pml" . && spin -a "$@" "$name.pml" >spin.log 2>&1 &&
        clang -O0 -w -DSAFETY -DCOLLAPSE -DVECTORSZ=4096 -DMEMLIM=2048 -o pan pan.c 2>cc.log || { cat spin.log cc.log >&2; echo broken; return; }
    ./pan -m1000000 | sed -n 's/.*errors: \([0-9]*\).*/\1/p'
}

expect() { # expect COUNT MODEL FLAGS...
    wanted=$1
    shift
    found=$(errors "$@")
    [ "$found" = "$wanted" ] || { echo "model $*: errors '$found', expected $wanted"; failed=1; }
}

for protocol in "" -DFENCE -DBARRIER; do
    expect 0 pipe_sleep $protocol
    expect 0 pipe_sleep $protocol -DEVENTFD
    expect 0 pipe_sleep $protocol -DHIGH=2
    expect 1 pipe_sleep $protocol -DNO_ORDER
done
expect 1 pipe_sleep -DNO_LOOK
expect 0 pipe_sleep -DLEAVES
expect 1 pipe_sleep -DWEAK
expect 1 pipe_sleep -DWEAK_FLUSH
expect 1 pipe_sleep -DWEAK_ROOM
expect 1 pipe_sleep -DEVENTFD -DWEAK_DRAIN
[ $failed = 0 ] && echo "the pipe's three sleep protocols hold in 10 variants; 8 planted errors are found (more in pipe_sleep.pml's head)"

depot="-DDEPOT -DBLOCKS=3 -DUSER_FREES=0 -DUSER_ALLOCS=1 -DOWNER_ALLOCS=1"
late="-DLATE -DNOW -DUSER_FREES=0 -DUSER_ALLOCS=1 -DOWNER_ALLOCS=1 -DOWNER_FREES=1"
three="$late -DOWNERS=3 -DBLOCKS=3 -DFIRST_ALLOCS=0"
expect 0 pool_shut
expect 0 pool_shut $depot
expect 0 pool_shut -DCAPACITY=2 -DBLOCKS=3 -DUSER_FREES=0
expect 0 pool_shut -DOWNERS=2 -DUSERS=0 -DOWNER_ALLOCS=1 -DOWNER_FREES=1
expect 0 pool_shut $late -DOWNERS=2
expect 0 pool_shut $three
for error in NO_BARRIER NO_TAKEN CHECK_FIRST NO_SWEEP UNDO; do
    expect 1 pool_shut -D$error
done
expect 1 pool_shut -DDEPOT -DBLOCKS=3 -DUSER_FREES=0 -DUSER_ALLOCS=1 -DNO_INSIDE
expect 1 pool_shut $late -DOWNERS=2 -DPASSES=1
expect 1 pool_shut $three -DPASSES=2
[ $failed = 0 ] && echo "the pool's caches are shut right in 6 variants; 8 planted errors are found"
exit $failed
