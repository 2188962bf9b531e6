/*
 * OPTION DOWNLOAD (protocol.md 3.6): the limits, and the packages that a device is to fetch.
 *
 * The order of the rules matters and is OCS's: groups first (in the order of their IDs, each adding to the lists of forced,
 * scheduled and commanded packages), then the device's own rows. "Seen so far" therefore is an index into the sorted
 * parameters: everything before it counts, nothing behind it.
 */
#include "common/reply/reply.h"
#include "services/gateway/prolog/options.h"

#include <stddef.h>
#include <strings.h>

/* ------------------------------------------------------------------- limits ---- */

static const struct {
    const char *attribute;
    enum parameter_name name;
    enum parameter_rule rule;
    size_t offset;
} limits[] = {
    {"CYCLE_LATENCY", PARAM_DOWNLOAD_CYCLE_LATENCY, GROUPS_LARGEST,
     offsetof(struct ocs_config, download_cycle_latency)},
    {"FRAG_LATENCY", PARAM_DOWNLOAD_FRAG_LATENCY, GROUPS_LARGEST, offsetof(struct ocs_config, download_frag_latency)},
    {"PERIOD_LATENCY", PARAM_DOWNLOAD_PERIOD_LATENCY, GROUPS_LARGEST,
     offsetof(struct ocs_config, download_period_latency)},
    {"PERIOD_LENGTH", PARAM_DOWNLOAD_PERIOD_LENGTH, GROUPS_SMALLEST,
     offsetof(struct ocs_config, download_period_length)},
    {"TIMEOUT", PARAM_DOWNLOAD_TIMEOUT, GROUPS_SMALLEST, offsetof(struct ocs_config, download_timeout)},
    {"EXECUTION_TIMEOUT", PARAM_DOWNLOAD_EXECUTION_TIMEOUT, GROUPS_SMALLEST,
     offsetof(struct ocs_config, download_execution_timeout)},
};

/** The device's value if it is not 0, else the groups' (asked only while DOWNLOAD is on), else the option. */
static int64_t limit_value(const struct option_question *q, size_t i)
{
    const struct parameters *p = &q->facts->parameters;
    const struct parameter *own = parameter_of_device(p, limits[i].name);
    int64_t of_groups;
    if (own && own->number)
        return own->number;
    if (q->config->download && parameter_of_groups(p, limits[i].name, limits[i].rule, &of_groups) && of_groups)
        return of_groups;
    return *(const int64_t *)(const void *)((const char *)q->config + limits[i].offset);
}

static void write_limits(const struct option_question *q, int64_t on, struct buffer *out)
{
    struct reply_attribute attributes[2 + COUNT(limits)] = {
        {"TYPE", VIEW_LITERAL("CONF")},
        {"ON", option_number(q, on)},
    };
    for (size_t i = 0; i < COUNT(limits); i++)
        attributes[2 + i] = (struct reply_attribute){limits[i].attribute, option_number(q, limit_value(q, i))};
    reply_param(out, PARAM_DEPTH, attributes, COUNT(attributes), VIEW_ABSENT);
}

/* ----------------------------------------------------------------- packages ---- */

struct package {
    int64_t enable_id;
    struct view file_id, info_loc, pack_loc, cert_path, cert_file;
    bool in_history, has_server;
    struct view server_ip, server_name;
};

struct work {
    const struct option_question *q;
    struct buffer *out;
    const struct parameter *rows;
    size_t row_count;
    struct package *packages; /**< sorted by enable_id */
    size_t package_count;
    struct view *sent; /**< FILEIDs in the reply */
    size_t sent_count;
    int64_t *in_history;
    size_t in_history_count;
    struct package_from_group *from_group;
    size_t from_group_count;
};

static bool names_package(const struct parameter *row)
{
    return row->has_number && row->name >= PARAM_DOWNLOAD && row->name <= PARAM_DOWNLOAD_POSTCMD;
}

/** @return false when no row names a package: there is nothing to ask */
static bool write_query(const struct option_question *q, struct buffer *sql)
{
    buffer_format(sql,
                  "SELECT e.ID, e.FILEID, e.INFO_LOC, e.PACK_LOC, e.CERT_PATH, e.CERT_FILE, y.PKG_ID, s.ID, s.IPADDR,"
                  " s.NAME FROM download_enable e LEFT JOIN hardware s ON s.ID=e.SERVER_ID"
                  " LEFT JOIN download_history y ON y.HARDWARE_ID=%llu AND y.PKG_ID=e.FILEID WHERE e.ID IN (",
                  (unsigned long long)q->facts->hardware_id);
    bool any = false;
    const struct parameters *p = &q->facts->parameters;
    for (size_t i = 0; i < p->count; i++)
        if (names_package(&p->rows[i])) {
            buffer_format(sql, any ? ",%lld" : "%lld", (long long)p->rows[i].number);
            any = true;
        }
    buffer_text(sql, ") ORDER BY e.ID");
    return any;
}

