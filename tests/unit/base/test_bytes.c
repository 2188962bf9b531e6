#include "common/base/bytes.h"

#include <criterion/criterion.h>

/* RFC 3720, appendix B.4 */
Test(bytes, crc32c_gives_the_published_values)
{
    uint8_t zeros[32] = {0}, ones[32], up[32];
    memset(ones, 0xff, sizeof ones);
    for (unsigned i = 0; i < sizeof up; i++)
        up[i] = (uint8_t)i;
    cr_expect_eq(crc32c(0, zeros, 32), 0x8a9136aau);
    cr_expect_eq(crc32c(0, ones, 32), 0x62a8ab43u);
    cr_expect_eq(crc32c(0, up, 32), 0x46dd794eu);
    cr_expect_eq(crc32c(crc32c(0, up, 7), up + 7, 25), 0x46dd794eu, "in two pieces");
}

/* By the definition, bit by bit. */
static uint32_t slow_crc32c(const uint8_t *p, size_t len)
{
    uint32_t crc = 0xffffffffu;
    for (; len; p++, len--) {
        crc ^= *p;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

Test(bytes, crc32c_is_the_same_for_every_length_and_address)
{
    enum { LEN = 5000 };
    static uint8_t bytes[LEN];
    uint32_t random = 1;
    for (size_t i = 0; i < LEN; i++)
        bytes[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
    for (size_t len = 0; len <= LEN - 8; len++)
        cr_expect_eq(crc32c(0, bytes + len % 8, len), slow_crc32c(bytes + len % 8, len), "%zu", len);
}

Test(bytes, crc32c_goes_on_from_any_place)
{
    enum { LEN = 5000 };
    static uint8_t bytes[LEN];
    for (size_t i = 0; i < LEN; i++)
        bytes[i] = (uint8_t)(i * i >> 3);
    uint32_t whole = slow_crc32c(bytes, LEN);
    for (size_t first = 0; first <= LEN; first++)
        cr_expect_eq(crc32c(crc32c(0, bytes, first), bytes + first, LEN - first), whole, "%zu", first);
}

/* Each byte of each run counts for itself: what takes the runs together must not mix them up. */
Test(bytes, crc32c_sees_every_single_bit)
{
    enum { LEN = 3100 };
    static uint8_t bytes[LEN];
    for (size_t bit = 0; bit < 8 * (size_t)LEN; bit += 13) {
        bytes[bit / 8] = (uint8_t)(1u << bit % 8);
        cr_expect_eq(crc32c(0, bytes, LEN), slow_crc32c(bytes, LEN), "%zu", bit);
        bytes[bit / 8] = 0;
    }
}

Test(bytes, big_endian_both_ways)
{
    uint8_t raw[8];
    put_be64(raw, 0x0102030405060708u);
    cr_expect_eq(raw[0], 1);
    cr_expect_eq(raw[7], 8);
    cr_expect_eq(get_be64(raw), 0x0102030405060708u);
    cr_expect_eq(get_be32(raw + 4), 0x05060708u);
    cr_expect_eq(get_be16(raw), 0x0102u);
}

Test(bytes, absent_is_not_empty)
{
    cr_expect_not(view_equal(VIEW_ABSENT, VIEW_LITERAL("")));
    cr_expect(view_equal(VIEW_LITERAL("a"), view_of("a")));
    cr_expect_not(view_is(VIEW_ABSENT, ""));
}
