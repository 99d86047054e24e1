/* SPDX-License-Identifier: MIT */
/* The channel: errors and announcements by one thread, then sleep, wake and close between two, with chance and a watchdog. */
#define _GNU_SOURCE
#include "channel_support.h"

/* One direction of traffic, with everything that chance may vary. */
struct traffic {
    struct post post;
    uint64_t items, seed;
    bool reader_polls, writer_polls; /* on fds, instead of waiting in read and write */
    uint64_t reader_closes_after;    /* items; UINT64_MAX: never */
    uint64_t written, read, wrong;
    int writer_end, reader_end;
    LEAT_ATOMIC(bool) over; /* set by the main thread, read by the disturber */
};

static void poll_fd(int fd)
{
    struct pollfd set = {.fd = fd, .events = POLLIN};
    (void)poll(&set, 1, -1);
}

static int write_by_poll(struct leat_channel *channel, const uint64_t *number, bool incomplete)
{
    int result;
    while ((result = leat_channel_write(channel, number, incomplete, 0)) == -EAGAIN) {
        if (leat_channel_arm_writer(channel)) {
            poll_fd(channel->writer_waker->fd);
        }
    }
    return result;
}

static int read_by_poll(struct leat_channel *channel, uint64_t *number)
{
    int result;
    while ((result = leat_channel_read(channel, number, 0)) == -EAGAIN) {
        if (leat_channel_arm(channel)) {
            poll_fd(leat_channel_fd(channel));
        }
    }
    return result;
}

/* Deadlines of all kinds, most of them too short: the caller tries again. */
static int64_t some_deadline(uint64_t *seed)
{
    switch (random_below(seed, 32)) {
    case 0:
        return 0;
    case 1:
        return leat_os_now_ns() + (int64_t)random_below(seed, 50000);
    default:
        return LEAT_FOREVER;
    }
}

static void *run_writer(void *context)
{
    struct traffic *traffic = context;
    struct leat_channel *channel = &traffic->post.channel;
    uint64_t seed = traffic->seed;
    for (uint64_t i = 0; i < traffic->items && traffic->writer_end == 0; i++) {
        uint64_t chance = random_below(&seed, 64);
        bool incomplete = chance % 4 == 1 && channel->pipe.high_water > 4 && i % 4 != 3 && i + 1 < traffic->items;
        int result;
        do {
            result = traffic->writer_polls ? write_by_poll(channel, &i, incomplete)
                                           : leat_channel_write(channel, &i, incomplete, some_deadline(&seed));
        } while (result == -EAGAIN || result == -ETIMEDOUT);
        traffic->writer_end = result;
        traffic->written += result == 0;
        if (chance < 16) {
            leat_channel_flush(channel);
        } else if (chance == 17 && i % 64 == 0) {
            sched_yield();
        }
    }
    leat_channel_close_writer(channel);
    return NULL;
}

static void *run_reader(void *context)
{
    struct traffic *traffic = context;
    struct leat_channel *channel = &traffic->post.channel;
    uint64_t seed = traffic->seed ^ 1, number = 0;
    while (traffic->read < traffic->reader_closes_after) {
        int result = traffic->reader_polls ? read_by_poll(channel, &number) : leat_channel_read(channel, &number, some_deadline(&seed));
        if (result == -EAGAIN || result == -ETIMEDOUT) {
            continue;
        }
        traffic->reader_end = result;
        if (result != 0) {
            return NULL;
        }
        traffic->wrong += number != traffic->read++;
    }
    leat_channel_close_reader(channel);
    return NULL;
}

/* Wakes both sides again and again, for nothing. */
static void *run_disturber(void *context)
{
    struct traffic *traffic = context;
    while (!leat_load(&traffic->over, acquire)) { /* relaxed would do: nothing hangs on it */
        leat_waker_wake(traffic->post.channel.reader_waker);
        leat_waker_wake(traffic->post.channel.writer_waker);
        sched_yield();
    }
    return NULL;
}

