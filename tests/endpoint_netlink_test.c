/* SPDX-License-Identifier: MIT */
/* netlink: the kernel's tables, whole, and again where one changed meanwhile. */
#define _GNU_SOURCE
#include "endpoint_support.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/wait.h>

/* Reads all dumps; *links, *done and *lo count messages RTM_NEWLINK, NLMSG_DONE, and links named lo. */
static void read_tables(struct end *end, int *links, int *done, int *lo)
{
    static _Alignas(struct nlmsghdr) char data[64 * 1024];
    int64_t got;

    *links = *done = *lo = 0;
    while ((got = end_read(end, data, sizeof data)) != 0) {
        if (got == -EAGAIN) {
            end_wait(end, LEAT_IN);
            continue;
        }
        assert_true(got > 0 && got % NLMSG_ALIGNTO == 0);
        for (int64_t at = 0; at < got;) {
            const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)(data + at);
            assert_true(header->nlmsg_len >= sizeof *header && header->nlmsg_len <= got - at);
            *links += header->nlmsg_type == RTM_NEWLINK;
            *done += header->nlmsg_type == NLMSG_DONE;
            *lo += header->nlmsg_type == RTM_NEWLINK && memmem(header, header->nlmsg_len, "\7\0\3\0lo\0", 7) != NULL;
            at += NLMSG_ALIGN(header->nlmsg_len);
        }
    }
}

static void netlink_shows_lo_and_ends_after_three_dumps(void **state)
{
    struct end end;
    int links, done, lo;
    char data[1];

    (void)state;
    must_open(&end, "netlink:route", LEAT_IN);
    assert_true(end.transport->min_read >= 32768);
    for (int round = 0; round < 3; round++) {
        read_tables(&end, &links, &done, &lo);
        assert_true(links >= 1);
        assert_true(done >= 3);
        assert_true(lo >= 1);
        assert_int_equal(end.transport->fd(end.state, LEAT_IN), -1);
        assert_int_equal(end_read(&end, data, 1), 0);
        assert_int_equal(end.transport->rewind(end.state), 0);
    }
    assert_int_equal(end_close(&end), 0);
}

static void netlink_can_be_rewound_in_the_middle_of_a_dump(void **state)
{
    static char data[64 * 1024];
    struct end end;
    int links, done, lo;

    (void)state;
    must_open(&end, "netlink:route", LEAT_IN);
    assert_int_equal(end.transport->rewind(end.state), 0);
    assert_true(end_read(&end, data, sizeof data) > 0);
    check_close_on_exec(&end, LEAT_IN);
    assert_int_equal(end.transport->rewind(end.state), 0);
    read_tables(&end, &links, &done, &lo);
    assert_true(done >= 3 && lo >= 1);
    assert_int_equal(end_close(&end), 0);
}

/* Asks the kernel to give lo the address 10.0.x.y; 0 or a negative errno. */
static int add_address(int fd, int number)
{
    struct {
        struct nlmsghdr header;
        struct ifaddrmsg body;
        struct rtattr attribute;
        unsigned char address[4];
    } request = {
        .header = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_NEWADDR, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE},
        .body = {.ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_index = 1},
        .attribute = {.rta_len = sizeof(struct rtattr) + 4, .rta_type = IFA_LOCAL},
        .address = {10, 0, (unsigned char)(number >> 8), (unsigned char)number}};
    _Alignas(struct nlmsghdr) char reply[1024];
    struct nlmsgerr answer;

    if (send(fd, &request, sizeof request, 0) != sizeof request || recv(fd, reply, sizeof reply, 0) < 36)
        return -errno;
    memcpy(&answer, reply + NLMSG_HDRLEN, sizeof answer);
    return answer.error;
}

/* In a network of its own, with more addresses than one datagram holds: adds one in the middle of their dump. Returns an exit code. */
static int interrupt_a_dump(void)
{
    static _Alignas(struct nlmsghdr) char data[64 * 1024];
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct end end;
    int done = 0, flagged = 0, added = 0;
    int64_t got;

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return 77;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0 || connect(fd, (struct sockaddr *)&kernel, sizeof kernel) != 0 || add_address(fd, 1) != 0)
        return 77;
    for (int i = 2; i < 1500; i++)
        if (add_address(fd, i) != 0)
            return 2;
    must_open(&end, "netlink:route", LEAT_IN);
    while ((got = end_read(&end, data, sizeof data)) > 0) {
        bool addresses = false;
        for (int64_t at = 0; at < got;) {
            const struct nlmsghdr *header = (const struct nlmsghdr *)(const void *)(data + at);
            done += header->nlmsg_type == NLMSG_DONE;
            flagged |= header->nlmsg_flags & NLM_F_DUMP_INTR;
            addresses |= header->nlmsg_type == RTM_NEWADDR;
            at += NLMSG_ALIGN(header->nlmsg_len);
        }
        if (addresses && !added)
            added = add_address(fd, 2000) == 0;
    }
    if (got != 0 || !added)
        return 3;
    return flagged && done == 4 ? 0 : 4;
}

static void netlink_dump_that_was_interrupted_is_asked_for_again(void **state)
{
    int status;

    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(interrupt_a_dump());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("no network of its own to be had here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void netlink_datagram_that_does_not_fit_is_an_error(void **state)
{
    struct end end;
    char data[40];

    (void)state;
    must_open(&end, "netlink:route", LEAT_IN);
    assert_int_equal(end_read(&end, data, sizeof data), -EMSGSIZE);
    assert_int_equal(end_close(&end), 0);
    must_not_open("netlink:generic", LEAT_IN, -EINVAL, "unknown netlink family \"generic\"; known: route");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(netlink_shows_lo_and_ends_after_three_dumps),
        cmocka_unit_test(netlink_can_be_rewound_in_the_middle_of_a_dump),
        cmocka_unit_test(netlink_dump_that_was_interrupted_is_asked_for_again),
        cmocka_unit_test(netlink_datagram_that_does_not_fit_is_an_error),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
