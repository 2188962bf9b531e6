/**
 * One transaction for many devices ("wave"): each file of this folder is one step of it, in a fixed order of tables, so that two
 * writers that work at the same time lock in the same order.
 *
 * Within a wave a device has at most one INVENTORY, and whatever else it sent comes before it.
 *
 * Threads: one wave, one thread.
 */
#ifndef MUSTER_WRITER_APPLY_H
#define MUSTER_WRITER_APPLY_H

#include "common/log/log.h"
#include "common/ocs_config/ocs_config.h"
#include "common/record/record.h"
#include "services/writer/apply/insert.h"
#include "services/writer/asset_categories.h"
#include "services/writer/blacklists.h"
#include "services/writer/columns.h"
#include "services/writer/dictionary.h"
#include "services/writer/operator_rules.h"
#include "services/writer/rules.h"
#include "services/writer/state.h"
#include "services/writer/turn.h"
#include "services/writer/word_cache.h"

/** What became of an upload. */
enum upload_outcome {
    UPLOAD_WAITS,    /**< not applied yet */
    UPLOAD_APPLIED,  /**< committed, or found to be done before */
    UPLOAD_REFUSED,  /**< will never work: see `why` */
    UPLOAD_DEFERRED, /**< not in this wave: another spelling of a device that is in it */
    UPLOAD_HELD,     /**< the console works on its device: to be offered again */
};

struct device;

/** Software of one INVENTORY with its words looked up; see software.c. */
struct software_entry {
    const uint8_t *at; /**< place of its row in the record */
    uint32_t name_id, publisher_id, version_id;
};

struct software_list {
    bool resolved;
    size_t count; /**< entries with a name, each triple once */
    struct software_entry *entries;
};

/** One upload of a batch. */
struct upload {
    struct upload_id id;
    enum upload_kind kind;
    struct record *record; /**< owned by the batch */
    const struct record_head *head;
    struct view key; /**< DEVICEID as its column can hold it; in the batch's memory */
    enum upload_outcome outcome;
    struct reason why;
    struct device *device; /**< while a wave runs */
    bool skipped;          /**< in this wave: nothing to do, for it is old or its device unknown */
    struct software_list software;
    bool wants_words; /**< its software has to be looked up whatever the first look at the device says */
};

/** Bits of muster_device.FLAGS. */
enum device_flag {
    DEVICE_TRUST_NOTHING = 1, /**< read and compare everything once */
    DEVICE_SEARCH_AGAIN = 2,  /**< a duplicate was found that could not be merged then */
};

/** One device of a wave. */
struct device {
    struct view key;                     /**< as its first upload spells it */
    struct view row_key;                 /**< as muster_device has it; absent: it has no row there */
    uint32_t hardware_id;                /**< 0: not known */
    uint32_t former_id;                  /**< hardware_id of a row that is gone; 0: none */
    bool works;                          /**< something of it is to be applied */
    bool was_found;                      /**< its row in hardware was found by DEVICEID, not by the id that we know */
    bool locked;                         /**< its row in hardware is locked, and is its own */
    bool is_new;                         /**< its row in hardware was made in this transaction */
    bool trusts_nothing;                 /**< read and compare everything */
    struct upload_id inventory, contact; /**< newest that were applied */
    struct device_sections sections;
    struct upload *upload;      /**< its INVENTORY in this wave, or NULL */
    bool contacted;             /**< something else of it was applied in this wave */
    unsigned flags, normaliser; /**< as remembered */
    size_t sections_known;      /**< of its INVENTORY, those that have a place in the database */
    uint32_t changed;           /**< masks of the sections that were written */
    bool has_changed;
    /* its row in hardware, as locked */
    struct view userid;
    struct view last_agent;     /**< of the newest contact in this wave; absent: none was sent */
    unsigned adjusted;          /**< values of it that did not fit their column */
    const char *adjusted_first; /**< the column of the first of them */
    bool counted;               /**< quality is to be written */
    bool searches;              /**< another device may be the same machine */
    struct contact_quality quality;
};

enum absent_sections { ABSENT_KEEP, ABSENT_CLEAR };

struct wave {
    struct statement st;
    const struct ocs_config *options; /**< of OCS, as its console has set them */
    const struct operator_rules *rules;
    const struct asset_categories *assets;
    const struct columns *columns;
    struct dictionaries *dictionaries;
    struct word_cache *osnames; /**< those that were in hardware_osname_cache when the options were read, or since */
    struct arena *arena;
    enum absent_sections absent;
    bool accept_tag;
    struct turn *turn;                   /**< see applier_settings; may be NULL */
    bool keeps_turn;                     /**< until it is committed: others must see what was written */
    bool ocs_sessions;                   /**< sessions in OCS's table end, too */
    bool asset_tag;                      /**< the asset tag counts as evidence of a duplicate */
    const struct blacklists *blacklists; /**< may be NULL */
    struct upload **uploads;             /**< sorted by key, then id */
    size_t upload_count;
    struct device *devices; /**< sorted by key */
    size_t device_count;
    struct device *fitting;     /**< whose values are appended now; NULL: of nobody in particular */
    struct section_work *works; /**< sections to write; see sections.h */
    size_t work_count;
    struct cache_words *cache_words; /**< of caches.c; NULL: none */
    struct {
        int64_t inserted, deleted, compared, adjusted, sections_lost, fields_lost;
    } rows; /**< for the metrics, once it is committed */
};