static struct traffic *new_traffic(uint64_t items, int64_t high_water, bool fds, uint64_t seed)
{
    struct traffic *traffic = aligned_alloc(LEAT_CACHE_LINE, (sizeof *traffic + 63) / 64 * 64);
    memset(traffic, 0, sizeof *traffic);
    traffic->items = items;
    traffic->seed = seed;
    traffic->reader_closes_after = UINT64_MAX;
    set_up(&traffic->post, high_water, fds);
    return traffic;
}

/* Runs both ends, and perhaps somebody who disturbs; checks what must hold however it went; frees. */
static void run_traffic(struct traffic *traffic, bool disturbed)
{
    pthread_t writer, reader, disturber;
    assert_int_equal(pthread_create(&reader, NULL, run_reader, traffic), 0);
    assert_int_equal(pthread_create(&writer, NULL, run_writer, traffic), 0);
    if (disturbed) {
        assert_int_equal(pthread_create(&disturber, NULL, run_disturber, traffic), 0);
    }
    pthread_join(writer, NULL);
    pthread_join(reader, NULL);
    leat_store(&traffic->over, true, release);
    if (disturbed) {
        pthread_join(disturber, NULL);
    }
    assert_int_equal(traffic->wrong, 0);
    if (traffic->reader_closes_after == UINT64_MAX) {
        assert_int_equal(traffic->reader_end, -EPIPE);
        assert_int_equal(traffic->writer_end, 0);
        assert_int_equal(traffic->written, traffic->items);
        assert_int_equal(traffic->read, traffic->items);
    } else {
        assert_true(traffic->writer_end == 0 || traffic->writer_end == -EPIPE);
        assert_true(traffic->read <= traffic->written);
        if (traffic->reader_end == 0) { /* it closed before the end */
            assert_int_equal(traffic->read, traffic->reader_closes_after);
        }
        uint64_t number; /* what is left is what was written and not read, as far as it was flushed */
        while (leat_pipe_read(&traffic->post.channel.pipe, &number)) {
            assert_int_equal(number, traffic->read++);
        }
    }
    tear_down(&traffic->post);
    free(traffic);
}

static void channel_carries_ten_million_items_between_two_threads(void **state)
{
    (void)state;
    run_traffic(new_traffic((uint64_t)items_at_most(10000000), 16384, false, test_seed()), false);
}

static void channel_carries_items_however_its_sides_wait(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    static const int64_t high_water[] = {1, 2, 64, 1024};
    for (unsigned way = 0; way < 32; way++) {
        bool fds = (way & 1) != 0;
        if (!fds && (way & 12) != 0) {
            continue;
        }
        struct traffic *traffic = new_traffic((uint64_t)items_at_most(10000), high_water[way % 8 / 2], fds, seed + way);
        traffic->reader_polls = (way & 4) != 0;
        traffic->writer_polls = (way & 8) != 0;
        run_traffic(traffic, (way & 16) != 0);
    }
}

static void channel_either_side_may_close_at_any_step(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    int64_t rounds = items_at_most(2000);
    for (int64_t round = 0; round < rounds; round++) {
        bool fds = random_below(&seed, 2) != 0;
        int64_t high_water = (int64_t)random_below(&seed, 8) + 1;
        struct traffic *traffic = new_traffic(random_below(&seed, 40), high_water, fds, seed);
        traffic->reader_polls = fds && random_below(&seed, 2) != 0;
        traffic->writer_polls = fds && random_below(&seed, 2) != 0;
        if (random_below(&seed, 2) != 0) {
            traffic->reader_closes_after = random_below(&seed, 40);
        }
        run_traffic(traffic, random_below(&seed, 8) == 0);
    }
}

/* Two channels, one number to and fro: each trip is a sleep that is ended or a spin that succeeds. */
struct rally {
    struct post there, back;
    uint64_t rounds;
    uint64_t wrong;
};

