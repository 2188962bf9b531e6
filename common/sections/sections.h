/**
 * The section map: which element of an INVENTORY goes to which table, with which fields. Rows, not code (sections.c); the source
 * is what OCS Inventory server 2.12.5 writes (schema level 7081). The parser takes elements and fields from it, the writer tables and masks.
 *
 * Threads: the map is read-only.
 */
#ifndef MUSTER_COMMON_SECTIONS_SECTIONS_H
#define MUSTER_COMMON_SECTIONS_SECTIONS_H

#include "common/base/bytes.h"

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
    const char *const *fields; /**< element names = column names, NULL at the end; at most RECORD_FIELDS_MAX */
};

/** All sections of INVENTORY, in the fixed order in which the writer works on tables. */
extern const struct section sections_inventory[];
extern const size_t sections_inventory_count;

/** By path ("MEMORIES"), case-sensitive; NULL when not known: it is then counted and left out, the upload goes on. */
const struct section *section_find(struct view path);
/** Index of a field, or -1. */
int section_field(const struct section *s, struct view name);

#endif
