/* SPDX-License-Identifier: MIT */
/*
 * pool_shut.pml: how the token's holder shuts a cache and takes its blocks while the owner is in the middle of its fast path, with a store
 * buffer (TSO) and stale loads on the owner's side.
 *
 *      spin -a tests/model/pool_shut.pml && cc -O2 -DSAFETY -o pan pan.c && ./pan -m1000000
 *
 * says "errors: 0": no block ever has two owners, none is lost, and an allocation that fails had a moment, between its call and its return,
 * in which no block was to be had. One owner of a cache of two pointers, with a depot of one; two other threads without a cache, which
 * allocate by the token, shut the cache, and give back. The calls of each are drawn at random (-DOWN, -DOTHER calls each).
 *
 * Planted errors, each found: -DNO_BARRIER; -DCHECK_FIRST (an allocation looks at low before it lowers top); -DNO_TAKEN (the owner does
 * not compare with what was taken); -DNO_SWEEP (nobody looks for a block that was freed into a cache just shut); -DNO_INSIDE (the holder
 * does not wait for the owner's slow path; with -DBLOCKS=3 -DOWN=6 -DOTHER=1, for its array must be full); -DDRY_EARLY (a pool is said to be dry although an owner does not know yet).
 *
 * The names are those of src/pool/cache.c. Stores of the owner wait in `buffer` and reach memory in order, at any time; its locked
 * instructions, and the holder's barrier, empty it. What the holder stores for the owner to see (low, high, shut) the owner may miss until the
 * barrier. What is done with the token is one step: nobody else looks at it meanwhile, but for the words that are modelled as such. The
 * barrier is a system call, which no model sees: it is what its manual says.
 */
#ifndef OWN
#define OWN 4
#endif
#ifndef OTHER
#define OTHER 2
#endif
#ifndef BLOCKS
#define BLOCKS 2 /* and that is the limit; up to 3 */
#endif
#define ALL ((1 << BLOCKS) - 1)
#define ARRAY 2
#define NOBODY 0
#define OWNER 1

/* Memory. A block is a bit; top is one more than the number of pointers, so that it can be one too low. */
byte slab = ALL, depot;
byte items[ARRAY], top = 1, inside;
bool token, tight, dry, shut, seen_by_all, settled;
byte taken;

/* What is known of each block from outside, and whether each thread's call has had its moment. */
byte holder[5]; /* of the blocks 1, 2 and 4 */
bool moment[4], owner_done;
byte others_done;

chan buffer = [10] of { mtype, byte, byte };
mtype = { TOP, ITEM, INSIDE };

#define fill(t) ((t) - 1)
#define IN_CACHE ((top > taken + 1) -> (top - 1 - taken) : 0)
#define NONE_TO_BE_HAD (slab == 0 && depot == 0 && IN_CACHE == 0)
inline look() { if :: NONE_TO_BE_HAD -> moment[1] = true; moment[2] = true; moment[3] = true :: else fi }

inline get(block, who)
{
    assert(holder[block] == NOBODY);
    holder[block] = who;
}

inline apply()
{
    buffer?kind, index, value;
    if
    :: kind == TOP -> top = value
    :: kind == ITEM -> items[index] = value
    :: kind == INSIDE -> inside = value
    fi;
    look()
}

active proctype memory()
{
    mtype kind; byte index, value;
end:
    do
    :: atomic { nempty(buffer) -> apply(); kind = 0; index = 0; value = 0 }
    od
}

/* One block off the slab; 0: none. */
inline off_slab(block)
{
    if
    :: slab & 1 -> block = 1
    :: (slab & 3) == 2 -> block = 2
    :: (slab & 7) == 4 -> block = 4
    :: else -> block = 0
    fi;
    slab = slab - block
}

inline on_slab(block)
{
    assert((slab & block) == 0); slab = slab + block; dry = false
}

inline relax() { if :: tight && slab != 0 -> tight = false :: else fi }

/* ---- the owner ---- */

byte my_top = 1, my_items[ARRAY]; /* what it has stored, in the buffer or not */

inline store_top(value) { my_top = value; buffer!TOP(0, my_top) }
inline store_item(at, value) { my_items[at] = value; buffer!ITEM(at, value) }

