#include "common/base/cleanup.h"
#include "common/upload/upload.h"

#include <criterion/criterion.h>

Test(upload_id, its_text_comes_back_and_sorts_like_it)
{
    const struct upload_id older = {0x0005f00000000001, 0x0001000000000009},
                           newer = {0x0005f00000000001, 0x000100000000000a};
    char text[UPLOAD_ID_TEXT], text_newer[UPLOAD_ID_TEXT];
    cr_expect_str_eq(upload_id_text(older, text), "0005f00000000001-0001000000000009");
    struct upload_id back;
    cr_assert_eq(upload_id_parse(text, &back), ST_OK);
    cr_expect_eq(upload_id_compare(back, older), 0);
    cr_expect_lt(upload_id_compare(older, newer), 0);
    cr_expect_gt(upload_id_compare(newer, older), 0);
    cr_expect_lt(strcmp(text, upload_id_text(newer, text_newer)), 0);
    cr_expect_lt(upload_id_compare((struct upload_id){1, 9}, (struct upload_id){2, 0}), 0);
}

Test(upload_id, other_texts_are_no_ids)
{
    static const char *const texts[] = {
        "",
        "0005f00000000001",
        "0005f00000000001-000100000000000",
        "0005f00000000001-00010000000000090",
        "0005f00000000001+0001000000000009",
        "0005F00000000001-0001000000000009",
        " 005f00000000001-0001000000000009",
        "-005f00000000001-0001000000000009",
        "0x05f00000000001-0001000000000009",
    };
    struct upload_id id;
    for (size_t i = 0; i < COUNT(texts); i++)
        cr_expect_eq(upload_id_parse(texts[i], &id), ST_MALFORMED, "\"%s\"", texts[i]);
}

Test(upload_kind, every_kind_has_a_name_and_nothing_else_has)
{
    cr_expect_str_eq(upload_kind_name(UPLOAD_INVENTORY), "inventory");
    cr_expect_str_eq(upload_kind_name(UPLOAD_NOTIFY), "notify");
    for (unsigned kind = 1; kind < UPLOAD_KIND_END; kind++)
        cr_expect_str_neq(upload_kind_name((enum upload_kind)kind), "unknown");
    cr_expect_str_eq(upload_kind_name((enum upload_kind)0), "unknown");
    cr_expect_str_eq(upload_kind_name(UPLOAD_KIND_END), "unknown");
}

static const struct {
    const char *text, *canonical;
    uint8_t len;
} addresses[] = {
    {"192.0.2.7", "192.0.2.7", 4},
    {"2001:DB8:0:0::1", "2001:db8::1", 16},
    {"::ffff:192.0.2.7", "192.0.2.7", 16},
    {"::1", "::1", 16},
};

Test(upload_address, text_comes_back_in_its_short_form)
{
    for (size_t i = 0; i < COUNT(addresses); i++) {
        struct upload_address a;
        char text[UPLOAD_ADDRESS_TEXT];
        cr_assert_eq(upload_address_parse(addresses[i].text, &a), ST_OK);
        cr_expect_eq(a.len, addresses[i].len);
        cr_expect_str_eq(upload_address_text(&a, text), addresses[i].canonical);
    }
}

Test(upload_address, unknown_is_empty_and_nonsense_is_refused)
{
    static const char *const texts[] = {"", "192.0.2", "192.0.2.256", "host", "192.0.2.7:80", "1:2:3", "::1%eth0"};
    struct upload_address a = {0};
    char text[UPLOAD_ADDRESS_TEXT] = "x";
    cr_expect_str_eq(upload_address_text(&a, text), "");
    for (size_t i = 0; i < COUNT(texts); i++)
        cr_expect_eq(upload_address_parse(texts[i], &a), ST_MALFORMED, "\"%s\"", texts[i]);
}

