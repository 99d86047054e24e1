/* SPDX-License-Identifier: MIT */
/*
 * pool_shut.pml: the pool's caches, and how the token's holder shuts them and takes their blocks (src/pool/pool_private.h), with the
 * owners' stores delayed and their looks at shut, low and high out of date until the barrier.
 *
 *      spin -a tests/model/pool_shut.pml && cc -O2 -DSAFETY -DVECTORSZ=4096 -o pan pan.c && ./pan -m1000000
 *
 * says "errors: 0": no block has two owners, none is lost, nobody waits for ever, and an allocation fails only if during the call there was
 * an instant at which all blocks were live (I4). Sizes: -DOWNERS, each with a cache; -DUSERS, without; -DBLOCKS; -DCAPACITY, half of an
 * array; -DDEPOT (a slot, CAPACITY 1); -DOWNER_ALLOCS, -DOWNER_FREES and the same for users: what each does, in any order; -DHELD: at first
 * block i is thread i's, else every distribution is tried; -DLATE: so, and the caches have just been shut, in vain, while each owner was
 * between a free's look at high and its push (its one free comes first); -DPASSES, how many quiet looks a sweep takes; -DNOW: stores
 * do not wait (with three owners there is no room for more). run.sh has the
 * variants.
 *
 * Planted errors, each found: -DNO_BARRIER; -DNO_INSIDE (no waiting for who is inside); -DNO_TAKEN (an allocation does not ask which blocks
 * are gone); -DNO_SWEEP (late pushes are not looked for); -DCHECK_FIRST (an allocation looks at low and then lowers top); -DUNDO (it
 * raises top again before it has the token); with two owners -DPASSES=1, and with three -DPASSES=2.
 *
 * An owner's stores wait in its buffer, in order, until they reach memory at some time; it sees its own at once. Its loads of shut, low
 * and high may be old, each for itself. The barrier and taking the token end both. All other words are touched with the token only, or by
 * atomic operations, or (dry) are taken as always up to date.
 *
 * When is a block live? From the store that lowers top, if that allocation ends up with it; else from when it left slab, array or depot;
 * until it is on the slab, or the store of top behind it has reached memory. Whether a reserved block will be its allocation's shows
 * later: `maybe` and `owed` hold the instants, as sets of owners whose reservations must then have been good.
 */
#ifndef OWNERS
#define OWNERS 1
#endif
#ifndef USERS
#define USERS 1
#endif
#ifndef BLOCKS
#define BLOCKS 2
#endif
#ifndef CAPACITY
#define CAPACITY 1
#endif
#ifndef OWNER_ALLOCS
#define OWNER_ALLOCS 2
#endif
#ifndef FIRST_ALLOCS
#define FIRST_ALLOCS OWNER_ALLOCS
#endif
#ifndef OWNER_FREES
#define OWNER_FREES 2
#endif
#ifndef USER_ALLOCS
#define USER_ALLOCS 2
#endif
#ifndef USER_FREES
#define USER_FREES 1
#endif
#ifndef PASSES
#define PASSES unsettled
#endif
#ifdef LATE
#define HELD
#define MAY_ALLOC (allocs && (!frees || me >= OWNERS))
#else
#define MAY_ALLOC allocs
#endif
#define DEPTH 4 /* of a store buffer */
#define ARRAY (2 * CAPACITY)
#define THREADS (OWNERS + USERS)
#define ALL ((1 << BLOCKS) - 1)
#define BIT(block) (1 << ((block) - 1))
#define TOP 1
#define INSIDE 2

/* Blocks are 1 .. BLOCKS, 0 is none. A top is one more than the blocks below it, so that the empty cache's can be lowered. */
typedef cache {
    byte top, items[ARRAY], taken;                        /* memory */
    bool inside, shut, low, high, settled;                /* low and high: are they closed? */
    byte own_top, own_items[ARRAY];                       /* as the owner sees it */
    bool own_shut, own_low, own_high;
    byte kind[DEPTH], value[DEPTH], with[DEPTH], delayed; /* the buffer; with: the block that this store of top brings */
    byte reserved                                         /* for the proof: the block that the allocation under way lowered top for */
}
cache c[OWNERS];
bool token, dry, tight;
byte slab, unsettled; /* the slab's blocks as bits */
byte depot;           /* 0: no magazine; 1: an empty one; 1 + block: a full one */

