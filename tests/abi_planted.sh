#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/abi-library sees a member moved, a struct grown, an enumerator of another value, a parameter of another type, a function gone and
# one that is new: each planted in a copy of what is kept. tests/abi_planted.sh BUILD
set -eu
build=$(realpath "$1")
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
seen=0

planted() { # planted NAME WANTED SED-SCRIPT : the tool refuses the copy, and says WANTED
    sed "$3" packaging/abi/leat.abi >"$dir/$1"
    if cmp -s packaging/abi/leat.abi "$dir/$1"; then echo "$1: nothing was planted"; exit 1; fi
    if tools/abi-library "$build" "$dir/$1" >"$dir/said" 2>&1; then echo "$1: not seen"; cat "$dir/said"; exit 1; fi
    grep -q "$2" "$dir/said" || { echo "$1: seen, but '$2' was not said:"; cat "$dir/said"; exit 1; }
    seen=$((seen + 1))
}

planted member 'high_water_messages' "/<class-decl name='leat_link_options'/,/<.class-decl>/ s/layout-offset-in-bits='192'/layout-offset-in-bits='160'/"
planted size 'leat_link_stats' "s/\(<class-decl name='leat_link_stats' size-in-bits='\)[0-9]*/\164/"
planted enumerator 'LEAT_DROP_BYTES' "s/\(name='LEAT_DROP_BYTES' value='\)1/\17/"
planted parameter 'leat_link_open' "/<function-decl name='leat_link_open'/,/<.function-decl>/ { /<parameter/ { N; s/.*\n//; }; }"
planted gone 'leat_link_shut' "s/leat_link_open'/leat_link_shut'/; s/leat_link_open@@/leat_link_shut@@/"
planted new 'leat_link_open' "/<elf-symbol name='leat_link_open'/d; /<function-decl name='leat_link_open'/,/<.function-decl>/d"
[ "$seen" = 6 ] || { echo "$seen planted changes seen, not 6"; exit 1; }
echo "$seen planted changes of the ABI were seen"
