/* SPDX-License-Identifier: MIT */
/* The mailbox: turns, the urgent lane, writers that come and go, closing, and everything at once between threads. */
#define _GNU_SOURCE
#include <leat/mailbox.h>

#include "pipe_support.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

/* Who wrote it, which of his it is, and whether more of the message follows. */
struct letter {
    uint32_t writer, more;
    uint64_t number;
};

struct office {
    struct leat_mailbox mailbox;
    struct counted_blocks counted;
    struct leat_blocks blocks;
};

static bool more_follows(void *context, const void *item)
{
    (void)context;
    return ((const struct letter *)item)->more != 0;
}

static struct leat_mailbox_config office_config(struct office *office, int64_t writers, int64_t high_water)
{
    office->blocks = counted_blocks(&office->counted, 1024);
    return (struct leat_mailbox_config){.writers = writers,
                                        .pipe = {.item_bytes = sizeof(struct letter), .high_water = high_water, .blocks = &office->blocks},
                                        .more = more_follows};
}

static void set_up(struct office *office, int64_t writers, int64_t high_water)
{
    struct leat_mailbox_config config = office_config(office, writers, high_water);
    assert_int_equal(leat_mailbox_init(&office->mailbox, &config), 0);
}

static void tear_down(struct office *office)
{
    leat_mailbox_fini(&office->mailbox);
    assert_int_equal(office->counted.live, 0);
}

static void put(struct leat_channel *channel, uint32_t writer, uint64_t number, bool more)
{
    assert_int_equal(leat_channel_write(channel, &(struct letter){writer, more, number}, more, 0), 0);
    if (!more) {
        (void)leat_channel_flush(channel);
    }
}

static struct letter get(struct office *office)
{
    struct letter letter = {0};
    assert_int_equal(leat_mailbox_read(&office->mailbox, &letter, 0), 0);
    return letter;
}

static void mailbox_refuses_settings_out_of_range(void **state)
{
    (void)state;
    static struct office office;
    struct leat_mailbox_config config = office_config(&office, 0, 8);
    assert_int_equal(leat_mailbox_init(&office.mailbox, &config), -EINVAL);
    config.writers = 65537;
    assert_int_equal(leat_mailbox_init(&office.mailbox, &config), -EINVAL);
    config.writers = 2;
    config.turn_messages = -1;
    assert_int_equal(leat_mailbox_init(&office.mailbox, &config), -EINVAL);
    config.turn_messages = 0;
    config.pipe.item_bytes = 0;
    assert_int_equal(leat_mailbox_init(&office.mailbox, &config), 0); /* pipes are made when somebody attaches */
    struct leat_channel *channel = NULL;
    assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &channel), -EINVAL);
    assert_null(channel);
    tear_down(&office);
}

static void mailbox_gives_each_writer_its_turn(void **state)
{
    (void)state;
    static struct office office;
    for (int64_t turn = 1; turn <= 3; turn++) {
        struct leat_mailbox_config config = office_config(&office, 3, 100);
        config.turn_messages = turn;
        assert_int_equal(leat_mailbox_init(&office.mailbox, &config), 0);
        struct leat_channel *channel[3];
        for (uint32_t w = 0; w < 3; w++) {
            assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &channel[w]), 0);
            for (uint64_t i = 0; i < 12; i++) {
                put(channel[w], w, i, false);
            }
        }
        for (uint64_t i = 0; i < 36; i++) { /* each as often as the others, in turns */
            struct letter letter = get(&office);
            uint64_t t = (uint64_t)turn;
            assert_int_equal(letter.writer, i / t % 3);
            assert_int_equal(letter.number, i / (3 * t) * t + i % t);
        }
        assert_int_equal(leat_mailbox_read(&office.mailbox, &(struct letter){0}, 0), -EAGAIN);
        tear_down(&office);
    }
}

