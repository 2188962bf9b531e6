/* What a computer found over SNMP. */
#include "services/writer/writer_metrics.h"
#include "tests/database/writer/fixture.h"

static const char scanner[] = "scan-2025-11-22-08-00-00";

/* The first row of a section names all its fields. */
static void open_with_type(struct fixture *f, const char *name, bool link_tag)
{
    fixture_open(f, name);
    f->drop_fields = true;
    fixture_do(f, "INSERT INTO hardware (ID,DEVICEID) VALUES (5,'%s')", scanner);
    fixture_do(f, "INSERT INTO accountinfo (HARDWARE_ID,TAG) VALUES (5,'paris')");
    fixture_do(f, "CREATE TABLE snmp_printer (ID int AUTO_INCREMENT PRIMARY KEY, LASTDATE datetime, Serial varchar(10) "
                  "NOT NULL UNIQUE, Address varchar(20) NOT NULL UNIQUE, Pages int, Hidden varchar(9)) DEFAULT "
                  "CHARSET=utf8mb3");
    fixture_do(f, "INSERT INTO snmp_types (ID,TYPE_NAME,TABLE_TYPE_NAME) VALUES (50,'Printer','snmp_printer'),"
                  "(51,'Ghost','snmp_ghost'),(52,'Odd','snmp_a`b')");
    fixture_do(f, "INSERT INTO snmp_labels (ID,LABEL_NAME) VALUES (50,'Serial'),(51,'Pages'),(52,'Address')");
    fixture_do(
        f, "INSERT INTO snmp_configs (TYPE_ID,LABEL_ID,OID,RECONCILIATION) VALUES (50,51,'1',NULL),(50,50,'2','Yes'),"
           "(50,52,'3','Yes'),(51,51,'4',NULL),(52,51,'5',NULL)");
    if (link_tag)
        fixture_do(f, "INSERT INTO config (NAME,IVALUE) VALUES ('SNMP_LINK_TAG',1) ON DUPLICATE KEY UPDATE IVALUE=1");
}

static const char printers[] = "SELECT Serial,Address,Pages,LASTDATE FROM snmp_printer ORDER BY ID";
static const char accounts[] =
    "SELECT SNMP_TYPE,SNMP_RECONCILIATION_FIELD,SNMP_RECONCILIATION_VALUE,TAG FROM snmp_accountinfo ORDER BY ID";

Test(writer_snmp, devices_are_told_apart_by_their_label_and_absent_values_stay, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    open_with_type(&f, "snmp_upsert", false);
    fixture_add(&f, UPLOAD_SNMP, scanner, 0,
                ROWS("snmp_printer Serial=A|Address=1|Pages=10", "snmp_printer Serial=B|Address=2|Pages=x",
                     "snmp_printer Serial=|Pages="));
    fixture_apply(&f);
    expect_table(&f, "A|1|10|2025-11-22 08:00:00/B|2|0|2025-11-22 08:00:00", "%s", printers);
    expect_table(&f, "snmp_printer|Serial|A|NA/snmp_printer|Serial|B|NA", "%s", accounts);
    fixture_add(&f, UPLOAD_SNMP, scanner, 60,
                ROWS("snmp_printer Serial=A|Address=|Pages=20", "snmp_printer Serial=b|Address=9"));
    fixture_apply(&f);
    expect_table(&f, "A|1|20|2025-11-22 08:01:00/b|9|0|2025-11-22 08:01:00", "%s", printers);
    expect_table(&f, "snmp_printer|Serial|A|NA/snmp_printer|Serial|B|NA", "%s", accounts);
    fixture_add(&f, UPLOAD_SNMP, scanner, 30, ROWS("snmp_printer Serial=A|Pages=5"));
    fixture_apply(&f);
    expect_sql(&f, "20", "SELECT Pages FROM snmp_printer WHERE Serial='A'");
    fixture_add(&f, UPLOAD_SNMP, scanner, 90, ROWS("snmp_printer Serial=A|Pages=20", "snmp_printer !"));
    fixture_apply(&f);
    expect_sql(&f, "2", "SELECT COUNT(*) FROM snmp_printer"); /* text instead of columns is passed over */
    expect_sql(&f, "2025-11-22 08:01:30",
               "SELECT LASTDATE FROM snmp_printer WHERE Serial='A'"); /* nothing else changed */
}

