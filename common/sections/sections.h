/**
 * The section map: which element of an INVENTORY goes to which table, with which fields. Rows, not code (sections.c); the source
 * is what OCS Inventory server 2.12.5 writes (schema level 7081). The parser takes elements and fields from it, the writer tables and masks.
 * A file of the operator may declare further sections, as plugins of OCS bring them (declared.c).
 *
 * Threads: a map is read-only.
 */
#ifndef MUSTER_COMMON_SECTIONS_SECTIONS_H
#define MUSTER_COMMON_SECTIONS_SECTIONS_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/status.h"

/** How the rows of a section live in its table. */
enum section_form {
    SECTION_ROWS,     /**< table with ID and HARDWARE_ID: row difference */
    SECTION_SINGLE,   /**< one row per device, HARDWARE_ID is the key (bios, javainfo) */
    SECTION_APPENDED, /**< only ever added to (journallog) */
    SECTION_SOFTWARE, /**< SOFTWARES: dictionaries (writer's software.c) */
    SECTION_OWN,      /**< has code of its own in the writer: HARDWARE, ACCOUNTINFO, ... ; table NULL */
};

struct section {
    const char *path; /**< below CONTENT: "MEMORIES", "DOWNLOAD/HISTORY/PACKAGE"; also the section's name in a record */
    const char *table; /**< NULL for SECTION_OWN */
    enum section_form form;
    uint32_t mask;             /**< its bit in CHECKSUM; 0: none */
    bool single;               /**< at most one row: of several, the first counts */
    bool clears;               /**< absent from an upload means no rows, whatever the writer's setting says */
    const char *const *fields; /**< element names = column names, NULL at the end; at most RECORD_FIELDS_MAX */
};

/** All sections of INVENTORY, in the fixed order in which the writer works on tables. */
extern const struct section sections_inventory[];
extern const size_t sections_inventory_count;

/** By path ("MEMORIES"), case-sensitive; NULL when not known: it is then counted and left out, the upload goes on. */
const struct section *section_find(struct view path);
/** Index of a field, or -1. */
int section_field(const struct section *s, struct view name);

/* ---- built-in sections and those that the operator declares (docs/formats/sections.md) ---- */

enum {
    SECTIONS_DECLARED_MAX = 64,     /**< in one file */
    SECTIONS_FIELDS_MAX = 64,       /**< of one section; as RECORD_FIELDS_MAX */
    SECTIONS_NAME_MAX = 64,         /**< characters of a section, table or column */
    SECTIONS_FILE_MAX = 256 * 1024, /**< bytes */
};

struct section_map {
    size_t count;
    const struct section *items; /**< the built-in ones first, then the declared ones by table */
};

/** The built-in ones alone. */
extern const struct section_map sections_builtin;

const struct section *section_map_find(const struct section_map *map, struct view path);

/**
 * The built-in sections, and those that a text declares. Names of tables and columns are [A-Za-z_][A-Za-z0-9_]*, so they may stand in a
 * statement; a table that OCS or Muster writes otherwise is refused.
 *
 * @param name  of the text, for messages
 * @param why   "name:line: what is wrong"
 * @retval ST_INVALID  @retval ST_NO_MEMORY
 */
MUST_CHECK status section_map_parse(const char *name, struct view text, struct section_map **out, struct reason *why);
/** The same from a file. @param path "": the built-in ones alone  @retval ST_INVALID wrong, or it cannot be read */
MUST_CHECK status section_map_read(const char *path, struct section_map **out, struct reason *why);
void section_map_free(struct section_map *map); /**< NULL is allowed; not for sections_builtin */
AUTO_DEFINE(struct section_map, section_map_free)

#endif
