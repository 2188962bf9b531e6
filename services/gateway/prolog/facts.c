#include "services/gateway/prolog/facts.h"

enum column { NUMBER, HARDWARE, LAST, GROUP, NAME, IVALUE, TVALUE, SETTING };

/*
 * Several computers with one DEVICEID happen (OCS has no unique index): rows are sorted, and only those of the lowest ID count.
 * The groups' part is a separate branch so that each uses the index on devices.HARDWARE_ID. We sort, not the server: devices.TVALUE is a
 * long text, for which it would make a table on disk for every question.
 */
static const char of_device[] = ", h.ID, UNIX_TIMESTAMP(h.LASTDATE), 0 AS G, d.NAME, d.IVALUE, d.TVALUE, d.ID AS D"
                                " FROM hardware h LEFT JOIN devices d ON d.HARDWARE_ID=h.ID WHERE ";
static const char of_groups[] = ", h.ID, NULL, c.GROUP_ID, d.NAME, d.IVALUE, d.TVALUE, d.ID"
                                " FROM hardware h JOIN groups_cache c ON c.HARDWARE_ID=h.ID AND c.STATIC IN (0,1)"
                                " JOIN devices d ON d.HARDWARE_ID=c.GROUP_ID WHERE ";
static const size_t order[] = {NUMBER, HARDWARE, GROUP, SETTING};

static void write_branch(struct db *db, const struct device_list *devices, const char *rest, struct buffer *sql)
{
    static const char column[] = "h.DEVICEID";
    buffer_text(sql, "SELECT ");
    device_list_write_number(devices, db, column, sql);
    buffer_text(sql, rest);
    device_list_write_condition(devices, db, column, sql);
}

static status ask(struct db *db, const struct device_list *devices, bool groups, struct db_rows **rows)
{
    enum { EACH = 8192 };
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(EACH * (devices->count + 1));
    write_branch(db, devices, of_device, &sql);
    if (groups) {
        buffer_text(&sql, " UNION ALL ");
        write_branch(db, devices, of_groups, &sql);
    }
    status st = buffer_status(&sql);
    if (st == ST_OK)
        st = db_query(db, sql.data, sql.len, rows);
    return st == ST_OK ? db_rows_sort(*rows, order, COUNT(order)) : st;
}

static int64_t number_of(struct view v)
{
    if (v.data && v.len > 1 && v.data[0] == '-')
        return -(int64_t)db_number((struct view){v.data + 1, v.len - 1});
    return (int64_t)db_number(v);
}

/** The settings of the device whose rows are read: they come one after the other. */
struct taken {
    struct parameter *list;
    size_t count, room;
};

static bool make_room(struct taken *t, struct arena *arena)
{
    enum { FIRST = 8 };
    if (t->count < t->room)
        return true;
    size_t room = t->room ? t->room * 2 : FIRST;
    struct parameter *list = arena_alloc(arena, room * sizeof *list);
    if (!list)
        return false;
    if (t->count)
        memcpy(list, t->list, t->count * sizeof *list);
    *t = (struct taken){list, t->count, room};
    return true;
}

/** @return false when memory is out; rows that are no settings of ours are passed over */
static bool take_setting(const struct view *row, struct arena *arena, struct taken *t)
{
    enum parameter_name name;
    if (!parameter_find(row[NAME], &name))
        return true;
    struct view text = arena_copy(arena, row[TVALUE]);
    if (!make_room(t, arena) || (row[TVALUE].data && !text.data))
        return false;
    t->list[t->count++] = (struct parameter){
        .name = name,
        .group = db_number(row[GROUP]),
        .has_number = row[IVALUE].data != NULL,
        .number = number_of(row[IVALUE]),
        .text = text,
    };
    return true;
}

static bool take_row(const struct view *row, const struct prolog_place *place, struct taken *t)
{
    struct prolog_facts *facts = place->facts;
    uint64_t id = db_number(row[HARDWARE]);
    if (facts->known && id != facts->hardware_id)
        return true; /* another computer with this DEVICEID */
    if (!facts->known) {
        facts->known = true;
        facts->hardware_id = id;
        facts->last_s = number_of(row[LAST]);
        *t = (struct taken){NULL, 0, 0};
    }
    bool took = take_setting(row, place->arena, t);
    facts->parameters = (struct parameters){t->list, t->count};
    return took;
}

status prolog_facts_read_all(struct db *db, const struct device_list *devices, bool groups,
                             const struct prolog_place *places)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = ask(db, devices, groups, &rows);
    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < devices->count; i++) {
        places[i].facts->known = false;
        places[i].facts->parameters = (struct parameters){NULL, 0};
    }
    struct taken taken = {NULL, 0, 0};
    for (const struct view *row; (row = db_rows_next(rows)) != NULL;) {
        uint64_t number = db_number(row[NUMBER]);
        if (number >= 1 && number <= devices->count && !take_row(row, &places[number - 1], &taken))
            return ST_NO_MEMORY;
    }
    return ST_OK;
}

status prolog_facts_read(struct db *db, struct view deviceid, bool groups, struct arena *arena,
                         struct prolog_facts *out)
{
    const struct device_list one = {{deviceid}, 1};
    return prolog_facts_read_all(db, &one, groups, &(const struct prolog_place){arena, out});
}
