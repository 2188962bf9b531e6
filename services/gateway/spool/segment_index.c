#include "services/gateway/spool/segment_index.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
    FORMAT = 1,
    HEAD = 64,
    ENTRY = 40,
    TAIL = 4,
    PIECE = 2048, /* entries read or written at a time */
};

static const uint8_t magic[4] = {'M', 'S', 'P', 'X'};

struct index_head {
    struct segment_head segment;
    int64_t end;
    struct upload_id newest;
    size_t count;
};

int64_t segment_index_size(size_t count)
{
    return HEAD + (int64_t)count * ENTRY + TAIL;
}

int segment_index_remove(const struct spool_calls *calls, int folder, uint64_t number)
{
    char name[SEGMENT_NAME];
    return calls->unlink(folder, segment_name(number, "idx", name));
}

/* ---------------------------------------------------------------- coding ---- */

static void encode_head(const struct segment_head *segment, const struct scan *scan, uint8_t out[HEAD])
{
    memcpy(out, magic, sizeof magic);
    put_be32(out + 4, FORMAT);
    put_be64(out + 8, segment->number);
    put_be64(out + 16, segment->nonce);
    put_be64(out + 24, (uint64_t)segment->size);
    put_be64(out + 32, (uint64_t)scan->end);
    put_be64(out + 40, scan->newest.hi);
    put_be64(out + 48, scan->newest.lo);
    put_be32(out + 56, (uint32_t)scan->count);
    put_be32(out + 60, crc32c(0, out, 60));
}

/* Bounds that keep what follows inside the segment, and so the memory for it. */
static status decode_head(const uint8_t in[HEAD], const struct segment_head *segment, struct index_head *out)
{
    if (memcmp(in, magic, sizeof magic) != 0 || get_be32(in + 4) != FORMAT || get_be32(in + 60) != crc32c(0, in, 60))
        return ST_MALFORMED;
    *out = (struct index_head){
        .segment = {.number = get_be64(in + 8), .nonce = get_be64(in + 16), .size = (int64_t)get_be64(in + 24)},
        .end = (int64_t)get_be64(in + 32),
        .newest = {get_be64(in + 40), get_be64(in + 48)},
        .count = get_be32(in + 56),
    };
    if (out->segment.number != segment->number || out->segment.nonce != segment->nonce ||
        out->segment.size != segment->size)
        return ST_MALFORMED;
    int64_t room = segment->size - SEGMENT_HEAD;
    bool fits = out->count > 0 && (int64_t)out->count <= room / (RECORD_HEAD + ACK_SIZE) &&
                out->end <= segment->size - (int64_t)out->count * ACK_SIZE;
    return fits ? ST_OK : ST_MALFORMED;
}

static void encode_entry(const struct scanned *f, uint8_t out[ENTRY])
{
    const struct record *r = &f->record;
    memset(out, 0, ENTRY);
    put_be32(out, (uint32_t)(f->at / RECORD_ALIGN));
    put_be32(out + 4, r->payload_len);
    put_be64(out + 8, r->id.hi);
    put_be64(out + 16, r->id.lo);
    put_be64(out + 24, r->device_hash);
    put_be32(out + 32, r->payload_crc);
    out[36] = (uint8_t)r->kind;
    out[37] = r->is_again;
}

/* The next record, behind `scan->end`. */
static status decode_entry(const uint8_t in[ENTRY], int64_t end, struct scan *scan)
{
    const struct scanned f = {
        .record = {.id = {get_be64(in + 8), get_be64(in + 16)},
                   .device_hash = get_be64(in + 24),
                   .kind = (enum upload_kind)in[36],
                   .payload_len = get_be32(in + 4),
                   .payload_crc = get_be32(in + 32),
                   .is_again = (in[37] & 1) != 0},
        .at = (int64_t)get_be32(in) * RECORD_ALIGN,
    };
    int64_t until = f.at + record_size(f.record.payload_len);
    bool is_later = f.record.is_again || scan->count == 0 || upload_id_compare(f.record.id, scan->newest) > 0;
    if (f.at < scan->end || until > end || in[36] == 0 || in[36] >= UPLOAD_KIND_END || !is_later)
        return ST_MALFORMED;
    scan->records[scan->count++] = f;
    scan->end = until;
    if (upload_id_compare(f.record.id, scan->newest) > 0)
        scan->newest = f.record.id;
    return ST_OK;
}

/* --------------------------------------------------------------- writing ---- */

