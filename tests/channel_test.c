/* SPDX-License-Identifier: MIT */
/* The channel: errors and announcements by one thread, then sleep, wake and close between two, with chance and a watchdog. */
#define _GNU_SOURCE
#include "channel_support.h"

static void channel_init_that_fails_holds_nothing(void **state)
{
    (void)state;
    struct post post;
    int before = open_fds();
    for (int fds = 0; fds < 2; fds++) {
        struct leat_channel_config config = post_config(&post, 16, 0);
        config.reader_fd = config.writer_fd = fds != 0;
        assert_int_equal(leat_channel_init(&post.channel, &config), -EINVAL);
        config.pipe.high_water = 1;
        leat_store(&post.counted.fail_at, 1, relaxed);
        assert_int_equal(leat_channel_init(&post.channel, &config), -ENOMEM);
        assert_int_equal(open_fds(), before);
    }
    struct leat_channel_config config = post_config(&post, 16, 1);
    config.reader_fd = config.writer_fd = true;
    struct rlimit kept, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    for (rlim_t more = 0; more < 2; more++) { /* none to be had; one, and no second */
        int next = dup(0);
        close(next);
        none = (struct rlimit){.rlim_cur = (rlim_t)next + more, .rlim_max = kept.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        int result = leat_channel_init(&post.channel, &config);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
        assert_int_equal(result, -EMFILE);
        assert_int_equal(open_fds(), before);
        assert_int_equal(post.counted.live, 0);
    }
}

static void channel_try_on_empty_is_eagain_and_announces_nothing(void **state)
{
    (void)state;
    struct post post;
    set_up(&post, 4, false);
    uint64_t number = 77;
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), -EAGAIN);
    assert_int_equal(number, 77);
    assert_int_equal(put(&post.channel, 1, 0), 0);
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), -EAGAIN); /* not flushed */
    assert_int_equal(leat_channel_flush(&post.channel), LEAT_FLUSH_AWAKE);
    assert_int_equal(post.channel.wakes, 0);
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), 0);
    assert_int_equal(number, 1);
    tear_down(&post);
}

static void channel_try_on_full_is_eagain_and_has_flushed(void **state)
{
    (void)state;
    struct post post;
    set_up(&post, 4, false);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(put(&post.channel, i, 0), 0);
    }
    assert_int_equal(put(&post.channel, 4, 0), -EAGAIN);
    for (uint64_t i = 0, number; i < 4; i++) {
        assert_int_equal(leat_channel_read(&post.channel, &number, 0), 0);
        assert_int_equal(number, i);
        assert_false(post.channel.pipe.writer_asleep); /* the try announced no sleep, so nobody was to be woken */
    }
    assert_int_equal(leat_load(&post.channel.own_writer.token, relaxed), 0);
    tear_down(&post);
}

static void channel_waits_until_the_deadline_and_withdraws(void **state)
{
    (void)state;
    for (int fds = 0; fds < 2; fds++) {
        struct post post;
        set_up(&post, 1, fds != 0);
        uint64_t number = 77;
        int64_t deadline = leat_os_now_ns() + 20 * MS;
        assert_int_equal(leat_channel_read(&post.channel, &number, deadline), -ETIMEDOUT);
        assert_true(leat_os_now_ns() >= deadline);
        assert_int_equal(leat_channel_read(&post.channel, &number, 1), -ETIMEDOUT); /* long past */
        assert_int_equal(put(&post.channel, 0, deadline), 0);                       /* room, so the deadline does not matter */
        assert_int_equal(leat_channel_flush(&post.channel), LEAT_FLUSH_AWAKE);
        deadline = leat_os_now_ns() + 20 * MS;
        assert_int_equal(put(&post.channel, 1, deadline), -ETIMEDOUT);
        assert_true(leat_os_now_ns() >= deadline);
        assert_int_equal(leat_channel_read(&post.channel, &number, deadline), 0);
        assert_int_equal(number, 0);
        assert_int_equal(leat_load(&post.channel.own_writer.token, relaxed), 0); /* nobody was woken for nothing */
        assert_int_equal(leat_load(&post.channel.own_reader.token, relaxed), 0);
        tear_down(&post);
    }
}

