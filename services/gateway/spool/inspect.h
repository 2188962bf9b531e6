/**
 * A spool looked at from outside, by an operator's tool: also while a gateway has it. Then what is seen is that of a moment.
 *
 * Looking changes nothing. What an operator may change while a gateway runs are files of the quarantine (quarantine.h); a pending
 * upload only when no gateway has the spool.
 *
 * Threads: pure but for the files.
 */
#ifndef MUSTER_GATEWAY_SPOOL_INSPECT_H
#define MUSTER_GATEWAY_SPOOL_INSPECT_H

#include "common/base/buffer.h"
#include "common/upload/upload.h"

enum spool_state {
    SPOOL_PENDING,      /**< in a segment, not acknowledged */
    SPOOL_BROKEN,       /**< a piece of a segment that does not fit its checksum: set aside when the gateway meets it */
    SPOOL_TORN,         /**< the same, of what was written last: a crash does that, so it is no fault of the disk */
    SPOOL_FOREIGN,      /**< a file that is not ours or cannot be read: left alone */
    SPOOL_QUARANTINED,  /**< an upload in quarantine */
    SPOOL_REPLAYING,    /**< an upload in quarantine that the gateway is to take back */
    SPOOL_CUT_OUT,      /**< a damaged piece in quarantine */
    SPOOL_BROKEN_INDEX, /**< an index that does not fit its segment: made anew by the gateway's next start */
    SPOOL_STATES
};

/** "pending", "broken", ... */
const char *spool_state_name(enum spool_state state);

enum { SPOOL_NAME = 64 };

struct spool_piece {
    enum spool_state state;
    char name[SPOOL_NAME]; /**< upload id, or that of a file without its suffix */
    struct upload_id id;   /**< of an upload */
    enum upload_kind kind; /**< of an upload, 0: not known */
    int64_t bytes;         /**< of the payload or the piece */
    struct reason why;     /**< quarantine: why; broken, foreign: what is wrong */
    uint64_t segment;      /**< pending, broken: where */
    int64_t at;
    uint64_t nonce; /**< pending: for its acknowledgement */
    int64_t ack_at; /**< pending: where that goes, -1: no room */
};

struct spool_survey {
    int64_t segments, segment_bytes; /**< in use; what they take on the disk */
    int64_t records, acknowledged;
    int64_t count[SPOOL_STATES];
    int64_t quarantine_bytes;
    bool in_use; /**< a gateway has it */
};

/** Called for every piece: segments by number, then the quarantine by name. @return false: enough */
typedef bool spool_piece_fn(void *ctx, const struct spool_piece *piece);

/**
 * @param reads_all  verify every payload against its checksum, else only headers
 * @param on_piece   NULL: only the numbers are wanted
 * @retval ST_NOT_FOUND  no spool there  @retval ST_IO  @retval ST_NO_MEMORY
 */
MUST_CHECK status spool_inspect(const char *folder, bool reads_all, spool_piece_fn *on_piece, void *ctx,
                                struct spool_survey *out, struct reason *why);
/** Head and body of an upload, or the bytes of a piece, as they are. @retval ST_NOT_FOUND  gone meanwhile  @retval ST_IO  @retval ST_TOO_BIG */
MUST_CHECK status spool_piece_read(const char *folder, const struct spool_piece *piece, struct buffer *out);
/** SPOOL_QUARANTINED: to be taken back when the gateway looks next (within a second, or at its start).
 *  @retval ST_INVALID  not an upload in quarantine  @retval ST_NOT_FOUND  gone meanwhile  @retval ST_IO */
MUST_CHECK status spool_piece_replay(const char *folder, const struct spool_piece *piece, struct reason *why);
/** Remove it for good: of the quarantine at any time; pending only while no gateway has the spool.
 *  @retval ST_CONFLICT  pending, and a gateway has it  @retval ST_INVALID  cannot be dropped  @retval as above */
MUST_CHECK status spool_piece_drop(const char *folder, const struct spool_piece *piece, struct reason *why);

#endif
