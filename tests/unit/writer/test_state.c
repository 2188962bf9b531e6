#include "services/writer/state.h"

#include <criterion/criterion.h>

static struct device_sections some_sections(void)
{
    struct device_sections s = {0};
    state_section_put(&s, 1, (struct record_hash){11, 12});
    state_section_put(&s, UINT64_MAX, (struct record_hash){UINT64_MAX, 22});
    return s;
}

Test(state, sections_come_back_as_they_were)
{
    struct device_sections in = some_sections(), out;
    AUTO(buffer_clear) struct buffer packed = BUFFER_INIT(1 << 16);
    state_sections_pack(&in, &packed);
    cr_assert(state_sections_unpack(buffer_view(&packed), &out));
    cr_expect_eq(out.count, 2);
    cr_expect(state_section_is(&out, 1, (struct record_hash){11, 12}));
    cr_expect(state_section_is(&out, UINT64_MAX, (struct record_hash){UINT64_MAX, 22}));
    cr_expect_not(state_section_is(&out, 1, (struct record_hash){11, 13}));
    cr_expect_not(state_section_is(&out, 2, (struct record_hash){11, 12}));
}

Test(state, a_section_is_set_added_and_removed)
{
    struct device_sections s = some_sections();
    state_section_put(&s, 1, (struct record_hash){5, 6});
    cr_expect_eq(s.count, 2);
    cr_expect(state_section_is(&s, 1, (struct record_hash){5, 6}));
    state_section_remove(&s, 1);
    state_section_remove(&s, 77);
    cr_expect_not(state_section_has(&s, 1));
    cr_expect(state_section_has(&s, UINT64_MAX));
    for (uint64_t i = 0; i < 2 * STATE_SECTIONS_MAX; i++)
        state_section_put(&s, i, (struct record_hash){i, i});
    cr_expect_eq(s.count, STATE_SECTIONS_MAX);
}

/* Every cut and every wrong first byte must be refused, never half read. */
Test(state, damaged_sections_count_as_none)
{
    struct device_sections in = some_sections(), out;
    AUTO(buffer_clear) struct buffer packed = BUFFER_INIT(1 << 16);
    state_sections_pack(&in, &packed);
    for (size_t len = 0; len < packed.len; len++)
        cr_expect_not(state_sections_unpack((struct view){packed.data, len}, &out), "cut at %zu", len);
    cr_expect_eq(out.count, 0);
    buffer_char(&packed, 0);
    cr_expect_not(state_sections_unpack(buffer_view(&packed), &out));
    packed.data[0] = 2;
    cr_expect_not(state_sections_unpack((struct view){packed.data, packed.len - 1}, &out));
    cr_expect_not(state_sections_unpack(VIEW_ABSENT, &out));
}

Test(state, rows_come_back_as_they_were)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 16);
    struct kept_row rows[] = {{1, 2}, {UINT64_MAX, 4}};
    struct kept_rows in = {.normaliser = 7, .layout = 0x123456789abcdef0, .count = 2, .rows = rows}, out;
    AUTO(buffer_clear) struct buffer packed = BUFFER_INIT(1 << 16);
    state_rows_pack(&in, &packed);
    cr_expect_eq(packed.len, STATE_ROWS_HEAD + 2 * STATE_ROW_SIZE);
    cr_assert(state_rows_unpack(buffer_view(&packed), arena, &out));
    cr_expect(out.normaliser == 7 && out.layout == in.layout && out.count == 2);
    cr_expect(out.rows[1].fingerprint == UINT64_MAX && out.rows[1].id == 4);
    for (size_t len = 0; len < packed.len; len++)
        cr_expect_not(state_rows_unpack((struct view){packed.data, len}, arena, &out), "cut at %zu", len);
    packed.data[12] = 1; /* a count that is no length */
    cr_expect_not(state_rows_unpack(buffer_view(&packed), arena, &out));
}

Test(state, content_counts_for_one_form_of_the_table_only)
{
    struct record_hash content = {1, 2}, one = state_content_hash(content, 3), other = state_content_hash(content, 4);
    cr_expect(one.high != other.high && one.low != other.low);
    cr_expect_eq(one.low, state_content_hash(content, 3).low);
}

/* What is stored must not change with a version of a library: these numbers are in databases. */
Test(state, hashes_are_those_of_the_format)
{
    cr_expect_eq(state_section_key(VIEW_LITERAL("")), 0x2d06800538d394c2);
    cr_expect_eq(state_hash(0, "", 0), 0x2d06800538d394c2);
}
