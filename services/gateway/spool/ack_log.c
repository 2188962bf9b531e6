#include "services/gateway/spool/ack_log.h"

#include "common/log/log.h"

#include <errno.h>
#include <fcntl.h>

enum { RUN_MAX = 512 }; /* acknowledgements of one write */

void ack_log_add(struct spool *s, uint32_t segment, uint32_t place)
{
    if (s->acked_count == s->acked_room) {
        size_t room = s->acked_room ? s->acked_room * 2 : 256;
        struct acked *grown = realloc(s->acked, room * sizeof *grown);
        if (!grown)
            return;
        s->acked = grown;
        s->acked_room = room;
    }
    s->acked[s->acked_count++] = (struct acked){s->segments[segment]->number, segment, place};
}

static int by_segment(const void *a, const void *b)
{
    const struct acked *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

/* The segment, unless it is gone or about to go: then nobody will ask. */
static struct segment *find(struct spool *s, const struct acked *a, uint32_t *records)
{
    pthread_mutex_lock(&s->lock);
    struct segment *g = s->segments[a->segment];
    if (g && (g->number != a->number || (g->live == 0 && g->is_written && !g->has_unsaved)))
        g = NULL;
    if (g)
        *records = g->records;
    pthread_mutex_unlock(&s->lock);
    return g;
}

static status write_at_end(struct spool *s, const struct segment *g, struct iovec *part)
{
    char name[SEGMENT_NAME];
    AUTO(fd_close) int fd = s->calls->open(s->segment_folder, segment_name(g->number, "seg", name), O_WRONLY, 0);
    if (fd < 0)
        return calls_status(errno);
    return calls_write_all(s->calls, fd, part, 1, g->size - (int64_t)g->acks * ACK_SIZE - (int64_t)part->iov_len);
}

/* Slots grow from the end of the file downwards, so the last one stands first. */
static void write_run(struct spool *s, const struct acked *run, size_t count)
{
    uint8_t raw[RUN_MAX * ACK_SIZE];
    uint32_t records;
    struct segment *g = find(s, run, &records);
    if (!g || g->acks + count > records) /* slots lost in a crash are not used twice: what has none is offered again */
        return;
    for (size_t i = 0; i < count; i++)
        ack_encode(run[i].place, g->nonce, raw + (count - 1 - i) * ACK_SIZE);
    struct iovec part = {raw, count * ACK_SIZE};
    if (write_at_end(s, g, &part) == ST_OK)
        g->acks += (uint32_t)count;
    else
        log_error("acknowledgements not written: uploads will be offered again", LOG_NUMBER("count", count),
                  LOG_TEXT("error", strerror(errno)));
}

void ack_log_flush(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    AUTO(mem_free) struct acked *list = s->acked;
    size_t count = s->acked_count;
    s->acked = NULL;
    s->acked_count = s->acked_room = 0;
    pthread_mutex_unlock(&s->lock);
    if (count == 0)
        return;
    qsort(list, count, sizeof *list, by_segment);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && to - from < RUN_MAX && list[to].number == list[from].number; to++)
            ;
        write_run(s, list + from, to - from);
    }
}
