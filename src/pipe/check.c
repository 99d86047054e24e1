/* SPDX-License-Identifier: MIT */
/* check.c: a pipe at rest is walked: whether every invariant of leat/pipe.h holds, and a drawing of it. */
#include <leat/pipe.h>

/* A place, with the item's position. */
struct place {
    struct leat_chunk *chunk;
    size_t pos, position;
};

static size_t w_of(const struct leat_pipe *pipe)
{
    return leat_load(&pipe->pushed, relaxed) - leat_load(&pipe->pending, relaxed); /* relaxed, all here: at rest */
}

static struct place first_place(const struct leat_pipe *pipe)
{
    return (struct place){pipe->begin_chunk, pipe->begin_pos, leat_load(&pipe->popped, relaxed)}; /* relaxed, all here: at rest */
}

static void step_on(const struct leat_pipe *pipe, struct place *place)
{
    const struct leat_pipe_shape *shape = &pipe->shape;
    size_t next = place->pos + shape->step;
    place->pos = (next & shape->mask) == shape->full ? (place->pos | shape->mask) + shape->skip : next;
    place->position++;
    if (place->pos == pipe->chunk_end && place->chunk->next != NULL) {
        place->chunk = place->chunk->next;
        place->pos = LEAT_CHUNK_FIRST;
    }
}

/* Walks from begin to end; returns whether links, places and the number of chunks fit each other. */
static bool chunks_valid(const struct leat_pipe *pipe)
{
    size_t held = leat_load(&pipe->chunks_taken, relaxed) - leat_load(&pipe->chunks_given, relaxed), chunks = 1;
    for (const struct leat_chunk *chunk = pipe->begin_chunk; chunk != pipe->end_chunk; chunk = chunk->next, chunks++) {
        if (chunk->next == NULL || chunk->next->prev != chunk || chunks >= held) {
            return false;
        }
    }
    for (int i = 0; i < LEAT_PIPE_SPARES; i++) {
        chunks += leat_load(&pipe->spare[i], relaxed) != NULL;
    }
    return chunks == held && pipe->end_chunk->next == NULL;
}

static bool at(const struct place *place, const struct leat_chunk *chunk, size_t pos)
{
    return place->chunk == chunk && place->pos == pos;
}

/* The mark of the group of w or f, as the writer keeps it: none if it is back's. */
static bool mark_fits(const struct leat_pipe *pipe, const LEAT_ATOMIC(size_t) * mark, const LEAT_ATOMIC(size_t) * wanted)
{
    return mark == (wanted == LEAT_PIPE_MARK(pipe->back_chunk, pipe->back_pos, &pipe->shape) ? NULL : wanted);
}

/* Byte offset of back. */
static size_t back_pos(const struct leat_pipe *pipe)
{
    return (size_t)((unsigned char *)leat_pipe_back_as(pipe, &pipe->shape) - (unsigned char *)pipe->back_chunk);
}

/* Walks all places: back is where `pushed` says, end the group after, and the marks are where w and f are. */
static bool places_valid(const struct leat_pipe *pipe)
{
    size_t pushed = leat_load(&pipe->pushed, relaxed), f = pushed - pipe->open;
    bool marks = pipe->open != 0 || pipe->f_mark == NULL;
    struct place place = first_place(pipe);
    for (;; step_on(pipe, &place)) {
        LEAT_ATOMIC(size_t) *mark = LEAT_PIPE_MARK(place.chunk, place.pos, &pipe->shape);
        marks = marks && (place.position != w_of(pipe) ||
                          (mark_fits(pipe, pipe->w_mark, mark) && leat_load(mark, relaxed) - w_of(pipe) - 1 >= SIZE_MAX / 2));
        marks = marks && (place.position != f || mark_fits(pipe, pipe->f_mark, mark));
        if (place.position == pushed) {
            break;
        }
        if (place.chunk == pipe->end_chunk && place.pos >= pipe->end_pos) {
            return false;
        }
    }
    bool back_fits = at(&place, pipe->back_chunk, back_pos(pipe));
    for (size_t i = 0; i < pipe->shape.items && !at(&place, pipe->end_chunk, pipe->end_pos); i++) {
        step_on(pipe, &place);
    }
    return marks && back_fits && (pipe->end_pos - LEAT_CHUNK_FIRST) % leat_pipe_stride(&pipe->shape) == 0 &&
           at(&place, pipe->end_chunk, pipe->end_pos) && (place.chunk == pipe->back_chunk || place.pos == LEAT_CHUNK_FIRST);
}

