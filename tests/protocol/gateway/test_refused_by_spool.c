#include "site.h"

#include <criterion/criterion.h>

#define REQUEST(query) "<REQUEST><DEVICEID>pc-2025-01-02-03-04-05</DEVICEID><QUERY>" query "</QUERY>"

static void small(struct gateway_settings *set)
{
    set->segment_size = 1 << 20;
    set->spool_max = 2 << 20;
    set->spool_queue = 1 << 20;
}

static int post_big(const struct site *s, size_t blanks)
{
    AUTO(buffer_clear) struct buffer body = BUFFER_INIT(2 << 20);
    buffer_text(&body, REQUEST("INVENTORY"));
    memset(buffer_extend(&body, blanks), ' ', blanks);
    buffer_text(&body, "</REQUEST>");
    struct site_reply reply;
    site_post(s, "", buffer_view(&body), &reply);
    cr_expect(reply.status != 503 || strstr(reply.head, "Retry-After: "), "%s", reply.head);
    site_reply_clear(&reply);
    return reply.status;
}

Test(full_spool, uploads_are_refused_and_contacts_are_still_answered)
{
    static const char *const known[] = {"INSERT INTO hardware(ID,DEVICEID) VALUES(1,'pc-2025-01-02-03-04-05')", NULL};
    struct site s;
    site_start(&s, "full", known, small);
    int accepted = 0, code;
    while ((code = post_big(&s, 400000)) == 200 && accepted < 100)
        accepted++;
    cr_expect_eq(code, 503);
    cr_expect_eq(spool_count(s.spool).pending, accepted, "what was answered 200 is there, and nothing else");

    struct site_reply reply;
    site_post(&s, "", view_of(REQUEST("PROLOG") "</REQUEST>"), &reply);
    cr_expect_eq(reply.status, 200);
    site_reply_clear(&reply);
    site_stop(&s);
}

Test(full_spool, a_body_above_the_limit_is_413)
{
    struct site s;
    site_start(&s, NULL, NULL, NULL);
    cr_expect_eq(post_big(&s, (1 << 20) + 1), 413);
    site_stop(&s);
}
