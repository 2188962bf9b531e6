/* Options of table config that the writer obeys, each with what it decides (docs/configuration.md). */
#include "tests/database/writer/fixture.h"

static const char device[] = "pc-1-2025-11-22-08-00-00", other[] = "pc-2-2025-11-22-08-00-00";

static void set(struct fixture *f, const char *name, int value)
{
    fixture_do(f, "DELETE FROM config WHERE NAME='%s'", name);
    fixture_do(f, "INSERT INTO config (NAME,IVALUE) VALUES ('%s',%d)", name, value);
}

Test(writer_options, caches_of_words_are_fed_when_enabled_and_emptied_only_when_told_so, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "option_caches");
    set(&f, "INVENTORY_CACHE_ENABLED", 0);
    fixture_inventory(&f, device, 0, ROWS("HARDWARE NAME=a|OSNAME=One", "REGISTRY NAME=key|REGVALUE=v"));
    expect_sql(&f, "0",
               "SELECT (SELECT COUNT(*) FROM hardware_osname_cache)+(SELECT COUNT(*) FROM registry_name_cache)");
    set(&f, "INVENTORY_CACHE_ENABLED", 1);
    fixture_inventory(&f, device, 60, ROWS("HARDWARE NAME=a|OSNAME=Two", "REGISTRY NAME=key2|REGVALUE=v2"));
    expect_table(&f, "Two", "SELECT OSNAME FROM hardware_osname_cache");
    expect_table(&f, "key2", "SELECT NAME FROM registry_name_cache");
    set(&f, "INVENTORY_CACHE_KEEP", 0);
    fixture_inventory(&f, device, 120, ROWS("HARDWARE NAME=a|OSNAME=Two", "REGISTRY NAME=key3|REGVALUE=v2"));
    expect_table(&f, "key2/key3",
                 "SELECT NAME FROM registry_name_cache ORDER BY NAME"); /* not without row difference */
    set(&f, "INVENTORY_WRITE_DIFF", 1);
    fixture_inventory(&f, device, 180, ROWS("HARDWARE NAME=a|OSNAME=Two", "REGISTRY NAME=key4|REGVALUE=v2"));
    expect_table(&f, "key2/key4", "SELECT NAME FROM registry_name_cache ORDER BY NAME");
}

Test(writer_options, history_of_packages_follows_download_and_write_diff, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "option_history");
    fixture_do(&f, "INSERT INTO download_available (FILEID,NAME,PRIORITY,FRAGMENTS,SIZE,OSNAME,DELETED) VALUES "
                   "('11','p',1,1,1,'',0),('12','p',1,1,1,'',1)");
    static const char *const rows[] = {"HARDWARE NAME=a", "DOWNLOAD/HISTORY/PACKAGE ID=11",
                                       "DOWNLOAD/HISTORY/PACKAGE ID=12", "DOWNLOAD/HISTORY/PACKAGE ID=13", NULL};
    set(&f, "INVENTORY_WRITE_DIFF", 1);
    fixture_inventory(&f, device, 0, rows);
    expect_sql(&f, "0", "SELECT COUNT(*) FROM download_history");
    set(&f, "DOWNLOAD", 1);
    fixture_inventory(&f, device, 60, rows);
    expect_table(&f, "11", "SELECT PKG_ID FROM download_history"); /* what can be installed */
    set(&f, "INVENTORY_WRITE_DIFF", 0);
    fixture_inventory(&f, device, 120, rows);
    expect_table(&f, "11/12/13", "SELECT PKG_ID FROM download_history ORDER BY PKG_ID");
    fixture_inventory(&f, device, 180, ROWS("HARDWARE NAME=a"));
    expect_sql(&f, "0", "SELECT COUNT(*) FROM download_history");
}

