#include "tests/unit/record/samples.h"

#include <criterion/criterion.h>

#define EXPECT_VIEW(got, text) cr_expect(view_is(got, text), "%.*s", (int)(got).len, (got).data ? (got).data : "")

static void check_sample(const struct record *r)
{
    const struct record_head *head = record_head(r);
    cr_expect_eq(head->id.hi, 0x0005123456789abc);
    cr_expect_eq(head->id.lo, 0x0001000000000007);
    cr_expect_eq(head->kind, UPLOAD_INVENTORY);
    cr_expect_eq(head->normaliser, RECORD_NORMALISER);
    cr_expect(head->https);
    cr_expect_eq(head->from.len, 4);
    cr_expect_eq(head->from.bytes[3], 7);
    EXPECT_VIEW(head->agent, "OCS-NG_unified_unix_agent_v2.10.0");
    EXPECT_VIEW(head->deviceid, "host-2025-01-02-03-04-05");
    cr_expect_null(head->old_deviceid.data);

    cr_assert_eq(record_section_count(r), 2);
    const struct record_section_view *s = record_section_at(r, 0);
    EXPECT_VIEW(s->name, "MEMORIES");
    cr_expect_eq(s->flags, 0);
    cr_expect_eq(s->row_count, 2);
    cr_assert_eq(s->field_count, 3);
    EXPECT_VIEW(s->fields[1], "CAPACITY");
    struct record_row_view row;
    const uint8_t *at = s->rows;
    cr_assert(record_next_row(s, &at, &row));
    EXPECT_VIEW(row.values[0], "DIMM 0");
    EXPECT_VIEW(row.values[1], "8192");
    cr_assert(record_next_row(s, &at, &row));
    cr_expect_null(row.values[1].data, "absent stays absent");
    cr_expect_not_null(row.values[2].data, "empty stays empty");
    cr_expect_eq(row.values[2].len, 0);
    cr_expect_not(record_next_row(s, &at, &row));

    const struct record_section_view *bios = record_section_at(r, 1);
    cr_expect_eq(bios->flags, RECORD_TEXT_ROWS);
    cr_expect_eq(bios->row_count, 1);
}

Test(record, what_was_built_is_read)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(SAMPLE_MAX);
    for (int lz4 = 0; lz4 <= 1; lz4++) {
        struct view message = sample_build(b, lz4);
        AUTO(record_close) struct record *r = NULL;
        struct reason why = {0};
        cr_assert_eq(record_open(message.data, message.len, SAMPLE_MAX, &r, &why), ST_OK, "%s", why.text);
        check_sample(r);
    }
}

Test(record, sections_and_fields_are_found_by_name)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(SAMPLE_MAX);
    struct view message = sample_build(b, false);
    AUTO(record_close) struct record *r = NULL;
    cr_assert_eq(record_open(message.data, message.len, SAMPLE_MAX, &r, NULL), ST_OK);
    cr_expect_eq(record_section_find(r, "BIOS"), record_section_at(r, 1));
    cr_expect_null(record_section_find(r, "bios"));
    cr_expect_eq(record_field(record_section_at(r, 0), "TYPE"), 2);
    cr_expect_eq(record_field(record_section_at(r, 0), "SSN"), -1);
}

Test(record, a_record_without_sections_is_one)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(SAMPLE_MAX);
    const struct record_head head = {.kind = UPLOAD_CONTACT, .deviceid = VIEW_LITERAL("d")};
    record_begin(b, &head);
    struct view message;
    cr_assert_eq(record_finish(b, true, &message), ST_OK);
    AUTO(record_close) struct record *r = NULL;
    cr_assert_eq(record_open(message.data, message.len, SAMPLE_MAX, &r, NULL), ST_OK);
    cr_expect_eq(record_section_count(r), 0);
    cr_expect_null(record_head(r)->agent.data);
    cr_expect_eq(record_head(r)->from.len, 0);
}

/* Rows of one field each, in one section; @return the section's hash. */
static struct record_hash hash_of(const char *field, const struct view *values, size_t count, uint64_t *fingerprint)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(SAMPLE_MAX);
    const struct record_head head = sample_head();
    record_begin(b, &head);
    record_section(b, VIEW_LITERAL("S"), &(struct view){field, strlen(field)}, 1);
    for (size_t i = 0; i < count; i++)
        record_row(b, &values[i]);
    struct view message;
    cr_assert_eq(record_finish(b, false, &message), ST_OK);
    AUTO(record_close) struct record *r = NULL;
    cr_assert_eq(record_open(message.data, message.len, SAMPLE_MAX, &r, NULL), ST_OK);
    const struct record_section_view *s = record_section_at(r, 0);
    struct record_row_view row = {0};
    const uint8_t *at = s->rows;
    cr_assert_eq(record_next_row(s, &at, &row), count > 0);
    *fingerprint = row.fingerprint;
    return s->hash;
}

