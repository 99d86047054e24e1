#!/bin/sh
# SPDX-License-Identifier: MIT
# The two files compile without a warning, hosted and freestanding, in C and in C++, with each compiler that is there, and need nothing of
# the outside; names that clash are renamed, and a clash that cannot be mended is refused.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
warn="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"
tools/two-files "$dir/two"

cat >"$dir/program.c" <<'PROGRAM'
#include "leat.h"
#include <stdio.h>

int main(void)
{
    static unsigned char memory[LEAT_RING_MIN_BYTES];
    struct leat_ring ring;
    char read[6] = "";
    if (leat_ring_init(&ring, memory, sizeof memory, 0) != 0)
        return 1;
    leat_ring_write(&ring, "hello", 5);
    leat_ring_read(&ring, read, 5);
    puts(read);
    return 0;
}
PROGRAM
cp "$dir/program.c" "$dir/program.cc"
printed() { [ "$("$1")" = hello ] || { echo "$1 did not print what it should"; exit 1; }; }

compilers=
for triple in gcc:g++:-O1 clang:clang++:-O0; do # optimised once, for the warnings that come with it
    cc=${triple%%:*} cxx=${triple#*:} hosted=${triple##*:}
    cxx=${cxx%:*}
    command -v "$cc" >/dev/null && command -v "$cxx" >/dev/null || continue
    compilers="$compilers $cc"
    # shellcheck disable=SC2086
    for flags in "-O0 -ffreestanding" "$hosted"; do
        $cc -std=c11 $flags $warn -c "$dir/two/leat.c" -o "$dir/leat.o"
    done
    $cc -std=c11 $warn -I"$dir/two" "$dir/program.c" "$dir/leat.o" -o "$dir/program"
    printed "$dir/program"
    $cxx -std=c++17 -Wall -Wextra -Wpedantic -Werror -I"$dir/two" "$dir/program.cc" "$dir/leat.o" -o "$dir/program"
    printed "$dir/program"
    bad=$(nm --undefined-only "$dir/leat.o" | awk '{ print $NF }' | grep -Ev '^(mem(cpy|move|set|cmp)|_GLOBAL_OFFSET_TABLE_|__tls_get_addr)$' || true)
    [ -z "$bad" ] || { echo "the two files ask the outside for:" $bad; exit 1; }
    bad=$(nm --defined-only --extern-only "$dir/leat.o" | awk '{ print $NF }' | grep -v '^leat_' || true)
    [ -z "$bad" ] || { echo "names that are not leat's:" $bad; exit 1; }
done
[ -n "$compilers" ] || { echo "no compiler"; exit 1; }

# What is planted stands in a copy of the tree.
mkdir "$dir/tree"
cp -r tools include src LICENSE "$dir/tree"
plant() { # plant FILE TEXT
    cp "$1" "$dir/tree/$1"
    printf '%s\n' "$2" >>"$dir/tree/$1"
}
plant src/ring/record.c 'struct leat_planted { int planted; };
typedef int planted_type;
static planted_type planted(struct leat_planted *p) { return p->planted; }
static planted_type (*const planted_table[])(struct leat_planted *p) = {planted};
planted_type leat_planted_one(void);
planted_type leat_planted_one(void) { struct leat_planted it = {.planted = 1}; return planted_table[0](&it); }'
plant src/msg/msg.c '#define POOL_FULL 7
#define planted_type 2
enum { planted = planted_type, planted_table = POOL_FULL };
int leat_planted_two(void);
int leat_planted_two(void) { return planted + planted_table; }'
"$dir/tree/tools/two-files" "$dir/planted"
${CC:-cc} -std=c11 -O1 $warn -c "$dir/planted/leat.c" -o "$dir/leat.o"
for name in 'static ring_record_planted_type ring_record_planted(struct leat_planted \*p) { return p->planted; }' 'ring_record_planted_table\[0\](&it)' \
    'return msg_planted + msg_planted_table'; do
    grep -q "$name" "$dir/planted/leat.c" || { echo "names that clash kept their names: no $name"; exit 1; }
done
plant src/msg/msg.c 'static int (planted_odd);'
if "$dir/tree/tools/two-files" "$dir/planted" 2>"$dir/error"; then echo "a declaration not understood was taken"; exit 1; fi
grep -q 'src/msg/msg.c: cannot tell what is declared' "$dir/error" || { cat "$dir/error"; exit 1; }
echo "two files, by$compilers"
