/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: the first byte says in which pieces the stream comes, the rest is a script of what is in it: bytes of any kind, frames,
 * hellos, errors, batches, and frames with a bit turned. The framer of the dialect `leat` must find the frames that a search with
 * leat_protocol_head_read alone finds, say where it lost step, and find the good frame at the end whatever came before. What a value reads
 * as (hello, error, batch) is written and reads as the same again; where it does not, nothing is set.
 *
 *     make fuzz
 */
#include <leat/protocol.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 600 /* bytes of a frame */
#define ROOM 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#define want(fact) want_at((fact), __LINE__)
static void want_at(bool fact, int line)
{
    if (fact)
        return;
    fprintf(stderr, "protocol_fuzz.c:%d: this does not hold\n", line);
    abort();
}

/* A sink of `room` bytes; nothing may be written behind them. */
struct place {
    unsigned char bytes[ROOM];
    int64_t room, committed;
};

static int64_t place_reserve(void *context, int64_t min_bytes, void **span)
{
    struct place *place = context;
    *span = place->bytes;
    return min_bytes <= place->room ? place->room : 0;
}

static void place_commit(void *context, int64_t bytes)
{
    ((struct place *)context)->committed += bytes;
}

static uint32_t sum(void *context, uint32_t crc, const void *data, int64_t bytes)
{
    const unsigned char *p = data;
    (void)context;
    for (int64_t i = 0; i < bytes; i++)
        crc = crc * 31 + p[i] + 1;
    return crc;
}

typedef int putter(struct leat_tlv_writer *writer, const void *what);

static int put_hello(struct leat_tlv_writer *writer, const void *what)
{
    return leat_protocol_hello_put(writer, what);
}

static int put_error(struct leat_tlv_writer *writer, const void *what)
{
    return leat_protocol_error_put(writer, what);
}

/* Written dry, in just enough room, and refused in less, nothing put. Returns the frame's bytes. */
static int64_t put_exactly(struct place *place, putter *put, const void *what)
{
    struct leat_tlv_writer writer;
    const struct leat_sink sink = {place_reserve, place_commit, place};
    int64_t bytes;
    want(leat_tlv_writer_init(&writer, leat_tlv_dialect("leat"), NULL, 0) == 0 && put(&writer, what) == 0);
    bytes = leat_tlv_finish(&writer);
    want(bytes >= LEAT_PROTOCOL_HEADER_BYTES && bytes <= ROOM);
    memset(place, 0xa5, sizeof *place);
    place->room = bytes - 1, place->committed = 0;
    want(leat_tlv_writer_init(&writer, leat_tlv_dialect("leat"), &sink, bytes - 1) == 0 && put(&writer, what) == -EMSGSIZE);
    want(leat_tlv_writer_valid(&writer) && leat_tlv_finish(&writer) == 0 && place->committed == 0 && place->bytes[bytes - 1] == 0xa5);
    place->room = bytes;
    want(leat_tlv_writer_init(&writer, leat_tlv_dialect("leat"), &sink, bytes) == 0 && put(&writer, what) == 0);
    want(leat_tlv_finish(&writer) == bytes && place->committed == bytes && place->bytes[bytes] == 0xa5);
    return bytes;
}

static bool same_text(const char *one, int32_t one_bytes, const char *other, int32_t other_bytes)
{
    return one_bytes == other_bytes && (one_bytes == 0 || memcmp(one, other, (size_t)one_bytes) == 0);
}

static void hello(const unsigned char *value, int64_t bytes)
{
    static struct place place;
    struct leat_protocol_hello read, untouched, again, both;
    memset(&read, 0x5a, sizeof read);
    memcpy(&untouched, &read, sizeof read);
    int code = leat_protocol_hello_read(value, bytes, &read);
    if (code != 0) {
        want((code == -EBADMSG || code == -EPROTO) && memcmp(&read, &untouched, sizeof read) == 0);
        return;
    }
    want(read.name_bytes >= 0 && read.name_bytes <= 255);
    want(read.name_bytes == 0 || ((const unsigned char *)read.name >= value && read.name_bytes <= (const char *)value + bytes - read.name));
    want(leat_protocol_agree(&read, &read, &both) == (read.version < 1 ? -EPROTO : 0));
    if (read.version < 1)
        return;
    int64_t frame = put_exactly(&place, put_hello, &read);
    want(leat_protocol_hello_read(place.bytes + LEAT_PROTOCOL_HEADER_BYTES, frame - LEAT_PROTOCOL_HEADER_BYTES, &again) == 0);
    want(again.version == read.version && again.flags == read.flags && again.max_value == read.max_value);
    want(again.silence_ms == read.silence_ms && same_text(again.name, again.name_bytes, read.name, read.name_bytes));
}