/* For the proof. */
byte holder[BLOCKS + 1]; /* 1 + thread, of a block in somebody's hands */
byte live;               /* blocks, as bits */
byte calling, whole;     /* threads, as bits: in an allocation; in which there was an instant at which all blocks were live */
byte maybe[THREADS];     /* bit s: an instant at which all were, if the reservations of the owners in set s are good */
byte owed[THREADS];      /* as maybe, of allocations that have failed */
byte done;

/* ---- the proof's part: always within an atomic step ---- */

inline note()
{
    d_step {
        x = live;
        y = 0;
        z = 0;
        do
        :: z < OWNERS ->
            if
            :: c[z].reserved && !(x & BIT(c[z].reserved)) -> x = x | BIT(c[z].reserved); y = y | (1 << z)
            :: else
            fi;
            z++
        :: else -> break
        od;
        z = 0;
        if
        :: x == ALL && y == 0 -> whole = whole | calling
        :: x == ALL && y != 0 ->
            do
            :: z < THREADS ->
                if
                :: calling & (1 << z) -> maybe[z] = maybe[z] | (1 << y)
                :: else
                fi;
                z++
            :: else -> break
            od
        :: else
        fi;
        x = 0;
        y = 0;
        z = 0
    }
}

/* Of a set of sets: those with owner q go, or go on without q. */
#define WITH(q) (q == 0 -> 170 : (q == 1 -> 204 : 240))
#define RESOLVED(set, q, good) ((set & (255 - WITH(q))) | (good -> ((set & WITH(q)) >> (1 << q)) : 0))

inline resolve(q, good)
{
    d_step {
        if
        :: c[q].reserved ->
            c[q].reserved = 0;
            z = 0;
            do
            :: z < THREADS ->
                maybe[z] = RESOLVED(maybe[z], q, good);
                if
                :: maybe[z] & 1 -> whole = whole | (1 << z); maybe[z] = maybe[z] & 254
                :: else
                fi;
                if
                :: owed[z] ->
                    owed[z] = RESOLVED(owed[z], q, good);
                    assert(owed[z]); /* an allocation failed, and a block was free all the time */
                    owed[z] = (owed[z] & 1 -> 0 : owed[z])
                :: else
                fi;
                z++
            :: else -> break
            od;
            z = 0
        :: else
        fi
    }
}

inline begin()
{
    calling = calling | (1 << me);
    note()
}

inline end_call()
{
    calling = calling & ~(1 << me);
    whole = whole & ~(1 << me);
    maybe[me] = 0
}

/* The allocation has got `got`. */
inline won()
{
    assert(got && !holder[got] && !(slab & BIT(got))); /* no block has two owners */
    holder[got] = me + 1;
    live = live | BIT(got);
    if
    :: me < OWNERS -> resolve(me, 1)
    :: else
    fi;
    note();
    end_call()
}

inline lost()
{
    if
    :: me < OWNERS -> resolve(me, 0)
    :: else
    fi;
    if
    :: whole & (1 << me)
    :: else ->
        assert(maybe[me]); /* an allocation failed, and a block was free all the time */
        owed[me] = (owed[me] -> owed[me] & maybe[me] : maybe[me]);
        assert(owed[me])
    fi;
    end_call()
}

/* ---- memory ---- */

#define ROOM (c[me].delayed < DEPTH)

