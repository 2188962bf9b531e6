/* When the writer does not trust what it remembers, and what it makes of a database that another server filled. */
#include "services/writer/writer_metrics.h"
#include "tests/database/writer/fixture.h"

#include <stdio.h>

static const char device[] = "pc-1-2025-11-22-08-00-00";

static const char *const three[] = {
    "HARDWARE NAME=pc-1",
    "MEMORIES CAPTION=A|CAPACITY=512",
    "MEMORIES CAPTION=B|CAPACITY=64bits",
    "MEMORIES CAPTION=longer|CAPACITY=99999999999",
    "SOFTWARES NAME=bash|VERSION=5.2",
    "SOFTWARES NAME=vim",
    NULL,
};
static const char *const changed[] = {
    "HARDWARE NAME=pc-1",
    "MEMORIES CAPTION=A|CAPACITY=512",
    "MEMORIES CAPTION=B|CAPACITY=64bits",
    "MEMORIES CAPTION=new|CAPACITY=1",
    "SOFTWARES NAME=bash|VERSION=5.2",
    "SOFTWARES NAME=emacs",
    NULL,
};

/* As another server would have written them: no memory of ours. */
static void fill_like_ocs(struct fixture *f)
{
    fixture_do(f, "INSERT INTO hardware (ID,DEVICEID,NAME) VALUES (70,'%s','pc-1')", device);
    fixture_do(f, "INSERT INTO accountinfo (HARDWARE_ID,TAG) VALUES (70,'Berlin')");
    fixture_do(f,
               "INSERT INTO memories "
               "(ID,HARDWARE_ID,CAPTION,DESCRIPTION,CAPACITY,PURPOSE,TYPE,SPEED,NUMSLOTS,SERIALNUMBER) VALUES "
               "(11,70,'A','',512,'','','',0,''),(12,70,'B','',64,'','','',0,NULL),(13,70,'gone','',1,'','','',0,'')");
    fixture_do(f, "INSERT INTO software_name (ID,NAME) VALUES (5,'bash'),(6,'nano')");
    fixture_do(f, "INSERT INTO software_version (ID,VERSION) VALUES (7,'5.2')");
    fixture_do(
        f, "INSERT INTO software (ID,HARDWARE_ID,NAME_ID,PUBLISHER_ID,VERSION_ID,FOLDER) VALUES (21,70,5,1,7,'kept'),"
           "(22,70,5,1,7,'kept, the later one'),(23,70,6,1,1,'goes')");
}

Test(writer_trust, rows_of_another_server_that_are_the_same_keep_their_ids, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "other_server");
    fill_like_ocs(&f);
    fixture_inventory(&f, device, 0, three);
    expect_sql(&f, "70", "SELECT GROUP_CONCAT(ID) FROM hardware WHERE DEVICEID='%s'", device);
    expect_table(&f, "11|A|512/12|B|64/14|longer|2147483647", "SELECT ID,CAPTION,CAPACITY FROM memories ORDER BY ID");
    expect_table(&f, "22|bash|kept, the later one/24|vim|",
                 "SELECT s.ID,NAME,FOLDER FROM software s JOIN software_name n ON n.ID=NAME_ID ORDER BY s.ID");
    expect_table(&f, "5.2|5|2|0", "SELECT PRETTYVERSION,MAJOR,MINOR,PATCH FROM software_version WHERE ID=7");
    expect_sql(&f, "Berlin", "SELECT TAG FROM accountinfo");
}

/* What may happen to the writer's memory; in each case the next inventory must leave the right rows, with the ids of those that stay. */
static const struct {
    const char *what, *statement;
    int normaliser;
    bool compares;
} cases[] = {
    {"nothing", "DO 1", RECORD_NORMALISER, false},
    {"fingerprints lost", "DELETE FROM muster_rows", RECORD_NORMALISER, true},
    {"fingerprints damaged", "UPDATE muster_rows SET PACKED_ROWS=LEFT(PACKED_ROWS,20)", RECORD_NORMALISER, true},
    {"device's memory lost", "DELETE FROM muster_device", RECORD_NORMALISER, true},
    {"sections damaged", "UPDATE muster_device SET SECTIONS=X'01FFFF'", RECORD_NORMALISER, true},
    {"flagged", "UPDATE muster_device SET FLAGS=1", RECORD_NORMALISER, true},
    {"another normaliser", "DO 1", RECORD_NORMALISER + 1, true},
    {"a row deleted by somebody", "DELETE FROM memories WHERE CAPTION='B'", RECORD_NORMALISER, true},
    {"a row added by somebody",
     "INSERT INTO memories (HARDWARE_ID,CAPTION) SELECT ID,'alien' FROM hardware WHERE NAME='pc-1'", RECORD_NORMALISER,
     true},
};