bool leat_pipe_valid(const struct leat_pipe *pipe)
{
    if (pipe->begin_chunk == NULL || pipe->end_pos >= pipe->chunk_end || pipe->begin_pos >= pipe->chunk_end) {
        return false;
    }
    size_t pushed = leat_load(&pipe->pushed, relaxed);
    size_t popped = leat_load(&pipe->popped, relaxed);
    size_t peak = leat_load(&pipe->peak, relaxed);
    size_t o = leat_load(&pipe->o, relaxed);
    size_t items = pushed - popped, f = pushed - pipe->open;
    bool order =
        pipe->r - popped <= w_of(pipe) - popped && w_of(pipe) - popped <= f - popped && f - popped <= items && items <= pipe->high_water;
    bool o_fits = o == pipe->said && pipe->say_at == o + pipe->give && popped - o < pipe->give && pushed - o <= pipe->high_water;
    bool peak_fits = (pipe->room_to == pipe->o_seen + peak || (pipe->shut && pipe->room_to == pushed)) && pushed - pipe->o_seen <= peak &&
                     o - pipe->o_seen <= peak && peak >= pipe->give && peak <= pipe->high_water;
    return order && o_fits && peak_fits && chunks_valid(pipe) && places_valid(pipe);
}

/* ---- drawing ---- */

enum { CELL = 5, DRAWN = 16, LINE_BYTES = 256 };

struct drawing {
    void (*line)(void *context, const char *text);
    void *context;
    char text[LINE_BYTES];
    size_t used;
};

static void put(struct drawing *drawing, const char *text)
{
    for (; *text != '\0' && drawing->used + 1 < sizeof drawing->text; text++) {
        drawing->text[drawing->used++] = *text;
    }
    drawing->text[drawing->used] = '\0';
}

static void put_number(struct drawing *drawing, size_t number, size_t width)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    for (size_t length = sizeof digits - 1 - at; length < width; length++) {
        put(drawing, " ");
    }
    put(drawing, digits + at);
}

static void end_line(struct drawing *drawing)
{
    while (drawing->used > 0 && drawing->text[drawing->used - 1] == ' ') {
        drawing->text[--drawing->used] = '\0';
    }
    drawing->line(drawing->context, drawing->text);
    drawing->used = 0;
    drawing->text[0] = '\0';
}

