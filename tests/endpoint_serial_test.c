/* SPDX-License-Identifier: MIT */
/* serial: on a pair of pseudo-terminals: raw bytes, settings that reach the line and are put back, and its end. */
#define _GNU_SOURCE
#include "endpoint_support.h"

#include <asm/termbits.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

/* The other side of a terminal, and the name of the endpoint. */
struct pair {
    int other;
    char device[100];
};

static void pair_open(struct pair *pair)
{
    pair->other = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(pair->other >= 0);
    assert_int_equal(grantpt(pair->other), 0);
    assert_int_equal(unlockpt(pair->other), 0);
    assert_int_equal(ptsname_r(pair->other, pair->device, sizeof pair->device), 0);
}

/* serial:DEVICE with these keys; good until the next call. */
static const char *endpoint_of(const struct pair *pair, const char *keys)
{
    static char text[300];
    snprintf(text, sizeof text, "serial:%s%s", pair->device, keys);
    return text;
}

static struct termios2 settings_of(const struct pair *pair)
{
    struct termios2 settings;
    assert_int_equal(ioctl(pair->other, TCGETS2, &settings), 0);
    return settings;
}

static void every_byte_passes_both_ways_unchanged(void **state)
{
    struct pair pair;
    struct end end;
    unsigned char data[1024], got[1024];
    struct leat_span span = {.data = data, .bytes = sizeof data};

    (void)state;
    for (int i = 0; i < 1024; i++)
        data[i] = (unsigned char)(i * 5 + i / 256);
    pair_open(&pair);
    must_open(&end, endpoint_of(&pair, ""), LEAT_IN | LEAT_OUT);
    check_close_on_exec(&end, LEAT_IN);
    assert_int_equal(end_read(&end, got, sizeof got), -EAGAIN);
    assert_int_equal(write(pair.other, data, sizeof data), sizeof data);
    assert_int_equal(end_read_all(&end, (char *)got, sizeof got), sizeof got);
    assert_memory_equal(got, data, sizeof data);
    assert_int_equal(end_read(&end, got, sizeof got), -EAGAIN); /* no echo either way */

    memset(got, 0, sizeof got);
    assert_int_equal(end.transport->write(end.state, &span, 1), sizeof data);
    for (ssize_t have = 0, some; have < (ssize_t)sizeof got; have += some) {
        some = read(pair.other, got + have, sizeof got - (size_t)have);
        assert_true(some > 0);
    }
    assert_memory_equal(got, data, sizeof data);
    assert_int_equal(end_read(&end, got, 0), -EINVAL);
    assert_int_equal(end_close(&end), 0);
    close(pair.other);
}