static struct upload_head sample(void)
{
    return (struct upload_head){
        .id = {0x0005f00000000001, 0x0001000000000009},
        .kind = UPLOAD_DOWNLOAD,
        .from = {.bytes = {192, 0, 2, 7}, .len = 4},
        .https = true,
        .device_hash = 0x1122334455667788,
        .agent = VIEW_LITERAL("agent"),
    };
}

Test(upload_head, what_was_encoded_is_decoded_and_the_body_follows)
{
    uint8_t bytes[UPLOAD_HEAD_MAX + 4];
    const struct upload_head head = sample();
    size_t len = upload_head_encode(&head, bytes);
    cr_assert_eq(len, UPLOAD_HEAD_SIZE + 5);
    memcpy(bytes + len, "body", 4);
    struct upload_head got;
    struct view body;
    cr_assert_eq(upload_head_decode(bytes, len + 4, &got, &body), ST_OK);
    cr_expect_eq(upload_id_compare(got.id, head.id), 0);
    cr_expect_eq(got.kind, UPLOAD_DOWNLOAD);
    cr_expect(got.https);
    cr_expect_eq(got.from.len, 4);
    cr_expect_eq(memcmp(got.from.bytes, head.from.bytes, sizeof got.from.bytes), 0);
    cr_expect_eq(got.device_hash, head.device_hash);
    cr_expect(view_is(got.agent, "agent"));
    cr_expect(view_is(body, "body"));
}

Test(upload_head, an_empty_user_agent_is_not_a_missing_one)
{
    uint8_t bytes[UPLOAD_HEAD_MAX];
    struct upload_head head = sample(), got;
    struct view body;
    head.agent = VIEW_LITERAL("");
    cr_assert_eq(upload_head_decode(bytes, upload_head_encode(&head, bytes), &got, &body), ST_OK);
    cr_expect_not_null(got.agent.data);
    head.agent = VIEW_ABSENT;
    cr_assert_eq(upload_head_decode(bytes, upload_head_encode(&head, bytes), &got, &body), ST_OK);
    cr_expect_null(got.agent.data);
    cr_expect_eq(body.len, 0);
}

Test(upload_head, a_long_user_agent_is_cut)
{
    static char agent[1000];
    uint8_t bytes[UPLOAD_HEAD_MAX];
    struct upload_head head = sample();
    head.agent = (struct view){agent, sizeof agent};
    cr_expect_eq(upload_head_encode(&head, bytes), UPLOAD_HEAD_MAX);
}

static const struct {
    size_t at;
    uint8_t value;
    const char *what;
} lies[] = {
    {0, 2, "format"},
    {1, 0, "no kind"},
    {1, UPLOAD_KIND_END, "unknown kind"},
    {2, 0, "a User-Agent that was not sent"},
    {3, 5, "address length"},
    {44, 1, "User-Agent above its limit"},
    {45, 6, "User-Agent longer than all there is"},
};

Test(upload_head, heads_that_lie_are_refused)
{
    const struct upload_head head = sample();
    for (size_t i = 0; i < COUNT(lies); i++) {
        uint8_t bytes[UPLOAD_HEAD_MAX];
        size_t len = upload_head_encode(&head, bytes);
        bytes[lies[i].at] = lies[i].value;
        struct upload_head got;
        struct view body;
        cr_expect_eq(upload_head_decode(bytes, len, &got, &body), ST_MALFORMED, "%s", lies[i].what);
    }
}

Test(upload_head, every_cut_is_refused)
{
    const struct upload_head head = sample();
    uint8_t bytes[UPLOAD_HEAD_MAX];
    size_t len = upload_head_encode(&head, bytes);
    for (size_t cut = 0; cut < len; cut++) {
        struct upload_head got;
        struct view body;
        uint8_t *copy = malloc(cut + 1); /* of the exact size, for the sanitizers */
        memcpy(copy, bytes, cut);
        cr_expect_eq(upload_head_decode(copy, cut, &got, &body), ST_MALFORMED);
        free(copy);
    }
}
