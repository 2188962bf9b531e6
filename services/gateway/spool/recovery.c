#include "services/gateway/spool/recovery.h"

#include "common/log/log.h"
#include "services/gateway/spool/ack_log.h"
#include "services/gateway/spool/files.h"
#include "services/gateway/spool/found.h"
#include "services/gateway/spool/quarantine.h"
#include "services/gateway/spool/scan.h"
#include "services/gateway/spool/segment_index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* ------------------------------------------------------------ the folder ---- */

struct numbers {
    uint64_t *list;
    size_t count, room;
};

/* What is in the folder. */
struct names {
    struct numbers segments, indexes, used; /* indexes that were believed */
};

static void names_clear_p(struct names *n)
{
    free(n->segments.list);
    free(n->indexes.list);
    free(n->used.list);
}

static status add_number(struct numbers *n, uint64_t number)
{
    if (n->count == n->room) {
        size_t room = n->room ? n->room * 2 : 64;
        uint64_t *grown = realloc(n->list, room * sizeof *grown);
        if (!grown)
            return ST_NO_MEMORY;
        n->list = grown;
        n->room = room;
    }
    n->list[n->count++] = number;
    return ST_OK;
}

static void report_foreign(const char *name, const char *what)
{
    metric_add(&spool_metrics.foreign, 1);
    log_warning("a file of the spool is left alone", LOG_TEXT("file", name), LOG_TEXT("because", what));
}

