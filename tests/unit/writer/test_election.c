/* Who scans a subnet: tables of cases over the pure rules. */
#include "common/base/cleanup.h"
#include "services/writer/apply/election.h"

#include <criterion/criterion.h>

Test(election, dotted_is_four_groups_of_digits)
{
    static const struct {
        const char *text;
        bool want;
    } cases[] = {
        {"192.0.2.0", true}, {"10.1.1.999", true}, {"1.2.3", false},    {"1.2.3.4.5", false}, {"1.2.3.", false},
        {".1.2.3", false},   {"1..2.3", false},    {"", false},         {"1.2.3.4 ", false},  {"1234.1.1.1", false},
        {"fe80::1", false},  {"a.b.c.d", false},   {"1.2.3.4x", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        cr_expect_eq(election_is_dotted(view_of(cases[i].text)), cases[i].want, "'%s'", cases[i].text);
    cr_expect_not(election_is_dotted(VIEW_ABSENT));
}

Test(election, agents_that_can_scan)
{
    static const struct {
        const char *agent;
        bool can, local;
    } cases[] = {
        {"OCS-NG_unified_unix_agent_v2.10.0", true, false},
        {"OCS-NG_windows_client_v4062", true, false},
        {"OCS-NG_WINDOWS_AGENT_v2.11.0.1", true, false},
        {"OCS-NG_Android_agent_v2.7", false, false},
        {"OCS-NG_unified_unix_agent", false, false},
        {"OCS-NG_LOCAL_PL_v2.1", false, true},
        {"OCS-NG_unified_unix_agent_v2_local", true, true},
        {"_v1", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        cr_expect_eq(election_agent_can_scan(view_of(cases[i].agent)), cases[i].can, "'%s'", cases[i].agent);
        cr_expect_eq(election_agent_is_local(view_of(cases[i].agent)), cases[i].local, "'%s'", cases[i].agent);
    }
}

Test(election, steady_agents_called_more_than_twice)
{
    cr_expect(election_is_steady(3, 0.5));
    cr_expect_not(election_is_steady(2, 0.5));
    cr_expect_not(election_is_steady(3, 0));
}

#define V(text) VIEW_LITERAL(text)
#define IFACE(description, status, mask, subnet)                                                                       \
    {                                                                                                                  \
        V(description), V(status), V(mask), V(subnet), false                                                           \
    }
#define ROLE(id, subnet, tag, quality)                                                                                 \
    {                                                                                                                  \
        id, id, V(subnet), V(tag), false, true, false, false, quality                                                  \
    }

static const struct election_rules two = {2, 1, false};

Test(election, only_interfaces_that_can_be_scanned_get_a_vacancy)
{
    static const struct {
        const char *what;
        struct election_iface iface;
        bool elected;
    } cases[] = {
        {"as it should be", IFACE("eth0", "Up", "255.255.255.0", "192.0.2.0"), true},
        {"mask of old Unix agents", IFACE("eth0", "UP", "0xffffff00", "192.0.2.0"), true},
        {"dialled", IFACE("PPP0", "Up", "255.255.255.0", "192.0.2.0"), false},
        {"down", IFACE("eth0", "Down", "255.255.255.0", "192.0.2.0"), false},
        {"too large", IFACE("eth0", "Up", "255.0.0.0", "192.0.2.0"), false},
        {"mask in capitals", IFACE("eth0", "Up", "0xFFFFFF00", "192.0.2.0"), false},
        {"no subnet", IFACE("eth0", "Up", "255.255.255.0", ""), false},
        {"IPv6", IFACE("eth0", "Up", "255.255.255.0", "fe80::"), false},
        {"blacklisted", {V("eth0"), V("Up"), V("255.255.255.0"), V("192.0.2.0"), true}, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct election_candidate me = {9, 1, V("a"), &cases[i].iface, 1};
        struct election_result got = election_decide(&me, NULL, 0, &two);
        cr_expect_eq(got.kind, cases[i].elected ? ELECTION_VACANT : ELECTION_NONE, "%s", cases[i].what);
    }
}

static struct election_result contest(const struct election_role *roles, size_t count, double quality,
                                      const struct election_rules *rules)
{
    static const struct election_iface ifaces[] = {IFACE("eth0", "Up", "255.255.255.0", "192.0.2.0"),
                                                   IFACE("eth1", "Up", "255.255.255.0", "198.51.100.0")};
    struct election_candidate me = {9, quality, V("a"), ifaces, rules == &two ? 2 : 1};
    return election_decide(&me, roles, count, rules);
}

Test(election, the_first_subnet_with_room_is_taken)
{
    static const struct election_role roles[] = {ROLE(1, "192.0.2.0", "a", 9), ROLE(2, "192.0.2.0", "a", 9),
                                                 ROLE(3, "198.51.100.0", "a", 9)};
    struct election_result got = contest(roles, 3, 1, &two);
    cr_expect_eq(got.kind, ELECTION_VACANT);
    cr_expect(view_is(got.subnet, "198.51.100.0"));
}

Test(election, the_worst_is_replaced_when_the_difference_is_worth_it)
{
    static const struct election_rules one = {1, 1, false};
    struct election_role roles[] = {ROLE(1, "192.0.2.0", "a", 3), ROLE(2, "192.0.2.0", "a", 5)};
    struct election_result got = contest(roles, 2, 3.5, &one);
    cr_expect_eq(got.kind, ELECTION_BETTER);
    cr_expect_eq(got.role, 1);
    cr_expect_eq(contest(roles, 2, 4, &one).kind, ELECTION_NONE, "the threshold itself is not enough");
    roles[1].by_operator = true;
    cr_expect_eq(contest(roles, 2, 1.5, &one).role, 0, "what the operator gave stays");
    roles[0].known = false;
    cr_expect_eq(contest(roles, 2, 1.5, &one).kind, ELECTION_NONE);
    roles[1].by_operator = false;
    roles[0].known = roles[0].over = true;
    got = contest(roles, 2, 100, &one);
    cr_expect(got.kind == ELECTION_OVER && got.role == 0, "silent for too long, however good it was");
}

/* OCS carries the worst of one interface over to the next. */
Test(election, each_interface_is_judged_for_itself)
{
    static const struct election_role roles[] = {ROLE(1, "192.0.2.0", "a", 1.5), ROLE(2, "192.0.2.0", "a", 1.5),
                                                 ROLE(3, "198.51.100.0", "a", 8), ROLE(4, "198.51.100.0", "a", 2)};
    struct election_result got = contest(roles, 4, 1, &two);
    cr_expect(got.kind == ELECTION_BETTER && got.role == 2);
    cr_expect(view_is(got.subnet, "198.51.100.0"));
}

Test(election, tags_are_counted_apart_when_they_are_linked)
{
    static const struct election_role roles[] = {ROLE(1, "192.0.2.0", "b", 1), ROLE(2, "192.0.2.0", "a", 1)};
    static const struct election_rules together = {1, 1, false}, apart = {1, 1, true};
    cr_expect_eq(election_count(roles, 2, &together, V("192.0.2.0"), V("b")), 2);
    cr_expect_eq(election_count(roles, 2, &apart, V("192.0.2.0"), V("b")), 1);
    cr_expect_eq(election_count(roles, 2, &apart, V("192.0.2.0"), VIEW_ABSENT), 2, "a device without a TAG sees all");
    cr_expect_eq(contest(roles, 1, 1, &apart).kind, ELECTION_VACANT);
    cr_expect_eq(contest(roles, 1, 1, &together).kind, ELECTION_NONE);
}
