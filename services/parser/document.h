/**
 * What the parser reads out of an upload's XML: rows of sections and a few single values, as XML::Simple (which OCS reads with) would see
 * the document: attributes are children, blank elements do not exist, names count with their case.
 *
 * Which elements matter is said by places.c for each kind of upload; everything else is passed over, and counted.
 *
 * Threads: one document, one thread at a time.
 */
#ifndef MUSTER_PARSER_DOCUMENT_H
#define MUSTER_PARSER_DOCUMENT_H

#include "common/base/arena.h"
#include "common/record/record.h"
#include "common/sections/sections.h"
#include "common/xml/xml.h"

/** Single values, by where they stand. */
enum document_value {
    VALUE_DEVICEID,         /**< DEVICEID of the root */
    VALUE_CONTENT_DEVICEID, /**< CONTENT/DEVICEID: counts when the root has none */
    VALUE_OLD_DEVICEID,     /**< INVENTORY */
    VALUE_TYPE,             /**< NOTIFY */
    VALUE_ID,               /**< DOWNLOAD */
    VALUE_ERR,              /**< DOWNLOAD */
    VALUE_COUNT
};

/** What an element is to us, by its path below the root. */
struct place {
    enum {
        PLACE_NONE,      /**< nothing: passed over with all it holds */
        PLACE_CONTAINER, /**< holds places */
        PLACE_VALUE,     /**< a single value */
        PLACE_ROWS,      /**< a row of a section with known fields */
        PLACE_ANY_ROWS,  /**< a row of a section with whatever fields it has (SNMP) */
    } form;
    enum document_value value;
    struct view section;       /**< name of the section in the record */
    const char *const *fields; /**< NULL at the end */
    bool single;               /**< at most one row: of several, the first counts */
};

/** @param path "CONTENT/MEMORIES"; the section's name is a view of it or of the map */
struct place place_find(const struct section_map *sections, enum upload_kind kind, struct view path);

struct document_limits {
    struct xml_limits xml;
    const struct section_map *sections; /**< of INVENTORY; must outlive the document; NULL: the built-in ones */
    bool sanitizes;                     /**< suspicious values below CONTENT become "1", as with OCS */
    size_t rows;                        /**< of one section; default 250,000 */
    size_t value_max;                   /**< bytes of one value; default 4 MiB */
    size_t memory_max;                  /**< bytes of all rows; default 512 MiB */
};

struct document_row {
    struct document_row *next;
    bool text_only;
    struct view values[]; /**< one per field; RECORD_FIELDS_MAX when the section grows */
};

/** A name that was looked for among a section's fields. */
struct document_seen {
    const char *name; /**< pointer, see xml_handler.open; NULL: none yet */
    int field;        /**< what was found */
};

/** One section that occurred. */
struct document_section {
    struct view name;
    size_t field_count;
    struct view fields[RECORD_FIELDS_MAX];
    size_t row_count;
    bool has_text_rows, single, grows; /**< grows: unknown fields are added (SNMP) */
    struct document_seen seen[64];     /**< those looked for last, by their pointers */
    struct document_row *first, *last;
};

struct document;

struct document *document_new(const struct document_limits *limits);
void document_destroy(struct document *d); /**< NULL is allowed */
AUTO_DEFINE(struct document, document_destroy)

/**
 * Read one upload's text; what an earlier call found is forgotten.
 *
 * @param text what is found points into it
 * @param why  as xml_read(), and: rows, value_too_big, memory
 * @retval ST_MALFORMED  @retval ST_TOO_BIG  @retval ST_NO_MEMORY
 */
MUST_CHECK status document_read(struct document *d, enum upload_kind kind, struct view text,
                                struct xml_repairs *repairs, struct reason *why);

/** Sections that occurred, in the order of the document. Views are valid until the next read, and as long as the text that was read:
 *  values stand where they stood in it. */
size_t document_section_count(const struct document *d);
const struct document_section *document_section_at(const struct document *d, size_t i);
struct view document_value(const struct document *d, enum document_value value);
/** Elements that no place names, each counted with all it holds as one. */
unsigned document_unknown(const struct document *d);
/** Values that were replaced. */
unsigned document_sanitized(const struct document *d);

#endif
