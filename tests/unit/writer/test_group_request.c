/* Which of the requests that make a group are run, and how they are read. */
#include "services/writer/jobs/group_request.h"

#include "common/xml/xml.h"

#include <criterion/criterion.h>

static const struct {
    const char *text;
    bool runs;
} requests[] = {
    {"SELECT ID FROM hardware", true},
    {"  select distinct HARDWARE_ID from bios where SSN='a;b' ;\n", true},
    {"SELECT ID FROM hardware WHERE NAME='it''s -- into; /* for */'", true},
    {"SELECT ID FROM hardware WHERE NAME='back\\'slash; DROP'", true},
    {"SELECT `into` FROM t WHERE a-1>0 AND b/2<1", true},
    {"SELECT ID FROM hardware WHERE NAME LIKE 'x%' AND FORMAT(1,2)", true},
    {"", false},
    {"DELETE FROM hardware", false},
    {"SELECTED", false},
    {"SELECT 1; DELETE FROM hardware", false},
    {"SELECT 1;;", false},
    {"SELECT ID INTO OUTFILE '/tmp/x' FROM hardware", false},
    {"SELECT ID FROM hardware FOR UPDATE", false},
    {"SELECT ID FROM hardware LOCK IN SHARE MODE", false},
    {"SELECT ID FROM hardware PROCEDURE ANALYSE()", false},
    {"SELECT /*!50000 SLEEP(9) */ ID FROM hardware", false},
    {"SELECT ID FROM hardware -- comment", false},
    {"SELECT ID FROM hardware # comment", false},
    {"SELECT 'open", false},
    {"SELECT 'open\\'", false},
    {"WITH x AS (SELECT 1) SELECT ID FROM x", false},
};

Test(group_request, only_one_plain_select_is_run)
{
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        cr_expect_eq(group_request_is_select(view_of(requests[i].text)), requests[i].runs, "%s", requests[i].text);
    cr_expect_not(group_request_is_select((struct view){"SELECT \0", 8}));
}

static const struct {
    const char *xmldef, *texts; /* joined with '|' */
    status want;
} definitions[] = {
    {"<xmldef><REQUEST>SELECT 1</REQUEST><REQUEST>SELECT 2</REQUEST></xmldef>", "SELECT 1|SELECT 2|", ST_OK},
    {"<xmldef><REQUEST>SELECT ID WHERE a < 3 AND b > 1</REQUEST></xmldef>", "SELECT ID WHERE a < 3 AND b > 1|", ST_OK},
    {"<xmldef><REQUEST>a &lt; 3 &amp;&amp; b</REQUEST></xmldef>", "a < 3 && b|", ST_OK},
    {"<xmldef><REQUEST> </REQUEST><REQUEST/><OTHER>x</OTHER></xmldef>", "", ST_OK},
    {"<xmldef></xmldef>", "", ST_OK},
    {"<xmldef><REQUEST>SELECT 1</xmldef>", NULL, ST_MALFORMED},
    {"no xml", NULL, ST_MALFORMED},
    {"", NULL, ST_MALFORMED},
};

Test(group_request, the_requests_of_a_definition_come_in_order)
{
    xml_library_init();
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++) {
        AUTO(group_requests_clear) struct group_requests got = {0};
        AUTO(buffer_clear) struct buffer joined = BUFFER_INIT(1000);
        struct reason why = {0};
        status st = group_requests_read(view_of(definitions[i].xmldef), &got, &why);
        cr_expect_eq(st, definitions[i].want, "%s: %s", definitions[i].xmldef, status_name(st));
        for (size_t k = 0; k < got.count; k++) {
            buffer_add(&joined, got.texts[k].data, got.texts[k].len);
            buffer_char(&joined, '|');
        }
        if (st == ST_OK)
            cr_expect(view_is(buffer_view(&joined), definitions[i].texts), "%s", definitions[i].xmldef);
    }
}

Test(group_request, more_requests_than_anybody_has_are_refused)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(1 << 16);
    AUTO(group_requests_clear) struct group_requests got = {0};
    struct reason why = {0};
    xml_library_init();
    buffer_text(&text, "<x>");
    for (int i = 0; i <= GROUP_REQUESTS_MAX; i++)
        buffer_text(&text, "<REQUEST>a</REQUEST>");
    buffer_text(&text, "</x>");
    cr_expect_eq(group_requests_read(buffer_view(&text), &got, &why), ST_TOO_BIG);
}
