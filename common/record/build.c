/* Making a record: everything is appended to one buffer; lengths and hashes are filled in when a row or a section closes. */
#define XXH_INLINE_ALL
#include "common/record/encoding.h"
#include "common/record/record.h"

#include <lz4.h>
#include <xxhash.h>

struct record_builder {
    struct buffer raw;    /* head and body, unpacked */
    struct buffer packed; /* the message when LZ4 was asked for */
    XXH3_state_t hash;    /* of the open section: its fields' names, then its rows' fingerprints */
    size_t section_at;    /* where the fixed part of the open section begins; 0: none is open */
    size_t fields;        /* of the open section */
    uint32_t rows;        /* of the open section */
    uint16_t sections;
};

struct record_builder *record_builder_new(size_t max)
{
    struct record_builder *b = aligned_alloc(_Alignof(struct record_builder), sizeof *b); /* XXH3's state wants 64 */
    if (!b)
        return NULL;
    *b = (struct record_builder){
        .raw = BUFFER_INIT(max),
        .packed = BUFFER_INIT(max + RECORD_HEAD_SIZE + RECORD_CRC_SIZE),
    };
    return b;
}

void record_builder_destroy(struct record_builder *b)
{
    if (!b)
        return;
    buffer_clear(&b->raw);
    buffer_clear(&b->packed);
    free(b);
}

/* value := varint(0): absent | varint(len + 1) bytes */
static size_t value_size(struct view v)
{
    size_t size = 1;
    for (uint64_t n = v.data ? (uint64_t)v.len + 1 : 0; n >= 0x80; n >>= 7)
        size++;
    return size + (v.data ? v.len : 0);
}

static char *put_value(char *to, struct view v)
{
    uint64_t n = v.data ? (uint64_t)v.len + 1 : 0;
    for (; n >= 0x80; n >>= 7)
        *to++ = (char)(n | 0x80);
    *to++ = (char)n;
    if (v.data && v.len)
        memcpy(to, v.data, v.len);
    return to + (v.data ? v.len : 0);
}

static void add_value(struct buffer *b, struct view v)
{
    char *to = buffer_extend(b, value_size(v));
    if (to)
        put_value(to, v);
}

void record_begin(struct record_builder *b, const struct record_head *head)
{
    buffer_reset(&b->raw);
    b->section_at = 0;
    b->sections = 0;
    buffer_text(&b->raw, RECORD_MAGIC);
    buffer_char(&b->raw, RECORD_FORMAT);
    buffer_char(&b->raw, (char)head->kind);
    buffer_be16(&b->raw, head->https ? RECORD_FLAG_HTTPS : 0);
    buffer_be16(&b->raw, head->normaliser);
    buffer_be16(&b->raw, 0); /* sections: known at the end */
    buffer_be32(&b->raw, 0); /* raw_len: known at the end */
    buffer_be64(&b->raw, head->id.hi);
    buffer_be64(&b->raw, head->id.lo);
    buffer_char(&b->raw, (char)head->from.len);
    buffer_add(&b->raw, head->from.bytes, sizeof head->from.bytes);
    add_value(&b->raw, head->agent);
    add_value(&b->raw, head->deviceid);
    add_value(&b->raw, head->old_deviceid);
}

/* Fill in what is known now that the open section has all its rows. */
static void close_section(struct record_builder *b)
{
    if (!b->section_at || buffer_status(&b->raw) != ST_OK)
        return;
    char *at = b->raw.data + b->section_at;
    XXH128_hash_t hash = XXH3_128bits_digest(&b->hash);
    put_be32(at + 4, b->rows);
    put_be32(at + 8, (uint32_t)(b->raw.len - b->section_at - RECORD_SECTION_FIXED));
    put_be64(at + 12, hash.high64);
    put_be64(at + 20, hash.low64);
    b->section_at = 0;
}

void record_section(struct record_builder *b, struct view name, const struct view *fields, size_t field_count)
{
    close_section(b);
    if (field_count > RECORD_FIELDS_MAX || b->sections == UINT16_MAX) {
        b->raw.failed = ST_TOO_BIG;
        return;
    }
    add_value(&b->raw, name);
    b->section_at = b->raw.len;
    b->fields = field_count;
    b->rows = 0;
    b->sections++;
    buffer_be16(&b->raw, 0);
    buffer_be16(&b->raw, (uint16_t)field_count);
    buffer_extend(&b->raw, RECORD_SECTION_FIXED - 4);
    size_t names_at = b->raw.len;
    for (size_t i = 0; i < field_count; i++)
        add_value(&b->raw, fields[i]);
    XXH3_128bits_reset(&b->hash);
    if (buffer_status(&b->raw) == ST_OK)
        XXH3_128bits_update(&b->hash, b->raw.data + names_at, b->raw.len - names_at);
}

void record_flag(struct record_builder *b, unsigned flags)
{
    if (buffer_status(&b->raw) != ST_OK || !b->section_at)
        return;
    char *at = b->raw.data + b->section_at;
    put_be16(at, (uint16_t)(get_be16(at) | flags));
}

void record_row(struct record_builder *b, const struct view *values)
{
    if (buffer_status(&b->raw) != ST_OK)
        return; /* perhaps the section was never opened: nobody knows how many values there are */
    size_t len = 0;
    for (size_t i = 0; i < b->fields; i++)
        len += value_size(values[i]);
    char *row = buffer_extend(&b->raw, RECORD_ROW_FIXED + len);
    if (!row)
        return;
    char *to = row + RECORD_ROW_FIXED;
    for (size_t i = 0; i < b->fields; i++)
        to = put_value(to, values[i]);
    put_be64(row, XXH3_64bits(row + RECORD_ROW_FIXED, len));
    put_be32(row + 8, (uint32_t)len);
    XXH3_128bits_update(&b->hash, row, 8);
    b->rows++;
}

/* The same message with its body packed; left empty when that would not make it smaller. */
static void pack(struct record_builder *b)
{
    const char *raw = b->raw.data;
    int body_len = (int)(b->raw.len - RECORD_HEAD_SIZE);
    buffer_reset(&b->packed);
    char *to = buffer_extend(&b->packed, b->raw.len - 1);
    if (!to)
        return;
    memcpy(to, raw, RECORD_HEAD_SIZE);
    int len = LZ4_compress_default(raw + RECORD_HEAD_SIZE, to + RECORD_HEAD_SIZE, body_len, body_len - 1);
    b->packed.len = len > 0 ? RECORD_HEAD_SIZE + (size_t)len : 0;
    put_be16(to + RECORD_OFFSET_FLAGS, (uint16_t)(get_be16(to + RECORD_OFFSET_FLAGS) | RECORD_FLAG_LZ4));
}

status record_finish(struct record_builder *b, bool lz4, struct view *out)
{
    close_section(b);
    if (buffer_status(&b->raw) != ST_OK)
        return buffer_status(&b->raw);
    if (b->raw.len > LZ4_MAX_INPUT_SIZE)
        return ST_TOO_BIG;
    put_be16(b->raw.data + RECORD_OFFSET_SECTIONS, b->sections);
    put_be32(b->raw.data + RECORD_OFFSET_RAW_LEN, (uint32_t)(b->raw.len - RECORD_HEAD_SIZE));
    struct buffer *message = &b->raw;
    if (lz4) {
        pack(b);
        message = b->packed.len ? &b->packed : &b->raw;
    }
    buffer_be32(message, crc32c(0, message->data, message->len));
    if (buffer_status(message) != ST_OK)
        return buffer_status(message);
    *out = buffer_view(message);
    return ST_OK;
}
