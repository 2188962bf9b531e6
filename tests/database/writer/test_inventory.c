/* INVENTORYs of new and known devices, section by section. */
#include "services/writer/writer_metrics.h"
#include "tests/database/writer/fixture.h"

#include <stdio.h>

static const char device[] = "pc-1-2025-11-22-08-00-00";

static const char *const first[] = {
    "HARDWARE NAME=pc-1|OSNAME=Debian|MEMORY=2048|SWAP=2400.5|USERID=karl|IPADDR=10.1.1.9|CHECKSUM=3|TYPE=abc",
    "ACCOUNTINFO KEYNAME=TAG|KEYVALUE=Berlin",
    "BIOS SSN=S-1|SMODEL=Model",
    "MEMORIES CAPTION=A|CAPACITY=512",
    "MEMORIES CAPTION=B|CAPACITY=4096 MB",
    "MEMORIES CAPTION=B|CAPACITY=4096 MB",
    "NETWORKS MACADDR=aa:bb:cc:00:00:01|IPADDRESS=10.1.1.7",
    "NETWORKS MACADDR=aa:bb:cc:00:00:02|IPADDRESS=10.1.1.9",
    "SOFTWARES NAME=vim|VERSION=2:9.0-1|PUBLISHER=Debian|INSTALLDATE=2024/01/02 03:04:05",
    "SOFTWARES NAME=bash|VERSION=5.2",
    NULL,
};

Test(writer_inventory, a_new_device_gets_all_its_rows, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "new_device");
    fixture_inventory(&f, device, 0, first);
    expect_table(&f,
                 "pc-1-2025-11-22-08-00-00|pc-1|Debian|2048|0|0|karl|10.1.1.7|10.1.1.7|2025-11-22 08:00:00|2025-11-22 "
                 "08:00:00|NULL|1",
                 "SELECT DEVICEID,NAME,OSNAME,MEMORY,SWAP,TYPE,USERID,IPADDR,IPSRC,LASTDATE,LASTCOME,QUALITY,FIDELITY "
                 "FROM hardware "
                 "WHERE DEVICEID NOT LIKE '\\_%%'");
    expect_sql(&f, "OCS-NG_unified_unix_agent_v2.10.0", "SELECT USERAGENT FROM hardware WHERE DEVICEID='%s'", device);
    expect_table(&f, "Berlin", "SELECT TAG FROM accountinfo");
    expect_table(&f, "S-1|Model|", "SELECT SSN,SMODEL,TYPE FROM bios");
    expect_table(&f, "A|512|/B|4096|/B|4096|", "SELECT CAPTION,CAPACITY,SERIALNUMBER FROM memories ORDER BY ID");
    expect_table(
        &f, "bash|Unavailable|5.2|5.2|5|2|0/vim|Debian|2:9.0-1|9.0|9|0|0",
        "SELECT n.NAME,p.PUBLISHER,v.VERSION,PRETTYVERSION,MAJOR,MINOR,PATCH FROM software s JOIN software_name n ON "
        "n.ID=NAME_ID "
        "JOIN software_publisher p ON p.ID=PUBLISHER_ID JOIN software_version v ON v.ID=VERSION_ID ORDER BY n.NAME");
    expect_table(&f, "2024-01-02 03:04:05/2025-11-22 00:00:00",
                 "SELECT INSTALLDATE FROM software ORDER BY INSTALLDATE");
}

/* What a statement can tell about writes: nothing but muster_device and hardware may move. */
static void note_images(struct fixture *f, char *out, size_t room)
{
    snprintf(out, room, "%s",
             fixture_table(
                 f, "SELECT (SELECT GROUP_CONCAT(ID,':',CAPTION ORDER BY ID) FROM memories),(SELECT GROUP_CONCAT(ID "
                    "ORDER BY ID) FROM networks),(SELECT GROUP_CONCAT(ID,':',NAME_ID ORDER BY ID) FROM software),"
                    "(SELECT GROUP_CONCAT(HEX(PACKED_ROWS) ORDER BY SECTION) FROM muster_rows)"));
}

