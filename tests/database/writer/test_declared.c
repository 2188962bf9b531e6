/* Sections that an operator declared, in tables as plugins of OCS make them. */
#include "services/writer/writer_metrics.h"
#include "tests/database/writer/fixture.h"

static const char device[] = "pc-1-2025-11-22-08-00-00";
static const char hardware[] = "HARDWARE NAME=pc-1";

static const char declared[] = "section SERVICES\n  table services\n  columns SVCNAME SVCSTATE PID STARTED MISSING\n"
                               "section UPTIME\n  table uptime\n  rows one\n  columns TIME\n  absent clear\n"
                               "section SHARES\n  table shares\n  columns NAME\n"
                               "section NOTABLE\n  table not_there\n  columns NAME\n"
                               "section NOKEY\n  table no_key\n  columns NAME\n";

struct site {
    struct fixture f;
    struct section_map *map;
};

static void site_close(struct site *s)
{
    fixture_close(&s->f);
    section_map_free(s->map);
}
static void site_close_p(struct site *s)
{
    site_close(s);
}

static void make_tables(struct fixture *f)
{
    fixture_do(f, "CREATE TABLE services (ID INT NOT NULL AUTO_INCREMENT, HARDWARE_ID INT NOT NULL, SVCNAME VARCHAR(8) "
                  "DEFAULT NULL, SVCSTATE VARCHAR(255) DEFAULT NULL, PID INT DEFAULT NULL, STARTED DATE DEFAULT NULL, "
                  "PRIMARY KEY (ID,HARDWARE_ID)) ENGINE=InnoDB DEFAULT CHARSET=utf8");
    fixture_do(f, "CREATE TABLE uptime (ID INT NOT NULL AUTO_INCREMENT, HARDWARE_ID INT NOT NULL, TIME VARCHAR(64) "
                  "DEFAULT NULL, PRIMARY KEY (ID,HARDWARE_ID)) ENGINE=InnoDB DEFAULT CHARSET=utf8");
    fixture_do(f, "CREATE TABLE shares (HARDWARE_ID INT NOT NULL, NAME VARCHAR(64), KEY (HARDWARE_ID)) ENGINE=InnoDB");
    fixture_do(f, "CREATE TABLE no_key (NAME VARCHAR(64)) ENGINE=InnoDB");
}

static void site_open(struct site *s, const char *name)
{
    struct reason why = {0};
    s->map = NULL;
    cr_assert_eq(section_map_parse("declared", view_of(declared), &s->map, &why), ST_OK, "%s", why.text);
    fixture_open_settings(&s->f, name, &(struct applier_settings){.sections = s->map});
    make_tables(&s->f);
}

static const char services[] = "SELECT SVCNAME,SVCSTATE,PID,STARTED FROM services ORDER BY ID";

Test(writer_declared, rows_go_the_way_of_built_in_ones, .timeout = 60)
{
    AUTO(site_close) struct site s;
    site_open(&s, "declared_rows");
    int64_t lost = metric_get(&writer_metrics.fields_unknown);
    fixture_inventory(&s.f, device, 0,
                      ROWS(hardware, "SERVICES SVCNAME=longer-than-8|SVCSTATE=up|PID=12 kB|STARTED=2025/1/2|MISSING=x",
                           "SERVICES SVCNAME=cron|SVCSTATE=o'clock`|PID=|STARTED=|MISSING=", "UPTIME TIME=1 day",
                           "UPTIME TIME=2 days"));
    expect_table(&s.f, "longer-t|up|12|2025-01-02/cron|o'clock`|0|0000-00-00", "%s", services);
    expect_table(&s.f, "1 day", "SELECT TIME FROM uptime");
    cr_expect_eq(metric_get(&writer_metrics.fields_unknown), lost + 1, "MISSING has no column");

    int64_t inserted = metric_get(&writer_metrics.rows_inserted), deleted = metric_get(&writer_metrics.rows_deleted);
    fixture_inventory(&s.f, device, 60,
                      ROWS(hardware, "SERVICES SVCNAME=longer-than-8|SVCSTATE=up|PID=12 kB|STARTED=2025/1/2|MISSING=x",
                           "SERVICES SVCNAME=new|SVCSTATE=up|PID=7|STARTED=|MISSING=", "UPTIME TIME=1 day"));
    expect_table(&s.f, "1|longer-t/3|new", "SELECT ID,SVCNAME FROM services ORDER BY ID");
    cr_expect_eq(metric_get(&writer_metrics.rows_inserted), inserted + 1, "only the row that differs");
    cr_expect_eq(metric_get(&writer_metrics.rows_deleted), deleted + 1);
}

