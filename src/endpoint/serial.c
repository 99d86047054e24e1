/* SPDX-License-Identifier: MIT */
/*
 * serial.c: serial:DEVICE, a serial line or any other terminal, raw: 8 bits, no parity, 1 stop bit, no flow control, the speed as it was.
 *
 * Speeds are numbers (struct termios2, BOTHER), so any that the device can do. The kernel's own header for that cannot stand beside
 * <termios.h>, which therefore is not used here. What was set before is set again at close.
 */
#define _GNU_SOURCE
#include "transport.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <fcntl.h>
#include <leat/os.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define STUCK_NS INT64_C(2000000000) /* output that has not moved for so long is given up at close */
#define LOOK_MS 2                    /* between two looks at it */

struct serial {
    int fd;
    struct termios2 before;
};

enum parity { PARITY_NONE, PARITY_ODD, PARITY_EVEN };
enum flow { FLOW_NONE, FLOW_RTSCTS, FLOW_XONXOFF };

/* What the keys ask for. */
struct line {
    int64_t baud; /* 0: as it is */
    int64_t bits;
    int parity; /* enum parity */
    int stop;   /* 0: one stop bit, 1: two */
    int flow;   /* enum flow */
};

static int read_line(struct line *line, const struct leat_address *address, struct leat_error *error)
{
    static const char *const parities[] = {[PARITY_NONE] = "none", [PARITY_ODD] = "odd", [PARITY_EVEN] = "even", NULL};
    static const char *const flows[] = {[FLOW_NONE] = "none", [FLOW_RTSCTS] = "rtscts", [FLOW_XONXOFF] = "xonxoff", NULL};
    static const char *const stops[] = {"1", "2", NULL};

    *line = (struct line){.bits = 8};
    int rc = leat_value_number(address, "baud", 1, UINT32_MAX, &line->baud, error);
    if (rc == 0)
        rc = leat_value_number(address, "bits", 5, 8, &line->bits, error);
    if (rc == 0)
        rc = leat_value_word(address, "parity", parities, &line->parity, error);
    if (rc == 0)
        rc = leat_value_word(address, "stop", stops, &line->stop, error);
    return rc != 0 ? rc : leat_value_word(address, "flow", flows, &line->flow, error);
}

/* *wanted is `before`, made raw and as the line asks. A byte that came with the wrong parity reads as 0. */
static void settings_of(struct termios2 *wanted, const struct termios2 *before, const struct line *line)
{
    static const tcflag_t sizes[] = {CS5, CS6, CS7, CS8};

    *wanted = *before;
    wanted->c_iflag = (line->parity != PARITY_NONE ? INPCK : 0) | (line->flow == FLOW_XONXOFF ? IXON | IXOFF : 0);
    wanted->c_oflag = 0;
    wanted->c_lflag = 0;
    wanted->c_cflag &= ~(tcflag_t)(CSIZE | PARENB | PARODD | CMSPAR | CSTOPB | CRTSCTS);
    wanted->c_cflag |= sizes[line->bits - 5] | CREAD | CLOCAL;
    wanted->c_cflag |= (line->parity != PARITY_NONE ? PARENB : 0) | (line->parity == PARITY_ODD ? PARODD : 0);
    wanted->c_cflag |= (line->stop != 0 ? CSTOPB : 0) | (line->flow == FLOW_RTSCTS ? CRTSCTS : 0);
    wanted->c_cc[VMIN] = 1; /* with 0, "nothing there" would look like the end */
    wanted->c_cc[VTIME] = 0;
    if (line->baud != 0) {
        wanted->c_cflag = (wanted->c_cflag & ~(tcflag_t)(CBAUD | CBAUD << IBSHIFT)) | BOTHER | BOTHER << IBSHIFT;
        wanted->c_ispeed = wanted->c_ospeed = (speed_t)line->baud;
    }
}

/* The first key whose setting the device did not take, though it said yes; NULL: it took them all. Of a speed it may be 3 % off. */
static const char *not_taken(const struct termios2 *is, const struct termios2 *wanted, const struct line *line)
{
    const int64_t off = (int64_t)is->c_ospeed - line->baud;
    const tcflag_t differs = is->c_cflag ^ wanted->c_cflag;

    if (line->baud != 0 && (off > line->baud * 3 / 100 || -off > line->baud * 3 / 100))
        return "baud";
    if ((differs & CSIZE) != 0)
        return "bits";
    if ((differs & (PARENB | PARODD)) != 0)
        return "parity";
    if ((differs & CSTOPB) != 0)
        return "stop";
    return (differs & CRTSCTS) != 0 || ((is->c_iflag ^ wanted->c_iflag) & (IXON | IXOFF)) != 0 ? "flow" : NULL;
}

