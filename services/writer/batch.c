#include "services/writer/batch.h"

#include "common/log/log.h"
#include "services/writer/apply/lookup.h"
#include "services/writer/writer_metrics.h"

/* DEVICEIDs of one batch, fitted: at most 255 bytes each, and the arena's own needs. */
enum { KEY_ROOM = 512, ARENA_EXTRA = 1 << 16 };

/* A fifth of the time without anything new is the end of the wait: nothing more comes. */
enum { GATHER_STEPS = 5 };

struct batch {
    size_t max, count;
    size_t record_max, bytes;        /* of one record, of all in it */
    size_t last_count;               /* of the batch before */
    struct upload *uploads;          /* owned, `max` of them, in the order of adding */
    struct link_delivery **messages; /* what each came from; NULL in tests */
    struct upload **order;           /* `count` of them, sorted */
    struct upload **wave;
    struct arena *keys;
};

struct batch *batch_new(size_t max, size_t record_max)
{
    AUTO(batch_destroy) struct batch *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->max = max;
    b->record_max = record_max;
    b->uploads = calloc(max, sizeof *b->uploads);
    b->messages = calloc(max, sizeof(struct link_delivery *));
    b->order = calloc(max, sizeof(struct upload *));
    b->wave = calloc(max, sizeof(struct upload *));
    b->keys = arena_new(max * KEY_ROOM + ARENA_EXTRA);
    return b->uploads && b->messages && b->order && b->wave && b->keys ? STEAL(b) : NULL;
}

void batch_destroy(struct batch *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->count; i++)
        record_close(b->uploads[i].record);
    free(b->uploads);
    free(b->messages);
    free(b->order);
    free(b->wave);
    arena_destroy(b->keys);
    free(b);
}

/* DEVICEID as the columns of hardware and muster_device hold it: the same for look-ups, locks and rows. */
static struct view fit_key(struct batch *b, struct view deviceid)
{
    static const struct db_column column = {.type = DB_TEXT, .length = 255, .byte_max = 765};
    bool adjusted = false;
    return db_fit(&column, deviceid, b->keys, &adjusted);
}

static void refuse(struct upload *u)
{
    u->outcome = UPLOAD_REFUSED;
    metric_add(&writer_metrics.rejected_record, 1);
    upload_tell(LOG_ERROR, "record cannot be read", u);
}

/* Not its fault: a parser of another version (a rolling upgrade), memory. A writer that can will take it. */
static bool is_passing(status st)
{
    return st == ST_REFUSED || st == ST_NO_MEMORY;
}

static void put_off(struct upload *u, status st)
{
    char id[UPLOAD_ID_TEXT];
    u->outcome = UPLOAD_HELD;
    if (st == ST_NO_MEMORY)
        reason_set(&u->why, "no_memory", "no memory for a record");
    log_warning("record is left to another writer", LOG_TEXT("upload", upload_id_text(u->id, id)), LOG_REASON(&u->why));
}

static bool open_record(struct batch *b, struct upload *u, const void *record, size_t len)
{
    status st = record_open(record, len, b->record_max, &u->record, &u->why);
    if (is_passing(st))
        put_off(u, st);
    if (st != ST_OK)
        return is_passing(st);
    b->bytes += record_bytes(u->record);
    u->head = record_head(u->record);
    if (u->kind <= 0 || u->kind >= UPLOAD_KIND_END) {
        reason_set(&u->why, "record_kind", "the writer has nothing to do with uploads of kind %d", (int)u->kind);
        return false;
    }
    u->key = fit_key(b, u->head->deviceid);
    if (u->key.len == 0)
        reason_set(&u->why, "record_device", "the record names no device");
    return u->key.len > 0;
}

void batch_add(struct batch *b, struct upload_id id, enum upload_kind kind, const void *record, size_t len,
               struct link_delivery *d)
{
    struct upload *u = &b->uploads[b->count];
    *u = (struct upload){.id = id, .kind = kind};
    b->messages[b->count++] = d;
    metric_add(&writer_metrics.uploads, 1);
    if (!open_record(b, u, record, len))
        refuse(u);
}

