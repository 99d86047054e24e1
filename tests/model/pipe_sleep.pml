/* SPDX-License-Identifier: MIT */
/*
 * pipe_sleep.pml: the pipe's sleep and wake in both directions, and the channel's close, under C11's memory orders.
 *
 *      spin -a tests/model/pipe_sleep.pml && cc -O2 -DSAFETY -DVECTORSZ=4096 -o pan pan.c && ./pan -m1000000
 *
 * says "errors: 0": no execution sleeps for ever (an invalid end state), reads an item it may not see, or ends with an item unread (an
 * assertion). That is LEAT_SLEEP_RMW; -DFENCE and -DBARRIER are the other two. With `spin -a -DWEAK` the same says "errors: 1": the sleeper
 * takes its token relaxed and sleeps on a stale look. Other planted errors, each found: -DWEAK_FLUSH and -DWEAK_ROOM (the store of the
 * mark, or of o, is relaxed), -DNO_ORDER (the one who publishes only loads the flag, without fence, read-modify-write or barrier),
 * -DNO_LOOK (the sleeper does not look again once it has announced), -DWEAK_LOOK (closed is looked at before the announcement),
 * -DWEAK_DRAIN (with -DEVENTFD: drained after the announcement). Sizes: -DITEMS, -DHIGH, -DGIVE (of leat/pipe.h);
 * three items are too much for 2 GB. Sleeps are futexes, with
 * -DEVENTFD descriptors that are drained first and polled last, as leat_channel_arm does. With -DTIMEOUTS=1 one wait ends at its deadline,
 * with -DLEAVES the reader may close at any step; the writer closes in every run.
 *
 * c stands for the mark of the group where the reader stands: the writer stores its flushes there one after another.
 *
 * Spin itself knows one memory only, so each shared word keeps its history here. A load may return any entry from the newest one that
 * its thread knows of; a read-modify-write extends the newest. An entry carries the view of its releasing writer, and those of the
 * release sequence it is in; an acquire takes it over. All writes of one word here are of one thread, or read-modify-writes of the other,
 * so appending is no loss; out-of-thin-air values, which C11 as repaired (RC11) forbids too, do not exist here either. A sequentially
 * consistent fence joins its thread's view with that of all such fences before. A checker sees no system call: membarrier is modelled as
 * what the kernel promises of it, such a fence in every running thread while the caller waits.
 */
#ifndef ITEMS
#define ITEMS 2
#endif
#ifndef HIGH
#define HIGH 1
#endif
#ifndef GIVE
#define GIVE 1
#endif
#define ENTRIES 24
#define WRITER 0
#define READER 1

#ifdef WEAK
#define TOKEN_ACQUIRE 0
#else
#define TOKEN_ACQUIRE 1
#endif
#ifdef WEAK_FLUSH
#define FLUSH_RELEASE 0
#else
#define FLUSH_RELEASE 1
#endif
#ifdef WEAK_ROOM
#define ROOM_RELEASE 0
#else
#define ROOM_RELEASE 1
#endif

/* What a thread knows: the newest entry seen of each word, the items written and those read. */
typedef view {
    byte c, o, reader_asleep, writer_asleep, reader_token, writer_token, writer_closed, reader_closed, items, popped
}
typedef history {
    byte value[ENTRIES];
    view message[ENTRIES];
    byte last
}
history c, o, reader_asleep, writer_asleep, reader_token, writer_token, writer_closed, reader_closed;
view now[2];
view fenced; /* what all fences so far knew */
bool asleep[2];      /* in the kernel, on a futex */
bool readable[2];    /* the eventfd */
view kept[2];        /* what the eventfd's lock in the kernel hands from writers to readers */
byte timeouts = 0;   /* how many waits may still end for nothing or at their deadline */

#define JOIN(to, from) \
    to.c = (to.c > from.c -> to.c : from.c); \
    to.o = (to.o > from.o -> to.o : from.o); \
    to.reader_asleep = (to.reader_asleep > from.reader_asleep -> to.reader_asleep : from.reader_asleep); \
    to.writer_asleep = (to.writer_asleep > from.writer_asleep -> to.writer_asleep : from.writer_asleep); \
    to.reader_token = (to.reader_token > from.reader_token -> to.reader_token : from.reader_token); \
    to.writer_token = (to.writer_token > from.writer_token -> to.writer_token : from.writer_token); \
    to.writer_closed = (to.writer_closed > from.writer_closed -> to.writer_closed : from.writer_closed); \
    to.reader_closed = (to.reader_closed > from.reader_closed -> to.reader_closed : from.reader_closed); \
    to.items = (to.items > from.items -> to.items : from.items); \
    to.popped = (to.popped > from.popped -> to.popped : from.popped)

