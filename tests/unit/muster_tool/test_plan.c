#include "tools/muster/run/child.h"
#include "tools/muster/run/plan.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct options defaults = {
    .listen = "127.0.0.1", .http = 8080, .https = 8443, .gateways = 1, .parsers = 1, .writers = 1};
static const struct folder folder = {.data = "/data", .sockets = "/data/run"};

static status make(struct options o, const char *database, struct arena *arena, struct plan *out, struct reason *why)
{
    struct plan_input in = {.options = &o,
                            .folder = &folder,
                            .programs = {"mariadbd", "w", "p", "g"},
                            .database = database,
                            .sections = ""};
    return plan_make(&in, arena, out, why);
}

static const struct child_plan *child(const struct plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->children[i].name, name) == 0)
            return &plan->children[i];
    cr_assert_fail("no %s in the plan", name);
    abort(); /* for the compiler */
}

static void expect_env(const struct plan *plan, const char *name, const char *variable, const char *want)
{
    const char *got = plan_variable(child(plan, name), variable);
    cr_expect(got && strcmp(got, want) == 0, "%s %s: %s", name, variable, got ? got : "(not set)");
}

static bool has_argument(const struct child_plan *c, const char *argument)
{
    for (size_t i = 0; c->argv[i]; i++)
        if (strcmp(c->argv[i], argument) == 0)
            return true;
    return false;
}

Test(plan, more_options_of_the_private_database_stand_behind_ours)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 20);
    struct plan plan;
    struct plan_input in = {.options = &defaults,
                            .folder = &folder,
                            .programs = {"mariadbd", "w", "p", "g"},
                            .database = "",
                            .sections = "",
                            .database_options = "  --sql-mode=ANSI --log-bin "};
    cr_assert_eq(plan_make(&in, arena, &plan, NULL), ST_OK);
    const struct child_plan *c = child(&plan, "mariadb-1");
    cr_expect(has_argument(c, "--sql-mode=ANSI") && has_argument(c, "--log-bin") && !has_argument(c, ""));
    cr_expect_str_eq(c->argv[1], "--no-defaults");
    in.database_options = "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a";
    cr_assert_eq(plan_make(&in, arena, &plan, NULL), ST_OK);
    cr_expect_null(child(&plan, "mariadb-1")->argv[PLAN_ARGUMENTS_MAX - 1]);
}

Test(plan, the_private_database_has_an_eighth_of_the_memory_within_bounds)
{
    static const struct {
        uint64_t memory;
        const char *argument;
    } cases[] = {{0, "--innodb-buffer-pool-size=128M"},
                 {512ULL << 20, "--innodb-buffer-pool-size=128M"},
                 {4ULL << 30, "--innodb-buffer-pool-size=512M"},
                 {64ULL << 30, "--innodb-buffer-pool-size=1024M"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(arena_destroy) struct arena *arena = arena_new(1 << 20);
        struct plan plan;
        const struct plan_input in = {.options = &defaults,
                                      .folder = &folder,
                                      .programs = {"mariadbd", "w", "p", "g"},
                                      .database = "",
                                      .sections = "",
                                      .memory = cases[i].memory};
        cr_assert_eq(plan_make(&in, arena, &plan, NULL), ST_OK);
        cr_expect(has_argument(child(&plan, "mariadb-1"), cases[i].argument), "%s", cases[i].argument);
    }
}

Test(plan, one_of_each_on_a_private_database)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 20);
    struct plan plan;
    cr_assert_eq(make(defaults, "", arena, &plan, NULL), ST_OK);
    cr_assert_eq(plan.count, 4);
    cr_expect_str_eq(plan.database, "mysql://root@localhost/ocsweb?socket=/data/run/db.sock");
    for (size_t i = 1; i < plan.count; i++)
        cr_expect_leq(plan.children[i - 1].kind, plan.children[i].kind, "the order of their start");
    expect_env(&plan, "gateway-1", "MUSTER_GATEWAY_HTTP", "127.0.0.1:8080");
    expect_env(&plan, "gateway-1", "MUSTER_GATEWAY_HTTPS", "127.0.0.1:8443");
    expect_env(&plan, "gateway-1", "MUSTER_GATEWAY_SPOOL_DIR", "/data/spool/1");
    expect_env(&plan, "gateway-1", "MUSTER_GATEWAY_ID", "1");
    expect_env(&plan, "gateway-1", "MUSTER_ADMIN", "unix:/data/run/gateway-1.admin");
    expect_env(&plan, "parser-1", "MUSTER_PARSER_GATEWAYS", "ipc:///data/run/gateway-1.link");
    expect_env(&plan, "writer-1", "MUSTER_WRITER_PARSERS",
               plan_variable(child(&plan, "parser-1"), "MUSTER_PARSER_BIND"));
    expect_env(&plan, "writer-1", "MUSTER_DATABASE", plan.database);
    cr_expect_null(plan_variable(child(&plan, "parser-1"), "MUSTER_DATABASE"), "a parser knows no database");
}

