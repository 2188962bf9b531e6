#include "services/gateway/spool/scan.h"

#include <stdlib.h>

enum {
    WINDOW = 1 << 20,
    STEP = 4096, /* read in front of a header that stands far behind the one before */
    FAR = 8192,
    GAPS_MAX =
        64, /* of a segment; further ones are counted to the last, so that a ruined one does not make 100,000 files */
};

/* A window over the file, moved as needed. What cannot be read is zeros: no record, so it is skipped like damage. */
struct window {
    const struct spool_calls *calls;
    int fd;
    int64_t size; /* of the file */
    int64_t at;   /* of data[0] in the file */
    size_t len;
    uint8_t *data;
};

static const uint8_t *look(struct window *w, int64_t at, size_t len)
{
    if (at < w->at || at + (int64_t)len > w->at + (int64_t)w->len) {
        int64_t most = len <= STEP && at > w->at + (int64_t)w->len + FAR ? STEP : WINDOW;
        w->at = at;
        w->len = (size_t)(w->size - at < most ? w->size - at : most);
        if (calls_read_all(w->calls, w->fd, w->data, w->len, at) != ST_OK)
            memset(w->data, 0, w->len);
    }
    return w->data + (at - w->at);
}

static uint32_t crc_of(struct window *w, int64_t at, uint32_t len)
{
    uint32_t crc = 0;
    for (uint32_t done = 0; done < len;) {
        uint32_t n = len - done < WINDOW / 2 ? len - done : WINDOW / 2;
        crc = crc32c(crc, look(w, at + done, n), n);
        done += n;
    }
    return crc;
}

void scan_clear(struct scan *s)
{
    free(s->records);
    free(s->gaps);
    *s = (struct scan){0};
}

static status add_record(struct scan *s, const struct record *r, int64_t at)
{
    if (s->count == s->room) {
        size_t room = s->room ? s->room * 2 : 256;
        struct scanned *grown = realloc(s->records, room * sizeof *grown);
        if (!grown)
            return ST_NO_MEMORY;
        s->records = grown;
        s->room = room;
    }
    s->records[s->count++] = (struct scanned){*r, at};
    if (upload_id_compare(r->id, s->newest) > 0)
        s->newest = r->id;
    return ST_OK;
}

static status add_gap(struct scan *s, int64_t at, int64_t len, bool is_record)
{
    if (!s->gaps && !(s->gaps = calloc(GAPS_MAX, sizeof *s->gaps)))
        return ST_NO_MEMORY;
    if (s->gap_count == GAPS_MAX) {
        struct gap *last = &s->gaps[GAPS_MAX - 1];
        int64_t end = at + len > last->at + last->len ? at + len : last->at + last->len;
        last->at = at < last->at ? at : last->at;
        last->len = end - last->at;
        last->is_record |= is_record;
        return ST_OK;
    }
    s->gaps[s->gap_count++] = (struct gap){at, len, is_record, false};
    return ST_OK;
}

void gap_reason(const struct gap *gap, uint64_t segment, struct reason *why)
{
    unsigned long long number = segment;
    long long from = gap->at, until = gap->at + gap->len;
    if (gap->is_last)
        reason_set(why, "torn",
                   "segment %016llx: bytes %lld to %lld, written last, do not fit their checksum: torn by a crash "
                   "before their "
                   "upload was answered, or damaged",
                   number, from, until);
    else
        reason_set(why, "damaged", "segment %016llx: bytes %lld to %lld do not fit their checksum", number, from,
                   until);
}

/* ---------------------------------------------------------------- places ---- */

enum finding {
    RECORD,  /* its header fits */
    SUSPECT, /* no header that fits, but it was one of this use */
    NOTHING, /* never written, or of an earlier use, or the inside of something */
};

static enum finding examine(struct window *w, const struct segment_head *head, const struct scan *s, int64_t at,
                            struct record *r)
{
    const uint8_t *raw = look(w, at, RECORD_HEAD);
    if (record_decode(raw, head->number, head->nonce, r) != ST_OK)
        return record_is_damaged(raw, head->number, head->nonce) ? SUSPECT : NOTHING;
    bool is_later = r->is_again || s->count == 0 || upload_id_compare(r->id, s->newest) > 0;
    return at + record_size(r->payload_len) <= w->size && is_later ? RECORD : NOTHING;
}

/* Everything in front of this was on stable storage: a later record tells. */
static int64_t synced_until(const struct scan *s)
{
    int64_t synced = 0;
    for (size_t i = 0; i < s->count; i++) {
        int64_t batch = (int64_t)s->records[i].record.batch * RECORD_ALIGN;
        synced = batch > synced ? batch : synced;
    }
    return synced;
}