inline load(me, where, acquire, into)
{
    atomic {
        at = now[me].where;
        do
        :: at < where.last -> at++
        :: break
        od;
        now[me].where = at;
        if
        :: acquire -> JOIN(now[me], where.message[at])
        :: else
        fi;
        into = where.value[at];
        at = 0
    }
}

/* The writing half of each read-modify-write: the new entry goes on with the release sequence of the one before. */
inline append(me, where, new, acquire, release)
{
    assert(where.last < ENTRIES - 1);
    if
    :: acquire -> JOIN(now[me], where.message[where.last])
    :: else
    fi;
    where.last++;
    now[me].where = where.last;
    where.value[where.last] = new;
    JOIN(where.message[where.last], where.message[where.last - 1]);
    if
    :: release -> JOIN(where.message[where.last], now[me])
    :: else
    fi
}

inline exchange(me, where, new, release, old)
{
    atomic {
        old = where.value[where.last];
        append(me, where, new, 0, release)
    }
}

/* A plain store: it ends whatever release sequence there was. */
inline store(me, where, new, release)
{
    atomic {
        assert(where.last < ENTRIES - 1);
        where.last++;
        now[me].where = where.last;
        where.value[where.last] = new;
        if
        :: release -> JOIN(where.message[where.last], now[me])
        :: else
        fi
    }
}

inline fence(me)
{
    atomic { JOIN(fenced, now[me]); JOIN(now[me], fenced) }
}

/* After a position was published: the other's flag. leat_pipe_look */
inline look(me, where, into)
{
#ifdef NO_ORDER
    load(me, where, 0, into)
#else
#ifdef FENCE
    fence(me);
    load(me, where, 0, into)
#else
#ifdef BARRIER
    load(me, where, 0, into)
#else
    atomic { /* a read-modify-write that changes nothing: one entry stands for both, it is the newest for whoever comes next */
        now[me].where = where.last;
        into = where.value[where.last];
        JOIN(where.message[where.last], now[me])
    }
#endif
#endif
#endif
}

inline announce(me, other, where, new)
{
#ifdef FENCE
    store(me, where, new, 0);
    fence(me)
#else
#ifdef BARRIER
    store(me, where, new, 0);
#ifndef NO_ORDER
    atomic { JOIN(fenced, now[me]); JOIN(fenced, now[other]); JOIN(now[other], fenced); JOIN(now[me], fenced) }
#else
    skip
#endif
#else
    atomic { append(me, where, new, 1, 0) }
#endif
#endif
}

inline wake(me, other, token)
{
    atomic { append(me, token, token.last + 1, 0, 1) }
#ifdef EVENTFD
    atomic { readable[other] = true; JOIN(kept[other], now[me]) }
#else
    asleep[other] = false
#endif
}

/* leat_waker_seen for a futex; drain for an eventfd. */
inline before_look(me, token)
{
#ifdef EVENTFD
#ifndef WEAK_DRAIN
    drain(me)
#else
    skip
#endif
#else
    load(me, token, TOKEN_ACQUIRE, seen)
#endif
}

inline drain(me)
{
    atomic {
        if
        :: readable[me] -> readable[me] = false; JOIN(now[me], kept[me])
        :: else
        fi
    }
}

/* The kernel compares the newest value of a futex word. A wait may end without a wake, `timeouts` times. */
inline sleep(me, token, ended)
{
#ifdef EVENTFD
#ifdef WEAK_DRAIN
    drain(me);
#endif
    atomic {
        if
        :: readable[me] -> ended = false
        :: timeouts > 0 -> timeouts--; ended = true
        fi
    }
#else
    atomic { asleep[me] = (token.value[token.last] == seen) }
    atomic {
        if
        :: !asleep[me] -> ended = false
        :: timeouts > 0 && asleep[me] -> timeouts--; asleep[me] = false; ended = true
        fi
    }
#endif
}

/* ---- writer ---- */

inline flush()
{
    if
    :: w != pushed ->
        w = pushed;
        store(WRITER, c, w, FLUSH_RELEASE);
        look(WRITER, reader_asleep, word);
        if
        :: word != 0 ->
            exchange(WRITER, reader_asleep, 0, 0, word);
            if
            :: word != 0 -> wake(WRITER, READER, reader_token)
            :: else
            fi
        :: else
        fi
    :: else
    fi;
    word = 0
}

inline room()
{
    load(WRITER, o, 1, word);
    if
    :: pushed - word < HIGH -> o_seen = word
    :: else
    fi;
    no_room = pushed - o_seen >= HIGH;
    word = 0
}

/* leat_pipe_check_write; full: announced. */
inline check_write(no_room)
{
    no_room = pushed - o_seen >= HIGH;
    if
    :: no_room -> room()
    :: else
    fi;
    if
    :: no_room ->
        load(WRITER, writer_asleep, 0, word);
        if
        :: word != 2 * (pushed - HIGH + 1) + 1 ->
            exchange(WRITER, writer_asleep, 0, 0, word);
            announce(WRITER, READER, writer_asleep, 2 * (pushed - HIGH + 1) + 1);
#ifndef NO_LOOK
            room();
            if
            :: !no_room -> cancel_write_sleep()
            :: else
            fi
#endif
        :: else
        fi
    :: else
    fi;
    word = 0
}

