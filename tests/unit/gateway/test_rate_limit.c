/* Requests of one address. */
#include "services/gateway/rate_limit.h"

#include <criterion/criterion.h>

enum { START = 1000000, MINUTE = 60000 };

static struct upload_address ipv4(unsigned number)
{
    struct upload_address a = {.len = 4};
    put_be32(a.bytes, 0x0A000000u + number);
    return a;
}

static struct rate_limit *limit(int64_t per_minute, int64_t addresses)
{
    struct rate_limit *r = NULL;
    cr_assert_eq(rate_limit_new(per_minute, addresses, &r), ST_OK);
    return r;
}

/** How many of `count` requests at one moment are admitted. */
static int burst(struct rate_limit *r, struct upload_address from, int count, int64_t now_ms)
{
    int admitted = 0;
    for (int i = 0; i < count; i++)
        admitted += rate_limit_admits(r, &from, now_ms);
    return admitted;
}

Test(rate_limit, a_minutes_worth_at_once_then_as_it_flows_in)
{
    AUTO(rate_limit_destroy) struct rate_limit *r = limit(60, 64);
    cr_expect_eq(burst(r, ipv4(1), 100, START), 60);
    cr_expect_eq(burst(r, ipv4(1), 10, START + 999), 0);
    cr_expect_eq(burst(r, ipv4(1), 10, START + 1000), 1);
    cr_expect_eq(burst(r, ipv4(1), 10, START + 4000), 3);
    cr_expect_eq(burst(r, ipv4(1), 100, START + 4000 + MINUTE), 60, "full again, and not more than that");
    cr_expect_eq(burst(r, ipv4(2), 100, START), 60, "another address has its own");
}

Test(rate_limit, an_ipv6_client_is_its_network)
{
    AUTO(rate_limit_destroy) struct rate_limit *r = limit(10, 64);
    struct upload_address one = {.len = 16, .bytes = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}},
                          two = one, other = one;
    two.bytes[15] = 2;
    other.bytes[7] = 2;
    cr_expect_eq(burst(r, one, 10, START), 10);
    cr_expect_eq(burst(r, two, 10, START), 0);
    cr_expect_eq(burst(r, other, 10, START), 10);
}

Test(rate_limit, unix_peers_and_a_limit_of_0_are_free)
{
    AUTO(rate_limit_destroy) struct rate_limit *r = limit(1, 64), *none = limit(0, 64);
    cr_expect_eq(burst(r, (struct upload_address){0}, 1000, START), 1000);
    cr_expect_eq(burst(none, ipv4(1), 1000, START), 1000);
}

/* Many addresses go through a small table: the one that is over its limit is not forgotten for them. */
Test(rate_limit, the_table_is_bounded_and_remembers_the_worst)
{
    AUTO(rate_limit_destroy) struct rate_limit *r = limit(100, 64);
    cr_expect_eq(burst(r, ipv4(1), 200, START), 100);
    for (unsigned i = 2; i < 100000; i++)
        cr_assert_eq(burst(r, ipv4(i), 1, START), 1, "%u", i);
    cr_expect_eq(burst(r, ipv4(1), 10, START), 0);
}
