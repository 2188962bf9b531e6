#include "services/gateway/spool/suspects.h"

#include "common/log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

enum { LINE = 16 + 1 + UPLOAD_ID_TEXT - 1 + 1 + 3 + 1, FILE_MAX = SUSPECTS_MAX * LINE };

static const char file_name[] = "suspects", file_being_written[] = "suspects.tmp";

static struct suspect *find(struct spool *s, struct upload_id id)
{
    for (size_t i = 0; i < s->suspect_count; i++)
        if (upload_id_compare(s->suspects[i].id, id) == 0)
            return &s->suspects[i];
    return NULL;
}

/* When all places are taken: that of one that was lost only once, and so probably in bad company. */
static struct suspect *place_for(struct spool *s, unsigned lost)
{
    if (!s->suspects)
        s->suspects = calloc(SUSPECTS_MAX, sizeof *s->suspects);
    if (!s->suspects)
        return NULL;
    if (s->suspect_count < SUSPECTS_MAX)
        return &s->suspects[s->suspect_count++];
    for (size_t i = 0; lost > 1 && i < SUSPECTS_MAX; i++)
        if (s->suspects[i].lost == 1)
            return &s->suspects[i];
    return NULL;
}

void suspects_note(struct spool *s, const struct indexed *upload)
{
    struct suspect *known = find(s, upload->id), *to = known ? known : place_for(s, upload->lost);
    if (!to)
        return;
    *to = (struct suspect){upload->id, upload->device_hash, upload->lost};
    s->suspects_changed = true;
    spool_need_chores(s);
}

void suspects_forget(struct spool *s, const struct indexed *upload)
{
    struct suspect *known = upload->lost > 0 ? find(s, upload->id) : NULL;
    if (!known)
        return;
    *known = s->suspects[--s->suspect_count];
    s->suspects_changed = true;
}

/* ------------------------------------------------------------------ file ---- */

static void take_line(struct spool *s, const char *line)
{
    char text[UPLOAD_ID_TEXT], *rest;
    struct upload_id id;
    uint64_t hash = strtoull(line, &rest, 16);
    if (*rest != ' ' || strlen(rest) < sizeof text + 1)
        return;
    snprintf(text, sizeof text, "%s", rest + 1);
    unsigned long lost = strtoul(rest + sizeof text, NULL, 10);
    if (upload_id_parse(text, &id) != ST_OK)
        return;
    uint32_t ref = index_find(s->index, hash, id);
    if (ref == REF_NONE || lost == 0)
        return;
    struct indexed *upload = index_get(s->index, ref);
    upload->lost = (uint8_t)(lost < UINT8_MAX ? lost : UINT8_MAX);
    suspects_note(s, upload);
}

void suspects_recover(struct spool *s)
{
    AUTO(fd_close) int fd = s->calls->open(s->folder, file_name, O_RDONLY | O_NOFOLLOW, 0);
    AUTO(mem_free) char *text = fd < 0 ? NULL : calloc(1, FILE_MAX + 1);
    ssize_t len = text ? s->calls->read(fd, text, FILE_MAX, 0) : 0;
    char *rest = text;
    for (const char *line; len > 0 && (line = strsep(&rest, "\n"));)
        take_line(s, line);
    s->suspects_changed = len > 0; /* without those that are gone */
}

/* @return bytes; 0: there is none  */
static size_t write_lines(struct spool *s, char *text)
{
    size_t len = 0;
    char id[UPLOAD_ID_TEXT];
    for (size_t i = 0; i < s->suspect_count; i++) {
        const struct suspect *one = &s->suspects[i];
        len += (size_t)snprintf(text + len, FILE_MAX + 1 - len, "%016" PRIx64 " %s %u\n", one->device_hash,
                                upload_id_text(one->id, id), (unsigned)one->lost);
    }
    return len;
}

static bool write_file(struct spool *s, void *text, size_t len)
{
    if (len == 0)
        return s->calls->unlink(s->folder, file_name) == 0 || errno == ENOENT;
    AUTO(fd_close) int fd = s->calls->open(s->folder, file_being_written, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    struct iovec part = {text, len};
    return fd >= 0 && calls_write_all(s->calls, fd, &part, 1, 0) == ST_OK &&
           s->calls->rename(s->folder, file_being_written, file_name) == 0;
}

void suspects_save(struct spool *s)
{
    AUTO(mem_free) char *text = NULL;
    size_t len = 0;
    pthread_mutex_lock(&s->lock);
    bool is_changed = s->suspects_changed;
    if (is_changed && (text = malloc(FILE_MAX + 1)))
        len = write_lines(s, text);
    s->suspects_changed = is_changed && !text;
    pthread_mutex_unlock(&s->lock);
    if (text && !write_file(s, text, len))
        log_warning("losses are not written down: a restart forgets them", LOG_TEXT("error", strerror(errno)));
}