/* The owner's oldest store reaches memory. */
inline arrive(q)
{
    d_step {
        x = c[q].with[0];
        if
        :: c[q].kind[0] == TOP ->
            c[q].top = c[q].value[0];
            if
            :: x -> c[q].items[c[q].value[0] - 2] = x
            :: else
            fi
        :: else -> c[q].inside = c[q].value[0]
        fi;
        c[q].delayed--;
        y = 0;
        do
        :: y < c[q].delayed ->
            c[q].kind[y] = c[q].kind[y + 1];
            c[q].value[y] = c[q].value[y + 1];
            c[q].with[y] = c[q].with[y + 1];
            x = (c[q].with[y] == x -> 0 : x); /* freed again meanwhile */
            y++
        :: else -> break
        od;
        c[q].kind[y] = 0;
        c[q].value[y] = 0;
        c[q].with[y] = 0;
        if
        :: x && !holder[x] -> live = live & ~BIT(x)
        :: else
        fi;
        x = 0;
        y = 0
    }
}

inline store(what, new, brought)
{
    c[me].kind[c[me].delayed] = what;
    c[me].value[c[me].delayed] = new;
    c[me].with[c[me].delayed] = brought;
    c[me].delayed++
#ifdef NOW
    ;
    arrive(me)
#endif
}

inline fence(q)
{
    do
    :: c[q].delayed -> arrive(q)
    :: else -> break
    od;
    c[q].own_shut = c[q].shut;
    c[q].own_low = c[q].low;
    c[q].own_high = c[q].high
}

#define LOAD(seen, word, into) \
    if \
    :: seen != word -> seen = word \
    :: true \
    fi; \
    into = seen

active proctype memory()
{
    byte x, y, i;
end:
    do
    :: atomic { c[0].delayed -> arrive(0) }
#if OWNERS > 1
    :: atomic { c[1].delayed -> arrive(1) }
#endif
#if OWNERS > 2
    :: atomic { c[2].delayed -> arrive(2) }
#endif
    :: atomic {
        done == THREADS ->
            done = 0;
            do
            :: i < OWNERS -> fence(i); i++
            :: else -> break
            od;
            x = 1;
            do
            :: x <= BLOCKS -> /* no block is lost, or in two places */
                y = (holder[x] -> 1 : 0) + ((slab & BIT(x)) -> 1 : 0) + (depot == x + 1 -> 1 : 0);
                i = 0;
                do
                :: i < OWNERS * ARRAY ->
                    if
                    :: i % ARRAY >= c[i / ARRAY].taken && i % ARRAY + 1 < c[i / ARRAY].top && c[i / ARRAY].items[i % ARRAY] == x -> y++
                    :: else
                    fi;
                    i++
                :: else -> break
                od;
                assert(y == 1);
                x++
            :: else -> break
            od;
            x = 0;
            y = 0;
            i = 0
        }
    od
}

/* ---- with the token ---- */

inline take_token()
{
    atomic {
        !token -> token = 1;
        if
        :: me < OWNERS -> fence(me)
        :: else
        fi
    }
}

inline slab_get(into)
{
    d_step {
        into = 1;
        do
        :: !(slab & BIT(into)) -> into++
        :: else -> break
        od;
        slab = slab & ~BIT(into)
    }
}

inline slab_put(home)
{
    assert(!holder[home] && !(slab & BIT(home))); /* no block has two owners */
    slab = slab | BIT(home);
    dry = 0
}

inline set_fill(fill) /* the owner's: nobody looks while it has the token */
{
    c[me].own_top = fill + 1;
    c[me].top = c[me].own_top
}

inline put_item(at, new)
{
    c[me].own_items[at] = new;
    c[me].items[at] = new
}

inline copy_taken(q)
{
    i = c[q].taken;
    do
    :: i + 1 < count ->
        if
        :: q != me && c[q].reserved == c[q].items[i] -> resolve(q, 0)
        :: else
        fi;
        slab_put(c[q].items[i]);
        c[q].taken = i + 1;
        found = 1;
        i++
    :: else -> break
    od;
    i = 0;
    count = 0
}

inline take(q)
{
    count = c[q].top;
    atomic { copy_taken(q) }
}

inline shut_cache(q)
{
    if
    :: !c[q].shut ->
        c[q].shut = 1; /* the owner sees each of them when it likes */
        c[q].low = 1;
        c[q].high = 1;
        c[q].settled = 0;
        unsettled++
    :: else
    fi
}

