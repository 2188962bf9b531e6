#include "services/writer/state.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { SECTIONS_FORMAT = 1, SECTIONS_HEAD = 3, SECTION_SIZE = 24, ROWS_FORMAT = 1 };

uint64_t state_hash(uint64_t seed, const void *data, size_t len)
{
    return XXH3_64bits_withSeed(data, len, seed);
}

uint64_t state_section_key(struct view name)
{
    return state_hash(0, name.data, name.len);
}

struct record_hash state_content_hash(struct record_hash content, uint64_t layout)
{
    uint8_t bytes[24];
    put_be64(bytes, content.high);
    put_be64(bytes + 8, content.low);
    put_be64(bytes + 16, layout);
    XXH128_hash_t hash = XXH3_128bits(bytes, sizeof bytes);
    return (struct record_hash){hash.high64, hash.low64};
}

bool state_sections_unpack(struct view packed, struct device_sections *out)
{
    out->count = 0;
    const uint8_t *p = (const uint8_t *)packed.data;
    if (packed.len < SECTIONS_HEAD || p[0] != SECTIONS_FORMAT)
        return false;
    size_t count = get_be16(p + 1);
    if (count > STATE_SECTIONS_MAX || packed.len != SECTIONS_HEAD + count * SECTION_SIZE)
        return false;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *item = p + SECTIONS_HEAD + i * SECTION_SIZE;
        out->items[i] = (struct section_state){get_be64(item), {get_be64(item + 8), get_be64(item + 16)}};
    }
    out->count = count;
    return true;
}

void state_sections_pack(const struct device_sections *sections, struct buffer *out)
{
    buffer_char(out, SECTIONS_FORMAT);
    buffer_be16(out, (uint16_t)sections->count);
    for (size_t i = 0; i < sections->count; i++) {
        buffer_be64(out, sections->items[i].section);
        buffer_be64(out, sections->items[i].hash.high);
        buffer_be64(out, sections->items[i].hash.low);
    }
}

static size_t find(const struct device_sections *sections, uint64_t section)
{
    size_t i = 0;
    while (i < sections->count && sections->items[i].section != section)
        i++;
    return i;
}

bool state_section_is(const struct device_sections *sections, uint64_t section, struct record_hash hash)
{
    size_t i = find(sections, section);
    return i < sections->count && sections->items[i].hash.high == hash.high && sections->items[i].hash.low == hash.low;
}

bool state_section_has(const struct device_sections *sections, uint64_t section)
{
    return find(sections, section) < sections->count;
}

void state_section_put(struct device_sections *sections, uint64_t section, struct record_hash hash)
{
    size_t i = find(sections, section);
    if (i == STATE_SECTIONS_MAX)
        return;
    sections->items[i] = (struct section_state){section, hash};
    if (i == sections->count)
        sections->count++;
}

void state_section_remove(struct device_sections *sections, uint64_t section)
{
    size_t i = find(sections, section);
    if (i < sections->count)
        sections->items[i] = sections->items[--sections->count];
}

bool state_rows_unpack(struct view packed, struct arena *arena, struct kept_rows *out)
{
    *out = (struct kept_rows){0};
    const uint8_t *p = (const uint8_t *)packed.data;
    if (packed.len < STATE_ROWS_HEAD || p[0] != ROWS_FORMAT)
        return false;
    size_t count = get_be32(p + 12);
    if ((packed.len - STATE_ROWS_HEAD) / STATE_ROW_SIZE != count ||
        (packed.len - STATE_ROWS_HEAD) % STATE_ROW_SIZE != 0)
        return false;
    struct kept_row *rows = arena_alloc(arena, (count ? count : 1) * sizeof *rows);
    if (!rows)
        return false;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *row = p + STATE_ROWS_HEAD + i * STATE_ROW_SIZE;
        rows[i] = (struct kept_row){get_be64(row), get_be64(row + 8)};
    }
    *out = (struct kept_rows){get_be16(p + 2), get_be64(p + 4), count, rows};
    return true;
}

void state_rows_pack(const struct kept_rows *rows, struct buffer *out)
{
    buffer_char(out, ROWS_FORMAT);
    buffer_char(out, 0);
    buffer_be16(out, rows->normaliser);
    buffer_be64(out, rows->layout);
    buffer_be32(out, (uint32_t)rows->count);
    for (size_t i = 0; i < rows->count; i++) {
        buffer_be64(out, rows->rows[i].fingerprint);
        buffer_be64(out, rows->rows[i].id);
    }
}
