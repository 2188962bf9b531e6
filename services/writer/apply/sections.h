/**
 * Sections that have to be written: found by their hash, reduced to a difference of rows. Between the files of this folder only.
 */
#ifndef MUSTER_WRITER_SECTIONS_H
#define MUSTER_WRITER_SECTIONS_H

#include "services/writer/apply/apply.h"
#include "services/writer/plan.h"

/** One section of one device. */
struct section_work {
    struct device *device;
    size_t number; /**< in the section map */
    const struct section_columns *columns;
    const struct record_section_view *source; /**< NULL: its rows are to go */
    int fields[RECORD_FIELDS_MAX];            /**< of the record, for each column; -1: the upload has no such field */
    uint64_t layout;                          /**< what the fingerprints stand for: fields and columns */
    bool trusted;                             /**< `there` is what the table has */
    struct kept_rows there, now;
    const uint8_t **places; /**< of each row of `now` in the record */
    struct plan plan;
    struct view day; /**< of its acceptance, as the database's clock has it; for software without a date */
};

static inline enum section_form work_form(const struct section_work *work)
{
    return work->columns->section->form;
}

/** Whether its rows have ids and fingerprints. */
static inline bool work_has_rows(const struct section_work *work)
{
    return (work_form(work) == SECTION_ROWS || work_form(work) == SECTION_SOFTWARE) && work->columns->has_id;
}

/** What stands for a section's content in the device's memory. Software counts as changed when the rules of categories do. */
struct record_hash section_content(const struct wave *w, const struct section_columns *c, struct record_hash hash);

/** End of the run of works of one section that begins at `from`. */
size_t works_end(const struct wave *w, size_t from);
/** Rows that works [from, to) are going to insert. */
size_t works_insert_count(const struct wave *w, size_t from, size_t to);

/** Rows of `now` and what the table has, for all works (section_rows.c). */
MUST_CHECK status section_rows_read(struct wave *w);

/** Fill `now` and `places` of a work of SOFTWARES. */
MUST_CHECK status software_rows(struct wave *w, struct section_work *work);
/** Fingerprint of a row of table software. */
uint64_t software_fingerprint(uint32_t name_id, uint32_t publisher_id, uint32_t version_id);
/** Insert the rows of works [from, to), all of SOFTWARES. */
MUST_CHECK status software_insert(struct wave *w, size_t from, size_t to);

#endif
