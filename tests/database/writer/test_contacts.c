/* What is not an inventory: PROLOGs, results of deployments, changed addresses. */
#include "services/writer/writer_metrics.h"
#include "tests/database/writer/fixture.h"

#include <stdio.h>

static const char device[] = "pc-1-2025-11-22-08-00-00";
enum { DAY = 86400 };

static void make_device(struct fixture *f, const char *name)
{
    fixture_open(f, name);
    fixture_do(f,
               "INSERT INTO hardware (ID,DEVICEID,LASTCOME,IPADDR,CHECKSUM) VALUES (5,'%s','2025-11-20 "
               "08:00:00','10.1.1.1',0)",
               device);
    f->drop_fields = true;
}

Test(writer_contacts, quality_is_the_mean_of_days_and_every_contact_counts_once, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    make_device(&f, "contact_quality");
    fixture_add(&f, UPLOAD_CONTACT, device, 0, ROWS("CONTACT RESPONSE=STOP"));
    fixture_apply(&f);
    expect_table(&f, "2.0000|2|2025-11-22 08:00:00|OCS-NG_unified_unix_agent_v2.10.0",
                 "SELECT QUALITY,FIDELITY,LASTCOME,USERAGENT FROM hardware WHERE ID=5");
    fixture_add(&f, UPLOAD_CONTACT, device, 2 * DAY, ROWS("CONTACT RESPONSE=STOP"));
    fixture_add(&f, UPLOAD_CONTACT, device, DAY, ROWS("CONTACT RESPONSE=SEND"));
    fixture_add(&f, UPLOAD_CONTACT, device, 0, ROWS("CONTACT RESPONSE=STOP"));
    fixture_apply(&f);
    expect_table(&f, "1.5000|4|2025-11-24 08:00:00", "SELECT QUALITY,FIDELITY,LASTCOME FROM hardware WHERE ID=5");
    fixture_add(&f, UPLOAD_CONTACT, device, DAY, ROWS("CONTACT RESPONSE=SEND"));
    fixture_apply(&f);
    expect_sql(&f, "4", "SELECT FIDELITY FROM hardware WHERE ID=5");
}

Test(writer_contacts, a_device_without_lastcome_gets_the_limit, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    make_device(&f, "contact_limit");
    fixture_do(&f, "UPDATE hardware SET LASTCOME=NULL");
    fixture_add(&f, UPLOAD_CONTACT, device, 0, ROWS("CONTACT RESPONSE=STOP"));
    fixture_apply(&f);
    expect_sql(&f, "999.9999", "SELECT QUALITY FROM hardware WHERE ID=5");
}

Test(writer_contacts, an_unknown_device_leaves_no_trace, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    make_device(&f, "contact_unknown");
    fixture_add(&f, UPLOAD_CONTACT, "who-2025-11-22-08-00-00", 0, ROWS("CONTACT RESPONSE=SEND"));
    fixture_add(&f, UPLOAD_DOWNLOAD, "who-2025-11-22-08-00-00", 1, ROWS("RESULT ID=1|ERR=SUCCESS"));
    fixture_add(&f, UPLOAD_NOTIFY, "who-2025-11-22-08-00-00", 2, ROWS("NOTIFY TYPE=IP"));
    fixture_apply(&f);
    expect_sql(&f, "0", "SELECT COUNT(*) FROM hardware WHERE DEVICEID LIKE 'who%%'");
    expect_sql(&f, "0", "SELECT COUNT(*) FROM muster_device");
    cr_expect_eq(metric_get(&writer_metrics.contacts_unknown), 3);
}

Test(writer_contacts, a_first_inventory_after_its_contact_makes_a_fresh_device, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "contact_first");
    fixture_add(&f, UPLOAD_CONTACT, device, 0, ROWS("CONTACT RESPONSE=SEND"));
    fixture_add(&f, UPLOAD_INVENTORY, device, 1, ROWS("HARDWARE NAME=x"));
    fixture_add(&f, UPLOAD_CONTACT, device, 2, ROWS("CONTACT RESPONSE=STOP"));
    fixture_apply(&f);
    expect_table(&f, "x|2", "SELECT NAME,FIDELITY FROM hardware WHERE DEVICEID='%s'", device);
}

static const char packages[] =
    "SELECT NAME,IVALUE,TVALUE,COMMENTS FROM devices WHERE HARDWARE_ID=5 ORDER BY NAME,IVALUE";

