#include "services/gateway/spool/short_cuts.h"

#include "common/log/log.h"
#include "services/gateway/spool/segment_index.h"

#include <errno.h>
#include <fcntl.h>

static void count(struct spool *s, struct segment *g, int64_t size)
{
    pthread_mutex_lock(&s->lock);
    s->index_bytes += size - g->index_size;
    g->index_size = size;
    spool_update_gauges(s);
    pthread_mutex_unlock(&s->lock);
}

void spool_index_remove(struct spool *s, struct segment *g)
{
    if (g->index_size == 0)
        return;
    if (segment_index_remove(s->calls, s->segment_folder, g->number) != 0 && errno != ENOENT)
        log_error("cannot remove the index of a segment", LOG_NUMBER("segment", g->number),
                  LOG_TEXT("error", strerror(errno)));
    count(s, g, 0); /* one that is left is removed at the next start */
}

/* ---------------------------------------------------------------- making ---- */

/* One that is worth an index for which there is room, and for one more segment beside it. With the lock. */
static struct segment *choose(struct spool *s)
{
    for (size_t i = 0; i < s->segment_room; i++) {
        struct segment *g = s->segments[i];
        if (g && g->is_written && !g->is_bad && g->live > 0 && g->index_size == 0 && !g->is_index_tried &&
            !spool_is_over(s, s->index_bytes + segment_index_size(g->records) + s->set.segment_size))
            return g;
    }
    return NULL;
}

/* What is in the file is read, so nothing has to be remembered for it meanwhile. Synced: a process that was killed may have left
 * pages that never got to the disk. */
static status read_records(struct spool *s, const struct segment_head *head, struct scan *scan)
{
    char name[SEGMENT_NAME];
    AUTO(fd_close)
    int fd = s->calls->open(s->segment_folder, segment_name(head->number, "seg", name), O_RDONLY | O_NOFOLLOW, 0);
    if (fd < 0 || s->calls->sync(fd) != 0)
        return calls_status(errno);
    status st = scan_segment(s->calls, fd, head, head->size, SCAN_LAZILY, scan);
    return st == ST_OK && (scan->gap_count > 0 || scan->count == 0) ? ST_MALFORMED : st;
}

static void make(struct spool *s, struct segment *g)
{
    const struct segment_head head = {.number = g->number, .nonce = g->nonce, .size = g->size};
    AUTO(scan_clear) struct scan scan = {0};
    status st = read_records(s, &head, &scan);
    int64_t size = segment_index_size(scan.count);
    if (st == ST_OK)
        st = segment_index_write(s->calls, s->segment_folder, &head, &scan);
    if (st == ST_OK)
        count(s, g, size);
    else
        log_warning("a segment has no index: the next start takes longer", LOG_NUMBER("segment", g->number),
                    LOG_TEXT("status", status_name(st)));
}

/* ---------------------------------------------------------------- giving way ---- */

/* One with an index, when there is too much. With the lock. */
static struct segment *choose_to_give_way(struct spool *s)
{
    if (s->index_bytes == 0 || !spool_is_over(s, s->index_bytes))
        return NULL;
    for (size_t i = 0; i < s->segment_room; i++)
        if (s->segments[i] && s->segments[i]->index_size > 0)
            return s->segments[i];
    return NULL;
}

bool spool_index_one(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    struct segment *too_much = choose_to_give_way(s);
    struct segment *g = s->wants_index && !too_much ? choose(s) : NULL;
    s->wants_index = s->wants_index && (g || too_much);
    if (g)
        g->is_index_tried = true;
    pthread_mutex_unlock(&s->lock);
    if (too_much) {
        spool_index_remove(s, too_much);
        too_much->is_index_tried = false; /* once more, when there is room */
    }
    if (g)
        make(s, g);
    return g || too_much;
}