static bool is_full(const struct batch *b)
{
    return b->count == b->max || b->bytes >= b->record_max;
}

static void take_what_is_there(struct batch *b, struct link_consumer *from)
{
    struct link_delivery *d;
    while (!is_full(b) && (d = link_consumer_take(from, 0)))
        batch_add(b, d->id, d->kind, d->body, d->len, d);
}

size_t batch_gather(struct batch *b, struct link_consumer *from, int wait_ms, int more_ms)
{
    link_consumer_wait(from, 1, wait_ms);
    take_what_is_there(b, from);
    bool is_busy = b->count > 1 || (b->count == 1 && b->last_count > 1);
    for (int step = 0; is_busy && more_ms > 0 && !is_full(b) && step < GATHER_STEPS; step++) {
        size_t before = b->count;
        link_consumer_wait(from, b->max - b->count, more_ms / GATHER_STEPS + 1);
        take_what_is_there(b, from);
        is_busy = b->count > before;
    }
    b->last_count = b->count;
    return b->count;
}

size_t batch_devices(const struct batch *b, uint64_t *out)
{
    size_t count = 0;
    for (size_t i = 0; i < b->count; i++)
        if (b->uploads[i].key.len > 0)
            out[count++] = upload_device_hash(b->uploads[i].key);
    return count;
}

/* ---- waves ---- */

static int compare_uploads(const void *a, const void *b)
{
    const struct upload *const *x = a, *const *y = b;
    int order = lookup_compare(&(*x)->key, &(*y)->key);
    return order ? order : upload_id_compare((*x)->id, (*y)->id);
}

static void sort_uploads(struct batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        b->order[i] = &b->uploads[i];
    if (b->count)
        qsort(b->order, b->count, sizeof(struct upload *), compare_uploads);
}

/* Of each device what waits up to its first INVENTORY; what comes behind that is for the next wave. */
static size_t next_wave(struct batch *b)
{
    size_t count = 0;
    bool complete = false;
    for (size_t i = 0; i < b->count; i++) {
        struct upload *u = b->order[i];
        if (i == 0 || !view_equal(u->key, b->order[i - 1]->key))
            complete = false;
        if (u->outcome == UPLOAD_DEFERRED)
            u->outcome = UPLOAD_WAITS;
        if (u->outcome == UPLOAD_HELD)
            complete = true;
        if (u->outcome != UPLOAD_WAITS || complete)
            continue;
        b->wave[count++] = u;
        complete = u->kind == UPLOAD_INVENTORY;
    }
    return count;
}

status batch_apply(struct batch *b, struct applier *to, struct reason *why)
{
    sort_uploads(b);
    status st = ST_OK;
    for (size_t count; st == ST_OK && (count = next_wave(b)) > 0;)
        st = applier_apply(to, b->wave, count, why);
    return st;
}

enum upload_outcome batch_outcome(const struct batch *b, size_t i, struct reason *why)
{
    if (why)
        *why = b->uploads[i].why;
    return b->uploads[i].outcome;
}

static void answer(struct link_consumer *to, struct link_delivery *d, const struct upload *u, const struct reason *why)
{
    switch (u->outcome) {
    case UPLOAD_APPLIED: link_consumer_answer(to, d, LINK_ACK, NULL); break;
    case UPLOAD_REFUSED: link_consumer_answer(to, d, LINK_REJECT, &u->why); break;
    case UPLOAD_WAITS:
    case UPLOAD_DEFERRED:
    case UPLOAD_HELD:
        metric_add(&writer_metrics.given_back, 1);
        link_consumer_answer(to, d, LINK_RETRY, u->outcome == UPLOAD_HELD ? &u->why : why);
        break;
    }
}

void batch_answer(struct batch *b, struct link_consumer *to, const struct reason *why)
{
    for (size_t i = 0; i < b->count; i++) {
        record_close(b->uploads[i].record);
        b->uploads[i].record = NULL;
        if (b->messages[i])
            answer(to, b->messages[i], &b->uploads[i], why);
    }
    b->count = b->bytes = 0;
    arena_reset(b->keys);
}