Test(writer_declared, absent_keeps_as_the_setting_says_and_clears_where_the_file_says_so, .timeout = 60)
{
    AUTO(site_close) struct site s;
    site_open(&s, "declared_absent");
    fixture_inventory(&s.f, device, 0, ROWS(hardware, "SERVICES SVCNAME=cron", "UPTIME TIME=1 day", "SHARES NAME=a"));
    fixture_inventory(&s.f, device, 60, ROWS(hardware));
    expect_sql(&s.f, "1", "SELECT COUNT(*) FROM services");
    expect_sql(&s.f, "1", "SELECT COUNT(*) FROM shares");
    expect_sql(&s.f, "0", "SELECT COUNT(*) FROM uptime");
}

Test(writer_declared, rows_without_ids_are_replaced_together, .timeout = 60)
{
    AUTO(site_close) struct site s;
    site_open(&s, "declared_no_ids");
    fixture_inventory(&s.f, device, 0, ROWS(hardware, "SHARES NAME=a", "SHARES NAME=b"));
    fixture_do(&s.f, "INSERT INTO shares VALUES (9999,'of another device')");
    fixture_inventory(&s.f, device, 60, ROWS(hardware, "SHARES NAME=b", "SHARES NAME=c"));
    expect_table(&s.f, "b/c/of another device", "SELECT NAME FROM shares ORDER BY NAME");
}

Test(writer_declared, a_table_that_cannot_be_written_costs_only_its_section, .timeout = 60)
{
    AUTO(site_close) struct site s;
    site_open(&s, "declared_no_table");
    int64_t unknown = metric_get(&writer_metrics.sections_unknown);
    fixture_inventory(&s.f, device, 0,
                      ROWS(hardware, "NOTABLE NAME=x", "NOKEY NAME=y", "UNDECLARED NAME=z", "SERVICES SVCNAME=cron"));
    expect_sql(&s.f, "pc-1", "SELECT NAME FROM hardware WHERE DEVICEID='%s'", device);
    expect_sql(&s.f, "1", "SELECT COUNT(*) FROM services");
    expect_sql(&s.f, "0", "SELECT COUNT(*) FROM no_key");
    cr_expect_eq(metric_get(&writer_metrics.sections_unknown), unknown + 3);
}

Test(writer_declared, a_merge_leaves_no_rows_of_the_old_device, .timeout = 60)
{
    AUTO(site_close) struct site s;
    site_open(&s, "declared_merge");
    fixture_inventory(&s.f, device, 0, ROWS(hardware, "SERVICES SVCNAME=old", "UPTIME TIME=1", "SHARES NAME=old"));
    s.f.old_deviceid = device;
    fixture_inventory(&s.f, "pc-1-2025-11-23-08-00-00", 60,
                      ROWS(hardware, "SERVICES SVCNAME=new", "UPTIME TIME=2", "SHARES NAME=new"));
    expect_sql(&s.f, "1", "SELECT COUNT(*) FROM hardware WHERE DEVICEID LIKE 'pc%%'");
    expect_table(&s.f, "new", "SELECT SVCNAME FROM services");
    expect_table(&s.f, "2", "SELECT TIME FROM uptime");
    expect_table(&s.f, "new", "SELECT NAME FROM shares");
}
