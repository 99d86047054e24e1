/* SPDX-License-Identifier: MIT */
/* leat's own protocol: headers and checksums, the frames it sends itself, and that a reader finds the next frame after any garbage. */
#include "test.h"

#include <leat/protocol.h>
#include <string.h>

struct pad {
    unsigned char bytes[4096];
    int64_t room, committed;
};

static int64_t pad_reserve(void *context, int64_t min_bytes, void **span)
{
    struct pad *pad = context;
    *span = pad->bytes;
    return min_bytes <= (int64_t)sizeof pad->bytes ? (int64_t)sizeof pad->bytes : 0;
}

static void pad_commit(void *context, int64_t bytes)
{
    ((struct pad *)context)->committed += bytes;
}

static void start(struct leat_tlv_writer *writer, struct pad *pad, int64_t room)
{
    const struct leat_sink sink = {pad_reserve, pad_commit, pad};
    assert_int_equal(leat_tlv_writer_init(writer, leat_tlv_dialect("leat"), &sink, room), 0);
}

/* Bit by bit, as the polynomial says: slow, and independent of tables. */
static uint32_t crc32c(void *context, uint32_t crc, const void *data, int64_t bytes)
{
    const unsigned char *p = data;
    (void)context;
    crc = ~crc;
    for (int64_t i = 0; i < bytes; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0x82f63b78 & (0 - (crc & 1)));
    }
    return ~crc;
}

static void a_header_reads_as_it_was_written(void **state)
{
    static const struct leat_protocol_head heads[] = {{0, 0, 0, 0},
                                                      {0xffff, 15, UINT32_MAX, UINT32_MAX},
                                                      {7, LEAT_PROTOCOL_CRC, 300, 1},
                                                      {0x1234, LEAT_PROTOCOL_CRITICAL, 5, 0x89abcdef}};
    const struct leat_tlv_dialect *dialect = leat_tlv_dialect("leat");
    (void)state;
    assert_int_equal(crc32c(NULL, 0, "123456789", 9), 0xe3069283); /* the check value of CRC32C */
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        unsigned char bytes[LEAT_PROTOCOL_HEADER_BYTES];
        struct leat_protocol_head head = {0};
        leat_protocol_head_write(&heads[i], bytes);
        for (int64_t there = 0; there < LEAT_PROTOCOL_HEADER_BYTES; there++)
            assert_int_equal(leat_protocol_head_read(bytes, there, &head), -EAGAIN);
        assert_int_equal(leat_protocol_head_read(bytes, sizeof bytes, &head), 0);
        assert_true(head.type == heads[i].type && head.flags == heads[i].flags && head.length == heads[i].length &&
                    head.sequence == heads[i].sequence);
        assert_int_equal(leat_protocol_frame_bytes(&head), 16 + (int64_t)heads[i].length + (heads[i].flags & 1) * 4);
        assert_int_equal(leat_protocol_unknown(&head), (head.flags & 8) != 0 ? LEAT_PROTOCOL_REFUSE : LEAT_PROTOCOL_SKIP);
        /* The dialect says the same. */
        if (head.length < 1000) {
            struct leat_tlv_framer framer;
            int64_t n = 0;
            assert_int_equal(leat_tlv_framer_init(&framer, dialect, NULL), 0);
            assert_int_equal(leat_tlv_frame(&framer, bytes, sizeof bytes, &n),
                             leat_protocol_frame_bytes(&head) == 16 ? LEAT_TLV_WHOLE : LEAT_TLV_NEED);
            assert_int_equal(n, leat_protocol_frame_bytes(&head));
        }
    }
}

static void a_header_with_any_bit_turned_is_refused(void **state)
{
    const struct leat_protocol_head written = {0x0102, LEAT_PROTOCOL_MORE, 77, 9};
    (void)state;
    for (int bit = 0; bit < 8 * LEAT_PROTOCOL_HEADER_BYTES; bit++) {
        unsigned char bytes[LEAT_PROTOCOL_HEADER_BYTES];
        struct leat_protocol_head head = {.type = 5};
        leat_protocol_head_write(&written, bytes);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_int_equal(leat_protocol_head_read(bytes, sizeof bytes, &head), -EBADMSG);
        assert_int_equal(head.type, 5);
    }
}

