#include "services/gateway/device_list.h"

#include <strings.h>

static bool is_plain(struct view id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '_' && c != '.')
            return false;
    }
    return id.len > 0;
}

static bool same(struct view a, struct view b)
{
    return a.len == b.len && strncasecmp(a.data, b.data, a.len) == 0;
}

bool device_list_add(struct device_list *l, struct view id)
{
    if (l->count == DEVICE_LIST_MAX || (l->count > 0 && !(is_plain(id) && is_plain(l->ids[0]))))
        return false;
    for (size_t i = 0; i < l->count; i++)
        if (same(l->ids[i], id))
            return false;
    l->ids[l->count++] = id;
    return true;
}

static void write_ids(const struct device_list *l, struct db *db, struct buffer *sql)
{
    for (size_t i = 0; i < l->count; i++) {
        if (i > 0)
            buffer_char(sql, ',');
        db_quote(db, sql, l->ids[i]);
    }
}

void device_list_write_number(const struct device_list *l, struct db *db, const char *column, struct buffer *sql)
{
    if (l->count == 1) {
        buffer_char(sql, '1');
        return;
    }
    buffer_format(sql, "FIELD(%s,", column);
    write_ids(l, db, sql);
    buffer_char(sql, ')');
}

void device_list_write_condition(const struct device_list *l, struct db *db, const char *column, struct buffer *sql)
{
    buffer_format(sql, "%s IN (", column);
    write_ids(l, db, sql);
    buffer_char(sql, ')');
}
