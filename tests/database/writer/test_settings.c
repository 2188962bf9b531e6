/* Settings that go back to what OCS does (docs/compatibility.md). */
#include "tests/database/writer/fixture.h"

static const char one[] = "pc-1-2025-11-22-08-00-00", two[] = "pc-2-2025-11-22-08-00-00";

static void send_twins(struct fixture *f)
{
    fixture_do(f, "UPDATE config SET IVALUE=32 WHERE NAME='AUTO_DUPLICATE_LVL'");
    fixture_inventory(f, one, 0, ROWS("HARDWARE NAME=one", "BIOS ASSETTAG=A-1"));
    fixture_inventory(f, two, 60, ROWS("HARDWARE NAME=two", "BIOS ASSETTAG=A-1"));
}

Test(writer_settings, equal_asset_tags_merge, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open_settings(&f, "asset_tag_on", &(struct applier_settings){.asset_tag = true});
    send_twins(&f);
    expect_table(&f, "two", "SELECT NAME FROM hardware WHERE DEVICEID LIKE 'pc%%'");
}

Test(writer_settings, equal_asset_tags_merge_nothing_when_told_so, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open_settings(&f, "asset_tag_off", &(struct applier_settings){.asset_tag = false});
    send_twins(&f);
    expect_table(&f, "one/two", "SELECT NAME FROM hardware WHERE DEVICEID LIKE 'pc%%' ORDER BY NAME");
}

static void send_with_sessions(struct fixture *f)
{
    fixture_do(f, "INSERT INTO config (NAME,IVALUE) VALUES ('INVENTORY_SESSION_ONLY',1)");
    fixture_do(f,
               "INSERT INTO prolog_conntrack (DEVICEID,TIMESTAMP) VALUES ('%s',1),('%s',2),('%s',2000000000),"
               "('%s',1)",
               one, one, one, two);
    fixture_inventory(f, one, 0, ROWS("HARDWARE NAME=one"));
}

Test(writer_settings, sessions_of_ocs_are_left_alone, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "ocs_sessions_off");
    send_with_sessions(&f);
    expect_sql(&f, "4", "SELECT COUNT(*) FROM prolog_conntrack");
}

Test(writer_settings, sessions_of_ocs_end_when_told_so, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open_settings(&f, "ocs_sessions_on", &(struct applier_settings){.ocs_sessions = true});
    send_with_sessions(&f);
    expect_sql(&f, "2", "SELECT COUNT(*) FROM prolog_conntrack");
}
