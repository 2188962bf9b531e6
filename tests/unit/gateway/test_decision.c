#include "services/gateway/prolog/decision.h"

#include "common/base/cleanup.h"

#include <criterion/criterion.h>

enum { NOW = 1700000000, DAY = 86400, GROUP = 7, OTHER_GROUP = 9 };

/* A row of `devices`; group 0 is the device, NUL_ is SQL NULL. */
#define NUL_ INT64_MIN
#define ROW(n, g, v)                                                                                                   \
    {                                                                                                                  \
        .name = PARAM_##n, .group = (g), .has_number = (v) != NUL_, .number = (v) == NUL_ ? 0 : (v)                    \
    }
#define TEXT(n, g, v, t)                                                                                               \
    {                                                                                                                  \
        .name = PARAM_##n, .group = (g), .has_number = (v) != NUL_, .number = (v) == NUL_ ? 0 : (v), .text = {         \
            t,                                                                                                         \
            sizeof(t) - 1                                                                                              \
        }                                                                                                              \
    }

struct expected {
    bool send, options, contact;
};
#define SEND                                                                                                           \
    {                                                                                                                  \
        true, true, true                                                                                               \
    }
#define SEND_NEW                                                                                                       \
    {                                                                                                                  \
        true, true, false                                                                                              \
    }
#define STOP                                                                                                           \
    {                                                                                                                  \
        false, true, true                                                                                              \
    }
#define STOP_NEW                                                                                                       \
    {                                                                                                                  \
        false, true, false                                                                                             \
    }
#define STOP_BARE                                                                                                      \
    {                                                                                                                  \
        false, false, true                                                                                             \
    }
#define STOP_BARE_NEW                                                                                                  \
    {                                                                                                                  \
        false, false, false                                                                                            \
    }

/* protocol.md 3.2, line by line. age: days since LASTDATE, -1: never. */
static const struct {
    const char *what;
    bool known;
    int64_t frequency;
    int age;
    struct parameter rows[3];
    size_t count;
    struct expected want;
} cases[] = {
    {"unknown", false, 0, -1, {}, 0, SEND_NEW},
    {"unknown, FREQUENCY 14", false, 14, -1, {}, 0, SEND_NEW},
    {"unknown, FREQUENCY -1", false, -1, -1, {}, 0, STOP_BARE_NEW},
    {"known, FREQUENCY 0", true, 0, 0, {}, 0, SEND},
    {"known, FREQUENCY -1", true, -1, 40, {}, 0, STOP_BARE},
    {"global 0 overrules the device", true, 0, 0, {ROW(FREQUENCY, 0, 30)}, 1, SEND},
    {"global -1 overrules the device", true, -1, 40, {ROW(FREQUENCY, 0, 0)}, 1, STOP_BARE},
    {"younger than FREQUENCY", true, 14, 13, {}, 0, STOP},
    {"older than FREQUENCY", true, 14, 15, {}, 0, SEND},
    {"exactly FREQUENCY", true, 14, 14, {}, 0, STOP},
    {"never inventoried", true, 14, -1, {}, 0, SEND},
    {"device 1 replaces 14", true, 14, 2, {ROW(FREQUENCY, 0, 1)}, 1, SEND},
    {"device 30 replaces 14", true, 14, 20, {ROW(FREQUENCY, 0, 30)}, 1, STOP},
    {"lowest of device and group", true, 14, 20, {ROW(FREQUENCY, 0, 30), ROW(FREQUENCY, GROUP, 5)}, 2, SEND},
    {"group 0 sends", true, 14, 0, {ROW(FREQUENCY, 0, 30), ROW(FREQUENCY, GROUP, 0)}, 2, SEND},
    {"group -1 stops bare", true, 14, 40, {ROW(FREQUENCY, 0, 30), ROW(FREQUENCY, GROUP, -1)}, 2, STOP_BARE},
    {"NULL is lowest and acts as 0", true, 14, 0, {ROW(FREQUENCY, 0, NUL_), ROW(FREQUENCY, GROUP, -1)}, 2, SEND},
    {"other settings do not matter", true, 14, 13, {ROW(PROLOG_FREQ, 0, 1), ROW(IPDISCOVER, 0, 1)}, 2, STOP},
};

static struct prolog_decision decide(const struct prolog_facts *facts, int64_t frequency)
{
    struct ocs_config config;
    ocs_config_defaults(&config);
    config.frequency = frequency;
    struct prolog_decision got;
    prolog_decide(facts, &config, NOW, &got);
    return got;
}