/* What stands at a place, in the order of the drawing. */
static void put_names(struct drawing *drawing, const struct leat_pipe *pipe, const struct place *place)
{
    const struct {
        bool here;
        const char *name;
    } names[] = {
        {at(place, pipe->begin_chunk, pipe->begin_pos), " begin"},
        {place->position == pipe->r &&
             place->position - leat_load(&pipe->popped, relaxed) <= w_of(pipe) - leat_load(&pipe->popped, relaxed),
         " r"},
        {place->position == w_of(pipe), leat_load(&pipe->reader_asleep, relaxed) > LEAT_PIPE_ASK ? " w c(asleep)" : " w c"},
        {place->position == leat_load(&pipe->pushed, relaxed) - pipe->open, " f"},
        {at(place, pipe->back_chunk, back_pos(pipe)), " back"},
        {at(place, pipe->end_chunk, pipe->end_pos), " end"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        put(drawing, names[i].here ? names[i].name : "");
    }
}

/* One chunk from `place` on, which is its first that is in use; moves *place to the next chunk or past end. */
static void draw_chunk(struct drawing *drawing, const struct leat_pipe *pipe, struct place *place, size_t pushed)
{
    const struct leat_chunk *chunk = place->chunk;
    struct place names[DRAWN];
    size_t columns[DRAWN], count = 0;
    struct place cell = {place->chunk, LEAT_CHUNK_FIRST, 0};
    size_t before = 0;
    for (; cell.pos != place->pos; before++) {
        step_on(pipe, &cell);
    }
    put(drawing, chunk == pipe->begin_chunk  ? "begin_chunk"
                 : chunk == pipe->back_chunk ? "back_chunk"
                 : chunk == pipe->end_chunk  ? "end_chunk"
                                             : "chunk");
    put(drawing, chunk == pipe->begin_chunk && chunk == pipe->back_chunk ? " = back_chunk" : "");
    put(drawing, chunk == pipe->end_chunk && (chunk == pipe->begin_chunk || chunk == pipe->back_chunk) ? " = end_chunk" : "");
    end_line(drawing);
    put(drawing, "  |");
    for (size_t i = 0; i < before && i < DRAWN; i++) {
        put(drawing, "    .");
    }
    bool in_use = true;
    for (size_t i = before; i < DRAWN && (chunk == place->chunk && place->pos != pipe->chunk_end); i++) {
        if (in_use) {
            names[count] = *place;
            columns[count++] = i;
        }
        if (!in_use || place->position - pushed - 1 < SIZE_MAX / 2) {
            put(drawing, "    _"); /* reserved at most */
        } else if (place->position == pushed) {
            put(drawing, "    T");
        } else {
            put_number(drawing, place->position, CELL);
        }
        in_use = in_use && !at(place, pipe->end_chunk, pipe->end_pos);
        step_on(pipe, place);
    }
    put(drawing, " |");
    end_line(drawing);
    for (size_t i = 0; i < count; i++) {
        for (size_t skip = 0; skip < 3 + columns[i] * CELL + CELL - 1; skip++) {
            put(drawing, " ");
        }
        size_t used = drawing->used;
        put(drawing, "^");
        put_names(drawing, pipe, &names[i]);
        if (drawing->used == used + 1) {
            drawing->used = 0; /* nothing stands here */
        } else {
            end_line(drawing);
        }
    }
    while (chunk == place->chunk && place->pos != pipe->chunk_end) {
        step_on(pipe, place);
    }
}

void leat_pipe_print(const struct leat_pipe *pipe, void (*line)(void *context, const char *text), void *context)
{
    struct drawing drawing = {.line = line, .context = context};
    struct place place = first_place(pipe);
    size_t pushed = leat_load(&pipe->pushed, relaxed);
    for (bool more = true; more;) {
        more = place.chunk != pipe->end_chunk;
        draw_chunk(&drawing, pipe, &place, pushed);
    }
    size_t spares = 0;
    for (int i = 0; i < LEAT_PIPE_SPARES; i++) {
        spares += leat_load(&pipe->spare[i], relaxed) != NULL;
    }
    put(&drawing, "popped ");
    put_number(&drawing, leat_load(&pipe->popped, relaxed), 0);
    put(&drawing, ", r ");
    put_number(&drawing, pipe->r, 0);
    put(&drawing, ", w ");
    put_number(&drawing, w_of(pipe), 0);
    put(&drawing, ", f ");
    put_number(&drawing, pushed - pipe->open, 0);
    put(&drawing, ", pushed ");
    put_number(&drawing, pushed, 0);
    put(&drawing, ", o ");
    put_number(&drawing, leat_load(&pipe->o, relaxed), 0);
    put(&drawing, ", spare chunks ");
    put_number(&drawing, spares, 0);
    end_line(&drawing);
}
