/**
 * One request of an agent on its way through the gateway, and the ways to answer it. It lives in the request's memory: after an
 * answer it is gone.
 *
 * Threads: one at a time; which one changes on the way (loop, look-up, committer).
 */
#ifndef MUSTER_GATEWAY_EXCHANGE_H
#define MUSTER_GATEWAY_EXCHANGE_H

#include "common/base/buffer.h"
#include "common/inflate/inflate.h"
#include "services/gateway/refusals.h"

struct gateway;

struct exchange {
    struct gateway *gateway;
    struct http_request *request;
    const struct http_view *view;
    const char *
        phase; /**< the step that it is in, for log lines: "request", "unpack", "envelope", then OCS's name of its QUERY's */
    enum inflate_coding coding; /**< of the request's body; the reply is coded the same way */
    bool utf8;                  /**< the document says that it is UTF-8, or was converted to it */
    struct view deviceid;       /**< fit for a look-up: see exchange_text() */
    uint64_t device_hash;
    bool is_pinned;      /**< that its certificate fits the device was looked up */
    struct view agent;   /**< User-Agent, cleaned; absent when none was sent */
    struct buffer reply; /**< coded; empty: answered without a body */
};

/** @return NULL when memory is out: then the request was answered */
struct exchange *exchange_new(struct gateway *g, struct http_request *request);

/**
 * A copy in the request's memory, made fit for a look-up as the parser and the writer will make it fit for a row: a byte that is not
 * UTF-8 becomes U+FFFD in a document that says it is UTF-8, else the Latin-1 character; a character outside the 3-byte range becomes
 * '?' (the database refuses to compare it with OCS's columns). Loop thread only.
 * @return absent when memory is out or `text` is absent
 */
struct view exchange_text(struct exchange *x, struct view text);

/** Code a reply for exchange_answer(). @retval ST_NO_MEMORY */
MUST_CHECK status exchange_prepare(struct exchange *x, const struct buffer *text);
/** 200 with what was prepared, or without a body. `close`: and the connection is closed behind it. */
void exchange_answer(struct exchange *x, bool close);
/** Prepare and answer. */
void exchange_answer_text(struct exchange *x, const struct buffer *text, bool close);
/** Refuse instead: count, log, answer. `why` may be NULL. */
void exchange_refuse(struct exchange *x, enum refusal r, const struct reason *why);

/** The Content-Type of a reply: some agents choose their decoder by it, so who names its coding gets the name back. */
const char *exchange_content_type(struct view asked, enum inflate_coding coding);

#endif
