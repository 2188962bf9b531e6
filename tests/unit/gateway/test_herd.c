/* When devices are told to come later, and when. */
#include "services/gateway/herd.h"
#include "services/gateway/prolog/decision.h"

#include <criterion/criterion.h>

enum { MIB = 1 << 20 };

#define NOW       ((int64_t)1700000000 * 1000000)
#define AGO(secs) (NOW - (int64_t)(secs)*1000000)

static const struct herd_limits limits = {
    .uploads = 5000, .age_ms = 600000, .fill = 75, .spool_max = 1000 * MIB, .segment_size = 64 * MIB};

static const struct {
    const char *what;
    struct spool_counts counts;
    const char *cause;
} cases[] = {
    {"empty", {.healthy = true}, NULL},
    {"empty, one segment open", {.healthy = true, .bytes = 64 * MIB}, NULL},
    {"at the limit", {.healthy = true, .pending = 5000, .oldest_us = AGO(1)}, NULL},
    {"above it", {.healthy = true, .pending = 5001, .oldest_us = AGO(1)}, "uploads waiting"},
    {"old", {.healthy = true, .pending = 100, .oldest_us = AGO(601)}, "age of the oldest upload"},
    {"not old enough", {.healthy = true, .pending = 100, .oldest_us = AGO(600)}, NULL},
    {"old, but nearly alone", {.healthy = true, .pending = 99, .oldest_us = AGO(86400)}, NULL},
    {"clock went back", {.healthy = true, .pending = 200, .oldest_us = AGO(-3600)}, NULL},
    {"three quarters", {.healthy = true, .pending = 9, .bytes = (int64_t)(750 + 64) * MIB}, NULL},
    {"above", {.healthy = true, .pending = 9, .bytes = (int64_t)(751 + 64) * MIB}, "spool nearly full"},
    {"closed", {.healthy = false}, "spool closed"},
};

Test(herd, the_pipeline_lags_by_number_age_and_room)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *cause = "unset";
        bool lags = herd_is_lagging(&limits, &cases[i].counts, NOW, &cause);
        cr_expect_eq(lags, cases[i].cause != NULL, "%s", cases[i].what);
        if (cases[i].cause)
            cr_expect(cause && strcmp(cause, cases[i].cause) == 0, "%s: %s", cases[i].what, cause);
    }
}

Test(herd, each_limit_can_be_switched_off)
{
    const struct herd_limits none = {.fill = 100, .spool_max = MIB};
    const struct spool_counts much = {
        .healthy = true, .pending = 1 << 30, .oldest_us = AGO(1 << 20), .bytes = 100 * MIB};
    const char *cause;
    cr_expect_not(herd_is_lagging(&none, &much, NOW, &cause));
}

/* A thousand devices in a day's hours: none far from its share, and not the same ones together the next time. */
Test(herd, devices_are_spread_evenly)
{
    enum { HOURS = 24, DEVICES = 24000 };
    unsigned first[HOURS + 1] = {0}, together = 0;
    for (uint64_t d = 0; d < DEVICES; d++) {
        int64_t one = herd_spread(HOURS, d * 0x9E3779B97F4A7C15u, 1700000000);
        int64_t two = herd_spread(HOURS, d * 0x9E3779B97F4A7C15u, 1700086400);
        cr_assert(one >= 1 && one <= HOURS, "%lld", (long long)one);
        first[one]++;
        together += one == two;
    }
    for (int h = 1; h <= HOURS; h++)
        cr_expect(first[h] > 800 && first[h] < 1200, "hour %d: %u", h, first[h]);
    cr_expect(together < DEVICES / 10, "%u", together);
}

Test(herd, short_frequencies_stay)
{
    cr_expect_eq(herd_spread(1, 99, 5), 1);
    cr_expect_eq(herd_spread(0, 99, 5), 0);
    cr_expect_eq(herd_spread(-1, 99, 5), -1);
}

static struct prolog_decision decide(bool lagging, bool known, int64_t frequency)
{
    struct ocs_config config;
    ocs_config_defaults(&config);
    config.frequency = frequency;
    const struct prolog_facts facts = {.database = true, .known = known, .lagging = lagging};
    struct prolog_decision got;
    prolog_decide(&facts, &config, 1700000000, &got);
    return got;
}

Test(herd, who_would_send_is_put_off)
{
    struct prolog_decision calm = decide(false, true, 0), held = decide(true, true, 0), fresh = decide(true, false, 0),
                           never = decide(true, true, -1);
    cr_expect(calm.send && !calm.postponed);
    cr_expect(!held.send && held.postponed && held.options && held.contact);
    cr_expect(!fresh.send && fresh.postponed);
    cr_expect(!never.send && !never.postponed, "it would not have sent anyway");
}

Test(herd, a_scan_waits_too)
{
    struct ocs_config config;
    ocs_config_defaults(&config);
    const struct parameter elected = {
        .name = PARAM_IPDISCOVER, .has_number = true, .number = 1, .text = {"10.0.0.0", 8}};
    struct prolog_facts facts = {.database = true, .known = true, .parameters = {&elected, 1}};
    struct prolog_decision got;
    prolog_decide(&facts, &config, 1700000000, &got);
    cr_assert(got.ipdiscover && got.send);
    facts.lagging = true;
    prolog_decide(&facts, &config, 1700000000, &got);
    cr_expect(!got.ipdiscover && !got.send && got.postponed && got.options);
}
