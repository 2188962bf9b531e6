#include "services/gateway/exchange.h"

#include "services/gateway/server.h"

#include <strings.h>

struct exchange *exchange_new(struct gateway *g, struct http_request *request)
{
    struct exchange *x = http_request_alloc(request, sizeof *x);
    if (!x) {
        refuse(request, &(struct refused){.phase = "request"}, REFUSE_no_memory, NULL);
        return NULL;
    }
    *x = (struct exchange){
        .gateway = g,
        .request = request,
        .view = http_request_view(request),
        .phase = "request",
        .coding = CODING_CLEAR,
        .reply = BUFFER_INIT((size_t)64 << 20),
    };
    return x;
}

/* --------------------------------------------------------------------- text ---- */

/** Bytes of the valid UTF-8 character at `at`, 0 when there is none. */
static size_t character(const unsigned char *at, size_t left)
{
    static const unsigned first_of[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : at[0] < 0xF5 ? 4 : 0;
    if (len == 0 || len > left)
        return 0;
    unsigned code = len == 1 ? at[0] : at[0] & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3F);
    }
    bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return code < first_of[len] || code > 0x10FFFF || surrogate ? 0 : len;
}

/** What stands for a byte that is not UTF-8. @return bytes written, at most 3 */
static size_t stand_in(unsigned char byte, bool utf8, char *out)
{
    const unsigned char replacement[] = {0xEF, 0xBF, 0xBD};
    const unsigned char latin[] = {(unsigned char)(0xC0 | byte >> 6), (unsigned char)(0x80 | (byte & 0x3F))};
    memcpy(out, utf8 ? replacement : latin, utf8 ? sizeof replacement : sizeof latin);
    return utf8 ? sizeof replacement : sizeof latin;
}

struct view exchange_text(struct exchange *x, struct view text)
{
    char *out = text.data ? http_request_alloc(x->request, text.len * 3 + 1) : NULL;
    if (!out)
        return VIEW_ABSENT;
    size_t len = 0;
    for (size_t i = 0, step; i < text.len; i += step ? step : 1) {
        step = character((const unsigned char *)text.data + i, text.len - i);
        if (step == 0) {
            len += stand_in((unsigned char)text.data[i], x->utf8, out + len);
        } else if (step == 4) {
            out[len++] = '?';
        } else {
            memcpy(out + len, text.data + i, step);
            len += step;
        }
    }
    out[len] = '\0';
    return (struct view){out, len};
}

/* ------------------------------------------------------------------- answers ---- */

static bool is_type(struct view asked, const char *type)
{
    size_t len = strlen(type);
    return asked.len >= len && strncasecmp(asked.data, type, len) == 0 &&
           (asked.len == len || asked.data[len] == ';' || asked.data[len] == ' ');
}

const char *exchange_content_type(struct view asked, enum inflate_coding coding)
{
    static const char *const of_coding[] = {
        [CODING_ZLIB] = "application/x-compress-zlib",
        [CODING_GZIP] = "application/x-compress-gzip",
        [CODING_CLEAR] = "application/xml",
        [CODING_DEFLATE] = "application/x-compress-zlib",
    };
    for (int c = CODING_ZLIB; c <= CODING_CLEAR; c++)
        if (is_type(asked, of_coding[c]))
            return of_coding[coding];
    return "application/x-compressed";
}

status exchange_prepare(struct exchange *x, const struct buffer *text)
{
    if (buffer_status(text) != ST_OK)
        return ST_NO_MEMORY;
    buffer_clear(&x->reply);
    return inflate_code_reply(x->gateway->coders, buffer_view(text), x->coding, &x->reply);
}

void exchange_answer(struct exchange *x, bool close)
{
    struct buffer body = x->reply; /* out of the exchange: it is gone with the answer */
    bool empty = body.len == 0;
    http_answer(x->request, &(struct http_response){
                                .status = 200,
                                .content_type = empty ? NULL : exchange_content_type(x->view->content_type, x->coding),
                                .cache_control = empty ? NULL : "no-cache",
                                .body = buffer_view(&body),
                                .close = close,
                            });
    buffer_clear(&body);
}

void exchange_answer_text(struct exchange *x, const struct buffer *text, bool close)
{
    if (exchange_prepare(x, text) == ST_OK)
        exchange_answer(x, close);
    else
        exchange_refuse(x, REFUSE_no_memory, NULL);
}

void exchange_refuse(struct exchange *x, enum refusal r, const struct reason *why)
{
    buffer_clear(&x->reply);
    activity_refused(x->gateway->activity, x, r);
    refuse(x->request, &(struct refused){x->deviceid, x->phase, access_challenge(x->gateway->access)}, r, why);
}
