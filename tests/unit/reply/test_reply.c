#include "common/reply/reply.h"

#include <criterion/criterion.h>

Test(reply, a_prolog_answer_looks_as_agents_know_it)
{
    AUTO(buffer_clear) struct buffer out = BUFFER_INIT(10000);
    const struct reply_attribute range[] = {{"ID", VIEW_LITERAL("1")}, {"TYPE", VIEW_ABSENT}};
    reply_begin(&out);
    reply_element(&out, 1, "RESPONSE", VIEW_LITERAL("SEND"));
    reply_element(&out, 1, "PROLOG_FREQ", VIEW_LITERAL("24"));
    reply_open(&out, 1, "OPTION");
    reply_element(&out, 2, "NAME", VIEW_LITERAL("IPDISCOVER"));
    reply_param(&out, 2, range, COUNT(range), VIEW_LITERAL("192.0.2.0"));
    reply_param(&out, 2, range, 1, VIEW_ABSENT);
    reply_close(&out, 1, "OPTION");
    reply_end(&out);
    cr_assert_eq(buffer_status(&out), ST_OK);
    cr_expect_str_eq(out.data, "<?xml version='1.0' encoding='UTF-8'?>\n"
                               "<REPLY>\n"
                               "  <RESPONSE>SEND</RESPONSE>\n"
                               "  <PROLOG_FREQ>24</PROLOG_FREQ>\n"
                               "  <OPTION>\n"
                               "    <NAME>IPDISCOVER</NAME>\n"
                               "    <PARAM ID=\"1\" TYPE=\"\">192.0.2.0</PARAM>\n"
                               "    <PARAM ID=\"1\" />\n"
                               "  </OPTION>\n"
                               "</REPLY>\n");
}

static const struct {
    struct view text;
    const char *escaped;
} texts[] = {
    {VIEW_LITERAL("plain"), "plain"},
    {VIEW_LITERAL(""), ""},
    {{NULL, 0}, ""},
    {VIEW_LITERAL("a & b"), "a &amp; b"},
    {VIEW_LITERAL("</KEYVALUE><X>"), "&lt;/KEYVALUE&gt;&lt;X&gt;"},
    {VIEW_LITERAL("say \"it's\""), "say &quot;it's&quot;"},
    {VIEW_LITERAL("two\r\n\tlines"), "two\r\n\tlines"},
    {VIEW_LITERAL("\xc3\xa9t\xc3\xa9 \xf0\x9f\x98\x80"), "\xc3\xa9t\xc3\xa9 \xf0\x9f\x98\x80"},
    {VIEW_LITERAL("bell \a, escape \x1b, nul \0 end"), "bell , escape , nul  end"},
    {VIEW_LITERAL("&&&"), "&amp;&amp;&amp;"},
};

Test(reply, no_text_can_break_out_of_its_element_or_attribute)
{
    for (size_t i = 0; i < COUNT(texts); i++) {
        AUTO(buffer_clear) struct buffer out = BUFFER_INIT(1000), wanted = BUFFER_INIT(1000);
        const struct reply_attribute attribute = {"A", texts[i].text};
        reply_element(&out, 0, "V", texts[i].text);
        reply_param(&out, 0, &attribute, 1, VIEW_LITERAL(""));
        buffer_format(&wanted, "<V>%s</V>\n<PARAM A=\"%s\"></PARAM>\n", texts[i].escaped, texts[i].escaped);
        cr_expect_str_eq(out.data, wanted.data);
    }
}

Test(reply, a_full_buffer_is_told_once_at_the_end)
{
    AUTO(buffer_clear) struct buffer out = BUFFER_INIT(60);
    reply_begin(&out);
    for (int i = 0; i < 10; i++)
        reply_element(&out, 1, "RESPONSE", VIEW_LITERAL("SEND"));
    reply_end(&out);
    cr_expect_eq(buffer_status(&out), ST_TOO_BIG);
}
