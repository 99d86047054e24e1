#!/bin/sh
# SPDX-License-Identifier: MIT
# The README's programs compile as printed, without a warning; the first frames a certificate, the second adds up: tests/readme.sh LIBLEAT.a
set -eu
library=$(realpath "$1")
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for n in 1 2; do
    awk -v n=$n '/^```c$/ { block++; next } /^```$/ { if (block == n) exit } block == n' README.md >"$dir/$n.c"
    [ "$(wc -l <"$dir/$n.c")" -gt 10 ] || { echo "no program $n in the README"; exit 1; }
    # shellcheck disable=SC2086
    ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude "$dir/$n.c" "$library" -pthread ${LEAT_TEST_CFLAGS:-} -o "$dir/program$n"
done
pem=$(find /etc/ssl/certs -name '*.pem' | sort | head -n 1)
openssl x509 -in "$pem" -outform DER -out "$dir/one.der"
printed=$("$dir/program1" "$dir/one.der")
[ "$printed" = "a frame of $(wc -c <"$dir/one.der") bytes" ] || { echo "it printed: $printed"; exit 1; }
if "$dir/program1" "$dir/missing" 2>"$dir/error"; then echo "a missing file was not an error"; exit 1; fi
grep -q "$dir/missing" "$dir/error" || { echo "the error does not name the file: $(cat "$dir/error")"; exit 1; }
printed=$("$dir/program2")
[ "$printed" = 5000050000 ] || { echo "the queue's numbers add up to $printed"; exit 1; }
