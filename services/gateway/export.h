/**
 * Copies of uploads as files (GENERATE_OCS_FILES, GENERATE_OCS_FILES_SNMP; inventory-to-database.md 13): written by a thread of its own
 * after the upload is safe in the spool. Best effort: when it does not keep up, or a file cannot be written, that is counted and logged.
 *
 * A file's name is made of the DEVICEID, which is not trusted: it can name nothing outside the folder and follows no link.
 *
 * Threads: export_offer() from any; the others from main.
 */
#ifndef MUSTER_GATEWAY_EXPORT_H
#define MUSTER_GATEWAY_EXPORT_H

#include "common/base/cleanup.h"
#include "common/ocs_config/ocs_config.h"
#include "common/upload/upload.h"

struct exporter;

/** @param queue_max  bytes of uploads that may wait  @param inflated_max  of one unpacked upload
 *  @retval ST_NO_MEMORY no memory, or no thread */
MUST_CHECK status exporter_new(size_t queue_max, size_t inflated_max, struct exporter **out);
/** Writes what waits, then ends. NULL is allowed. */
void exporter_destroy(struct exporter *e);
AUTO_DEFINE(struct exporter, exporter_destroy)

/** Whether uploads of this kind are exported: only then export_offer() is worth its copy. */
bool export_wants(const struct ocs_config *config, enum upload_kind kind);
/** Copies what it needs. `e` may be NULL: nothing happens. */
void export_offer(struct exporter *e, const struct ocs_config *config, enum upload_kind kind, struct view deviceid,
                  struct view body);

enum { EXPORT_NAME_MAX = 240 };
/** The name of the file without counter and extension: "pc-2026-01-02-03-04-05", "...-SNMP". Pure. */
void export_name(struct view deviceid, enum upload_kind kind, char out[static EXPORT_NAME_MAX]);
/**
 * Write one file into `folder`.
 * @param overwrite  false: when there is such a file, `name-1.ocs`, `name-2.ocs`, ...
 * @retval ST_IO  `why` says what
 */
MUST_CHECK status export_write(const char *folder, const char *name, bool overwrite, struct view content,
                               struct reason *why);

#endif
