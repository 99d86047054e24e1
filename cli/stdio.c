/* SPDX-License-Identifier: MIT */
/* stdio.c: stdout and stderr of every command: no failed write goes unnoticed, no error takes more than its line. */
#define _GNU_SOURCE
#include "cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int put_error; /* errno of the first write to stdout that failed */

/* Says what went wrong with stdout; a reader that went away is told by the exit code alone, as from a program that SIGPIPE ended. */
static int stdout_exit(int error)
{
    if (error == EPIPE)
        return CLI_STDOUT_GONE;
    cli_error("stdout: %s", strerror(error));
    return CLI_IO;
}

/* The last buffered bytes (a --help, too) are written here, and their failure is the process's failure. */
static void at_exit(void)
{
    if (fclose(stdout) != 0 && put_error == 0)
        put_error = errno;
    if (put_error != 0)
        _exit(stdout_exit(put_error));
}

void cli_stdio_start(void)
{
    /* Where 0, 1 or 2 is closed, the next file opened would become stdin, stdout or stderr. Each gets an fd on which its use fails. */
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            _exit(CLI_IO);
    }
    signal(SIGPIPE, SIG_IGN);
    atexit(at_exit);
}

void cli_error(const char *format, ...)
{
    static const char prefix[] = "leat: ";
    char line[1024];
    va_list arguments;
    memcpy(line, prefix, sizeof prefix);
    va_start(arguments, format);
    vsnprintf(line + sizeof prefix - 1, sizeof line - sizeof prefix, format, arguments);
    va_end(arguments);
    size_t bytes = strlen(line);
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?'; /* a name with a newline in it must not make a second line */
    }
    line[bytes++] = '\n';
    fwrite(line, 1, bytes, stderr);
    fflush(stderr);
}

void cli_link_error(const struct leat_error *error, const char *endpoint, int code)
{
    if (error != NULL && error->text[0] != '\0')
        cli_error("%s", error->text);
    else
        cli_error("%s: %s", endpoint, strerror(-code));
}

bool cli_put(const char *data, size_t bytes)
{
    if (put_error == 0 && fwrite(data, 1, bytes, stdout) != bytes)
        put_error = errno;
    return put_error == 0;
}

bool cli_put_flush(void)
{
    if (put_error == 0 && fflush(stdout) != 0)
        put_error = errno;
    return put_error == 0;
}
