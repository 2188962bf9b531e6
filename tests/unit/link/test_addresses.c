#include "common/base/cleanup.h"
#include "common/link/addresses.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const struct {
    const char *text;
    bool may_bind;
    status want;
    const char *host;
    bool is_name;
} cases[] = {
    {"tcp://127.0.0.1:5601", false, ST_OK, "127.0.0.1", false},
    {"tcp://gateway-0.gateway:5601", false, ST_OK, "gateway-0.gateway", true},
    {"tcp://[::1]:5601", false, ST_OK, "::1", false},
    {"tcp://*:5601", true, ST_OK, "*", false},
    {"tcp://*:5601", false, ST_INVALID, NULL, false},
    {"tcp://127.0.0.1:*", true, ST_OK, "127.0.0.1", false},
    {"tcp://127.0.0.1:*", false, ST_INVALID, NULL, false},
    {"tcp://::1:5601", false, ST_INVALID, NULL, false},
    {"tcp://gateway", false, ST_INVALID, NULL, false},
    {"tcp://:5601", false, ST_INVALID, NULL, false},
    {"tcp://gateway:0", false, ST_INVALID, NULL, false},
    {"tcp://gateway:65536", false, ST_INVALID, NULL, false},
    {"tcp://gateway:http", false, ST_INVALID, NULL, false},
    {"tcp://gate;way:5601", false, ST_INVALID, NULL, false},
    {"ipc:///run/muster/a.sock", false, ST_OK, "", false},
    {"ipc://relative", false, ST_INVALID, NULL, false},
    {"ipc:///", false, ST_INVALID, NULL, false},
    {"inproc://x", false, ST_INVALID, NULL, false},
    {"", false, ST_INVALID, NULL, false},
};

Test(addresses, are_told_apart_from_what_is_none)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct address a = {0};
        struct reason why = {0};
        status st = address_parse(view_of(cases[i].text), cases[i].may_bind, &a, &why);
        cr_expect_eq(st, cases[i].want, "%s: %s", cases[i].text, status_name(st));
        cr_expect(st == ST_OK || why.text[0], "%s: no reason", cases[i].text);
        if (st != ST_OK)
            continue;
        cr_expect_str_eq(a.host, cases[i].host);
        cr_expect_eq(a.is_name, cases[i].is_name, "%s", cases[i].text);
    }
}

Test(addresses, an_ipc_path_has_at_most_107_bytes)
{
    char text[160];
    for (int len = 107; len <= 108; len++) {
        snprintf(text, sizeof text, "ipc:///%0*d", len - 1, 0);
        struct address a;
        cr_expect_eq(address_parse(view_of(text), false, &a, NULL), len <= 107 ? ST_OK : ST_INVALID, "%d", len);
    }
}

Test(addresses, a_list_is_separated_by_commas_and_blanks)
{
    static struct address list[ADDRESS_LIST_MAX];
    size_t count = 0;
    cr_assert_eq(address_list(" ipc:///a ,tcp://b:1\ttcp://c:2,, ", list, &count, NULL), ST_OK);
    cr_assert_eq(count, 3);
    cr_expect_str_eq(list[0].text, "ipc:///a");
    cr_expect_str_eq(list[2].text, "tcp://c:2");
    struct reason why;
    cr_expect_eq(address_list(" , ", list, &count, &why), ST_INVALID);
    cr_expect_eq(address_list("ipc:///a b", list, &count, &why), ST_INVALID);
}

Test(addresses, a_name_stands_for_addresses_of_one_family)
{
    struct address a;
    char texts[8][ADDRESS_TEXT];
    cr_assert_eq(address_parse(view_of("tcp://localhost:5601"), false, &a, NULL), ST_OK);
    int n = address_expand(&a, texts, COUNT(texts));
    cr_assert_geq(n, 1);
    for (int i = 0; i < n; i++)
        cr_expect_eq(texts[i][6] == '[', texts[0][6] == '[', "%s", texts[i]);
}