static void take_package(struct work *w, const struct view *row)
{
    w->packages[w->package_count++] = (struct package){
        .enable_id = (int64_t)db_number(row[0]),
        .file_id = row[1],
        .info_loc = row[2],
        .pack_loc = row[3],
        .cert_path = row[4],
        .cert_file = row[5],
        .in_history = row[6].data != NULL,
        .has_server = row[7].data != NULL,
        .server_ip = row[8],
        .server_name = row[9],
    };
}

static int by_enable_id(const void *key, const void *element)
{
    int64_t id = *(const int64_t *)key, other = ((const struct package *)element)->enable_id;
    return (id > other) - (id < other);
}

/** The active package of a row, or NULL. */
static const struct package *package_of(const struct work *w, const struct parameter *row)
{
    if (!names_package(row) || w->package_count == 0)
        return NULL;
    return bsearch(&row->number, w->packages, w->package_count, sizeof *w->packages, by_enable_id);
}

/** The first of the rows before `seen` that says something of this kind about a FILEID. */
static const struct parameter *said_of(const struct work *w, enum parameter_name name, struct view file_id, size_t seen)
{
    for (size_t i = 0; i < seen; i++) {
        const struct parameter *row = &w->rows[i];
        if (row->name != name || !row->text.data || (name == PARAM_DOWNLOAD_FORCE && db_number(row->text) != 1))
            continue;
        const struct package *p = package_of(w, row);
        if (p && view_equal(p->file_id, file_id))
            return row;
    }
    return NULL;
}

static bool is_forced(const struct work *w, const struct package *p, size_t seen)
{
    return said_of(w, PARAM_DOWNLOAD_FORCE, p->file_id, seen) != NULL;
}

static bool is_sent(const struct work *w, const struct package *p)
{
    for (size_t i = 0; i < w->sent_count; i++)
        if (view_equal(w->sent[i], p->file_id))
            return true;
    return false;
}

static struct view or_install_path(struct view v)
{
    return v.len == 0 || view_is(v, "0") ? VIEW_LITERAL("INSTALL_PATH") : v;
}

static void send(struct work *w, const struct package *p, struct view pack_loc, size_t seen)
{
    const struct parameter *schedule = said_of(w, PARAM_DOWNLOAD_SCHEDULE, p->file_id, seen);
    const struct parameter *command = said_of(w, PARAM_DOWNLOAD_POSTCMD, p->file_id, seen);
    const struct reply_attribute attributes[] = {
        {"TYPE", VIEW_LITERAL("PACK")},
        {"ID", p->file_id},
        {"INFO_LOC", p->info_loc},
        {"PACK_LOC", pack_loc},
        {"CERT_PATH", or_install_path(p->cert_path)},
        {"CERT_FILE", or_install_path(p->cert_file)},
        {"SCHEDULE", schedule ? schedule->text : VIEW_ABSENT},
        {"POSTCMD", command ? command->text : VIEW_ABSENT},
        {"FORCE", is_forced(w, p, seen) ? VIEW_LITERAL("1") : VIEW_LITERAL("0")},
    };
    reply_param(w->out, PARAM_DEPTH, attributes, COUNT(attributes), VIEW_ABSENT);
    w->sent[w->sent_count++] = p->file_id;
}

/* ------------------------------------------------------------ groups' packages ---- */

static bool device_has_row(const struct work *w, int64_t enable_id)
{
    for (size_t i = 0; i < w->row_count && w->rows[i].group == 0; i++)
        if (w->rows[i].name == PARAM_DOWNLOAD && w->rows[i].has_number && w->rows[i].number == enable_id)
            return true;
    for (size_t i = 0; i < w->from_group_count; i++)
        if (w->from_group[i].enable_id == enable_id)
            return true;
    return false;
}

static void offer_of_group(struct work *w, const struct parameter *row, size_t seen)
{
    const struct package *p = package_of(w, row);
    if (!p || is_sent(w, p))
        return;
    bool forced = is_forced(w, p, seen);
    if (p->in_history && !forced)
        return;
    if (w->q->config->download_groups_trace_events) {
        if (device_has_row(w, p->enable_id))
            return;
        w->from_group[w->from_group_count++] = (struct package_from_group){p->enable_id, forced};
    }
    send(w, p, p->pack_loc, seen);
}

static void offer_of_groups(struct work *w, size_t first)
{
    for (size_t i = first, end; i < w->row_count; i = end) {
        for (end = i; end < w->row_count && w->rows[end].group == w->rows[i].group; end++)
            ;
        for (size_t k = i; k < end; k++)
            if (w->rows[k].name == PARAM_DOWNLOAD)
                offer_of_group(w, &w->rows[k], end);
    }
}

/* --------------------------------------------------------- the device's packages ---- */

