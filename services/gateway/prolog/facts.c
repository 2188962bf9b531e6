#include "services/gateway/prolog/facts.h"

enum column { HARDWARE, LAST, GROUP, NAME, IVALUE, TVALUE };

/*
 * Several computers with one DEVICEID happen (OCS has no unique index): rows come sorted, and only those of the lowest ID count.
 * The groups' part is a separate branch so that each uses the index on devices.HARDWARE_ID.
 */
static const char of_device[] = "SELECT h.ID, UNIX_TIMESTAMP(h.LASTDATE), 0 AS G, d.NAME, d.IVALUE, d.TVALUE, d.ID AS D"
                                " FROM hardware h LEFT JOIN devices d ON d.HARDWARE_ID=h.ID WHERE h.DEVICEID=";
static const char of_groups[] = " UNION ALL SELECT h.ID, NULL, c.GROUP_ID, d.NAME, d.IVALUE, d.TVALUE, d.ID"
                                " FROM hardware h JOIN groups_cache c ON c.HARDWARE_ID=h.ID AND c.STATIC IN (0,1)"
                                " JOIN devices d ON d.HARDWARE_ID=c.GROUP_ID WHERE h.DEVICEID=";
static const char sorted[] = " ORDER BY 1, 3, 7";

static status ask(struct db *db, struct view deviceid, bool groups, struct db_rows **rows)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(8192);
    buffer_text(&sql, of_device);
    db_quote(db, &sql, deviceid);
    if (groups) {
        buffer_text(&sql, of_groups);
        db_quote(db, &sql, deviceid);
    }
    buffer_text(&sql, sorted);
    if (buffer_status(&sql) != ST_OK)
        return buffer_status(&sql);
    return db_query(db, sql.data, sql.len, rows);
}

static int64_t number_of(struct view v)
{
    if (v.data && v.len > 1 && v.data[0] == '-')
        return -(int64_t)db_number((struct view){v.data + 1, v.len - 1});
    return (int64_t)db_number(v);
}

/** @return false when memory is out; rows that are no settings of ours are passed over */
static bool take_row(const struct view *row, struct arena *arena, struct parameter *rows, size_t *count)
{
    enum parameter_name name;
    if (!parameter_find(row[NAME], &name))
        return true;
    struct view text = row[TVALUE];
    if (text.data) {
        text = arena_copy(arena, text);
        if (!text.data)
            return false;
    }
    rows[(*count)++] = (struct parameter){
        .name = name,
        .group = db_number(row[GROUP]),
        .has_number = row[IVALUE].data != NULL,
        .number = number_of(row[IVALUE]),
        .text = text,
    };
    return true;
}

status prolog_facts_read(struct db *db, struct view deviceid, bool groups, struct arena *arena,
                         struct prolog_facts *out)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = ask(db, deviceid, groups, &rows);
    if (st != ST_OK)
        return st;
    struct parameter *list = arena_alloc(arena, (db_rows_count(rows) + 1) * sizeof *list);
    if (!list)
        return ST_NO_MEMORY;

    out->known = false;
    size_t count = 0;
    for (const struct view *row; (row = db_rows_next(rows)) != NULL;) {
        uint64_t id = db_number(row[HARDWARE]);
        if (out->known && id != out->hardware_id)
            break;
        if (!out->known)
            out->last_s = number_of(row[LAST]);
        out->known = true;
        out->hardware_id = id;
        if (!take_row(row, arena, list, &count))
            return ST_NO_MEMORY;
    }
    out->parameters = (struct parameters){list, count};
    return ST_OK;
}
