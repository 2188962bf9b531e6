#include "tests/support/private_database.h"

#include "services/gateway/prolog/facts.h"
#include "services/gateway/prolog/options.h"

#include <criterion/criterion.h>

#include <stdio.h>

enum { NOW = 1700000000, STEPS_MAX = 24 };

static const char DEVICE[] = "pc-2025-01-02-03-04-05";

#define OF_DEVICE   "(SELECT ID FROM hardware WHERE DEVICEID='pc-2025-01-02-03-04-05')"
#define OF_GROUP(n) "(SELECT ID FROM hardware WHERE DEVICEID='_SYSTEMGROUP_' AND NAME='G" #n "')"
#define SET(owner, name, ivalue, tvalue)                                                                               \
    "INSERT INTO devices(HARDWARE_ID,NAME,IVALUE,TVALUE) SELECT ID,'" name "'," ivalue "," tvalue                      \
    " FROM hardware WHERE ID=" owner
#define PACKAGE(n, pack_loc, server)                                                                                   \
    "INSERT INTO download_enable(ID,FILEID,INFO_LOC,PACK_LOC,SERVER_ID) VALUES(" n ",'170000000" n                     \
    "','192.0.2.50/download','" pack_loc "'," server ")"
#define HISTORY(n)                                                                                                     \
    "INSERT INTO download_history(HARDWARE_ID,PKG_ID) SELECT ID,170000000" n " FROM hardware WHERE ID=" OF_DEVICE

static const char *const everywhere[] = {
    "INSERT INTO hardware(DEVICEID,NAME,LASTDATE) VALUES('pc-2025-01-02-03-04-05','pc',FROM_UNIXTIME(1699999000))",
    "INSERT INTO hardware(DEVICEID,NAME) VALUES('_SYSTEMGROUP_','G1'),('_SYSTEMGROUP_','G2'),('_SYSTEMGROUP_','G3')",
    "INSERT INTO hardware(DEVICEID,NAME,IPADDR) VALUES('srv-2025-01-02-03-04-05','packserver','192.0.2.60')",
    "INSERT INTO groups_cache(HARDWARE_ID,GROUP_ID,STATIC) SELECT h.ID,g.ID,1 FROM hardware h JOIN hardware g ON "
    "g.DEVICEID='_SYSTEMGROUP_' AND g.NAME<>'G3' WHERE h.DEVICEID='pc-2025-01-02-03-04-05'",
    /* The device was taken out of G3 by hand: it must not count. */
    "INSERT INTO groups_cache(HARDWARE_ID,GROUP_ID,STATIC) SELECT h.ID,g.ID,2 FROM hardware h JOIN hardware g ON "
    "g.NAME='G3' WHERE h.DEVICEID='pc-2025-01-02-03-04-05'",
    SET(OF_GROUP(3), "DOWNLOAD_SWITCH", "0", "NULL"),
};

struct answer {
    struct prolog_facts facts;
    struct prolog_effects effects;
    struct arena *arena;
    struct buffer text;
};

static struct db *database(const char *name)
{
    struct db_target target = private_database_with_schema(name);
    struct db *db = private_database_open(&target);
    for (size_t i = 0; i < COUNT(everywhere); i++)
        cr_assert_eq(db_exec(db, "%s", everywhere[i]), ST_OK, "%s", db_error(db));
    return db;
}

static void reset(struct db *db, const char *const *sql)
{
    static const char *const tables[] = {"devices", "download_enable", "download_history"};
    for (size_t i = 0; i < COUNT(tables); i++)
        cr_assert_eq(db_exec(db, "DELETE FROM %s", tables[i]), ST_OK);
    for (size_t i = 0; i < STEPS_MAX && sql[i]; i++)
        cr_assert_eq(db_exec(db, "%s", sql[i]), ST_OK, "%s: %s", sql[i], db_error(db));
}

