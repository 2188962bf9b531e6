/**
 * Big-endian access to bytes (every format of ours is big-endian; nothing else knows about byte order), CRC-32C
 * (Castagnoli polynomial, RFC 3720 appendix B.4) and views of bytes.
 */
#ifndef MUSTER_COMMON_BASE_BYTES_H
#define MUSTER_COMMON_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Bytes that somebody else owns; not NUL-terminated. `data` NULL means "absent", which is not the same as empty. */
struct view {
    const char *data;
    size_t len;
};

#define VIEW_ABSENT        ((struct view){NULL, 0})
#define VIEW_LITERAL(text) ((struct view){"" text, sizeof(text) - 1})

static inline struct view view_of(const char *text)
{
    return (struct view){text, text ? strlen(text) : 0};
}

static inline bool view_is(struct view v, const char *text)
{
    size_t len = strlen(text);
    return v.data && v.len == len && memcmp(v.data, text, len) == 0;
}

static inline bool view_equal(struct view a, struct view b)
{
    return a.len == b.len && (a.data == NULL) == (b.data == NULL) && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline uint16_t get_be16(const void *p)
{
    const uint8_t *b = p;
    return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t get_be32(const void *p)
{
    const uint8_t *b = p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline uint64_t get_be64(const void *p)
{
    const uint8_t *b = p;
    return (uint64_t)get_be32(b) << 32 | get_be32(b + 4);
}

static inline void put_be16(void *p, uint16_t v)
{
    uint8_t *b = p;
    b[0] = (uint8_t)(v >> 8);
    b[1] = (uint8_t)v;
}

static inline void put_be32(void *p, uint32_t v)
{
    uint8_t *b = p;
    put_be16(b, (uint16_t)(v >> 16));
    put_be16(b + 2, (uint16_t)v);
}

static inline void put_be64(void *p, uint64_t v)
{
    uint8_t *b = p;
    put_be32(b, (uint32_t)(v >> 32));
    put_be32(b + 4, (uint32_t)v);
}

enum { DIGITS_ROOM = 20 };
/** `v` in decimal, at the end of `room`; several times as fast as printing it. */
static inline struct view digits_of(uint64_t v, char room[DIGITS_ROOM])
{
    char *at = room + DIGITS_ROOM;
    do
        *--at = (char)('0' + v % 10);
    while (v /= 10);
    return (struct view){at, (size_t)(room + DIGITS_ROOM - at)};
}

/** CRC-32C of `len` bytes, continued from `crc` (0 to begin). Uses the processor's instruction where it has one. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

#endif
