#include "services/gateway/spool/found.h"

#include "common/base/cleanup.h"
#include "services/gateway/spool/scan.h"

#include <sys/stat.h>

status found_read_head(const struct spool_calls *calls, int fd, uint64_t number, int64_t usual_size, struct found *f,
                       const char **problem)
{
    uint8_t raw[SEGMENT_HEAD];
    struct stat info;
    *problem = "it cannot be read";
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return ST_IO;
    *problem = "it is shorter than a segment";
    if (info.st_size < SEGMENT_HEAD + RECORD_HEAD || calls_read_all(calls, fd, raw, sizeof raw, 0) != ST_OK)
        return ST_MALFORMED;
    *problem = "its format is newer than this program";
    status st = segment_head_decode(raw, &f->head);
    if (st == ST_REFUSED)
        return st;
    if (st == ST_OK && f->head.number == number && f->head.size >= SEGMENT_HEAD + RECORD_HEAD) {
        f->len = info.st_size < f->head.size ? info.st_size : f->head.size;
        f->has_ack_slots = true;
        return ST_OK;
    }
    *problem = "it has no head and no record of ours";
    f->len = info.st_size;
    f->has_ack_slots = info.st_size == usual_size;
    f->head = (struct segment_head){.number = number, .size = info.st_size};
    return scan_origin(calls, fd, info.st_size, number, &f->head.nonce);
}

void found_acks_clear(struct found_acks *a)
{
    free(a->places);
    *a = (struct found_acks){0};
}

static int by_place(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

status found_read_acks(const struct spool_calls *calls, int fd, const struct segment_head *head, size_t records,
                       struct found_acks *out)
{
    size_t room = (int64_t)records * ACK_SIZE > head->size ? (size_t)head->size / ACK_SIZE : records;
    AUTO(mem_free) uint8_t *raw = calloc(room + 1, ACK_SIZE);
    AUTO(mem_free) uint32_t *list = calloc(room + 1, sizeof *list);
    if (!raw || !list)
        return ST_NO_MEMORY;
    if (calls_read_all(calls, fd, raw, room * ACK_SIZE, head->size - (int64_t)(room * ACK_SIZE)) != ST_OK)
        memset(raw, 0, room * ACK_SIZE); /* not known: all are offered again */
    *out = (struct found_acks){0};
    for (size_t i = 0; i < room; i++) {
        if (ack_decode(raw + (room - 1 - i) * ACK_SIZE, head->nonce, &list[out->count]) != ST_OK)
            continue;
        out->count++;
        out->used = (uint32_t)i + 1;
    }
    qsort(list, out->count, sizeof *list, by_place);
    out->places = STEAL(list);
    return ST_OK;
}

bool found_is_acked(const struct found_acks *a, uint32_t place)
{
    return a->count > 0 && bsearch(&place, a->places, a->count, sizeof place, by_place) != NULL;
}
