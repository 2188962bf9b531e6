/* Network discovery (inventory-to-database.md 11): one SELECT for the whole wave says which devices were elected and what their subnets
 * have; mostly that is all.
 *
 * Elections are serialised by a named lock of the database server: they are rare (a vacancy, a much better device), so one lock for all
 * subnets does. What was read before is read again under the lock. A cluster of several primaries has no such lock: there a surplus
 * device loses its role when it reports. */
#include "services/writer/apply/discovery.h"

#include "common/log/log.h"
#include "services/writer/writer_metrics.h"

enum { IFACES_MAX = 64, ROLE_LOCK_S = 10 };

/* ---- which devices ---- */

static status read_ifaces(struct discovery *d, struct discovery_device *out)
{
    struct record_row_view row;
    const struct record_section_view *s = record_section_find(out->device->upload->record, "NETWORKS");
    size_t room = s && s->row_count < IFACES_MAX ? s->row_count : IFACES_MAX;
    if (!s)
        return ST_OK;
    out->ifaces = arena_alloc(d->wave->arena, room * sizeof *out->ifaces + 1);
    if (!out->ifaces)
        return ST_NO_MEMORY;
    for (const uint8_t *at = s->rows; out->iface_count < room && record_next_row(s, &at, &row);) {
        struct election_iface *iface = &out->ifaces[out->iface_count++];
        *iface = (struct election_iface){
            .description = row_value(s, &row, "DESCRIPTION"),
            .status = row_value(s, &row, "STATUS"),
            .mask = row_value(s, &row, "IPMASK"),
            .subnet = row_value(s, &row, "IPSUBNET"),
        };
    }
    return ST_OK;
}