inline knows(q)
{
    if
    :: c[q].shut && !c[q].settled -> c[q].settled = 1; unsettled--
    :: else
    fi
}

inline usable()
{
    if
    :: me >= OWNERS -> cached = 0
    :: else ->
        knows(me);
        cached = !tight;
        if
        :: tight ->
            shut_cache(me);
            knows(me);
            count = c[me].top;
            copy_taken(me);
            set_fill(0);
            c[me].taken = 0
        :: !tight && c[me].shut ->
            i = 0;
            do
            :: c[me].taken + i + 1 < c[me].own_top -> put_item(i, c[me].own_items[c[me].taken + i]); i++
            :: else -> break
            od;
            set_fill(i);
            i = 0;
            c[me].taken = 0;
            c[me].settled = 0;
            c[me].shut = 0;
            c[me].low = 0;
            c[me].high = 0;
            fence(me)
        :: else
        fi;
        found = 0
    fi
}

inline count_slab()
{
    d_step {
        count = 0;
        i = 0;
        do
        :: i < BLOCKS -> count = count + ((slab >> i) & 1); i++
        :: else -> break
        od;
        i = 0
    }
}

inline relax()
{
    count_slab();
    tight = tight && count < (BLOCKS + 3) / 4;
    count = 0
}

inline drain()
{
#ifdef DEPOT
    if
    :: atomic { depot > 1 -> block = depot - 1; depot = 0 }
        atomic { slab_put(block); block = 0; depot = 1 }
    :: atomic { depot <= 1 }
    fi
#else
    skip
#endif
}

inline sweep()
{
#ifdef NO_SWEEP
    skip
#else
    do
    :: quiet < PASSES && unsettled ->
        do
        :: o < OWNERS ->
            if
            :: !c[o].settled -> take(o)
            :: else
            fi;
            o++
        :: else -> break
        od;
        atomic { o = 0; quiet = (found -> 0 : quiet + 1); found = 0 }
    :: else -> break
    od;
    quiet = 0
#endif
}

inline reclaim()
{
    if
    :: tight -> sweep()
    :: else ->
        drain();
        if
        :: !slab ->
            atomic {
                do
                :: o < OWNERS -> shut_cache(o); o++
                :: else -> break
                od;
                o = 0
            }
#ifndef NO_BARRIER
            do
            :: o < OWNERS -> atomic { fence(o); o++ }
            :: else -> break
            od;
            o = 0;
#endif
            do
            :: o < OWNERS ->
#ifndef NO_INSIDE
                !c[o].inside;
#endif
                take(o);
                o++
            :: else -> break
            od;
            atomic { o = 0; found = 0 }
            drain();
            tight = 1;
            sweep()
        :: else
        fi
    fi
}

/* ---- alloc ---- */

/* Is the block that this allocation reserved its own? `t`: what top is then. */
inline settle()
{
#ifdef NO_TAKEN
    t = (c[me].own_top < 1 -> 1 : c[me].own_top);
#else
    t = (c[me].own_top < c[me].taken + 1 -> c[me].taken + 1 : c[me].own_top);
#endif
    if
    :: c[me].own_top == t -> got = c[me].own_items[t - 1]
    :: else
    fi;
    c[me].own_top = t
}

inline alloc_with_token()
{
    take_token();
    if
    :: reserved -> atomic {
        settle();
        c[me].top = t;
        t = 0;
        reserved = 0;
        if
        :: got -> won()
        :: else
        fi
        }
    :: else
    fi;
    if
    :: !got ->
        atomic { /* refill */
            usable();
            if
            :: cached && c[me].own_top == 1 ->
                count_slab();
                count = (count -> count / (2 * OWNERS) + 1 : 0);
                count = (count < CAPACITY -> count : CAPACITY);
                i = 0;
                do
                :: i < count -> slab_get(block); put_item(i, block); i++
                :: else -> break
                od;
                set_fill(count);
                block = 0;
                count = 0;
                i = 0
            :: else
            fi;
            if
            :: cached && c[me].own_top > 1 ->
                set_fill(c[me].own_top - 2);
                got = c[me].own_items[c[me].own_top - 1];
                won()
            :: !cached && slab -> slab_get(got); won()
            :: else
            fi;
            cached = 0
        }
        if
        :: !got ->
            reclaim();
            atomic {
                if
                :: slab -> slab_get(got); won()
                :: else
                fi
            }
        :: else
        fi;
        atomic {
            relax();
            if
            :: me < OWNERS -> knows(me)
            :: else
            fi;
            if
            :: !got && tight && !unsettled -> dry = 1
            :: else
            fi
        }
    :: else
    fi;
    atomic {
        token = 0;
        if
        :: !got -> lost()
        :: else
        fi
    }
}