Test(writer_options, services_are_noted_only_when_enabled_and_never_twice, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "option_saas");
    fixture_do(&f, "DELETE FROM saas_exp");
    fixture_do(&f, "INSERT INTO saas_exp (NAME,DNS_EXP) VALUES ('Office','*.office.example')");
    static const char *const rows[] = {"HARDWARE NAME=a", "SAAS ENTRY=www.office.example|DATA=192.0.2.1|TTL=60", NULL};
    fixture_inventory(&f, device, 0, rows);
    expect_sql(&f, "0", "SELECT COUNT(*) FROM saas");
    set(&f, "INVENTORY_SAAS_ENABLED", 1);
    fixture_inventory(&f, device, 60, rows);
    fixture_inventory(&f, device, 120, rows);
    expect_table(&f, "www.office.example|192.0.2.1", "SELECT ENTRY,DATA FROM saas");
    fixture_inventory(&f, device, 180, ROWS("HARDWARE NAME=a", "SAAS ENTRY=[|DATA=x", "SAAS ENTRY=office|DATA=x"));
    expect_sql(&f, "0", "SELECT COUNT(*) FROM saas");
}

static const char category[] =
    "SELECT CATEGORY_ID,NAME FROM software_categories_link JOIN software_name n ON n.ID=NAME_ID "
    "ORDER BY NAME";

Test(writer_options, software_that_no_rule_names_gets_the_default_category, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "option_category");
    fixture_do(&f, "INSERT INTO software_categories (ID,CATEGORY_NAME,OS) VALUES (7,'editors','ALL'),(8,'rest','ALL')");
    fixture_do(&f, "INSERT INTO software_category_exp (CATEGORY_ID,SOFTWARE_EXP,SIGN_VERSION,VERSION,PUBLISHER) VALUES "
                   "(7,'vi*','','','')");
    static const char *const rows[] = {"HARDWARE NAME=a", "SOFTWARES NAME=vim|VERSION=9",
                                       "SOFTWARES NAME=bash|VERSION=5", NULL};
    fixture_inventory(&f, device, 0, rows);
    expect_table(&f, "7|vim", "%s", category);
    set(&f, "DEFAULT_CATEGORY", 8);
    fixture_inventory(&f, device, 60, rows);
    expect_table(&f, "8|bash/7|vim", "%s", category);
}

Test(writer_options, a_lock_of_the_console_is_taken_over_when_it_is_old_enough, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    struct reason why = {0};
    fixture_open(&f, "option_lock");
    fixture_inventory(&f, device, 0, ROWS("HARDWARE NAME=a"));
    fixture_do(&f, "INSERT INTO locks (HARDWARE_ID,SINCE) SELECT ID,NOW()-INTERVAL 1 HOUR FROM hardware");
    set(&f, "LOCK_REUSE_TIME", 0);
    fixture_add(&f, UPLOAD_INVENTORY, device, 60, ROWS("HARDWARE NAME=b"));
    cr_expect_not(fixture_try(&f, &why), "0: never");
    cr_expect_str_eq(why.code, "device_locked");
    set(&f, "LOCK_REUSE_TIME", 3500);
    fixture_inventory(&f, device, 60, ROWS("HARDWARE NAME=b"));
    expect_sql(&f, "b", "SELECT NAME FROM hardware WHERE DEVICEID='%s'", device);
}

#define NET "NETWORKS DESCRIPTION=eth0|STATUS=Up|IPMASK=255.255.255.0|IPSUBNET=192.0.2.0"

static void elect_first(struct fixture *f, const char *name)
{
    fixture_open(f, name);
    set(f, "AUTO_DUPLICATE_LVL", 0);
    set(f, "IPDISCOVER_NO_POSTPONE", 1);
    set(f, "IPDISCOVER", 1);
    fixture_inventory(f, device, 0, ROWS("HARDWARE NAME=one", "ACCOUNTINFO KEYNAME=TAG|KEYVALUE=A", NET));
    expect_sql(f, "one", "SELECT h.NAME FROM devices d JOIN hardware h ON h.ID=HARDWARE_ID WHERE d.NAME='IPDISCOVER'");
}

