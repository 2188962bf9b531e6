/* Opening a record: one pass over the whole message checks every length, so that what follows can trust them. */
#include "common/record/encoding.h"
#include "common/record/record.h"

#include <lz4.h>

struct record {
    struct record_head head;
    uint8_t *unpacked; /* owned; NULL when the message was not packed */
    size_t bytes;      /* of the body, unpacked */
    size_t section_count;
    struct record_section_view sections[];
};

/* What is left to read. A failed read leaves `at` at the end, so that the next one fails, too. */
struct cursor {
    const uint8_t *at, *end;
    bool failed;
};

static const uint8_t *take(struct cursor *c, size_t len)
{
    if (len > (size_t)(c->end - c->at)) {
        c->failed = true;
        c->at = c->end;
        return NULL;
    }
    const uint8_t *p = c->at;
    c->at += len;
    return p;
}

static uint32_t take_varint(struct cursor *c)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 7 * RECORD_VARINT_MAX; shift += 7) {
        const uint8_t *p = take(c, 1);
        if (!p)
            return 0;
        v |= (uint64_t)(*p & 0x7f) << shift;
        if (!(*p & 0x80)) {
            c->failed |= v > UINT32_MAX;
            return (uint32_t)v;
        }
    }
    c->failed = true;
    return 0;
}

static struct view take_value(struct cursor *c)
{
    uint32_t n = take_varint(c);
    if (n == 0)
        return VIEW_ABSENT;
    const uint8_t *p = take(c, n - 1);
    return p ? (struct view){(const char *)p, n - 1} : VIEW_ABSENT;
}

static bool rows_fit(const struct record_section_view *s)
{
    struct cursor c = {s->rows, s->rows_end, false};
    for (size_t row = 0; row < s->row_count && !c.failed; row++) {
        const uint8_t *fixed = take(&c, RECORD_ROW_FIXED);
        if (!fixed)
            return false;
        const uint8_t *bytes = take(&c, get_be32(fixed + 8));
        if (!bytes)
            return false;
        struct cursor values = {bytes, c.at, false};
        for (size_t i = 0; i < s->field_count; i++)
            (void)take_value(&values); /* only its length matters here */
        if (values.failed || values.at != values.end)
            return false;
    }
    return !c.failed && c.at == c.end;
}

static bool take_section(struct cursor *c, struct record_section_view *s)
{
    s->name = take_value(c);
    const uint8_t *fixed = take(c, RECORD_SECTION_FIXED);
    if (!fixed || !s->name.data)
        return false;
    s->flags = get_be16(fixed);
    s->field_count = get_be16(fixed + 2);
    s->row_count = get_be32(fixed + 4);
    s->hash = (struct record_hash){get_be64(fixed + 12), get_be64(fixed + 20)};
    const uint8_t *content = take(c, get_be32(fixed + 8));
    if (!content || s->field_count > RECORD_FIELDS_MAX)
        return false;
    struct cursor inner = {content, c->at, false};
    for (size_t i = 0; i < s->field_count; i++) {
        s->fields[i] = take_value(&inner);
        if (!s->fields[i].data)
            return false;
    }
    s->rows = inner.at;
    s->rows_end = inner.end;
    return rows_fit(s);
}

static bool take_head(struct cursor *c, struct record_head *head)
{
    const uint8_t *id = take(c, 16), *len = take(c, 1), *address = take(c, 16);
    head->agent = take_value(c);
    head->deviceid = take_value(c);
    head->old_deviceid = take_value(c);
    if (c->failed || !id || !len || !address || (*len != 0 && *len != 4 && *len != 16))
        return false;
    head->id = (struct upload_id){get_be64(id), get_be64(id + 8)};
    head->from.len = *len;
    memcpy(head->from.bytes, address, sizeof head->from.bytes);
    return head->deviceid.data != NULL;
}

static status check_envelope(const uint8_t *p, size_t len, size_t max, struct reason *why)
{
    if (len < RECORD_HEAD_SIZE + RECORD_CRC_SIZE || memcmp(p, RECORD_MAGIC, 4) != 0)
        return reason_set(why, "record_magic", "%zu bytes that are no record", len), ST_MALFORMED;
    if (p[RECORD_OFFSET_FORMAT] != RECORD_FORMAT)
        return reason_set(why, "record_format", "record format %u, this program reads %d; upgrade readers first",
                          p[RECORD_OFFSET_FORMAT], RECORD_FORMAT),
               ST_REFUSED;
    if (get_be32(p + len - RECORD_CRC_SIZE) != crc32c(0, p, len - RECORD_CRC_SIZE))
        return reason_set(why, "record_damaged", "checksum of a record of %zu bytes does not fit", len), ST_MALFORMED;
    if (get_be32(p + RECORD_OFFSET_RAW_LEN) > max)
        return reason_set(why, "record_too_big", "record of %u bytes, at most %zu are allowed",
                          get_be32(p + RECORD_OFFSET_RAW_LEN), max),
               ST_TOO_BIG;
    return ST_OK;
}