Test(writer_trust, what_is_not_trusted_is_read_and_compared, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "distrust");
    for (size_t i = 0; i < COUNT(cases); i++) {
        char id[64];
        snprintf(id, sizeof id, "d%zu-2025-11-22-08-00-00", i);
        f.normaliser = RECORD_NORMALISER;
        fixture_do(&f, "DELETE FROM memories");
        fixture_do(&f, "UPDATE hardware SET NAME='other'");
        fixture_inventory(&f, id, 0, three);
        char kept[64];
        snprintf(kept, sizeof kept, "%s", fixture_sql(&f, "SELECT GROUP_CONCAT(ID) FROM memories WHERE CAPTION='A'"));
        fixture_do(&f, "%s", cases[i].statement);
        f.normaliser = (uint16_t)cases[i].normaliser;
        int64_t compared = metric_get(&writer_metrics.sections_compared);
        fixture_inventory(&f, id, 60, changed);
        const char *rows = fixture_table(&f, "SELECT CAPTION,CAPACITY FROM memories ORDER BY CAPTION");
        cr_expect_str_eq(rows, "A|512/B|64/new|1", "%s: %s", cases[i].what, rows);
        const char *still = fixture_sql(&f, "SELECT GROUP_CONCAT(ID) FROM memories WHERE CAPTION='A'");
        cr_expect_str_eq(still, kept, "%s: id %s is now %s", cases[i].what, kept, still);
        cr_expect_eq(metric_get(&writer_metrics.sections_compared) > compared, cases[i].compares, "%s: compared",
                     cases[i].what);
        const char *flags = fixture_sql(&f, "SELECT FLAGS FROM muster_device WHERE DEVICEID='%s'", id);
        cr_expect_str_eq(flags, "0", "%s: flags %s", cases[i].what, flags);
        compared = metric_get(&writer_metrics.sections_compared);
        fixture_inventory(&f, id, 120, three);
        cr_expect_eq(metric_get(&writer_metrics.sections_compared), compared, "%s: trusted again", cases[i].what);
    }
}

Test(writer_trust, a_column_that_the_console_adds_is_filled, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "new_column");
    fixture_do(&f, "ALTER TABLE memories DROP COLUMN SERIALNUMBER");
    fixture_inventory(&f, device, 0, ROWS("MEMORIES CAPTION=A|SERIALNUMBER=s1"));
    fixture_do(&f, "ALTER TABLE memories ADD COLUMN SERIALNUMBER varchar(255) DEFAULT NULL");
    applier_destroy(f.applier);
    f.applier = applier_new(&(struct applier_settings){.target = f.target, .words_max = 1000, .memory_max = 64 << 20});
    fixture_inventory(&f, device, 60, ROWS("MEMORIES CAPTION=A|SERIALNUMBER=s1"));
    expect_table(&f, "A|s1", "SELECT CAPTION,SERIALNUMBER FROM memories");
}

Test(writer_trust, a_column_that_goes_while_we_run_costs_one_repetition, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "lost_column");
    fixture_inventory(&f, device, 0, ROWS("MEMORIES CAPTION=A|SERIALNUMBER=s1"));
    fixture_do(&f, "ALTER TABLE memories DROP COLUMN SERIALNUMBER");
    fixture_do(&f, "DROP TABLE ports");
    fixture_inventory(&f, device, 60, ROWS("MEMORIES CAPTION=B|SERIALNUMBER=s1", "PORTS NAME=x"));
    expect_table(&f, "B", "SELECT CAPTION FROM memories");
    cr_expect_eq(metric_get(&writer_metrics.retries_schema), 1);
}

