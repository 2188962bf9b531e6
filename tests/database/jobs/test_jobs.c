/* Background jobs over a private database: groups, caches of words, who leads, and how fast it ends. */
#include "common/base/clock.h"
#include "common/xml/xml.h"
#include "services/writer/jobs/job.h"
#include "services/writer/jobs/jobs.h"
#include "tests/support/private_database.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

struct fixture {
    struct db_target target;
    struct ocs_config options;
    struct job job;
};

static void fixture_close(struct fixture *f)
{
    buffer_clear(&f->job.sql);
    db_close(f->job.db);
}

static void fixture_close_p(struct fixture *f)
{
    fixture_close(f);
}

static void fixture_open(struct fixture *f, const char *name)
{
    *f = (struct fixture){.target = private_database_with_schema(name)};
    xml_library_init();
    ocs_config_defaults(&f->options);
    f->options.groups_cache_offset = 1;
    f->job = (struct job){.db = private_database_open(&f->target), .sql = BUFFER_INIT(1 << 20), .options = &f->options};
    cr_assert_eq(job_session(f->job.db, 2000), ST_OK);
}

static const char *ask(struct fixture *f, const char *sql)
{
    static char text[4096];
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    cr_assert_eq(db_query(f->job.db, sql, strlen(sql), &rows), ST_OK, "%s: %s", sql, db_error(f->job.db));
    const struct view *row = rows ? db_rows_next(rows) : NULL;
    snprintf(text, sizeof text, "%.*s", row && row[0].data ? (int)row[0].len : 4,
             row && row[0].data ? row[0].data : "NULL");
    return text;
}

static void make_computers(struct fixture *f)
{
    ask(f, "INSERT INTO hardware (ID,DEVICEID,NAME) VALUES "
           "(1,'a-2025-01-01-00-00-00','a'),(2,'b-2025-01-01-00-00-00','b'),"
           "(3,'c-2025-01-01-00-00-00','c'),(9,'_SYSTEMGROUP_','group')");
}

static void make_group(struct fixture *f, const char *request, const char *xmldef)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(1 << 16);
    ask(f, "DELETE FROM `groups`");
    buffer_text(&sql, "INSERT INTO `groups` (HARDWARE_ID,REQUEST,XMLDEF) VALUES (9,");
    db_quote(f->job.db, &sql, view_of(request));
    buffer_char(&sql, ',');
    db_quote(f->job.db, &sql, view_of(xmldef));
    buffer_char(&sql, ')');
    ask(f, sql.data);
}

static const char members[] = "SELECT GROUP_CONCAT(HARDWARE_ID,':',STATIC ORDER BY HARDWARE_ID) FROM groups_cache";

static const struct {
    const char *what, *request, *xmldef, *members;
} groups[] = {
    {"one request", "SELECT ID FROM hardware WHERE NAME IN ('a','b')", "", "1:0,2:0,3:1"},
    {"static rows stay, computed ones go", "SELECT ID FROM hardware WHERE NAME='c'", "", "3:1"},
    {"no groups, nothing that is gone", "SELECT ID FROM hardware UNION SELECT 77 UNION SELECT 'x'", NULL,
     "1:0,2:0,3:1"},
    {"what fails leaves the group alone", "SELECT nothing FROM nowhere", "", "1:0,2:0,3:1"},
    {"only reading is run", "DELETE FROM hardware", "", "1:0,2:0,3:1"},
    {"nor what takes too long", "SELECT ID FROM hardware WHERE SLEEP(9)=0", "", "1:0,2:0,3:1"},
    {"requests of a definition", "",
     "<xmldef><REQUEST>SELECT ID FROM hardware WHERE NAME &lt; 'c'</REQUEST>"
     "<REQUEST>SELECT DISTINCT ID FROM hardware WHERE NAME='b' OR NAME='c' ORDER BY ID</REQUEST></xmldef>",
     "2:0,3:1"},
    {"a broken definition", "NULL", "<xmldef><REQUEST>SELECT", "2:0,3:1"},
    {"an empty result stays empty", NULL,
     "<xmldef><REQUEST>SELECT ID FROM hardware WHERE NAME='none'</REQUEST><REQUEST>SELECT ID FROM "
     "hardware</REQUEST></xmldef>",
     "3:1"},
    {"a static group", "", "", "3:1"},
};

Test(jobs, a_group_has_the_computers_that_its_requests_select, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "job_groups");
    cr_assert_eq(job_session(f.job.db, 300), ST_OK);
    make_computers(&f);
    ask(&f, "INSERT INTO groups_cache (HARDWARE_ID,GROUP_ID,STATIC) VALUES (3,9,1)");
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        make_group(&f, groups[i].request, groups[i].xmldef);
        cr_expect_eq(job_groups(&f.job), ST_OK, "%s: %s", groups[i].what, db_error(f.job.db));
        cr_expect_str_eq(ask(&f, members), groups[i].members, "%s: %s", groups[i].what, ask(&f, members));
        cr_expect_str_eq(
            ask(&f, "SELECT CREATE_TIME>UNIX_TIMESTAMP()-60 AND REVALIDATE_FROM>=CREATE_TIME FROM `groups`"), "1",
            "%s: times", groups[i].what);
        cr_expect_str_eq(ask(&f, "SELECT COUNT(*) FROM locks"), "0", "%s: lock", groups[i].what);
    }
}