inline alloc_inside() /* reserved: what is below top it has reserved, or its array is empty */
{
    atomic {
        ROOM -> settle();
        reserved = 0;
        store(TOP, t, 0);
        t = 0;
        if
        :: got -> won()
        :: else
        fi
    }
#ifdef DEPOT
    if
    :: !got -> atomic {
        if
        :: depot > 1 -> fence(me); got = depot - 1; depot = 1; put_item(0, got); won() /* put there, and popped */
        :: true /* nothing, or missed */
        fi
        }
    :: else
    fi
#endif
}

inline enter()
{
    atomic { ROOM -> store(INSIDE, 1, 0) }
    atomic { LOAD(c[me].own_shut, c[me].shut, open); open = !open }
}

inline leave()
{
    atomic { ROOM -> store(INSIDE, 0, 0) }
}

inline lower()
{
    c[me].own_top--;
    c[me].reserved = (c[me].own_top >= 1 -> c[me].own_items[(c[me].own_top >= 1 -> c[me].own_top - 1 : 0)] : 0);
    note();
    store(TOP, c[me].own_top, 0)
}

inline alloc_by_owner()
{
#ifdef CHECK_FIRST
    atomic { begin(); LOAD(c[me].own_low, c[me].low, closed) }
    if
    :: !closed && c[me].own_top > 1 -> atomic { ROOM -> lower(); got = c[me].own_items[c[me].own_top - 1]; won() }
    :: else -> atomic { ROOM -> lower(); reserved = 1 }
    fi;
#else
    atomic { ROOM -> begin(); lower() }
    atomic {
        LOAD(c[me].own_low, c[me].low, closed);
        if
        :: !closed && c[me].own_top >= 1 -> got = c[me].own_items[c[me].own_top - 1]; won()
        :: else -> reserved = 1
        fi
    }
#endif
    if
    :: !got ->
#ifndef NOW /* it knows that it is shut */
        enter();
        if
        :: open -> alloc_inside()
        :: else
        fi;
        leave();
#endif
#ifdef UNDO
        if
        :: !got && reserved -> atomic { ROOM -> c[me].own_top++; store(TOP, c[me].own_top, 0); reserved = 0 }
        :: else
        fi;
#endif
        if
        :: got
        :: atomic { !got && !open && dry -> /* dry: as if looked at here */
            ROOM;
            c[me].own_top = 1;
            store(TOP, 1, 0);
            reserved = 0;
            lost()
            }
        :: atomic { !got && (open || !dry) } alloc_with_token()
        fi
    :: else
    fi;
    atomic { closed = 0; open = 0; got = 0 }
}

inline alloc_by_user()
{
    atomic { begin() }
    if
    :: atomic { dry -> lost() }
    :: atomic { !dry } alloc_with_token()
    fi;
    got = 0
}

/* ---- free: of `mine` ---- */

inline push()
{
    c[me].own_items[c[me].own_top - 1] = mine;
    c[me].own_top++;
    holder[mine] = 0;
    store(TOP, c[me].own_top, mine)
}

inline halved()
{
    i = 0;
    do
    :: i < CAPACITY -> put_item(i, c[me].own_items[CAPACITY + i]); i++
    :: else -> break
    od;
    i = 0;
    set_fill(CAPACITY)
}

