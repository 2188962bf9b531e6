/**
 * What the parts of the spool share. Private to this folder.
 *
 *   life.c        opening and closing
 *   intake.c      an upload is taken: its id, its place in the queue
 *   spool.c       giving out, verdicts, counts; what the others share
 *   committer.c   thread: what waits -> segment -> index -> done()
 *   keeper.c      thread: everything that nobody waits for: acknowledgements, quarantine, segments to be made and
 *                 retired, delays that are over
 *   files.c       the files of segments: made, used again, removed, read
 *   short_cuts.c  the indexes of segments (segment_index.h): made, removed
 *   recovery.c    what was there at the start
 *   suspects.c    what was lost with consumers, over restarts
 *
 * Locks: `lock` guards everything that is not said to be somebody's own; it is never held during a system call that
 * touches a file. `read_lock` guards the descriptor that readers share; taken without `lock`. `wake_lock` guards who is
 * told of work; taken without the others.
 */
#ifndef MUSTER_GATEWAY_SPOOL_STATE_H
#define MUSTER_GATEWAY_SPOOL_STATE_H

#include "services/gateway/spool/calls.h"
#include "services/gateway/spool/index.h"
#include "services/gateway/spool/segment.h"

#include <pthread.h>

enum { SPOOL_FREE_MAX = 2 }; /* segments kept to be used again; more are removed */

struct segment {
    uint64_t number, nonce;
    int64_t size;
    int64_t held;        /* bytes that the file takes: `size`, or less when its unused middle was given back */
    int fd;              /* for writing records; the committer's own; -1 when closed */
    int64_t end;         /* where the next record goes; the committer's own */
    uint32_t records;    /* with room for their acknowledgements; the committer's own while it writes here */
    uint32_t live;       /* pending uploads in it */
    uint32_t acks;       /* slots used for acknowledgements; the keeper's own */
    bool is_written;     /* no more records will come: retired when nothing lives in it */
    int64_t index_size;  /* bytes of its index, 0: there is none; the keeper's own */
    bool is_index_tried; /* not once more in this life, unless it had to give way; the keeper's own */
    bool has_unsaved;    /* damaged bytes that could not be set aside: it stays until the next start has done so */
    bool is_bad;         /* a write or sync failed: its blocks are not used again */
};

/* An upload on its way to the disk. */
struct append {
    struct append *next;
    struct record record;
    uint8_t head[RECORD_HEAD + UPLOAD_HEAD_MAX]; /* header of the record and head of the upload, side by side */
    size_t head_len;
    struct view body;
    void *copy; /* owns body, or NULL */
    uint32_t segment, place;
    spool_done_fn *done;
    void *ctx;
    status result;
};

/* A record that need not be offered again. The number beside the slot: the slot may have another segment by the time it
 * is written down. */
struct acked {
    uint64_t number;
    uint32_t segment, place;
};

/* An upload that was lost with a consumer (suspects.h). */
struct suspect {
    struct upload_id id;
    uint64_t device_hash;
    uint8_t lost;
};

/* An upload on its way into quarantine. */
struct rejection {
    struct rejection *next;
    uint32_t ref;
    int64_t not_before_ms; /* after a failure */
    struct reason why;
};

struct spool {
    struct spool_settings set; /* set.folder is not valid after the start */
    const struct spool_calls *calls;
    int folder, segment_folder, quarantine_folder, lock_file; /* descriptors */

    pthread_mutex_t lock;
    pthread_cond_t work;   /* for the committer: the first one waits, the first that is awaited, or stop */
    pthread_cond_t chores; /* for the keeper: something is to be done, or stop */
    pthread_cond_t made;   /* for the committer: the keeper has finished making a segment */
    pthread_t committer, keeper;
    bool has_committer, has_keeper, stops_committing, stops_keeping;

    /* waiting for the committer */
    struct append *first, **end;
    int64_t waiting_bytes;
    bool is_awaited;     /* somebody waits for one of them */
    int64_t in_queue_ms; /* since when the first one stands there */
    size_t waiting;      /* with those that are just being written */
    uint64_t last_us, sequence;

    /* segments */
    struct segment **segments; /* by slot; NULL: free slot */
    size_t segment_room;
    uint32_t active, prepared; /* slots, REF_NONE: none */
    uint64_t last_number;
    uint64_t free_numbers[SPOOL_FREE_MAX];
    size_t free_count;
    int64_t bytes_used, bytes_on_disk; /* what is held by segments in use; with prepared and free ones */
    int64_t index_bytes;               /* of the indexes of segments: not in the others, they give way */
    uint64_t prepared_for;             /* number of the active segment whose successor was asked for */
    bool is_full;                      /* no segment can be had: refuse at once */
    bool is_crowded;                   /* as many uploads pending as there may be, or nearly: it was said */
    bool cannot_make;                  /* for another reason than room */
    bool is_healthy;                   /* false for good after a failed write or sync */
    bool is_making;                    /* the keeper makes a segment just now */
    bool wants_segment;                /* one is to be prepared */
    bool wants_retiring;
    bool wants_index; /* a segment may be without one */

    /* uploads */
    struct index *index;
    size_t in_flight;
    struct acked *acked; /* not written yet; an array of acked_room */
    size_t acked_count, acked_room;
    struct rejection *rejected, **rejected_end;
    int64_t quarantined, quarantine_bytes;
    struct timespec quarantine_seen; /* the folder's time when it was counted; the keeper's own */
    bool has_replays;                /* some are to be taken back; the keeper's own */
    struct suspect *suspects;        /* an array of SUSPECTS_MAX, or NULL */
    size_t suspect_count;
    bool suspects_changed;
    bool has_chores;

    pthread_mutex_t wake_lock; /* held during the call, so that who is told can be taken away safely */
    void (*wake)(void *ctx);
    void *wake_ctx;

    pthread_mutex_t read_lock;
    int read_fd; /* of segment `read_number`; -1: none */
    uint64_t read_number;
};

/** Tell the owner that spool_next() may have something. Without the lock. */
void spool_tell(struct spool *s);
/** Wake the keeper. With the lock. */
void spool_need_chores(struct spool *s);
/** Whether it was lost so often that nobody is given it again; `why` says so. */
bool spool_is_poison(const struct spool *s, const struct indexed *upload, struct reason *why);
/** Counts for /metrics. With the lock. */
void spool_update_gauges(struct spool *s);
/** Forget an upload that is done: with the lock. Its acknowledgement is written by the keeper. */
void spool_forget(struct spool *s, uint32_t ref);
/** Put an upload on its way into quarantine. With the lock. */
void spool_reject(struct spool *s, uint32_t ref, const struct reason *why);
/** Append an upload with the id that it has, unless it is pending, and wait until it is on stable storage. Without the lock; not the committer.
 *  @param payload  an upload's head and body  @retval ST_MALFORMED  @retval as spool_append() and its `done` */
MUST_CHECK status spool_append_again(struct spool *s, struct view payload);
/** Whether segments and quarantine have more than they may. With the lock. @param more  bytes that are to be added */
bool spool_is_over(const struct spool *s, int64_t more);

MUST_CHECK status committer_start(struct spool *s);
void committer_stop(struct spool *s); /**< commits what waits first */
MUST_CHECK status keeper_start(struct spool *s);
void keeper_stop(struct spool *s); /**< writes what is left first */

#endif
