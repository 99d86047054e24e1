/* SPDX-License-Identifier: MIT */
/* boost::lockfree::spsc_queue: a ring whose indices are shared beside the data. */
#include <boost/lockfree/spsc_queue.hpp>
#include <boost/version.hpp>
#include <new>

static const struct bench_peer bench_this_peer = {BENCH_PEER_NAME, BENCH_PEER, BENCH_LINK_INLINE,
                                                  "boost " BOOST_LIB_VERSION ", no sleepers"};

namespace
{
struct peer {
    boost::lockfree::spsc_queue<item_type, boost::lockfree::capacity<CAPACITY>> queue;
};

peer *peer_open()
{
    return new (std::nothrow) peer;
}

void peer_close(peer *subject)
{
    delete subject;
}

BENCH_INLINE bool peer_put(peer *subject, item_type item)
{
    return subject->queue.push(item);
}

BENCH_INLINE bool peer_get(peer *subject, item_type *item)
{
    return subject->queue.pop(*item);
}
} // namespace