static void *return_balls(void *context)
{
    struct rally *rally = context;
    uint64_t number;
    while (leat_channel_read(&rally->there.channel, &number, LEAT_FOREVER) == 0) {
        (void)put(&rally->back.channel, number + 1, LEAT_FOREVER);
        leat_channel_flush(&rally->back.channel);
    }
    leat_channel_close_writer(&rally->back.channel);
    return NULL;
}

static void play(uint64_t rounds, bool fds)
{
    struct rally *rally = aligned_alloc(LEAT_CACHE_LINE, (sizeof *rally + 63) / 64 * 64);
    memset(rally, 0, sizeof *rally);
    set_up(&rally->there, 1, fds);
    set_up(&rally->back, 1, fds);
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, return_balls, rally), 0);
    uint64_t number = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        assert_int_equal(put(&rally->there.channel, i, LEAT_FOREVER), 0);
        leat_channel_flush(&rally->there.channel);
        assert_int_equal(leat_channel_read(&rally->back.channel, &number, LEAT_FOREVER), 0);
        assert_int_equal(number, i + 1);
    }
    leat_channel_close_writer(&rally->there.channel);
    assert_int_equal(leat_channel_read(&rally->back.channel, &number, LEAT_FOREVER), -EPIPE);
    pthread_join(other, NULL);
    tear_down(&rally->there);
    tear_down(&rally->back);
    free(rally);
}

static void channel_ping_pong_never_stops(void **state)
{
    (void)state;
    play((uint64_t)items_at_most(50000), false);
    play((uint64_t)items_at_most(50000), true);
}

/* Runs `what` with this thread, and those it starts, on one processor. */
static void on_one_processor(void (*what)(void))
{
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &one);
            break;
        }
    }
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    what();
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

static void a_spin_at_the_floor_is_tried_at_full_length_now_and_then(void **state)
{
    (void)state;
    struct leat_spin spin;
    leat_spin_init(&spin, 1000);
    int64_t ceiling = spin.ceiling, trials = 0, looks = 0;
    for (int i = 0; i < 170; i++) {
        leat_spin_lost(&spin);
        assert_true(leat_spin_valid(&spin));
        trials += spin.looks == ceiling;
        looks += spin.looks;
    }
    assert_int_equal(trials, 10);
    assert_true(looks < 12 * ceiling + 170 * 16); /* each trial that is in vain costs one full spin, not a descent */
    while (spin.looks != ceiling)
        leat_spin_lost(&spin);
    leat_spin_won(&spin);
    assert_int_equal(spin.looks, ceiling); /* a trial that paid brings it back for good */
    leat_spin_lost(&spin);
    assert_int_equal(spin.looks, ceiling / 2);
    leat_spin_init(&spin, -1);
    for (int i = 0; i < 40; i++) {
        leat_spin_lost(&spin);
        assert_int_equal(spin.looks, 0);
    }
}

static void one_processor(void)
{
    struct post post;
    struct leat_channel_config config = post_config(&post, 16, 1);
    config.spin_most = -1;
    assert_int_equal(leat_channel_init(&post.channel, &config), 0);
    assert_int_equal(post.channel.reader_spin.looks, 0);
    uint64_t number;
    assert_int_equal(leat_channel_read(&post.channel, &number, 1), -ETIMEDOUT);
    assert_int_equal(post.channel.reader_spin.looks, 0);
    tear_down(&post);
    play((uint64_t)items_at_most(10000), false);
    run_traffic(new_traffic((uint64_t)items_at_most(200000), 64, false, test_seed()), false);
}

static void channel_does_not_spin_where_told_so_and_works_on_one_processor(void **state)
{
    (void)state;
    on_one_processor(one_processor);
}

