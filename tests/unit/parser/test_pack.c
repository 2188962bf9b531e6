#include "services/parser/pack.h"

#include <criterion/criterion.h>

static struct record *packed(enum upload_kind kind, const char *text)
{
    xml_library_init();
    AUTO(document_destroy) struct document *d = document_new(&(struct document_limits){0});
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(1 << 20);
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    struct view out;
    cr_assert_eq(document_read(d, kind, view_of(text), &repairs, &why), ST_OK, "%s", why.text);
    const struct upload_head head = {.id = {5, 6}, .kind = kind, .https = true, .agent = VIEW_LITERAL("agent")};
    cr_assert_eq(pack_document(b, &head, d, true, &out, &why), ST_OK, "%s", why.text);
    struct record *r = NULL;
    static char copy[4096]; /* the record lives as long as its message */
    cr_assert_leq(out.len, sizeof copy);
    memcpy(copy, out.data, out.len);
    cr_assert_eq(record_open(copy, out.len, 1 << 20, &r, &why), ST_OK, "%s", why.text);
    return r;
}

Test(pack, carries_head_and_sections)
{
    AUTO(record_close)
    struct record *r =
        packed(UPLOAD_INVENTORY,
               "<R><QUERY>INVENTORY</QUERY><CONTENT><OLD_DEVICEID>old</OLD_DEVICEID><DEVICEID>inner</DEVICEID>"
               "<SOUNDS><NAME>a</NAME></SOUNDS><MODEMS/></CONTENT></R>");
    cr_expect(view_is(record_head(r)->deviceid, "inner"), "CONTENT's when the root has none");
    cr_expect(view_is(record_head(r)->old_deviceid, "old"));
    cr_expect(view_is(record_head(r)->agent, "agent"));
    cr_expect(record_head(r)->https);
    cr_expect_eq(record_head(r)->id.lo, 6);
    cr_expect_eq(record_section_count(r), 1, "a section without rows is left out");
    const struct record_section_view *s = record_section_find(r, "SOUNDS");
    cr_assert_not_null(s);
    struct record_row_view row;
    const uint8_t *at = s->rows;
    cr_assert(record_next_row(s, &at, &row));
    cr_expect(view_is(row.values[record_field(s, "NAME")], "a"));
    cr_expect_null(row.values[record_field(s, "DESCRIPTION")].data);
}

Test(pack, makes_a_section_of_single_values)
{
    AUTO(record_close)
    struct record *r = packed(UPLOAD_DOWNLOAD, "<REQUEST DEVICEID='d' QUERY='DOWNLOAD' ID='123' ERR='SUCCESS'/>");
    const struct record_section_view *s = record_section_find(r, "RESULT");
    cr_assert_not_null(s);
    struct record_row_view row;
    const uint8_t *at = s->rows;
    cr_assert(record_next_row(s, &at, &row));
    cr_expect(view_is(row.values[record_field(s, "ID")], "123"));
    cr_expect(view_is(row.values[record_field(s, "ERR")], "SUCCESS"));
}

Test(pack, needs_a_deviceid)
{
    xml_library_init();
    AUTO(document_destroy) struct document *d = document_new(&(struct document_limits){0});
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(1 << 20);
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    struct view out;
    cr_assert_eq(document_read(d, UPLOAD_INVENTORY, view_of("<R><CONTENT/></R>"), &repairs, &why), ST_OK);
    cr_expect_eq(pack_document(b, &(struct upload_head){.kind = UPLOAD_INVENTORY}, d, false, &out, &why), ST_MALFORMED);
    cr_expect_str_eq(why.code, "no_deviceid");
}
