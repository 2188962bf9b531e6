#include "common/log/kept.h"

#include <ctype.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct slot {
    uint64_t device, from, upload; /**< hashes; 0: the line has no such field */
    uint32_t len;
    char line[LOG_KEPT_BYTES];
};

/* A part of the log, and global like it. */
static struct {
    pthread_mutex_t lock;
    struct slot *slots;
    _Atomic size_t count; /**< 0: nothing is kept */
    size_t used;
    uint64_t added; /**< the next goes into added % count */
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER};

void log_keep(size_t count)
{
    pthread_mutex_lock(&kept.lock);
    free(kept.slots);
    kept.slots = count ? calloc(count, sizeof *kept.slots) : NULL; /* pages are taken when lines come */
    atomic_store(&kept.count, kept.slots ? count : 0);
    kept.used = 0;
    kept.added = 0;
    pthread_mutex_unlock(&kept.lock);
}

/* FNV-1a without ASCII case; never 0. Whoever makes two devices collide only sees the other's lines among his own. */
static uint64_t hash_of(struct view text)
{
    uint64_t hash = 0xcbf29ce484222325u;
    if (text.len == 0)
        return 0;
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (uint64_t)tolower((unsigned char)text.data[i])) * 0x100000001b3u;
    return hash ? hash : 1;
}

static struct view field_text(const struct log_field *fields, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].key, key) == 0 && fields[i].type != LOG_IS_NUMBER)
            return fields[i].type == LOG_IS_TEXT ? view_of(fields[i].text) : fields[i].view;
    return VIEW_ABSENT;
}

bool kept_wants(const struct log_field *fields, size_t count)
{
    if (atomic_load_explicit(&kept.count, memory_order_relaxed) == 0)
        return false;
    static const char *const keys[] = {"device", "from", "upload"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (field_text(fields, count, keys[i]).len > 0)
            return true;
    return false;
}

/* `back` lines ago, from 1. */
static const struct slot *slot_at(uint64_t back)
{
    return &kept.slots[(kept.added - back) % atomic_load(&kept.count)];
}

/* Where the upload itself is refused nobody may know its device any more; who stored it did. */
static uint64_t device_of(uint64_t upload)
{
    for (uint64_t back = 1; upload && back <= kept.used; back++)
        if (slot_at(back)->upload == upload && slot_at(back)->device)
            return slot_at(back)->device;
    return 0;
}

void kept_add(const struct line *line, const struct log_field *fields, size_t count)
{
    uint64_t device = hash_of(field_text(fields, count, "device")), from = hash_of(field_text(fields, count, "from")),
             upload = hash_of(field_text(fields, count, "upload"));
    pthread_mutex_lock(&kept.lock);
    size_t room = atomic_load(&kept.count);
    if (room > 0) {
        device = device ? device : device_of(upload); /* before its own slot is taken */
        struct slot *slot = &kept.slots[kept.added++ % room];
        slot->device = device;
        slot->from = from;
        slot->upload = upload;
        slot->len = (uint32_t)line->len;
        memcpy(slot->line, line->bytes, line->len);
        kept.used += kept.used < room;
    }
    pthread_mutex_unlock(&kept.lock);
}

void log_recall(struct view device, struct view from, size_t max, struct buffer *out)
{
    uint64_t device_hash = hash_of(device), from_hash = hash_of(from);
    size_t found = 0, back = 0;
    pthread_mutex_lock(&kept.lock);
#define IS_ASKED(slot) ((slot)->device ? (slot)->device == device_hash : from_hash && (slot)->from == from_hash)
    while (back < kept.used && found < max) {
        back++;
        found += IS_ASKED(slot_at(back));
    }
    for (bool first = true; back > 0; back--) {
        const struct slot *slot = slot_at(back);
        if (!IS_ASKED(slot))
            continue;
        buffer_text(out, first ? "" : ",");
        buffer_add(out, slot->line, slot->len - 1); /* without the newline */
        first = false;
    }
#undef IS_ASKED
    pthread_mutex_unlock(&kept.lock);
}
