/* Which addresses are trusted. */
#include "services/gateway/trusted.h"

#include <criterion/criterion.h>

static const struct {
    const char *list, *address;
    bool trusted;
} cases[] = {
    {"127.0.0.1", "127.0.0.1", true},
    {"127.0.0.1", "127.0.0.2", false},
    {"127.0.0.1", "::ffff:127.0.0.1", true},
    {"", "127.0.0.1", false},
    {"10.0.0.0/8, fd00::/8", "10.9.8.7", true},
    {"10.0.0.0/8, fd00::/8", "fd12::1", true},
    {"10.0.0.0/8 fd00::/8", "11.0.0.1", false},
    {"^192\\.168\\..*$", "192.168.3.4", true},
    {"^192\\.168\\..*$", "192.16.83.4", false},
    {"192\\.168\\.1", "192.168.1.1", false},
    {"192\\.168\\.\\d{1,3}\\.\\d{1,3},10.0.0.1", "192.168.200.1", true},
    {"192\\.168\\.\\d{1,3}\\.\\d{1,3},10.0.0.1", "10.0.0.1", true},
    {"172\\.16\\.[0,1]\\.5", "172.16.1.5", true},
    {"10\\.1\\.1\\.1|10\\.2\\.2\\.2", "10.2.2.2", true},
    {"10\\.1\\.1\\.1|10\\.2\\.2\\.2", "110.2.2.2", false},
    {".*", "2001:db8::1", true},
};

Test(trusted, addresses_networks_and_patterns_of_the_whole_address)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(trusted_destroy) struct trusted *t = NULL;
        struct upload_address address;
        struct reason why = {0};
        cr_assert_eq(trusted_new(cases[i].list, &t, &why), ST_OK, "%s: %s", cases[i].list, why.text);
        cr_assert_eq(upload_address_parse(cases[i].address, &address), ST_OK);
        cr_expect_eq(trusted_contains(t, &address), cases[i].trusted, "%s: %s", cases[i].list, cases[i].address);
    }
}

Test(trusted, what_is_neither_is_refused_at_the_start)
{
    static const char *const wrong[] = {"10.0.0.0/99", "localhost", "10.0.0.1 [", "10.0.0.1 (", "999.1.1.1", "*"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        AUTO(trusted_destroy) struct trusted *t = NULL;
        struct reason why = {0};
        cr_expect_eq(trusted_new(wrong[i], &t, &why), ST_INVALID, "%s", wrong[i]);
        cr_expect(why.text[0], "%s", wrong[i]);
    }
}