static void channel_spins_less_after_parking_and_more_after_success(void **state)
{
    (void)state;
    if (leat_os_cpus() < 2) {
        skip();
    }
    struct post post;
    set_up(&post, 1, false);
    uint64_t number;
    int64_t before = post.channel.reader_spin.looks;
    assert_int_equal(leat_channel_read(&post.channel, &number, 1), -ETIMEDOUT);
    assert_true(post.channel.reader_spin.looks < before);
    for (int i = 0; i < 20; i++) {
        (void)leat_channel_read(&post.channel, &number, 1);
    }
    assert_true(post.channel.reader_spin.looks > 0); /* so it can grow again */
    assert_true(leat_channel_valid(&post.channel));
    before = post.channel.writer_spin.looks;
    assert_int_equal(put(&post.channel, 1, 0), 0);
    assert_int_equal(put(&post.channel, 1, 1), -ETIMEDOUT);
    assert_true(post.channel.writer_spin.looks < before);
    tear_down(&post);
}

static void channel_survives_a_full_eventfd_counter(void **state)
{
    (void)state;
    struct post post;
    set_up(&post, 1, true);
    uint64_t most = UINT64_MAX - 1, number;
    assert_true(leat_channel_arm(&post.channel));
    assert_int_equal(write(leat_channel_fd(&post.channel), &most, sizeof most), sizeof most);
    assert_int_equal(put(&post.channel, 1, 0), 0);
    assert_int_equal(leat_channel_flush(&post.channel), LEAT_FLUSH_ASLEEP); /* the counter has no room for this wake */
    assert_true(readable(leat_channel_fd(&post.channel)));
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), 0);
    assert_false(readable(leat_channel_fd(&post.channel)));
    tear_down(&post);
}

/* An I/O thread that moves everything from one channel to another, sleeping on one waker for both. */
struct relay {
    struct post in, out;
    struct leat_waker io;
    uint64_t items;
    int end;
};

static void *run_relay(void *context)
{
    struct relay *relay = context;
    struct leat_channel *in = &relay->in.channel, *out = &relay->out.channel;
    uint64_t number;
    bool held = false;
    for (;;) {
        if (!held) {
            int result = leat_channel_read(in, &number, 0);
            if (result == -EPIPE) {
                break;
            }
            held = result == 0;
        }
        if (held) {
            held = leat_channel_write(out, &number, false, 0) != 0;
            if (!held) {
                continue;
            }
        }
        leat_channel_flush(out);
        if (held ? leat_channel_arm_writer(out) : leat_channel_arm(in)) {
            poll_fd(relay->io.fd);
            leat_waker_drain(&relay->io);
        }
    }
    leat_channel_close_writer(out);
    return NULL;
}

static void *feed_relay(void *context)
{
    struct relay *relay = context;
    uint64_t seed = relay->items;
    for (uint64_t i = 0; i < relay->items; i++) {
        (void)put(&relay->in.channel, i, LEAT_FOREVER);
        if (random_below(&seed, 8) == 0) {
            leat_channel_flush(&relay->in.channel);
        }
    }
    leat_channel_close_writer(&relay->in.channel);
    return NULL;
}

static void channel_shares_one_waker_with_other_channels(void **state)
{
    (void)state;
    struct relay *relay = aligned_alloc(LEAT_CACHE_LINE, (sizeof *relay + 63) / 64 * 64);
    memset(relay, 0, sizeof *relay);
    relay->items = (uint64_t)items_at_most(300000);
    assert_int_equal(leat_waker_init(&relay->io, true), 0);
    struct leat_channel_config config = post_config(&relay->in, 16, 32);
    config.reader_waker = &relay->io;
    assert_int_equal(leat_channel_init(&relay->in.channel, &config), 0);
    assert_int_equal(leat_channel_fd(&relay->in.channel), relay->io.fd);
    config = post_config(&relay->out, 16, 8);
    config.writer_waker = &relay->io;
    assert_int_equal(leat_channel_init(&relay->out.channel, &config), 0);
    pthread_t feeder, io;
    assert_int_equal(pthread_create(&io, NULL, run_relay, relay), 0);
    assert_int_equal(pthread_create(&feeder, NULL, feed_relay, relay), 0);
    uint64_t number;
    for (uint64_t i = 0; i < relay->items; i++) {
        assert_int_equal(leat_channel_read(&relay->out.channel, &number, LEAT_FOREVER), 0);
        assert_int_equal(number, i);
    }
    assert_int_equal(leat_channel_read(&relay->out.channel, &number, LEAT_FOREVER), -EPIPE);
    pthread_join(feeder, NULL);
    pthread_join(io, NULL);
    tear_down(&relay->in);
    tear_down(&relay->out);
    leat_waker_fini(&relay->io);
    free(relay);
}

