/**
 * Whether the end of a request can be read in two ways. Inner header of common/http.
 *
 * libh2o 2.2.5 accepts two Content-Length lines (the first wins), Content-Length beside Transfer-Encoding, folded lines and
 * bare line feeds. A proxy in front of us may read the same bytes otherwise, and then a second request can hide in the body of
 * the first. h2o does not pass these headers on, but the block as received still lies in front of the connection's input.
 *
 * Threads: pure.
 */
#ifndef MUSTER_COMMON_HTTP_FRAMING_H
#define MUSTER_COMMON_HTTP_FRAMING_H

#include "common/base/bytes.h"

enum { FRAMING_HEADER_MAX = 64 << 10 /**< bytes of request line and headers; above: 431 */ };

enum framing { FRAMING_CLEAR, FRAMING_AMBIGUOUS, FRAMING_TOO_LONG };

/** @param block  begins with the request; what follows the empty line is not looked at */
enum framing framing_check(struct view block, bool is_http10);

#endif