Test(plan, the_private_database_has_no_port_and_reads_no_file_of_the_system)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 20);
    struct plan plan;
    cr_assert_eq(make(defaults, "", arena, &plan, NULL), ST_OK);
    const struct child_plan *db = child(&plan, "mariadb-1");
    cr_expect_str_eq(db->argv[1], "--no-defaults", "it has to be the first argument");
    cr_expect(has_argument(db, "--skip-networking"));
    cr_expect(has_argument(db, "--datadir=/data/db"));
    cr_expect(has_argument(db, "--socket=/data/run/db.sock"));
}

Test(plan, every_consumer_knows_every_producer)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 20);
    struct options o = defaults;
    struct plan plan;
    o.gateways = 2, o.parsers = 3, o.writers = 2;
    cr_assert_eq(make(o, "", arena, &plan, NULL), ST_OK);
    cr_assert_eq(plan.count, 8);
    expect_env(&plan, "parser-3", "MUSTER_PARSER_GATEWAYS",
               "ipc:///data/run/gateway-1.link,ipc:///data/run/gateway-2.link");
    expect_env(&plan, "writer-2", "MUSTER_WRITER_PARSERS",
               "ipc:///data/run/parser-1.link,ipc:///data/run/parser-2.link,ipc:///data/run/parser-3.link");
    expect_env(&plan, "gateway-2", "MUSTER_GATEWAY_HTTP", "127.0.0.1:8081");
    expect_env(&plan, "gateway-2", "MUSTER_GATEWAY_HTTPS", "127.0.0.1:8444");
    expect_env(&plan, "gateway-2", "MUSTER_GATEWAY_SPOOL_DIR", "/data/spool/2");
}

Test(plan, the_largest_plan_fits_its_memory)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(4 << 20);
    struct options o = defaults;
    struct plan plan;
    o.gateways = o.parsers = o.writers = 32;
    cr_assert_eq(make(o, "", arena, &plan, NULL), ST_OK);
    cr_expect_eq(plan.count, 97);
}

Test(plan, any_port_stays_any_port_and_other_addresses_are_as_given)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 20);
    struct options o = defaults;
    struct plan plan;
    o.http = o.https = 0, o.gateways = 2, o.listen = "::1";
    cr_assert_eq(make(o, "mysql://u@h/d", arena, &plan, NULL), ST_OK);
    cr_expect_null(plan.database_socket, "somebody else's database is not started");
    expect_env(&plan, "gateway-2", "MUSTER_GATEWAY_HTTP", "[::1]:0");
    expect_env(&plan, "gateway-2", "MUSTER_DATABASE", "mysql://u@h/d");
}

Test(plan, ports_that_meet_are_refused)
{
    static const struct {
        long http, https, gateways;
        status want;
    } cases[] = {{8080, 8443, 1, ST_OK},      {8080, 8080, 1, ST_INVALID}, {8080, 8081, 2, ST_INVALID},
                 {8081, 8080, 2, ST_INVALID}, {8080, 8082, 2, ST_OK},      {0, 8080, 32, ST_OK},
                 {0, 0, 32, ST_OK},           {80, 65535, 2, ST_INVALID},  {65535, 1, 1, ST_OK}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(arena_destroy) struct arena *arena = arena_new(1 << 20);
        struct options o = defaults;
        struct plan plan;
        struct reason why = {0};
        o.http = cases[i].http, o.https = cases[i].https, o.gateways = cases[i].gateways;
        cr_expect_eq(make(o, "", arena, &plan, &why), cases[i].want, "case %zu: %s", i, why.text);
    }
}

Test(child, the_pause_before_a_restart_grows_and_is_bounded)
{
    int before = 0;
    for (unsigned failures = 0; failures < 100; failures++) {
        int pause = child_backoff_ms(failures);
        cr_expect(pause >= before && pause >= 100 && pause <= 10000, "%u: %d", failures, pause);
        before = pause;
    }
}