static void mailbox_reads_urgent_messages_first_and_none_is_torn_apart(void **state)
{
    (void)state;
    static struct office office;
    set_up(&office, 3, 100);
    struct leat_channel *plain[2], *urgent;
    int name;
    assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &plain[0]), 0);
    assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &plain[1]), 0);
    assert_int_equal(leat_mailbox_attach(&office.mailbox, &(struct leat_mailbox_writer){.urgent = true, .user = &name}, &urgent), 0);
    for (uint32_t w = 0; w < 2; w++) {
        for (uint64_t i = 0; i < 9; i++) {
            put(plain[w], w, i, i % 3 != 2); /* messages of three parts */
        }
    }
    uint64_t next[3] = {0};
    for (int i = 0; i < 18; i++) {
        if (i == 4) { /* in the middle of a message: it comes after its end */
            put(urgent, 2, 0, true);
            put(urgent, 2, 1, false);
        }
        if (i == 6) {
            struct letter letter = get(&office);
            assert_int_equal(letter.writer, 2);
            assert_ptr_equal(leat_mailbox_from(&office.mailbox), &name);
            letter = get(&office);
            assert_int_equal(letter.writer, 2);
        }
        struct letter letter = get(&office);
        assert_int_equal(letter.writer, i / 3 % 2);
        assert_int_equal(letter.number, next[letter.writer]++);
        assert_null(leat_mailbox_from(&office.mailbox));
    }
    tear_down(&office);
}

static void mailbox_seat_is_free_again_when_what_its_writer_left_was_read(void **state)
{
    (void)state;
    static struct office office;
    set_up(&office, 2, 8);
    struct leat_mailbox_stats stats;
    for (uint64_t round = 0; round < 100; round++) {
        struct leat_channel *one, *two, *three;
        assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &one), 0);
        assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &two), 0);
        assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &three), -ENOSPC);
        put(one, 1, round, false);
        assert_int_equal(leat_channel_write(one, &(struct letter){1, 1, 0}, true, 0), 0); /* never completed, never seen */
        leat_channel_close_writer(one);
        assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &three), -ENOSPC); /* its letter was not read yet */
        assert_int_equal(get(&office).number, round);
        assert_int_equal(leat_mailbox_read(&office.mailbox, &(struct letter){0}, 0), -EAGAIN);
        assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &three), 0);
        leat_channel_close_writer(two);
        leat_channel_close_writer(three);
        assert_int_equal(leat_mailbox_read(&office.mailbox, &(struct letter){0}, 1), -ETIMEDOUT);
        leat_mailbox_stats(&office.mailbox, &stats);
        assert_int_equal(stats.writers, 0);
        assert_int_equal(stats.attached, 3 * (round + 1));
        assert_int_equal(stats.items_out, round + 1);
        assert_int_equal(office.counted.live, 0);
    }
    tear_down(&office);
}

static void mailbox_writers_get_epipe_when_the_reader_closes(void **state)
{
    (void)state;
    static struct office office;
    set_up(&office, 2, 8);
    struct leat_channel *channel, *late;
    assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &channel), 0);
    put(channel, 0, 0, false);
    leat_mailbox_close_reader(&office.mailbox);
    leat_mailbox_close_reader(&office.mailbox);
    assert_int_equal(leat_channel_write(channel, &(struct letter){0, 0, 1}, false, LEAT_FOREVER), -EPIPE);
    assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &late), -EPIPE);
    assert_int_equal(get(&office).number, 0); /* what is left can be read */
    assert_int_equal(leat_mailbox_read(&office.mailbox, &(struct letter){0}, LEAT_FOREVER), -EPIPE);
    tear_down(&office);
}

static bool readable(int fd)
{
    struct pollfd ask = {.fd = fd, .events = POLLIN};
    return poll(&ask, 1, 0) == 1;
}

