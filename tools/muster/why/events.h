/**
 * What happened to one device: lines of the services' logs, from their memory (admin port) and from the files in <data>/log.
 *
 * An event is a JSON object as the log wrote it (time, level, event, reason, ...) and `by`, the name of the process.
 *
 * Threads: one caller. jansson's type is known to `muster why` only.
 */
#ifndef MUSTER_TOOLS_EVENTS_H
#define MUSTER_TOOLS_EVENTS_H

#include "tools/muster/run/state.h"

#include <jansson.h>

enum { EVENTS_MAX = 200 /**< the newest are shown */ };

/**
 * Ask a running service.
 * @param from   address whose requests without a device are of interest, too; "": none
 * @param events array that they are appended to
 * @return what else it said about the device, owned by the caller; NULL: it did not answer
 */
json_t *events_ask(const struct state_service *service, const char *deviceid, const char *from, json_t *events);

/** Read the end of each file of <data>/log for lines that name the device, or an upload that an event names. */
void events_read_logs(const struct folder *folder, const char *deviceid, json_t *events);

/** One line of a log, logfmt or JSON. @return a new object, or NULL when it is none; for tests */
json_t *events_parse_line(const char *line, size_t len);

/** Sort by time, drop what is there twice, keep the newest EVENTS_MAX. @return a new array */
json_t *events_finish(json_t *events);

#endif
