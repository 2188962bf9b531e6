/* The bytes that decide whom we talk to and where a request ends: PROXY header, header block, chunks, headers of proxies, and the
 * setting that names them. */
#include "common/http/chunks.h"
#include "common/http/framing.h"
#include "common/http/proxy.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Not assert(): a build with NDEBUG would test nothing. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static void read_proxy_header(const uint8_t *data, size_t len)
{
    size_t length = 0;
    struct upload_address from = {0};
    if (proxy_header_length(data, len, &length) != ST_OK)
        return;
    must(length > 0 && length <= len && length <= PROXY_HEADER_MAX);
    if (proxy_header_source(data, length, &from) == ST_OK)
        must(from.len == 0 || from.len == 4 || from.len == 16);
}

/* A header that is whole must be found whole, however it was cut on its way, and never before its end. */
static void read_in_pieces(const uint8_t *data, size_t len)
{
    size_t whole = 0, length = 0;
    if (proxy_header_length(data, len, &whole) != ST_OK)
        return;
    for (size_t part = 0; part < whole; part++)
        must(proxy_header_length(data, part, &length) == ST_AGAIN);
}

static void read_forwarded(const struct networks *trusted, struct view text)
{
    struct upload_address from = {.bytes = {10, 0, 0, 1}, .len = 4};
    bool https = false;
    forwarded_apply(trusted, &(struct forwarded){.forwarded = text}, &from, &https);
    forwarded_apply(trusted, &(struct forwarded){.forwarded_for = text, .forwarded_proto = text}, &from, &https);
    forwarded_apply(trusted, &(struct forwarded){.real_ip = text}, &from, &https);
    must(from.len == 4 || from.len == 16);
}

/* In pieces as h2o gives them: each behind what is decoded. @return as phr_decode_chunked(), of what came until it ended */
static ssize_t decode(const uint8_t *data, size_t len, size_t step, char *out, size_t *out_len)
{
    struct phr_chunked_decoder decoder = {.is_trailer_taken = 1};
    ssize_t got = -2;
    size_t at = 0;
    *out_len = 0;
    while (at < len && got == -2) {
        size_t take = len - at < step ? len - at : step, size = take;
        memcpy(out + *out_len, data + at, take);
        at += take;
        got = phr_decode_chunked(&decoder, out + *out_len, &size);
        must(size <= take && (got < 0 || size + (size_t)got <= take));
        *out_len += size;
    }
    return got < 0 ? got : got + (ssize_t)(len - at);
}

/* However it was cut on its way, a body is the same one, and ends at the same place. */
static void read_chunks(const uint8_t *data, size_t len)
{
    char *whole = malloc(len + 1), *pieces = malloc(len + 1);
    must(whole && pieces);
    size_t whole_len, pieces_len;
    ssize_t got = decode(data, len, len, whole, &whole_len);
    must(got == decode(data, len, 1 + len % 7, pieces, &pieces_len));
    must(got == -1 || (whole_len == pieces_len && memcmp(whole, pieces, whole_len) == 0));
    free(whole);
    free(pieces);
}

static void read_networks(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1);
    must(text != NULL);
    memcpy(text, data, len);
    text[len] = 0;
    struct networks networks;
    if (networks_parse(text, &networks, NULL) == ST_OK)
        for (size_t i = 0; i < networks.count; i++)
            must(networks_contain(&networks, &networks.list[i].address));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct networks trusted;
    must(networks_parse("10.0.0.0/8 ::1", &trusted, NULL) == ST_OK);
    struct view text = {(const char *)data, len};
    (void)framing_check(text, len % 2);
    read_proxy_header(data, len);
    read_in_pieces(data, len);
    read_forwarded(&trusted, text);
    if (len > 0) {
        read_networks(data, len);
        read_chunks(data, len);
    }
    return 0;
}