inline free_with_token()
{
    take_token();
    atomic {
        usable();
        if
        :: cached ->
            if
            :: c[me].own_top == ARRAY + 1 ->
#ifdef DEPOT
                if
                :: depot == 0 -> depot = 1 + c[me].own_items[0]
                :: else -> slab_put(c[me].own_items[0])
                fi;
#else
                i = 0;
                do
                :: i < CAPACITY -> slab_put(c[me].own_items[i]); i++
                :: else -> break
                od;
                i = 0;
#endif
                halved()
            :: else
            fi;
            put_item(c[me].own_top - 1, mine);
            set_fill(c[me].own_top);
            holder[mine] = 0
        :: else -> holder[mine] = 0; slab_put(mine); relax()
        fi;
        live = live & ~BIT(mine);
        cached = 0;
        token = 0
    }
}

inline free_by_owner()
{
    atomic { LOAD(c[me].own_high, c[me].high, closed); closed = closed || c[me].own_top > ARRAY }
    if
    :: !closed -> atomic { ROOM -> push() }
    :: else ->
#ifndef NOW
        enter();
#endif
        if
        :: open && c[me].own_top > ARRAY ->
#ifdef DEPOT
            atomic {
                if
                :: depot == 1 -> fence(me); depot = 1 + c[me].own_items[0]; halved(); push()
                :: true -> open = 0
                fi
            }
#else
            open = 0
#endif
        :: open && c[me].own_top <= ARRAY -> atomic { ROOM -> push() }
        :: else
        fi;
#ifndef NOW
        leave();
#endif
        if
        :: !open -> free_with_token()
        :: else
        fi
    fi;
    atomic { closed = 0; open = 0 }
}

proctype thread(byte me; byte allocs; byte frees)
{
    byte got, mine, block, t, i, o, count, quiet, x, y, z;
    bool closed, open, reserved, found, cached;

    do
    :: MAY_ALLOC ->
        allocs--;
        if
        :: me < OWNERS -> alloc_by_owner()
        :: else -> alloc_by_user()
        fi
    :: atomic {
        frees ->
            mine = 1;
            do
            :: mine < BLOCKS -> mine++
            :: holder[mine] == me + 1 -> frees--; break
            :: mine == BLOCKS && holder[mine] != me + 1 -> mine = 0; break
            od
        }
        if
        :: !mine /* another time, if there was one to choose at all */
        :: mine && me < OWNERS -> free_by_owner()
        :: mine && me >= OWNERS -> free_with_token()
        fi;
        mine = 0
    :: !allocs -> break
    od;
    done++
}

init {
    byte block, i;
    atomic {
        do
        :: i < OWNERS ->
            c[i].top = 1;
            c[i].own_top = 1;
#ifdef LATE
            c[i].shut = 1;
            c[i].low = 1;
            c[i].high = 1;
            c[i].own_shut = 1;
            c[i].own_low = 1;
            unsettled++;
            tight = 1;
#endif
            i++
        :: else -> break
        od;
        block = 1;
#ifdef DEPOT
        if
        :: depot = 1
        :: depot = 2; block = 2
        :: true
        fi;
#endif
        do
        :: block <= BLOCKS ->
            i = 0;
#ifdef HELD
            i = block - 1;
            holder[block] = i % THREADS + 1;
            live = live | BIT(block);
#else
            do
            :: i + 1 < THREADS -> i++
            :: holder[block] = i + 1; live = live | BIT(block); break
            :: i == 0 -> slab = slab | BIT(block); break
            :: i < OWNERS && c[i].top <= ARRAY ->
                c[i].items[c[i].top - 1] = block;
                c[i].own_items[c[i].top - 1] = block;
                c[i].top++;
                c[i].own_top++;
                break
            od;
#endif
            block++
        :: else -> break
        od;
        block = 0;
        i = 0;
        do
        :: i < OWNERS -> run thread(i, (i == 0 -> FIRST_ALLOCS : OWNER_ALLOCS), OWNER_FREES); i++
        :: i >= OWNERS && i < THREADS -> run thread(i, USER_ALLOCS, USER_FREES); i++
        :: else -> break
        od;
        i = 0
    }
}