/* Drop what was only torn: never synced, so nobody was told that it was stored. */
static void drop_torn(struct scan *s, int64_t synced)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->gap_count; i++)
        if (s->gaps[i].is_record || s->gaps[i].at < synced)
            s->gaps[kept++] = s->gaps[i];
    s->gap_count = kept;
}

/* Records whose payload does not fit its checksum become gaps. */
static status verify(struct window *w, int64_t from, struct scan *s)
{
    status st = ST_OK;
    size_t kept = 0;
    for (size_t i = 0; i < s->count && st == ST_OK; i++) {
        const struct scanned f = s->records[i];
        if (f.at < from || crc_of(w, f.at + RECORD_HEAD, f.record.payload_len) == f.record.payload_crc)
            s->records[kept++] = f;
        else
            st = add_gap(s, f.at, record_size(f.record.payload_len), true);
    }
    s->count = kept;
    return st;
}

/* Where a record may begin next: most of a segment that is not full is zeros, in which none does. */
static int64_t step_on(struct window *w, int64_t at)
{
    const uint8_t *p = look(w, at, RECORD_HEAD);
    size_t left = w->len - (size_t)(at - w->at), zeros = 0;
    while (zeros + RECORD_ALIGN <= left && get_be64(p + zeros) == 0)
        zeros += RECORD_ALIGN;
    return zeros > RECORD_HEAD ? at + (int64_t)zeros - RECORD_HEAD : at + RECORD_ALIGN;
}

static status find_headers(struct window *w, const struct segment_head *head, struct scan *s)
{
    int64_t gap = -1; /* where the present one began */
    bool has_suspect = false;
    status st = ST_OK;
    s->end = SEGMENT_HEAD;
    for (int64_t at = SEGMENT_HEAD; st == ST_OK && at + RECORD_HEAD <= w->size;) {
        struct record r;
        enum finding found = examine(w, head, s, at, &r);
        if (found != RECORD) {
            gap = gap < 0 ? at : gap;
            has_suspect |= found == SUSPECT;
            at = step_on(w, at);
            continue;
        }
        if (gap >= 0)
            st = add_gap(s, gap, at - gap, has_suspect);
        gap = -1;
        has_suspect = false;
        if (st == ST_OK)
            st = add_record(s, &r, at);
        at += record_size(r.payload_len);
        s->end = at;
    }
    if (st == ST_OK && gap >= 0 && has_suspect)
        st = add_gap(s, gap, w->size - gap, true);
    return st;
}

static status scan_all(struct window *w, const struct segment_head *head, enum scan_how how, struct scan *s)
{
    status st = find_headers(w, head, s);
    if (st != ST_OK)
        return st;
    int64_t synced = synced_until(s);
    drop_torn(s, synced);
    st = verify(w, how == SCAN_ALL ? 0 : synced, s);
    for (size_t i = 0; i < s->gap_count; i++)
        s->gaps[i].is_last = s->gaps[i].at >= synced;
    return st;
}

static status window_init(struct window *w, const struct spool_calls *calls, int fd, int64_t size)
{
    *w = (struct window){.calls = calls, .fd = fd, .size = size, .data = malloc(size < WINDOW ? (size_t)size : WINDOW)};
    return w->data ? ST_OK : ST_NO_MEMORY;
}

status scan_segment(const struct spool_calls *calls, int fd, const struct segment_head *head, int64_t len,
                    enum scan_how how, struct scan *out)
{
    struct window w;
    AUTO(scan_clear) struct scan s = {0};
    status st = window_init(&w, calls, fd, len);
    if (st == ST_OK)
        st = scan_all(&w, head, how, &s);
    free(w.data);
    if (st != ST_OK)
        return st;
    *out = s;
    s = (struct scan){0};
    return ST_OK;
}

status scan_origin(const struct spool_calls *calls, int fd, int64_t size, uint64_t number, uint64_t *nonce)
{
    struct window w;
    status st = window_init(&w, calls, fd, size);
    if (st != ST_OK)
        return st;
    st = ST_NOT_FOUND;
    for (int64_t at = SEGMENT_HEAD; st != ST_OK && at + RECORD_HEAD <= size; at += RECORD_ALIGN) {
        uint64_t claimed;
        if (record_origin(look(&w, at, RECORD_HEAD), &claimed, nonce) == ST_OK && claimed == number)
            st = ST_OK;
    }
    free(w.data);
    return st;
}
