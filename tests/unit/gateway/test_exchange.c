#include "services/gateway/exchange.h"

#include <criterion/criterion.h>

/* agents.md 3.5: who names the coding in the request gets its name back, all others the name that OCS always uses. */
static const struct {
    const char *asked;
    enum inflate_coding coding;
    const char *want;
} cases[] = {
    {NULL, CODING_ZLIB, "application/x-compressed"},
    {"application/x-compress", CODING_ZLIB, "application/x-compressed"},
    {"application/x-compressed", CODING_GZIP, "application/x-compressed"},
    {"Application/x-compress", CODING_CLEAR, "application/x-compressed"},
    {"text/plain; charset=\"UTF-8\"", CODING_GZIP, "application/x-compressed"},
    {"application/x-compress-zlib", CODING_ZLIB, "application/x-compress-zlib"},
    {"application/x-compress-gzip", CODING_GZIP, "application/x-compress-gzip"},
    {"application/xml", CODING_CLEAR, "application/xml"},
    {"application/xml;charset=utf-8", CODING_CLEAR, "application/xml"},
    {"APPLICATION/XML", CODING_CLEAR, "application/xml"},
    {"application/xml-dtd", CODING_CLEAR, "application/x-compressed"},
    {"application/xml", CODING_ZLIB, "application/x-compress-zlib"},
    {"application/x-compress-zlib", CODING_DEFLATE, "application/x-compress-zlib"},
};

Test(exchange, content_type_follows_the_request_and_never_lies)
{
    for (size_t i = 0; i < COUNT(cases); i++)
        cr_expect_str_eq(exchange_content_type(view_of(cases[i].asked), cases[i].coding), cases[i].want, "%s",
                         cases[i].asked ? cases[i].asked : "(none)");
}

Test(refusals, reasons_of_other_modules_have_their_row)
{
    static const char *const codes[] = {"body_empty",     "body_coding",      "inflate_broken",   "inflate_too_big",
                                        "inflate_ratio",  "inflate_checksum", "xml_empty",        "xml_doctype",
                                        "xml_not_closed", "xml_depth",        "xml_tag_too_long", "xml_entity",
                                        "xml_no_root",    "xml_after_root"};
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct reason why;
        reason_set(&why, codes[i], "text");
        cr_expect_str_eq(refusal_name(refusal_of(&why)), codes[i]);
        cr_expect_geq(refusal_status(refusal_of(&why)), 400);
    }
    struct reason unknown;
    reason_set(&unknown, "never_heard_of", "text");
    cr_expect_eq(refusal_of(&unknown), REFUSE_other);
}

Test(refusals, the_spool_says_503_when_the_agent_may_come_again)
{
    cr_expect_eq(refusal_status(refusal_of_spool(ST_NO_SPACE)), 503);
    cr_expect_eq(refusal_status(refusal_of_spool(ST_AGAIN)), 503);
    cr_expect_eq(refusal_status(refusal_of_spool(ST_IO)), 503);
    cr_expect_eq(refusal_status(refusal_of_spool(ST_NO_MEMORY)), 503);
    cr_expect_eq(refusal_status(refusal_of_spool(ST_TOO_BIG)), 413);
}
