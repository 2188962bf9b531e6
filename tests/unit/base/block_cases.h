/* The same tests for both forms of block_bits(): included by test_block.c and test_block_portable.c, each with a suite of its own. */
#include "common/base/block.h"

#include <criterion/criterion.h>

static const char sample[BLOCK] = {'<', 0,   '0', '/', '<', (char)0x80, (char)0xff, '=',
                                   '>', '?', '@', 'a', '<', ' ',        'z',        '<'};

Test(SUITE, each_byte_has_a_bit_of_its_own)
{
    block b = block_load(sample);
    cr_expect_eq(block_bits(block_is(b, '<')), 0x9011u);
    cr_expect_eq(block_bits(block_is(b, (char)0xff)), 0x0040u);
    cr_expect_eq(block_bits(block_is(b, '!')), 0u);
    cr_expect_eq(block_bits(block_equal(b, b)), 0xffffu);
    for (unsigned i = 0; i < BLOCK; i++) {
        char one[BLOCK] = {0};
        one[i] = 'x';
        cr_expect_eq(block_bits(block_is(block_load(one), 'x')), 1u << i);
    }
}

Test(SUITE, bytes_are_compared_without_sign)
{
    unsigned want = 0;
    for (unsigned i = 0; i < BLOCK; i++)
        want |= (unsigned)((uint8_t)sample[i] < '0') << i;
    cr_expect_eq(block_bits(block_below(block_load(sample), '0')), want);
    cr_expect_eq(block_bits(block_below(block_load(sample) - block_fill('<'), 4)), 0x9391u, "< = > ?");
}

Test(SUITE, only_the_first_bytes_count_for_the_same_start)
{
    for (unsigned at = 0; at < BLOCK; at++) {
        char other[BLOCK];
        memcpy(other, sample, BLOCK);
        other[at] ^= 0x10;
        for (unsigned len = 0; len <= BLOCK; len++)
            cr_expect_eq(block_same_start(block_load(sample), block_load(other), len), len <= at, "%u, %u", at, len);
    }
}