static const char auto_increments[] =
    "SELECT GROUP_CONCAT(TABLE_NAME,AUTO_INCREMENT ORDER BY TABLE_NAME) FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA=DATABASE() AND AUTO_INCREMENT>1";

Test(writer_inventory, an_unchanged_inventory_writes_no_row, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    char before[4096], after[4096], counters[4096];
    fixture_open(&f, "unchanged");
    fixture_inventory(&f, device, 0, first);
    note_images(&f, before, sizeof before);
    snprintf(counters, sizeof counters, "%s", fixture_sql(&f, "%s", auto_increments));
    int64_t inserted = metric_get(&writer_metrics.rows_inserted), deleted = metric_get(&writer_metrics.rows_deleted);
    fixture_inventory(&f, device, 60, first);
    note_images(&f, after, sizeof after);
    cr_expect_str_eq(after, before);
    expect_sql(&f, counters, "%s", auto_increments);
    cr_expect_eq(metric_get(&writer_metrics.rows_inserted), inserted);
    cr_expect_eq(metric_get(&writer_metrics.rows_deleted), deleted);
    cr_expect_eq(metric_get(&writer_metrics.devices_unchanged), 1);
    expect_sql(&f, "2025-11-22 08:01:00", "SELECT LASTDATE FROM hardware WHERE DEVICEID='%s'", device);
}

Test(writer_inventory, a_changed_row_leaves_the_others_their_ids, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "changed_row");
    fixture_inventory(&f, device, 0, first);
    fixture_do(&f, "UPDATE hardware SET CHECKSUM=0");
    fixture_inventory(&f, device, 60,
                      ROWS("HARDWARE NAME=pc-1|CHECKSUM=1", "MEMORIES CAPTION=A|CAPACITY=512",
                           "MEMORIES CAPTION=C|CAPACITY=1", "MEMORIES CAPTION=B|CAPACITY=4096 MB"));
    expect_table(&f, "1|A/2|B/4|C", "SELECT ID,CAPTION FROM memories ORDER BY ID");
    expect_sql(&f, "5", "SELECT CHECKSUM FROM hardware WHERE DEVICEID='%s'", device);
    expect_sql(&f, "2", "SELECT COUNT(*) FROM networks");
    expect_sql(&f, "2", "SELECT COUNT(*) FROM software");
}

Test(writer_inventory, an_absent_section_keeps_its_rows, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "absent_keep");
    fixture_inventory(&f, device, 0, first);
    fixture_inventory(&f, device, 60, ROWS("HARDWARE NAME=pc-1"));
    expect_table(
        &f, "3|2|2|1",
        "SELECT (SELECT COUNT(*) FROM memories),(SELECT COUNT(*) FROM networks),(SELECT COUNT(*) FROM software),"
        "(SELECT COUNT(*) FROM bios)");
    expect_sql(&f, "NULL", "SELECT IPADDR FROM hardware WHERE DEVICEID='%s'", device);
}

Test(writer_inventory, an_absent_section_is_cleared_when_told_so, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open_with(&f, "absent_clear", ABSENT_CLEAR, false);
    fixture_inventory(&f, device, 0, first);
    fixture_inventory(&f, device, 60, ROWS("MEMORIES CAPTION=A"));
    expect_sql(&f, "2", "SELECT COUNT(*) FROM networks"); /* without HARDWARE it is no full report */
    fixture_inventory(&f, device, 120, ROWS("HARDWARE NAME=pc-1", "MEMORIES CAPTION=A"));
    expect_table(
        &f, "1|0|0|0",
        "SELECT (SELECT COUNT(*) FROM memories),(SELECT COUNT(*) FROM networks),(SELECT COUNT(*) FROM software),"
        "(SELECT COUNT(*) FROM bios)");
    fixture_inventory(&f, device, 180, first);
    expect_table(
        &f, "3|2|2|1",
        "SELECT (SELECT COUNT(*) FROM memories),(SELECT COUNT(*) FROM networks),(SELECT COUNT(*) FROM software),"
        "(SELECT COUNT(*) FROM bios)");
}

