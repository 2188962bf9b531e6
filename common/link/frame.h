/**
 * The frame of link.h in bytes and as a struct. Private to common/link.
 *
 * Threads: pure.
 */
#ifndef MUSTER_COMMON_LINK_FRAME_H
#define MUSTER_COMMON_LINK_FRAME_H

#include "common/upload/upload.h"

enum { FRAME_SIZE = 48, FRAME_IDLE_VERSION = 2 /* FRAME_IDLE exists since */ };

enum link_kind {
    FRAME_HELLO = 1,
    FRAME_CREDIT = 2,
    FRAME_ACK = 3,
    FRAME_RETRY = 4,
    FRAME_REJECT = 5,
    FRAME_BEAT = 6,
    FRAME_BYE = 7,
    FRAME_MESSAGE = 8,
    FRAME_REFUSED = 9,
    FRAME_IDLE = 10,
    FRAME_KIND_END
};

struct frame {
    uint8_t version; /* 0 when encoding: LINK_VERSION */
    enum link_kind kind;
    bool is_suspect;
    struct upload_id id;
    uint8_t upload_kind;
    uint8_t attempt;
    uint32_t number;
    uint64_t lease;
    uint32_t body_len;
};

void frame_encode(const struct frame *f, uint8_t out[FRAME_SIZE]);

/** Whether a program whose newest version is `newest` speaks `version`: its own and the one before. */
bool frame_is_spoken(unsigned version, unsigned newest);

/**
 * @param newest  version that is spoken here, besides the one before it
 * @retval ST_MALFORMED  too short or too long, no magic, wrong checksum, unknown kind; an upload kind out of range
 * @retval ST_REFUSED    a version that is not spoken here; only `out->version` is valid. FRAME_REFUSED is understood in any
 */
MUST_CHECK status frame_decode(const void *in, size_t len, unsigned newest, struct frame *out);

#endif
