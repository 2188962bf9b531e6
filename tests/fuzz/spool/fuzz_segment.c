/* Any bytes as a segment: head, records, acknowledgements; and as the index of one. The reading ends, stays inside the file, and what it finds is in order and
 * does not overlap. */
#include "services/gateway/spool/found.h"
#include "services/gateway/spool/segment_index.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NUMBER = 1, NONCE = 0x01010101 };

static void check(const struct scan *s, int64_t size)
{
    int64_t end = SEGMENT_HEAD;
    for (size_t i = 0; i < s->count; i++) {
        const struct scanned *f = &s->records[i];
        if (f->at < end || f->at + record_size(f->record.payload_len) > size)
            abort();
        end = f->at + record_size(f->record.payload_len);
    }
    for (size_t i = 0; i < s->gap_count; i++)
        if (s->gaps[i].len <= 0 || s->gaps[i].at < SEGMENT_HEAD || s->gaps[i].at + s->gaps[i].len > size)
            abort();
}

/* Checksums are put right wherever a header seems to be, so that the scan gets behind them. */
static void seal(uint8_t *bytes, size_t size)
{
    for (size_t at = SEGMENT_HEAD; at + RECORD_HEAD <= size; at += RECORD_ALIGN) {
        uint8_t *r = bytes + at;
        if (memcmp(r, "UPLD", 4) != 0)
            continue;
        size_t len = get_be32(r + 4);
        put_be64(r + 24, NUMBER);
        put_be64(r + 32, NONCE);
        if (len <= size - at - RECORD_HEAD)
            put_be32(r + 56, crc32c(0, r + RECORD_HEAD, len));
        put_be32(r + 60, crc32c(0, r, 60));
    }
}

static void scan(const uint8_t *bytes, size_t size, enum scan_how how)
{
    const struct segment_head head = {.number = NUMBER, .nonce = NONCE, .size = (int64_t)size};
    AUTO(scan_clear) struct scan s = {0};
    uint64_t nonce;
    AUTO(fd_close) int fd = memfd_create("segment", MFD_CLOEXEC);
    if (fd < 0 || pwrite(fd, bytes, size, 0) != (ssize_t)size)
        return;
    if (scan_segment(&spool_calls_real, fd, &head, (int64_t)size, how, &s) != ST_OK)
        abort();
    check(&s, (int64_t)size);
    if (scan_origin(&spool_calls_real, fd, (int64_t)size, NUMBER, &nonce) != ST_OK)
        return;
}

/* As a start does it: head, or what the first record says, then the acknowledgements from the end. */
static void read_whole(const uint8_t *bytes, size_t size)
{
    struct found f = {0};
    const char *problem = NULL;
    AUTO(scan_clear) struct scan s = {0};
    AUTO(found_acks_clear) struct found_acks acks = {0};
    AUTO(fd_close) int fd = memfd_create("segment", MFD_CLOEXEC);
    if (fd < 0 || pwrite(fd, bytes, size, 0) != (ssize_t)size)
        return;
    if (found_read_head(&spool_calls_real, fd, NUMBER, (int64_t)size, &f, &problem) != ST_OK)
        return;
    if (f.len > (int64_t)size || scan_segment(&spool_calls_real, fd, &f.head, f.len, SCAN_LAZILY, &s) != ST_OK)
        abort();
    check(&s, f.len);
    size_t slots = f.has_ack_slots ? s.count + s.gap_count : 0;
    if (found_read_acks(&spool_calls_real, fd, &f.head, slots, &acks) != ST_OK)
        abort();
    if (acks.count > slots || acks.used > slots)
        abort();
    for (size_t i = 0; i < acks.count; i++)
        if (!found_is_acked(&acks, acks.places[i]) || (i > 0 && acks.places[i] < acks.places[i - 1]))
            abort();
}

/* Head and acknowledgements put right, too: of number and nonce only, the size is what the input says. */
static void seal_ends(uint8_t *bytes, size_t size)
{
    memcpy(bytes, "MSPL", 4);
    put_be32(bytes + 4, SEGMENT_FORMAT);
    put_be64(bytes + 8, NUMBER);
    put_be64(bytes + 16, NONCE);
    put_be32(bytes + 60, crc32c(0, bytes, 60));
    for (size_t at = size - size % ACK_SIZE; at >= SEGMENT_HEAD + ACK_SIZE && at > size / 2; at -= 2 * ACK_SIZE)
        ack_encode(get_be32(bytes + at - ACK_SIZE), NONCE, bytes + at - ACK_SIZE);
}

/* -------------------------------------------------------------- an index ---- */

static int index_file = -1; /* what is opened, whatever its name */

static int open_index(int folder, const char *name, int flags, mode_t mode)
{
    (void)folder, (void)name, (void)mode;
    if ((flags & O_TRUNC) && ftruncate(index_file, 0) != 0)
        abort();
    return fcntl(index_file, F_DUPFD_CLOEXEC, 0);
}

static int rename_nothing(int folder, const char *from, const char *to)
{
    return (void)folder, (void)from, (void)to, 0;
}

/* Whatever is believed can be written, and is read as the same. */
static void read_index(const uint8_t *bytes, size_t size, const struct segment_head *head)
{
    struct spool_calls calls = spool_calls_real;
    calls.open = open_index;
    calls.rename = rename_nothing;
    AUTO(scan_clear) struct scan s = {0}, again = {0};
    AUTO(fd_close) int fd = memfd_create("index", MFD_CLOEXEC);
    index_file = fd;
    if (fd < 0 || pwrite(fd, bytes, size, 0) != (ssize_t)size || segment_index_read(&calls, -1, head, &s) != ST_OK)
        return;
    check(&s, head->size);
    if (s.count == 0 || s.end > head->size || segment_index_size(s.count) != (int64_t)size)
        abort();
    if (segment_index_write(&calls, -1, head, &s) != ST_OK || segment_index_read(&calls, -1, head, &again) != ST_OK)
        abort();
    if (again.count != s.count || again.end != s.end || upload_id_compare(again.newest, s.newest) != 0)
        abort();
}

/* As it is, and with the checksums and what it says of its segment put right. */
static void read_indexes(uint8_t *bytes, size_t size)
{
    const struct segment_head head = {
        .number = NUMBER, .nonce = NONCE, .size = (int64_t)(get_be64(bytes + 24) % (1 << 20))};
    read_index(bytes, size, &head);
    memcpy(bytes, "MSPX", 4);
    put_be32(bytes + 4, 1);
    put_be64(bytes + 8, NUMBER);
    put_be64(bytes + 16, NONCE);
    put_be64(bytes + 24, (uint64_t)head.size);
    put_be32(bytes + 60, crc32c(0, bytes, 60));
    put_be32(bytes + size - 4, crc32c(0, bytes, size - 4));
    read_index(bytes, size, &head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < SEGMENT_HEAD || size > 1 << 16)
        return 0;
    scan(data, size, SCAN_ALL);
    scan(data, size, SCAN_LAZILY);
    AUTO(mem_free) uint8_t *sealed = malloc(size);
    if (!sealed)
        return 0;
    memcpy(sealed, data, size);
    seal(sealed, size);
    scan(sealed, size, SCAN_ALL);
    scan(sealed, size, SCAN_LAZILY);
    read_whole(sealed, size);
    seal_ends(sealed, size);
    read_whole(sealed, size);
    if (size >= SEGMENT_HEAD + 4) {
        memcpy(sealed, data, size);
        read_indexes(sealed, size);
    }
    return 0;
}
