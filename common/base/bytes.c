#include "common/base/bytes.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>

/*
 * The instruction takes three cycles, but one can begin in each: three runs of bytes side by side take the time of one. How their CRCs
 * become one is from V. Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction" (Intel, 2011): a CRC that n bytes
 * follow is to be multiplied by x^(8n). The product without carries is 63 bits long; the instruction itself reduces it when it is
 * given with the next word, and that is x^33 too much: hence x^(8n-33), its bits in the order of the instruction.
 */
#define WORDS           ((size_t)64) /* of a run; 512 bytes */
#define THREE_RUNS      (3 * WORDS * 8)
#define BEHIND_ONE_RUN  0xdd7e3b0cu /* x^(8*512-33) */
#define BEHIND_TWO_RUNS 0x170076fau /* x^(8*1024-33) */

#define BY_INSTRUCTION __attribute__((target("sse4.2,pclmul")))

BY_INSTRUCTION static uint64_t word_at(const uint8_t *p, size_t i)
{
    uint64_t word;
    memcpy(&word, p + 8 * i, sizeof word);
    return word;
}

BY_INSTRUCTION static uint64_t multiply(uint64_t crc, uint32_t by)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)crc), _mm_cvtsi64_si128(by), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

BY_INSTRUCTION static uint64_t crc_of_three_runs(uint64_t crc, const uint8_t *p)
{
    uint64_t second = 0, third = 0;
    for (size_t i = 0; i < WORDS - 1; i++) {
        crc = _mm_crc32_u64(crc, word_at(p, i));
        second = _mm_crc32_u64(second, word_at(p, WORDS + i));
        third = _mm_crc32_u64(third, word_at(p, 2 * WORDS + i));
    }
    crc = _mm_crc32_u64(crc, word_at(p, WORDS - 1));
    second = _mm_crc32_u64(second, word_at(p, 2 * WORDS - 1));
    uint64_t before = multiply(crc, BEHIND_TWO_RUNS) ^ multiply(second, BEHIND_ONE_RUN);
    return _mm_crc32_u64(third, word_at(p, 3 * WORDS - 1) ^ before);
}

BY_INSTRUCTION static uint32_t crc_by_instruction(uint32_t crc, const uint8_t *p, size_t len)
{
    uint64_t c = crc;
    for (; len >= THREE_RUNS; p += THREE_RUNS, len -= THREE_RUNS)
        c = crc_of_three_runs(c, p);
    for (; len >= 8; p += 8, len -= 8)
        c = _mm_crc32_u64(c, word_at(p, 0));
    for (; len; p++, len--)
        c = _mm_crc32_u8((uint32_t)c, *p);
    return (uint32_t)c;
}

static bool has_instruction(void)
{
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}
#else
static uint32_t crc_by_instruction(uint32_t crc, const uint8_t *p, size_t len)
{
    (void)p, (void)len;
    return crc;
}

static bool has_instruction(void)
{
    return false;
}
#endif

/* Half-byte table: sixteen entries are enough for machines without the instruction, and need no start-up. */
static uint32_t crc_by_table(uint32_t crc, const uint8_t *p, size_t len)
{
    static const uint32_t table[16] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
                                       0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                       0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75};
    for (; len; p++, len--) {
        crc ^= *p;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return crc;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
    crc = ~crc;
    crc = has_instruction() ? crc_by_instruction(crc, data, len) : crc_by_table(crc, data, len);
    return ~crc;
}
