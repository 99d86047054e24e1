/* SPDX-License-Identifier: MIT */
/*
 * Two programs that speak leat's own protocol, in one: 5_session [COUNT]
 *
 * The caller sends questions of two parts, a name and a number; the server answers each with a message of one part.
 */
#include <leat/os.h>
#include <leat/session.h>
#include <stdio.h>
#include <stdlib.h>

enum { QUESTION = 1, ANSWER = 2 };

static void serve(void *server)
{
    struct leat_msg parts[2];
    struct leat_protocol_head head;
    int64_t n, number;
    while ((n = leat_session_recv(server, &head, parts, 2, LEAT_FOREVER)) > 0) {
        if (head.type == QUESTION && n == 2 && leat_msg_read(&parts[1], 0, &number, sizeof number) == sizeof number) {
            number *= 2;
            leat_session_send(server, ANSWER, 0, &number, sizeof number, LEAT_FOREVER);
            leat_session_flush(server);
        } else {
            leat_session_fail(server, LEAT_PROTOCOL_APPLICATION, head.sequence, "a question has a name and a number");
        }
        while (n > 0)
            leat_msg_unref(&parts[--n]);
    }
}

/* Returns how many answers were right. */
static int64_t ask(struct leat_session *caller, int64_t count)
{
    int64_t right = 0, answer;
    for (int64_t i = 0; i < count; i++) {
        struct leat_msg part;
        if (leat_session_send(caller, QUESTION, LEAT_PROTOCOL_MORE, "double", 6, LEAT_FOREVER) != 0 ||
            leat_session_send(caller, QUESTION, 0, &i, sizeof i, LEAT_FOREVER) != 0)
            break;
        leat_session_flush(caller);
        if (leat_session_recv(caller, NULL, &part, 1, LEAT_FOREVER) != 1)
            break;
        right += leat_msg_read(&part, 0, &answer, sizeof answer) == sizeof answer && answer == 2 * i;
        leat_msg_unref(&part);
    }
    return right;
}

int main(int argc, char **argv)
{
    int64_t count = argc > 1 ? atoll(argv[1]) : 1000;
    struct leat_session *server, *caller;
    struct leat_thread thread;
    struct leat_error error;
    if (leat_session_open(&server, "tcp-listen://127.0.0.1:0", NULL, &error) != 0 ||
        leat_session_open(&caller, leat_link_name(leat_session_link(server)), &(struct leat_session_options){.name = "caller"}, &error) !=
            0)
        return fprintf(stderr, "%s\n", error.text) > 0;
    if (leat_thread_start(&thread, "server", serve, server) != 0)
        return 1;
    int64_t right = ask(caller, count);
    printf("%lld of %lld answers were right\n", (long long)right, (long long)count);
    leat_session_close(caller, LEAT_FOREVER, NULL, NULL); /* the server's input ends, and with it the thread */
    leat_thread_join(&thread);
    leat_session_close(server, LEAT_FOREVER, NULL, NULL);
    return right != count;
}