static struct answer ask(struct db *db, const struct ocs_config *config, const char *deviceid, bool https)
{
    struct answer a = {.arena = arena_new(1 << 20), .text = BUFFER_INIT(1 << 20)};
    cr_assert_eq(prolog_facts_read(db, view_of(deviceid), config->enable_groups != 0, a.arena, &a.facts), ST_OK, "%s",
                 db_error(db));
    a.facts.database = true;
    struct prolog_decision decision;
    prolog_decide(&a.facts, config, NOW, &decision);
    const struct option_question q = {
        .db = db, .arena = a.arena, .facts = &a.facts, .config = config, .decision = &decision, .https = https};
    cr_assert_eq(prolog_options_write(&q, &a.text, &a.effects), ST_OK);
    return a;
}

static void answer_free(struct answer *a)
{
    arena_destroy(a->arena);
    buffer_clear(&a->text);
}

static struct ocs_config options_of(struct db *db)
{
    struct ocs_config config;
    cr_assert_eq(ocs_config_read(db, &config), ST_OK);
    return config;
}

/* ---------------------------------------------------------------- DOWNLOAD ---- */

#define CONF(on) "CONF on=" on ";"

/** The packages of the reply in short: "1 force=0 at=...;", and what is to be written: "group 1;" "forced 2;" "history 3;" "notified;" */
static void summarise(const struct answer *a, struct buffer *out)
{
    const char *at = a->text.data;
    while ((at = strstr(at, "<PARAM TYPE=\"")) != NULL) {
        char id[32] = "", pack[64] = "", force[4] = "", on[8] = "";
        if (sscanf(at, "<PARAM TYPE=\"CONF\" ON=\"%7[^\"]\"", on) == 1)
            buffer_format(out, "CONF on=%s;", on);
        else if (sscanf(at,
                        "<PARAM TYPE=\"PACK\" ID=\"170000000%31[^\"]\" INFO_LOC=\"192.0.2.50/download\" "
                        "PACK_LOC=\"%63[^\"]\"",
                        id, pack) == 2 &&
                 sscanf(strstr(at, "FORCE="), "FORCE=\"%3[^\"]\"", force) == 1)
            buffer_format(out, "%s force=%s at=%s;", id, force, pack);
        at++;
    }
    for (size_t i = 0; i < a->effects.from_group_count; i++)
        buffer_format(out, "%s %d;", a->effects.from_group[i].force ? "forced" : "group",
                      (int)a->effects.from_group[i].enable_id);
    for (size_t i = 0; i < a->effects.in_history_count; i++)
        buffer_format(out, "history %d;", (int)a->effects.in_history[i]);
    if (a->effects.notified)
        buffer_text(out, "notified;");
}

