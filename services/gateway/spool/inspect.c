#include "services/gateway/spool/inspect.h"

#include "common/base/cleanup.h"
#include "services/gateway/spool/found.h"
#include "services/gateway/spool/segment_index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { PATH_ROOM = 128 }; /* below the folder of the spool */

static const char *const state_names[SPOOL_STATES] = {
    [SPOOL_PENDING] = "pending", [SPOOL_BROKEN] = "broken",          [SPOOL_TORN] = "torn",
    [SPOOL_FOREIGN] = "foreign", [SPOOL_QUARANTINED] = "quarantine", [SPOOL_REPLAYING] = "replaying",
    [SPOOL_CUT_OUT] = "damaged", [SPOOL_BROKEN_INDEX] = "index",
};

const char *spool_state_name(enum spool_state state)
{
    return state < SPOOL_STATES ? state_names[state] : "unknown";
}

/* One look at a spool. */
struct look {
    int segments, quarantine; /* descriptors */
    bool reads_all, is_enough;
    spool_piece_fn *on_piece;
    void *ctx;
    struct spool_survey *survey;
};

static void tell(struct look *l, const struct spool_piece *piece)
{
    l->survey->count[piece->state]++;
    if (l->on_piece && !l->is_enough)
        l->is_enough = !l->on_piece(l->ctx, piece);
}

static int open_below(const char *folder, const char *name, int flags)
{
    AUTO(fd_close) int top = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return top < 0 ? -1 : openat(top, name, flags | O_CLOEXEC);
}

/* -------------------------------------------------------------- segments ---- */

static void tell_foreign(struct look *l, const char *name, const char *problem)
{
    struct spool_piece piece = {.state = SPOOL_FOREIGN};
    snprintf(piece.name, sizeof piece.name, "%s", name);
    reason_set(&piece.why, "foreign", "%s", problem);
    tell(l, &piece);
}

static void tell_record(struct look *l, const struct segment_head *head, const struct scanned *f, int64_t ack_at)
{
    struct spool_piece piece = {.state = SPOOL_PENDING,
                                .id = f->record.id,
                                .kind = f->record.kind,
                                .bytes = f->record.payload_len,
                                .segment = head->number,
                                .at = f->at,
                                .nonce = head->nonce,
                                .ack_at = ack_at};
    upload_id_text(piece.id, piece.name);
    tell(l, &piece);
}

static void tell_gap(struct look *l, uint64_t number, const struct gap *gap)
{
    struct spool_piece piece = {
        .state = gap->is_last ? SPOOL_TORN : SPOOL_BROKEN, .bytes = gap->len, .segment = number, .at = gap->at};
    snprintf(piece.name, sizeof piece.name, "%016" PRIx64 "-%016" PRIx64, number, (uint64_t)gap->at);
    gap_reason(gap, number, &piece.why);
    tell(l, &piece);
}

/* Whether a gateway has begun to use the file for something else while we read it. */
static bool has_changed(int fd, const struct found *before)
{
    struct found now;
    const char *problem;
    return found_read_head(&spool_calls_real, fd, before->head.number, 0, &now, &problem) != ST_OK ||
           now.head.nonce != before->head.nonce;
}

/* The same records, as far as an index knows them. */
static bool is_index_of(const struct scan *index, const struct scan *scan)
{
    bool is_same = index->count == scan->count && index->end == scan->end;
    for (size_t i = 0; is_same && i < scan->count; i++) {
        const struct record *a = &index->records[i].record, *b = &scan->records[i].record;
        is_same = index->records[i].at == scan->records[i].at && upload_id_compare(a->id, b->id) == 0 &&
                  a->device_hash == b->device_hash && a->kind == b->kind && a->payload_len == b->payload_len &&
                  a->payload_crc == b->payload_crc && a->is_again == b->is_again;
    }
    return is_same;
}

/* Its records are those of the segment; where that is damaged itself, only the index alone can be judged. */
static status look_at_index(struct look *l, const struct found *f, const struct scan *scan)
{
    char name[SEGMENT_NAME];
    struct stat info;
    AUTO(scan_clear) struct scan index = {0};
    status st = segment_index_read(&spool_calls_real, l->segments, &f->head, &index);
    if (st == ST_NOT_FOUND || st == ST_NO_MEMORY)
        return st == ST_NOT_FOUND ? ST_OK : st;
    if (st == ST_OK && (scan->gap_count > 0 || is_index_of(&index, scan)))
        return ST_OK;
    struct spool_piece piece = {.state = SPOOL_BROKEN_INDEX, .segment = f->head.number};
    snprintf(piece.name, sizeof piece.name, "%s", segment_name(f->head.number, "idx", name));
    piece.bytes = fstatat(l->segments, name, &info, AT_SYMLINK_NOFOLLOW) == 0 ? info.st_size : 0;
    reason_set(&piece.why, "damaged",
               "it does not fit its segment: the next start reads that instead and makes another");
    tell(l, &piece);
    return ST_OK;
}