static status add_devices(struct discovery *d)
{
    struct wave *w = d->wave;
    d->devices = arena_alloc(w->arena, (w->device_count + 1) * sizeof *d->devices);
    if (!d->devices)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < w->device_count; i++) {
        struct device *device = &w->devices[i];
        if (!device_is_current(device) || !device->hardware_id || election_agent_is_local(device->upload->head->agent))
            continue;
        struct discovery_device *added = &d->devices[d->device_count++];
        *added = (struct discovery_device){.device = device};
        status st = read_ifaces(d, added);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

/* ---- reading ---- */

#define ROLE_COLUMNS(device, row)                                                                                      \
    device ".ID," device ".FIDELITY," device ".QUALITY," row ".IVALUE," row ".TVALUE,a.TAG," row ".ID"

static void append_ids(struct discovery *d)
{
    for (size_t i = 0; i < d->device_count; i++)
        buffer_format(&d->wave->st.text, "%s%u", i ? "," : "", d->devices[i].device->hardware_id);
    buffer_char(&d->wave->st.text, ')');
}

/* Whether the subnet that a device was given is blacklisted, and whether a group of its forbids it. */
static void append_vetoes(struct discovery *d)
{
    struct buffer *sql = &d->wave->st.text;
    const struct ocs_config *options = d->wave->options;
    if (columns_table(d->wave->columns, TABLE_BLACKLIST_SUBNET))
        buffer_text(sql, "2*EXISTS(SELECT 1 FROM blacklist_subnet s WHERE s.SUBNET=d.TVALUE)");
    else
        buffer_text(sql, "0");
    if (options->enable_groups && options->ipdiscover_use_groups && columns_table(d->wave->columns, TABLE_GROUPS_CACHE))
        buffer_text(sql, "+EXISTS(SELECT 1 FROM groups_cache g JOIN devices v ON v.HARDWARE_ID=g.GROUP_ID AND "
                         "v.NAME='IPDISCOVER' AND v.IVALUE=0 WHERE g.HARDWARE_ID=h.ID AND g.STATIC IN (0,1))");
}

/* Their own parameters. */
static void append_own(struct discovery *d)
{
    struct buffer *sql = &d->wave->st.text;
    buffer_text(sql, "SELECT 0," ROLE_COLUMNS("h", "d") ",");
    append_vetoes(d);
    buffer_text(sql, " FROM hardware h LEFT JOIN devices d ON d.HARDWARE_ID=h.ID AND d.NAME='IPDISCOVER' LEFT JOIN "
                     "accountinfo a ON a.HARDWARE_ID=h.ID WHERE h.ID IN (");
    append_ids(d);
}

static void append_roles(struct discovery *d, const char *from)
{
    long long days = d->wave->options->ipdiscover_max_alive;
    buffer_format(
        &d->wave->st.text,
        " UNION ALL SELECT 1,r.HARDWARE_ID,h.FIDELITY,h.QUALITY,r.IVALUE,r.TVALUE,a.TAG,r.ID,"
        "IF(h.ID IS NULL,2,%lld>0 AND COALESCE(h.LASTDATE<NOW()-INTERVAL %lld DAY,0)) FROM %s LEFT JOIN hardware h "
        "ON h.ID=r.HARDWARE_ID LEFT JOIN accountinfo a ON a.HARDWARE_ID=r.HARDWARE_ID WHERE ",
        days, days, from);
}

/* Who else has the subnets of those that were elected. */
static void append_rivals(struct discovery *d)
{
    append_roles(d, "devices e JOIN devices r ON r.NAME='IPDISCOVER' AND r.TVALUE=e.TVALUE");
    buffer_text(&d->wave->st.text, "e.NAME='IPDISCOVER' AND e.TVALUE<>'' AND e.HARDWARE_ID IN (");
    append_ids(d);
}

static bool can_scan(const struct discovery_device *d)
{
    return election_agent_can_scan(d->device->upload->head->agent);
}

/* The subnets that could be scanned, as a list. @return how many there are */
static size_t append_subnets(struct discovery *d, struct buffer *out)
{
    size_t listed = 0;
    for (size_t i = 0; i < d->device_count; i++) {
        const struct discovery_device *by = &d->devices[i];
        for (size_t k = 0; k < by->iface_count && can_scan(by); k++) {
            if (!election_is_dotted(by->ifaces[k].subnet))
                continue;
            buffer_text(out, listed++ ? "," : "");
            db_quote(d->wave->st.db, out, by->ifaces[k].subnet);
        }
    }
    return listed;
}

/* Who has them, and which of them are blacklisted. */
static status append_occupants(struct discovery *d)
{
    AUTO(buffer_clear) struct buffer list = BUFFER_INIT(1 << 20);
    struct buffer *sql = &d->wave->st.text;
    if (append_subnets(d, &list) == 0 || buffer_status(&list) != ST_OK)
        return buffer_status(&list);
    append_roles(d, "devices r");
    buffer_text(sql, "r.NAME='IPDISCOVER' AND r.TVALUE IN (");
    buffer_add(sql, list.data, list.len);
    buffer_char(sql, ')');
    if (!columns_table(d->wave->columns, TABLE_BLACKLIST_SUBNET))
        return ST_OK;
    buffer_text(sql, " UNION ALL SELECT 2,0,NULL,NULL,NULL,SUBNET,NULL,0,0 FROM blacklist_subnet WHERE SUBNET IN (");
    buffer_add(sql, list.data, list.len);
    buffer_char(sql, ')');
    return ST_OK;
}

static double decimal(struct view v)
{
    char text[32] = "";
    if (v.data && v.len < sizeof text)
        memcpy(text, v.data, v.len);
    return strtod(text, NULL);
}

static void take_own(struct discovery *d, const struct view *row, struct arena *arena)
{
    for (size_t i = 0; i < d->device_count; i++) {
        struct discovery_device *by = &d->devices[i];
        if (by->device->hardware_id != db_number(row[1]))
            continue;
        if (by->known)
            return; /* two parameters of one name: the first counts */
        by->known = true;
        by->fidelity = db_number(row[2]);
        by->quality = decimal(row[3]);
        by->refused = (db_number(row[8]) & 1) || (row[4].data && db_number(row[4]) == 0);
        by->blacklisted = db_number(row[8]) & 2;
        by->by_operator = db_number(row[4]) == 2;
        by->subnet = arena_copy(arena, row[5]);
        by->tag = arena_copy(arena, row[6]);
    }
}

static void take_role(struct discovery *d, const struct view *row, struct arena *arena)
{
    struct election_role role = {
        .row_id = db_number(row[7]),
        .hardware_id = (uint32_t)db_number(row[1]),
        .quality = decimal(row[3]),
        .by_operator = db_number(row[4]) == 2,
        .subnet = arena_copy(arena, row[5]),
        .tag = arena_copy(arena, row[6]),
        .known = db_number(row[8]) != 2,
        .over = db_number(row[8]) == 1,
    };
    d->roles[d->role_count++] = role;
}

static void take_blacklisted(struct discovery *d, struct view subnet)
{
    for (size_t i = 0; i < d->device_count; i++)
        for (size_t k = 0; k < d->devices[i].iface_count; k++)
            if (view_equal(d->devices[i].ifaces[k].subnet, subnet))
                d->devices[i].ifaces[k].blacklisted = true;
}

/* One row of the statement: its first column says of which part. */
static void take_row(struct discovery *d, const struct view *row, struct arena *arena)
{
    switch (db_number(row[0])) {
    case 0: take_own(d, row, arena); break;
    case 1: take_role(d, row, arena); break;
    default: take_blacklisted(d, row[5]); break;
    }
}

static int compare_roles(const void *a, const void *b)
{
    const struct election_role *x = a, *y = b;
    return x->row_id < y->row_id ? -1 : x->row_id > y->row_id;
}

/* A row can come twice: as that of a rival and as that of an occupant. */
static void unite_roles(struct discovery *d)
{
    size_t kept = 0;
    qsort(d->roles, d->role_count, sizeof *d->roles, compare_roles);
    for (size_t i = 0; i < d->role_count; i++)
        if (kept == 0 || d->roles[kept - 1].row_id != d->roles[i].row_id)
            d->roles[kept++] = d->roles[i];
    d->role_count = kept;
}

static status read_roles(struct discovery *d)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct arena *arena = d->wave->arena;
    statement_start(&d->wave->st, "%s", "");
    append_own(d);
    append_rivals(d);
    status st = append_occupants(d);
    if (st == ST_OK)
        st = statement_run(&d->wave->st, &rows);
    if (st != ST_OK)
        return st;
    d->role_count = 0;
    d->roles = arena_alloc(arena, (db_rows_count(rows) + d->device_count + 1) * sizeof *d->roles);
    if (!d->roles)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < d->device_count; i++)
        d->devices[i].known = false;
    for (const struct view *row; (row = db_rows_next(rows));)
        take_row(d, row, arena);
    unite_roles(d);
    return ST_OK;
}