static void replace(struct buffer *out, struct view text, const char *mark, struct view value)
{
    size_t len = strlen(mark);
    for (const char *at; text.len >= len && (at = memmem(text.data, text.len, mark, len)) != NULL;) {
        buffer_add(out, text.data, (size_t)(at - text.data));
        buffer_add(out, value.data ? value.data : "", value.len);
        text.len -= (size_t)(at - text.data) + len;
        text.data = at + len;
    }
    buffer_add(out, text.data, text.len);
}

/** PACK_LOC with the distribution server's address or name; empty when it names one that does not exist. */
static struct view pack_loc_of(const struct work *w, const struct package *p)
{
    bool marked = p->pack_loc.len && (memmem(p->pack_loc.data, p->pack_loc.len, "$IP$", 4) ||
                                      memmem(p->pack_loc.data, p->pack_loc.len, "$NAME$", 6));
    if (!marked)
        return p->pack_loc;
    if (!p->has_server)
        return VIEW_LITERAL("");
    enum { LOCATION_MAX = 16384 };
    AUTO(buffer_clear) struct buffer ip = BUFFER_INIT(LOCATION_MAX);
    AUTO(buffer_clear) struct buffer both = BUFFER_INIT(LOCATION_MAX);
    replace(&ip, p->pack_loc, "$IP$", p->server_ip);
    replace(&both, buffer_view(&ip), "$NAME$", p->server_name);
    if (buffer_status(&ip) != ST_OK || buffer_status(&both) != ST_OK)
        return VIEW_LITERAL("");
    return arena_copy(w->q->arena, buffer_view(&both));
}

static bool is_waiting(const struct parameter *row)
{
    return !row->text.data ||
           (row->text.len == sizeof "NOTIFIED" - 1 && strncasecmp(row->text.data, "NOTIFIED", row->text.len) == 0);
}

/** @return whether OCS would now mark this device's pending packages as notified */
static bool offer_of_device(struct work *w)
{
    bool any = false, pending = false;
    for (size_t i = 0; i < w->row_count && w->rows[i].group == 0; i++) {
        const struct parameter *row = &w->rows[i];
        const struct package *p = row->name == PARAM_DOWNLOAD && is_waiting(row) ? package_of(w, row) : NULL;
        pending = pending || (row->name == PARAM_DOWNLOAD && !row->text.data);
        if (!p)
            continue;
        any = true;
        if (p->in_history && !is_forced(w, p, w->row_count)) {
            w->in_history[w->in_history_count++] = row->number;
            continue;
        }
        struct view pack_loc = is_sent(w, p) ? VIEW_ABSENT : pack_loc_of(w, p);
        if (pack_loc.len)
            send(w, p, pack_loc, w->row_count);
    }
    return any && pending;
}

/* ----------------------------------------------------------------------- all ---- */

static bool work_alloc(struct work *w, size_t packages)
{
    struct arena *a = w->q->arena;
    w->packages = arena_alloc(a, (packages + 1) * sizeof *w->packages);
    w->sent = arena_alloc(a, (w->row_count + 1) * sizeof *w->sent);
    w->in_history = arena_alloc(a, (w->row_count + 1) * sizeof *w->in_history);
    w->from_group = arena_alloc(a, (w->row_count + 1) * sizeof *w->from_group);
    return w->packages && w->sent && w->in_history && w->from_group;
}

static void work_through(struct work *w, struct prolog_effects *effects)
{
    size_t own = 0;
    while (own < w->row_count && w->rows[own].group == 0)
        own++;
    offer_of_groups(w, own);
    bool notified = offer_of_device(w);
    *effects = (struct prolog_effects){
        .notified = notified || w->from_group_count > 0,
        .in_history = w->in_history,
        .in_history_count = w->in_history_count,
        .from_group = w->from_group,
        .from_group_count = w->from_group_count,
    };
}

static status write_packages(const struct option_question *q, struct buffer *out, struct prolog_effects *effects)
{
    enum { QUERY_MAX = 1 << 20 };
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(QUERY_MAX);
    if (!write_query(q, &sql))
        return ST_OK;
    if (buffer_status(&sql) != ST_OK)
        return buffer_status(&sql);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = db_query(q->db, sql.data, sql.len, &rows);
    if (st != ST_OK)
        return st;

    struct work w = {.q = q, .out = out, .rows = q->facts->parameters.rows, .row_count = q->facts->parameters.count};
    if (!work_alloc(&w, db_rows_count(rows)))
        return ST_NO_MEMORY;
    for (const struct view *row; (row = db_rows_next(rows)) != NULL;)
        take_package(&w, row);
    work_through(&w, effects);
    return ST_OK;
}

status option_download_write(const struct option_question *q, struct buffer *out, struct prolog_effects *effects)
{
    bool on_by_option = q->facts->database && q->config->download != 0;
    int64_t on = parameter_switch(&q->facts->parameters, PARAM_DOWNLOAD_SWITCH, on_by_option);
    option_begin(out, "DOWNLOAD");
    write_limits(q, on, out);
    status st = on && q->facts->known ? write_packages(q, out, effects) : ST_OK;
    option_end(out);
    return st;
}