static void error(const unsigned char *value, int64_t bytes)
{
    static struct place place;
    struct leat_protocol_error read, untouched, again;
    memset(&read, 0x5a, sizeof read);
    memcpy(&untouched, &read, sizeof read);
    int code = leat_protocol_error_read(value, bytes, &read);
    if (code != 0) {
        want((code == -EBADMSG || code == -EPROTO) && memcmp(&read, &untouched, sizeof read) == 0);
        return;
    }
    int64_t frame = put_exactly(&place, put_error, &read);
    want(leat_protocol_error_read(place.bytes + LEAT_PROTOCOL_HEADER_BYTES, frame - LEAT_PROTOCOL_HEADER_BYTES, &again) == 0);
    want(again.code == read.code && again.offset == read.offset && again.sequence == read.sequence);
    want(same_text(again.text, again.text_bytes, read.text, read.text_bytes));
}

/* All of a batch's frames lie in its value, in order, as many as it says; then it is written and reads as the same. */
static void batch(const unsigned char *value, int64_t bytes)
{
    static struct place place;
    struct leat_protocol_batch batch, again;
    struct leat_tlv_writer writer;
    const struct leat_sink sink = {place_reserve, place_commit, &place};
    const void *frame, *copy;
    int64_t frame_bytes, copy_bytes, written;
    uint64_t sequence = 0, first, number;
    uint32_t count = 0;
    int code;
    if (leat_protocol_batch_open(&batch, value, bytes) != 0)
        return;
    place.room = ROOM, place.committed = 0;
    first = batch.sequence;
    want(leat_tlv_writer_init(&writer, leat_tlv_dialect("leat"), &sink, ROOM) == 0 && leat_protocol_batch_begin(&writer, first) == 0);
    const unsigned char *behind = value;
    while ((code = leat_protocol_batch_next(&batch, &frame, &frame_bytes, &sequence)) == 0) {
        want(sequence == first + count++);
        want((const unsigned char *)frame >= behind && frame_bytes >= 0 && frame_bytes <= value + bytes - (const unsigned char *)frame);
        behind = (const unsigned char *)frame + frame_bytes;
        want(leat_protocol_batch_add(&writer, frame, frame_bytes) == 0);
    }
    want(code == -EPIPE || code == -EBADMSG || code == -EPROTO);
    if (code != -EPIPE)
        return;
    want(leat_protocol_batch_end(&writer) == 0);
    written = leat_tlv_finish(&writer);
    want(leat_protocol_batch_open(&batch, value, bytes) == 0);
    want(leat_protocol_batch_open(&again, place.bytes + LEAT_PROTOCOL_HEADER_BYTES, written - LEAT_PROTOCOL_HEADER_BYTES) == 0);
    for (uint32_t i = 0; i <= count; i++) {
        code = leat_protocol_batch_next(&again, &copy, &copy_bytes, &number);
        want(code == leat_protocol_batch_next(&batch, &frame, &frame_bytes, &sequence) && code == (i < count ? 0 : -EPIPE));
        want(i == count || (number == sequence && copy_bytes == frame_bytes && memcmp(copy, frame, (size_t)copy_bytes) == 0));
    }
}

/* What a reader does with a frame that it found. */
static void look(const unsigned char *frame, int64_t bytes)
{
    struct leat_protocol_head head, again;
    unsigned char copy[MOST];
    want(bytes <= MOST && leat_protocol_head_read(frame, bytes, &head) == 0 && leat_protocol_frame_bytes(&head) == bytes);
    memcpy(copy, frame, (size_t)bytes);
    leat_protocol_head_write(&head, copy);
    want(leat_protocol_head_read(copy, bytes, &again) == 0);
    want(head.type == again.type && head.flags == again.flags && head.length == again.length && head.sequence == again.sequence);
    want(leat_protocol_crc_set(copy, bytes, sum, NULL) == 0 && leat_protocol_crc_check(copy, bytes, sum, NULL) == 0);
    if ((head.flags & LEAT_PROTOCOL_CRC) != 0) {
        copy[bytes - 1] ^= 1;
        want(leat_protocol_crc_check(copy, bytes, sum, NULL) == -EBADMSG);
    }
    want(leat_protocol_crc_check(frame, bytes - 1, sum, NULL) == -EINVAL);
    hello(frame + LEAT_PROTOCOL_HEADER_BYTES, head.length);
    error(frame + LEAT_PROTOCOL_HEADER_BYTES, head.length);
    batch(frame + LEAT_PROTOCOL_HEADER_BYTES, head.length);
}