/* protocol.md 3.6, steps 3 and 4 */
static const struct {
    const char *what;
    const char *sql[STEPS_MAX];
    int64_t trace;
    const char *want;
} packages[] = {
    {"nothing to do", {NULL}, 1, CONF("1")},
    {"device, pending",
     {PACKAGE("1", "x", "NULL"), SET(OF_DEVICE, "DOWNLOAD", "1", "NULL")},
     1,
     CONF("1") "1 force=0 at=x;notified;"},
    {"device, notified before",
     {PACKAGE("1", "x", "NULL"), SET(OF_DEVICE, "DOWNLOAD", "1", "'NOTIFIED'")},
     1,
     CONF("1") "1 force=0 at=x;"},
    {"device, done", {PACKAGE("1", "x", "NULL"), SET(OF_DEVICE, "DOWNLOAD", "1", "'SUCCESS'")}, 1, CONF("1")},
    {"package no longer active", {SET(OF_DEVICE, "DOWNLOAD", "1", "NULL")}, 1, CONF("1")},
    {"in the history",
     {PACKAGE("1", "x", "NULL"), SET(OF_DEVICE, "DOWNLOAD", "1", "NULL"), HISTORY("1")},
     1,
     CONF("1") "history 1;notified;"},
    {"in the history, forced",
     {PACKAGE("1", "x", "NULL"), SET(OF_DEVICE, "DOWNLOAD", "1", "NULL"), SET(OF_DEVICE, "DOWNLOAD_FORCE", "1", "'1'"),
      HISTORY("1")},
     1,
     CONF("1") "1 force=1 at=x;notified;"},
    {"distribution server by address",
     {PACKAGE("1", "$IP$/local", "(SELECT ID FROM hardware WHERE NAME='packserver')"),
      SET(OF_DEVICE, "DOWNLOAD", "1", "'NOTIFIED'")},
     1,
     CONF("1") "1 force=0 at=192.0.2.60/local;"},
    {"distribution server by name",
     {PACKAGE("1", "a$NAME$b$NAME$", "(SELECT ID FROM hardware WHERE NAME='packserver')"),
      SET(OF_DEVICE, "DOWNLOAD", "1", "'NOTIFIED'")},
     1,
     CONF("1") "1 force=0 at=apackserverbpackserver;"},
    {"distribution server that is gone",
     {PACKAGE("1", "$IP$/local", "999999"), SET(OF_DEVICE, "DOWNLOAD", "1", "NULL")},
     1,
     CONF("1") "notified;"},
    {"switched off for the device",
     {PACKAGE("1", "x", "NULL"), SET(OF_DEVICE, "DOWNLOAD", "1", "NULL"),
      SET(OF_DEVICE, "DOWNLOAD_SWITCH", "0", "NULL")},
     1,
     CONF("0")},
    {"group",
     {PACKAGE("1", "x", "NULL"), SET(OF_GROUP(1), "DOWNLOAD", "1", "NULL")},
     1,
     CONF("1") "1 force=0 at=x;group 1;notified;"},
    {"group, without trace",
     {PACKAGE("1", "$IP$/x", "NULL"), SET(OF_GROUP(1), "DOWNLOAD", "1", "NULL")},
     0,
     CONF("1") "1 force=0 at=$IP$/x;"},
    {"group, forced and in the history",
     {PACKAGE("1", "x", "NULL"), SET(OF_GROUP(1), "DOWNLOAD", "1", "NULL"),
      SET(OF_GROUP(1), "DOWNLOAD_FORCE", "1", "'1'"), HISTORY("1")},
     1,
     CONF("1") "1 force=1 at=x;forced 1;notified;"},
    {"group, in the history",
     {PACKAGE("1", "x", "NULL"), SET(OF_GROUP(1), "DOWNLOAD", "1", "NULL"), HISTORY("1")},
     1,
     CONF("1")},
    {"group, and the device has it done",
     {PACKAGE("1", "x", "NULL"), SET(OF_GROUP(1), "DOWNLOAD", "1", "NULL"),
      SET(OF_DEVICE, "DOWNLOAD", "1", "'SUCCESS'")},
     1,
     CONF("1")},
    {"group, and the device has it pending",
     {PACKAGE("1", "x", "NULL"), SET(OF_GROUP(1), "DOWNLOAD", "1", "NULL"), SET(OF_DEVICE, "DOWNLOAD", "1", "NULL")},
     1,
     CONF("1") "1 force=0 at=x;notified;"},
    {"two groups, one package",
     {PACKAGE("1", "x", "NULL"), SET(OF_GROUP(1), "DOWNLOAD", "1", "NULL"), SET(OF_GROUP(2), "DOWNLOAD", "1", "NULL")},
     1,
     CONF("1") "1 force=0 at=x;group 1;notified;"},
    {"a later group's force comes too late",
     {PACKAGE("1", "x", "NULL"), SET(OF_GROUP(1), "DOWNLOAD", "1", "NULL"),
      SET(OF_GROUP(2), "DOWNLOAD_FORCE", "1", "'1'")},
     1,
     CONF("1") "1 force=0 at=x;group 1;notified;"},
    {"a group's force counts for the device's package",
     {PACKAGE("1", "x", "NULL"), SET(OF_DEVICE, "DOWNLOAD", "1", "'NOTIFIED'"),
      SET(OF_GROUP(2), "DOWNLOAD_FORCE", "1", "'1'")},
     1,
     CONF("1") "1 force=1 at=x;"},
    {"a group that the device was taken out of",
     {PACKAGE("1", "x", "NULL"), SET(OF_GROUP(3), "DOWNLOAD", "1", "NULL")},
     1,
     CONF("1")},
};

Test(options, packages_are_those_of_ocs)
{
    AUTO(db_close) struct db *db = database("packages");
    struct ocs_config config = options_of(db);
    config.download = 1;
    for (size_t i = 0; i < COUNT(packages); i++) {
        reset(db, packages[i].sql);
        config.download_groups_trace_events = packages[i].trace;
        struct answer a = ask(db, &config, DEVICE, false);
        AUTO(buffer_clear) struct buffer got = BUFFER_INIT(65536);
        summarise(&a, &got);
        cr_expect_str_eq(got.data, packages[i].want, "%s: got %s", packages[i].what, got.data);
        answer_free(&a);
    }
}

