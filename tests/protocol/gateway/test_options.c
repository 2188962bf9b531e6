/* Options of table config that the gateway obeys, where no other test shows them (docs/configuration.md). */
#include "tests/protocol/gateway/site.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define ID            "<DEVICEID>opt-2026-01-02-03-04-05</DEVICEID>"
#define REQUEST(rest) "<REQUEST>" rest "</REQUEST>"

static void expect_get(const struct site *s, const char *path, int want, const char *head)
{
    char request[256];
    struct site_reply reply;
    snprintf(request, sizeof request, "GET /ocsinventory%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    site_send(s, view_of(request), &reply);
    cr_expect_eq(reply.status, want, "%s: %d", path, reply.status);
    cr_expect(strcasestr(reply.head, head), "%s: no %s in %s", path, head, reply.head);
    site_reply_clear(&reply);
}

static void expect_post(const struct site *s, const char *body, const char *inside)
{
    struct site_reply reply;
    site_post(s, "", view_of(body), &reply);
    cr_expect_eq(reply.status, 200);
    struct view got = buffer_view(&reply.body);
    cr_expect(memmem(got.data, got.len, inside, strlen(inside)), "%s: %.*s", body, (int)got.len, got.data);
    site_reply_clear(&reply);
}

static const char *const sql_off[] = {
    "REPLACE INTO config(NAME,IVALUE) VALUES('DEPLOY',0),('UPDATE',0),('INVENTORY_ON_STARTUP',0)",
    "INSERT INTO deploy (NAME,CONTENT) VALUES ('label','x')",
    "INSERT INTO files (NAME,VERSION,OS,CONTENT) VALUES ('agent','20','LINUX','x')", NULL};

Test(options, agent_delivery_can_be_switched_off)
{
    struct site s;
    site_start(&s, "options_off", sql_off, NULL);
    expect_get(&s, "/deploy/label", 403, "");
    expect_get(&s, "/update/LINUX/agent/20", 403, "");
    expect_post(&s, REQUEST("<QUERY>UPDATE</QUERY><PLATFORM>LINUX</PLATFORM><AGENT>10</AGENT>"), "NO_UPDATE");
    expect_post(&s, REQUEST(ID "<QUERY>PROLOG</QUERY>"), "<INVENTORY_ON_STARTUP>0</INVENTORY_ON_STARTUP>");
    site_stop(&s);
}

static const char *const sql_on[] = {
    "REPLACE INTO config(NAME,IVALUE) VALUES('PROXY_REVALIDATE_DELAY',77),('INVENTORY_ON_STARTUP',1)",
    "INSERT INTO deploy (NAME,CONTENT) VALUES ('label','x')", NULL};

Test(options, a_delivered_file_says_how_long_a_proxy_may_keep_it)
{
    struct site s;
    site_start(&s, "options_on", sql_on, NULL);
    expect_get(&s, "/deploy/label", 200, "cache-control: 77\r\n");
    expect_post(&s, REQUEST(ID "<QUERY>PROLOG</QUERY>"), "<INVENTORY_ON_STARTUP>1</INVENTORY_ON_STARTUP>");
    site_stop(&s);
}

static size_t files_of(const char *folder, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

/* @param overwrite 0: the second upload gets a name of its own */
static void export_twice(const char *database, int overwrite, size_t numbered)
{
    char folder[] = "/tmp/muster-options-XXXXXX", sql[512], command[128];
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(
        sql, sizeof sql,
        "REPLACE INTO config(NAME,IVALUE,TVALUE) VALUES('GENERATE_OCS_FILES',1,''),('GENERATE_OCS_FILES_SNMP',1,''),"
        "('SNMP',1,''),('OCS_FILES_OVERWRITE',%d,''),('OCS_FILES_PATH',0,'%s')",
        overwrite, folder);
    const char *const options[] = {sql, NULL};
    struct site s;
    site_start(&s, database, options, NULL);
    for (int i = 0; i < 2; i++) {
        expect_post(&s, REQUEST(ID "<QUERY>INVENTORY</QUERY><CONTENT/>"), "");
        expect_post(&s, REQUEST(ID "<QUERY>SNMP</QUERY><CONTENT/>"), "");
    }
    site_stop(&s);
    cr_expect_eq(files_of(folder, "opt-2026-01-02-03-04-05.ocs"), 1);
    cr_expect_eq(files_of(folder, "opt-2026-01-02-03-04-05-SNMP.ocs"), 1);
    cr_expect_eq(files_of(folder, "opt-2026-01-02-03-04-05-1.ocs"), numbered);
    cr_expect_eq(files_of(folder, "opt-2026-01-02-03-04-05-SNMP-1.ocs"), numbered);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

Test(options, exported_files_are_numbered_or_replaced)
{
    export_twice("options_numbered", 0, 1);
    export_twice("options_replaced", 1, 0);
}