/* A segment that was found at a start has a hole. */
static int64_t held(int fd, const struct found *f)
{
    struct stat info;
    int64_t blocks = fstat(fd, &info) == 0 ? (int64_t)info.st_blocks * 512 : f->head.size;
    return blocks < f->head.size ? blocks : f->head.size;
}

static status look_into(struct look *l, int fd, const struct found *f)
{
    AUTO(scan_clear) struct scan scan = {0};
    AUTO(found_acks_clear) struct found_acks acks = {0};
    status st = scan_segment(&spool_calls_real, fd, &f->head, f->len, l->reads_all ? SCAN_ALL : SCAN_LAZILY, &scan);
    size_t slots = f->has_ack_slots ? scan.count + scan.gap_count : 0;
    if (st == ST_OK)
        st = found_read_acks(&spool_calls_real, fd, &f->head, slots, &acks);
    if (st != ST_OK || has_changed(fd, f))
        return st;
    int64_t ack_at = acks.used < slots ? f->head.size - (int64_t)(acks.used + 1) * ACK_SIZE : -1;
    l->survey->segments++;
    l->survey->segment_bytes += held(fd, f);
    l->survey->records += (int64_t)scan.count;
    for (size_t i = 0; i < scan.count; i++)
        if (found_is_acked(&acks, (uint32_t)(scan.records[i].at / RECORD_ALIGN)))
            l->survey->acknowledged++;
        else
            tell_record(l, &f->head, &scan.records[i], ack_at);
    for (size_t i = 0; i < scan.gap_count; i++)
        tell_gap(l, f->head.number, &scan.gaps[i]);
    return look_at_index(l, f, &scan);
}

