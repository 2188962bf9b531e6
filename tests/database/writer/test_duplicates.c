/* Devices that are the same machine, and devices that the console works on. */
#include "services/writer/writer_metrics.h"
#include "tests/database/writer/fixture.h"

#include <stdio.h>

static const char old_id[] = "old-2025-11-22-08-00-00", new_id[] = "new-2025-11-22-09-00-00";

#define TWIN(name, serial, mac)                                                                                        \
    ROWS("HARDWARE NAME=" name "|USERID=alice|CHECKSUM=1", "BIOS SSN=" serial "|SMODEL=M1|ASSETTAG=A1",                \
         "NETWORKS MACADDR=" mac "|IPSUBNET=192.0.2.0", "SOFTWARES NAME=shell|VERSION=1")

#define SAME TWIN("pc", "S1", "00:11:22:33:44:55")

static void set_level(struct fixture *f, int level)
{
    fixture_do(f, "UPDATE config SET IVALUE=%d WHERE NAME='AUTO_DUPLICATE_LVL'", level);
}

static void start(struct fixture *f, const char *name)
{
    fixture_open(f, name);
    fixture_inventory(f, old_id, 0, SAME);
}

Test(writer_duplicates, a_merge_moves_what_people_entered_and_leaves_nothing_behind, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    start(&f, "merge_all");
    fixture_do(&f, "UPDATE config SET IVALUE=1 WHERE NAME='TRACE_DELETED'");
    fixture_do(&f, "UPDATE hardware SET QUALITY=3.5,FIDELITY=9,CHECKSUM=64");
    fixture_do(&f, "UPDATE accountinfo SET TAG='mine'");
    fixture_do(&f, "INSERT INTO archive (HARDWARE_ID) SELECT ID FROM hardware");
    fixture_do(&f, "INSERT INTO groups_cache (HARDWARE_ID,GROUP_ID,STATIC) SELECT ID,900,1 FROM hardware");
    fixture_do(&f, "INSERT INTO groups_cache (HARDWARE_ID,GROUP_ID,STATIC) SELECT ID,901,0 FROM hardware");
    fixture_do(&f, "INSERT INTO netmap (IP,MAC,MASK,NETID,HARDWARE_ID) SELECT '','x','','',ID FROM hardware");
    fixture_do(&f, "INSERT INTO journallog (HARDWARE_ID) SELECT ID FROM hardware");
    char gone[16];
    snprintf(gone, sizeof gone, "%s", fixture_sql(&f, "SELECT ID FROM hardware"));
    fixture_inventory(&f, new_id, 60, SAME);

    expect_table(&f, "new-2025-11-22-09-00-00|3.5000|9|65",
                 "SELECT DEVICEID,QUALITY,FIDELITY,CHECKSUM&65 FROM hardware");
    expect_table(&f, "mine", "SELECT TAG FROM accountinfo JOIN hardware ON ID=HARDWARE_ID");
    expect_table(&f, "900|1", "SELECT GROUP_ID,STATIC FROM groups_cache JOIN hardware ON ID=HARDWARE_ID");
    expect_sql(&f, "1", "SELECT COUNT(*) FROM netmap JOIN hardware ON ID=netmap.HARDWARE_ID");
    expect_table(&f, gone, "SELECT DELETED FROM deleted_equiv JOIN hardware h ON h.ID=EQUIVALENT");
    expect_table(&f, "new-2025-11-22-09-00-00", "SELECT DEVICEID FROM muster_device");
    static const char *const tables[] = {"accountinfo", "archive",     "bios",     "groups_cache",
                                         "journallog",  "muster_rows", "networks", "software"};
    for (size_t i = 0; i < COUNT(tables); i++)
        expect_sql(&f, "0", "SELECT COUNT(*) FROM %s WHERE HARDWARE_ID=%s", tables[i], gone);
}

Test(writer_duplicates, an_upload_that_says_the_same_is_not_searched_for_again, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    start(&f, "search_once");
    int64_t before = metric_get(&writer_metrics.statements);
    fixture_inventory(&f, old_id, 60, SAME);
    int64_t unchanged = metric_get(&writer_metrics.statements) - before;
    set_level(&f, 3); /* another question */
    before = metric_get(&writer_metrics.statements);
    fixture_inventory(&f, old_id, 120, SAME);
    cr_expect_eq(metric_get(&writer_metrics.statements) - before, unchanged + 1, "one statement for the search");
}

Test(writer_duplicates, all_bits_must_agree, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    start(&f, "merge_bits");
    fixture_inventory(&f, new_id, 60, TWIN("other", "S1", "00:11:22:33:44:55"));
    expect_sql(&f, "2", "SELECT COUNT(*) FROM hardware");
    set_level(&f, 2 + 4 + 8 + 32);
    fixture_inventory(&f, new_id, 120, TWIN("other", "S1", "00:11:22:33:44:55"));
    expect_sql(&f, new_id, "SELECT DEVICEID FROM hardware");
}

Test(writer_duplicates, what_is_blacklisted_is_no_evidence, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    start(&f, "merge_blacklist");
    fixture_do(&f, "INSERT INTO blacklist_serials (SERIAL) VALUES ('S1')");
    fixture_inventory(&f, new_id, 60, SAME);
    expect_sql(&f, "2", "SELECT COUNT(*) FROM hardware");
    fixture_do(&f, "DELETE FROM blacklist_serials WHERE SERIAL='S1'");
    fixture_inventory(&f, new_id, 120, SAME);
    expect_sql(&f, "1", "SELECT COUNT(*) FROM hardware");
}