static bool same(struct record_hash a, struct record_hash b)
{
    return a.high == b.high && a.low == b.low;
}

Test(record, equal_content_has_equal_hashes_and_any_difference_shows)
{
    const struct view ab[] = {VIEW_LITERAL("a"), VIEW_LITERAL("b")}, ba[] = {VIEW_LITERAL("b"), VIEW_LITERAL("a")};
    const struct view absent[] = {VIEW_ABSENT}, empty[] = {VIEW_LITERAL("")};
    uint64_t a1, a2, b1, none, blank;
    struct record_hash first = hash_of("F", ab, 2, &a1);
    cr_expect(same(first, hash_of("F", ab, 2, &a2)));
    cr_expect_eq(a1, a2);
    cr_expect_not(same(first, hash_of("F", ba, 2, &b1)), "the order of rows counts");
    cr_expect_neq(a1, b1);
    cr_expect_not(same(first, hash_of("G", ab, 2, &a2)), "the names of fields count");
    cr_expect_eq(a1, a2, "a row's fingerprint is of its values only");
    cr_expect_not(same(first, hash_of("F", ab, 1, &a2)), "the number of rows counts");
    cr_expect_not(same(hash_of("F", absent, 1, &none), hash_of("F", empty, 1, &blank)));
    cr_expect_neq(none, blank);
}

Test(record, hashes_are_the_same_on_every_machine)
{
    const struct view a[] = {VIEW_LITERAL("a")};
    uint64_t fingerprint;
    struct record_hash hash = hash_of("F", a, 1, &fingerprint);
    cr_expect_eq(fingerprint, 0x91346750400e332e, "%016llx", (unsigned long long)fingerprint);
    cr_expect(same(hash, (struct record_hash){0x19fb02f6f8d56002, 0x7bf2ca4b6829162b}), "%016llx %016llx",
              (unsigned long long)hash.high, (unsigned long long)hash.low);
}

Test(record, the_cap_holds_and_the_builder_works_afterwards)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(2048);
    const struct record_head head = sample_head();
    const struct view field = VIEW_LITERAL("F"), value = VIEW_LITERAL("sixteen bytes...");
    record_begin(b, &head);
    record_section(b, VIEW_LITERAL("S"), &field, 1);
    for (int i = 0; i < 1000; i++)
        record_row(b, &value);
    record_flag(b, RECORD_TEXT_ROWS);
    struct view message;
    cr_expect_eq(record_finish(b, false, &message), ST_TOO_BIG);
    message = sample_build(b, true);
    AUTO(record_close) struct record *r = NULL;
    cr_assert_eq(record_open(message.data, message.len, SAMPLE_MAX, &r, NULL), ST_OK);
    check_sample(r);
}

Test(record, more_fields_than_the_format_has_are_refused)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(SAMPLE_MAX);
    struct view fields[RECORD_FIELDS_MAX + 1];
    for (size_t i = 0; i < COUNT(fields); i++)
        fields[i] = VIEW_LITERAL("F");
    const struct record_head head = sample_head();
    struct view message;
    record_begin(b, &head);
    record_section(b, VIEW_LITERAL("S"), fields, RECORD_FIELDS_MAX);
    record_row(b, fields);
    cr_expect_eq(record_finish(b, false, &message), ST_OK);
    record_begin(b, &head);
    record_section(b, VIEW_LITERAL("S"), fields, RECORD_FIELDS_MAX + 1);
    cr_expect_eq(record_finish(b, false, &message), ST_TOO_BIG);
}

Test(record, values_of_every_length_of_varint_come_back)
{
    static const size_t lengths[] = {0, 1, 126, 127, 128, 16382, 16383, 16384, 300000};
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(SAMPLE_MAX);
    AUTO(mem_free) char *text = calloc(1, lengths[COUNT(lengths) - 1]);
    const struct record_head head = sample_head();
    const struct view field = VIEW_LITERAL("F");
    record_begin(b, &head);
    record_section(b, VIEW_LITERAL("S"), &field, 1);
    for (size_t i = 0; i < COUNT(lengths); i++)
        record_row(b, &(struct view){text, lengths[i]});
    struct view message;
    cr_assert_eq(record_finish(b, true, &message), ST_OK);
    cr_expect_lt(message.len, 10000, "zeros are packed");
    AUTO(record_close) struct record *r = NULL;
    cr_assert_eq(record_open(message.data, message.len, SAMPLE_MAX, &r, NULL), ST_OK);
    const struct record_section_view *s = record_section_at(r, 0);
    struct record_row_view row;
    const uint8_t *at = s->rows;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        cr_assert(record_next_row(s, &at, &row));
        cr_expect_eq(row.values[0].len, lengths[i]);
    }
}