static void another_version_is_told_apart(void **state)
{
    const struct leat_protocol_head written = {1, 0, 0, 0};
    unsigned char bytes[LEAT_PROTOCOL_HEADER_BYTES];
    struct leat_protocol_head head;
    (void)state;
    leat_protocol_head_write(&written, bytes);
    bytes[1] = (unsigned char)(bytes[1] + 0x10); /* version 2, and the checksum that goes with it */
    bytes[14] = (unsigned char)(bytes[14] - (bytes[15] < 0x10));
    bytes[15] = (unsigned char)(bytes[15] - 0x10);
    assert_int_equal(leat_protocol_head_read(bytes, sizeof bytes, &head), -EPROTO);
    struct leat_tlv_framer framer;
    int64_t n = 0;
    assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("leat"), NULL), 0);
    assert_int_equal(leat_tlv_frame(&framer, bytes, sizeof bytes, &n), LEAT_TLV_MALFORMED);
    assert_int_equal(leat_tlv_framer_fault(&framer)->rule, LEAT_TLV_KIND);
}

static void the_checksum_behind_a_frame_is_set_and_checked(void **state)
{
    unsigned char frame[16 + 5 + 4] = {0};
    const struct leat_protocol_head with = {3, LEAT_PROTOCOL_CRC, 5, 1}, without = {3, 0, 9, 1};
    (void)state;
    leat_protocol_head_write(&with, frame);
    memcpy(frame + 16, "hello", 5);
    assert_int_equal(leat_protocol_crc_check(frame, sizeof frame, crc32c, NULL), -EBADMSG);
    assert_int_equal(leat_protocol_crc_set(frame, sizeof frame, crc32c, NULL), 0);
    assert_int_equal(leat_protocol_crc_check(frame, sizeof frame, crc32c, NULL), 0);
    for (int bit = 8 * 16; bit < 8 * (int)sizeof frame; bit++) {
        frame[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_int_equal(leat_protocol_crc_check(frame, sizeof frame, crc32c, NULL), -EBADMSG);
        frame[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_int_equal(leat_protocol_crc_check(frame, sizeof frame - 1, crc32c, NULL), -EINVAL);
    leat_protocol_head_write(&without, frame);
    assert_int_equal(leat_protocol_crc_check(frame, sizeof frame, crc32c, NULL), 0);
}

static void a_hello_reads_as_it_was_put(void **state)
{
    const struct leat_protocol_hello mine = {
        .version = 1, .flags = 9, .max_value = 4096, .silence_ms = 5000, .name = "gate", .name_bytes = 4};
    const struct leat_protocol_hello bare = {.version = 3, .flags = 1, .max_value = 100};
    struct leat_protocol_hello read, both;
    struct leat_tlv_writer writer;
    struct pad pad = {.committed = 0};
    (void)state;
    start(&writer, &pad, sizeof pad.bytes);
    assert_int_equal(leat_protocol_hello_put(&writer, &mine), 0);
    int64_t bytes = leat_tlv_finish(&writer);
    assert_int_equal(bytes, 16 + 7 + 7 + 10 + 10 + 10);
    assert_int_equal(leat_protocol_hello_read(pad.bytes + 16, bytes - 16, &read), 0);
    assert_true(read.version == 1 && read.flags == 9 && read.max_value == 4096 && read.silence_ms == 5000 && read.name_bytes == 4);
    assert_memory_equal(read.name, "gate", 4);
    assert_int_equal(leat_protocol_agree(&read, &bare, &both), 0);
    assert_true(both.version == 1 && both.flags == 1 && both.max_value == 100 && both.silence_ms == 0);
    /* Of an empty one, the defaults; of unknown items, the critical are refused. */
    assert_int_equal(leat_protocol_hello_read(NULL, 0, &read), 0);
    assert_true(read.version == 1 && read.max_value == 1 << 20 && read.silence_ms == 0 && read.name == NULL);
    assert_int_equal(leat_protocol_hello_read("\0\x7f\0\0\0\1x\0\1\0\0\0\1\2", 14, &read), 0);
    assert_int_equal(read.version, 2);
    assert_int_equal(leat_protocol_hello_read("\x80\x7f\0\0\0\1x", 7, &read), -EPROTO);
    assert_int_equal(leat_protocol_hello_read("\0\1\0\0\0\2xx", 8, &read), -EBADMSG);
    assert_int_equal(leat_protocol_hello_read("\0\1\0\0\0\2x", 7, &read), -EBADMSG);
    assert_int_equal(read.version, 2);
    struct leat_protocol_hello none = {.version = 0};
    assert_int_equal(leat_protocol_agree(&mine, &none, &both), -EPROTO);
    assert_int_equal(leat_protocol_hello_put(&writer, &none), -EINVAL);
}

static void what_has_no_room_is_not_put_at_all(void **state)
{
    const struct leat_protocol_hello hello = {.version = 1, .max_value = 5, .name = "a name", .name_bytes = 6};
    const struct leat_protocol_error error = {.code = 3, .text = "a text", .text_bytes = 6};
    struct leat_tlv_writer writer;
    struct pad pad = {.committed = 0};
    (void)state;
    for (int64_t room = 1; room < 16 + 7 + 7 + 10 + 12; room++) {
        start(&writer, &pad, room);
        assert_int_equal(leat_protocol_hello_put(&writer, &hello), -EMSGSIZE);
        assert_true(leat_tlv_writer_valid(&writer) && writer.position == 0 && writer.depth == 0);
        if (room < 16 + 8 + 12) {
            assert_int_equal(leat_protocol_error_put(&writer, &error), -EMSGSIZE);
            assert_int_equal(leat_tlv_finish(&writer), 0);
        }
    }
}

static void an_error_reads_as_it_was_put(void **state)
{
    const struct leat_protocol_error error = {
        .code = LEAT_PROTOCOL_MALFORMED, .offset = UINT64_C(1) << 40, .sequence = 7, .text = "lost", .text_bytes = 4};
    struct leat_protocol_error read = {0};
    struct leat_tlv_writer writer;
    struct pad pad = {.committed = 0};
    (void)state;
    start(&writer, &pad, sizeof pad.bytes);
    assert_int_equal(leat_protocol_error_put(&writer, &error), 0);
    int64_t bytes = leat_tlv_finish(&writer);
    assert_int_equal(leat_protocol_error_read(pad.bytes + 16, bytes - 16, &read), 0);
    assert_true(read.code == 1 && read.offset == error.offset && read.sequence == 7 && read.text_bytes == 4);
    assert_memory_equal(read.text, "lost", 4);
    assert_int_equal(leat_protocol_error_read("", 0, &read), -EBADMSG); /* without a code */
}

static void a_batch_is_taken_apart_again(void **state)
{
    static const char *const frames[] = {"one", "", "three", "a fourth"};
    struct leat_protocol_batch batch;
    struct leat_tlv_writer writer;
    struct pad pad = {.committed = 0};
    const void *frame = NULL;
    int64_t length = 0;
    uint64_t sequence = 0;
    (void)state;
    start(&writer, &pad, sizeof pad.bytes);
    assert_int_equal(leat_protocol_batch_add(&writer, "x", 1), -EINVAL);
    assert_int_equal(leat_protocol_batch_end(&writer), -EINVAL);
    assert_int_equal(leat_protocol_batch_begin(&writer, UINT64_C(5000000000)), 0);
    assert_int_equal(leat_protocol_batch_begin(&writer, 1), -EINVAL);
    for (int i = 0; i < 4; i++)
        assert_int_equal(leat_protocol_batch_add(&writer, frames[i], (int64_t)strlen(frames[i])), 0);
    assert_int_equal(leat_protocol_batch_end(&writer), 0);
    int64_t bytes = leat_tlv_finish(&writer);
    assert_int_equal(bytes, 16 + 12 + 4 * 6 + 16);
    assert_int_equal(leat_protocol_batch_open(&batch, pad.bytes + 16, bytes - 16), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(leat_protocol_batch_next(&batch, &frame, &length, &sequence), 0);
        assert_true(sequence == UINT64_C(5000000000) + (uint64_t)i && length == (int64_t)strlen(frames[i]));
        assert_memory_equal(frame, frames[i], (size_t)length);
    }
    assert_int_equal(leat_protocol_batch_next(&batch, &frame, &length, &sequence), -EPIPE);
    /* Cut anywhere, or with another count, it says so: no frame is given that was not in it, none is missed unseen. */
    for (int64_t cut = 0; cut < bytes - 16; cut++) {
        int given = 0, code = leat_protocol_batch_open(&batch, pad.bytes + 16, cut);
        while (code == 0 && (code = leat_protocol_batch_next(&batch, &frame, &length, &sequence)) == 0)
            given++;
        assert_int_equal(code, -EBADMSG);
        assert_true(given < 4);
    }
    pad.bytes[16 + 11] = 3;
    assert_int_equal(leat_protocol_batch_open(&batch, pad.bytes + 16, bytes - 16), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(leat_protocol_batch_next(&batch, &frame, &length, &sequence), 0);
    assert_int_equal(leat_protocol_batch_next(&batch, &frame, &length, &sequence), -EBADMSG);
}

/* Frames with garbage between some, given in pieces: each frame behind garbage is found, and the bytes left out are the garbage. */
static void a_reader_finds_the_next_frame_after_garbage(void **state)
{
    enum { FRAMES = 40, ROUNDS = 200, ROOM = 40 * (20 + 60 + 40) };
    unsigned char stream[ROOM];
    uint64_t seed = 7; /* of 2^20 headers made by chance one passes all checks, so chance is the same each time */
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t starts[FRAMES], bytes = 0, found = 0, at = 0, garbage = 0, left_out = 0, n = 0;
        struct leat_tlv_framer framer;
        for (int i = 0; i < FRAMES; i++) {
            const struct leat_protocol_head head = {(uint16_t)i, (uint8_t)(test_random(&seed) % 16), (uint32_t)(test_random(&seed) % 60),
                                                    (uint32_t)i};
            if (test_random(&seed) % 2 == 0) {
                int64_t noise = (int64_t)(test_random(&seed) % 40);
                for (int64_t b = 0; b < noise; b++)
                    stream[bytes++] = test_random(&seed) % 4 == 0 ? 0xa7 : (unsigned char)test_random(&seed);
                garbage += noise;
            }
            starts[i] = bytes;
            leat_protocol_head_write(&head, stream + bytes);
            memset(stream + bytes + 16, 0xa7, (size_t)leat_protocol_frame_bytes(&head) - 16); /* what begins a frame, but is none */
            bytes += leat_protocol_frame_bytes(&head);
        }
        assert_int_equal(leat_tlv_framer_init(&framer, leat_tlv_dialect("leat"), NULL), 0);
        for (int64_t there = 1; at < bytes;) {
            enum leat_tlv_frame frame = leat_tlv_frame(&framer, stream + at, there - at, &n);
            if (frame == LEAT_TLV_WHOLE) {
                assert_true(found < FRAMES && at == starts[found]);
                found++;
                at += n;
            } else if (frame == LEAT_TLV_MALFORMED) {
                int64_t skip = leat_tlv_framer_resume(&framer, stream + at, there - at);
                assert_true(skip >= 1 && skip <= there - at);
                at += skip;
                left_out += skip;
            } else {
                assert_true(n > there - at && there < bytes);
            }
            there = there < at + 1 ? at + 1 : there;
            if (frame == LEAT_TLV_NEED)
                there += 1 + (int64_t)(test_random(&seed) % 7);
            there = there < bytes ? there : bytes;
        }
        assert_int_equal(found, FRAMES);
        assert_int_equal(left_out, garbage);
    }
}

/* Text out of its range, in what is put and in what comes; and a batch that is not the item that is open, or is only measured. */
static void what_is_out_of_range_is_refused(void **state)
{
    static char text[1026];
    static struct pad pad;
    static unsigned char long_name[6 + 1025];
    const struct leat_protocol_hello hello = {.version = 1, .max_value = 1}, theirs = {.version = 1, .max_value = 2};
    const struct leat_protocol_error error = {.code = 1};
    struct leat_protocol_hello wrong, both;
    struct leat_protocol_error fault;
    struct leat_protocol_batch batch;
    struct leat_tlv_writer writer;
    (void)state;
    start(&writer, &pad, 4096);
    for (int i = 0; i < 3; i++) {
        wrong = hello, fault = error;
        wrong.name = fault.text = i == 2 ? NULL : text;
        wrong.name_bytes = i == 0 ? -1 : i == 1 ? 256 : 1;
        fault.text_bytes = i == 0 ? -1 : i == 1 ? 1025 : 1;
        assert_int_equal(leat_protocol_hello_put(&writer, &wrong), -EINVAL);
        assert_int_equal(leat_protocol_error_put(&writer, &fault), -EINVAL);
    }
    assert_int_equal(leat_protocol_error_put(&writer, &error), 0); /* without a text */
    assert_int_equal(leat_tlv_begin(&writer, 1), 0);
    assert_int_equal(leat_protocol_hello_put(&writer, &hello), -EINVAL); /* an item is open */
    assert_int_equal(leat_protocol_error_put(&writer, &error), -EINVAL);
    assert_int_equal(leat_protocol_batch_begin(&writer, 1), -EINVAL);
    assert_int_equal(leat_protocol_batch_add(&writer, "x", 1), -EINVAL);
    assert_int_equal(leat_protocol_batch_end(&writer), -EINVAL);

    assert_int_equal(leat_tlv_writer_init(&writer, leat_tlv_dialect("leat"), NULL, 0), 0);
    assert_int_equal(leat_protocol_batch_begin(&writer, 1), 0);
    assert_int_equal(leat_protocol_batch_add(&writer, "x", 1), 0);
    assert_int_equal(leat_protocol_batch_add(&writer, NULL, -1), -EINVAL);
    assert_int_equal(leat_protocol_batch_end(&writer), 0);
    assert_int_equal(leat_tlv_finish(&writer), 16 + 12 + 6 + 1);
    start(&writer, &pad, 20);
    assert_int_equal(leat_protocol_batch_begin(&writer, 1), -EMSGSIZE);

    long_name[1] = 5, long_name[4] = 1, long_name[5] = 0; /* type 5, 256 bytes */
    assert_int_equal(leat_protocol_hello_read(long_name, 6 + 256, &wrong), -EBADMSG);
    long_name[1] = 4, long_name[4] = 4, long_name[5] = 1; /* type 4, 1025 bytes */
    assert_int_equal(leat_protocol_error_read(long_name, sizeof long_name, &fault), -EBADMSG);
    assert_int_equal(leat_protocol_hello_read(long_name, -1, &wrong), -EBADMSG);
    assert_int_equal(leat_protocol_error_read(long_name, -1, &fault), -EBADMSG);
    assert_int_equal(leat_protocol_batch_open(&batch, long_name, 11), -EBADMSG);
    assert_int_equal(leat_protocol_crc_set(long_name, 20, crc32c, NULL), -EINVAL);
    assert_int_equal(leat_protocol_agree(&hello, &theirs, &both), 0);
    assert_int_equal(both.max_value, 1);
    assert_int_equal(leat_protocol_agree(&theirs, &hello, &both), 0);
    assert_int_equal(both.max_value, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_reads_as_it_was_written), cmocka_unit_test(a_header_with_any_bit_turned_is_refused),
        cmocka_unit_test(another_version_is_told_apart),    cmocka_unit_test(the_checksum_behind_a_frame_is_set_and_checked),
        cmocka_unit_test(a_hello_reads_as_it_was_put),      cmocka_unit_test(what_has_no_room_is_not_put_at_all),
        cmocka_unit_test(an_error_reads_as_it_was_put),     cmocka_unit_test(a_batch_is_taken_apart_again),
        cmocka_unit_test(what_is_out_of_range_is_refused),  cmocka_unit_test(a_reader_finds_the_next_frame_after_garbage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