Test(options, schedule_and_command_come_escaped)
{
    AUTO(db_close) struct db *db = database("schedule");
    struct ocs_config config = options_of(db);
    config.download = 1;
    reset(db, (const char *const[STEPS_MAX]){PACKAGE("1", "x", "NULL"), SET(OF_DEVICE, "DOWNLOAD", "1", "NULL"),
                                             SET(OF_DEVICE, "DOWNLOAD_SCHEDULE", "1", "'2030/01/02 03:04'"),
                                             SET(OF_DEVICE, "DOWNLOAD_POSTCMD", "1", "'echo \"a\" & b'")});
    struct answer a = ask(db, &config, DEVICE, false);
    cr_expect(strstr(a.text.data, "CERT_PATH=\"INSTALL_PATH\" CERT_FILE=\"INSTALL_PATH\" SCHEDULE=\"2030/01/02 03:04\" "
                                  "POSTCMD=\"echo &quot;a&quot; &amp; b\" FORCE=\"0\""),
              "%s", a.text.data);
    answer_free(&a);
}

static const char limits_of_device[] =
    "<PARAM TYPE=\"CONF\" ON=\"1\" CYCLE_LATENCY=\"11\" FRAG_LATENCY=\"22\" PERIOD_LATENCY=\"1\" PERIOD_LENGTH=\"14\" "
    "TIMEOUT=\"25\" EXECUTION_TIMEOUT=\"120\"";

Test(options, limits_come_from_device_groups_option)
{
    AUTO(db_close) struct db *db = database("limits");
    struct ocs_config config = options_of(db);
    config.download = 1;
    reset(db, (const char *const[STEPS_MAX]){SET(OF_DEVICE, "DOWNLOAD_CYCLE_LATENCY", "11", "NULL"),
                                             SET(OF_GROUP(1), "DOWNLOAD_CYCLE_LATENCY", "99", "NULL"),
                                             SET(OF_GROUP(1), "DOWNLOAD_FRAG_LATENCY", "12", "NULL"),
                                             SET(OF_GROUP(2), "DOWNLOAD_FRAG_LATENCY", "22", "NULL"),
                                             SET(OF_GROUP(1), "DOWNLOAD_PERIOD_LATENCY", "0", "NULL"),
                                             SET(OF_DEVICE, "DOWNLOAD_PERIOD_LENGTH", "0", "NULL"),
                                             SET(OF_GROUP(1), "DOWNLOAD_PERIOD_LENGTH", "14", "NULL"),
                                             SET(OF_GROUP(2), "DOWNLOAD_PERIOD_LENGTH", "24", "NULL"),
                                             SET(OF_GROUP(1), "DOWNLOAD_TIMEOUT", "25", "NULL"),
                                             SET(OF_GROUP(2), "DOWNLOAD_TIMEOUT", "0", "NULL")});
    struct answer a = ask(db, &config, DEVICE, false);
    cr_expect(strstr(a.text.data, limits_of_device), "%s", a.text.data);
    answer_free(&a);
}

Test(options, an_unknown_device_gets_the_limits_alone)
{
    AUTO(db_close) struct db *db = database("unknown");
    struct ocs_config config = options_of(db);
    config.download = config.snmp = 1;
    struct answer a = ask(db, &config, "nobody-2025-01-02-03-04-05", true);
    cr_expect(!a.facts.known);
    cr_expect_str_eq(a.text.data,
                     "  <OPTION>\n    <NAME>DOWNLOAD</NAME>\n    <PARAM TYPE=\"CONF\" ON=\"1\" CYCLE_LATENCY=\"60\" "
                     "FRAG_LATENCY=\"10\" PERIOD_LATENCY=\"1\" PERIOD_LENGTH=\"10\" TIMEOUT=\"30\" "
                     "EXECUTION_TIMEOUT=\"120\" />\n  </OPTION>\n");
    answer_free(&a);
}

/* --------------------------------------------------- REGISTRY, IPDISCOVER, SNMP ---- */