Test(writer_contacts, states_of_packages_follow_what_was_answered, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    make_device(&f, "contact_packages");
    fixture_do(
        &f,
        "INSERT INTO devices (HARDWARE_ID,NAME,IVALUE,TVALUE) VALUES (5,'DOWNLOAD',1,NULL),(5,'DOWNLOAD',2,'NOTIFIED'),"
        "(5,'DOWNLOAD',3,'SUCCESS'),(6,'DOWNLOAD',1,NULL)");
    fixture_add(&f, UPLOAD_CONTACT, device, 0,
                ROWS("CONTACT RESPONSE=STOP", "DOWNLOAD_FROM_GROUP IVALUE=3|FORCE=0",
                     "DOWNLOAD_FROM_GROUP IVALUE=4|FORCE=1", "DOWNLOAD_FROM_GROUP IVALUE=5|FORCE=0",
                     "DOWNLOAD_IN_HISTORY IVALUE=2", "DOWNLOAD_NOTIFIED ALL=1"));
    fixture_apply(&f);
    expect_table(
        &f,
        "DOWNLOAD|1|NOTIFIED|Sat Nov 22 08:00:00 2025/DOWNLOAD|2|SUCCESS_ALREADY_IN_HISTORY|Sat Nov 22 08:00:00 2025/"
        "DOWNLOAD|3|SUCCESS|NULL/DOWNLOAD|4|NOTIFIED|Sat Nov 22 08:00:00 2025/DOWNLOAD|5|NOTIFIED|Sat Nov 22 08:00:00 "
        "2025/"
        "DOWNLOAD_FORCE|4|1|NULL",
        "%s", packages);
    expect_sql(&f, "NULL", "SELECT TVALUE FROM devices WHERE HARDWARE_ID=6");
}

Test(writer_contacts, a_result_of_a_deployment_is_the_state_of_its_package, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    make_device(&f, "download_result");
    fixture_do(&f, "INSERT INTO download_enable (ID,FILEID,INFO_LOC,PACK_LOC) VALUES "
                   "(1,'1700000001','',''),(2,'1700000002','','')");
    fixture_do(&f, "INSERT INTO devices (HARDWARE_ID,NAME,IVALUE,TVALUE) VALUES "
                   "(5,'DOWNLOAD',1,'NOTIFIED'),(5,'DOWNLOAD',2,'NOTIFIED')");
    fixture_add(&f, UPLOAD_DOWNLOAD, device, 10 * DAY, ROWS("RESULT ID=1700000001|ERR=ERR_EXIT_CODE_3"));
    fixture_add(&f, UPLOAD_DOWNLOAD, device, 10 * DAY + 1, ROWS("RESULT ID=1700000002"));
    fixture_add(&f, UPLOAD_DOWNLOAD, device, 10 * DAY + 2, ROWS("RESULT ID=unknown|ERR=SUCCESS"));
    fixture_apply(&f);
    expect_table(&f,
                 "DOWNLOAD|1|ERR_EXIT_CODE_3|Tue Dec  2 08:00:00 2025/DOWNLOAD|2|UNKNOWN_CODE|Tue Dec  2 08:00:01 2025",
                 "%s", packages);
}

static const char networks[] = "SELECT IPADDRESS,IPMASK,IPGATEWAY,IPSUBNET FROM networks ORDER BY ID";

Test(writer_contacts, a_changed_address_is_written_and_the_next_inventory_wins, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    make_device(&f, "notify");
    static const char *const inventory[] = {"HARDWARE NAME=x|IPADDR=10.1.1.1",
                                            "NETWORKS MACADDR=aa|IPADDRESS=10.1.1.1|IPMASK=m|IPGATEWAY=g|IPSUBNET=s",
                                            NULL};
    fixture_inventory(&f, device, 0, inventory);
    fixture_do(&f, "UPDATE hardware SET CHECKSUM=0");
    fixture_add(&f, UPLOAD_NOTIFY, device, 1,
                ROWS("NOTIFY TYPE=IP", "HARDWARE IPADDR=10.2.2.2", "IFACE MAC=aa|IP=10.2.2.2|MASK=m2|GW=g2",
                     "IFACE MAC=bb|IP=10.3.3.3|MASK=m3", "IFACE MAC=aa|IP=10.9.9.9"));
    fixture_apply(&f);
    expect_table(&f, "10.2.2.2|m2|g2|s", "%s", networks);
    expect_table(&f, "10.2.2.2|4097", "SELECT IPADDR,CHECKSUM FROM hardware WHERE ID=5");
    fixture_inventory(&f, device, 2, inventory);
    expect_table(&f, "10.1.1.1|m|g|s", "%s", networks);
}

Test(writer_contacts, what_was_sent_ends_the_session_that_allowed_it, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    make_device(&f, "session_end");
    fixture_do(&f, "INSERT INTO config (NAME,IVALUE) VALUES ('INVENTORY_SESSION_ONLY',1)");
    fixture_do(&f,
               "INSERT INTO muster_session (DEVICEID,STARTED) VALUES ('%s',UNIX_TIMESTAMP('2025-11-22 08:00:00')),"
               "('other',1),('later-2025-11-22-08-00-00',UNIX_TIMESTAMP('2025-11-22 08:00:02'))",
               device);
    fixture_add(&f, UPLOAD_INVENTORY, device, 1, ROWS("HARDWARE NAME=x"));
    fixture_add(&f, UPLOAD_INVENTORY, "later-2025-11-22-08-00-00", 1, ROWS("HARDWARE NAME=y"));
    fixture_apply(&f);
    expect_table(&f, "later-2025-11-22-08-00-00/other", "SELECT DEVICEID FROM muster_session ORDER BY DEVICEID");
}