static void channel_says_when_a_batch_can_never_fit_and_when_memory_is_out(void **state)
{
    (void)state;
    struct post post;
    struct leat_channel_config config = post_config(&post, 7, 9);
    assert_int_equal(leat_channel_init(&post.channel, &config), 0);
    uint64_t number = 5;
    for (int i = 0; i < 9; i++) {
        assert_int_equal(leat_channel_write(&post.channel, &number, true, 0), 0);
    }
    assert_int_equal(leat_channel_write(&post.channel, &number, false, LEAT_FOREVER), -EMSGSIZE);
    for (int i = 0; i < 9; i++) {
        assert_true(leat_pipe_unwrite(&post.channel.pipe, NULL));
    }
    for (int i = 0; i < 6; i++) { /* the seventh fills the group that is a chunk, and so needs the next */
        assert_int_equal(put(&post.channel, 2, 0), 0);
    }
    leat_store(&post.counted.fail_at, post.counted.allocs + 1, relaxed);
    assert_int_equal(put(&post.channel, 1, LEAT_FOREVER), -ENOMEM);
    assert_int_equal(put(&post.channel, 2, LEAT_FOREVER), 0);
    leat_channel_flush(&post.channel);
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), 0);
    assert_int_equal(number, 2);
    tear_down(&post);
}

static int64_t ten(void *context, const void *item)
{
    (void)context;
    (void)item;
    return 10;
}

static void channel_says_when_a_batch_can_never_fit_in_bytes(void **state)
{
    (void)state;
    struct post post;
    struct leat_channel_config config = post_config(&post, 16, 100);
    config.pipe.high_bytes = 40;
    config.pipe.bytes_of = ten;
    assert_int_equal(leat_channel_init(&post.channel, &config), 0);
    uint64_t number = 5;
    assert_int_equal(put(&post.channel, 1, 0), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(leat_channel_write(&post.channel, &number, true, 0), 0);
    }
    assert_int_equal(leat_channel_write(&post.channel, &number, true, 1), -ETIMEDOUT); /* the first can still be read */
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), 0);
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), -EAGAIN);
    assert_int_equal(leat_channel_write(&post.channel, &number, true, LEAT_FOREVER), 0);
    assert_int_equal(leat_channel_write(&post.channel, &number, false, LEAT_FOREVER), -EMSGSIZE);
    assert_false(leat_channel_arm_writer(&post.channel));
    while (leat_pipe_unwrite(&post.channel.pipe, NULL)) {
    }
    assert_int_equal(leat_channel_write(&post.channel, &number, false, LEAT_FOREVER), 0);
    tear_down(&post);
}

static void channel_reader_drains_after_close_and_then_gets_epipe(void **state)
{
    (void)state;
    struct post post;
    set_up(&post, 8, false);
    uint64_t number;
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(put(&post.channel, i, 0), 0);
    }
    number = 3;
    assert_int_equal(leat_channel_write(&post.channel, &number, true, 0), 0); /* never completed, so never seen */
    leat_channel_close_writer(&post.channel);                                 /* flushes */
    leat_channel_close_writer(&post.channel);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(leat_channel_read(&post.channel, &number, LEAT_FOREVER), 0);
        assert_int_equal(number, i);
    }
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), -EPIPE);
    assert_int_equal(leat_channel_read(&post.channel, &number, LEAT_FOREVER), -EPIPE);
    assert_false(leat_channel_arm(&post.channel));
    tear_down(&post);
}

static void channel_writer_gets_epipe_after_close_and_unread_items_can_be_drained(void **state)
{
    (void)state;
    struct post post;
    set_up(&post, 2, false);
    assert_int_equal(put(&post.channel, 1, 0), 0);
    assert_int_equal(put(&post.channel, 2, 0), 0);
    leat_channel_flush(&post.channel);
    leat_channel_close_reader(&post.channel);
    leat_channel_close_reader(&post.channel);
    assert_int_equal(put(&post.channel, 3, LEAT_FOREVER), -EPIPE);
    assert_false(leat_channel_arm_writer(&post.channel));
    assert_int_equal(put(&post.channel, 3, 0), -EPIPE);
    uint64_t number = 0, sum = 0;
    while (leat_pipe_read(&post.channel.pipe, &number)) {
        sum += number;
    }
    assert_int_equal(sum, 3);
    tear_down(&post);
}