/* The terminal is set as the line asks; *before is how it was. On failure it is as it was. */
static int set_up(int fd, const struct line *line, struct termios2 *before, const struct leat_address *address, struct leat_error *error)
{
    struct termios2 wanted, is;

    if (ioctl(fd, TCGETS2, before) != 0) {
        if (errno == ENOTTY || errno == EINVAL)
            return leat_endpoint_refuse(error, address->text, -ENOTTY, "%s is not a terminal", address->rest);
        return leat_endpoint_fail(error, address->text, -errno, "read settings");
    }
    settings_of(&wanted, before, line);
    if (ioctl(fd, TCSETS2, &wanted) != 0 || ioctl(fd, TCGETS2, &is) != 0)
        return leat_endpoint_fail(error, address->text, -errno, "change settings");
    const char *key = not_taken(&is, &wanted, line);
    if (key == NULL)
        return 0;
    const char *value = leat_address_value(address, key);
    ioctl(fd, TCSETS2, before);
    return leat_endpoint_refuse(error, address->text, -ENOTSUP, "%s=%.40s: the device cannot do that", key, value != NULL ? value : "");
}

/*
 * Nobody else may open the device meanwhile (TIOCEXCL; root still may). Opened in one direction, the other one can be had by nobody: one
 * link serves both.
 */
static int serial_open(void **state, const struct leat_address *address, unsigned directions, struct leat_error *error)
{
    const int flags = directions == LEAT_IN ? O_RDONLY : directions == LEAT_OUT ? O_WRONLY : O_RDWR;
    struct termios2 before;
    struct line line;
    int rc = read_line(&line, address, error);
    if (rc != 0)
        return rc;
    int fd = open(address->rest, flags | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return leat_endpoint_fail(error, address->text, -errno, "open");
    rc = set_up(fd, &line, &before, address, error);
    struct serial *serial = rc == 0 ? malloc(sizeof *serial) : NULL;
    if (rc == 0 && serial == NULL) {
        ioctl(fd, TCSETS2, &before);
        rc = leat_endpoint_fail(error, address->text, -ENOMEM, "open");
    }
    if (rc != 0) {
        close(fd);
        return rc;
    }
    ioctl(fd, TIOCEXCL);
    *serial = (struct serial){.fd = fd, .before = before};
    *state = serial;
    return 0;
}

static int serial_fd(void *state, unsigned direction)
{
    (void)direction;
    return ((const struct serial *)state)->fd;
}

/* A line that was pulled out, or whose other side is closed, is at its end: 0 bytes, or EIO, as the driver has it. */
static int64_t serial_read(void *state, void *span, int64_t bytes)
{
    int64_t got = leat_io_read(((const struct serial *)state)->fd, span, bytes);

    return got == -EIO ? 0 : got;
}

static int64_t serial_write(void *state, const struct leat_span *spans, int64_t count)
{
    return leat_io_write(((const struct serial *)state)->fd, spans, count);
}

/* Waits until the line has taken what was written, as long as it goes on taking. 0; -ETIMEDOUT: it is stuck, the rest is thrown away. */
static int drain(int fd)
{
    int64_t deadline_ns = leat_os_now_ns() + STUCK_NS;
    int last = -1, left = 0;

    while (ioctl(fd, TIOCOUTQ, &left) == 0 && left > 0) {
        if (left != last)
            deadline_ns = leat_os_now_ns() + STUCK_NS;
        last = left;
        if (leat_os_now_ns() >= deadline_ns) {
            ioctl(fd, TCFLSH, TCOFLUSH);
            return -ETIMEDOUT;
        }
        poll(NULL, 0, LOOK_MS);
    }
    return 0;
}

/* Only what was sent at the speed that was asked for is sent: the old settings come after it. */
static int serial_close(void *state)
{
    struct serial *serial = state;
    int rc = drain(serial->fd);

    ioctl(serial->fd, rc == 0 ? TCSETSW2 : TCSETS2, &serial->before);
    ioctl(serial->fd, TIOCNXCL);
    int closed = leat_io_close(serial->fd);
    free(serial);
    return rc != 0 ? rc : closed;
}

static const char *const serial_keys[] = {"baud", "bits", "flow", "parity", "stop", NULL};

const struct leat_transport leat_transport_serial = {
    .version = LEAT_ENDPOINT_VERSION,
    .scheme = "serial",
    .form = "serial:DEVICE",
    .keys = serial_keys,
    .directions = LEAT_IN | LEAT_OUT,
    .min_read = 1,
    .rest = LEAT_REST_NAME,
    .open = serial_open,
    .fd = serial_fd,
    .read = serial_read,
    .write = serial_write,
    .close = serial_close,
    .reconnects = true,
};
