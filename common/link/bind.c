/* Where a producer listens. */
#include "common/link/bind.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <zmq.h>

/* ZeroMQ removes an IPC socket that is there and binds its own: a second process would silently take the place of the
 * first. Whether somebody listens, only a connection tells. */
static bool somebody_listens(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    memcpy(to.sun_path, path, strnlen(path, sizeof to.sun_path - 1));
    AUTO(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;
}

static status bind_failed(const char *address, struct reason *why)
{
    int error = errno;
    reason_set(why, "bind", "cannot listen at %s: %s", address, zmq_strerror(error));
    switch (error) {
    case EADDRINUSE: return ST_CONFLICT;
    case EINVAL:
    case ENODEV:
    case EADDRNOTAVAIL:
    case ENAMETOOLONG: return ST_INVALID;
    default: return ST_IO;
    }
}

status bind_at(void *socket, const char *text, char bound[ADDRESS_TEXT], struct reason *why)
{
    struct address a;
    status st = address_parse(view_of(text), true, &a, why);
    if (st != ST_OK)
        return st;
    if (strncmp(a.text, "ipc://", 6) == 0 && somebody_listens(a.text + 6)) {
        reason_set(why, "bind", "cannot listen at %s: another process does", a.text);
        return ST_CONFLICT;
    }
    char numeric[1][ADDRESS_TEXT]; /* ZeroMQ binds to numbers and devices only */
    if (a.is_name && address_expand(&a, numeric, 1) == 1)
        memcpy(a.text, numeric[0], sizeof a.text);
    if (zmq_bind(socket, a.text) != 0)
        return bind_failed(a.text, why);
    size_t len = ADDRESS_TEXT;
    if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &len) != 0)
        memcpy(bound, a.text, ADDRESS_TEXT);
    return ST_OK;
}
