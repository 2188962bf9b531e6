/**
 * Log lines on stderr: logfmt or JSON, one line an event, never a half line, never blocking for long on what
 * an agent sent.
 *
 *   time=2026-11-24T03:00:00.123Z level=info service=gateway event="upload stored" upload=... device=...
 *
 * Values are escaped: control bytes and quotes cannot break a line. A value is cut at 512 bytes.
 * When stderr cannot take a line (a pipe that nobody reads), the line is dropped and counted, the caller goes
 * on.
 *
 * A line about one device has these fields, as far as they are known: device, upload, agent, from, phase (the step that speaks),
 * reason (docs/reasons.md). The last of these lines, of every level, are also kept in memory: what happened to a device
 * can be asked of a running service (`muster why`) without raising its level.
 *
 * Threads: all functions may be called from any thread after log_open().
 */
#ifndef MUSTER_COMMON_LOG_LOG_H
#define MUSTER_COMMON_LOG_LOG_H

#include "common/base/buffer.h"
#include "common/base/bytes.h"
#include "common/base/status.h"

struct metric_table; /* common/metrics/metrics.h */

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

struct log_field {
    const char *key;
    enum { LOG_IS_TEXT, LOG_IS_VIEW, LOG_IS_NUMBER } type;
    const char *text;
    struct view view;
    int64_t number;
};

#define LOG_TEXT(k, v)   ((struct log_field){.key = (k), .type = LOG_IS_TEXT, .text = (v)})
#define LOG_VIEW(k, v)   ((struct log_field){.key = (k), .type = LOG_IS_VIEW, .view = (v)})
#define LOG_NUMBER(k, v) ((struct log_field){.key = (k), .type = LOG_IS_NUMBER, .number = (int64_t)(v)})

/**
 * @param service  name in every line; must stay valid
 * @param format   "logfmt" or "json"; anything else is logfmt
 * @param level    "debug", "info", "warning", "error"; lines below it are not written
 */
void log_open(const char *service, const char *format, const char *level);
void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count);

enum {
    LOG_KEPT = 8192,      /**< what a service keeps: 6 MiB at most */
    LOG_KEPT_BYTES = 768, /**< of one kept line; fields that do not fit are left out */
};
/**
 * Keep the last `count` lines that have a field `device`, `from` or `upload`: count * LOG_KEPT_BYTES of memory, taken as they come.
 * Once, before threads. 0: none, as at first.
 */
void log_keep(size_t count);
/**
 * Kept lines about a device (any case) or an upload of it, and those without a device that came from this address; the newest `max`, oldest first, each a
 * JSON object, with commas between them.
 * @param from  absent: only those of the device
 */
void log_recall(struct view device, struct view from, size_t max, struct buffer *out);

/** Lines dropped because stderr did not take them; also in the table below, for metrics_register(). */
uint64_t log_dropped(void);
extern const struct metric_table log_metrics_table;

#define LOG_FIELDS_(...)                                                                                               \
    (const struct log_field[]){__VA_ARGS__}, sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field)
/** log_info("listening", LOG_TEXT("address", a), LOG_NUMBER("port", p)); at least one field. */
#define log_debug(event, ...)   log_event(LOG_DEBUG, event, LOG_FIELDS_(__VA_ARGS__))
#define log_info(event, ...)    log_event(LOG_INFO, event, LOG_FIELDS_(__VA_ARGS__))
#define log_warning(event, ...) log_event(LOG_WARNING, event, LOG_FIELDS_(__VA_ARGS__))
#define log_error(event, ...)   log_event(LOG_ERROR, event, LOG_FIELDS_(__VA_ARGS__))

/** A reason as two fields. */
#define LOG_REASON(why) LOG_TEXT("reason", (why)->code), LOG_TEXT("detail", (why)->text)

#endif
