/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target on inputs that once taught it something: run_corpus FILE, where each line is an input in hex. So `make check` asks
 * of each what the target asks, without libFuzzer.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int main(int argc, char **argv)
{
    static char line[1 << 16];
    long count = 0;
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (file == NULL) {
        fprintf(stderr, "run_corpus: one file that can be read is wanted\n");
        return 1;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        size_t digits = strspn(line, "0123456789abcdef");
        uint8_t *data = malloc(digits / 2 + 1); /* no larger than the input, for checkers */
        if (data == NULL || digits % 2 != 0 || strcmp(line + digits, "\n") != 0) {
            fprintf(stderr, "run_corpus: %s:%ld: not a line of hex\n", argv[1], count + 1);
            return 1;
        }
        for (size_t i = 0; i < digits / 2; i++) {
            const char pair[3] = {line[2 * i], line[2 * i + 1], '\0'};
            data[i] = (uint8_t)strtoul(pair, NULL, 16);
        }
        LLVMFuzzerTestOneInput(data, digits / 2);
        free(data);
        count++;
    }
    fclose(file);
    printf("%ld inputs\n", count);
    return count > 0 ? 0 : 1;
}
