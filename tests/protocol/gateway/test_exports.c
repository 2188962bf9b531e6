/* Uploads that are written to files as well. */
#include "tests/protocol/gateway/site.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>

#define DEVICE "exp-2026-01-02-03-04-05"

static const char body[] = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><REQUEST><DEVICEID>" DEVICE
                           "</DEVICEID><QUERY>INVENTORY</QUERY><X>\xE9</X></REQUEST>";

/* What is in the only file of the folder, after the gateway has ended. */
static size_t exported(const char *folder, char *out, size_t room)
{
    char path[256];
    snprintf(path, sizeof path, "%s/" DEVICE ".ocs", folder);
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert(fd >= 0, "%s is not there", path);
    ssize_t n = read(fd, out, room);
    return n > 0 ? (size_t)n : 0;
}

static const struct {
    const char *format, *text; /* NULL: as it was sent */
} formats[] = {
    {"OCS", NULL},
    {"ocs", NULL},
    {"XML", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<REQUEST><DEVICEID>" DEVICE
            "</DEVICEID><QUERY>INVENTORY</QUERY><X>\xC3\xA9</X></REQUEST>"},
    {"other", ""},
};

Test(exports, an_inventory_is_a_file_in_the_format_that_was_asked_for)
{
    for (size_t i = 0; i < COUNT(formats); i++) {
        char folder[] = "/tmp/muster-exports-XXXXXX", sql[256], database[32], text[1024], command[128];
        cr_assert(mkdtemp(folder) != NULL);
        snprintf(database, sizeof database, "exports_%zu", i);
        snprintf(sql, sizeof sql,
                 "REPLACE INTO config(NAME,IVALUE,TVALUE) VALUES('GENERATE_OCS_FILES',1,''),"
                 "('OCS_FILES_FORMAT',0,'%s'),('OCS_FILES_PATH',0,'%s')",
                 formats[i].format, folder);
        const char *const options[] = {sql, NULL};
        struct site s;
        struct site_reply reply;
        site_start(&s, database, options, NULL);
        site_post(&s, "", (struct view){body, sizeof body - 1}, &reply);
        cr_expect_eq(reply.status, 200);
        site_reply_clear(&reply);
        site_stop(&s);
        struct view got = {text, exported(folder, text, sizeof text)};
        if (formats[i].text)
            cr_expect(view_is(got, formats[i].text), "%s: %.*s", formats[i].format, (int)got.len, got.data);
        else
            cr_expect(view_equal(got, (struct view){body, sizeof body - 1}), "%s", formats[i].format);
        snprintf(command, sizeof command, "rm -rf %s", folder);
        cr_expect_eq(system(command), 0);
    }
}
