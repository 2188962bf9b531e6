#include "tools/muster/schema/script.h"

#include <stdio.h>

static bool starts(struct view s, size_t at, const char *with)
{
    size_t len = strlen(with);
    return s.len - at >= len && memcmp(s.data + at, with, len) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static size_t line_end(struct view s, size_t at)
{
    const char *end = memchr(s.data + at, '\n', s.len - at);
    return end ? (size_t)(end - s.data) + 1 : s.len;
}

static size_t skip_comments(struct view s, size_t at)
{
    for (;;) {
        while (at < s.len && is_blank(s.data[at]))
            at++;
        if (!starts(s, at, "--"))
            return at;
        at = line_end(s, at);
    }
}

/* From an opening quote to behind the closing one. */
static size_t skip_quoted(struct view s, size_t at)
{
    char quote = s.data[at++];
    while (at < s.len && s.data[at] != quote)
        at += s.data[at] == '\\' && quote != '`' ? 2 : 1;
    return at < s.len ? at + 1 : s.len;
}

static size_t statement_end(struct view s, size_t at)
{
    while (at < s.len && s.data[at] != ';') {
        if (s.data[at] == '\'' || s.data[at] == '"' || s.data[at] == '`')
            at = skip_quoted(s, at);
        else if (starts(s, at, "--"))
            at = line_end(s, at);
        else
            at++;
    }
    return at;
}

struct view script_next(struct view script, size_t *at)
{
    size_t begin = skip_comments(script, *at);
    if (begin >= script.len)
        return VIEW_ABSENT;
    size_t end = statement_end(script, begin);
    *at = end < script.len ? end + 1 : end;
    while (end > begin && is_blank(script.data[end - 1]))
        end--;
    return (struct view){script.data + begin, end - begin};
}

/* The comment lines directly in front of `statement`, joined; only those behind the last empty line. */
static void comment_before(struct view list, size_t from, const char *statement, char *out, size_t room)
{
    out[0] = '\0';
    size_t len = 0, stop = (size_t)(statement - list.data);
    for (size_t at = from; at < stop;) {
        size_t end = line_end(list, at);
        if (!starts(list, at, "--"))
            len = 0; /* what stood above an empty line belongs to something else */
        else if (end - at > 3) {
            int n = snprintf(out + len, room - len, "%s%.*s", len ? " " : "", (int)(end - at - 4), list.data + at + 3);
            len = n < 0 || len + (size_t)n >= room ? room - 1 : len + (size_t)n;
        }
        at = end;
    }
    out[len] = '\0';
}

static void drop_backquotes(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != '`')
            *to++ = *from;
    *to = '\0';
}

bool schema_index_next(struct view list, size_t *at, struct schema_index *out)
{
    size_t from = *at;
    struct view statement = script_next(list, at);
    if (!statement.data)
        return false;
    char text[512];
    snprintf(text, sizeof text, "%.*s", (int)statement.len, statement.data);
    int end = 0;
    if (sscanf(text, "ALTER TABLE `%64[^`]` ADD INDEX `%64[^`]` (%128[^)])%n", out->table, out->name, out->columns,
               &end) != 3 ||
        (size_t)end != statement.len)
        return false;
    drop_backquotes(out->columns);
    comment_before(list, from, statement.data, out->cost, sizeof out->cost);
    out->statement = statement;
    return true;
}