/* One of the right size is kept to be used again; all others are removed: nothing rests in them. */
static void take_free(struct spool *s, const char *name, uint64_t number)
{
    struct stat info;
    bool is_fit = fstatat(s->segment_folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
                  info.st_size == s->set.segment_size && s->free_count < SPOOL_FREE_MAX;
    if (is_fit) {
        s->free_numbers[s->free_count++] = number;
        s->bytes_on_disk += info.st_size;
    } else if (s->calls->unlink(s->segment_folder, name) != 0) {
        report_foreign(name, "it cannot be removed");
    }
}

static status take_name(struct spool *s, const char *name, struct names *names)
{
    uint64_t number = 0;
    status st = ST_OK;
    if (segment_name_parse(name, "seg", &number))
        st = add_number(&names->segments, number);
    else if (segment_name_parse(name, "free", &number))
        take_free(s, name, number);
    else if (segment_name_parse(name, "idx", &number))
        st = add_number(&names->indexes, number);
    else if (segment_name_parse(name, "new", &number) || segment_name_parse(name, "tmp", &number))
        s->calls->unlink(s->segment_folder, name); /* never had a record */
    else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
        report_foreign(name, "its name is not one of ours");
    s->last_number = number > s->last_number ? number : s->last_number;
    return st;
}

static status read_folder(struct spool *s, struct names *names)
{
    int fd = openat(s->segment_folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        status st = errno == ENOMEM ? ST_NO_MEMORY : ST_IO;
        if (fd >= 0)
            close(fd);
        return st;
    }
    status st = ST_OK;
    for (const struct dirent *e; st == ST_OK && (e = readdir(dir));)
        st = take_name(s, e->d_name, names);
    closedir(dir);
    return st;
}

/* ------------------------------------------------------------ one segment ---- */

static status enter_all(struct spool *s, const struct scan *scan, struct segment *g, uint32_t slot,
                        const struct found_acks *acks)
{
    status st = index_reserve(s->index, scan->count);
    for (size_t i = 0; st == ST_OK && i < scan->count; i++) {
        const struct scanned *f = &scan->records[i];
        uint32_t place = (uint32_t)(f->at / RECORD_ALIGN);
        s->last_us = f->record.id.hi > s->last_us ? f->record.id.hi : s->last_us;
        if (found_is_acked(acks, place))
            continue;
        if (f->record.is_again && index_has(s->index, f->record.device_hash, f->record.id)) {
            ack_log_add(s, slot, place); /* its first record is there, too: the acknowledgement was lost in a crash */
            continue;
        }
        const struct indexed upload = {
            .id = f->record.id,
            .device_hash = f->record.device_hash,
            .segment = slot,
            .place = place,
            .len = f->record.payload_len,
            .kind = (uint8_t)f->record.kind,
        };
        index_add(s->index, &upload);
        g->live++;
        metric_add(&spool_metrics.recovered, 1);
    }
    return st;
}

static void keep_gaps(struct spool *s, int fd, struct segment *g, const struct scan *scan)
{
    for (size_t i = 0; i < scan->gap_count; i++) {
        const struct gap *gap = &scan->gaps[i];
        struct reason why;
        gap_reason(gap, g->number, &why);
        metric_add(gap->is_last ? &spool_metrics.torn : &spool_metrics.damaged, 1);
        status st = quarantine_damage(s, g->number, fd, gap->at, gap->len, &why);
        g->has_unsaved |= st != ST_OK;
        if (gap->is_last)
            log_warning("the end of a segment is torn", LOG_REASON(&why), LOG_TEXT("kept", status_name(st)));
        else
            log_error("the spool is damaged", LOG_REASON(&why), LOG_TEXT("kept", status_name(st)));
    }
}

/* Where its end and the room of its acknowledgements are known. */
static bool is_whole(const struct found *f)
{
    return f->has_ack_slots && f->len == f->head.size;
}

/* From its index, else from the segment itself. */
static status read_records(struct spool *s, int fd, const struct found *f, struct names *names, struct segment *g,
                           struct scan *scan)
{
    status st = is_whole(f) ? segment_index_read(s->calls, s->segment_folder, &f->head, scan) : ST_NOT_FOUND;
    if (st == ST_NO_MEMORY)
        return st;
    if (st != ST_OK)
        return scan_segment(s->calls, fd, &f->head, f->len, SCAN_LAZILY, scan);
    g->index_size = segment_index_size(scan->count);
    s->index_bytes += g->index_size;
    return add_number(&names->used, g->number);
}

/* No more records will come. Not where something damaged stands behind the last one, nor where it is not known which bytes are
 * acknowledgements; and not when nothing lives in it, then it is used again as it is. */
static bool has_unused(const struct segment *g, const struct found *f, const struct scan *scan)
{
    for (size_t i = 0; i < scan->gap_count; i++)
        if (scan->gaps[i].at + scan->gaps[i].len > scan->end)
            return false;
    return g->live > 0 && is_whole(f);
}

static status take_segment(struct spool *s, int fd, const struct found *f, struct names *names)
{
    const struct segment_head *head = &f->head;
    AUTO(scan_clear) struct scan scan = {0};
    AUTO(found_acks_clear) struct found_acks acks = {0};
    AUTO(mem_free) struct segment *g = calloc(1, sizeof *g);
    if (!g)
        return ST_NO_MEMORY;
    *g = (struct segment){.number = head->number,
                          .nonce = head->nonce,
                          .size = head->size,
                          .held = head->size,
                          .fd = -1,
                          .is_written = true};
    uint32_t slot;
    status st = read_records(s, fd, f, names, g, &scan);
    g->end = scan.end;
    if (f->has_ack_slots)
        g->records = (uint32_t)(scan.count + scan.gap_count);
    if (st == ST_OK)
        st = found_read_acks(s->calls, fd, head, g->records, &acks);
    g->acks = acks.used;
    if (st == ST_OK)
        st = spool_files_add(s, g, &slot);
    if (st != ST_OK)
        return st;
    struct segment *kept = STEAL(g);
    kept->is_bad = scan.gap_count > 0; /* blocks that lose bits are not used again */
    keep_gaps(s, fd, kept, &scan);
    st = enter_all(s, &scan, kept, slot, &acks);
    if (st == ST_OK && has_unused(kept, f, &scan))
        spool_files_give_back(s, kept);
    s->bytes_used += kept->held;
    s->bytes_on_disk += kept->held;
    return st;
}

static status recover_segment(struct spool *s, uint64_t number, struct names *names)
{
    char name[SEGMENT_NAME];
    segment_name(number, "seg", name);
    AUTO(fd_close) int fd = s->calls->open(s->segment_folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0) {
        report_foreign(name, strerror(errno));
        return ST_OK;
    }
    struct found found = {0};
    const char *problem = NULL;
    if (found_read_head(s->calls, fd, number, s->set.segment_size, &found, &problem) != ST_OK) {
        report_foreign(name, problem);
        return ST_OK;
    }
    s->last_us = (uint64_t)found.head.made_us > s->last_us ? (uint64_t)found.head.made_us : s->last_us;
    return take_segment(s, fd, &found, names);
}

static int by_number(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Indexes that are damaged, or of a segment or a use of it that is gone. */
static void remove_useless(struct spool *s, const struct names *n)
{
    for (size_t i = 0; i < n->indexes.count; i++) {
        bool is_used = n->used.count > 0 &&
                       bsearch(&n->indexes.list[i], n->used.list, n->used.count, sizeof *n->used.list, by_number);
        if (!is_used && segment_index_remove(s->calls, s->segment_folder, n->indexes.list[i]) != 0)
            log_warning("an index of no use cannot be removed", LOG_NUMBER("segment", n->indexes.list[i]),
                        LOG_TEXT("error", strerror(errno)));
    }
}

status recovery_run(struct spool *s, struct reason *why)
{
    AUTO(names_clear) struct names names = {0};
    const struct numbers *segments = &names.segments;
    status st = read_folder(s, &names);
    if (segments->count > 0)
        qsort(segments->list, segments->count, sizeof *segments->list, by_number);
    for (size_t i = 0; st == ST_OK && i < segments->count; i++)
        st = recover_segment(s, segments->list[i], &names);
    if (st == ST_OK)
        remove_useless(s, &names);
    if (st != ST_OK)
        reason_set(why, "spool", "cannot read the segments: %s", status_name(st));
    else if (segments->count > 0)
        log_info("spool recovered", LOG_NUMBER("segments", segments->count), LOG_NUMBER("indexes", names.used.count),
                 LOG_NUMBER("uploads", index_count(s->index)));
    s->wants_retiring = s->wants_index = true;
    return st;
}