Test(writer_duplicates, twins_of_one_batch_become_the_one_that_was_accepted_last, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "merge_batch");
    fixture_add(&f, UPLOAD_INVENTORY, "a-2025-11-22-08-00-00", 5, SAME);
    fixture_add(&f, UPLOAD_INVENTORY, "b-2025-11-22-08-00-00", 9, SAME);
    fixture_add(&f, UPLOAD_INVENTORY, "c-2025-11-22-08-00-00", 7, SAME);
    fixture_apply(&f);
    expect_table(&f, "b-2025-11-22-08-00-00", "SELECT DEVICEID FROM hardware");
    expect_sql(&f, "1", "SELECT COUNT(*) FROM accountinfo JOIN hardware ON ID=HARDWARE_ID");
}

Test(writer_duplicates, the_agent_names_the_old_device_but_never_a_group, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    start(&f, "merge_named");
    set_level(&f, 0);
    fixture_do(&f, "INSERT INTO hardware (DEVICEID,NAME) VALUES ('_SYSTEMGROUP_','pc')");
    f.old_deviceid = "_SYSTEMGROUP_";
    fixture_inventory(&f, new_id, 60, SAME);
    expect_sql(&f, "3", "SELECT COUNT(*) FROM hardware");
    f.old_deviceid = old_id;
    fixture_inventory(&f, new_id, 120, SAME);
    expect_table(&f, "new-2025-11-22-09-00-00/_SYSTEMGROUP_", "SELECT DEVICEID FROM hardware ORDER BY DEVICEID");
}

Test(writer_duplicates, an_inventory_waits_while_the_console_has_its_device, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    struct reason why = {0};
    start(&f, "console_lock");
    fixture_do(&f, "INSERT INTO locks (HARDWARE_ID,SINCE) SELECT ID,NOW() FROM hardware");
    fixture_add(&f, UPLOAD_CONTACT, old_id, 30, ROWS("CONTACT RESPONSE=SEND"));
    fixture_add(&f, UPLOAD_INVENTORY, old_id, 60, TWIN("renamed", "S1", "00:11:22:33:44:55"));
    fixture_add(&f, UPLOAD_INVENTORY, old_id, 90, TWIN("again", "S1", "00:11:22:33:44:55"));
    fixture_add(&f, UPLOAD_INVENTORY, "x-2025-11-22-08-00-00", 90, TWIN("x", "S9", "x"));
    cr_expect_eq(batch_apply(f.batch, f.applier, &why), ST_OK);
    cr_expect_eq(batch_outcome(f.batch, 0, NULL), UPLOAD_APPLIED, "a contact does not wait");
    cr_expect_eq(batch_outcome(f.batch, 1, &why), UPLOAD_HELD);
    cr_expect_str_eq(why.code, "device_locked");
    cr_expect_eq(batch_outcome(f.batch, 2, NULL), UPLOAD_WAITS, "nor does it overtake");
    cr_expect_eq(batch_outcome(f.batch, 3, NULL), UPLOAD_APPLIED, "others do not wait");
    fixture_forget(&f);
    expect_table(&f, "pc/x", "SELECT NAME FROM hardware ORDER BY NAME");

    fixture_do(&f, "UPDATE locks SET SINCE=NOW()-INTERVAL 1 HOUR");
    fixture_inventory(&f, old_id, 60, TWIN("renamed", "S1", "00:11:22:33:44:55"));
    expect_table(&f, "renamed/x", "SELECT NAME FROM hardware ORDER BY NAME");
    expect_sql(&f, "0", "SELECT COUNT(*) FROM locks");
}

Test(writer_duplicates, a_twin_that_the_console_has_is_merged_at_the_next_inventory, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    start(&f, "merge_held");
    fixture_do(&f, "INSERT INTO locks (HARDWARE_ID,SINCE) SELECT ID,NOW() FROM hardware");
    fixture_inventory(&f, new_id, 60, SAME);
    expect_sql(&f, "2", "SELECT COUNT(*) FROM hardware");
    fixture_do(&f, "DELETE FROM locks");
    fixture_inventory(&f, new_id, 120, SAME);
    expect_sql(&f, new_id, "SELECT DEVICEID FROM hardware");
    expect_sql(&f, "0", "SELECT SUM(FLAGS) FROM muster_device");
}

/* The writer died between the COMMIT of the inventory and the merge: the upload comes again. */
Test(writer_duplicates, an_upload_that_comes_again_is_searched_for, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    start(&f, "merge_again");
    fixture_inventory(&f, new_id, 60, TWIN("pc2", "S2", "00:11:22:33:44:66"));
    fixture_do(&f, "UPDATE hardware SET NAME='pc2' WHERE DEVICEID='%s'", old_id);
    fixture_do(&f, "UPDATE bios SET SSN='S2'");
    fixture_do(&f, "UPDATE networks SET MACADDR='00:11:22:33:44:66'");
    fixture_inventory(&f, new_id, 60, TWIN("pc2", "S2", "00:11:22:33:44:66"));
    expect_sql(&f, new_id, "SELECT DEVICEID FROM hardware");
}