/* low, high and shut as the owner may see them */
inline load(closed)
{
    atomic {
        if
        :: !shut -> closed = false
        :: shut && seen_by_all -> closed = true
        :: shut && !seen_by_all -> if :: closed = true :: closed = false fi
        fi
    }
}

inline take_token() { atomic { empty(buffer) && !token -> token = true } }

/* With the token and an empty buffer, nothing under way. */
inline empty_mine()
{
    shut = true; seen_by_all = true; settled = true;
    do
    :: my_top > taken + 1 -> on_slab(my_items[my_top - 2]); my_top--
    :: else -> break
    od;
    my_top = 1; top = 1; taken = 0;
}

inline open_mine(usable)
{
    if
    :: tight -> empty_mine(); usable = false
    :: else ->
        usable = true;
        if
        :: shut ->
            if
            :: taken == 1 && my_top == 3 -> my_items[0] = my_items[1]; items[0] = items[1]; my_top = 2
            :: taken == 1 && my_top != 3 -> my_top = 1
            :: taken == 2 -> my_top = 1
            :: else -> skip
            fi;
            top = my_top; taken = 0; shut = false; seen_by_all = false; settled = false
        :: else -> skip
        fi
    fi
}

inline own_alloc()
{
    atomic { moment[OWNER] = false; look() }
    got = 0; reserved = true;
#ifdef CHECK_FIRST
    load(closed);
    if
    :: !closed && my_top > 1 -> store_top(my_top - 1); got = my_items[my_top - 1]
    :: else -> store_top(my_top - 1)
    fi;
#else
    store_top(my_top - 1);
    load(closed);
    if
    :: !closed && my_top > 0 -> got = my_items[my_top - 1]
    :: else -> skip
    fi;
#endif
    if
    :: got != 0 -> skip
    :: else ->
        buffer!INSIDE(0, 1);
        load(closed);
        if
        :: !closed ->
            reserved = false;
            if
            :: my_top == 0 -> store_top(1)
            :: else -> got = my_items[my_top - 1] /* low was seen shut, and shut not yet */
            fi;
            if
            :: got == 0 && my_top == 1 ->
                atomic { empty(buffer) -> if :: depot != 0 -> got = depot; depot = 0; look() :: else -> skip fi }
            :: else -> skip
            fi
        :: else -> skip
        fi;
        buffer!INSIDE(0, 0);
        if
        :: got != 0 -> skip
        :: got == 0 && closed && dry -> store_top(1); assert(moment[OWNER])
        :: else ->
            take_token();
            atomic {
                if
                :: reserved ->
#ifdef NO_TAKEN
                    if :: my_top > 0 -> got = my_items[my_top - 1] :: else -> my_top = 1 fi;
#else
                    if
                    :: my_top > 0 && my_top - 1 >= taken -> got = my_items[my_top - 1]
                    :: else -> my_top = taken + 1
                    fi;
#endif
                    top = my_top
                :: else -> skip
                fi;
                if
                :: got != 0 -> skip
                :: else ->
                    settled = settled || shut;
                    open_mine(usable);
                    off_slab(got);
                    if
                    :: got == 0 && !tight ->
                        if
                        :: depot != 0 -> on_slab(depot); depot = 0
                        :: else -> shut = true; seen_by_all = true; settled = true; tight = true
                        fi;
                        off_slab(got)
                    :: else -> skip
                    fi;
                    relax();
                    look();
                    if :: got == 0 -> assert(moment[OWNER]); dry = tight :: else -> skip fi
                fi;
                look(); token = false
            }
        fi
    fi;
    if :: got != 0 -> atomic { get(got, OWNER); mine = mine + got } :: else -> skip fi
}