/*
 * The reader has read all it can see, has given back a part of the room only, and the writer, with an open batch, waits for the rest:
 * it is the reader's next look that gives the rest back.
 */
static void leave_room_unpublished(struct post *post)
{
    uint64_t number;
    set_up(post, 60, true);
    for (uint64_t i = 0; i < 60; i++) {
        assert_int_equal(put(&post->channel, i, 0), 0);
    }
    leat_channel_flush(&post->channel);
    for (uint64_t i = 0; i < 60; i++) {
        assert_int_equal(leat_channel_read(&post->channel, &number, 0), 0);
    }
    for (number = 60; number < 116; number++) { /* an eighth of 60 is 7: 56 were given back, four were not */
        assert_int_equal(leat_channel_write(&post->channel, &number, true, 0), 0);
    }
    assert_int_equal(leat_channel_write(&post->channel, &number, true, 0), -EAGAIN);
    assert_true(leat_channel_arm_writer(&post->channel));
    assert_false(readable(post->channel.writer_waker->fd));
}

static void channel_look_at_an_empty_pipe_wakes_the_writer_it_makes_room_for(void **state)
{
    (void)state;
    struct post post;
    uint64_t number;
    leave_room_unpublished(&post);
    assert_int_equal(leat_channel_read(&post.channel, &number, 0), -EAGAIN);
    assert_true(readable(post.channel.writer_waker->fd));
    tear_down(&post);
    leave_room_unpublished(&post);
    assert_true(leat_channel_arm(&post.channel));
    assert_true(readable(post.channel.writer_waker->fd));
    tear_down(&post);
}

/* ---- one thread, and a signal handler that plays the other side between any two instructions of it ---- */

/* The other side does one thing per shot; the shot may fall anywhere, so it also falls between announcing and parking. */
static struct leat_channel *shot_at;
static uint64_t shots;
static timer_t shot_timer;

static void shot_writes(int number)
{
    (void)number;
    (void)leat_channel_write(shot_at, &shots, false, 0);
    (void)leat_channel_flush(shot_at);
    shots++;
}

static void shot_reads(int number)
{
    uint64_t item;
    (void)number;
    shots += leat_channel_read(shot_at, &item, 0) == 0;
}

/* Fires, and idles for about as long as the shot takes to fall: it falls soon before or soon after the return, half and half. */
static void shoot(uint64_t *seed, uint64_t *idle)
{
    struct itimerspec once = {.it_value.tv_nsec = 20000};
    uint64_t before = *(volatile uint64_t *)&shots, turns = *idle + random_below(seed, 100);
    assert_int_equal(timer_settime(shot_timer, 0, &once, NULL), 0);
    for (volatile uint64_t turn = 0; turn < turns;) {
        turn = turn + 1;
    }
    if (*(volatile uint64_t *)&shots == before) {
        *idle += *idle < 100000 ? 20 : 0;
    } else {
        *idle -= *idle > 20 ? 20 : *idle;
    }
}

/* One chunk holds all rounds: the handler must not meet malloc. */
static int64_t set_up_shots(struct post *post, bool fds, void (*shot)(int))
{
    int64_t rounds = items_at_most(20000);
    struct leat_channel_config config = post_config(post, rounds + 8, 1);
    config.reader_fd = config.writer_fd = fds || SIGNALS_WAIT_FOR_POLL; /* a futex where possible: an eventfd forgives more */
    assert_int_equal(leat_channel_init(&post->channel, &config), 0);
    post->channel.reader_spin.ceiling = post->channel.writer_spin.ceiling = post->channel.reader_spin.looks =
        post->channel.writer_spin.looks = 0; /* straight to the point */
    shot_at = &post->channel;
    shots = 0;
    struct sigaction action = {.sa_handler = shot};
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &shot_timer), 0);
    return rounds;
}