static void settings_reach_the_line_and_are_put_back(void **state)
{
    struct pair pair;
    struct end end;

    (void)state;
    pair_open(&pair);
    int keeper = open(pair.device, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(keeper >= 0);
    const struct termios2 before = settings_of(&pair);
    assert_int_not_equal(before.c_lflag & ICANON, 0);

    must_open(&end, endpoint_of(&pair, "?baud=123457&stop=2&flow=rtscts"), LEAT_IN | LEAT_OUT);
    struct termios2 now = settings_of(&pair);
    assert_int_equal(now.c_ospeed, 123457);
    assert_int_equal(now.c_ispeed, 123457);
    assert_int_equal(now.c_cflag & (CSIZE | CSTOPB | CRTSCTS | PARENB | CREAD | CLOCAL), CS8 | CSTOPB | CRTSCTS | CREAD | CLOCAL);
    assert_int_equal(now.c_lflag | now.c_oflag | now.c_iflag, 0);
    assert_int_equal(now.c_cc[VMIN], 1);
    int exclusive = 0;
    assert_int_equal(ioctl(end.transport->fd(end.state, LEAT_IN), TIOCGEXCL, &exclusive), 0);
    assert_int_equal(exclusive, 1);
    assert_int_equal(end_close(&end), 0);
    now = settings_of(&pair);
    assert_memory_equal(&now, &before, sizeof now);
    assert_int_equal(ioctl(keeper, TIOCGEXCL, &exclusive), 0);
    assert_int_equal(exclusive, 0);

    must_open(&end, endpoint_of(&pair, "?flow=xonxoff&bits=8&parity=none&stop=1&baud=115200"), LEAT_IN);
    now = settings_of(&pair);
    assert_int_equal(now.c_iflag, IXON | IXOFF);
    assert_int_equal(now.c_ospeed, 115200);
    assert_int_equal(now.c_cflag & (CSTOPB | CRTSCTS), 0);
    assert_int_equal(end_close(&end), 0);
    now = settings_of(&pair);
    assert_memory_equal(&now, &before, sizeof now);
    close(keeper);
    close(pair.other);
}

static void setting_that_the_device_does_not_take_is_told(void **state)
{
    struct pair pair;

    (void)state;
    pair_open(&pair);
    int keeper = open(pair.device, O_RDWR | O_NOCTTY | O_CLOEXEC);
    const struct termios2 before = settings_of(&pair);
    /* A pseudo-terminal keeps 8 bits and no parity. */
    must_not_open(endpoint_of(&pair, "?parity=even"), LEAT_IN, -ENOTSUP, "parity=even: the device cannot do that");
    must_not_open(endpoint_of(&pair, "?parity=odd"), LEAT_IN, -ENOTSUP, "parity=odd: the device cannot do that");
    must_not_open(endpoint_of(&pair, "?bits=7&stop=2"), LEAT_IN, -ENOTSUP, "bits=7: the device cannot do that");
    const struct termios2 now = settings_of(&pair);
    assert_memory_equal(&now, &before, sizeof now);
    close(keeper);
    close(pair.other);
}

static void closed_other_side_is_the_end(void **state)
{
    struct pair pair;
    struct end end;
    char data[16];

    (void)state;
    pair_open(&pair);
    must_open(&end, endpoint_of(&pair, ""), LEAT_IN | LEAT_OUT);
    assert_int_equal(write(pair.other, "last", 4), 4);
    assert_int_equal(end_read_all(&end, data, 4), 4);
    assert_memory_equal(data, "last", 4);
    assert_int_equal(end_read(&end, data, sizeof data), -EAGAIN);
    close(pair.other);
    end_wait(&end, LEAT_IN);
    assert_int_equal(end_read(&end, data, sizeof data), 0);
    assert_int_equal(end_write(&end, "x"), -EIO);
    assert_int_equal(end_close(&end), 0);
}

static void full_line_takes_no_more_until_it_is_read(void **state)
{
    static char data[4001];
    struct pair pair;
    struct end end;
    int64_t took, total = 0;

    (void)state;
    memset(data, 'x', 4000);
    pair_open(&pair);
    must_open(&end, endpoint_of(&pair, ""), LEAT_OUT);
    while ((took = end_write(&end, data)) > 0)
        total += took;
    assert_int_equal(took, -EAGAIN);
    assert_true(total > 0);
    while (total > 0) {
        ssize_t got = read(pair.other, data, sizeof data);
        assert_true(got > 0);
        total -= got;
    }
    end_wait(&end, LEAT_OUT);
    assert_true(end_write(&end, "more") > 0);
    assert_int_equal(end_close(&end), 0);
    close(pair.other);
}

static void terminal_does_not_become_the_controlling_one(void **state)
{
    struct pair pair;
    int status;

    (void)state;
    pair_open(&pair);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct end end;
        struct leat_error error;
        if (setsid() < 0 || end_open(&end, endpoint_of(&pair, ""), LEAT_IN, &error) != 0)
            _exit(2);
        _exit(open("/dev/tty", O_RDWR) >= 0 ? 1 : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(pair.other);
}

static void what_is_no_terminal_or_no_setting_is_told(void **state)
{
    static const struct {
        const char *text, *words;
    } bad[] = {
        {"serial:/dev/tty?baud=0", "bad value \"0\" of baud; it is a number of 1 to 4294967295"},
        {"serial:/dev/tty?baud=fast", "bad value \"fast\" of baud"},
        {"serial:/dev/tty?bits=9", "bad value \"9\" of bits; it is a number of 5 to 8"},
        {"serial:/dev/tty?parity=mark", "bad value \"mark\" of parity; it is none, odd or even"},
        {"serial:/dev/tty?stop=1.5", "bad value \"1.5\" of stop; it is 1 or 2"},
        {"serial:/dev/tty?flow=hard", "bad value \"hard\" of flow; it is none, rtscts or xonxoff"},
        {"serial:/dev/tty?speed=1", "unknown key \"speed\"; known to serial: baud bits flow parity stop"},
        {"serial:", "empty name; the form is serial:DEVICE"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        must_not_open(bad[i].text, LEAT_IN, -EINVAL, bad[i].words);
    write_file(in_folder("%s/file"), "no terminal");
    must_not_open(in_folder("serial:%s/file"), LEAT_IN | LEAT_OUT, -ENOTTY, "/file is not a terminal");
    must_not_open("serial:/dev/null", LEAT_IN, -ENOTTY, "/dev/null is not a terminal");
    must_not_open(in_folder("serial:%s/none"), LEAT_IN, -ENOENT, "open: No such file or directory");
    check_file(in_folder("%s/file"), "no terminal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_passes_both_ways_unchanged),         cmocka_unit_test(settings_reach_the_line_and_are_put_back),
        cmocka_unit_test(setting_that_the_device_does_not_take_is_told), cmocka_unit_test(closed_other_side_is_the_end),
        cmocka_unit_test(full_line_takes_no_more_until_it_is_read),      cmocka_unit_test(terminal_does_not_become_the_controlling_one),
        cmocka_unit_test(what_is_no_terminal_or_no_setting_is_told),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