/* ---- elections ---- */

static struct election_result decide(const struct discovery *d, const struct discovery_device *by)
{
    bool steady = d->wave->options->ipdiscover_no_postpone || election_is_steady(by->fidelity, by->quality);
    if (!by->known || by->refused || by->subnet.len || !steady || !can_scan(by))
        return (struct election_result){.kind = ELECTION_NONE};
    struct election_candidate candidate = {by->device->hardware_id, by->quality, by->tag, by->ifaces, by->iface_count};
    return election_decide(&candidate, d->roles, d->role_count, &d->rules);
}

static status give_role(struct discovery *d, const struct discovery_device *by, const struct election_result *result)
{
    struct statement *st = &d->wave->st;
    uint32_t id = by->device->hardware_id;
    if (result->kind == ELECTION_VACANT) {
        statement_start(st, "INSERT INTO devices (HARDWARE_ID,NAME,IVALUE,TVALUE,COMMENTS) VALUES (%u,'IPDISCOVER',1,",
                        id);
        statement_value(st, result->subnet);
        buffer_text(&st->text, ",'')");
    } else
        statement_start(st, "UPDATE devices SET HARDWARE_ID=%u WHERE ID=%llu AND HARDWARE_ID=%u AND NAME='IPDISCOVER'",
                        id, (unsigned long long)d->roles[result->role].row_id, d->roles[result->role].hardware_id);
    return statement_run(st, NULL);
}

/* What the next device of the wave has to know. */
static void note_role(struct discovery *d, const struct discovery_device *by, const struct election_result *result)
{
    static const char *const words[] = {"", "elected", "better", "over"};
    struct election_role role = {.hardware_id = by->device->hardware_id,
                                 .subnet = result->subnet,
                                 .tag = by->tag,
                                 .quality = by->quality,
                                 .known = true,
                                 .row_id = UINT64_MAX};
    if (result->kind == ELECTION_VACANT)
        d->roles[d->role_count++] = role;
    else {
        role.row_id = d->roles[result->role].row_id;
        d->roles[result->role] = role;
    }
    metric_add(&writer_metrics.elections, 1);
    log_info("device scans a subnet", LOG_VIEW("device", by->device->row_key), LOG_VIEW("subnet", result->subnet),
             LOG_TEXT("because", words[result->kind]));
}

static status elect_all(struct discovery *d)
{
    status st = read_roles(d);
    for (size_t i = 0; i < d->device_count && st == ST_OK; i++) {
        struct election_result result = decide(d, &d->devices[i]);
        if (result.kind == ELECTION_NONE)
            continue;
        st = give_role(d, &d->devices[i], &result);
        if (st == ST_OK)
            note_role(d, &d->devices[i], &result);
    }
    return st;
}

static bool is_election_due(const struct discovery *d)
{
    for (size_t i = 0; i < d->device_count; i++)
        if (decide(d, &d->devices[i]).kind != ELECTION_NONE)
            return true;
    return false;
}

#define ROLE_LOCK "CONCAT('muster.election.',MD5(DATABASE()))"

static status elect_under_lock(struct discovery *d)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    statement_start(&d->wave->st, "SELECT GET_LOCK(" ROLE_LOCK ",%d)", ROLE_LOCK_S);
    status st = statement_run(&d->wave->st, &rows);
    const struct view *row = st == ST_OK ? db_rows_next(rows) : NULL;
    if (st != ST_OK || !row || !view_is(row[0], "1"))
        return st == ST_OK ? ST_AGAIN : st;
    st = elect_all(d);
    status released = st == ST_UNAVAILABLE ? st : statement_do(&d->wave->st, "DO RELEASE_LOCK(" ROLE_LOCK ")");
    return st == ST_OK ? released : st;
}

status discovery_apply(struct wave *w)
{
    const struct ocs_config *options = w->options;
    struct discovery d = {.wave = w,
                          .rules = {options->ipdiscover, options->ipdiscover_better_threshold,
                                    options->ipdiscover_link_tag_network != 0}};
    if (options->ipdiscover <= 0)
        return ST_OK;
    status st = add_devices(&d);
    if (st == ST_OK && d.device_count == 0)
        return ST_OK;
    if (st == ST_OK)
        st = read_roles(&d);
    if (st == ST_OK)
        st = netmap_apply(&d);
    return st == ST_OK && is_election_due(&d) ? elect_under_lock(&d) : st;
}