/* The body as it was before packing: a view of the message, or memory that `r` owns. */
static status unpack(struct record *r, const uint8_t *p, size_t len, struct cursor *body)
{
    size_t raw_len = r->bytes = get_be32(p + RECORD_OFFSET_RAW_LEN);
    const uint8_t *from = p + RECORD_HEAD_SIZE;
    size_t from_len = len - RECORD_HEAD_SIZE - RECORD_CRC_SIZE;
    if (!(get_be16(p + RECORD_OFFSET_FLAGS) & RECORD_FLAG_LZ4)) {
        *body = (struct cursor){from, from + from_len, false};
        return from_len == raw_len ? ST_OK : ST_MALFORMED;
    }
    if (raw_len > LZ4_MAX_INPUT_SIZE || from_len > LZ4_MAX_INPUT_SIZE) /* LZ4 counts in int; no builder makes these */
        return ST_MALFORMED;
    r->unpacked = malloc(raw_len ? raw_len : 1);
    if (!r->unpacked)
        return ST_NO_MEMORY;
    int got = LZ4_decompress_safe((const char *)from, (char *)r->unpacked, (int)from_len, (int)raw_len);
    *body = (struct cursor){r->unpacked, r->unpacked + raw_len, false};
    return got >= 0 && (size_t)got == raw_len ? ST_OK : ST_MALFORMED;
}

static status read_body(struct record *r, const uint8_t *p, size_t len, size_t sections)
{
    struct cursor body;
    status st = unpack(r, p, len, &body);
    if (st != ST_OK)
        return st;
    r->head.kind = (enum upload_kind)p[RECORD_OFFSET_KIND];
    r->head.normaliser = get_be16(p + RECORD_OFFSET_NORMALISER);
    r->head.https = get_be16(p + RECORD_OFFSET_FLAGS) & RECORD_FLAG_HTTPS;
    if (r->head.kind == 0 || r->head.kind >= UPLOAD_KIND_END || !take_head(&body, &r->head))
        return ST_MALFORMED;
    for (; r->section_count < sections; r->section_count++)
        if (!take_section(&body, &r->sections[r->section_count]))
            return ST_MALFORMED;
    return body.at == body.end ? ST_OK : ST_MALFORMED;
}

status record_open(const void *data, size_t len, size_t max, struct record **out, struct reason *why)
{
    const uint8_t *p = data;
    status st = check_envelope(p, len, max, why);
    if (st != ST_OK)
        return st;
    /* A section takes at least its name and its fixed part, so a lying count cannot ask for much memory. */
    size_t sections = get_be16(p + RECORD_OFFSET_SECTIONS);
    if (sections > get_be32(p + RECORD_OFFSET_RAW_LEN) / RECORD_SECTION_FIXED)
        return reason_set(why, "record_damaged", "record says it has %zu sections", sections), ST_MALFORMED;
    AUTO(record_close) struct record *r = calloc(1, sizeof *r + sections * sizeof r->sections[0]);
    if (!r)
        return ST_NO_MEMORY;
    st = read_body(r, p, len, sections);
    if (st == ST_NO_MEMORY)
        return st;
    if (st != ST_OK) {
        reason_set(why, "record_damaged", "record of %zu bytes does not add up in section %zu", len, r->section_count);
        return st;
    }
    *out = STEAL(r);
    return ST_OK;
}

void record_close(struct record *r)
{
    if (!r)
        return;
    free(r->unpacked);
    free(r);
}

size_t record_bytes(const struct record *r)
{
    return r->bytes;
}

const struct record_head *record_head(const struct record *r)
{
    return &r->head;
}

size_t record_section_count(const struct record *r)
{
    return r->section_count;
}

const struct record_section_view *record_section_at(const struct record *r, size_t i)
{
    return &r->sections[i];
}

const struct record_section_view *record_section_find(const struct record *r, const char *name)
{
    for (size_t i = 0; i < r->section_count; i++)
        if (view_is(r->sections[i].name, name))
            return &r->sections[i];
    return NULL;
}

int record_field(const struct record_section_view *s, const char *name)
{
    for (size_t i = 0; i < s->field_count; i++)
        if (view_is(s->fields[i], name))
            return (int)i;
    return -1;
}

bool record_next_row(const struct record_section_view *s, const uint8_t **at, struct record_row_view *out)
{
    if (*at == s->rows_end)
        return false;
    struct cursor c = {*at, s->rows_end, false};
    const uint8_t *fixed = take(&c, RECORD_ROW_FIXED);
    out->fingerprint = get_be64(fixed);
    for (size_t i = 0; i < s->field_count; i++)
        out->values[i] = take_value(&c);
    *at = c.at;
    return true;
}