Test(decision, follows_every_line_of_the_rule)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct prolog_facts facts = {
            .database = true,
            .known = cases[i].known,
            .last_s = cases[i].age < 0 ? 0 : NOW - (int64_t)cases[i].age * DAY,
            .parameters = {cases[i].rows, cases[i].count},
        };
        struct prolog_decision got = decide(&facts, cases[i].frequency);
        cr_expect_eq(got.send, cases[i].want.send, "%s: response", cases[i].what);
        cr_expect_eq(got.options, cases[i].want.options, "%s: options", cases[i].what);
        cr_expect_eq(got.contact, cases[i].want.contact, "%s: contact", cases[i].what);
    }
}

Test(decision, null_frequency_stops_with_options_and_writes_nothing)
{
    struct ocs_config config;
    ocs_config_defaults(&config);
    config.frequency_is_null = true;
    const struct prolog_facts known = {.database = true, .known = true};
    struct prolog_decision got;
    prolog_decide(&known, &config, NOW, &got);
    cr_expect(!got.send && got.options && !got.contact);
}

Test(decision, without_database_nobody_is_told_to_send)
{
    const struct prolog_facts blind = {.database = false};
    for (int64_t frequency = -1; frequency < 2; frequency++) {
        struct prolog_decision got = decide(&blind, frequency);
        cr_expect(!got.send && !got.options && !got.contact && !got.ipdiscover, "FREQUENCY %d", (int)frequency);
    }
}

Test(decision, an_inventory_in_the_spool_counts_as_the_last_one)
{
    struct prolog_facts facts = {.database = true, .known = true, .last_s = NOW - 20 * DAY};
    facts.pending = true;
    facts.pending_s = NOW - 5;
    cr_expect(!decide(&facts, 14).send, "known");
    facts.known = false;
    facts.last_s = 0;
    cr_expect(!decide(&facts, 14).send, "its first one");
    cr_expect(decide(&facts, 14).contact, "and it will be known when the contact is written");
    cr_expect(decide(&facts, 0).send, "FREQUENCY 0 does not look at it");
}

/* Device, else the smallest of the groups that is not 0, else the option (24). */
static const struct {
    const char *what;
    struct parameter rows[3];
    size_t count;
    int64_t want;
} hours[] = {
    {"option", {}, 0, 24},
    {"device", {ROW(PROLOG_FREQ, 0, 5), ROW(PROLOG_FREQ, GROUP, 3)}, 2, 5},
    {"device 0 counts", {ROW(PROLOG_FREQ, 0, 0)}, 1, 0},
    {"device NULL does not", {ROW(PROLOG_FREQ, 0, NUL_), ROW(PROLOG_FREQ, GROUP, 3)}, 2, 3},
    {"first of two rows of the device", {ROW(PROLOG_FREQ, 0, 3), ROW(PROLOG_FREQ, 0, 4)}, 2, 3},
    {"smallest group", {ROW(PROLOG_FREQ, GROUP, 30), ROW(PROLOG_FREQ, OTHER_GROUP, 7)}, 2, 7},
    {"a group's 0 is not set", {ROW(PROLOG_FREQ, GROUP, 30), ROW(PROLOG_FREQ, OTHER_GROUP, 0)}, 2, 30},
    {"a lone 0 of a group", {ROW(PROLOG_FREQ, GROUP, 0)}, 1, 24},
};

Test(decision, prolog_freq_comes_from_device_groups_option)
{
    for (size_t i = 0; i < COUNT(hours); i++) {
        const struct prolog_facts facts = {
            .database = true, .known = true, .parameters = {hours[i].rows, hours[i].count}};
        cr_expect_eq(decide(&facts, 0).prolog_freq, hours[i].want, "%s", hours[i].what);
    }
}

