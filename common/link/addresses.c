#include "common/link/addresses.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_number(const char *host)
{
    uint8_t bytes[16];
    char plain[ADDRESS_TEXT];
    size_t len = strcspn(host, "%"); /* a zone is not part of the number */
    snprintf(plain, sizeof plain, "%.*s", (int)len, host);
    return inet_pton(AF_INET, plain, bytes) == 1 || inet_pton(AF_INET6, plain, bytes) == 1;
}

static bool is_port(const char *text, bool may_bind)
{
    if (may_bind && strcmp(text, "*") == 0)
        return true;
    size_t digits = strspn(text, "0123456789");
    long port = digits > 0 && digits <= 5 && text[digits] == '\0' ? strtol(text, NULL, 10) : 0;
    return port >= 1 && port <= 65535;
}

/* "host:port", "[v6]:port" or "*:port" into its halves. */
static status split_tcp(const char *rest, struct address *out)
{
    const char *colon = strrchr(rest, ':');
    if (!colon || strlen(colon + 1) >= sizeof out->port)
        return ST_INVALID;
    snprintf(out->port, sizeof out->port, "%s", colon + 1);
    size_t len = (size_t)(colon - rest);
    if (len >= 2 && rest[0] == '[' && rest[len - 1] == ']') {
        rest++;
        len -= 2;
    } else if (memchr(rest, ':', len)) {
        return ST_INVALID; /* IPv6 without brackets: where does the port begin? */
    }
    if (len == 0)
        return ST_INVALID;
    memcpy(out->host, rest, len);
    out->host[len] = '\0';
    return ST_OK;
}

static status parse_tcp(const char *rest, bool may_bind, struct address *out)
{
    if (split_tcp(rest, out) != ST_OK || !is_port(out->port, may_bind))
        return ST_INVALID;
    if (strcmp(out->host, "*") == 0)
        return may_bind ? ST_OK : ST_INVALID;
    out->is_name = !is_number(out->host);
    size_t plain = strspn(out->host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_");
    return out->is_name && out->host[plain] != '\0' ? ST_INVALID : ST_OK;
}

status address_parse(struct view text, bool may_bind, struct address *out, struct reason *why)
{
    struct address a = {0};
    if (text.len >= sizeof a.text || memchr(text.data, '\0', text.len)) {
        reason_set(why, "address", "an address of %zu bytes is too long", text.len);
        return ST_INVALID;
    }
    memcpy(a.text, text.data, text.len);
    status st = ST_INVALID;
    if (strncmp(a.text, "tcp://", 6) == 0)
        st = parse_tcp(a.text + 6, may_bind, &a);
    else if (strncmp(a.text, "ipc:///", 7) == 0 && a.text[7] != '\0')
        st = strlen(a.text + 6) <= ADDRESS_IPC_MAX ? ST_OK : ST_INVALID;
    if (st != ST_OK) {
        reason_set(why, "address", "\"%s\" is not tcp://host:port or ipc:///path (a path has at most %d bytes)", a.text,
                   ADDRESS_IPC_MAX);
        return st;
    }
    *out = a;
    return ST_OK;
}

status address_list(const char *text, struct address out[ADDRESS_LIST_MAX], size_t *count, struct reason *why)
{
    static const char between[] = ", \t\r\n";
    size_t n = 0;
    for (const char *p = text + strspn(text, between); *p; p += strspn(p, between)) {
        size_t len = strcspn(p, between);
        if (n == ADDRESS_LIST_MAX) {
            reason_set(why, "address", "more than %d addresses", ADDRESS_LIST_MAX);
            return ST_INVALID;
        }
        status st = address_parse((struct view){p, len}, false, &out[n++], why);
        if (st != ST_OK)
            return st;
        p += len;
    }
    if (n == 0) {
        reason_set(why, "address", "no address of a producer is given");
        return ST_INVALID;
    }
    *count = n;
    return ST_OK;
}

static bool is_listed(char (*list)[ADDRESS_TEXT], size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

static size_t add_family(const struct addrinfo *found, int family, const char *port, char (*out)[ADDRESS_TEXT],
                         size_t room)
{
    size_t n = 0;
    for (const struct addrinfo *a = found; a && n < room; a = a->ai_next) {
        char host[NI_MAXHOST];
        if (a->ai_family != family ||
            getnameinfo(a->ai_addr, a->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0)
            continue;
        int len = snprintf(out[n], sizeof out[n], family == AF_INET6 ? "tcp://[%s]:%s" : "tcp://%s:%s", host, port);
        if (len > 0 && (size_t)len < sizeof out[n] && !is_listed(out, n, out[n]))
            n++;
    }
    return n;
}

/* One family only: on a network with both, every producer has an address of each, and would be connected twice. */
int address_expand(const struct address *name, char (*out)[ADDRESS_TEXT], size_t room)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(name->host, name->port, &hints, &found) != 0)
        return -1;
    size_t n = add_family(found, AF_INET, name->port, out, room);
    if (n == 0)
        n = add_family(found, AF_INET6, name->port, out, room);
    freeaddrinfo(found);
    return (int)n;
}
