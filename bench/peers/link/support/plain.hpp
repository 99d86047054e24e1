/* SPDX-License-Identifier: MIT */
/* Sockets and nothing else: bytes without heads, written 64 KiB at a time, or, with `Each`, one message at a time. */
#ifndef BENCH_LINK_PLAIN_HPP
#define BENCH_LINK_PLAIN_HPP

#include "peers/link/support/ends.hpp"

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Its address is the port's number, or the path. */
template <way Way> struct plain_socket {
    int fd = socket(Way == way::tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    plain_socket()
    {
        const int on = 1;
        if (fd < 0) {
            throw bench::failure{"no socket to be had"};
        }
        if (Way == way::tcp) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        }
    }
    plain_socket(const plain_socket &) = delete;
    ~plain_socket()
    {
        close(fd);
    }
    void listen_here()
    {
        sockaddr_storage name;
        socklen_t bytes = name_of(name, Way == way::tcp ? "0" : local_path());
        if (Way == way::local) {
            unlink(local_path().c_str());
        }
        if (bind(fd, reinterpret_cast<sockaddr *>(&name), bytes) != 0 || listen(fd, 1) != 0) {
            throw bench::failure{"no place to listen at"};
        }
    }
    void dial(const std::string &address)
    {
        sockaddr_storage name;
        socklen_t bytes = name_of(name, address);
        if (connect(fd, reinterpret_cast<sockaddr *>(&name), bytes) != 0) {
            throw bench::failure{"the sockets cannot be joined"};
        }
    }
    std::string address()
    {
        sockaddr_in name = {};
        socklen_t bytes = sizeof(name);
        if (Way == way::local) {
            return local_path();
        }
        getsockname(fd, reinterpret_cast<sockaddr *>(&name), &bytes);
        return std::to_string(ntohs(name.sin_port));
    }
    /* The peer's socket takes the listener's place. */
    bool accept_one()
    {
        int one = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (Way == way::local) {
            unlink(local_path().c_str());
        }
        if (one < 0) {
            return false;
        }
        close(fd);
        fd = one;
        return true;
    }

  private:
    static socklen_t name_of(sockaddr_storage &name, const std::string &address)
    {
        memset(&name, 0, sizeof(name));
        if (Way == way::tcp) {
            auto *in = reinterpret_cast<sockaddr_in *>(&name);
            in->sin_family = AF_INET;
            in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            in->sin_port = htons(uint16_t(std::stoi(address)));
            return sizeof(*in);
        }
        auto *local = reinterpret_cast<sockaddr_un *>(&name);
        local->sun_family = AF_UNIX;
        strncpy(local->sun_path, address.c_str(), sizeof(local->sun_path) - 1);
        return sizeof(*local);
    }
};

template <way Way, size_t Bytes, bool Each> struct plain_outside {
    static constexpr size_t piece_bytes = 65536;
    static constexpr bool possible = !Each || Bytes < piece_bytes, both_ways = !Each; /* else the same twice */
    static_assert(piece_bytes % Bytes == 0);

    plain_socket<Way> connection;
    size_t filled = 0;           /* of out: to be written */
    size_t taken = 0, there = 0; /* of in: handed on, and read */
    alignas(64) unsigned char out[piece_bytes];
    alignas(64) unsigned char in[piece_bytes];

    plain_outside()
    {
        connection.listen_here();
    }
    explicit plain_outside(const std::string &address)
    {
        connection.dial(address);
    }
    std::string address()
    {
        return connection.address();
    }
    bool accept()
    {
        return connection.accept_one();
    }
    BENCH_INLINE void *begin()
    {
        return out + filled;
    }
    BENCH_INLINE bool send()
    {
        filled += Bytes;
        return Each || filled == piece_bytes ? flush() : true;
    }
    BENCH_INLINE bool batch()
    {
        return true;
    }
    BENCH_INLINE bool flush()
    {
        for (size_t done = 0; done < filled;) {
            ssize_t count = ::send(connection.fd, out + done, filled - done, MSG_NOSIGNAL);
            if (count < 0 && errno != EINTR) {
                return false;
            }
            done += count > 0 ? size_t(count) : 0;
        }
        filled = 0;
        return true;
    }
    BENCH_INLINE const void *receive()
    {
        if (__builtin_expect(there - taken < Bytes, false) && !refill()) {
            return nullptr;
        }
        return in + taken;
    }
    BENCH_INLINE void done()
    {
        taken += Bytes;
    }

  private:
    /* The rest goes to the front, and there is a whole message behind. */
    bool refill()
    {
        memmove(in, in + taken, there - taken);
        there -= taken;
        taken = 0;
        while (there < Bytes) {
            ssize_t count = read(connection.fd, in + there, piece_bytes - there);
            if (count == 0 || (count < 0 && errno != EINTR)) {
                return false;
            }
            there += count > 0 ? size_t(count) : 0;
        }
        return true;
    }
};

template <size_t, how> struct plain_inside : impossible {
};

#endif