Test(options, registry_lists_every_key)
{
    AUTO(db_close) struct db *db = database("registry");
    struct ocs_config config = options_of(db);
    reset(db, (const char *const[STEPS_MAX]){"INSERT INTO regconfig(NAME,REGTREE,REGKEY,REGVALUE) "
                                             "VALUES('one',2,'SOFTWARE\\\\K','V'),('a & <b>',1,'C','*')"});
    config.registry = 1;
    struct answer on = ask(db, &config, DEVICE, false);
    cr_expect(strstr(on.text.data,
                     "<NAME>REGISTRY</NAME>\n    <PARAM NAME=\"one\" REGTREE=\"2\" REGKEY=\"SOFTWARE\\K\">V</PARAM>\n"
                     "    <PARAM NAME=\"a &amp; &lt;b&gt;\" REGTREE=\"1\" REGKEY=\"C\">*</PARAM>\n"),
              "%s", on.text.data);
    answer_free(&on);
    config.registry = 0;
    struct answer off = ask(db, &config, DEVICE, false);
    cr_expect_null(strstr(off.text.data, "REGISTRY"));
    answer_free(&off);
}

static const struct {
    const char *what;
    const char *sql[STEPS_MAX];
    const char *want;
} discoveries[] = {
    {"options",
     {SET(OF_DEVICE, "IPDISCOVER", "1", "'10.1.1.0'")},
     "<PARAM IPDISC_LAT=\"100\" SCAN_TYPE_IPDISCOVER=\"ICMP\" SCAN_ARP_BANDWIDTH=\"256\">10.1.1.0</PARAM>"},
    {"groups: largest latency, text of the highest group",
     {SET(OF_DEVICE, "IPDISCOVER", "1", "'10.1.1.0'"), SET(OF_GROUP(1), "IPDISCOVER_LATENCY", "300", "NULL"),
      SET(OF_GROUP(2), "IPDISCOVER_LATENCY", "200", "NULL"), SET(OF_GROUP(1), "SCAN_TYPE_IPDISCOVER", "0", "'NMAP'"),
      SET(OF_GROUP(2), "SCAN_TYPE_IPDISCOVER", "0", "'ARPSCAN'")},
     "<PARAM IPDISC_LAT=\"300\" SCAN_TYPE_IPDISCOVER=\"ARPSCAN\" SCAN_ARP_BANDWIDTH=\"256\">10.1.1.0</PARAM>"},
    {"device",
     {SET(OF_DEVICE, "IPDISCOVER", "2", "'10.1.1.0'"), SET(OF_DEVICE, "IPDISCOVER_LATENCY", "250", "NULL"),
      SET(OF_GROUP(1), "IPDISCOVER_LATENCY", "300", "NULL"), SET(OF_DEVICE, "SCAN_TYPE_IPDISCOVER", "0", "'NMAP'"),
      SET(OF_DEVICE, "SCAN_ARP_BANDWIDTH", "512", "NULL")},
     "<PARAM IPDISC_LAT=\"250\" SCAN_TYPE_IPDISCOVER=\"NMAP\" SCAN_ARP_BANDWIDTH=\"\">10.1.1.0</PARAM>"},
    {"a device row without a number is no value",
     {SET(OF_DEVICE, "IPDISCOVER", "1", "'10.1.1.0'"), SET(OF_DEVICE, "SCAN_TYPE_IPDISCOVER", "NULL", "'NMAP'")},
     "SCAN_TYPE_IPDISCOVER=\"ICMP\""},
};

Test(options, discovery_has_the_values_of_device_groups_option)
{
    AUTO(db_close) struct db *db = database("discovery");
    struct ocs_config config = options_of(db);
    for (size_t i = 0; i < COUNT(discoveries); i++) {
        reset(db, discoveries[i].sql);
        struct answer a = ask(db, &config, DEVICE, false);
        cr_expect(strstr(a.text.data, discoveries[i].want), "%s: %s", discoveries[i].what, a.text.data);
        answer_free(&a);
    }
}

