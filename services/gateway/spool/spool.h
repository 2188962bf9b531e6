/**
 * The spool: where an accepted upload rests until it is in the database. A log of segment files below one folder; one committer
 * thread writes all that has arrived with one pwritev() and one fdatasync() and then releases all those replies.
 *
 * What must not break: `done(ST_OK)` is called only after the upload is on stable storage; after a crash at any point every such
 * upload is offered again unless it was answered LINK_ACK (or LINK_REJECT, then it is in quarantine).
 *
 * Folder: <folder>/lock, <folder>/segments/<number>.seg (segment.h; .free: to be used again, .new: being made),
 * <folder>/quarantine/<upload id>.{upload,replay,reason} and <segment>-<offset>.{damaged,reason} (quarantine.h),
 * <folder>/suspects (suspects.h).
 *
 * Order: uploads of one device (head.device_hash) are given out one after the other, oldest first; different devices in the order
 * of acceptance. An upload that is to be retried waits (100 ms to 10 s, doubling) and holds back only its own device.
 *
 * Threads: every function may be called from any thread.
 */
#ifndef MUSTER_GATEWAY_SPOOL_H
#define MUSTER_GATEWAY_SPOOL_H

#include "common/base/cleanup.h"
#include "common/link/link.h"
#include "common/metrics/metrics.h"
#include "common/upload/upload.h"

struct spool_settings {
    const char *folder;    /**< made when missing, mode 0700 */
    int64_t max;           /**< bytes that all segments and the quarantine take; above: ST_NO_SPACE */
    int64_t segment_size;  /**< bytes of one segment file; larger than the largest upload */
    int64_t queue_max;     /**< bytes waiting for the committer; above: ST_AGAIN */
    uint16_t gateway_id;   /**< upper bits of upload ids; different for every gateway of an installation */
    unsigned attempts_max; /**< deliveries that ended in LINK_LOST before an upload goes to quarantine; default 3 */
    int suspect_ms; /**< after the second of them it waits so long, up to twice as long, doubled with each further one; default 5000 */
    int64_t pending_max; /**< uploads pending, about 90 bytes of memory each; above: ST_NO_SPACE; default 2 million */
};

#define SPOOL_METRICS(X)                                                                                               \
    X(appends, "muster_spool_appends_total", METRIC_COUNTER, "uploads made durable")                                   \
    X(commits, "muster_spool_commits_total", METRIC_COUNTER, "group commits: one write and one sync each")             \
    X(refused_full, "muster_spool_refused_total{reason=\"full\"}", METRIC_COUNTER, "uploads not taken, by reason")     \
    X(refused_busy, "muster_spool_refused_total{reason=\"busy\"}", METRIC_COUNTER, "uploads not taken, by reason")     \
    X(refused_io, "muster_spool_refused_total{reason=\"io\"}", METRIC_COUNTER, "uploads not taken, by reason")         \
    X(acks, "muster_spool_acks_total", METRIC_COUNTER, "uploads done and forgotten")                                   \
    X(retries, "muster_spool_retries_total", METRIC_COUNTER, "uploads put off because a consumer asked for it")        \
    X(lost, "muster_spool_lost_total", METRIC_COUNTER, "deliveries whose consumer fell silent")                        \
    X(quarantined, "muster_spool_quarantined_total", METRIC_COUNTER, "uploads put in quarantine")                      \
    X(quarantine_files, "muster_spool_quarantine_files", METRIC_GAUGE, "uploads and damaged pieces in quarantine")     \
    X(quarantine_bytes, "muster_spool_quarantine_bytes", METRIC_GAUGE,                                                 \
      "their bytes, which count into the spool's size")                                                                \
    X(replayed, "muster_spool_replayed_total", METRIC_COUNTER, "uploads taken back from quarantine")                   \
    X(damaged, "muster_spool_damaged_total", METRIC_COUNTER, "damaged pieces of segments that were set aside")         \
    X(torn, "muster_spool_torn_total", METRIC_COUNTER, "ends of segments, torn by a crash, that were set aside")       \
    X(foreign, "muster_spool_foreign_files", METRIC_GAUGE, "files in the folder that are not ours or not readable")    \
    X(recovered, "muster_spool_recovered_total", METRIC_COUNTER, "uploads found at start")                             \
    X(pending, "muster_spool_pending", METRIC_GAUGE, "uploads accepted and not acknowledged")                          \
    X(bytes, "muster_spool_bytes", METRIC_GAUGE, "bytes that segment files in use take")                               \
    X(healthy, "muster_spool_healthy", METRIC_GAUGE, "0 after a failed sync")