Test(writer_inventory, an_older_or_repeated_inventory_changes_nothing, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "older");
    fixture_inventory(&f, device, 60, first);
    fixture_inventory(&f, device, 0, ROWS("HARDWARE NAME=old", "MEMORIES CAPTION=old"));
    fixture_inventory(&f, device, 60, ROWS("HARDWARE NAME=again", "MEMORIES CAPTION=again"));
    expect_sql(&f, "pc-1", "SELECT NAME FROM hardware WHERE DEVICEID='%s'", device);
    expect_sql(&f, "0", "SELECT COUNT(*) FROM memories WHERE CAPTION IN ('old','again')");
}

Test(writer_inventory, two_inventories_of_one_batch_are_applied_in_order, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "in_order");
    fixture_add(&f, UPLOAD_INVENTORY, device, 60, ROWS("HARDWARE NAME=new", "MEMORIES CAPTION=new"));
    fixture_add(&f, UPLOAD_INVENTORY, device, 0, ROWS("HARDWARE NAME=old", "MEMORIES CAPTION=old", "PORTS NAME=kept"));
    fixture_apply(&f);
    expect_table(&f, "new|new|kept",
                 "SELECT h.NAME,m.CAPTION,p.NAME FROM hardware h JOIN memories m ON m.HARDWARE_ID=h.ID JOIN ports p ON "
                 "p.HARDWARE_ID=h.ID");
}

Test(writer_inventory, an_upload_without_hardware_blanks_nothing, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "no_hardware");
    fixture_inventory(&f, device, 0, first);
    fixture_inventory(&f, device, 60, ROWS("PORTS NAME=com1"));
    expect_table(&f, "pc-1|Debian|karl|10.1.1.7|2025-11-22 08:01:00",
                 "SELECT NAME,OSNAME,USERID,IPADDR,LASTDATE FROM hardware WHERE DEVICEID='%s'", device);
}

static const struct {
    const char *row, *column, *want;
} hardware_cases[] = {
    {"HARDWARE NAME=x|LASTDATE=2024-05-06 07:08:09", "LASTDATE", "2024-05-06 07:08:09"},
    {"HARDWARE NAME=x|LASTDATE=1970-01-01", "LASTDATE", "2025-11-22 08:00:00"},
    {"HARDWARE NAME=x|LASTDATE=yesterday", "LASTDATE", "2025-11-22 08:00:00"},
    {"HARDWARE NAME=x|USERID=LocalSystem", "USERID", "before"},
    {"HARDWARE NAME=x", "USERID", "NULL"},
    {"HARDWARE NAME=x|USERID=eve", "USERID", "eve"},
    {"HARDWARE NAME=x|PROCESSORN=40000", "PROCESSORN", "32767"},
    {"HARDWARE NAME=x|PROCESSORN=-5", "PROCESSORN", "0"},
    {"HARDWARE NAME=x|ARCH=longer than ten", "ARCH", "longer tha"},
    {"HARDWARE NAME=a\xf0\x9f\x98\x80", "NAME", "a?"},
    {"HARDWARE NAME=it's \\ \"x\"", "NAME", "it's \\ \"x\""},
};

Test(writer_inventory, hardware_columns_follow_their_rules, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "hardware_rules");
    for (size_t i = 0; i < COUNT(hardware_cases); i++) {
        char id[64];
        snprintf(id, sizeof id, "rule%zu-2025-11-22-08-00-00", i);
        fixture_do(&f, "INSERT INTO hardware (DEVICEID,USERID) VALUES ('%s','before')", id);
        fixture_inventory(&f, id, 0, ROWS(hardware_cases[i].row));
        expect_sql(&f, hardware_cases[i].want, "SELECT %s FROM hardware WHERE DEVICEID='%s'", hardware_cases[i].column,
                   id);
    }
}

