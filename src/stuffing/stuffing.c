/* SPDX-License-Identifier: MIT */
/* stuffing.c: SLIP and COBS. */
#include <leat/stuffing.h>

enum { SLIP_END = 0xc0, SLIP_ESC = 0xdb, SLIP_ESC_END = 0xdc, SLIP_ESC_ESC = 0xdd };
enum { COBS_RUN = 254 }; /* bytes that one count tells of at most */

int64_t leat_slip_most(int64_t bytes)
{
    return 2 * bytes + 1;
}

int64_t leat_cobs_most(int64_t bytes)
{
    return bytes + bytes / COBS_RUN + 2;
}

int64_t leat_slip_encode(void *out, int64_t room, const void *data, int64_t bytes)
{
    unsigned char *to = out;
    const unsigned char *from = data;
    int64_t at = 0;
    for (int64_t i = 0; i < bytes; i++) {
        bool escape = from[i] == SLIP_END || from[i] == SLIP_ESC;
        if (at + 1 + escape >= room) /* the end needs a byte, too */
            return -EMSGSIZE;
        if (escape)
            to[at++] = SLIP_ESC;
        to[at++] = !escape ? from[i] : from[i] == SLIP_END ? SLIP_ESC_END : SLIP_ESC_ESC;
    }
    if (at >= room)
        return -EMSGSIZE;
    to[at++] = SLIP_END;
    return at;
}

int64_t leat_slip_decode(void *out, int64_t room, const void *frame, int64_t bytes)
{
    unsigned char *to = out;
    const unsigned char *from = frame;
    int64_t at = 0, i = bytes > 0 && from[0] == SLIP_END ? 1 : 0;
    if (bytes > i && from[bytes - 1] == SLIP_END)
        bytes--;
    for (; i < bytes; i++) {
        unsigned char byte = from[i];
        if (byte == SLIP_END)
            return -EBADMSG;
        if (byte == SLIP_ESC) {
            if (++i == bytes || (from[i] != SLIP_ESC_END && from[i] != SLIP_ESC_ESC))
                return -EBADMSG;
            byte = from[i] == SLIP_ESC_END ? SLIP_END : SLIP_ESC;
        }
        if (at == room)
            return -EMSGSIZE;
        to[at++] = byte;
    }
    return at;
}

int64_t leat_cobs_encode(void *out, int64_t room, const void *data, int64_t bytes)
{
    unsigned char *to = out;
    const unsigned char *from = data;
    int64_t i = 0, at = 0;
    bool more = true;
    while (more) { /* one run: a count, and the bytes up to a zero or the count's most */
        int64_t run = 0;
        while (i + run < bytes && run < COBS_RUN && from[i + run] != 0)
            run++;
        if (at + 1 + run >= room)
            return -EMSGSIZE;
        to[at] = (unsigned char)(run + 1);
        if (run > 0)
            memcpy(to + at + 1, from + i, (size_t)run);
        at += 1 + run;
        i += run;
        if (run < COBS_RUN && i < bytes)
            i++; /* the zero, which the count stands for: so another run follows, be it empty */
        else
            more = i < bytes;
    }
    to[at++] = 0;
    return at;
}

int64_t leat_cobs_decode(void *out, int64_t room, const void *frame, int64_t bytes)
{
    unsigned char *to = out;
    const unsigned char *from = frame;
    int64_t i = 0, at = 0;
    if (bytes > 0 && from[bytes - 1] == 0)
        bytes--;
    while (i < bytes) {
        int64_t run = from[i] - 1;
        if (run < 0 || run > bytes - i - 1)
            return -EBADMSG;
        bool zero = run < COBS_RUN && i + 1 + run < bytes;
        if (run + zero > room - at)
            return -EMSGSIZE;
        for (int64_t k = 0; k < run; k++) {
            if (from[i + 1 + k] == 0)
                return -EBADMSG;
            to[at + k] = from[i + 1 + k];
        }
        at += run;
        i += 1 + run;
        if (zero)
            to[at++] = 0;
    }
    return at;
}
