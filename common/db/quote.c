/* Values and names in statements. */
#include "common/db/connection.h"

/* The letter behind the backslash, 0 for bytes that stand for themselves. The session makes this safe: it is UTF-8, in which
 * no byte of a longer character looks like one of these, and its sql_mode has no NO_BACKSLASH_ESCAPES (both read back). */
static char escape_of(char c)
{
    switch (c) {
    case '\0': return '0';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\032': return 'Z';
    case '\\':
    case '\'':
    case '"': return c;
    default: return 0;
    }
}

void db_quote(struct db *db, struct buffer *sql, struct view value)
{
    (void)db; /* one session form for all connections; kept in the interface for a server that needs another */
    if (!value.data) {
        buffer_text(sql, "NULL");
        return;
    }
    buffer_char(sql, '\'');
    size_t from = 0;
    for (size_t i = 0; i < value.len; i++) {
        char letter = escape_of(value.data[i]);
        if (!letter)
            continue;
        buffer_add(sql, value.data + from, i - from);
        buffer_add(sql, (char[]){'\\', letter}, 2);
        from = i + 1;
    }
    buffer_add(sql, value.data + from, value.len - from);
    buffer_char(sql, '\'');
}

void db_bytes(struct buffer *sql, struct view value)
{
    static const char digits[] = "0123456789ABCDEF";
    if (!value.data) {
        buffer_text(sql, "NULL");
        return;
    }
    buffer_text(sql, "X'");
    char *out = buffer_extend(sql, value.len * 2);
    for (size_t i = 0; out && i < value.len; i++) {
        out[2 * i] = digits[(unsigned char)value.data[i] >> 4];
        out[2 * i + 1] = digits[(unsigned char)value.data[i] & 15];
    }
    buffer_char(sql, '\'');
}

void db_name(struct buffer *sql, struct view name)
{
    buffer_char(sql, '`');
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '`')
            buffer_char(sql, '`');
        buffer_char(sql, name.data[i]);
    }
    buffer_char(sql, '`');
}
