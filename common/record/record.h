/**
 * The inventory record: what the parser makes of an upload and the writer writes. A self-describing, versioned binary
 * message: a head, then sections; a section names its fields once and then holds rows of values.
 *
 * It knows neither XML nor the database. Records of every upload kind have this form (a contact, a NOTIFY and a
 * download result are records with one or two small sections).
 *
 * Format 1, big-endian:
 *
 *   record   := "MREC" format:u8 kind:u8 flags:u16 normaliser:u16 sections:u16 raw_len:u32 body crc:u32
 *               flags bit 0: body is LZ4 (block format), raw_len bytes when unpacked; bit 1: received over HTTPS
 *               crc: CRC-32C of everything before it, as it travels
 *   body     := upload_id:16 received:(in upload_id.hi) address_len:u8 address:16 text(agent) text(deviceid)
 *               text(old_deviceid) section*
 *   section  := text(name) flags:u16 fields:u16 rows:u32 section_len:u32 hash:16 text(field)* row*
 *               section_len: bytes behind hash, so that a reader can skip a section it does not know
 *               hash: XXH3-128 of the fields' names and the rows' fingerprints in order
 *   row      := fingerprint:u64 row_len:u32 value*      row_len: bytes of the values
 *               fingerprint: XXH3-64 of the value bytes (the encoding below, so absent and empty differ)
 *   value    := varint(0): absent | varint(len + 1) bytes
 *   text     := value
 *   varint   := 7 bits a byte, least significant first, upper bit set when more follow; at most 5 bytes
 *
 * `normaliser` is RECORD_NORMALISER of the parser that made it: fingerprints made with another number say nothing
 * about ours, and the writer then reads and compares instead.
 *
 * Changing the format: raise `format`; readers take N and N-1, writers of records write N; deploy readers first.
 *
 * Threads: a builder or a reader belongs to one thread at a time; they share nothing.
 */
#ifndef MUSTER_COMMON_RECORD_RECORD_H
#define MUSTER_COMMON_RECORD_RECORD_H

#include "common/base/buffer.h"
#include "common/upload/upload.h"

enum {
    RECORD_FORMAT = 1,
    RECORD_NORMALISER = 1,  /**< raise when the same upload would give other rows */
    RECORD_FIELDS_MAX = 64, /**< fields of one section */
    RECORD_HEAD_SIZE = 16
};

/** What a record says about its upload. Views point into the record (reader) or are copied at once (builder). */
struct record_head {
    struct upload_id id;
    enum upload_kind kind;
    uint16_t normaliser;
    bool https;
    struct upload_address from;
    struct view agent;        /**< absent: no User-Agent was sent */
    struct view deviceid;     /**< never absent but for QUERY UPDATE, which makes no record */
    struct view old_deviceid; /**< absent when the upload names none */
};

struct record_hash {
    uint64_t high, low;
};

enum record_section_flag {
    RECORD_TEXT_ROWS = 1, /**< at least one row came as plain text instead of fields: all its values are absent */
};

/* ---- making one ---- */

struct record_builder;

/** @param max  cap in bytes for the unpacked record  @return owned by the caller, or NULL when memory is out */
struct record_builder *record_builder_new(size_t max);
void record_builder_destroy(struct record_builder *b); /**< NULL is allowed */
AUTO_DEFINE(struct record_builder, record_builder_destroy)

/** Start over with a new record; keeps the memory. */
void record_begin(struct record_builder *b, const struct record_head *head);
/** Open a section; the names are copied. Sections of one record have different names. */
void record_section(struct record_builder *b, struct view name, const struct view *fields, size_t field_count);
/** Append one row to the open section: `values` has one view per field, absent ones included. */
void record_row(struct record_builder *b, const struct view *values);
/** Set flags of the open section (enum record_section_flag). */
void record_flag(struct record_builder *b, unsigned flags);
/**
 * Close the record.
 * @param lz4  pack the body with LZ4 when that makes it smaller
 * @param out  on ST_OK: a view of the message, valid until the next call on `b`
 * @retval ST_TOO_BIG the cap was reached  @retval ST_NO_MEMORY
 */
MUST_CHECK status record_finish(struct record_builder *b, bool lz4, struct view *out);

/* ---- reading one ---- */

struct record;

/**
 * Check and open a message: magic, format, CRC, every length down to the last value. After ST_OK nothing that is read
 * from the record can fail or lie outside it.
 *
 * @param data, len  the message; must stay valid and unchanged as long as the record (it is not copied unless packed)
 * @param max        cap for the unpacked body in bytes
 * @retval ST_MALFORMED not such a message, or damaged (`why` says which)
 * @retval ST_REFUSED   of a format that we do not know: another version of this program may
 * @retval ST_TOO_BIG   raw_len is above `max`   @retval ST_NO_MEMORY
 */
MUST_CHECK status record_open(const void *data, size_t len, size_t max, struct record **out, struct reason *why);
void record_close(struct record *r); /**< NULL is allowed; all views into it become invalid */
AUTO_DEFINE(struct record, record_close)

const struct record_head *record_head(const struct record *r);
/** Bytes of its body, unpacked. */
size_t record_bytes(const struct record *r);

/** One section of an opened record. */
struct record_section_view {
    struct view name;
    unsigned flags;
    size_t field_count, row_count;
    struct view fields[RECORD_FIELDS_MAX];
    struct record_hash hash;
    const uint8_t *rows, *rows_end; /**< for record_next_row() */
};

size_t record_section_count(const struct record *r);
/** Section number `i` (below the count), in the order in which they were made. */
const struct record_section_view *record_section_at(const struct record *r, size_t i);
/** By name, or NULL. */
const struct record_section_view *record_section_find(const struct record *r, const char *name);
/** Index of a field of the section, or -1. */
int record_field(const struct record_section_view *s, const char *name);

struct record_row_view {
    uint64_t fingerprint;
    struct view values[RECORD_FIELDS_MAX]; /**< field_count of them */
};

/**
 * Iterate: `const uint8_t *at = s->rows; while (record_next_row(s, &at, &row)) ...`
 * @return false when there are no more rows
 */
bool record_next_row(const struct record_section_view *s, const uint8_t **at, struct record_row_view *out);

#endif