static void end_shots(struct post *post, int64_t rounds)
{
    assert_int_equal(timer_delete(shot_timer), 0);
    assert_int_equal(shots, rounds);
    tear_down(post);
}

static void channel_reader_is_woken_wherever_a_flush_falls(void **state)
{
    (void)state;
    for (int by_poll = 0; by_poll < 2; by_poll++) {
        struct post post;
        uint64_t seed = test_seed(), idle = 0, number;
        int64_t rounds = set_up_shots(&post, by_poll != 0, shot_writes);
        for (int64_t i = 0; i < rounds; i++) {
            shoot(&seed, &idle);
            if (by_poll == 0) {
                assert_int_equal(leat_channel_read(&post.channel, &number, LEAT_FOREVER), 0);
            } else {
                while (leat_channel_read(&post.channel, &number, 0) == -EAGAIN) {
                    if (leat_channel_arm(&post.channel)) {
                        poll_fd(leat_channel_fd(&post.channel));
                    }
                }
            }
            assert_int_equal(number, i);
        }
        end_shots(&post, rounds);
    }
}

static void channel_writer_is_woken_wherever_a_read_falls(void **state)
{
    (void)state;
    struct post post;
    uint64_t seed = test_seed(), idle = 0;
    int64_t rounds = set_up_shots(&post, false, shot_reads);
    assert_int_equal(put(&post.channel, 0, 0), 0);
    leat_channel_flush(&post.channel);
    for (int64_t i = 0; i < rounds; i++) {
        shoot(&seed, &idle);
        assert_int_equal(put(&post.channel, 0, LEAT_FOREVER), 0);
        leat_channel_flush(&post.channel);
    }
    end_shots(&post, rounds);
}

static void ignore(int number)
{
    (void)number;
}

static void channel_sleeps_are_cut_short_by_signals_and_go_on(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = ignore}, kept;
    assert_int_equal(sigaction(SIGVTALRM, &action, &kept), 0);
    struct itimerval often = {.it_interval.tv_usec = 50, .it_value.tv_usec = 50}, never = {0};
    assert_int_equal(setitimer(ITIMER_VIRTUAL, &often, NULL), 0);
    uint64_t seed = test_seed();
    for (unsigned way = 0; way < 2; way++) {
        run_traffic(new_traffic((uint64_t)items_at_most(100000), 8, way != 0, seed + way), false);
    }
    assert_int_equal(setitimer(ITIMER_VIRTUAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGVTALRM, &kept, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spin_at_the_floor_is_tried_at_full_length_now_and_then),
        cmocka_unit_test(channel_carries_ten_million_items_between_two_threads),
        cmocka_unit_test(channel_carries_items_however_its_sides_wait),
        cmocka_unit_test(channel_either_side_may_close_at_any_step),
        cmocka_unit_test(channel_ping_pong_never_stops),
        cmocka_unit_test(channel_does_not_spin_where_told_so_and_works_on_one_processor),
        cmocka_unit_test(channel_spins_less_after_parking_and_more_after_success),
        cmocka_unit_test(channel_survives_a_full_eventfd_counter),
        cmocka_unit_test(channel_shares_one_waker_with_other_channels),
        cmocka_unit_test(channel_look_at_an_empty_pipe_wakes_the_writer_it_makes_room_for),
        cmocka_unit_test(channel_reader_is_woken_wherever_a_flush_falls),
        cmocka_unit_test(channel_writer_is_woken_wherever_a_read_falls),
        cmocka_unit_test(channel_sleeps_are_cut_short_by_signals_and_go_on),
    };
    alarm(300); /* a lost wake-up hangs: then the test ends here */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
