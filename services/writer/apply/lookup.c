#include "services/writer/apply/lookup.h"

enum { IN_LIST_MAX = 500 };

int lookup_compare(const void *a, const void *b)
{
    const struct view *x = a, *y = b;
    size_t len = x->len < y->len ? x->len : y->len;
    int order = len ? memcmp(x->data, y->data, len) : 0;
    return order ? order : x->len < y->len ? -1 : x->len > y->len;
}

/* Place of a text among `count` sorted ones, or `count`. */
static size_t place_of(struct view text, const struct view *texts, size_t count)
{
    const struct view *hit = count ? bsearch(&text, texts, count, sizeof *texts, lookup_compare) : NULL;
    return hit ? (size_t)(hit - texts) : count;
}

/* Only the first row of a text counts: the query orders them. */
static status take_rows(const struct lookup_query *q, struct db_rows *rows, const struct view *texts, bool *found,
                        size_t count, size_t *others)
{
    const struct view *row;
    while ((row = db_rows_next(rows))) {
        size_t i = place_of(row[0], texts, count);
        if (i == count) {
            if (others)
                ++*others;
            continue;
        }
        status st = found[i] ? ST_OK : q->take(q->ctx, i, row);
        if (st != ST_OK)
            return st;
        found[i] = true;
    }
    return ST_OK;
}

/* Put at most IN_LIST_MAX texts before `end` that are not found yet into the statement; `next` moves on. */
static size_t start_list(const struct lookup_query *q, const struct view *texts, const bool *found, size_t end,
                         size_t *next)
{
    size_t listed = 0;
    statement_start(q->st, "%s IN (", q->head);
    for (; *next < end && listed < IN_LIST_MAX; ++*next) {
        if (found[*next])
            continue;
        if (listed++)
            buffer_char(&q->st->text, ',');
        statement_value(q->st, texts[*next]);
    }
    buffer_char(&q->st->text, ')');
    buffer_text(&q->st->text, q->tail);
    return listed;
}

status lookup_exact(const struct lookup_query *q, const struct view *texts, bool *found, size_t count, size_t *others)
{
    for (size_t next = 0; next < count;) {
        AUTO(db_rows_free) struct db_rows *rows = NULL;
        if (start_list(q, texts, found, count, &next) == 0)
            break;
        status st = statement_run(q->st, &rows);
        if (st == ST_OK)
            st = take_rows(q, rows, texts, found, count, others);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

/* Texts from `begin` on, before `end`, at most a list full of them (`next` says how far): where one question finds rows for several, the
 * halves are asked for. */
static status find_spelled(const struct lookup_query *q, const struct view *texts, bool *found, size_t begin,
                           size_t end, size_t *next)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    *next = begin;
    size_t listed = start_list(q, texts, found, end, next);
    status st = listed ? statement_run(q->st, &rows) : ST_OK;
    const struct view *row = listed && st == ST_OK ? db_rows_next(rows) : NULL;
    if (!row)
        return st;
    if (listed == 1) {
        size_t i = begin;
        while (found[i])
            i++;
        found[i] = true;
        return q->take(q->ctx, i, row);
    }
    size_t middle = begin + (*next - begin) / 2, passed;
    st = find_spelled(q, texts, found, begin, middle, &passed);
    return st == ST_OK ? find_spelled(q, texts, found, middle, *next, &passed) : st;
}

status lookup_spelled(const struct lookup_query *q, const struct view *texts, bool *found, size_t count)
{
    status st = ST_OK;
    for (size_t next = 0; st == ST_OK && next < count;)
        st = find_spelled(q, texts, found, next, count, &next);
    return st;
}