METRICS_DECLARE(spool_metrics, SPOOL_METRICS);

struct spool;

/**
 * Lock the folder, read what is there, start the committer.
 * @retval ST_CONFLICT another process has it  @retval ST_INVALID a setting  @retval ST_IO  @retval ST_NO_SPACE  @retval ST_NO_MEMORY
 */
MUST_CHECK status spool_open(const struct spool_settings *set, struct spool **out, struct reason *why);
/** Commits what waits, stops the committer, releases the lock. NULL is allowed. */
void spool_close(struct spool *s);
AUTO_DEFINE(struct spool, spool_close)

enum { SPOOL_LAZY_MS = 50 };

/** The outcome of an append: on the committer's thread, must not block. */
typedef void spool_done_fn(void *ctx, status st, struct upload_id id);

/**
 * Append one upload.
 *
 * @param head  `id` is ignored: the spool makes it
 * @param body  with `done`: must stay valid until it is called; without: it is copied
 * @param done  called once with ST_OK (durable), ST_IO or ST_NO_SPACE (nothing was stored); NULL: nobody waits,
 *              so it is written with the next one that somebody waits for, or after SPOOL_LAZY_MS: a crash may lose it until then
 * @retval ST_OK        `done` will be called (or was already)
 * @retval ST_NO_SPACE  the cap is reached, or a fault closed the spool: `done` is not called
 * @retval ST_AGAIN     too much waits for the committer: `done` is not called
 * @retval ST_TOO_BIG   larger than a segment  @retval ST_NO_MEMORY
 */
MUST_CHECK status spool_append(struct spool *s, const struct upload_head *head, struct view body, spool_done_fn *done,
                               void *ctx);

/** Called from any thread when spool_next() may have something (after a commit, a verdict, a pause); must not call the
 *  spool. NULL: nobody. When this has returned, the one before is not called any more. */
void spool_on_work(struct spool *s, void (*wake)(void *ctx), void *ctx);

/**
 * The next upload of one of these kinds (mask of UPLOAD_MASK): read back from its segment.
 * @param out  body is malloc'ed: upload_head_encode()d head and the body; release is free
 * @return false when there is none now
 */
bool spool_next(struct spool *s, unsigned kinds, struct link_message *out);
/** What became of it. LINK_ACK forgets, LINK_REJECT moves to quarantine, the others keep. */
void spool_verdict(struct spool *s, struct upload_id id, enum link_verdict verdict, const struct reason *why);

struct spool_counts {
    int64_t pending;     /**< accepted and not acknowledged, those not yet committed included */
    int64_t in_flight;   /**< of these: with a consumer */
    int64_t bytes;       /**< that all segment files in use take */
    int64_t oldest_us;   /**< time of acceptance of the oldest pending one, 0 when there is none */
    int64_t quarantined; /**< files in quarantine */
    int64_t quarantine_bytes;
    bool healthy; /**< false after a failed sync: no more is accepted until the operator has looked */
};
struct spool_counts spool_count(struct spool *s);

/** Whether an INVENTORY of this device is accepted and not yet in the database. @param received_us of the newest, may be NULL */
bool spool_inventory_pending(struct spool *s, uint64_t device_hash, int64_t *received_us);

#endif
