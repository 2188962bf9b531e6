#include "services/gateway/spool/files.h"

#include "common/base/clock.h"
#include "common/log/log.h"
#include "services/gateway/spool/short_cuts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

enum {
    ZEROS = 1 << 20, /* written at a time, so that commits get between */
    BLOCK = 4096,    /* of file systems; where theirs are larger, a little less is given back */
    WORTH = 16,      /* less than this part of a segment is not worth a hole */
};

status spool_files_add(struct spool *s, struct segment *segment, uint32_t *slot)
{
    size_t i = 0;
    while (i < s->segment_room && s->segments[i])
        i++;
    if (i == s->segment_room) {
        size_t room = i ? i * 2 : 16;
        struct segment **grown = realloc(s->segments, room * sizeof *grown);
        if (!grown)
            return ST_NO_MEMORY;
        memset(grown + i, 0, (room - i) * sizeof *grown);
        s->segments = grown;
        s->segment_room = room;
    }
    s->segments[i] = segment;
    *slot = (uint32_t)i;
    return ST_OK;
}

/* ---------------------------------------------------------------- making ---- */

static status write_zeros(const struct spool_calls *calls, int fd, int64_t size)
{
    AUTO(mem_free) void *zeros = calloc(1, ZEROS);
    if (!zeros)
        return ST_NO_MEMORY;
    for (int64_t at = 0; at < size; at += ZEROS) {
        struct iovec part = {zeros, (size_t)(size - at < ZEROS ? size - at : ZEROS)};
        status st = calls_write_all(calls, fd, &part, 1, at);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

static int reserve_again(const struct spool_calls *calls, int fd, int64_t size)
{
    int result;
    do
        result = calls->reserve(fd, size);
    while (result != 0 && errno == EINTR);
    return result;
}

/* All the room of a file. New ones are written to where the file system cannot reserve; one that is used again has all its blocks,
 * unless the unused ones were given back before a crash. */
static status reserve(const struct spool_calls *calls, int fd, int64_t size, bool is_new, bool writes_zeros)
{
    if (reserve_again(calls, fd, size) == 0)
        return is_new && writes_zeros ? write_zeros(calls, fd, size) : ST_OK;
    if (errno == EOPNOTSUPP || errno == ENOSYS)
        return is_new ? write_zeros(calls, fd, size) : ST_OK;
    return calls_status(errno);
}

static uint64_t make_nonce(void)
{
    uint64_t r = 0;
    if (getrandom(&r, sizeof r, 0) != sizeof r)
        r = (uint64_t)clock_wall_us() * 0x9e3779b97f4a7c15u;
    return r | 1; /* never that of a file of zeros */
}

static status write_head(const struct spool *s, const struct segment *g, int64_t made_us)
{
    uint8_t raw[SEGMENT_HEAD];
    const struct segment_head head = {g->number, g->nonce, g->size, made_us, s->set.gateway_id};
    segment_head_encode(&head, raw);
    struct iovec part = {raw, sizeof raw};
    status st = calls_write_all(s->calls, g->fd, &part, 1, 0);
    if (st == ST_OK && s->calls->sync(g->fd) != 0)
        st = calls_status(errno);
    return st;
}

/* The file gets its name only when its head is on stable storage: so a name always has the head that belongs to it. */
static status make_file(struct spool *s, struct segment *g, const char *from, bool is_new, bool writes_zeros)
{
    char to[SEGMENT_NAME];
    pthread_mutex_lock(&s->lock);
    bool is_known = s->is_full || s->cannot_make;
    int64_t now_us = s->calls->wall_us(), last_us = (int64_t)s->last_us;
    pthread_mutex_unlock(&s->lock);
    g->fd = s->calls->open(s->segment_folder, from, O_RDWR | (is_new ? O_CREAT | O_TRUNC : 0), 0600);
    if (g->fd < 0)
        return calls_status(errno);
    status st = reserve(s->calls, g->fd, g->size, is_new, writes_zeros);
    if (st == ST_OK)
        st = write_head(s, g, now_us > last_us ? now_us : last_us);
    if (st == ST_OK && (s->calls->rename(s->segment_folder, from, segment_name(g->number, "seg", to)) != 0 ||
                        s->calls->sync_folder(s->segment_folder) != 0))
        st = calls_status(errno);
    if (st == ST_OK)
        return ST_OK;
    int error = errno;
    if (!is_known) /* said once, not with every attempt */
        log_error("cannot make a segment", LOG_TEXT("file", from), LOG_TEXT("status", status_name(st)),
                  LOG_TEXT("error", strerror(error)));
    close(g->fd);
    g->fd = -1;
    s->calls->unlink(s->segment_folder, from);
    s->calls->unlink(s->segment_folder, segment_name(g->number, "seg", to));
    return st;
}

/* Where the file comes from: its name now, into `from`. With the lock. */
static status choose(struct spool *s, struct segment *g, char *from, bool *is_new)
{
    *is_new = s->free_count == 0;
    if (spool_is_over(s, *is_new ? g->size : 0))
        return ST_NO_SPACE;
    g->number = ++s->last_number;
    if (*is_new)
        segment_name(g->number, "new", from);
    else
        segment_name(s->free_numbers[--s->free_count], "free", from);
    s->bytes_on_disk += *is_new ? g->size : 0;
    return ST_OK;
}

status spool_files_make(struct spool *s, bool writes_zeros, uint32_t *slot)
{
    char from[SEGMENT_NAME];
    bool is_new;
    AUTO(mem_free) struct segment *g = calloc(1, sizeof *g);
    if (!g)
        return ST_NO_MEMORY;
    const int64_t size = s->set.segment_size;
    *g = (struct segment){.nonce = make_nonce(), .size = size, .held = size, .fd = -1, .end = SEGMENT_HEAD};
    pthread_mutex_lock(&s->lock);
    status st = choose(s, g, from, &is_new);
    pthread_mutex_unlock(&s->lock);
    if (st != ST_OK)
        return st;
    st = make_file(s, g, from, is_new, writes_zeros);
    pthread_mutex_lock(&s->lock);
    if (st == ST_OK)
        st = spool_files_add(s, g, slot);
    if (st == ST_OK) {
        s->bytes_used += g->held;
        g = NULL;
    } else {
        s->bytes_on_disk -= size;
    }
    pthread_mutex_unlock(&s->lock);
    if (g && g->fd >= 0)
        close(g->fd); /* no memory for a slot: recovery will find an empty segment */
    return st;
}

/* ----------------------------------------------------------- giving back ---- */

static status punch(struct spool *s, uint64_t number, int64_t from, int64_t until)
{
    char name[SEGMENT_NAME];
    int result;
    AUTO(fd_close)
    int fd = s->calls->open(s->segment_folder, segment_name(number, "seg", name), O_RDWR | O_NOFOLLOW, 0);
    if (fd < 0)
        return ST_IO;
    do
        result = s->calls->punch(fd, from, until - from);
    while (result != 0 && errno == EINTR);
    return result == 0 ? ST_OK : ST_IO;
}

void spool_files_give_back(struct spool *s, struct segment *g)
{
    int64_t from = (g->end + BLOCK - 1) / BLOCK * BLOCK;
    int64_t until = (g->size - (int64_t)g->records * ACK_SIZE) / BLOCK * BLOCK;
    if (until - from < BLOCK || until - from < g->size / WORTH)
        return;
    if (punch(s, g->number, from, until) == ST_OK)
        g->held = g->size - (until - from);
}

/* -------------------------------------------------------------- retiring ---- */

/* One in which nothing lives, taken out of the table. With the lock. */
static struct segment *take_dead(struct spool *s, size_t *from, bool *is_kept)
{
    for (; *from < s->segment_room; ++*from) {
        struct segment *g = s->segments[*from];
        if (!g || g->live > 0 || !g->is_written || g->has_unsaved)
            continue;
        s->segments[*from] = NULL;
        s->bytes_used -= g->held;
        *is_kept = !g->is_bad && g->held == s->set.segment_size && s->free_count < SPOOL_FREE_MAX;
        return g;
    }
    return NULL;
}

/* A descriptor that is left open would keep the blocks of a removed file. */
static void close_reader(struct spool *s, uint64_t number)
{
    pthread_mutex_lock(&s->read_lock);
    if (s->read_fd >= 0 && s->read_number == number) {
        close(s->read_fd);
        s->read_fd = -1;
    }
    pthread_mutex_unlock(&s->read_lock);
}

static void retire(struct spool *s, struct segment *g, bool is_kept)
{
    close_reader(s, g->number);
    spool_index_remove(s, g); /* before the file may get another use */
    char from[SEGMENT_NAME], to[SEGMENT_NAME];
    segment_name(g->number, "seg", from);
    segment_name(g->number, "free", to);
    int result = is_kept ? s->calls->rename(s->segment_folder, from, to) : s->calls->unlink(s->segment_folder, from);
    if (result != 0)
        log_error("cannot retire a segment", LOG_TEXT("file", from), LOG_TEXT("error", strerror(errno)));
    pthread_mutex_lock(&s->lock);
    if (result == 0 && is_kept)
        s->free_numbers[s->free_count++] = g->number;
    else if (result == 0)
        s->bytes_on_disk -= g->held; /* a file that cannot be removed goes on counting */
    s->is_full = s->is_full && result != 0;
    s->wants_index = true; /* there may be room now for one that had none */
    spool_update_gauges(s);
    pthread_mutex_unlock(&s->lock);
}

void spool_files_retire(struct spool *s)
{
    bool is_kept = false;
    for (size_t from = 0;;) {
        pthread_mutex_lock(&s->lock);
        struct segment *g = take_dead(s, &from, &is_kept);
        pthread_mutex_unlock(&s->lock);
        if (!g)
            return;
        retire(s, g, is_kept);
        free(g);
    }
}

/* One of the free ones, when there is too much. With the lock. */
static bool take_free(struct spool *s, uint64_t *number)
{
    if (s->free_count == 0 || !spool_is_over(s, 0))
        return false;
    *number = s->free_numbers[--s->free_count];
    return true;
}

void spool_files_trim(struct spool *s)
{
    uint64_t number;
    char name[SEGMENT_NAME];
    pthread_mutex_lock(&s->lock);
    while (take_free(s, &number)) {
        pthread_mutex_unlock(&s->lock);
        int result = s->calls->unlink(s->segment_folder, segment_name(number, "free", name));
        pthread_mutex_lock(&s->lock);
        s->bytes_on_disk -= result == 0 ? s->set.segment_size : 0;
    }
    pthread_mutex_unlock(&s->lock);
}

/* --------------------------------------------------------------- reading ---- */

/* One descriptor serves all readers: they read one segment after the other, and a spool may have thousands. */
status spool_files_read(struct spool *s, uint64_t number, void *out, size_t len, off_t at)
{
    pthread_mutex_lock(&s->read_lock);
    if (s->read_fd < 0 || s->read_number != number) {
        char name[SEGMENT_NAME];
        if (s->read_fd >= 0)
            close(s->read_fd);
        s->read_fd = s->calls->open(s->segment_folder, segment_name(number, "seg", name), O_RDONLY, 0);
        s->read_number = number;
    }
    /* Without a descriptor to be had, the file may well be as it was. */
    bool is_short = s->read_fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM);
    status st = is_short ? ST_NO_MEMORY : s->read_fd < 0 ? ST_IO : calls_read_all(s->calls, s->read_fd, out, len, at);
    pthread_mutex_unlock(&s->read_lock);
    return st;
}