static void mailbox_fd_is_readable_from_arm_to_read_when_something_comes(void **state)
{
    (void)state;
    static struct office office;
    struct leat_mailbox_config config = office_config(&office, 3, 8);
    config.reader_fd = true;
    assert_int_equal(leat_mailbox_init(&office.mailbox, &config), 0);
    int fd = leat_mailbox_fd(&office.mailbox);
    assert_true(fd >= 0);
    struct leat_channel *channel[2];
    assert_true(leat_mailbox_arm(&office.mailbox)); /* nobody is attached */
    assert_false(readable(fd));
    assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &channel[0]), 0);
    assert_true(readable(fd)); /* somebody came: arm again */
    assert_int_equal(leat_mailbox_read(&office.mailbox, &(struct letter){0}, 0), -EAGAIN);
    assert_false(readable(fd));
    assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &channel[1]), 0);
    for (uint32_t w = 0; w < 2; w++) {
        while (!leat_mailbox_arm(&office.mailbox)) {
            assert_int_equal(leat_mailbox_read(&office.mailbox, &(struct letter){0}, 0), -EAGAIN);
        }
        assert_false(readable(fd));
        put(channel[w], w, 5, false);
        assert_true(readable(fd));
        assert_true(readable(fd));
        assert_int_equal(get(&office).writer, w);
        assert_false(readable(fd)); /* drained by the read */
        put(channel[w], w, 6, false);
        assert_false(readable(fd));                      /* not armed: no wake-up is paid for */
        assert_false(leat_mailbox_arm(&office.mailbox)); /* something waits */
        assert_int_equal(get(&office).number, 6);
    }
    assert_true(leat_mailbox_arm(&office.mailbox));
    leat_channel_close_writer(channel[0]);
    assert_true(readable(fd));
    assert_int_equal(leat_mailbox_read(&office.mailbox, &(struct letter){0}, 0), -EAGAIN);
    leat_channel_close_writer(channel[1]);
    tear_down(&office);
}

/* Parts that were flushed one by one: the reader waits for the rest of a message although others have something. */
static void mailbox_waits_for_the_rest_of_a_message_and_keeps_its_deadline(void **state)
{
    (void)state;
    static struct office office;
    set_up(&office, 2, 8);
    struct leat_channel *one, *two;
    assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &one), 0);
    assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &two), 0);
    assert_int_equal(leat_channel_write(one, &(struct letter){0, 1, 0}, false, 0), 0); /* says that more follows, and is visible */
    (void)leat_channel_flush(one);
    put(two, 1, 0, false);
    assert_int_equal(get(&office).writer, 0);
    assert_int_equal(leat_mailbox_read(&office.mailbox, &(struct letter){0}, leat_os_now_ns() + 20000000), -ETIMEDOUT);
    assert_true(leat_mailbox_arm(&office.mailbox));
    put(one, 0, 1, false);
    assert_int_equal(get(&office).writer, 0);
    assert_int_equal(get(&office).writer, 1);
    tear_down(&office);
}

static void mailbox_keeps_its_turns_while_urgent_writers_come_and_go(void **state)
{
    (void)state;
    static struct office office;
    set_up(&office, 3, 100);
    struct leat_channel *plain[2];
    uint64_t seen[2] = {0};
    for (uint32_t w = 0; w < 2; w++) {
        assert_int_equal(leat_mailbox_attach(&office.mailbox, NULL, &plain[w]), 0);
        for (uint64_t i = 0; i < 40; i++) {
            put(plain[w], w, i, false);
        }
    }
    for (int i = 0; i < 24; i++) {
        struct leat_channel *urgent;
        assert_int_equal(leat_mailbox_attach(&office.mailbox, &(struct leat_mailbox_writer){.urgent = true}, &urgent), 0);
        put(urgent, 2, 0, false);
        assert_int_equal(get(&office).writer, 2);
        leat_channel_close_writer(urgent);
        seen[get(&office).writer]++;
    }
    assert_int_equal(seen[0], 12);
    assert_int_equal(seen[1], 12);
    tear_down(&office);
}

