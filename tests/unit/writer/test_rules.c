#include "services/writer/rules.h"

#include "common/base/cleanup.h"

#include <criterion/criterion.h>

/* The examples of the specification (inventory-to-database.md 8), and the corners beside them. */
static const struct {
    const char *version, *pretty, *parts[3];
} versions[] = {
    {"1:2.3-4ubuntu1", "2.3", {"2", "3", "0"}},
    {"12:2.3", "12", {"12", "0", "0"}},
    {"v1.2", "Unavailable", {"0", "0", "0"}},
    {"~1", "Unavailable", {"0", "0", "0"}},
    {"-", "Unavailable", {"0", "0", "0"}},
    {"0", "Unavailable", {"0", "0", "0"}},
    {"1.2 beta", "1.2 ", {"1", "2 ", "0"}},
    {"0.0", "0.0", {"0", "0", "0"}},
    {"20210304123456", "20210304123456", {"20210304123456", "0", "0"}},
    {"1..2", "1..2", {"1", "", "2"}},
    {".5", ".5", {"", "5", "0"}},
    {"10%x", "10%", {"10%", "0", "0"}},
    {"6.1+dfsg", "6.1", {"6", "1", "0"}},
    {"1.2\nx", "1.2\n", {"1", "2\n", "0"}},
    {"1a\n2", "1\n2", {"1\n2", "0", "0"}},
    {"1.2.3.4", "1.2.3.4", {"1", "2", "3"}},
    {"\xc3\xa4:7", "7", {"7", "0", "0"}},
    {":7", "Unavailable", {"0", "0", "0"}},
    {"1:", "Unavailable", {"0", "0", "0"}},
    {" ", "Unavailable", {"0", "0", "0"}},
    {"7\xc3\xa4", "7\xc3\xa4", {"7\xc3\xa4", "0", "0"}},
};

Test(rules, a_version_is_cut_to_what_can_be_compared)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 16);
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct view pretty = rule_pretty_version(view_of(versions[i].version), arena);
        cr_expect(view_is(pretty, versions[i].pretty), "%s: '%.*s'", versions[i].version, (int)pretty.len, pretty.data);
        for (int part = 0; part < 3; part++) {
            struct view got = rule_version_part(pretty, part);
            cr_expect(view_is(got, versions[i].parts[part]), "%s, part %d: '%.*s'", versions[i].version, part,
                      (int)got.len, got.data);
        }
    }
}

static const struct {
    const char *value;
    bool kept;
} dates[] = {
    {"2023/01/02", true},
    {"2023/01/02 10:11:12", true},
    {"2023/13/45", true},
    {"x2023/01/02 10:11:12", true},
    {"2023/01/02x", true},
    {"0023/01/02", true},
    {"x0023/01/02 10:11:12", false},
    {"x2023/01/02", false},
    {"2023-01-02", false},
    {"2023/1/2", false},
    {"", false},
    {"x2023/01/02 10:11", false},
};

Test(rules, an_installdate_is_kept_in_two_forms_only)
{
    for (size_t i = 0; i < COUNT(dates); i++)
        cr_expect_eq(rule_installdate_is_kept(view_of(dates[i].value)), dates[i].kept, "%s", dates[i].value);
}

static const struct {
    const char *agent;
    uint32_t changed, want;
} checksums[] = {
    {NULL, 0, CHECKSUM_BITS},
    {"", 0, CHECKSUM_BITS},
    {"12x", 0, CHECKSUM_BITS},
    {"0", 0, 1},
    {"4", 8, 13},
    {"262143", 0, 262143},
    {"1048576", 0, 1},
    {"4194303", 0, CHECKSUM_BITS},
    {"1", 1048576 + 4, 5},
    {"99999999999999999999999", 0, CHECKSUM_BITS},
};

Test(rules, a_checksum_has_only_bits_that_its_readers_know)
{
    for (size_t i = 0; i < COUNT(checksums); i++)
        cr_expect_eq(rule_checksum(view_of(checksums[i].agent), checksums[i].changed), checksums[i].want, "%s: %u",
                     checksums[i].agent, rule_checksum(view_of(checksums[i].agent), checksums[i].changed));
}

static const struct {
    const char *value, *fitted;
    bool valid;
} lastdates[] = {
    {"2024-05-06 07:08:09", "2024-05-06 07:08:09", true},
    {"1970-01-01", "1970-01-01 00:00:00", false},
    {"rubbish", "0000-00-00 00:00:00", false},
    {"2024-00-06", "2024-00-06 00:00:00", false},
    {"2024-05-00", "2024-05-00 00:00:00", false},
    {NULL, NULL, false},
};

Test(rules, a_lastdate_is_a_date)
{
    for (size_t i = 0; i < COUNT(lastdates); i++)
        cr_expect_eq(rule_lastdate_is_valid(view_of(lastdates[i].value), view_of(lastdates[i].fitted)),
                     lastdates[i].valid, "%s", lastdates[i].value);
}

Test(rules, system_users_are_seen_in_any_case_and_place)
{
    cr_expect(rule_is_system_user(VIEW_LITERAL("SYSTEM")));
    cr_expect(rule_is_system_user(VIEW_LITERAL("LocalSystem")));
    cr_expect_not(rule_is_system_user(VIEW_LITERAL("syste")));
    cr_expect_not(rule_is_system_user(VIEW_LITERAL("karl")));
    cr_expect_not(rule_is_system_user(VIEW_ABSENT));
}

enum { DAY = 86400 };

static const struct {
    const char *what;
    struct contact_quality before;
    int64_t now;
    struct contact_quality after;
} contacts[] = {
    {"first contact of a new device", {true, 1, 0, 10 * DAY}, 12 * DAY, {true, 2, 2, 12 * DAY}},
    {"mean of days", {true, 2, 2, 12 * DAY}, 13 * DAY, {true, 3, 5.0 / 3, 13 * DAY}},
    {"never seen", {true, 1, 0, 0}, 20000LL * DAY, {true, 2, 999.9999, 20000LL * DAY}},
    {"unknown fidelity stays unknown", {false, 0, 7, 10 * DAY}, 11 * DAY, {false, 0, 1, 11 * DAY}},
    {"late: no time has passed, nothing gets older", {true, 3, 1, 10 * DAY}, 9 * DAY, {true, 4, 0.75, 10 * DAY}},
};

Test(rules, quality_is_the_mean_of_days_between_contacts)
{
    for (size_t i = 0; i < COUNT(contacts); i++) {
        struct contact_quality q = contacts[i].before;
        rule_count_contact(&q, contacts[i].now);
        cr_expect_eq(q.fidelity, contacts[i].after.fidelity, "%s", contacts[i].what);
        cr_expect_float_eq(q.quality, contacts[i].after.quality, 1e-6, "%s: %f", contacts[i].what, q.quality);
        cr_expect_eq(q.lastcome_s, contacts[i].after.lastcome_s, "%s", contacts[i].what);
    }
}