static status look_at_segment(struct look *l, const char *name)
{
    uint64_t number;
    static const char *const others[] = {"free", "new", "idx", "tmp"}; /* nothing rests in them */
    for (size_t i = 0; i < COUNT(others); i++)
        if (segment_name_parse(name, others[i], &number))
            return ST_OK;
    if (!segment_name_parse(name, "seg", &number))
        return tell_foreign(l, name, "its name is not one of ours"), ST_OK;
    AUTO(fd_close) int fd = openat(l->segments, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return ST_OK; /* all of it was acknowledged meanwhile */
    struct found f = {0};
    const char *problem = fd < 0 ? strerror(errno) : NULL;
    status st = fd < 0 ? ST_IO : found_read_head(&spool_calls_real, fd, number, 0, &f, &problem);
    if (st == ST_NO_MEMORY)
        return st;
    return st == ST_OK ? look_into(l, fd, &f) : (tell_foreign(l, name, problem), ST_OK);
}

/* ------------------------------------------------------------ quarantine ---- */

static const struct {
    const char *suffix;
    enum spool_state state;
} suffixes[] = {{".upload", SPOOL_QUARANTINED}, {".replay", SPOOL_REPLAYING}, {".damaged", SPOOL_CUT_OUT}};

static void read_reason(struct look *l, struct spool_piece *piece)
{
    char name[SPOOL_NAME + 8], text[sizeof piece->why + 2] = "";
    snprintf(name, sizeof name, "%s.reason", piece->name);
    AUTO(fd_close) int fd = openat(l->quarantine, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    text[len > 0 ? len : 0] = '\0';
    char *rest = strchr(text, '\n');
    if (!rest) {
        reason_set(&piece->why, "unknown", "its reason is missing");
        return;
    }
    *rest++ = '\0';
    rest[strcspn(rest, "\n")] = '\0';
    reason_set(&piece->why, text, "%s", rest);
}

static void read_kind(struct look *l, const char *file, struct spool_piece *piece)
{
    uint8_t raw[UPLOAD_HEAD_MAX];
    struct upload_head head;
    struct view body;
    AUTO(fd_close) int fd = openat(l->quarantine, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, raw, sizeof raw);
    if (len > 0 && upload_head_decode(raw, (size_t)len, &head, &body) == ST_OK)
        piece->kind = head.kind;
}

static status look_at_quarantined(struct look *l, const char *name)
{
    size_t len = strlen(name), which = 0;
    while (which < COUNT(suffixes) &&
           !(len > strlen(suffixes[which].suffix) &&
             strcmp(name + len - strlen(suffixes[which].suffix), suffixes[which].suffix) == 0))
        which++;
    struct stat info;
    if (which == COUNT(suffixes) || len >= SPOOL_NAME || fstatat(l->quarantine, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return ST_OK;
    struct spool_piece piece = {.state = suffixes[which].state, .bytes = info.st_size};
    snprintf(piece.name, sizeof piece.name, "%.*s", (int)(len - strlen(suffixes[which].suffix)), name);
    if (piece.state != SPOOL_CUT_OUT && upload_id_parse(piece.name, &piece.id) == ST_OK)
        read_kind(l, name, &piece);
    read_reason(l, &piece);
    l->survey->quarantine_bytes += piece.bytes;
    tell(l, &piece);
    return ST_OK;
}

/* --------------------------------------------------------------- folders ---- */

static status each_name(struct look *l, int folder, status (*fn)(struct look *l, const char *name))
{
    struct dirent **list = NULL;
    int count = scandirat(folder, ".", &list, NULL, alphasort);
    if (count < 0)
        return errno == ENOMEM ? ST_NO_MEMORY : ST_IO;
    status st = ST_OK;
    for (int i = 0; i < count; i++) {
        if (st == ST_OK && !l->is_enough && list[i]->d_name[0] != '.')
            st = fn(l, list[i]->d_name);
        free(list[i]);
    }
    free(list);
    return st;
}

/* The lock for a moment, which the gateway tries for more than once. */
static bool is_in_use(const char *folder)
{
    AUTO(fd_close) int fd = open_below(folder, "lock", O_RDONLY);
    return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0;
}

status spool_inspect(const char *folder, bool reads_all, spool_piece_fn *on_piece, void *ctx, struct spool_survey *out,
                     struct reason *why)
{
    AUTO(fd_close) int segments = open_below(folder, "segments", O_RDONLY | O_DIRECTORY);
    int error = errno;
    AUTO(fd_close) int quarantine = open_below(folder, "quarantine", O_RDONLY | O_DIRECTORY);
    if (segments < 0 || quarantine < 0) {
        error = segments < 0 ? error : errno;
        reason_set(why, "no_spool", "%s: no spool: %s", folder, strerror(error));
        return error == ENOENT || error == ENOTDIR ? ST_NOT_FOUND : ST_IO;
    }
    *out = (struct spool_survey){.in_use = is_in_use(folder)};
    struct look l = {segments, quarantine, reads_all, false, on_piece, ctx, out};
    status st = each_name(&l, segments, look_at_segment);
    if (st == ST_OK)
        st = each_name(&l, quarantine, look_at_quarantined);
    if (st != ST_OK)
        reason_set(why, "spool", "%s: cannot be read: %s", folder, status_name(st));
    return st;
}

/* --------------------------------------------------------------- reading ---- */

static const char *suffix_of(enum spool_state state)
{
    for (size_t i = 0; i < COUNT(suffixes); i++)
        if (suffixes[i].state == state)
            return suffixes[i].suffix;
    return NULL;
}

/* Path below the spool's folder, and where the bytes begin in that file. */
static int64_t locate(const struct spool_piece *piece, char path[static PATH_ROOM])
{
    char name[SEGMENT_NAME];
    const char *suffix = suffix_of(piece->state);
    if (suffix)
        snprintf(path, PATH_ROOM, "quarantine/%s%s", piece->name, suffix);
    else if (piece->state == SPOOL_FOREIGN || piece->state == SPOOL_BROKEN_INDEX)
        snprintf(path, PATH_ROOM, "segments/%s", piece->name);
    else
        snprintf(path, PATH_ROOM, "segments/%s", segment_name(piece->segment, "seg", name));
    return piece->state == SPOOL_PENDING ? piece->at + RECORD_HEAD : piece->at;
}

/* A segment may have been used for something else since it was looked at. */
static bool is_still_there(int fd, const struct spool_piece *piece)
{
    uint8_t raw[RECORD_HEAD];
    struct record r;
    return piece->state != SPOOL_PENDING ||
           (calls_read_all(&spool_calls_real, fd, raw, sizeof raw, piece->at) == ST_OK &&
            record_decode(raw, piece->segment, piece->nonce, &r) == ST_OK && upload_id_compare(r.id, piece->id) == 0);
}

status spool_piece_read(const char *folder, const struct spool_piece *piece, struct buffer *out)
{
    char path[PATH_ROOM];
    int64_t at = locate(piece, path);
    AUTO(fd_close) int fd = open_below(folder, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
    char *to = buffer_extend(out, (size_t)piece->bytes);
    if (!to)
        return buffer_status(out);
    status st = calls_read_all(&spool_calls_real, fd, to, (size_t)piece->bytes, at);
    return st == ST_OK && !is_still_there(fd, piece) ? ST_NOT_FOUND : st;
}

/* -------------------------------------------------------------- changing ---- */

static status failed(const struct spool_piece *piece, struct reason *why)
{
    int error = errno;
    reason_set(why, "spool", "%s: %s", piece->name, error == ENOENT ? "it is not there any more" : strerror(error));
    return error == ENOENT ? ST_NOT_FOUND : ST_IO;
}

status spool_piece_replay(const char *folder, const struct spool_piece *piece, struct reason *why)
{
    char from[PATH_ROOM], to[PATH_ROOM];
    if (piece->state == SPOOL_REPLAYING)
        return ST_OK;
    if (piece->state != SPOOL_QUARANTINED || piece->kind == 0) {
        reason_set(why, "no_upload", "%s: %s: %s", piece->name, spool_state_name(piece->state),
                   piece->state == SPOOL_PENDING ? "it will be offered anyway; what is in quarantine can be replayed"
                                                 : "not an upload in quarantine that can be read: nothing to replay");
        return ST_INVALID;
    }
    snprintf(from, sizeof from, "%s.upload", piece->name);
    snprintf(to, sizeof to, "%s.replay", piece->name);
    AUTO(fd_close) int quarantine = open_below(folder, "quarantine", O_RDONLY | O_DIRECTORY);
    if (quarantine < 0 || renameat(quarantine, from, quarantine, to) != 0 || fsync(quarantine) != 0)
        return failed(piece, why);
    return ST_OK;
}

static status drop_file(const char *folder, const struct spool_piece *piece, struct reason *why)
{
    char path[PATH_ROOM];
    snprintf(path, sizeof path, "%s%s", piece->name, suffix_of(piece->state));
    AUTO(fd_close) int quarantine = open_below(folder, "quarantine", O_RDONLY | O_DIRECTORY);
    if (quarantine < 0 || unlinkat(quarantine, path, 0) != 0)
        return failed(piece, why);
    snprintf(path, sizeof path, "%s.reason", piece->name);
    if ((unlinkat(quarantine, path, 0) != 0 && errno != ENOENT) || fsync(quarantine) != 0)
        return failed(piece, why);
    return ST_OK;
}

/* Its acknowledgement is written in the place of the gateway, which is kept out meanwhile. */
static status acknowledge(const char *folder, const struct spool_piece *piece, struct reason *why)
{
    char path[PATH_ROOM];
    uint8_t raw[ACK_SIZE];
    AUTO(fd_close) int lock = open_below(folder, "lock", O_RDONLY);
    if (lock < 0)
        return failed(piece, why);
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        reason_set(why, "in_use", "%s is pending, and a gateway has the spool: stop it to drop the upload",
                   piece->name);
        return ST_CONFLICT;
    }
    (void)locate(piece, path);
    AUTO(fd_close) int fd = open_below(folder, path, O_RDWR | O_NOFOLLOW);
    if (fd < 0)
        return failed(piece, why);
    if (!is_still_there(fd, piece) || piece->ack_at < 0) {
        reason_set(why, "spool", "%s: its segment has changed or has no room: look again", piece->name);
        return ST_NOT_FOUND;
    }
    ack_encode((uint32_t)(piece->at / RECORD_ALIGN), piece->nonce, raw);
    if (pwrite(fd, raw, sizeof raw, piece->ack_at) != (ssize_t)sizeof raw || fdatasync(fd) != 0)
        return failed(piece, why);
    return ST_OK;
}

status spool_piece_drop(const char *folder, const struct spool_piece *piece, struct reason *why)
{
    if (piece->state == SPOOL_PENDING)
        return acknowledge(folder, piece, why);
    if (suffix_of(piece->state))
        return drop_file(folder, piece, why);
    reason_set(why, "not_ours", "%s: %s: only uploads and what is in quarantine can be dropped%s", piece->name,
               spool_state_name(piece->state),
               piece->state == SPOOL_BROKEN || piece->state == SPOOL_TORN ? "; a gateway's start sets it aside"
               : piece->state == SPOOL_FOREIGN                            ? "; what is not ours is moved away by hand"
                                                                          : "");
    return ST_INVALID;
}
