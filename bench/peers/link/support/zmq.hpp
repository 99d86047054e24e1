/* SPDX-License-Identifier: MIT */
/* libzmq's sockets, of any pair of types, each with its default of one I/O thread to a process. */
#ifndef BENCH_LINK_ZMQ_HPP
#define BENCH_LINK_ZMQ_HPP

#include "peers/link/support/ends.hpp"

#include <cerrno>
#include <zmq.h>

struct zmq_context {
    void *context = zmq_ctx_new();

    zmq_context()
    {
        if (context == nullptr) {
            throw bench::failure{"no context to be had"};
        }
    }
    zmq_context(const zmq_context &) = delete;
    ~zmq_context()
    {
        zmq_ctx_term(context);
    }
};

/* One socket is one end. `Flags` is 0, or ZMQ_DONTWAIT: then it asks again and again. */
template <size_t Bytes, int Flags> struct alignas(128) zmq_end {
    void *socket;
    zmq_msg_t out, in;

    zmq_end(const zmq_context &of, int type, int most) : socket(zmq_socket(of.context, type))
    {
        const int none = 0;
        if (socket == nullptr || zmq_setsockopt(socket, ZMQ_SNDHWM, &most, sizeof(most)) != 0 ||
            zmq_setsockopt(socket, ZMQ_RCVHWM, &most, sizeof(most)) != 0 || zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof(none)) != 0) {
            throw bench::failure{"no socket to be had"};
        }
    }
    zmq_end(const zmq_end &) = delete;
    ~zmq_end()
    {
        zmq_close(socket);
    }
    void must(int rc)
    {
        if (rc != 0) {
            throw bench::failure{"the sockets cannot be joined"};
        }
    }
    BENCH_INLINE void *begin()
    {
        return zmq_msg_init_size(&out, Bytes) == 0 ? zmq_msg_data(&out) : nullptr;
    }
    BENCH_INLINE bool send()
    {
        int rc;
        while ((rc = zmq_msg_send(&out, socket, Flags)) < 0 && (errno == EAGAIN || errno == EINTR)) {
        }
        return rc == int(Bytes);
    }
    BENCH_INLINE bool batch()
    {
        return true;
    }
    BENCH_INLINE bool flush()
    {
        return true;
    }
    BENCH_INLINE const void *receive()
    {
        int rc;
        zmq_msg_init(&in);
        while ((rc = zmq_msg_recv(&in, socket, Flags)) < 0 && (errno == EAGAIN || errno == EINTR)) {
        }
        return rc == int(Bytes) ? zmq_msg_data(&in) : nullptr;
    }
    BENCH_INLINE void done()
    {
        zmq_msg_close(&in);
    }
};

/* Two sockets of one context. What both ends may hold adds up there, so each gets half. */
template <size_t Bytes, how How, int FirstType, int SecondType> struct zmq_inside {
    static constexpr bool possible = How != how::spins, both_ways = FirstType == ZMQ_PAIR;
    using end = zmq_end<Bytes, How == how::looks ? ZMQ_DONTWAIT : 0>;

    zmq_context of;
    end first{of, FirstType, depth<Bytes> / 2}, second{of, SecondType, depth<Bytes> / 2};

    zmq_inside()
    {
        first.must(zmq_bind(first.socket, "inproc://bench"));
        second.must(zmq_connect(second.socket, "inproc://bench"));
    }
};

/* The context must outlive its socket, so it comes first. */
template <way Way, size_t Bytes, int ListenType, int DialType> struct zmq_outside : private zmq_context, public zmq_end<Bytes, 0> {
    static constexpr bool possible = true, both_ways = ListenType == ZMQ_PAIR;
    using end = zmq_end<Bytes, 0>;

    zmq_outside() : end(*this, ListenType, depth<Bytes>)
    {
        end::must(zmq_bind(end::socket, Way == way::tcp ? "tcp://127.0.0.1:*" : ("ipc://" + local_path()).c_str()));
    }
    explicit zmq_outside(const std::string &endpoint) : end(*this, DialType, depth<Bytes>)
    {
        end::must(zmq_connect(end::socket, endpoint.c_str()));
    }
    ~zmq_outside() /* 4.3.4 leaves the path of a local socket */
    {
        if (Way == way::local) {
            unlink(local_path().c_str());
        }
    }
    std::string address()
    {
        char name[256];
        size_t bytes = sizeof(name);
        end::must(zmq_getsockopt(end::socket, ZMQ_LAST_ENDPOINT, name, &bytes));
        return name;
    }
    bool accept() /* the I/O thread does so */
    {
        return true;
    }
};

#endif
