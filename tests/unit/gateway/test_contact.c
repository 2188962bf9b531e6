#include "services/gateway/prolog/contact.h"

#include <criterion/criterion.h>

static const struct record_head head = {
    .kind = UPLOAD_CONTACT,
    .normaliser = RECORD_NORMALISER,
    .https = true,
    .agent = {"agent_v1", 8},
    .deviceid = {"pc-2025-01-02-03-04-05", 22},
};

/** "NAME field=value,field=value;..." for every row of every section, in order. */
static void describe(const struct record *r, struct buffer *out)
{
    for (size_t i = 0; i < record_section_count(r); i++) {
        const struct record_section_view *s = record_section_at(r, i);
        struct record_row_view row;
        for (const uint8_t *at = s->rows; record_next_row(s, &at, &row);) {
            buffer_format(out, "%.*s", (int)s->name.len, s->name.data);
            for (size_t f = 0; f < s->field_count; f++)
                buffer_format(out, " %.*s=%.*s", (int)s->fields[f].len, s->fields[f].data, (int)row.values[f].len,
                              row.values[f].data);
            buffer_char(out, ';');
        }
    }
}

static const int64_t history[] = {5, -6};
static const struct package_from_group from_group[] = {{7, false}, {8, true}};

static const struct {
    const char *what;
    bool send;
    struct prolog_effects effects;
    const char *want;
} cases[] = {
    {"nothing to do", false, {0}, "CONTACT RESPONSE=STOP;"},
    {"pending packages", true, {.notified = true}, "CONTACT RESPONSE=SEND;DOWNLOAD_NOTIFIED ALL=1;"},
    {"all of it",
     true,
     {true, history, COUNT(history), from_group, COUNT(from_group)},
     "CONTACT RESPONSE=SEND;DOWNLOAD_FROM_GROUP IVALUE=7 FORCE=0;DOWNLOAD_FROM_GROUP IVALUE=8 FORCE=1;"
     "DOWNLOAD_IN_HISTORY IVALUE=5;DOWNLOAD_IN_HISTORY IVALUE=-6;DOWNLOAD_NOTIFIED ALL=1;"},
};

Test(contact, record_has_the_sections_in_the_order_they_are_applied)
{
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(1 << 20);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct view message;
        cr_assert_eq(contact_build(b, &head, cases[i].send, &cases[i].effects, &message), ST_OK);
        AUTO(record_close) struct record *r = NULL;
        struct reason why = {0};
        cr_assert_eq(record_open(message.data, message.len, 1 << 20, &r, &why), ST_OK, "%s", why.text);
        AUTO(buffer_clear) struct buffer got = BUFFER_INIT(4096);
        describe(r, &got);
        cr_expect_str_eq(got.data, cases[i].want, "%s: %s", cases[i].what, got.data);
        cr_expect(view_is(record_head(r)->deviceid, "pc-2025-01-02-03-04-05") && record_head(r)->https);
        cr_expect_eq(record_head(r)->kind, UPLOAD_CONTACT);
    }
}