/* What a database of OCS 2.8 lacks, as far as the writer writes it. */
static const char *const not_in_2_8[] = {
    "ALTER TABLE software_version DROP COLUMN PRETTYVERSION, DROP COLUMN MAJOR, DROP COLUMN MINOR, DROP COLUMN PATCH",
    "ALTER TABLE software DROP COLUMN ARCHITECTURE, MODIFY ID int NOT NULL AUTO_INCREMENT",
    "ALTER TABLE hardware DROP COLUMN CATEGORY_ID, DROP COLUMN ARCHIVE",
    "DROP TABLE batteries, usbdevices, local_users, local_groups",
};

Test(writer_trust, an_older_schema_is_served_with_the_columns_that_it_has, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "older_schema");
    fixture_do(&f, "DROP TABLE archive");
    for (size_t i = 0; i < COUNT(not_in_2_8); i++)
        fixture_do(&f, "%s", not_in_2_8[i]);
    for (int second = 0; second < 2; second++)
        fixture_inventory(&f, device, second,
                          ROWS("HARDWARE NAME=old", "BATTERIES NAME=b", "LOCAL_USERS LOGIN=root", "MEMORIES CAPTION=A",
                               "SOFTWARES NAME=bash|VERSION=5.2|ARCHITECTURE=amd64",
                               second ? "USBDEVICES TYPE=x" : "USBDEVICES TYPE=y"));
    expect_table(
        &f, "old|1|1|5.2",
        "SELECT NAME,(SELECT COUNT(*) FROM memories),(SELECT COUNT(*) FROM software),(SELECT MIN(VERSION) FROM "
        "software_version) FROM hardware WHERE DEVICEID='%s'",
        device);
}

Test(writer_trust, a_device_that_the_console_deleted_is_new_again, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "deleted");
    fixture_inventory(&f, device, 0, three);
    fixture_do(&f, "DELETE FROM hardware WHERE DEVICEID='%s'", device);
    fixture_do(&f, "DELETE FROM memories");
    fixture_do(&f, "DELETE FROM software");
    fixture_do(&f, "DELETE FROM accountinfo");
    fixture_inventory(&f, device, 60, three);
    expect_table(
        &f, "3|2|NA",
        "SELECT (SELECT COUNT(*) FROM memories),(SELECT COUNT(*) FROM software),(SELECT TAG FROM accountinfo)");
    expect_sql(&f, "1", "SELECT COUNT(DISTINCT HARDWARE_ID) FROM muster_rows");
}

Test(writer_trust, of_two_rows_of_one_deviceid_the_first_is_used, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "two_rows");
    fixture_do(&f, "INSERT INTO hardware (ID,DEVICEID) VALUES (91,'%s'),(90,'%s')", device, device);
    fixture_inventory(&f, device, 0, three);
    expect_table(&f, "90|pc-1/91|NULL", "SELECT ID,NAME FROM hardware WHERE DEVICEID='%s' ORDER BY ID", device);
}

Test(writer_trust, spellings_that_the_database_takes_for_one_are_one_device, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "spellings");
    fixture_add(&f, UPLOAD_INVENTORY, "Karl-2025-11-22-08-00-00", 0, ROWS("HARDWARE NAME=first", "MEMORIES CAPTION=A"));
    fixture_add(&f, UPLOAD_INVENTORY, "KARL-2025-11-22-08-00-00", 60,
                ROWS("HARDWARE NAME=second", "MEMORIES CAPTION=A", "MEMORIES CAPTION=B"));
    fixture_apply(&f);
    expect_sql(&f, "1", "SELECT COUNT(*) FROM hardware WHERE DEVICEID LIKE '%%2025-11-22%%'");
    expect_sql(&f, "1", "SELECT COUNT(*) FROM muster_device");
    fixture_add(&f, UPLOAD_CONTACT, "k\xc3\xa4rl-2025-11-22-08-00-00", 120, ROWS("CONTACT RESPONSE=STOP"));
    fixture_add(&f, UPLOAD_INVENTORY, "karl-2025-11-22-08-00-00", 180, ROWS("HARDWARE NAME=third"));
    fixture_apply(&f);
    expect_table(
        &f, "third|2|2",
        "SELECT NAME,FIDELITY,(SELECT COUNT(*) FROM memories) FROM hardware WHERE DEVICEID LIKE '%%2025-11-22%%'");
}
