/**
 * Who the client is when proxies stand in front: the headers by which they pass the client's
 * address on, and the PROXY header of the proxied listener. Inner header of common/http.
 *
 * Nothing here is believed unless the caller has found the peer in the list: whoever is not in it can write anything
 * into these headers.
 *
 * Threads: everything here is pure.
 */
#ifndef MUSTER_COMMON_HTTP_PROXY_H
#define MUSTER_COMMON_HTTP_PROXY_H

#include "common/networks/networks.h"

/** What a request carries; absent where the header is missing. Several lines of one header are joined by commas. */
struct forwarded {
    struct view forwarded;       /**< Forwarded (RFC 7239) */
    struct view forwarded_for;   /**< X-Forwarded-For */
    struct view real_ip;         /**< X-Real-IP */
    struct view forwarded_proto; /**< X-Forwarded-Proto */
};

/**
 * Replace the peer's address by the client's. Lists are read from the right, where the nearest proxy wrote: the first
 * address that is no trusted proxy is the client, and nothing to the left of it, nor of an entry that is no address, is
 * looked at. Forwarded is preferred to X-Forwarded-For, that to X-Real-IP.
 *
 * @param from   in: the peer, a trusted proxy; out: the client
 * @param https  in: whether the peer used TLS; out: whether the client did, where the headers say so
 */
void forwarded_apply(const struct networks *trusted, const struct forwarded *said, struct upload_address *from,
                     bool *https);

enum { PROXY_HEADER_MAX = 1024 /**< longest that is read: a v1 line has 107 bytes at most, a v2 header rarely 200 */ };

/**
 * Length of the PROXY header (v1 or v2) that `in` begins with.
 *
 * @retval ST_OK         `length` bytes, all of them there
 * @retval ST_AGAIN      all `len` bytes belong to the header, and more must come
 * @retval ST_MALFORMED  no PROXY header, or longer than PROXY_HEADER_MAX
 */
MUST_CHECK status proxy_header_length(const uint8_t *in, size_t len, size_t *length);
/**
 * Source address of a complete header.
 *
 * @param from  left as it is for "UNKNOWN", LOCAL and families that have no IP address: the connection is the proxy's own
 * @retval ST_MALFORMED
 */
MUST_CHECK status proxy_header_source(const uint8_t *in, size_t length, struct upload_address *from);

#endif