inline own_free(block)
{
    atomic { assert(holder[block] == OWNER); holder[block] = NOBODY; mine = mine - block }
    load(closed);
    if
    :: !closed && my_top < ARRAY + 1 -> store_item(my_top - 1, block); store_top(my_top + 1)
    :: else ->
        done = false;
        buffer!INSIDE(0, 1);
        load(closed);
        if
        :: !closed ->
            if
            :: my_top == ARRAY + 1 ->
                atomic { empty(buffer) -> if :: depot == 0 -> depot = my_items[0]; done = true :: else -> skip fi };
                if :: done -> store_item(0, my_items[1]); store_top(my_top - 1) :: else -> skip fi
            :: else -> skip
            fi;
            if
            :: my_top < ARRAY + 1 -> store_item(my_top - 1, block); store_top(my_top + 1); done = true
            :: else -> skip
            fi
        :: else -> skip
        fi;
        buffer!INSIDE(0, 0);
        if
        :: done -> skip
        :: else ->
            take_token();
            atomic {
                settled = settled || shut;
                open_mine(usable);
                if
                :: usable && my_top < ARRAY + 1 ->
                    my_items[my_top - 1] = block; items[my_top - 1] = block; my_top++; top = my_top
                :: else -> on_slab(block); relax()
                fi;
                token = false
            }
        fi
    fi
}

active proctype owner()
{
    byte got, mine, calls; bool closed, reserved, usable, done;
    do
    :: calls < OWN -> calls++;
        if
        :: own_alloc()
        :: mine & 1 -> own_free(1)
        :: mine & 2 -> own_free(2)
        :: mine & 4 -> own_free(4)
        fi
    :: else -> break
    od;
    owner_done = true
}

/* ---- the others ---- */

/* One step: what lies between `taken` and top, as memory has it. */
inline take()
{
    atomic {
        do
        :: top > taken + 1 -> on_slab(items[taken]); taken++
        :: else -> break
        od
    }
}

inline other_alloc(me)
{
    atomic { moment[me] = false; look() }
    if
    :: dry -> assert(moment[me])
    :: else ->
        atomic { !token -> token = true };
        atomic { off_slab(got); look() };
        if
        :: got == 0 && !tight ->
            atomic { if :: depot != 0 -> on_slab(depot); depot = 0 :: else -> skip fi };
            if
            :: slab == 0 ->
                atomic { if :: !shut -> shut = true; seen_by_all = false; settled = false :: else -> skip fi };
#ifndef NO_BARRIER
                atomic { do :: nempty(buffer) -> apply() :: empty(buffer) -> break od; kind = 0; index = 0; value = 0; seen_by_all = true };
#endif
#ifndef NO_INSIDE
                inside == 0;
#endif
                take();
                atomic { if :: depot != 0 -> on_slab(depot); depot = 0 :: else -> skip fi };
                tight = true
            :: else -> skip
            fi
        :: else -> skip
        fi;
#ifndef NO_SWEEP
        if :: got == 0 && slab == 0 && tight && !settled -> take() :: else -> skip fi;
#endif
        atomic {
            if
            :: got == 0 ->
                off_slab(got); look();
                if
                :: got == 0 ->
                    assert(moment[me]);
#ifdef DRY_EARLY
                    dry = tight
#else
                    dry = tight && (settled || !shut)
#endif
                :: else -> skip
                fi
            :: else -> skip
            fi;
            if :: got != 0 -> get(got, me); mine = mine + got; got = 0 :: else -> skip fi;
            relax(); token = false
        }
    fi
}

inline other_free(block, me)
{
    atomic { assert(holder[block] == me); holder[block] = NOBODY; mine = mine - block };
    atomic { !token -> token = true };
    atomic { on_slab(block); relax(); token = false }
}

proctype other(byte me)
{
    byte got, mine, calls, index, value; mtype kind;
    do
    :: calls < OTHER -> calls++;
        if
        :: other_alloc(me)
        :: mine & 1 -> other_free(1, me)
        :: mine & 2 -> other_free(2, me)
        :: mine & 4 -> other_free(4, me)
        fi
    :: else -> break
    od;
    others_done++
}

/* At the end every block is in exactly one place. */
init
{
    byte found, i;
    atomic { run other(2); run other(3) };
    atomic {
        owner_done && others_done == 2 && empty(buffer) ->
        found = slab + depot; /* bits: a sum is right only where no block is in two places */
        i = taken;
        do :: i + 1 < top -> found = found + items[i]; i++ :: else -> break od;
        i = 1;
        do :: i <= 4 -> if :: i <= ALL && holder[i] != NOBODY -> found = found + i :: else -> skip fi; i = i * 2 :: else -> break od;
        assert(found == ALL)
    }
}