static const char elected[] = "SELECT h.NAME FROM devices d JOIN hardware h ON h.ID=HARDWARE_ID WHERE "
                              "d.NAME='IPDISCOVER' ORDER BY h.NAME";

Test(writer_options, an_elected_device_that_is_silent_for_too_long_is_replaced, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    elect_first(&f, "option_max_alive");
    fixture_do(&f, "UPDATE hardware SET LASTDATE=NOW()-INTERVAL 3 DAY,QUALITY=1");
    fixture_inventory(&f, other, 60, ROWS("HARDWARE NAME=two", NET));
    expect_table(&f, "one", "%s", elected);
    set(&f, "IPDISCOVER_MAX_ALIVE", 2);
    fixture_inventory(&f, other, 120, ROWS("HARDWARE NAME=two", NET));
    expect_table(&f, "two", "%s", elected);
}

Test(writer_options, an_elected_device_is_replaced_by_one_that_is_better_by_the_threshold, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    elect_first(&f, "option_threshold");
    fixture_do(&f, "UPDATE hardware SET LASTDATE=NOW(),QUALITY=5");
    set(&f, "IPDISCOVER_BETTER_THRESHOLD", 9);
    fixture_inventory(&f, other, 60, ROWS("HARDWARE NAME=two", NET));
    expect_table(&f, "one", "%s", elected);
    set(&f, "IPDISCOVER_BETTER_THRESHOLD", 1);
    fixture_inventory(&f, other, 120, ROWS("HARDWARE NAME=two", NET));
    expect_table(&f, "two", "%s", elected);
}

Test(writer_options, elections_count_for_each_tag_when_tags_are_linked, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    elect_first(&f, "option_link_tag");
    fixture_do(&f, "UPDATE hardware SET LASTDATE=NOW()");
    set(&f, "IPDISCOVER_BETTER_THRESHOLD", 1000);
    static const char *const rows[] = {"HARDWARE NAME=two", "ACCOUNTINFO KEYNAME=TAG|KEYVALUE=B", NET, NULL};
    fixture_inventory(&f, other, 60, rows);
    expect_table(&f, "one", "%s", elected);
    set(&f, "IPDISCOVER_LINK_TAG_NETWORK", 1);
    fixture_inventory(&f, other, 120, rows);
    expect_table(&f, "one/two", "%s", elected);
}

/* The query is the operator's SQL: it only ever reads. It sees the state before this upload, so a new device is found the second time. */
Test(writer_options, a_computer_has_the_category_that_the_operators_query_gives_it, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "option_assets");
    fixture_do(&f, "INSERT INTO assets_categories (ID,CATEGORY_NAME,CATEGORY_DESC,SQL_QUERY,SQL_ARGS) VALUES "
                   "(3,'debian','','SELECT h.NAME AS hardwareNAME FROM hardware h WHERE h.OSNAME=\\'%%s\\'','Debian'),"
                   "(4,'evil','','DELETE FROM hardware',''),"
                   "(5,'evil','','SELECT 1 AS hardwareNAME; DELETE FROM hardware',''),"
                   "(6,'wrong','','SELECT nothing FROM nowhere','')");
    static const char *const rows[] = {"HARDWARE NAME=a|OSNAME=Debian|CATEGORY_ID=9", NULL};
    f.drop_fields = true; /* CATEGORY_ID is no field of the section map: the record has it all the same */
    fixture_inventory(&f, device, 0, rows);
    expect_sql(&f, "NULL", "SELECT CATEGORY_ID FROM hardware WHERE DEVICEID='%s'", device);
    fixture_inventory(&f, device, 60, rows);
    expect_sql(&f, "3", "SELECT CATEGORY_ID FROM hardware WHERE DEVICEID='%s'", device);
    fixture_do(&f, "DELETE FROM assets_categories WHERE ID=3");
    fixture_inventory(&f, device, 120, rows);
    expect_sql(&f, "NULL", "SELECT CATEGORY_ID FROM hardware WHERE DEVICEID='%s'", device);
}
