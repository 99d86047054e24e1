/* SPDX-License-Identifier: MIT */
/* pcap: captures that libpcap writes here come out as what their packets carry. */
#define _GNU_SOURCE
#include "endpoint_support.h"

#include <pcap/pcap.h>

/* A capture being written. */
struct writer {
    pcap_t *pcap;
    pcap_dumper_t *dumper;
};

static void writer_open(struct writer *writer, const char *path)
{
    writer->pcap = pcap_open_dead(DLT_EN10MB, 262144);
    assert_non_null(writer->pcap);
    writer->dumper = pcap_dump_open(writer->pcap, path);
    assert_non_null(writer->dumper);
}

/* A packet of `head` bytes '-' and then `bytes` bytes of `payload`, of which the last `cut` were not captured. */
static void writer_packet(struct writer *writer, int head, const char *payload, int bytes, int cut)
{
    static unsigned char packet[262144];
    struct pcap_pkthdr header = {.len = (bpf_u_int32)(head + bytes), .caplen = (bpf_u_int32)(head + bytes - cut)};
    memset(packet, '-', (size_t)head);
    memcpy(packet + head, payload, (size_t)bytes);
    pcap_dump((unsigned char *)writer->dumper, &header, packet);
}

static void writer_close(struct writer *writer)
{
    pcap_dump_close(writer->dumper);
    pcap_close(writer->pcap);
}

/* The capture that most tests read: "one", a cut one, a short one, an empty one, "two", "three". */
static void write_capture(const char *path)
{
    struct writer writer;
    writer_open(&writer, path);
    writer_packet(&writer, 42, "one", 3, 0);
    writer_packet(&writer, 42, "CUT", 3, 1);
    writer_packet(&writer, 41, "", 0, 0);
    writer_packet(&writer, 42, "", 0, 0);
    writer_packet(&writer, 42, "two", 3, 0);
    writer_packet(&writer, 42, "three", 5, 0);
    writer_close(&writer);
}

static void payloads_follow_each_other_and_what_is_left_out_is_counted(void **state)
{
    struct end end;
    char data[100];

    (void)state;
    write_capture(in_folder("%s/capture"));
    must_open(&end, in_folder("pcap:%s/capture"), LEAT_IN);
    assert_int_equal(end.transport->fd(end.state, LEAT_IN), -1);
    assert_int_equal(end_read(&end, data, 0), -EINVAL);
    assert_int_equal(end_read(&end, data, sizeof data), 11);
    assert_memory_equal(data, "onetwothree", 11);
    assert_int_equal(end_read(&end, data, sizeof data), 0);
    assert_int_equal(end_read(&end, data, sizeof data), 0);
    assert_int_equal(end.transport->lost(end.state), 2);
    for (int64_t most = 1; most < 12; most++) {
        int64_t have = 0, got;
        assert_int_equal(end.transport->rewind(end.state), 0);
        memset(data, 0, sizeof data);
        while ((got = end_read(&end, data + have, most)) > 0)
            have += got;
        assert_int_equal(got, 0);
        assert_int_equal(have, 11);
        assert_memory_equal(data, "onetwothree", 11);
    }
    assert_int_equal(end_close(&end), 0);
}

static void offset_and_skip_say_where_to_begin(void **state)
{
    struct end end;
    char data[400];

    (void)state;
    write_capture(in_folder("%s/capture"));
    must_open(&end, in_folder("pcap:%s/capture?skip=5&offset=44"), LEAT_IN);
    assert_int_equal(end_read(&end, data, sizeof data), 3);
    assert_memory_equal(data, "ree", 3);
    assert_int_equal(end.transport->lost(end.state), 0);
    assert_int_equal(end_close(&end), 0);

    must_open(&end, in_folder("pcap:%s/capture?offset=0&skip=4"), LEAT_IN);
    assert_int_equal(end_read(&end, data, sizeof data), 45 + 47);
    assert_memory_equal(data + 42, "two---", 6);
    assert_int_equal(end_close(&end), 0);

    must_open(&end, in_folder("pcap:%s/capture?skip=6"), LEAT_IN);
    assert_int_equal(end_read(&end, data, sizeof data), 0);
    assert_int_equal(end_close(&end), 0);
}

static void large_packets_are_read_in_pieces(void **state)
{
    static char payload[200000], have[400001];
    struct writer writer;
    struct end end;

    (void)state;
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (char)(i * 31 + i / 1000);
    writer_open(&writer, in_folder("%s/large"));
    writer_packet(&writer, 42, payload, sizeof payload, 0);
    writer_packet(&writer, 42, payload, sizeof payload, 0);
    writer_close(&writer);
    must_open(&end, in_folder("pcap:%s/large"), LEAT_IN);
    for (int64_t at = 0; at < 400000;) {
        int64_t got = end_read(&end, have + at, 400001 - at < 70001 ? 400001 - at : 70001);
        assert_true(got > 0);
        at += got;
    }
    assert_int_equal(end_read(&end, have, 1), 0);
    assert_memory_equal(have, payload, sizeof payload);
    assert_memory_equal(have + sizeof payload, payload, sizeof payload);
    assert_int_equal(end_close(&end), 0);
}

