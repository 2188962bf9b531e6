#include "services/gateway/account_reply.h"

#include "common/base/clock.h"
#include "common/reply/reply.h"

#include <pthread.h>
#include <strings.h>

/* ----------------------------------------------------------------- decision ---- */

/** Missing, NULL and empty are the same. */
static bool same_value(struct view a, struct view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static const struct upload_account *find(struct account_pairs pairs, struct view name)
{
    for (size_t i = 0; i < pairs.count; i++)
        if (name.data && view_equal(pairs.list[i].name, name))
            return &pairs.list[i];
    return NULL;
}

/** The number of entries is compared, not the set of names, as OCS does: an entry of an unknown name counts and hides nothing else. */
static bool needs_update(struct account_pairs stored, struct account_pairs sent)
{
    if (sent.count == 0 || sent.count != stored.count)
        return true;
    for (size_t i = 0; i < sent.count; i++) {
        const struct upload_account *have = find(stored, sent.list[i].name);
        if (have && !same_value(have->value, sent.list[i].value))
            return true;
    }
    return false;
}

void account_facts_accept(struct account_facts *facts, struct account_pairs sent, struct arena *arena)
{
    size_t count = facts->pairs.count;
    struct upload_account *list = count ? arena_alloc(arena, count * sizeof *list) : NULL;
    if (!list)
        return;
    for (size_t i = 0; i < count; i++) {
        list[i] = facts->pairs.list[i];
        for (size_t k = 0; k < sent.count; k++)
            if (sent.list[k].name.data && view_equal(list[i].name, sent.list[k].name))
                list[i].value = sent.list[k].value;
    }
    facts->pairs.list = list;
}

enum account_answer account_decide(const struct account_facts *facts, struct account_pairs sent)
{
    if (!facts->known)
        return ACCOUNT_NO_UPDATE;
    if (!facts->stored)
        return ACCOUNT_UPDATE_LOST;
    return needs_update(facts->pairs, sent) ? ACCOUNT_UPDATE_STORED : ACCOUNT_NO_UPDATE;
}

/* -------------------------------------------------------------------- reply ---- */

static void write_pair(struct buffer *out, struct view name, struct view value)
{
    reply_open(out, 1, "ACCOUNTINFO");
    reply_element(out, 2, "KEYNAME", name);
    reply_element(out, 2, "KEYVALUE", value);
    reply_close(out, 1, "ACCOUNTINFO");
}

static void write_pairs(struct buffer *out, struct account_pairs pairs, bool lost)
{
    for (size_t i = 0; i < pairs.count; i++) {
        bool tag = lost && view_is(pairs.list[i].name, "TAG");
        write_pair(out, pairs.list[i].name, tag ? VIEW_LITERAL("LOST") : pairs.list[i].value);
    }
}

void account_reply_write(enum account_answer answer, struct account_pairs stored, struct account_pairs sent,
                         struct buffer *out)
{
    reply_begin(out);
    reply_element(out, 1, "RESPONSE", view_of(answer == ACCOUNT_NO_UPDATE ? "NO_ACCOUNT_UPDATE" : "ACCOUNT_UPDATE"));
    if (answer == ACCOUNT_UPDATE_STORED)
        write_pairs(out, stored, false);
    else if (answer == ACCOUNT_UPDATE_LOST)
        write_pairs(out, sent, true);
    reply_end(out);
}

/* ------------------------------------------------------------------ columns ---- */

struct account_columns {
    pthread_mutex_t lock;
    int64_t max_age_ms;
    int64_t read_ms;        /**< under `lock` */
    struct db_table *table; /**< under `lock`; NULL: never read */
};

struct account_columns *account_columns_new(int64_t max_age_ms)
{
    struct account_columns *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    pthread_mutex_init(&c->lock, NULL);
    c->max_age_ms = max_age_ms;
    return c;
}

void account_columns_destroy(struct account_columns *c)
{
    if (!c)
        return;
    pthread_mutex_destroy(&c->lock);
    free(c->table);
    free(c);
}

static status refresh(struct db *db, struct account_columns *c)
{
    struct db_table *got = NULL;
    status st = db_table_read(db, "accountinfo", &got);
    if (st != ST_OK)
        return st == ST_UNAVAILABLE ? st : ST_IO;
    pthread_mutex_lock(&c->lock);
    free(c->table);
    c->table = got;
    c->read_ms = clock_steady_ms();
    pthread_mutex_unlock(&c->lock);
    return ST_OK;
}

static bool is_fresh(struct account_columns *c)
{
    pthread_mutex_lock(&c->lock);
    bool fresh = c->table && clock_steady_ms() - c->read_ms <= c->max_age_ms;
    pthread_mutex_unlock(&c->lock);
    return fresh;
}

/** @return false when the number of columns is not the one that the row has, or memory is out */
static bool name_values(struct account_columns *c, const struct view *values, size_t count, struct arena *arena,
                        struct upload_account *pairs, size_t *pair_count)
{
    pthread_mutex_lock(&c->lock);
    bool fits = c->table && c->table->count == count;
    size_t n = 0;
    for (size_t i = 0; fits && i < count; i++) {
        const char *name = c->table->columns[i].name;
        if (strcasecmp(name, "HARDWARE_ID") == 0)
            continue;
        pairs[n].name = arena_copy(arena, view_of(name));
        pairs[n].value = values[i].data ? arena_copy(arena, values[i]) : VIEW_ABSENT;
        fits = pairs[n].name.data && (pairs[n].value.data || !values[i].data);
        n++;
    }
    pthread_mutex_unlock(&c->lock);
    *pair_count = n;
    return fits;
}

/* -------------------------------------------------------------------- facts ---- */

enum leading { NUMBER, HARDWARE, STORED, LEADING }; /**< columns in front of a.* */

/* Of several computers with one DEVICEID the lowest ID counts. We sort, not the server, which would make a temporary table for it. */
static status ask(struct db *db, const struct device_list *devices, struct db_rows **rows)
{
    enum { EACH = 8192 };
    static const char column[] = "h.DEVICEID";
    static const size_t order[] = {NUMBER, HARDWARE};
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(EACH * (devices->count + 1));
    buffer_text(&sql, "SELECT ");
    device_list_write_number(devices, db, column, &sql);
    buffer_text(&sql,
                ", h.ID, a.HARDWARE_ID, a.* FROM hardware h LEFT JOIN accountinfo a ON a.HARDWARE_ID=h.ID WHERE ");
    device_list_write_condition(devices, db, column, &sql);
    status st = buffer_status(&sql);
    if (st == ST_OK)
        st = db_query(db, sql.data, sql.len, rows);
    return st == ST_OK ? db_rows_sort(*rows, order, COUNT(order)) : st;
}

static bool take_row(const struct view *row, size_t columns, struct account_columns *known,
                     const struct account_place *place)
{
    struct account_facts *out = place->facts;
    if (out->known)
        return true; /* another computer with this DEVICEID */
    out->known = true;
    if (!row[STORED].data)
        return true;
    out->stored = true;
    size_t count = columns - LEADING;
    struct upload_account *pairs = arena_alloc(place->arena, (count + 1) * sizeof *pairs);
    if (!pairs || !name_values(known, row + LEADING, count, place->arena, pairs, &out->pairs.count))
        return false;
    out->pairs.list = pairs;
    return true;
}

static bool take_rows(struct db_rows *rows, struct account_columns *columns, size_t count,
                      const struct account_place *places)
{
    for (size_t i = 0; i < count; i++)
        *places[i].facts = (struct account_facts){.known = false};
    for (const struct view *row; (row = db_rows_next(rows)) != NULL;) {
        uint64_t number = db_number(row[NUMBER]);
        if (number >= 1 && number <= count && !take_row(row, db_rows_columns(rows), columns, &places[number - 1]))
            return false;
    }
    return true;
}

status account_facts_read_all(struct db *db, struct account_columns *columns, const struct device_list *devices,
                              const struct account_place *places)
{
    status st = is_fresh(columns) ? ST_OK : refresh(db, columns);
    for (int attempt = 0; st == ST_OK && attempt < 2; attempt++) {
        AUTO(db_rows_free) struct db_rows *rows = NULL;
        if ((st = ask(db, devices, &rows)) != ST_OK)
            return st;
        if (take_rows(rows, columns, devices->count, places))
            return ST_OK;
        st = refresh(db, columns); /* a column came or went a moment ago */
    }
    return st == ST_OK ? ST_IO : st;
}

status account_facts_read(struct db *db, struct account_columns *columns, struct view deviceid, struct arena *arena,
                          struct account_facts *out)
{
    const struct device_list one = {{deviceid}, 1};
    return account_facts_read_all(db, columns, &one, &(const struct account_place){arena, out});
}