Test(writer_snmp, the_tag_of_the_scanner_is_theirs_when_the_option_is_on, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    open_with_type(&f, "snmp_tag", true);
    fixture_do(&f, "INSERT INTO snmp_accountinfo (SNMP_TYPE,SNMP_RECONCILIATION_FIELD,SNMP_RECONCILIATION_VALUE,TAG) "
                   "VALUES ('snmp_printer','Serial','A','old')");
    fixture_add(&f, UPLOAD_SNMP, scanner, 0,
                ROWS("snmp_printer Serial=A|Address=1", "snmp_printer Serial=LONGSERIALNUMBER|Address=2"));
    fixture_add(&f, UPLOAD_SNMP, "who-2025-11-22-08-00-00", 0, ROWS("snmp_printer Serial=C|Address=3"));
    fixture_apply(&f);
    expect_table(&f,
                 "snmp_printer|Serial|A|paris/snmp_printer|Serial|LONGSERIALNUMBER|paris/snmp_printer|Serial|C|NULL",
                 "%s", accounts);
    expect_sql(&f, "A,LONGSERIAL,C", "SELECT GROUP_CONCAT(Serial ORDER BY ID) FROM snmp_printer");
}

static const struct {
    const char *rows[4];
} bad[] = {
    {{"snmp_printer Serial=1|Address=1", "hardware NAME=x"}},
    {{"snmp_printer Serial=1|Address=1|Hidden=", "snmp_printer Serial=2|Hidden=x", "snmp_printer Serial=3|Address=3"}},
    {{"snmp_printer Serial=1|Address=1", "snmp_ghost Pages=1"}},
    {{"snmp_printer Serial=1|Address=1", "snmp_a`b Pages=1"}},
    {{"snmp_printer Serial=1|Address=1|serial=", "snmp_printer serial=2|Address=4"}},
    {{"snmp_printer Serial=1|Address=1", "SNMP_PRINTER Serial=2|Address=4"}},
    {{"snmp_printer Serial=1|Address=1|Pages`=", "snmp_printer Serial=2|Pages`=4"}},
    {{"snmp_printer Serial=1|Address=1|ID=", "snmp_printer Serial=2|ID=4"}},
};

Test(writer_snmp, the_first_name_that_is_not_configured_ends_the_upload, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    open_with_type(&f, "snmp_names", false);
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t stopped = metric_get(&writer_metrics.snmp_stopped);
        fixture_do(&f, "DELETE FROM snmp_printer");
        fixture_add(&f, UPLOAD_SNMP, scanner, (int)i, (const char *const *)bad[i].rows);
        fixture_apply(&f);
        cr_expect_eq(metric_get(&writer_metrics.snmp_stopped), stopped + 1, "case %zu", i);
        cr_expect_str_eq(fixture_sql(&f, "SELECT GROUP_CONCAT(Serial) FROM snmp_printer"), "1", "case %zu", i);
    }
}

Test(writer_snmp, a_device_that_stands_for_two_rows_is_left_out, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    open_with_type(&f, "snmp_conflict", false);
    fixture_do(&f, "INSERT INTO snmp_printer (Serial,Address) VALUES ('A','1'),('B','2')");
    fixture_add(
        &f, UPLOAD_SNMP, scanner, 0,
        ROWS("snmp_printer Serial=C|Address=3", "snmp_printer Serial=A|Address=2", "snmp_printer Serial=D|Address=4"));
    fixture_apply(&f);
    expect_sql(&f, "A1,B2,C3,D4", "SELECT GROUP_CONCAT(Serial,Address ORDER BY Serial) FROM snmp_printer");
}

Test(writer_snmp, a_database_without_types_stores_nothing, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "snmp_old");
    f.drop_fields = true;
    fixture_do(&f, "DROP TABLE snmp_configs, snmp_labels, snmp_types, snmp_accountinfo");
    fixture_add(&f, UPLOAD_SNMP, scanner, 0, ROWS("DEVICE NAME=x"));
    fixture_apply(&f);
}
