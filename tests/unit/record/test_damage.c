/* What does not come from our own builder: cut, flipped, and lying with a checksum that fits. */
#include "tests/unit/record/samples.h"

#include <criterion/criterion.h>

enum { CRC_SIZE = 4, RAW_LEN_AT = 12, FORMAT_AT = 4 };

static status open_copy(const struct buffer *copy, struct reason *why)
{
    AUTO(record_close) struct record *r = NULL;
    status st = record_open(copy->data, copy->len, SAMPLE_MAX, &r, why);
    if (st == ST_OK)
        sample_walk(r);
    return st;
}

static void fit_checksum(struct buffer *copy)
{
    put_be32(copy->data + copy->len - CRC_SIZE, crc32c(0, copy->data, copy->len - CRC_SIZE));
}

Test(record_damage, every_cut_and_every_flipped_bit_is_noticed)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(SAMPLE_MAX);
    for (int lz4 = 0; lz4 <= 1; lz4++) {
        struct view message = sample_build(b, lz4);
        for (size_t i = 0; i < message.len; i++) {
            AUTO(buffer_clear) struct buffer cut = BUFFER_INIT(SAMPLE_MAX), flipped = BUFFER_INIT(SAMPLE_MAX);
            buffer_add(&cut, message.data, i);
            cr_expect_eq(record_open(buffer_view(&cut).data, i, SAMPLE_MAX, &(struct record *){NULL}, NULL),
                         ST_MALFORMED);
            buffer_add(&flipped, message.data, message.len);
            flipped.data[i] ^= 1 << (i % 8);
            struct reason why = {0};
            status st = open_copy(&flipped, &why);
            cr_expect(st == ST_MALFORMED || (i == FORMAT_AT && st == ST_REFUSED), "byte %zu", i);
            cr_expect_neq(why.code[0], '\0');
        }
    }
}

/* A sender that lies can make the checksum fit: then each byte may be anything, and reading must still stay inside. */
Test(record_damage, lengths_that_lie_are_refused_or_harmless)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(SAMPLE_MAX);
    for (int lz4 = 0; lz4 <= 1; lz4++) {
        struct view message = sample_build(b, lz4);
        for (size_t i = 0; i < message.len - CRC_SIZE; i++)
            for (unsigned value = 0; value < 256; value += 5) {
                AUTO(buffer_clear) struct buffer copy = BUFFER_INIT(SAMPLE_MAX);
                buffer_add(&copy, message.data, message.len);
                copy.data[i] = (char)value;
                fit_checksum(&copy);
                (void)open_copy(&copy, NULL); /* what it says is its own affair; the sanitizers watch */
            }
    }
}

Test(record_damage, a_format_of_the_future_is_refused_by_name)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(SAMPLE_MAX);
    struct view message = sample_build(b, false);
    AUTO(buffer_clear) struct buffer copy = BUFFER_INIT(SAMPLE_MAX);
    buffer_add(&copy, message.data, message.len);
    copy.data[FORMAT_AT] = RECORD_FORMAT + 1;
    fit_checksum(&copy);
    struct reason why = {0};
    cr_expect_eq(open_copy(&copy, &why), ST_REFUSED);
    cr_expect_str_eq(why.code, "record_format");
}

Test(record_damage, a_body_above_the_readers_cap_is_refused_before_it_is_unpacked)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(SAMPLE_MAX);
    struct view message = sample_build(b, true);
    size_t raw_len = get_be32(message.data + RAW_LEN_AT);
    struct record *r = NULL;
    struct reason why = {0};
    cr_expect_eq(record_open(message.data, message.len, raw_len - 1, &r, &why), ST_TOO_BIG);
    cr_expect_str_eq(why.code, "record_too_big");
    cr_assert_eq(record_open(message.data, message.len, raw_len, &r, &why), ST_OK);
    record_close(r);
}

Test(record_damage, one_more_section_or_row_than_there_is_is_refused)
{
    static const size_t places[] = {11, 16 + 33 + 34 + 25 + 1 + 9 + 7}; /* last byte of sections, of MEMORIES' rows */
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(SAMPLE_MAX);
    struct view message = sample_build(b, false);
    for (size_t i = 0; i < COUNT(places); i++) {
        AUTO(buffer_clear) struct buffer copy = BUFFER_INIT(SAMPLE_MAX);
        buffer_add(&copy, message.data, message.len);
        cr_assert_eq(copy.data[places[i]], 2, "the sample's layout has changed");
        copy.data[places[i]]++;
        fit_checksum(&copy);
        cr_expect_eq(open_copy(&copy, NULL), ST_MALFORMED);
    }
}
