#include "common/http/listen.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { BACKLOG = 1024 };

static const char unix_prefix[] = "unix:";

static bool is_unix(const char *address)
{
    return strncmp(address, unix_prefix, sizeof unix_prefix - 1) == 0;
}

static status fail(const char *address, struct reason *why)
{
    if (errno == EADDRINUSE) {
        reason_set(why, "address_in_use", "%s: another program listens there; stop it or choose another address",
                   address);
        return ST_CONFLICT;
    }
    reason_set(why, "listen_failed", "cannot listen on %s: %s", address, strerror(errno));
    return ST_IO;
}

/* ---- TCP ---- */

/* "host:port" with a numeric host, IPv6 in brackets. Names are refused: they may stand for several addresses. */
static status resolve(const char *address, struct sockaddr_storage *out, socklen_t *out_len, struct reason *why)
{
    char host[80] = "";
    const char *colon = strrchr(address, ':');
    size_t len = colon ? (size_t)(colon - address) : sizeof host;
    struct addrinfo *found = NULL,
                    hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    if (len > 2 && len < sizeof host && address[0] == '[' && address[len - 1] == ']')
        memcpy(host, address + 1, len - 2);
    else if (len > 0 && len < sizeof host && !memchr(address, ':', len))
        memcpy(host, address, len);
    /* getaddrinfo() would cut a port above 65535 to 16 bits. */
    bool has_port = host[0] && strlen(colon + 1) <= 5 && strtoul(colon + 1, NULL, 10) <= 65535;
    if (!has_port || !colon[1] || getaddrinfo(host, colon + 1, &hints, &found) != 0) {
        reason_set(why, "address_invalid", "\"%.60s\" is no address; write 127.0.0.1:8080, [::1]:8080 or unix:/path",
                   address);
        return ST_INVALID;
    }
    memcpy(out, found->ai_addr, found->ai_addrlen);
    *out_len = found->ai_addrlen;
    freeaddrinfo(found);
    return ST_OK;
}

static int bind_tcp(const struct sockaddr_storage *where, socklen_t len, bool share_port)
{
    AUTO(fd_close) int fd = socket(where->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (share_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) ||
        bind(fd, (const struct sockaddr *)where, len) != 0)
        return -1;
    int got = fd;
    fd = -1;
    return got;
}

static void print_bound(const struct sockaddr_storage *at, socklen_t len, char bound[LISTEN_TEXT])
{
    char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
    (void)getnameinfo((const struct sockaddr *)at, len, host, sizeof host, port, sizeof port,
                      NI_NUMERICHOST | NI_NUMERICSERV); /* of an address that the kernel gave: cannot fail */
    snprintf(bound, LISTEN_TEXT, at->ss_family == AF_INET6 ? "[%.90s]:%.6s" : "%.90s:%.6s", host, port);
}

/* With SO_REUSEPORT two processes of one user could share a port without noticing: the first bind goes without it, and
 * fails when anybody is there. Its port, where 0 was asked for, is the one that all sockets then take. */
static status claim_port(const char *address, struct sockaddr_storage *where, socklen_t *len, struct reason *why)
{
    AUTO(fd_close) int fd = bind_tcp(where, *len, false);
    if (fd < 0 || getsockname(fd, (struct sockaddr *)where, len) != 0)
        return fail(address, why);
    return ST_OK;
}

static status open_tcp(const char *address, int *fds, unsigned count, char bound[LISTEN_TEXT], struct reason *why)
{
    struct sockaddr_storage where = {0};
    socklen_t len = sizeof where;
    status st = resolve(address, &where, &len, why);
    if (st == ST_OK)
        st = claim_port(address, &where, &len, why);
    for (unsigned i = 0; st == ST_OK && i < count; i++) {
        fds[i] = bind_tcp(&where, len, count > 1);
        if (fds[i] < 0 || listen(fds[i], BACKLOG) != 0)
            st = fail(address, why);
    }
    if (st == ST_OK)
        print_bound(&where, len, bound);
    return st;
}

/* ---- unix ---- */

/* A socket file that a killed process left behind is removed; one that answers, or that is no socket, is not ours. */
static status remove_stale(const char *address, const struct sockaddr_un *where, struct reason *why)
{
    struct stat info;
    if (lstat(where->sun_path, &info) != 0)
        return errno == ENOENT ? ST_OK : fail(address, why);
    AUTO(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_dead = fd >= 0 && S_ISSOCK(info.st_mode) &&
                   connect(fd, (const struct sockaddr *)where, sizeof *where) != 0 && errno == ECONNREFUSED;
    if (!is_dead) {
        errno = EADDRINUSE;
        return fail(address, why);
    }
    return unlink(where->sun_path) == 0 || errno == ENOENT ? ST_OK : fail(address, why);
}

static status open_unix(const char *address, unsigned mode, int *fds, unsigned count, char bound[LISTEN_TEXT],
                        struct reason *why)
{
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    const char *path = address + sizeof unix_prefix - 1;
    if (path[0] != '/' || strlen(path) >= sizeof where.sun_path) {
        reason_set(why, "address_invalid",
                   "\"%.120s\": the path of a unix socket is absolute and has at most %zu bytes", address,
                   sizeof where.sun_path - 1);
        return ST_INVALID;
    }
    memcpy(where.sun_path, path, strlen(path));
    status st = remove_stale(address, &where, why);
    if (st != ST_OK)
        return st;
    fds[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* On Linux the file takes the mode that the socket has when it is bound: no moment with a wider one. */
    if (fds[0] < 0 || fchmod(fds[0], mode) != 0 || bind(fds[0], (const struct sockaddr *)&where, sizeof where) != 0 ||
        listen(fds[0], BACKLOG) != 0)
        return fail(address, why);
    for (unsigned i = 1; i < count; i++)
        if ((fds[i] = fcntl(fds[0], F_DUPFD_CLOEXEC, 0)) < 0)
            return fail(address, why);
    snprintf(bound, LISTEN_TEXT, "%s", address);
    return ST_OK;
}

static void close_all(int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

status listen_open(const char *address, unsigned unix_mode, int *fds, unsigned count, char bound[LISTEN_TEXT],
                   struct reason *why)
{
    for (unsigned i = 0; i < count; i++)
        fds[i] = -1;
    status st = is_unix(address) ? open_unix(address, unix_mode, fds, count, bound, why)
                                 : open_tcp(address, fds, count, bound, why);
    if (st != ST_OK)
        close_all(fds, count);
    return st;
}

void listen_remove(const char *address)
{
    if (is_unix(address))
        (void)unlink(address + sizeof unix_prefix - 1); /* somebody else may have removed it */
}
