#include "services/gateway/spool/segment.h"

#include "common/base/cleanup.h"

#include <criterion/criterion.h>

enum { NUMBER = 42, NONCE = 0x1234567 };

static const struct record good = {
    .id = {0x0102030405060708, 0x1112131415161718},
    .device_hash = 0x2122232425262728,
    .kind = UPLOAD_SNMP,
    .payload_len = 777,
    .payload_crc = 0xdeadbeef,
    .batch = 99,
};

Test(segment, a_record_comes_back_as_it_was)
{
    uint8_t raw[RECORD_HEAD];
    struct record r;
    record_encode(&good, NUMBER, NONCE, raw);
    cr_assert_eq(record_decode(raw, NUMBER, NONCE, &r), ST_OK);
    cr_expect(r.id.hi == good.id.hi && r.id.lo == good.id.lo && r.device_hash == good.device_hash);
    cr_expect(r.kind == good.kind && r.payload_len == good.payload_len && r.payload_crc == good.payload_crc);
    cr_expect_eq(r.batch, good.batch);
}

Test(segment, a_record_of_another_use_is_none)
{
    uint8_t raw[RECORD_HEAD];
    struct record r;
    record_encode(&good, NUMBER, NONCE, raw);
    cr_expect_eq(record_decode(raw, NUMBER, NONCE + 1, &r), ST_MALFORMED);
    cr_expect_eq(record_decode(raw, NUMBER + 1, NONCE, &r), ST_MALFORMED);
    cr_expect_not(record_is_damaged(raw, NUMBER + 1, NONCE + 1), "an earlier use is no damage");
}

Test(segment, every_flipped_bit_of_a_header_is_seen_and_told_from_nothing)
{
    for (size_t bit = 0; bit < RECORD_HEAD * 8; bit++) {
        uint8_t raw[RECORD_HEAD];
        struct record r;
        record_encode(&good, NUMBER, NONCE, raw);
        raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_expect_eq(record_decode(raw, NUMBER, NONCE, &r), ST_MALFORMED, "bit %zu", bit);
        cr_expect(record_is_damaged(raw, NUMBER, NONCE), "bit %zu", bit);
    }
    uint8_t zeros[RECORD_HEAD] = {0};
    cr_expect_not(record_is_damaged(zeros, NUMBER, NONCE));
}

Test(segment, every_flipped_bit_of_a_head_is_seen)
{
    const struct segment_head head = {NUMBER, NONCE, 1 << 20, 123456, 7};
    uint8_t raw[SEGMENT_HEAD];
    struct segment_head h;
    segment_head_encode(&head, raw);
    cr_assert_eq(segment_head_decode(raw, &h), ST_OK);
    cr_expect(h.number == NUMBER && h.nonce == NONCE && h.size == 1 << 20 && h.made_us == 123456 && h.gateway_id == 7);
    for (size_t bit = 0; bit < SEGMENT_HEAD * 8; bit++) {
        raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_expect_eq(segment_head_decode(raw, &h), ST_MALFORMED, "bit %zu", bit);
        raw[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

Test(segment, a_head_of_a_newer_format_is_refused)
{
    const struct segment_head head = {NUMBER, NONCE, 1 << 20, 123456, 7};
    uint8_t raw[SEGMENT_HEAD];
    struct segment_head h;
    segment_head_encode(&head, raw);
    put_be32(raw + 4, SEGMENT_FORMAT + 1);
    put_be32(raw + 60, crc32c(0, raw, 60));
    cr_expect_eq(segment_head_decode(raw, &h), ST_REFUSED);
}

Test(segment, an_acknowledgement_belongs_to_one_use)
{
    uint8_t raw[ACK_SIZE];
    uint32_t place;
    ack_encode(1234, NONCE, raw);
    cr_assert_eq(ack_decode(raw, NONCE, &place), ST_OK);
    cr_expect_eq(place, 1234);
    cr_expect_eq(ack_decode(raw, NONCE + 1, &place), ST_MALFORMED);
    uint8_t zeros[ACK_SIZE] = {0};
    cr_expect_eq(ack_decode(zeros, NONCE, &place), ST_MALFORMED);
}

Test(segment, names_are_told_from_others)
{
    static const struct {
        const char *name;
        bool want;
    } cases[] = {
        {"000000000000002a.seg", true},
        {"000000000000002a.free", false},
        {"00000000000002a.seg", false},
        {"000000000000002A.seg", false},
        {"000000000000002a.seg~", false},
        {"x00000000000002a.seg", false},
        {"00000000000000002a.seg", false},
        {"ffffffffffffffff.seg", false}, /* the next number would be 0 */
        {"1000000000000000.seg", false},
        {"lost+found", false},
        {"", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint64_t number = 0;
        cr_expect_eq(segment_name_parse(cases[i].name, "seg", &number), cases[i].want, "%s", cases[i].name);
        cr_expect(!cases[i].want || number == NUMBER);
    }
    char name[SEGMENT_NAME];
    cr_expect_str_eq(segment_name(NUMBER, "seg", name), cases[0].name);
}
