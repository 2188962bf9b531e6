#include "common/http/proxy.h"

#include "common/base/buffer.h"
#include "common/base/cleanup.h"

#include <criterion/criterion.h>

static struct networks parse(const char *text)
{
    struct networks networks = {0};
    struct reason why = {0};
    cr_assert_eq(networks_parse(text, &networks, &why), ST_OK, "%s: %s", text, why.text);
    return networks;
}

static struct upload_address address(const char *text)
{
    struct upload_address out = {0};
    if (*text)
        cr_assert_eq(upload_address_parse(text, &out), ST_OK, "%s", text);
    return out;
}

static const struct {
    const char *proxies, *address;
    bool want;
} members[] = {
    {"10.0.0.1", "10.0.0.1", true},
    {"10.0.0.1", "10.0.0.2", false},
    {"10.0.0.0/8", "10.255.0.1", true},
    {"10.0.0.0/8", "11.0.0.1", false},
    {"192.0.2.128/25", "192.0.2.127", false},
    {"192.0.2.128/25", "192.0.2.128", true},
    {"0.0.0.0/0", "203.0.113.9", true},
    {"0.0.0.0/0", "2001:db8::1", false},
    {"::/0", "192.0.2.1", false},
    {"2001:db8::/32", "2001:db8:ffff::1", true},
    {"2001:db8::/32", "2001:db9::1", false},
    {"2001:db8::/33", "2001:db8:8000::1", false},
    {"::1", "::1", true},
    {" 10.0.0.1 ,\t::1, 192.0.2.0/24 ", "192.0.2.77", true},
    {"10.0.0.1", "::ffff:10.0.0.1", true},
    {"::ffff:10.0.0.0/104", "10.1.2.3", true},
    {"", "10.0.0.1", false},
    {"unix", "", true},
    {"10.0.0.1", "", false},
};

Test(proxy, a_network_contains_its_addresses_and_no_other)
{
    for (size_t i = 0; i < COUNT(members); i++) {
        struct networks networks = parse(members[i].proxies);
        struct upload_address a = address(members[i].address);
        cr_expect_eq(networks_contain(&networks, &a), members[i].want, "%s in %s", members[i].address,
                     members[i].proxies);
    }
}

Test(proxy, what_is_no_network_is_refused_by_name)
{
    static const char *const wrong[] = {"10.0.0.0/33", "10.0.0.0/-1",    "10.0.0.0/",   "10.0.0.0/8x",   "10.0.0",
                                        "proxy.lan",   "2001:db8::/129", "10.0.0.1:80", "::ffff:0:0/90", "/8"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct networks networks = {.count = 7};
        struct reason why = {0};
        cr_expect_eq(networks_parse(wrong[i], &networks, &why), ST_INVALID, "%s", wrong[i]);
        cr_expect(strstr(why.text, wrong[i]), "%s: %s", wrong[i], why.text);
        cr_expect_eq(networks.count, 7);
    }
}

Test(proxy, more_networks_than_there_is_room_for_are_refused)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(4096);
    for (int i = 0; i <= NETWORKS_MAX; i++)
        buffer_text(&text, "10.0.0.1,");
    struct networks networks;
    cr_expect_eq(networks_parse(text.data, &networks, NULL), ST_INVALID);
}

