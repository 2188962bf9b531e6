/**
 * Sixteen bytes at a time, for scanners: load them, compare all of them at once, and get the answer as one bit for each byte. Written with the
 * vectors of GCC and Clang, so it is the same text for every processor; only the last step has a form of its own where SSE2 is, which is every
 * x86-64.
 */
#ifndef MUSTER_COMMON_BASE_BLOCK_H
#define MUSTER_COMMON_BASE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#else
#include <endian.h>
#endif

enum { BLOCK = 16 };

/** Bytes, or the outcome of a comparison: 0xff in a lane where it holds, else 0. Combine outcomes with | & ~. */
typedef uint8_t block __attribute__((vector_size(BLOCK)));

/** @param p BLOCK bytes that may be read, at any address */
static inline block block_load(const char *p)
{
    block b;
    memcpy(&b, p, sizeof b);
    return b;
}

static inline block block_fill(uint8_t c)
{
    return (block){c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c};
}

static inline block block_equal(block a, block b)
{
    return (block)(a == b);
}

static inline block block_is(block b, char c)
{
    return block_equal(b, block_fill((uint8_t)c));
}

/** Bytes count from 0 to 255. */
static inline block block_below(block b, uint8_t limit)
{
    return (block)(b < block_fill(limit));
}

/** Bit i: whether the comparison holds for byte i. */
static inline unsigned block_bits(block outcome)
{
#if defined(__SSE2__)
    return (unsigned)_mm_movemask_epi8((__m128i)outcome);
#else
    uint64_t half[2];
    memcpy(half, &outcome, sizeof half);
    for (int i = 0; i < 2; i++) /* byte k keeps its bit k; the product adds all of them up in the upper byte */
        half[i] = (le64toh(half[i]) & 0x8040201008040201u) * 0x0101010101010101u >> 56;
    return (unsigned)(half[0] | half[1] << 8);
#endif
}

/** Whether the first `len` bytes are equal. @param a, b BLOCK bytes that may be read @param len at most BLOCK */
static inline bool block_same_start(block a, block b, size_t len)
{
    return (~block_bits(block_equal(a, b)) & ((1u << len) - 1)) == 0;
}

#endif
