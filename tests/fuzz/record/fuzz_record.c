/** Any bytes as a record: opened or refused with a reason; all that is read lies inside; built again it is the same. */
#include "common/record/record.h"

#include <stdlib.h>

enum { CAP = 1 << 20, CRC_SIZE = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a build with NDEBUG would test nothing. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static void add_section(struct record_builder *b, const struct record_section_view *s)
{
    record_section(b, s->name, s->fields, s->field_count);
    record_flag(b, s->flags);
    struct record_row_view row;
    const uint8_t *at = s->rows;
    size_t rows = 0;
    for (; record_next_row(s, &at, &row); rows++)
        record_row(b, row.values); /* reads every byte of every value */
    must(rows == s->row_count);
}

static void build_again(const struct record *r)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(2 * CAP);
    record_begin(b, record_head(r));
    for (size_t i = 0; i < record_section_count(r); i++)
        add_section(b, record_section_at(r, i));
    struct view message;
    must(record_finish(b, true, &message) == ST_OK);
    AUTO(record_close) struct record *again = NULL;
    must(record_open(message.data, message.len, 2 * CAP, &again, NULL) == ST_OK);
    must(record_section_count(again) == record_section_count(r));
    must(view_equal(record_head(again)->deviceid, record_head(r)->deviceid));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CRC_SIZE)
        return 0;
    /* The checksum is made to fit, or no change would ever get behind it. */
    AUTO(mem_free) uint8_t *copy = malloc(size);
    memcpy(copy, data, size);
    put_be32(copy + size - CRC_SIZE, crc32c(0, copy, size - CRC_SIZE));
    AUTO(record_close) struct record *r = NULL;
    struct reason why = {0};
    status st = record_open(copy, size, CAP, &r, &why);
    must((st == ST_OK) == (why.code[0] == '\0'));
    if (st == ST_OK)
        build_again(r);
    return 0;
}
