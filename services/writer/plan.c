/* Both lists are sorted by fingerprint and walked side by side, so that an upload with very many equal rows costs no more than
 * another one. */
#include "services/writer/plan.h"

/* A wanted row in the sorted order: `id` is its place in the list of the caller. */
static int compare_rows(const void *a, const void *b)
{
    const struct kept_row *x = a, *y = b;
    if (x->fingerprint != y->fingerprint)
        return x->fingerprint < y->fingerprint ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int compare_ids(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void sort_rows(struct kept_row *rows, size_t count)
{
    if (count)
        qsort(rows, count, sizeof *rows, compare_rows);
}

/* End of the run of equal fingerprints that begins at `at`. */
static size_t run_end(const struct kept_row *rows, size_t count, size_t at)
{
    size_t end = at;
    while (end < count && rows[end].fingerprint == rows[at].fingerprint)
        end++;
    return end;
}

static void delete_rows(struct plan *plan, const struct kept_row *rows, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        plan->deletes[plan->delete_count++] = rows[i].id;
}

/* One run of equal rows: as many as both lists have stay; of those that are there too often the others go. */
static void pair_run(struct plan *plan, const struct kept_row *there, size_t there_count, const struct kept_row *places,
                     size_t place_count, struct kept_row *wanted, bool last)
{
    size_t stay = there_count < place_count ? there_count : place_count;
    size_t first = last ? there_count - stay : 0;
    for (size_t i = 0; i < stay; i++)
        wanted[places[i].id].id = there[first + i].id;
    plan->insert_count += place_count - stay;
    delete_rows(plan, there, 0, first);
    delete_rows(plan, there, first + stay, there_count);
}

static void walk(struct plan *plan, const struct kept_rows *there, const struct kept_row *places,
                 struct kept_rows *wanted, bool last)
{
    size_t t = 0, w = 0;
    while (w < wanted->count) {
        while (t < there->count && there->rows[t].fingerprint < places[w].fingerprint)
            delete_rows(plan, there->rows, t, t + 1), t++;
        size_t w_end = run_end(places, wanted->count, w), t_end = t;
        if (t < there->count && there->rows[t].fingerprint == places[w].fingerprint)
            t_end = run_end(there->rows, there->count, t);
        pair_run(plan, there->rows + t, t_end - t, places + w, w_end - w, wanted->rows, last);
        t = t_end;
        w = w_end;
    }
    delete_rows(plan, there->rows, t, there->count);
}

status plan_rows(struct kept_rows *there, struct kept_rows *wanted, bool last, struct arena *arena, struct plan *out)
{
    uint64_t *deletes = arena_alloc(arena, (there->count + 1) * sizeof *deletes);
    struct kept_row *places = arena_alloc(arena, (wanted->count + 1) * sizeof *places);
    if (!deletes || !places)
        return ST_NO_MEMORY;
    *out = (struct plan){.deletes = deletes};
    for (size_t i = 0; i < wanted->count; i++) {
        places[i] = (struct kept_row){wanted->rows[i].fingerprint, i};
        wanted->rows[i].id = 0;
    }
    sort_rows(there->rows, there->count);
    sort_rows(places, wanted->count);
    walk(out, there, places, wanted, last);
    if (out->delete_count)
        qsort(deletes, out->delete_count, sizeof *deletes, compare_ids);
    return ST_OK;
}
