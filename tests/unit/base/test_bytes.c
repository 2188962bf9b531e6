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
