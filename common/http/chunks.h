/**
 * The decoder of chunked bodies, in place of h2o's. Inner header of common/http.
 *
 * libh2o 2.2.5 takes a bare line feed for the end of a chunk's line (a proxy in front of us may not, and then a request hides in
 * the body), extensions and trailers without end, and a chunk of 2^64-1 bytes, whose end it waits for until the request's time is
 * over. It has no switch for any of this, and what it has decoded can no longer be looked at. But it calls its decoder through the
 * dynamic linker, by the name that picohttpparser gave it, and a program's own function of that name comes before a library's:
 * so the function below is the one that runs. chunks_are_ours() says whether that is so.
 *
 * Taken is what RFC 9112 7.1 has, with at most CHUNKS_EXTRA_MAX bytes of extensions and trailers in one body (they are not kept).
 *
 * Threads: pure.
 */
#ifndef MUSTER_COMMON_HTTP_CHUNKS_H
#define MUSTER_COMMON_HTTP_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { CHUNKS_EXTRA_MAX = 4096 };

/** As picohttpparser has it: h2o has room for this and sets it to zeros. What is in it is the decoder's own affair. */
struct phr_chunked_decoder {
    size_t
        left; /**< low half: bytes of the chunk that are still to come; high half: bytes of extensions and trailers so far */
    char is_trailer_taken; /**< h2o sets it: we always take it */
    char digits;
    char state;
};

/**
 * Decode in place.
 *
 * @param size  in: bytes that came; out: bytes of the body among them, which then begin at `bytes`
 * @return how many bytes follow the end of the body, moved behind it; -2: it has not ended; -1: it is malformed
 */
__attribute__((visibility("default"))) ssize_t phr_decode_chunked(struct phr_chunked_decoder *decoder, char *bytes,
                                                                  size_t *size);

bool chunks_are_ours(void);

#endif