static void broken_capture_is_read_to_the_break_and_then_told(void **state)
{
    struct end end;
    struct stat info;
    char data[100], path[300];

    (void)state;
    strcpy(path, in_folder("%s/broken"));
    write_capture(path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, info.st_size - 2), 0);
    must_open(&end, in_folder("pcap:%s/broken"), LEAT_IN);
    assert_int_equal(end_read(&end, data, sizeof data), 6);
    assert_memory_equal(data, "onetwo", 6);
    assert_int_equal(end_read(&end, data, sizeof data), -EBADMSG);
    assert_int_equal(end_read(&end, data, sizeof data), -EBADMSG);
    assert_int_equal(end.transport->rewind(end.state), 0);
    assert_int_equal(end_read(&end, data, sizeof data), 6);
    assert_int_equal(end_close(&end), 0);
}

static void any_byte_may_be_wrong(void **state)
{
    static const unsigned char masks[] = {0x01, 0x80, 0xff};
    static char data[1 << 20];
    struct end end;
    struct stat info;
    unsigned char byte, wrong;
    int64_t refused = 0, broken = 0;

    (void)state;
    write_capture(in_folder("%s/capture"));
    must_open(&end, in_folder("pcap:%s/capture"), LEAT_IN);
    int file = open(in_folder("%s/capture"), O_RDWR | O_CLOEXEC);
    assert_int_equal(fstat(file, &info), 0);
    for (off_t at = 0; at < info.st_size; at++) {
        assert_int_equal(pread(file, &byte, 1, at), 1);
        for (int i = 0; i < 3; i++) {
            wrong = byte ^ masks[i];
            assert_int_equal(pwrite(file, &wrong, 1, at), 1);
            int rc = end.transport->rewind(end.state);
            assert_true(rc == 0 || rc == -EBADMSG);
            refused += rc != 0;
            int64_t got, have = 0;
            while (rc == 0 && (got = end_read(&end, data, sizeof data)) != 0 && got != -EBADMSG) {
                assert_true(got > 0);
                have += got;
            }
            assert_true(have <= info.st_size);
            broken += rc == 0 && got != 0;
        }
        assert_int_equal(pwrite(file, &byte, 1, at), 1);
    }
    assert_true(refused > 0 && broken > 0);
    assert_int_equal(end.transport->rewind(end.state), 0); /* one that was refused left the one before alone */
    assert_int_equal(end_read(&end, data, sizeof data), 11);
    close(file);
    assert_int_equal(end_close(&end), 0);
}

static void what_is_no_capture_is_told_in_words_of_libpcap(void **state)
{
    (void)state;
    write_file(in_folder("%s/text"), "this is no capture, but long enough for a header");
    write_file(in_folder("%s/empty"), "");
    must_not_open(in_folder("pcap:%s/text"), LEAT_IN, -EBADMSG, ": open: libpcap: unknown file format");
    must_not_open(in_folder("pcap:%s/empty"), LEAT_IN, -EBADMSG, ": open: libpcap: ");
    must_not_open(in_folder("pcap:%s/none"), LEAT_IN, -ENOENT, ": open: No such file or directory");
    must_not_open(in_folder("pcap:%s"), LEAT_IN, -EISDIR, ": open: Is a directory");
    must_not_open("pcap:/dev/null", LEAT_IN, -ESPIPE, ": only a regular file can be read");
    must_not_open(in_folder("pcap:%s/text?offset=x"), LEAT_IN, -EINVAL, "bad value \"x\" of offset; it is a size of 0 to 2147483647 bytes");
    must_not_open(in_folder("pcap:%s/text?skip=-1"), LEAT_IN, -EINVAL, "bad value \"-1\" of skip; it is a number of 0 to");
}

static void captures_leave_no_fd_behind(void **state)
{
    struct end end;

    (void)state;
    write_capture(in_folder("%s/capture"));
    const int before = count_fds();
    must_open(&end, in_folder("pcap:%s/capture"), LEAT_IN);
    assert_int_equal(end.transport->rewind(end.state), 0);
    assert_int_equal(unlink(in_folder("%s/capture")), 0);
    assert_int_equal(end.transport->rewind(end.state), -ENOENT);
    assert_int_equal(end_close(&end), 0);
    must_not_open(in_folder("pcap:%s/text"), LEAT_IN, -EBADMSG, "libpcap");
    assert_int_equal(count_fds(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads_follow_each_other_and_what_is_left_out_is_counted),
        cmocka_unit_test(offset_and_skip_say_where_to_begin),
        cmocka_unit_test(large_packets_are_read_in_pieces),
        cmocka_unit_test(broken_capture_is_read_to_the_break_and_then_told),
        cmocka_unit_test(any_byte_may_be_wrong),
        cmocka_unit_test(what_is_no_capture_is_told_in_words_of_libpcap),
        cmocka_unit_test(captures_leave_no_fd_behind),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