Test(jobs, a_group_waits_until_it_is_out_of_date_and_nobody_works_on_it, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "job_groups_due");
    make_computers(&f);
    make_group(&f, "SELECT ID FROM hardware WHERE NAME='a'", "");
    ask(&f, "UPDATE `groups` SET REVALIDATE_FROM=UNIX_TIMESTAMP()-100");
    cr_expect_eq(job_groups(&f.job), ST_OK);
    cr_expect_str_eq(ask(&f, members), "NULL", "not out of date");
    f.options.groups_cache_revalidate = 50;
    ask(&f, "INSERT INTO locks (HARDWARE_ID,SINCE) VALUES (9,NOW())");
    cr_expect_eq(job_groups(&f.job), ST_OK);
    cr_expect_str_eq(ask(&f, members), "NULL", "locked");
    f.options.enable_groups = 0;
    ask(&f, "UPDATE locks SET SINCE=NOW()-INTERVAL 1 HOUR");
    cr_expect_eq(job_groups(&f.job), ST_OK);
    cr_expect_str_eq(ask(&f, members), "NULL", "groups are off");
    f.options.enable_groups = 1;
    cr_expect_eq(job_groups(&f.job), ST_OK);
    cr_expect_str_eq(ask(&f, members), "1:0", "an old lock is taken over");
    cr_expect_str_eq(ask(&f, "SELECT COUNT(*) FROM locks"), "0");
}

static const char words[] =
    "SELECT CONCAT((SELECT GROUP_CONCAT(OSNAME ORDER BY OSNAME) FROM hardware_osname_cache),'/',"
    "(SELECT GROUP_CONCAT(NAME ORDER BY NAME) FROM registry_name_cache),'/',"
    "(SELECT GROUP_CONCAT(REGVALUE ORDER BY REGVALUE) FROM registry_regvalue_cache))";

Test(jobs, caches_become_what_the_tables_have, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "job_caches");
    ask(&f, "INSERT INTO hardware (DEVICEID,OSNAME) VALUES ('a','Linux'),('b','LINUX'),('c','it''s'),('d',NULL)");
    ask(&f, "INSERT INTO registry (HARDWARE_ID,NAME,REGVALUE) VALUES (1,'n','v'),(2,'n','w'),(3,NULL,NULL)");
    ask(&f, "INSERT INTO hardware_osname_cache (OSNAME) VALUES ('gone'),(NULL),(NULL),('linux')");
    cr_expect_eq(job_caches(&f.job), ST_OK, "%s", db_error(f.job.db));
    cr_expect_str_eq(ask(&f, words), "it's,linux/n/v,w", "%s", ask(&f, words));
    ask(&f, "INSERT INTO registry (HARDWARE_ID,NAME,REGVALUE) VALUES (1,'new','v')");
    cr_expect_eq(job_caches(&f.job), ST_OK);
    cr_expect_str_eq(ask(&f, words), "it's,linux/n/v,w", "not due again for seven days");
    ask(&f, "UPDATE engine_persistent SET IVALUE=IVALUE-8*86400");
    cr_expect_eq(job_caches(&f.job), ST_OK);
    cr_expect_str_eq(ask(&f, words), "it's,linux/n,new/v,w");
}

Test(jobs, sessions_that_nobody_used_go, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "job_sessions");
    f.options.inventory_session_only = 1;
    ask(&f,
        "INSERT INTO muster_session (DEVICEID,STARTED) VALUES ('old',UNIX_TIMESTAMP()-86500),('new',UNIX_TIMESTAMP())");
    cr_expect_eq(job_sessions(&f.job), ST_OK, "%s", db_error(f.job.db));
    cr_expect_str_eq(ask(&f, "SELECT GROUP_CONCAT(DEVICEID) FROM muster_session"), "new");
}

/* ---- the thread ---- */

static bool becomes(struct fixture *f, const char *sql, const char *want)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    int64_t end = clock_steady_ms() + 10000;
    bool is = strcmp(ask(f, sql), want) == 0;
    while (!is && clock_steady_ms() < end) {
        nanosleep(&pause, NULL);
        is = strcmp(ask(f, sql), want) == 0;
    }
    return is;
}

/* The connection that leads, 0: none. */
#define LEADER "IFNULL(IS_USED_LOCK(CONCAT('muster_jobs.',MD5(DATABASE()))),0)"

Test(jobs, one_leads_and_the_next_one_takes_over, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    AUTO(jobs_destroy) struct jobs *first = NULL, *second = NULL;
    fixture_open(&f, "job_leader");
    make_computers(&f);
    make_group(&f, "SELECT ID FROM hardware WHERE NAME='a'", "");
    const struct jobs_settings set = {.target = f.target, .period_ms = 20, .statement_ms = 5000};
    cr_assert_eq(jobs_start(&set, &first), ST_OK);
    cr_expect(becomes(&f, "SELECT " LEADER ">0", "1"));
    cr_expect(becomes(&f, members, "1:0"));
    char another[200]; /* the first one's lock lasts until the server has noticed that it is gone */
    snprintf(another, sizeof another, "SELECT " LEADER " NOT IN (0,%s)", ask(&f, "SELECT " LEADER));
    cr_assert_eq(jobs_start(&set, &second), ST_OK);
    jobs_destroy(first);
    first = NULL;
    cr_expect(becomes(&f, another, "1"));
}

Test(jobs, a_statement_that_runs_does_not_delay_the_end, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    AUTO(jobs_destroy) struct jobs *jobs = NULL;
    fixture_open(&f, "job_stop");
    make_computers(&f);
    make_group(&f, "SELECT ID FROM hardware WHERE SLEEP(20)=0", "");
    const struct jobs_settings set = {.target = f.target, .period_ms = 20, .statement_ms = 60000};
    cr_assert_eq(jobs_start(&set, &jobs), ST_OK);
    cr_assert(becomes(&f, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE='User sleep'", "1"));
    int64_t began = clock_steady_ms();
    cr_expect(jobs_stop(jobs, 5000));
    cr_expect_lt(clock_steady_ms() - began, 3000);
    cr_expect_str_eq(ask(&f, members), "NULL");
}