static const struct {
    const char *const *rows;
    const char *want;
} account_cases[] = {
    {ROWS("HARDWARE NAME=x"), "NA|NULL"},
    {ROWS("ACCOUNTINFO KEYNAME=TAG|KEYVALUE="), "NULL|NULL"},
    {ROWS("ACCOUNTINFO KEYNAME=TAG|KEYVALUE=a", "ACCOUNTINFO KEYNAME=TAG|KEYVALUE=b"), "b|NULL"},
    {ROWS("ACCOUNTINFO KEYNAME=tag|KEYVALUE=a"), "NA|NULL"},
    {ROWS("ACCOUNTINFO KEYNAME=fields_3|KEYVALUE=room 7", "ACCOUNTINFO KEYNAME=other|KEYVALUE=x",
          "ACCOUNTINFO KEYNAME=HARDWARE_ID|KEYVALUE=1"),
     "NA|room 7"},
};

Test(writer_inventory, accountinfo_of_a_new_device_is_what_the_agent_says, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "account_new");
    fixture_inventory(&f, device, 0, ROWS("HARDWARE NAME=x")); /* the console adds its field while the writer runs */
    fixture_do(&f, "ALTER TABLE accountinfo ADD fields_3 varchar(255) DEFAULT NULL");
    for (size_t i = 0; i < COUNT(account_cases); i++) {
        char id[64];
        snprintf(id, sizeof id, "tag%zu-2025-11-22-08-00-00", i);
        fixture_inventory(&f, id, 0, account_cases[i].rows);
        expect_table(&f, account_cases[i].want,
                     "SELECT TAG,fields_3 FROM accountinfo a JOIN hardware h ON h.ID=a.HARDWARE_ID WHERE DEVICEID='%s'",
                     id);
    }
}

Test(writer_inventory, accountinfo_of_a_known_device_stays_and_a_lost_row_comes_back, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "account_known");
    fixture_inventory(&f, device, 0, first);
    fixture_inventory(&f, device, 60, ROWS("HARDWARE NAME=x", "ACCOUNTINFO KEYNAME=TAG|KEYVALUE=Paris"));
    expect_sql(&f, "Berlin", "SELECT TAG FROM accountinfo");
    fixture_do(&f, "DELETE FROM accountinfo");
    fixture_inventory(&f, device, 120, ROWS("HARDWARE NAME=x", "ACCOUNTINFO KEYNAME=TAG|KEYVALUE=Paris"));
    expect_table(&f, "LOST", "SELECT TAG FROM accountinfo");
}

Test(writer_inventory, accountinfo_of_a_known_device_is_taken_when_told_so, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open_with(&f, "account_taken", ABSENT_KEEP, true);
    fixture_inventory(&f, device, 0, first);
    fixture_inventory(&f, device, 60, ROWS("HARDWARE NAME=x", "ACCOUNTINFO KEYNAME=TAG|KEYVALUE=Paris"));
    expect_table(&f, "Paris", "SELECT TAG FROM accountinfo");
}

Test(writer_inventory, a_row_that_was_plain_text_is_null_and_the_journal_only_grows, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "odd_rows");
    fixture_inventory(&f, device, 0, ROWS("PRINTERS !", "JOURNALLOG JOURNALLOG=one|STATUS=1"));
    expect_table(&f, "NULL|NULL", "SELECT NAME,SHARED FROM printers");
    fixture_inventory(&f, device, 60, ROWS("PRINTERS !", "JOURNALLOG JOURNALLOG=one|STATUS=1"));
    fixture_inventory(&f, device, 60, ROWS("PRINTERS !", "JOURNALLOG JOURNALLOG=one|STATUS=1"));
    expect_sql(&f, "1", "SELECT COUNT(*) FROM printers");
    expect_table(&f, "one||1/one||1", "SELECT JOURNALLOG,LISTENERNAME,STATUS FROM journallog");
}

Test(writer_inventory, a_single_row_is_replaced_in_place, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "single");
    fixture_inventory(&f, device, 0, ROWS("BIOS SSN=one|SMODEL=m", "JAVAINFO JAVANAME=j|JAVAPATHLEVEL=1.2.3"));
    fixture_inventory(&f, device, 60, ROWS("BIOS SSN=two"));
    expect_table(&f, "two|", "SELECT SSN,SMODEL FROM bios");
    expect_table(&f, "j|12", "SELECT JAVANAME,JAVAPATHLEVEL FROM javainfo");
}