static void channel_fd_is_readable_from_arm_to_read_exactly_when_something_came(void **state)
{
    (void)state;
    struct post post;
    set_up(&post, 8, true);
    int fd = leat_channel_fd(&post.channel);
    uint64_t number;
    assert_true(fd >= 0);
    for (uint64_t round = 0; round < 3; round++) {
        assert_true(leat_channel_arm(&post.channel));
        assert_true(leat_channel_arm(&post.channel)); /* still the same announcement */
        assert_false(readable(fd));
        assert_int_equal(put(&post.channel, round, 0), 0);
        assert_false(readable(fd)); /* not flushed */
        assert_int_equal(leat_channel_flush(&post.channel), LEAT_FLUSH_ASLEEP);
        assert_true(readable(fd));
        assert_true(readable(fd)); /* a level */
        assert_int_equal(leat_channel_read(&post.channel, &number, 0), 0);
        assert_false(readable(fd));
        assert_int_equal(put(&post.channel, round, 0), 0);
        assert_int_equal(leat_channel_flush(&post.channel), LEAT_FLUSH_AWAKE); /* not armed: no system call */
        assert_false(readable(fd));
        assert_false(leat_channel_arm(&post.channel)); /* something waits */
        assert_int_equal(leat_channel_read(&post.channel, &number, 0), 0);
        assert_int_equal(post.channel.wakes, round + 1);
    }
    assert_true(leat_channel_arm(&post.channel));
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), -EAGAIN); /* disarms */
    assert_int_equal(put(&post.channel, 9, 0), 0);
    assert_int_equal(leat_channel_flush(&post.channel), LEAT_FLUSH_AWAKE);
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), 0);
    assert_true(leat_channel_arm(&post.channel));
    leat_channel_close_writer(&post.channel);
    assert_true(readable(fd));
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), -EPIPE);
    tear_down(&post);
}

static void channel_without_an_eventfd_has_no_fd(void **state)
{
    (void)state;
    struct post post;
    set_up(&post, 8, false);
    assert_int_equal(leat_channel_fd(&post.channel), -1);
    tear_down(&post);
}

static void channel_armed_writer_is_woken_when_there_is_room_or_nobody_reads(void **state)
{
    (void)state;
    struct post post;
    set_up(&post, 2, true);
    int fd = post.channel.writer_waker->fd;
    uint64_t number;
    assert_false(leat_channel_arm_writer(&post.channel)); /* room */
    assert_int_equal(put(&post.channel, 1, 0), 0);
    assert_int_equal(put(&post.channel, 2, 0), 0);
    assert_true(leat_channel_arm_writer(&post.channel)); /* flushes */
    assert_false(readable(fd));
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), 0);
    assert_true(readable(fd));
    assert_int_equal(put(&post.channel, 3, 0), 0);
    assert_false(readable(fd));
    assert_true(leat_channel_arm_writer(&post.channel));
    assert_int_equal(put(&post.channel, 4, 0), -EAGAIN); /* disarms */
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), 0);
    assert_false(readable(fd));
    assert_int_equal(put(&post.channel, 4, 0), 0);
    assert_true(leat_channel_arm_writer(&post.channel));
    leat_channel_close_reader(&post.channel);
    assert_true(readable(fd));
    assert_int_equal(put(&post.channel, 5, 0), -EPIPE);
    tear_down(&post);
}

/* ---- two threads ---- */

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channel_init_that_fails_holds_nothing),
        cmocka_unit_test(channel_try_on_empty_is_eagain_and_announces_nothing),
        cmocka_unit_test(channel_try_on_full_is_eagain_and_has_flushed),
        cmocka_unit_test(channel_waits_until_the_deadline_and_withdraws),
        cmocka_unit_test(channel_says_when_a_batch_can_never_fit_and_when_memory_is_out),
        cmocka_unit_test(channel_says_when_a_batch_can_never_fit_in_bytes),
        cmocka_unit_test(channel_reader_drains_after_close_and_then_gets_epipe),
        cmocka_unit_test(channel_writer_gets_epipe_after_close_and_unread_items_can_be_drained),
        cmocka_unit_test(channel_fd_is_readable_from_arm_to_read_exactly_when_something_came),
        cmocka_unit_test(channel_without_an_eventfd_has_no_fd),
        cmocka_unit_test(channel_armed_writer_is_woken_when_there_is_room_or_nobody_reads),
    };
    alarm(300); /* a lost wake-up hangs: then the test ends here */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