static const struct {
    const char *what;
    const char *sql[STEPS_MAX];
    bool https, option, secrets;
    const char *also; /* NULL: nothing more */
} scans[] = {
    {"HTTP", {SET(OF_DEVICE, "SNMP_NETWORK", "NULL", "'192.0.2.0/24'")}, false, false, false, NULL},
    {"nothing to scan",
     {NULL},
     true,
     true,
     false,
     "TYPE=\"SNMP_TYPE\" TYPE_NAME=\"Default\" TABLE_TYPE_NAME=\"snmp_default\""},
    {"networks",
     {SET(OF_DEVICE, "SNMP_NETWORK", "NULL", "'192.0.2.0/24,198.51.100.0/24'")},
     true,
     true,
     true,
     "<PARAM TYPE=\"NETWORK\" SUBNET=\"192.0.2.0/24\" />\n    <PARAM TYPE=\"NETWORK\" SUBNET=\"198.51.100.0/24\" />\n"},
    {"elected automatically", {SET(OF_DEVICE, "IPDISCOVER", "1", "'192.0.2.0'")}, true, true, false, NULL},
    {"by the operator",
     {SET(OF_DEVICE, "IPDISCOVER", "2", "'192.0.2.0'")},
     true,
     true,
     true,
     "<PARAM TYPE=\"DEVICE\" IPADDR=\"192.0.2.99\" MACADDR=\"00:11:22:33:44:99\" />\n    <PARAM TYPE=\"SNMP_TYPE\""},
    {"switched off", {SET(OF_DEVICE, "SNMP_SWITCH", "0", "NULL")}, true, false, false, NULL},
    {"a group switches off", {SET(OF_GROUP(1), "SNMP_SWITCH", "0", "NULL")}, true, false, false, NULL},
};

static const char *const what_snmp_knows[STEPS_MAX] = {
    "INSERT INTO snmp_communities(VERSION,NAME,USERNAME,AUTHPASSWD,LEVEL) VALUES('3','v3','user','hidden','authPriv')",
    "INSERT INTO netmap(IP,MAC,MASK,NETID,NAME) "
    "VALUES('192.0.2.99','00:11:22:33:44:99','255.255.255.0','192.0.2.0','sw')",
    "INSERT INTO netmap(IP,MAC,MASK,NETID,NAME) "
    "VALUES('192.0.2.98','02:00:00:00:00:01','255.255.255.0','192.0.2.0','pc')",
    "INSERT INTO networks(HARDWARE_ID,MACADDR,IPSUBNET) VALUES(1,'02:00:00:00:00:01','192.0.2.0')",
};

Test(options, snmp_secrets_go_only_to_devices_that_scan)
{
    AUTO(db_close) struct db *db = database("scans");
    struct ocs_config config = options_of(db);
    config.snmp = 1;
    reset(db, what_snmp_knows);
    for (size_t i = 0; i < COUNT(scans); i++) {
        reset(db, scans[i].sql);
        struct answer a = ask(db, &config, DEVICE, scans[i].https);
        const char *text = a.text.data, *what = scans[i].what;
        cr_expect_eq(strstr(text, "<NAME>SNMP</NAME>") != NULL, scans[i].option, "%s: %s", what, text);
        cr_expect_eq(strstr(text, "AUTHPASSWD=\"hidden\"") != NULL, scans[i].secrets, "%s: %s", what, text);
        cr_expect(!scans[i].also || strstr(text, scans[i].also), "%s: %s", what, text);
        cr_expect_null(strstr(text, "192.0.2.98"), "%s: an inventoried device is no stranger", what);
        answer_free(&a);
    }
}

Test(options, a_table_that_is_missing_costs_its_option_alone)
{
    AUTO(db_close) struct db *db = database("missing");
    struct ocs_config config = options_of(db);
    config.snmp = config.registry = 1;
    cr_assert_eq(db_exec(db, "DROP TABLE snmp_mibs"), ST_OK);
    cr_assert_eq(db_exec(db, "DROP TABLE regconfig"), ST_OK);
    struct answer a = ask(db, &config, DEVICE, true);
    cr_expect_null(strstr(a.text.data, "SNMP"));
    cr_expect_null(strstr(a.text.data, "REGISTRY"));
    cr_expect_not_null(strstr(a.text.data, "<NAME>DOWNLOAD</NAME>"));
    answer_free(&a);
}
