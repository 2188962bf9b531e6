/* The address of a database: mysql://user:password@host:port/name?option=value&... */
#include "common/db/db.h"

#include <limits.h>
#include <stdio.h>

enum { URL_MAX = 2048, PORT_DEFAULT = 3306 };

/* One part of the address while it is taken apart; `end` is behind its last byte. */
struct span {
    const char *at, *end;
};

static struct span cut_until(struct span *rest, char separator)
{
    const char *found = memchr(rest->at, separator, (size_t)(rest->end - rest->at));
    struct span part = {rest->at, found ? found : rest->end};
    rest->at = found ? found + 1 : rest->end;
    return part;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo percent encoding into `out`; false when a %xx is none, is %00, or the result does not fit. */
static bool decode(struct span in, char *out, size_t room)
{
    size_t len = 0;
    for (const char *p = in.at; p < in.end; p++) {
        int c = (unsigned char)*p;
        if (c == '%') {
            if (in.end - p < 3 || hex_digit(p[1]) < 0 || hex_digit(p[2]) < 0)
                return false;
            c = hex_digit(p[1]) << 4 | hex_digit(p[2]);
            p += 2;
        }
        if (c == 0 || len + 1 >= room)
            return false;
        out[len++] = (char)c;
    }
    out[len] = '\0';
    return true;
}

static bool read_number(struct span in, unsigned max, unsigned *out)
{
    unsigned long value = 0;
    if (in.at == in.end || in.end - in.at > 6)
        return false;
    for (const char *p = in.at; p < in.end; p++) {
        if (*p < '0' || *p > '9')
            return false;
        value = value * 10 + (unsigned)(*p - '0');
    }
    if (value == 0 || value > max)
        return false;
    *out = (unsigned)value;
    return true;
}

static bool read_tls(struct span in, struct db_target *t)
{
    static const struct {
        const char *word;
        int mode;
    } words[] = {
        {"off", DB_TLS_OFF}, {"prefer", DB_TLS_PREFER}, {"require", DB_TLS_REQUIRE}, {"verify", DB_TLS_VERIFY}};
    for (size_t i = 0; i < COUNT(words); i++)
        if (view_is((struct view){in.at, (size_t)(in.end - in.at)}, words[i].word)) {
            t->tls = (unsigned)words[i].mode;
            return true;
        }
    return false;
}

enum option_type { OPTION_TEXT, OPTION_NUMBER, OPTION_TLS };

static const struct {
    const char *name;
    enum option_type type;
    size_t offset, room;
} options[] = {
    {"socket", OPTION_TEXT, offsetof(struct db_target, socket), sizeof((struct db_target *)0)->socket},
    {"password_file", OPTION_TEXT, offsetof(struct db_target, password_file),
     sizeof((struct db_target *)0)->password_file},
    {"time_zone", OPTION_TEXT, offsetof(struct db_target, time_zone), sizeof((struct db_target *)0)->time_zone},
    {"ssl_ca", OPTION_TEXT, offsetof(struct db_target, tls_ca), sizeof((struct db_target *)0)->tls_ca},
    {"ssl_cert", OPTION_TEXT, offsetof(struct db_target, tls_cert), sizeof((struct db_target *)0)->tls_cert},
    {"ssl_key", OPTION_TEXT, offsetof(struct db_target, tls_key), sizeof((struct db_target *)0)->tls_key},
    {"ssl", OPTION_TLS, 0, 0},
    {"connect_timeout", OPTION_NUMBER, offsetof(struct db_target, connect_s), 0},
    {"read_timeout", OPTION_NUMBER, offsetof(struct db_target, read_s), 0},
    {"write_timeout", OPTION_NUMBER, offsetof(struct db_target, write_s), 0},
};

static bool read_option(struct span name, struct span value, struct db_target *t)
{
    for (size_t i = 0; i < COUNT(options); i++) {
        if (!view_is((struct view){name.at, (size_t)(name.end - name.at)}, options[i].name))
            continue;
        char *field = (char *)t + options[i].offset;
        switch (options[i].type) {
        case OPTION_TEXT: return decode(value, field, options[i].room);
        case OPTION_NUMBER: return read_number(value, 86400, (unsigned *)(void *)field);
        case OPTION_TLS: return read_tls(value, t);
        }
    }
    return false;
}

static bool read_options(struct span in, struct db_target *t, struct reason *why)
{
    while (in.at < in.end) {
        struct span value = cut_until(&in, '&');
        struct span name = cut_until(&value, '=');
        if (!read_option(name, value, t)) {
            reason_set(why, "db_address", "the database's address has an option that is unknown or wrong: %.*s",
                       (int)(name.end - name.at), name.at);
            return false;
        }
    }
    return true;
}

/* host, host:port, [v6] or [v6]:port; empty stands for localhost */
static bool read_host(struct span in, struct db_target *t)
{
    struct span host = in, port = {in.end, in.end};
    if (in.at < in.end && *in.at == '[') {
        struct span rest = {in.at + 1, in.end};
        host = cut_until(&rest, ']');
        if (rest.at < rest.end && *rest.at != ':')
            return false;
        port = (struct span){rest.at < rest.end ? rest.at + 1 : rest.end, rest.end};
    } else {
        struct span rest = in;
        host = cut_until(&rest, ':');
        port = rest;
    }
    if (port.at < port.end && !read_number(port, 65535, &t->port))
        return false;
    static const char local[] = "localhost";
    if (host.at == host.end)
        host = (struct span){local, local + sizeof local - 1};
    return decode(host, t->host, sizeof t->host);
}

/* user and password end at the last '@', since a password that was not encoded may contain one. */
static bool read_authority(struct span in, struct db_target *t)
{
    const char *at = memrchr(in.at, '@', (size_t)(in.end - in.at));
    if (!at)
        return false;
    struct span login = {in.at, at}, user = cut_until(&login, ':');
    return user.at < user.end && decode(user, t->user, sizeof t->user) &&
           decode(login, t->password, sizeof t->password) && read_host((struct span){at + 1, in.end}, t);
}

static bool is_local(const struct db_target *t)
{
    return t->socket[0] || strcmp(t->host, "localhost") == 0 || strcmp(t->host, "127.0.0.1") == 0 ||
           strcmp(t->host, "::1") == 0;
}

static status fault(struct reason *why, const char *what)
{
    reason_set(why, "db_address", "%s; expected mysql://user:password@host:port/name?socket=/path", what);
    return ST_INVALID;
}

status db_target_parse(const char *url, struct db_target *out, struct reason *why)
{
    struct db_target t = {
        .port = PORT_DEFAULT, .time_zone = "SYSTEM", .tls = DB_TLS_PREFER, .connect_s = 5, .read_s = 60, .write_s = 60};
    static const char *const schemes[] = {"mysql://", "mariadb://"};
    struct span rest = {NULL, NULL};
    for (size_t i = 0; url && i < COUNT(schemes); i++)
        if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
            rest = (struct span){url + strlen(schemes[i]), url + strlen(url)};
    if (!rest.at || rest.end - rest.at > URL_MAX)
        return fault(why, "the database's address does not begin with mysql:// or is too long");

    /* The options first: a socket's path has slashes of its own. */
    struct span front = cut_until(&rest, '?');
    struct span authority = cut_until(&front, '/');
    if (!read_authority(authority, &t))
        return fault(why, "the database's address has no user, or a part of it is wrong or too long");
    if (front.at == front.end || !decode(front, t.name, sizeof t.name))
        return fault(why, "the database's address has no name of a database");
    bool tls_given = memmem(rest.at, (size_t)(rest.end - rest.at), "ssl=", 4) != NULL;
    if (!read_options(rest, &t, why))
        return ST_INVALID;
    if (t.password[0] && t.password_file[0])
        return fault(why, "the database's address has a password and a file with one");
    if (!tls_given && is_local(&t))
        t.tls = DB_TLS_OFF;
    *out = t;
    return ST_OK;
}
