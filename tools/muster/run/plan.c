#include "tools/muster/run/plan.h"

#include "common/base/buffer.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/** What all steps of making one plan share. */
struct making {
    const struct plan_input *in;
    struct arena *arena;
    struct plan *plan;
    bool failed; /* memory is out: looked at once, at the end */
};

const char *child_kind_name(enum child_kind kind)
{
    static const char *const names[] = {"mariadb", "writer", "parser", "gateway"};
    return names[kind];
}

const char *plan_variable(const struct child_plan *child, const char *name)
{
    for (size_t i = 0; i < child->env_count; i++)
        if (strcmp(child->env[i].name, name) == 0)
            return child->env[i].value;
    return NULL;
}

static const char *text(struct making *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static const char *text(struct making *m, const char *format, ...)
{
    char line[8192];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    struct view copy = {NULL, 0};
    if (len >= 0 && (size_t)len < sizeof line)
        copy = arena_copy(m->arena, (struct view){line, (size_t)len});
    if (!copy.data)
        m->failed = true;
    return copy.data ? copy.data : "";
}

/* A value of a URL's query: everything but letters, digits and -._~/ in percent form. */
static const char *url_value(struct making *m, const char *value)
{
    char out[3 * FOLDER_PATH_MAX + 1];
    size_t len = 0;
    for (const unsigned char *p = (const unsigned char *)value; *p && len + 4 < sizeof out; p++)
        len += (size_t)snprintf(out + len, sizeof out - len, isalnum(*p) || strchr("-._~/", *p) ? "%c" : "%%%02X", *p);
    return text(m, "%s", out);
}

static void set(struct child_plan *c, const char *name, const char *value)
{
    c->env[c->env_count++] = (struct plan_variable){.name = name, .value = value};
}

/* Somebody may want other addresses between the services (a proxy, another machine): the operator's own value stays. */
static void set_default(struct child_plan *c, const char *name, const char *value)
{
    c->env[c->env_count++] = (struct plan_variable){.name = name, .value = value, .is_default = true};
}

static const char *link_address(struct making *m, enum child_kind kind, unsigned number)
{
    return text(m, "ipc://%s/%s-%u.link", m->in->folder->sockets, child_kind_name(kind), number);
}

/* Addresses of all producers of a kind, for those who connect to each of them. */
static const char *all_links(struct making *m, enum child_kind kind, long count)
{
    const char *list = link_address(m, kind, 1);
    for (unsigned n = 2; n <= (unsigned long)count; n++)
        list = text(m, "%s,%s", list, link_address(m, kind, n));
    return list;
}

/* "127.0.0.1:8080", "[::1]:8080"; the port of the n-th gateway is the n-th from the first, and 0 stays "any". */
static const char *listen_address(struct making *m, long port, unsigned number)
{
    const char *host = m->in->options->listen;
    long mine = port ? port + (long)number - 1 : 0;
    return text(m, strchr(host, ':') ? "[%s]:%ld" : "%s:%ld", host, mine);
}

static struct child_plan *add(struct making *m, enum child_kind kind, unsigned number)
{
    struct child_plan *c = &m->plan->children[m->plan->count++];
    *c = (struct child_plan){.kind = kind, .number = number};
    c->name = text(m, "%s-%u", child_kind_name(kind), number);
    c->log = text(m, "%s/log/%s.log", m->in->folder->data, c->name);
    c->argv[0] = m->in->programs[kind];
    if (kind == CHILD_DATABASE)
        return c;
    c->admin = text(m, "%s/%s.admin", m->in->folder->sockets, c->name);
    set(c, "MUSTER_ADMIN", text(m, "unix:%s", c->admin));
    return c;
}

/* Words of a line, into at most `room` places. */
static void add_words(struct making *m, const char *line, const char **to, size_t room)
{
    for (const char *at = line ? line : ""; *(at += strspn(at, " ")) && room > 0; at += strcspn(at, " "), room--)
        *to++ = text(m, "%.*s", (int)strcspn(at, " "), at);
}

/* Of the private MariaDB's cache of pages. A device with 300 programs has about a quarter of a MiB in tables and indexes: the least holds some
 * hundred of them, the most some thousand. It is taken as data comes. */
enum { CACHE_SHARE = 8, CACHE_LEAST_MIB = 128, CACHE_MOST_MIB = 1024 };

static unsigned cache_mib(uint64_t memory)
{
    uint64_t share = memory / CACHE_SHARE >> 20;
    return (unsigned)(share < CACHE_LEAST_MIB ? CACHE_LEAST_MIB : share > CACHE_MOST_MIB ? CACHE_MOST_MIB : share);
}

/* Settings for a small machine that other programs share. Whatever is not said here stays MariaDB's default, which is safe:
 * every commit is on disk. */
static void add_database(struct making *m)
{
    struct child_plan *c = add(m, CHILD_DATABASE, 1);
    const char *data = m->in->folder->data;
    const char *const arguments[] = {
        "--no-defaults", /* must be first; nothing of a system-wide MariaDB is read */
        text(m, "--datadir=%s/db", data),
        text(m, "--socket=%s", m->plan->database_socket),
        text(m, "--pid-file=%s/run/db.pid", data),
        text(m, "--tmpdir=%s/tmp",
             data), /* a server that starts empties its folder: a shared one is another server's, too */
        "--skip-networking",
        "--skip-name-resolve",
        text(m, "--innodb-buffer-pool-size=%uM", cache_mib(m->in->memory)),
        "--max-allowed-packet=64M",
        "--max-connections=200",
        "--character-set-server=utf8mb4",
        m->in->user ? text(m, "--user=%s", m->in->user) : NULL,
    };
    size_t count = 1;
    for (size_t i = 0; i < COUNT(arguments); i++)
        if (arguments[i])
            c->argv[count++] = arguments[i];
    add_words(m, m->in->database_options, c->argv + count, PLAN_ARGUMENTS_MAX - 1 - count);
}

/* Parser and writer must know the same sections. */
static void set_sections(struct making *m, struct child_plan *c)
{
    if (*m->in->sections)
        set(c, "MUSTER_SECTIONS_FILE", m->in->sections);
}

static void add_writer(struct making *m, unsigned number)
{
    struct child_plan *c = add(m, CHILD_WRITER, number);
    set_default(c, "MUSTER_WRITER_PARSERS", all_links(m, CHILD_PARSER, m->in->options->parsers));
    set(c, "MUSTER_DATABASE", m->plan->database);
    set_sections(m, c);
}

static void add_parser(struct making *m, unsigned number)
{
    struct child_plan *c = add(m, CHILD_PARSER, number);
    set_default(c, "MUSTER_PARSER_GATEWAYS", all_links(m, CHILD_GATEWAY, m->in->options->gateways));
    set(c, "MUSTER_PARSER_BIND", link_address(m, CHILD_PARSER, number));
    set_sections(m, c);
}

/* The certificate that is made for a gateway names this machine; an address that was asked for is one more name. */
static void add_certificate_name(struct making *m, struct child_plan *c)
{
    const char *listen = m->in->options->listen;
    if (strcmp(listen, "0.0.0.0") != 0 && strcmp(listen, "::") != 0)
        set_default(c, "MUSTER_GATEWAY_TLS_NAMES", listen);
}

static void add_gateway(struct making *m, unsigned number)
{
    struct child_plan *c = add(m, CHILD_GATEWAY, number);
    c->spool = text(m, "%s/spool/%u", m->in->folder->data, number);
    set(c, "MUSTER_GATEWAY_HTTP", listen_address(m, m->in->options->http, number));
    set(c, "MUSTER_GATEWAY_HTTPS", listen_address(m, m->in->options->https, number));
    set(c, "MUSTER_GATEWAY_TLS_FOLDER", text(m, "%s/tls", m->in->folder->data));
    set(c, "MUSTER_GATEWAY_BIND", link_address(m, CHILD_GATEWAY, number));
    set(c, "MUSTER_GATEWAY_SPOOL_DIR", c->spool);
    set(c, "MUSTER_GATEWAY_ID", text(m, "%u", number));
    set(c, "MUSTER_DATABASE", m->plan->database);
    add_certificate_name(m, c);
}

static status check_ports(const struct options *o, struct reason *why)
{
    long first = o->http < o->https ? o->http : o->https, second = o->http < o->https ? o->https : o->http;
    if (first > 0 && first + o->gateways > second) {
        reason_set(why, "ports", "--http %ld and --https %ld: %ld gateways need that many ports from each on", o->http,
                   o->https, o->gateways);
        return ST_INVALID;
    }
    if (second + o->gateways - 1 > 65535) {
        reason_set(why, "ports", "%ld gateways from port %ld on: there are ports up to 65535 only", o->gateways,
                   second);
        return ST_INVALID;
    }
    return ST_OK;
}

static void add_all(struct making *m)
{
    const struct options *o = m->in->options;
    if (m->plan->database_socket)
        add_database(m);
    for (unsigned n = 1; n <= (unsigned long)o->writers; n++)
        add_writer(m, n);
    for (unsigned n = 1; n <= (unsigned long)o->parsers; n++)
        add_parser(m, n);
    for (unsigned n = 1; n <= (unsigned long)o->gateways; n++)
        add_gateway(m, n);
}

status plan_make(const struct plan_input *in, struct arena *arena, struct plan *out, struct reason *why)
{
    status st = check_ports(in->options, why);
    if (st != ST_OK)
        return st;
    size_t room = (size_t)(1 + in->options->writers + in->options->parsers + in->options->gateways);
    struct plan plan = {.children = arena_alloc(arena, room * sizeof *plan.children), .database = in->database};
    if (!plan.children)
        return ST_NO_MEMORY;
    struct making m = {.in = in, .arena = arena, .plan = &plan};
    if (!*in->database) {
        plan.database_socket = text(&m, "%s/db.sock", in->folder->sockets);
        plan.database = text(&m, "mysql://root@localhost/ocsweb?socket=%s", url_value(&m, plan.database_socket));
    }
    add_all(&m);
    if (m.failed)
        return ST_NO_MEMORY;
    *out = plan;
    return ST_OK;
}
