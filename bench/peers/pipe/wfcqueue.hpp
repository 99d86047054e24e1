/* SPDX-License-Identifier: MIT */
/*
 * liburcu's wfcqueue, inlined: a linked list for many writers; the reader takes all there is by one splice.
 * needs: package=liburcu-dev header=urcu/wfcqueue.h link=-lurcu-common
 */
#define _LGPL_SOURCE
#include <urcu/wfcqueue.h>

#include <atomic>
#include <cstdlib>

const bench::peer_about bench::this_peer = {
    bench::inlined, bench::peer_role,
    "serves many writers; items lie beside its nodes, in an array used in turn, the reader says every eighth how far it is; takes and "
    "gives many by splice"};

template <class Item, size_t Capacity> struct peer {
    struct node : cds_wfcq_node {
        Item item;
    };
    static constexpr size_t give = Capacity < 8 ? 1 : Capacity / 8;

    /* Both. */
    alignas(128) __cds_wfcq_head head;
    alignas(128) cds_wfcq_tail tail;
    alignas(128) std::atomic<size_t> said{0}; /* by the reader: taken, as of the last eighth; edge "said": the nodes are free again */
    /* The writer's. */
    alignas(128) node *nodes;
    size_t next = 0, written = 0, seen = 0;
    __cds_wfcq_head batch_head;
    cds_wfcq_tail batch_tail;
    /* The reader's. */
    alignas(128) __cds_wfcq_head taken_head;
    cds_wfcq_tail taken_tail;
    size_t taken = 0, unsaid = 0;

    peer() : nodes(static_cast<node *>(aligned_alloc(64, (Capacity * sizeof(node) + 63) & ~size_t(63))))
    {
        if (nodes == nullptr) {
            throw bench::failure{"no memory"};
        }
        __cds_wfcq_init(&head, &tail);
        __cds_wfcq_init(&batch_head, &batch_tail);
        __cds_wfcq_init(&taken_head, &taken_tail);
    }
    peer(const peer &) = delete;
    ~peer()
    {
        ::free(nodes);
    }
    BENCH_INLINE bool put(const Item &item)
    {
        node *fresh = compose(item);
        if (fresh == nullptr) {
            return false;
        }
        cds_wfcq_enqueue(__cds_wfcq_head_cast(&head), &tail, fresh);
        return true;
    }
    BENCH_INLINE bool get(Item &item)
    {
        cds_wfcq_node *first = __cds_wfcq_dequeue_nonblocking(__cds_wfcq_head_cast(&taken_head), &taken_tail);
        if (first == nullptr) {
            __cds_wfcq_splice_nonblocking(__cds_wfcq_head_cast(&taken_head), &taken_tail, __cds_wfcq_head_cast(&head), &tail);
            first = __cds_wfcq_dequeue_nonblocking(__cds_wfcq_head_cast(&taken_head), &taken_tail);
        }
        if (first == nullptr || first == CDS_WFCQ_WOULDBLOCK) {
            return false;
        }
        item = static_cast<node *>(first)->item;
        taken++;
        if (++unsaid == give) {
            unsaid = 0;
            said.store(taken, std::memory_order_release); /* edge "said" */
        }
        return true;
    }
    BENCH_INLINE size_t put_many(const Item *items, size_t count)
    {
        size_t done = 0;
        node *fresh;
        while (done < count && (fresh = compose(items[done])) != nullptr) {
            cds_wfcq_enqueue(__cds_wfcq_head_cast(&batch_head), &batch_tail, fresh);
            done++;
        }
        if (done > 0) {
            __cds_wfcq_splice_nonblocking(__cds_wfcq_head_cast(&head), &tail, __cds_wfcq_head_cast(&batch_head), &batch_tail);
        }
        return done;
    }
    BENCH_INLINE size_t get_many(Item *items, size_t count)
    {
        size_t done = 0;
        while (done < count && get(items[done])) {
            done++;
        }
        return done;
    }

  private:
    /* The next node of the array, with the item in it; nullptr: all are under way. */
    BENCH_INLINE node *compose(const Item &item)
    {
        if (written - seen == Capacity) {
            seen = said.load(std::memory_order_acquire); /* edge "said" */
            if (written - seen == Capacity) {
                return nullptr;
            }
        }
        node *fresh = &nodes[next];
        next = next + 1 == Capacity ? 0 : next + 1;
        written++;
        cds_wfcq_node_init(fresh);
        fresh->item = item;
        return fresh;
    }
};
