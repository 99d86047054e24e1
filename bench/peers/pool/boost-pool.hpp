/* SPDX-License-Identifier: MIT */
/* boost::pool: one intrusive list, one thread. */
#include <boost/pool/pool.hpp>
#include <boost/version.hpp>
#include <new>

static const struct bench_peer bench_this_peer = {BENCH_PEER_NAME, BENCH_PEER, BENCH_LINK_INLINE,
                                                  "boost " BOOST_LIB_VERSION ", not thread-safe"};

namespace
{
struct peer {
    boost::pool<> pool{BLOCK_BYTES};
};

peer *peer_open()
{
    return new (std::nothrow) peer;
}

void peer_close(peer *subject)
{
    delete subject;
}

BENCH_INLINE void *peer_alloc(peer *subject)
{
    return subject->pool.malloc();
}

BENCH_INLINE void peer_free(peer *subject, void *block)
{
    subject->pool.free(block);
}
} // namespace
