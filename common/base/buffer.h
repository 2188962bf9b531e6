/**
 * A growing run of bytes with a hard cap. Appending never fails at the place of the append: the buffer remembers that
 * it ran out (of memory or of its cap), ignores what follows, and says so once, at buffer_status(). So text can be
 * put together without a check per line, and still nothing half-made is used.
 *
 * Threads: one buffer, one thread at a time.
 */
#ifndef MUSTER_COMMON_BASE_BUFFER_H
#define MUSTER_COMMON_BASE_BUFFER_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/status.h"

#include <stdarg.h>

struct buffer {
    char *data;  /**< owned; NUL-terminated behind `len` whenever not NULL */
    size_t len;  /**< bytes in use */
    size_t room; /**< bytes allocated */
    size_t max;  /**< cap for `len` */
    status failed;
};

/** Ready to use, nothing allocated. @param max cap in bytes, not 0 */
#define BUFFER_INIT(cap) ((struct buffer){.max = (cap)})

void buffer_clear(struct buffer *b); /**< release the memory; the buffer may be used again */
static inline void buffer_clear_p(struct buffer *b)
{
    buffer_clear(b);
}

/** Forget the content and any failure, keep the memory. */
void buffer_reset(struct buffer *b);
/** Make room for `len` more bytes and return where they go, or NULL when the buffer has failed. Grows `len`. */
char *buffer_extend(struct buffer *b, size_t len);
void buffer_add(struct buffer *b, const void *data, size_t len);
void buffer_text(struct buffer *b, const char *text);
void buffer_char(struct buffer *b, char c);
void buffer_format(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_format_list(struct buffer *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void buffer_number(struct buffer *b, uint64_t v); /**< decimal; several times as fast as buffer_format() */
void buffer_be16(struct buffer *b, uint16_t v);
void buffer_be32(struct buffer *b, uint32_t v);
void buffer_be64(struct buffer *b, uint64_t v);

/** @retval ST_OK  all that was appended is there
 *  @retval ST_TOO_BIG the cap was reached  @retval ST_NO_MEMORY */
MUST_CHECK static inline status buffer_status(const struct buffer *b)
{
    return b->failed;
}

static inline struct view buffer_view(const struct buffer *b)
{
    return (struct view){b->data ? b->data : "", b->len};
}

#endif
