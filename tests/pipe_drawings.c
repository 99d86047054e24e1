/* SPDX-License-Identifier: MIT */
/*
 * pipe_drawings FILE: the drawings between the two marks in that file (doc/pipe.md) are what leat_pipe_print() says of a real pipe now;
 * prints what should stand there and fails if they are not. pipe_drawings: prints them.
 */
#include <leat/pipe.h>

#include <stdio.h>
#include <stdlib.h>

enum { ROOM = 1 << 16 };

static char text[ROOM];

static void add(const char *line)
{
    if (strlen(text) + strlen(line) + 2 > sizeof text) {
        abort();
    }
    strcat(strcat(text, line), "\n");
}

static void add_drawn(void *context, const char *line)
{
    (void)context;
    char indented[300];
    (void)snprintf(indented, sizeof indented, "    %s", line);
    add(indented);
}

static void draw(const struct leat_pipe *pipe, const char *caption)
{
    if (!leat_pipe_valid(pipe)) {
        abort();
    }
    add("");
    add(caption);
    add("");
    leat_pipe_print(pipe, add_drawn, NULL);
}

static void *take(void *context)
{
    (void)context;
    return malloc(64 + 4 * 64);
}

static void give(void *context, void *block)
{
    (void)context;
    free(block);
}

static unsigned char item[56];

static void must(bool right)
{
    if (!right) {
        abort();
    }
}

int main(int argc, char **argv)
{
    static struct leat_pipe pipe;
    struct leat_blocks blocks = {.alloc = take, .free = give, .block_bytes = 64 + 4 * 64};
    must(leat_pipe_init(&pipe, &(struct leat_pipe_config){.item_bytes = 56, .high_water = 64, .blocks = &blocks}) == 0);

    draw(&pipe, "A new pipe of items of 56 bytes, four to a chunk. T is the terminator, the place reserved before; end is what is reserved "
                "next:");
    must(leat_pipe_write(&pipe, item, false) && leat_pipe_write(&pipe, item, false));
    draw(&pipe, "`write(0, false)`, `write(1, false)`: two batches of one item are complete, so f is after them; the reader sees nothing:");
    must(leat_pipe_flush(&pipe) == LEAT_FLUSH_AWAKE);
    draw(&pipe, "`flush()` says AWAKE: w moves to f, and c, what the reader can see, is there:");
    must(leat_pipe_write(&pipe, item, true));
    draw(&pipe, "`write(2, true)`: of a batch that is not complete. f stays, and a flush would say NOTHING. The last place of the chunk is "
                "back now, so end stands in a new one:");
    must(leat_pipe_check_read(&pipe));
    draw(&pipe, "`check_read()` says true: r has taken everything up to c at once:");
    must(leat_pipe_read(&pipe, item));
    draw(&pipe, "`read()`: begin moves on, and nothing is shared for it:");
    must(leat_pipe_write(&pipe, item, false) && leat_pipe_flush(&pipe) == LEAT_FLUSH_AWAKE);
    draw(&pipe, "`write(3, false)` completes the batch, `flush()`: back has changed to the next chunk:");
    must(leat_pipe_read(&pipe, item) && leat_pipe_read(&pipe, item) && leat_pipe_read(&pipe, item));
    draw(&pipe, "`read()` three times: with the last item of a chunk begin goes over to the next, and the chunk is the spare one:");
    must(!leat_pipe_check_read(&pipe));
    draw(&pipe, "`check_read()` says false: there is nothing, the room is published in o, and the reader's sleep is announced:");
    must(leat_pipe_write(&pipe, item, false));
    must(leat_pipe_flush(&pipe) == LEAT_FLUSH_ASLEEP);
    draw(&pipe, "`write(4, false)`, `flush()` to a sleeping reader says ASLEEP: the announcement is taken back, and the writer has to wake "
                "the reader:");
    must(leat_pipe_write(&pipe, item, true) && leat_pipe_write(&pipe, item, true));
    must(leat_pipe_unwrite(&pipe, NULL));
    draw(&pipe, "`write(5, true)`, `write(6, true)`, `unwrite()`: the last item is taken out of the batch again:");
    leat_pipe_fini(&pipe);

    if (argc < 2) {
        return fputs(text, stdout) < 0;
    }
    static char page[ROOM];
    FILE *file = fopen(argv[1], "r");
    size_t size = file != NULL ? fread(page, 1, sizeof page - 1, file) : 0;
    page[size] = '\0';
    const char *begin = strstr(page, "<!-- drawings:begin -->\n"), *end = strstr(page, "\n<!-- drawings:end -->");
    if (begin == NULL || end == NULL || end < begin) {
        fprintf(stderr, "pipe_drawings: %s: the marks are not there\n", argv[1]);
        return 1;
    }
    begin = strchr(begin, '\n') + 1;
    if ((size_t)(end + 1 - begin) != strlen(text) || memcmp(begin, text, strlen(text)) != 0) {
        fprintf(stderr, "pipe_drawings: %s: the drawings are not what the pipe prints:\n%s", argv[1], text);
        return 1;
    }
    (void)fclose(file);
    return 0;
}
