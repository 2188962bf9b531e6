#include "tests/unit/record/samples.h"

#include <criterion/criterion.h>

struct record_head sample_head(void)
{
    return (struct record_head){
        .id = {0x0005123456789abc, 0x0001000000000007},
        .kind = UPLOAD_INVENTORY,
        .normaliser = RECORD_NORMALISER,
        .https = true,
        .from = {.bytes = {192, 0, 2, 7}, .len = 4},
        .agent = VIEW_LITERAL("OCS-NG_unified_unix_agent_v2.10.0"),
        .deviceid = VIEW_LITERAL("host-2025-01-02-03-04-05"),
        .old_deviceid = VIEW_ABSENT,
    };
}

struct view sample_build(struct record_builder *b, bool lz4)
{
    static const struct view memory_fields[] = {VIEW_LITERAL("CAPTION"), VIEW_LITERAL("CAPACITY"),
                                                VIEW_LITERAL("TYPE")};
    static const struct view bios_fields[] = {VIEW_LITERAL("SSN")};
    const struct record_head head = sample_head();
    record_begin(b, &head);
    record_section(b, VIEW_LITERAL("MEMORIES"), memory_fields, COUNT(memory_fields));
    record_row(
        b, (const struct view[]){VIEW_LITERAL("DIMM 0"), VIEW_LITERAL("8192"), VIEW_LITERAL("DDR4 DDR4 DDR4 DDR4")});
    record_row(b, (const struct view[]){VIEW_LITERAL("DIMM 1"), VIEW_ABSENT, VIEW_LITERAL("")});
    record_section(b, VIEW_LITERAL("BIOS"), bios_fields, COUNT(bios_fields));
    record_row(b, (const struct view[]){VIEW_ABSENT});
    record_flag(b, RECORD_TEXT_ROWS);
    struct view message = VIEW_ABSENT;
    cr_assert_eq(record_finish(b, lz4, &message), ST_OK);
    return message;
}

static uint64_t add(uint64_t sum, struct view v)
{
    for (size_t i = 0; i < v.len; i++)
        sum = sum * 31 + (uint8_t)v.data[i];
    return sum * 31 + v.len;
}

uint64_t sample_walk(const struct record *r)
{
    const struct record_head *head = record_head(r);
    uint64_t sum = add(add(add(head->id.hi ^ head->id.lo, head->agent), head->deviceid), head->old_deviceid);
    for (size_t i = 0; i < record_section_count(r); i++) {
        const struct record_section_view *s = record_section_at(r, i);
        sum = add(sum, s->name);
        for (size_t f = 0; f < s->field_count; f++)
            sum = add(sum, s->fields[f]);
        struct record_row_view row;
        const uint8_t *at = s->rows;
        size_t rows = 0;
        for (; record_next_row(s, &at, &row); rows++)
            for (size_t f = 0; f < s->field_count; f++)
                sum = add(sum ^ row.fingerprint, row.values[f]);
        cr_assert_eq(rows, s->row_count);
    }
    return sum;
}