static void count_dropped(void *context, const void *item, enum leat_drop cause)
{
    (void)context;
    (void)cause;
    ((struct leat_channel **)(uintptr_t)((const struct letter *)item)->number)[0] = NULL;
}

static void mailbox_writer_that_drops_loses_whole_messages_only(void **state)
{
    (void)state;
    static struct office office;
    set_up(&office, 1, 4);
    struct leat_channel *channel, *marks[8];
    struct leat_mailbox_writer writer = {.drop = count_dropped};
    assert_int_equal(leat_mailbox_attach(&office.mailbox, &writer, &channel), 0);
    for (int i = 0; i < 8; i++) {
        marks[i] = channel;
    }
    /* Messages of 3, 3 and 2 parts into room for 4: the second is dropped, the third, too. */
    static const bool more[8] = {true, true, false, true, true, false, true, false};
    for (int i = 0; i < 8; i++) {
        put(channel, 0, (uint64_t)(uintptr_t)&marks[i], more[i]);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(marks[i] == NULL, i >= 3);
    }
    struct leat_mailbox_stats stats;
    leat_mailbox_stats(&office.mailbox, &stats);
    assert_int_equal(stats.drops[LEAT_DROP_FULL], 5);
    assert_int_equal(stats.drops[LEAT_DROP_BYTES] + stats.drops[LEAT_DROP_MEMORY], 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(get(&office).number, (uint64_t)(uintptr_t)&marks[i]);
    }
    put(channel, 0, 1, false); /* room again */
    assert_int_equal(get(&office).number, 1);
    leat_store(&office.counted.fail_at, office.counted.allocs + 1, relaxed);
    office.counted.sticky = true;
    for (int i = 0; i < 100 && stats.drops[LEAT_DROP_MEMORY] == 0; i++) { /* one in, one out, until a chunk is wanted */
        put(channel, 0, (uint64_t)(uintptr_t)&marks[0], false);
        (void)leat_mailbox_read(&office.mailbox, &(struct letter){0}, 0);
        leat_mailbox_stats(&office.mailbox, &stats);
    }
    assert_int_equal(stats.drops[LEAT_DROP_MEMORY], 1);
    tear_down(&office);
}

/* ---- threads ---- */

enum { WRITERS = 4 };

struct crew {
    struct office office;
    uint64_t letters, seed;
};

struct member {
    struct crew *crew;
    uint32_t writer;
    LEAT_ATOMIC(int64_t) visits;
    LEAT_ATOMIC(uint64_t) read; /* of its letters, written by the reader */
};

/* Comes and goes, each time with some messages of one to three parts; numbers go on from visit to visit. */
static void *run_member(void *context)
{
    struct member *member = context;
    struct leat_mailbox *mailbox = &member->crew->office.mailbox;
    uint64_t seed = member->crew->seed + member->writer;
    for (uint64_t number = 0; number < member->crew->letters;) {
        struct leat_channel *channel;
        struct leat_mailbox_writer writer = {.urgent = member->writer == 0, .user = member};
        int result = leat_mailbox_attach(mailbox, &writer, &channel);
        if (result == -ENOSPC) { /* one writer more than seats */
            sched_yield();
            continue;
        }
        assert_int_equal(result, 0);
        (void)leat_add(&member->visits, 1, relaxed);
        uint64_t until = number + random_below(&seed, 400) + 1;
        until = until < member->crew->letters ? until : member->crew->letters;
        while (number < until) {
            uint64_t parts = random_below(&seed, 3) + 1;
            parts = parts < until - number ? parts : until - number;
            for (uint64_t i = 1; i <= parts; i++) {
                struct letter letter = {member->writer, i < parts, number++};
                assert_int_equal(leat_channel_write(channel, &letter, i < parts, LEAT_FOREVER), 0);
            }
            if (random_below(&seed, 4) == 0) {
                (void)leat_channel_flush(channel);
            }
            if (random_below(&seed, 100) == 0) {
                usleep(20);
            }
        }
        leat_channel_close_writer(channel);
        while (leat_load(&member->read, acquire) != number) { /* the next visit is a channel of its own, with an order of its own */
            sched_yield();
        }
    }
    return NULL;
}

