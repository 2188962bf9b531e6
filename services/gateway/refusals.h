/**
 * Every way in which the gateway says no: reason code (log, metric label, manual), HTTP status. An agent looks at nothing but the
 * status; the code is for the operator.
 */
#ifndef MUSTER_GATEWAY_REFUSALS_H
#define MUSTER_GATEWAY_REFUSALS_H

#include "common/http/http.h"
#include "common/metrics/metrics.h"

/*    code              status  meaning, for the manual and the metric's help */
#define REFUSALS(X)                                                                                                    \
    X(method, 403, "neither GET nor POST")                                                                             \
    X(path, 400, "GET of something that is not there")                                                                 \
    X(deploy_off, 403, "GET deploy/... while option DEPLOY is 0")                                                      \
    X(deploy_missing, 400, "GET deploy/... of a name that table deploy does not have")                                 \
    X(update_off, 403, "GET update/... while option UPDATE is 0")                                                      \
    X(no_body, 400, "POST without a body")                                                                             \
    X(body_empty, 400, "the body is empty once unpacked")                                                              \
    X(body_coding, 400, "the body is neither zlib nor gzip nor XML")                                                   \
    X(body_coding_off, 400, "the body is not zlib, and option COMPRESS_TRY_OTHERS is 0")                               \
    X(inflate_broken, 400, "the compressed body is damaged or cut")                                                    \
    X(inflate_checksum, 400, "the checksum of the compressed body is wrong")                                           \
    X(inflate_too_big, 413, "the unpacked body is above inflated-max")                                                 \
    X(inflate_ratio, 413, "the body grows by more than ratio-max when unpacked")                                       \
    X(xml_encoding, 400, "the document's encoding is unknown or not what it says")                                     \
    X(xml_memory, 413, "the document is above inflated-max once converted to UTF-8")                                   \
    X(xml_empty, 400, "no document in the body")                                                                       \
    X(xml_doctype, 400, "the document has a DOCTYPE")                                                                  \
    X(xml_not_closed, 400, "elements are not closed: the document was cut")                                            \
    X(xml_depth, 413, "elements are nested too deeply")                                                                \
    X(xml_tag_too_long, 413, "a tag is too long")                                                                      \
    X(xml_elements, 413, "too many elements")                                                                          \
    X(xml_entity, 400, "an undefined entity or a bare & in QUERY, DEVICEID or ACCOUNTINFO")                            \
    X(xml_value_too_long, 413, "QUERY, DEVICEID or ACCOUNTINFO is too long")                                           \
    X(xml_no_root, 400, "no root element")                                                                             \
    X(xml_after_root, 400, "something follows the root element")                                                       \
    X(query_missing, 400, "no QUERY")                                                                                  \
    X(query_unknown, 400, "a QUERY that nobody serves, or more than one")                                              \
    X(deviceid_bad, 400, "DEVICEID is missing or has not the form name-YYYY-MM-DD-hh-mm-ss")                           \
    X(agent_refused, 400, "the setting agents does not name this User-Agent")                                          \
    X(auth_missing, 401,                                                                                               \
      "users are set, and the request has no user and password (usual: agents send them when asked)")                  \
    X(auth_wrong, 401, "user or password is wrong")                                                                    \
    X(auth_limited, 429, "too many wrong passwords from this address a moment ago")                                    \
    X(auth_busy, 503, "too many passwords wait to be checked")                                                         \
    X(certificate_missing, 403, "client-required: the client shows no certificate")                                    \
    X(certificate_needed, 403, "the device is pinned to a certificate, and the client shows none")                     \
    X(certificate_mismatch, 403, "the device is pinned to the key of another certificate")                             \
    X(stopping, 503, "the gateway is being stopped")                                                                   \
    X(session_missing, 403, "INVENTORY_SESSION_ONLY: no PROLOG of the device was answered SEND a moment ago")          \
    X(flood, 403, "INVENTORY_FILTER_FLOOD_IP: another new device from the same address")                               \
    X(update_bad, 400, "QUERY UPDATE without AGENT or with an unknown PLATFORM")                                       \
    X(rate, 429, "more requests a minute from one address than rate-max")                                              \
    X(spool_full, 503, "the spool is full or closed after a fault")                                                    \
    X(spool_busy, 503, "too much waits for the disk")                                                                  \
    X(spool_too_big, 413, "the upload is larger than a segment of the spool")                                          \
    X(spool_failed, 503, "writing to the spool failed")                                                                \
    X(lookup_busy, 503, "too many questions wait for the database")                                                    \
    X(database_away, 503, "the answer needs the database, which is away")                                              \
    X(no_memory, 503, "memory is out")                                                                                 \
    X(other, 400, "a reason that has no row of its own")

enum refusal {
#define X(code, status, help) REFUSE_##code,
    REFUSALS(X)
#undef X
        REFUSAL_COUNT
};

extern const struct metric_table refusals_table;

const char *refusal_name(enum refusal r);
int refusal_status(enum refusal r);
/** By the code of a reason from another module; REFUSE_other when there is no such row. */
enum refusal refusal_of(const struct reason *why);
/** What the spool's refusal of an upload is called. */
enum refusal refusal_of_spool(status st);

/** What is known of a request that is refused. */
struct refused {
    struct view device;    /**< absent: not read yet */
    const char *phase;     /**< the step that refuses it */
    const char *challenge; /**< of a 401; NULL: none */
};

/** Count, log (with address and User-Agent) and answer. `why` may be NULL. The request is gone afterwards. Any thread. */
void refuse(struct http_request *request, const struct refused *what, enum refusal r, const struct reason *why);

#endif
