/* SPDX-License-Identifier: MIT */
/* A second process, on the second core, and a connection to it. Its slices come from the second thread, which sleeps meanwhile. */
#ifndef BENCH_LINK_PROCESSES_HPP
#define BENCH_LINK_PROCESSES_HPP

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* A record to or from the other process: a slice, and with the first one the address to dial. Literals lie at the same place in both. */
struct order {
    bench::slice slice;
    char address[256] = "";
};

/* Forked before this one's end is opened, so that it has nothing of it. */
class other_process
{
    int line = -1;
    pid_t process = -1;

  public:
    explicit other_process(void (*life)(int line))
    {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
            throw bench::failure{"no sockets to be had"};
        }
        line = ends[0];
        process = fork();
        if (process == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(size_t(bench::cpus[1]), &one);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            sched_setaffinity(0, sizeof(one), &one);
            close(ends[0]);
            life(ends[1]);
            _exit(0);
        }
        close(ends[1]);
        if (process < 0) {
            close(line);
            throw bench::failure{"no process to be had"};
        }
    }
    other_process(const other_process &) = delete;
    ~other_process()
    {
        stop();
    }
    void stop()
    {
        if (process > 0) {
            kill(process, SIGKILL);
            waitpid(process, nullptr, 0);
            close(line);
        }
        process = -1;
    }
    /* Has the order carried out; its slice says how that went. */
    void carry_out(order &what)
    {
        if (!say(line, what) || !hear(line, what)) {
            what.slice.wrong = "the other process has ended";
        }
    }
    static bool say(int line, const order &what)
    {
        return send(line, &what, sizeof(what), MSG_NOSIGNAL) == ssize_t(sizeof(what));
    }
    static bool hear(int line, order &what)
    {
        ssize_t bytes;
        while ((bytes = recv(line, &what, sizeof(what), 0)) < 0 && errno == EINTR) {
        }
        return bytes == ssize_t(sizeof(what));
    }
};

/* One end of a connection here, which listens, and one in another process, which dials it and does Side::run() in each slice. */
template <class End, class Side> class joined
{
    other_process other{live};

  public:
    End end;

    joined()
    {
        order dial;
        snprintf(dial.address, sizeof(dial.address), "%s", end.address().c_str());
        other.carry_out(dial);
        if (dial.slice.wrong != nullptr) {
            throw bench::failure{dial.slice.wrong};
        }
        if (!end.accept()) {
            throw bench::failure{"the other process was not accepted"};
        }
    }
    /* First of all the other process, so that no end waits for what it might still send or take. */
    ~joined()
    {
        other.stop();
    }
    void second(bench::slice &s)
    {
        order slice;
        slice.slice = s;
        other.carry_out(slice);
        s = slice.slice;
    }

  private:
    /* The other process. A connection that failed is closed, so that nobody waits for it. */
    static void live(int line)
    {
        order what;
        if (!other_process::hear(line, what)) {
            return;
        }
        try {
            End far_end{std::string(what.address)};
            do {
                if (!other_process::say(line, what) || !other_process::hear(line, what)) {
                    _exit(0);
                }
                Side::run(far_end, what.slice);
            } while (what.slice.wrong == nullptr);
        } catch (const bench::failure &failure) {
            what.slice.wrong = failure.why;
        }
        other_process::say(line, what);
    }
};

#endif