static void mailbox_carries_letters_of_writers_that_come_and_go(void **state)
{
    (void)state;
    for (int with_fd = 0; with_fd < 2; with_fd++) {
        static struct crew crew;
        static struct member members[WRITERS];
        struct leat_mailbox_config config = office_config(&crew.office, WRITERS - 1, 64);
        config.reader_fd = with_fd != 0;
        config.turn_messages = 2;
        crew.letters = (uint64_t)items_at_most(300000);
        crew.seed = test_seed();
        assert_int_equal(leat_mailbox_init(&crew.office.mailbox, &config), 0);
        pthread_t threads[WRITERS];
        for (uint32_t w = 0; w < WRITERS; w++) {
            members[w].crew = &crew;
            members[w].writer = w;
            leat_store(&members[w].visits, 0, relaxed);
            leat_store(&members[w].read, 0, relaxed);
            assert_int_equal(pthread_create(&threads[w], NULL, run_member, &members[w]), 0);
        }
        uint64_t next[WRITERS] = {0}, all = 0;
        for (uint32_t inside = WRITERS; all < WRITERS * crew.letters; all++) {
            struct letter letter;
            int result = leat_mailbox_read(&crew.office.mailbox, &letter, LEAT_FOREVER);
            if (result != 0 || letter.writer >= WRITERS || letter.number != next[letter.writer] ||
                (inside != WRITERS && inside != letter.writer) || leat_mailbox_from(&crew.office.mailbox) != &members[letter.writer]) {
                fail_msg("%d: letter %llu of writer %u", result, (unsigned long long)letter.number, letter.writer);
            }
            leat_store(&members[letter.writer].read, ++next[letter.writer], release);
            inside = letter.more != 0 ? letter.writer : WRITERS;
        }
        for (uint32_t w = 0; w < WRITERS; w++) {
            pthread_join(threads[w], NULL);
        }
        assert_int_equal(leat_mailbox_read(&crew.office.mailbox, &(struct letter){0}, 0), -EAGAIN);
        struct leat_mailbox_stats stats;
        leat_mailbox_stats(&crew.office.mailbox, &stats);
        int64_t visits = 0;
        for (uint32_t w = 0; w < WRITERS; w++) {
            visits += leat_load(&members[w].visits, relaxed);
        }
        print_message("%lld letters in %lld visits, %lld parks, %lld wakes\n", (long long)stats.items_out, (long long)visits,
                      (long long)stats.sleeps, (long long)stats.wakes);
        assert_int_equal(stats.writers, 0);
        assert_int_equal(stats.attached, visits);
        assert_int_equal(stats.items_in, stats.items_out);
        assert_int_equal(stats.items_out, all);
        tear_down(&crew.office);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mailbox_refuses_settings_out_of_range),
        cmocka_unit_test(mailbox_gives_each_writer_its_turn),
        cmocka_unit_test(mailbox_reads_urgent_messages_first_and_none_is_torn_apart),
        cmocka_unit_test(mailbox_seat_is_free_again_when_what_its_writer_left_was_read),
        cmocka_unit_test(mailbox_writers_get_epipe_when_the_reader_closes),
        cmocka_unit_test(mailbox_fd_is_readable_from_arm_to_read_when_something_comes),
        cmocka_unit_test(mailbox_waits_for_the_rest_of_a_message_and_keeps_its_deadline),
        cmocka_unit_test(mailbox_keeps_its_turns_while_urgent_writers_come_and_go),
        cmocka_unit_test(mailbox_writer_that_drops_loses_whole_messages_only),
        cmocka_unit_test(mailbox_carries_letters_of_writers_that_come_and_go),
    };
    alarm(120); /* a lost wake-up hangs: then the test ends here */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