static const struct {
    const char *what;
    struct parameter rows[2];
    size_t count;
    int64_t option, use_groups;
    bool known, want;
} elections[] = {
    {"elected", {TEXT(IPDISCOVER, 0, 1, "10.1.1.0")}, 1, 2, 1, true, true},
    {"by the operator", {TEXT(IPDISCOVER, 0, 2, "10.1.1.0")}, 1, 2, 1, true, true},
    {"never", {TEXT(IPDISCOVER, 0, 0, "10.1.1.0")}, 1, 2, 1, true, false},
    {"NULL", {TEXT(IPDISCOVER, 0, NUL_, "10.1.1.0")}, 1, 2, 1, true, false},
    {"no subnet", {ROW(IPDISCOVER, 0, 1)}, 1, 2, 1, true, false},
    {"empty subnet", {TEXT(IPDISCOVER, 0, 1, "")}, 1, 2, 1, true, false},
    {"no row", {}, 0, 2, 1, true, false},
    {"unknown device", {TEXT(IPDISCOVER, 0, 1, "10.1.1.0")}, 1, 2, 1, false, false},
    {"switched off", {TEXT(IPDISCOVER, 0, 1, "10.1.1.0")}, 1, 0, 1, true, false},
    {"a group forbids", {TEXT(IPDISCOVER, 0, 1, "10.1.1.0"), ROW(IPDISCOVER, GROUP, 0)}, 2, 2, 1, true, false},
    {"groups are not used", {TEXT(IPDISCOVER, 0, 1, "10.1.1.0"), ROW(IPDISCOVER, GROUP, 0)}, 2, 2, 0, true, true},
};

Test(decision, discovery_forces_send)
{
    for (size_t i = 0; i < COUNT(elections); i++) {
        const struct prolog_facts facts = {
            .database = true,
            .known = elections[i].known,
            .last_s = NOW,
            .parameters = {elections[i].rows, elections[i].count},
        };
        struct ocs_config config;
        ocs_config_defaults(&config);
        config.frequency = 14;
        config.ipdiscover = elections[i].option;
        config.ipdiscover_use_groups = elections[i].use_groups;
        struct prolog_decision got;
        prolog_decide(&facts, &config, NOW, &got);
        cr_expect_eq(got.ipdiscover, elections[i].want, "%s", elections[i].what);
        cr_expect_eq(got.send, elections[i].want || !elections[i].known, "%s: response", elections[i].what);
    }
}

Test(decision, stop_without_options_is_not_changed_by_discovery)
{
    const struct parameter rows[] = {TEXT(IPDISCOVER, 0, 1, "10.1.1.0")};
    const struct prolog_facts facts = {.database = true, .known = true, .parameters = {rows, 1}};
    struct prolog_decision got = decide(&facts, -1);
    cr_expect(!got.send && !got.options && !got.ipdiscover);
}

static const struct {
    const char *what;
    struct parameter rows[2];
    size_t count;
    bool option;
    int64_t want;
} switches[] = {
    {"option on", {}, 0, true, 1},
    {"option off", {}, 0, false, 0},
    {"the device cannot switch on", {ROW(SNMP_SWITCH, 0, 1)}, 1, false, 0},
    {"the device switches off", {ROW(SNMP_SWITCH, 0, 0)}, 1, true, 0},
    {"a group switches off", {ROW(SNMP_SWITCH, GROUP, 0)}, 1, true, 0},
    {"the device cannot undo a group", {ROW(SNMP_SWITCH, 0, 1), ROW(SNMP_SWITCH, GROUP, 0)}, 2, true, 0},
    {"a group's 1 changes nothing", {ROW(SNMP_SWITCH, GROUP, 1)}, 1, true, 1},
    {"NULL says nothing", {ROW(SNMP_SWITCH, 0, NUL_)}, 1, true, 1},
};

Test(parameters, a_switch_is_lowered_by_groups_then_by_the_device)
{
    for (size_t i = 0; i < COUNT(switches); i++) {
        const struct parameters p = {switches[i].rows, switches[i].count};
        cr_expect_eq(parameter_switch(&p, PARAM_SNMP_SWITCH, switches[i].option), switches[i].want, "%s",
                     switches[i].what);
    }
}

Test(parameters, names_compare_without_case)
{
    enum parameter_name name;
    cr_expect(parameter_find(VIEW_LITERAL("Download_Force"), &name));
    cr_expect_eq(name, PARAM_DOWNLOAD_FORCE);
    cr_expect(!parameter_find(VIEW_LITERAL("DOWNLOAD_"), &name));
    cr_expect(!parameter_find(VIEW_ABSENT, &name));
}

Test(parameters, text_of_the_highest_group_wins)
{
    const struct parameter rows[] = {TEXT(SCAN_TYPE_SNMP, 0, 1, "device"), TEXT(SCAN_TYPE_SNMP, GROUP, 0, "low"),
                                     TEXT(SCAN_TYPE_SNMP, OTHER_GROUP, 0, "high")};
    const struct parameters p = {rows, COUNT(rows)};
    cr_expect(view_is(parameter_text_of_groups(&p, PARAM_SCAN_TYPE_SNMP), "high"));
    cr_expect_null(parameter_text_of_groups(&p, PARAM_SCAN_TYPE_IPDISCOVER).data);
}