inline cancel_write_sleep()
{
    load(WRITER, writer_asleep, 0, word);
    if
    :: word != 0 -> exchange(WRITER, writer_asleep, 0, 0, word)
    :: else
    fi;
    word = 0
}

active proctype writer()
{
    byte pushed, w, o_seen, word, seen, at;
    bool no_room, ended, gone;

    do
    :: pushed == ITEMS || gone -> break
    :: else ->
        if
        :: pushed - o_seen < HIGH ->
            atomic { /* the item that was in the reader's hands when this room was taken before is done with: edge "room" */
                assert(pushed < HIGH || now[WRITER].popped >= pushed + 1 - HIGH);
                pushed++;
                now[WRITER].items = pushed
            }
            if
            :: flush()
            :: pushed != ITEMS
            fi
        :: else ->
            flush();
#ifdef WEAK_LOOK
            load(WRITER, reader_closed, 1, gone);
#endif
            before_look(WRITER, writer_token);
            check_write(no_room);
            if
            :: no_room ->
#ifndef WEAK_LOOK
                load(WRITER, reader_closed, 1, gone);
#endif
                if
                :: !gone ->
                    sleep(WRITER, writer_token, ended);
                    if
                    :: ended -> cancel_write_sleep(); ended = false
                    :: else
                    fi
                :: else -> cancel_write_sleep()
                fi;
                no_room = false
            :: else
            fi;
            seen = 0
        fi
    od;
    flush();
    atomic { append(WRITER, writer_closed, 1, 0, 1) }
    wake(WRITER, READER, reader_token)
}

/* ---- reader ---- */

inline publish()
{
    said = popped;
    store(READER, o, popped, ROOM_RELEASE);
    look(READER, writer_asleep, word);
    if
    :: word != 0 && popped >= word / 2 ->
        exchange(READER, writer_asleep, 0, 0, word);
        if
        :: word != 0 -> wake(READER, WRITER, writer_token)
        :: else
        fi
    :: else
    fi;
    word = 0
}

inline fetch()
{
    load(READER, c, 1, word);
    nothing = word <= r;
    r = (nothing -> r : word);
    word = 0
}

/* leat_pipe_check_read; empty: announced. */
inline check_read(nothing)
{
    fetch();
    if
    :: nothing ->
        if
        :: said != popped -> publish()
        :: else
        fi;
        load(READER, reader_asleep, 0, word);
        if
        :: word == 0 ->
            announce(READER, WRITER, reader_asleep, 1);
#ifndef NO_LOOK
            fetch();
            if
            :: !nothing -> exchange(READER, reader_asleep, 0, 0, word)
            :: else
            fi
#endif
        :: else
        fi
    :: else
    fi;
    word = 0
}

inline cancel_sleep()
{
    load(READER, reader_asleep, 0, word);
    if
    :: word != 0 -> exchange(READER, reader_asleep, 0, 0, word)
    :: else
    fi;
    word = 0
}

inline pop_all()
{
    do
    :: popped == r -> break
    :: else ->
        atomic {
            popped++;
            assert(now[READER].items >= popped); /* edge "item" */
            now[READER].popped = popped
        }
        load(READER, writer_asleep, 0, word);
        if
        :: word != 0 || popped - said >= GIVE -> publish()
        :: else
        fi;
        word = 0
    od
}

active proctype reader()
{
    byte r, popped, said, word, seen, at;
    bool nothing, ended, closed, leaves;

    do
    :: closed -> break
    :: leaves -> break
    :: !closed && !leaves ->
#ifdef WEAK_LOOK
        load(READER, writer_closed, 1, closed);
#endif
        before_look(READER, reader_token);
        check_read(nothing);
        if
        :: nothing ->
#ifndef WEAK_LOOK
            load(READER, writer_closed, 1, closed);
#endif
            if
            :: closed -> /* what polls empty now stays empty */
                cancel_sleep();
                fetch();
                pop_all();
                assert(popped == ITEMS)
            :: else ->
                sleep(READER, reader_token, ended);
                if
                :: ended -> cancel_sleep(); ended = false
                :: else
                fi
            fi
        :: else -> closed = false; pop_all()
        fi;
        nothing = false;
        seen = 0;
#ifdef LEAVES
        if
        :: skip
        :: leaves = true
        fi
#endif
    od;
    atomic { append(READER, reader_closed, 1, 0, 1) }
    wake(READER, WRITER, writer_token)
}

#ifdef TIMEOUTS
active proctype clock()
{
    timeouts = TIMEOUTS
}
#endif
