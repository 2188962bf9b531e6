/**
 * What Muster remembers of a device, packed into the columns SECTIONS of muster_device and PACKED_ROWS of muster_rows. The formats are
 * described in docs/formats/state.md and nowhere else.
 *
 * What cannot be unpacked (cut, of another format) counts as not there: the writer then reads the rows and compares.
 *
 * Threads: everything here is pure.
 */
#ifndef MUSTER_WRITER_STATE_H
#define MUSTER_WRITER_STATE_H

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/record/record.h"

enum { STATE_SECTIONS_MAX = 128 };

/** Content of one section as it was written last. */
struct section_state {
    uint64_t section; /**< state_section_key() */
    struct record_hash hash;
};

struct device_sections {
    size_t count;
    struct section_state items[STATE_SECTIONS_MAX];
};

/** Key of a section: XXH3-64 of its name. */
uint64_t state_section_key(struct view name);
/** XXH3-64 of any bytes, continued from `seed`. */
uint64_t state_hash(uint64_t seed, const void *data, size_t len);
/** Hash of a section's content for one form of its table: another form, and everything is compared once. */
struct record_hash state_content_hash(struct record_hash content, uint64_t layout);

/** @return false (and nothing in `out`) when these are no packed sections */
bool state_sections_unpack(struct view packed, struct device_sections *out);
void state_sections_pack(const struct device_sections *sections, struct buffer *out);
bool state_section_is(const struct device_sections *sections, uint64_t section, struct record_hash hash);
bool state_section_has(const struct device_sections *sections, uint64_t section);
/** Set or add; what is beyond STATE_SECTIONS_MAX is not remembered (and so compared every time). */
void state_section_put(struct device_sections *sections, uint64_t section, struct record_hash hash);
void state_section_remove(struct device_sections *sections, uint64_t section);

/** One row as it was written: what it was made from, and its primary key. */
struct kept_row {
    uint64_t fingerprint, id;
};

struct kept_rows {
    uint16_t normaliser; /**< of the parser that made the fingerprints */
    uint64_t layout;     /**< of fields and columns that they stand for */
    size_t count;
    struct kept_row *rows; /**< in the memory given to unpack */
};

enum { STATE_ROWS_HEAD = 16, STATE_ROW_SIZE = 16 };

/** @return false when these are no packed rows, or memory is out */
bool state_rows_unpack(struct view packed, struct arena *arena, struct kept_rows *out);
void state_rows_pack(const struct kept_rows *rows, struct buffer *out);

#endif