/** An INVENTORY that this wave writes (it was not found to be old). */
static inline bool device_writes(const struct device *d)
{
    return d->upload && d->upload->outcome == UPLOAD_WAITS && !d->upload->skipped;
}

/** Its INVENTORY is the newest that was applied: in this wave, or before and now it comes again. */
static inline bool device_is_current(const struct device *d)
{
    return d->upload && d->upload->outcome != UPLOAD_REFUSED &&
           (!d->upload->skipped || upload_id_compare(d->upload->id, d->inventory) == 0);
}

/* ---- before the transaction, each statement for itself ---- */

/** Group the uploads by device, read what is remembered of each, make rows of muster_device where they are missing. */
MUST_CHECK status devices_prepare(struct wave *w);
/** INVENTORYs of devices that the console works on leave the wave. */
MUST_CHECK status console_locks_obey(struct wave *w);
/** The last step before the COMMIT. @retval ST_AGAIN the console began to work on one of the devices meanwhile: repeat the wave */
MUST_CHECK status console_locks_look_again(struct wave *w);
/** Look up the words of software that may have to be written, making those that are missing. */
MUST_CHECK status software_prepare(struct wave *w);
/** Names of operating systems for the console's lists. */
MUST_CHECK status osnames_prepare(struct wave *w);

/* ---- in the transaction, in this order ---- */

/** Lock the rows of muster_device and of hardware; drop uploads that are old; make new rows of hardware. */
MUST_CHECK status devices_lock(struct wave *w);
/** PROLOGs: QUALITY, FIDELITY, LASTCOME, USERAGENT; states of packages. */
MUST_CHECK status contacts_apply(struct wave *w);
/** Results of deployments. */
MUST_CHECK status downloads_apply(struct wave *w);
/** Changed addresses. */
MUST_CHECK status notices_apply(struct wave *w);
/** Which sections differ from what was written last, and which of their rows. */
MUST_CHECK status sections_plan(struct wave *w);
/** Words of registry rows that are about to come or go. */
MUST_CHECK status caches_collect(struct wave *w);
MUST_CHECK status sections_write(struct wave *w);
/** Categories of the software that was written. */
MUST_CHECK status categories_write(struct wave *w);
MUST_CHECK status hardware_write(struct wave *w);
MUST_CHECK status account_write(struct wave *w);
/** What was found over SNMP; of devices that nobody knows as well. */
MUST_CHECK status snmp_apply(struct wave *w);
/** Which devices are to be searched for duplicates behind the COMMIT. */
MUST_CHECK status duplicates_note(struct wave *w);
/** Which packages the agents say they have installed. */
MUST_CHECK status history_write(struct wave *w);
/** Uses of services that the operator's rules name. */
MUST_CHECK status saas_write(struct wave *w);
/** Names and values of registry rows for the console's lists. */
MUST_CHECK status caches_write(struct wave *w);
/** Remember what was written. */
MUST_CHECK status devices_save(struct wave *w);
/** With INVENTORY_SESSION_ONLY: what was sent ends the session that allowed it. */
MUST_CHECK status sessions_end(struct wave *w);

/* ---- behind the COMMIT, each with a transaction of its own where it needs one ---- */

/** Network discovery: results of devices that scanned, elections. */
MUST_CHECK status discovery_apply(struct wave *w);
/** Devices that are the same machine become one. */
MUST_CHECK status duplicates_apply(struct wave *w);

/* ---- shared by the steps ---- */

/** A log line about an upload, with its reason where it has one. */
void upload_tell(enum log_level level, const char *event, const struct upload *u);
/** Lines about what a wave did to each device, once it is committed. */
void wave_tell(const struct wave *w);

/** Leave out uploads whose outcome is no longer UPLOAD_WAITS, and devices without any. */
void devices_drop(struct wave *w);

struct console_lock;
/** Rows of OCS's table `locks`. */
struct console_locks {
    size_t count;
    struct console_lock *items;
};
MUST_CHECK status console_locks_read(struct wave *w, struct console_locks *out);
/** Whether the console works on it now: its lock is younger than LOCK_REUSE_TIME. */
bool console_locks_hold(const struct console_locks *locks, uint32_t hardware_id, struct view deviceid);

/** A time that is not in the future: ids ascend, so those that are given after a gateway's clock was set back lie before it. */
void append_past(struct buffer *sql, int64_t seconds);
/** The same for an upload's acceptance. */
void append_time(struct buffer *sql, struct upload_id id);
/** The same as the text that OCS puts into devices.COMMENTS: "Sun Nov  2 07:18:27 2026". */
void append_time_text(struct buffer *sql, struct upload_id id);
static inline int64_t upload_seconds(struct upload_id id)
{
    return (int64_t)(id.hi / 1000000);
}
/** Fit a value to its column and append it quoted; counts what had to be adjusted. */
void append_fitted(struct wave *w, const struct db_column *column, struct view value);
/** The same for a value of a row that is inserted. */
void insert_fitted(struct wave *w, struct insert *in, const struct db_column *column, struct view value);
/** The same for a value that is looked for and not written: not counted. A column that is not there holds anything. */
void append_sought(struct wave *w, const struct db_column *column, struct view value);
/** Count a value that is written, if it is not what was sent. */
void count_adjusted(struct wave *w, struct view sent, struct view written);
/** One value of a section that has one row; absent when section, row or field are missing. */
struct view record_single(const struct record *r, const char *section, const char *field);
/** A field of a row by the section's name for it; absent when the section has no such field. */
struct view row_value(const struct record_section_view *s, const struct record_row_view *row, const char *field);

#endif