/* Where the next frame stands from `at` on, found by trying each byte; *bytes 0: none begins, or it is not whole. */
static int64_t search(const unsigned char *data, int64_t at, int64_t end, int64_t *bytes)
{
    struct leat_protocol_head head;
    for (*bytes = 0; at < end; at++) {
        int code = leat_protocol_head_read(data + at, end - at, &head);
        if (code == -EAGAIN)
            break;
        if (code != 0 || leat_protocol_frame_bytes(&head) > MOST)
            continue;
        *bytes = leat_protocol_frame_bytes(&head) <= end - at ? leat_protocol_frame_bytes(&head) : 0;
        break;
    }
    return at;
}

/* Reads the stream `step` bytes at a time. `last`: where its last frame begins, before which MOST bytes are none of any frame. */
static void read_all(const unsigned char *data, int64_t end, int64_t step, int64_t last)
{
    const struct leat_tlv_limits limits = {.max_frame = MOST};
    struct leat_tlv_framer framer;
    int64_t at = 0, found = -1, n = 0, bytes = 0, resumed = 0;
    want(leat_tlv_framer_init(&framer, leat_tlv_dialect("leat"), &limits) == 0);
    for (int64_t there = step < end ? step : end;; there = there + step < end ? there + step : end) {
        for (;;) {
            enum leat_tlv_frame frame = leat_tlv_frame(&framer, data + at, there - at, &n);
            want(leat_tlv_framer_valid(&framer));
            if (frame == LEAT_TLV_NEED)
                break;
            if (frame == LEAT_TLV_MALFORMED) {
                want(leat_tlv_framer_fault(&framer)->offset == 0 && there > at);
                int64_t skipped = leat_tlv_framer_resume(&framer, data + at, there - at);
                want(skipped >= 1 && skipped <= there - at && leat_tlv_framer_fault(&framer)->rule == LEAT_TLV_OK);
                at += skipped;
                continue;
            }
            want(search(data, resumed, end, &bytes) == at && bytes == n);
            look(data + at, n);
            found = at;
            at += n;
            resumed = at;
        }
        want(n > there - at);
        if (there == end)
            break;
    }
    want(found == last && at == end);
}

struct script {
    const uint8_t *data;
    size_t left;
};

static uint8_t byte_of(struct script *script)
{
    if (script->left == 0)
        return 0;
    script->left--;
    return *script->data++;
}

/* One thing that the script says is put at the stream's end. Returns its bytes, MOST at most. */
static int64_t part(struct script *script, unsigned char *to)
{
    uint8_t what = byte_of(script), flags = byte_of(script);
    struct leat_protocol_head head = {.flags = flags & 0xf, .length = byte_of(script), .sequence = flags};
    if ((flags & 0x40) != 0)
        head.length += 256;
    if (what % 8 == 0) { /* any bytes */
        for (int64_t i = 0; i < (int64_t)head.length; i++)
            to[i] = byte_of(script);
        return head.length;
    }
    head.type = (uint16_t)(what % 8 < 5 ? LEAT_PROTOCOL_OWN + what % 4 : what);
    leat_protocol_head_write(&head, to);
    int64_t bytes = leat_protocol_frame_bytes(&head);
    for (int64_t i = LEAT_PROTOCOL_HEADER_BYTES; i < bytes; i++)
        to[i] = byte_of(script);
    want(leat_protocol_crc_set(to, bytes, sum, NULL) == 0);
    if ((flags & 0x10) != 0)
        to[byte_of(script) % bytes] ^= (unsigned char)(1 << byte_of(script) % 8);
    return (flags & 0x20) != 0 ? byte_of(script) % bytes : bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned char stream[16 * 1024];
    struct script script = {data, size};
    int64_t step = 1 + byte_of(&script), end = 0;
    while (script.left > 0 && end < (int64_t)sizeof stream - 4 * MOST)
        end += part(&script, stream + end);
    memset(stream + end, 0, MOST);
    end += MOST;
    const struct leat_protocol_head good = {.type = LEAT_PROTOCOL_KEEP_ALIVE, .sequence = 1};
    leat_protocol_head_write(&good, stream + end);
    int64_t last = end, whole = end + LEAT_PROTOCOL_HEADER_BYTES;
    unsigned char *exact = malloc((size_t)whole); /* no larger than the stream, for checkers */
    want(exact != NULL);
    memcpy(exact, stream, (size_t)whole);
    read_all(exact, whole, step, last);
    read_all(exact, whole, whole, last);
    free(exact);
    return 0;
}