/* The peer is 10.0.0.1, trusted like all of 10.0.0.0/8 and fd00::/8; it came without TLS. */
static const struct {
    const char *what;
    const char *forwarded, *list, *real_ip, *proto;
    const char *want;
    bool want_https;
} said[] = {
    {"nothing", NULL, NULL, NULL, NULL, "10.0.0.1", false},
    {"one client", NULL, "192.0.2.1", NULL, NULL, "192.0.2.1", false},
    {"with a port", NULL, "192.0.2.1:4711", NULL, NULL, "192.0.2.1", false},
    {"IPv6", NULL, "2001:db8::7", NULL, NULL, "2001:db8::7", false},
    {"IPv6 in brackets", NULL, "[2001:db8::7]", NULL, NULL, "2001:db8::7", false},
    {"IPv6 with a port", NULL, "[2001:db8::7]:443", NULL, NULL, "2001:db8::7", false},
    {"IPv4 in IPv6", NULL, "::ffff:192.0.2.1", NULL, NULL, "192.0.2.1", false},
    {"forged in front of the true one", NULL, "1.1.1.1, 192.0.2.1", NULL, NULL, "192.0.2.1", false},
    {"two proxies", NULL, "192.0.2.1, 10.9.9.9", NULL, NULL, "192.0.2.1", false},
    {"two proxies and a forged one", NULL, "10.1.1.1, 192.0.2.1, 10.9.9.9", NULL, NULL, "192.0.2.1", false},
    {"proxies only", NULL, "10.1.1.1, fd00::2", NULL, NULL, "10.1.1.1", false},
    {"garbage", NULL, "unknown", NULL, NULL, "10.0.0.1", false},
    {"garbage hides what is left of it", NULL, "192.0.2.66, unknown, 10.9.9.9", NULL, NULL, "10.9.9.9", false},
    {"empty entries", NULL, " , ,", NULL, NULL, "10.0.0.1", false},
    {"a name", NULL, "evil.example", NULL, NULL, "10.0.0.1", false},
    {"an address too long", NULL, "192.0.2.1000000000000000000000000000000000000000000", NULL, NULL, "10.0.0.1", false},
    {"real ip", NULL, NULL, " 192.0.2.5 ", NULL, "192.0.2.5", false},
    {"the list goes before real ip", NULL, "192.0.2.1", "192.0.2.5", NULL, "192.0.2.1", false},
    {"real ip where the list is garbage", NULL, "unknown", "192.0.2.5", NULL, "192.0.2.5", false},
    {"proto", NULL, NULL, NULL, "https", "10.0.0.1", true},
    {"proto in capitals", NULL, NULL, NULL, "HTTPS", "10.0.0.1", true},
    {"the nearest proxy's proto", NULL, NULL, NULL, "https, http", "10.0.0.1", false},
    {"proto that only begins alike", NULL, NULL, NULL, "httpsx", "10.0.0.1", false},
    {"forwarded", "for=192.0.2.60;proto=https;by=10.0.0.1", NULL, NULL, NULL, "192.0.2.60", true},
    {"forwarded in IPv6", "For=\"[2001:db8:cafe::17]:4711\"", NULL, NULL, NULL, "2001:db8:cafe::17", false},
    {"forwarded by two", "for=1.1.1.1;proto=http, for=192.0.2.60;proto=https, for=10.2.2.2;proto=http", NULL, NULL,
     NULL, "192.0.2.60", true},
    {"forwarded goes before the list", "for=192.0.2.60", "192.0.2.1", NULL, NULL, "192.0.2.60", false},
    {"forwarded without an address", "for=unknown;proto=https", "192.0.2.1", NULL, NULL, "192.0.2.1", false},
    {"forwarded hidden", "for=_secret", NULL, NULL, NULL, "10.0.0.1", false},
    {"forwarded empty", ";;,=;for", NULL, NULL, NULL, "10.0.0.1", false},
};

static struct view maybe(const char *text)
{
    return text ? view_of(text) : VIEW_ABSENT;
}

Test(proxy, the_first_address_that_is_no_proxy_is_the_client)
{
    struct networks trusted = parse("10.0.0.0/8, fd00::/8");
    for (size_t i = 0; i < COUNT(said); i++) {
        struct forwarded headers = {maybe(said[i].forwarded), maybe(said[i].list), maybe(said[i].real_ip),
                                    maybe(said[i].proto)};
        struct upload_address from = address("10.0.0.1");
        bool https = false;
        char text[UPLOAD_ADDRESS_TEXT];
        forwarded_apply(&trusted, &headers, &from, &https);
        cr_expect_str_eq(upload_address_text(&from, text), said[i].want, "%s: %s", said[i].what, text);
        cr_expect_eq(https, said[i].want_https, "%s", said[i].what);
    }
}

Test(proxy, a_list_without_end_is_not_walked_to_its_end)
{
    AUTO(buffer_clear) struct buffer list = BUFFER_INIT(12000);
    buffer_text(&list, "9.9.9.9");
    for (int i = 0; i < 1000; i++)
        buffer_text(&list, ",10.1.1.1");
    struct networks trusted = parse("10.0.0.0/8");
    struct upload_address from = address("10.0.0.1");
    bool https = false;
    char text[UPLOAD_ADDRESS_TEXT];
    forwarded_apply(&trusted, &(struct forwarded){.forwarded_for = buffer_view(&list)}, &from, &https);
    cr_expect_str_eq(upload_address_text(&from, text), "10.1.1.1");
}
