#!/bin/sh
# SPDX-License-Identifier: MIT
# The bars catch a slow-down: leat-cost is built once from the headers as they are and once from a copy with two slow-downs planted (a
# fence in leat_pipe_flush_as, a few idle instructions in leat_pool_cache_alloc), and `cost` must refuse the second and name both.
#   bench/cost/planted.sh [BUILD]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
build=${1:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "planted.sh: $*" >&2
    exit 1
}

[ -f "$build/libleat.a" ] || fail "$build/libleat.a is not there: ninja -C $build libleat.a"

compile() { # INCLUDE PROGRAM
    "${CC:-cc}" -std=c11 -g -O2 -DNDEBUG -I"$1" "$here"/*.c "$build/libleat.a" -pthread -o "$2"
}

# Puts a line after the opening brace of a function that is defined in a header.
plant() { # HEADER FUNCTION LINE
    sed "/^LEAT_[A-Z_]* .*[ *]$2(.*)\$/,/^{\$/ s|^{\$|{ $3|" "$work/include/leat/$1" >"$work/planted.h"
    [ "$(diff "$work/include/leat/$1" "$work/planted.h" | grep -c '^>')" = 1 ] || fail "nothing, or too much, was planted in $2"
    mv "$work/planted.h" "$work/include/leat/$1"
}

cp -R "$root/include" "$work/include"
compile "$work/include" "$work/as-it-is"
plant pipe_inline.h leat_pipe_flush_as 'leat_fence(seq_cst);'
plant pool.h leat_pool_cache_alloc '__asm__ volatile("nop; nop; nop; nop");'
compile "$work/include" "$work/slower"

cost() { # PROGRAM [more]
    program=$1
    shift
    "$here/cost" --build "$build" --bars "$work/bars.tsv" --program "$work/$program" "$@" pool-pair-handle pipe-flush ring-64-inplace
}

cost as-it-is --set >/dev/null || fail 'the bars could not be set'
cost as-it-is >"$work/said" 2>&1 || fail "the headers as they are were refused: $(cat "$work/said")"

status=0
cost slower >"$work/table" 2>"$work/said" || status=$?
[ "$status" = 1 ] || fail "a slower library got exit status $status: $(cat "$work/said")"
grep -q '^cost: pool-pair-handle: .* instructions, the bar is ' "$work/said" || fail 'four instructions more per block were not noticed'
if grep -q 'cannot be counted' "$work/table"; then
    echo 'locked instructions cannot be counted on this machine: their bars were not tried'
else
    grep -q '^cost: pipe-flush: .* locked instructions, the bar is ' "$work/said" || fail 'a fence more per flush was not noticed'
fi
grep -q 'ring-64-inplace:' "$work/said" && fail 'what was not slowed down was refused, too'
echo 'refused, as they should be:'
sed 's/^cost: /  /' "$work/said"
