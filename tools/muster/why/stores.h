/**
 * What rests of one device outside the logs: its rows in the database, and its uploads in the gateways' quarantine.
 *
 * Threads: one caller.
 */
#ifndef MUSTER_TOOLS_STORES_H
#define MUSTER_TOOLS_STORES_H

#include "common/db/db.h"
#include "tools/muster/run/folder.h"

#include <jansson.h>

/** Facts about the device, for those that the tables have: computer, last_inventory, last_contact, address, agent, newest_upload, locked_since,
 *  pinned_key. @return a new object, empty for an unknown device */
json_t *stores_database(struct db *db, const char *deviceid);

/** Files of <data>/spool/<n>/quarantine that hold uploads of the device, as {file, time, kind, reason, detail}. @return a new array */
json_t *stores_quarantine(const struct folder *folder, const char *deviceid);

#endif