static status put(const struct spool_calls *calls, int fd, void *data, size_t len, int64_t *at)
{
    struct iovec part = {data, len};
    status st = calls_write_all(calls, fd, &part, 1, *at);
    *at += (int64_t)len;
    return st;
}

static status write_content(const struct spool_calls *calls, int fd, const struct segment_head *head,
                            const struct scan *scan)
{
    AUTO(mem_free) uint8_t *piece = malloc((size_t)PIECE * ENTRY);
    uint8_t raw[HEAD], tail[TAIL];
    int64_t at = 0;
    if (!piece)
        return ST_NO_MEMORY;
    encode_head(head, scan, raw);
    uint32_t crc = crc32c(0, raw, sizeof raw);
    status st = put(calls, fd, raw, sizeof raw, &at);
    for (size_t i = 0, n; st == ST_OK && i < scan->count; i += n) {
        n = scan->count - i < PIECE ? scan->count - i : PIECE;
        for (size_t k = 0; k < n; k++)
            encode_entry(&scan->records[i + k], piece + k * ENTRY);
        crc = crc32c(crc, piece, n * ENTRY);
        st = put(calls, fd, piece, n * ENTRY, &at);
    }
    put_be32(tail, crc);
    return st == ST_OK ? put(calls, fd, tail, sizeof tail, &at) : st;
}

status segment_index_write(const struct spool_calls *calls, int folder, const struct segment_head *head,
                           const struct scan *scan)
{
    char from[SEGMENT_NAME], to[SEGMENT_NAME];
    segment_name(head->number, "tmp", from);
    AUTO(fd_close) int fd = calls->open(folder, from, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        return calls_status(errno);
    status st = write_content(calls, fd, head, scan);
    if (st == ST_OK &&
        (calls->sync(fd) != 0 || calls->rename(folder, from, segment_name(head->number, "idx", to)) != 0))
        st = calls_status(errno);
    if (st != ST_OK)
        calls->unlink(folder, from);
    return st;
}

/* --------------------------------------------------------------- reading ---- */

static status read_entries(const struct spool_calls *calls, int fd, const struct index_head *head, uint32_t crc,
                           struct scan *scan)
{
    AUTO(mem_free) uint8_t *piece = malloc((size_t)PIECE * ENTRY);
    uint8_t tail[TAIL];
    scan->records = malloc(head->count * sizeof *scan->records);
    scan->room = head->count;
    scan->end = SEGMENT_HEAD;
    if (!piece || !scan->records)
        return ST_NO_MEMORY;
    int64_t at = HEAD;
    for (size_t left = head->count, n; left > 0; left -= n) {
        n = left < PIECE ? left : PIECE;
        status st = calls_read_all(calls, fd, piece, n * ENTRY, at);
        for (size_t k = 0; st == ST_OK && k < n; k++)
            st = decode_entry(piece + k * ENTRY, head->end, scan);
        if (st != ST_OK)
            return st;
        crc = crc32c(crc, piece, n * ENTRY);
        at += (int64_t)(n * ENTRY);
    }
    status st = calls_read_all(calls, fd, tail, sizeof tail, at);
    if (st != ST_OK)
        return st;
    bool is_whole =
        get_be32(tail) == crc && scan->end == head->end && upload_id_compare(scan->newest, head->newest) == 0;
    return is_whole ? ST_OK : ST_MALFORMED;
}

status segment_index_read(const struct spool_calls *calls, int folder, const struct segment_head *segment,
                          struct scan *out)
{
    char name[SEGMENT_NAME];
    uint8_t raw[HEAD];
    struct index_head head;
    struct stat info;
    AUTO(scan_clear) struct scan scan = {0};
    AUTO(fd_close)
    int fd = calls->open(folder, segment_name(segment->number, "idx", name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0)
        return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
    if (fstat(fd, &info) != 0)
        return ST_IO;
    if (!S_ISREG(info.st_mode))
        return ST_MALFORMED;
    status st = calls_read_all(calls, fd, raw, sizeof raw, 0);
    if (st == ST_OK)
        st = decode_head(raw, segment, &head);
    if (st == ST_OK && info.st_size != segment_index_size(head.count))
        st = ST_MALFORMED;
    if (st == ST_OK)
        st = read_entries(calls, fd, &head, crc32c(0, raw, sizeof raw), &scan);
    if (st != ST_OK)
        return st;
    *out = scan;
    scan = (struct scan){0};
    return ST_OK;
}
