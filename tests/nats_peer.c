/* SPDX-License-Identifier: MIT */
/*
 * A plain NATS program: nats_peer sub|pub URL SUBJECT
 * sub: says "ready" on stderr, then writes what comes to stdout until standard input ends. pub: publishes standard input, in messages of up
 * to 1000 bytes.
 */
#include <nats/nats.h>
#include <stdio.h>
#include <string.h>

static int subscribe(natsConnection *connection, const char *subject)
{
    natsSubscription *subscription = NULL;
    if (natsConnection_SubscribeSync(&subscription, connection, subject) != NATS_OK || natsConnection_Flush(connection) != NATS_OK)
        return 1;
    natsSubscription_SetPendingLimits(subscription, -1, -1);
    fprintf(stderr, "ready\n");
    if (getchar() != EOF)
        return 1;
    natsMsg *msg = NULL; /* the library has kept it all */
    while (natsSubscription_NextMsg(&msg, subscription, 500) == NATS_OK) {
        fwrite(natsMsg_GetData(msg), 1, (size_t)natsMsg_GetDataLength(msg), stdout);
        natsMsg_Destroy(msg);
    }
    natsSubscription_Destroy(subscription);
    return 0;
}

static int publish(natsConnection *connection, const char *subject)
{
    char bytes[1000];
    for (size_t got; (got = fread(bytes, 1, sizeof bytes, stdin)) > 0;)
        if (natsConnection_Publish(connection, subject, bytes, (int)got) != NATS_OK)
            return 1;
    return natsConnection_Flush(connection) == NATS_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    natsConnection *connection = NULL;
    if (argc != 4 || natsConnection_ConnectTo(&connection, argv[2]) != NATS_OK)
        return 1;
    int rc = strcmp(argv[1], "sub") == 0 ? subscribe(connection, argv[3]) : publish(connection, argv[3]);
    natsConnection_Destroy(connection);
    nats_Close();
    return rc;
}
