/* Files of exported uploads: their names come from agents. */
#include "services/gateway/export.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define DATE "-2026-01-02-03-04-05"

static const struct {
    const char *deviceid;
    enum upload_kind kind;
    const char *name;
} names[] = {
    {"pc" DATE, UPLOAD_INVENTORY, "pc" DATE},
    {"pc" DATE, UPLOAD_SNMP, "pc" DATE "-SNMP"},
    {"../../etc/passwd" DATE, UPLOAD_INVENTORY, "passwd" DATE},
    {"/pc" DATE, UPLOAD_INVENTORY, "pc" DATE},
    {"a b\\c:d\"e'f$g`h\n" DATE, UPLOAD_INVENTORY, "a_b_c_d_e_f_g_h_" DATE},
    {"m\xC3\xBCller" DATE, UPLOAD_INVENTORY, "m_ller" DATE},
    {"x/", UPLOAD_INVENTORY, "UNKNOWN"},
    {"", UPLOAD_SNMP, "UNKNOWN-SNMP"},
    {".", UPLOAD_INVENTORY, "UNKNOWN"},
    {"a/..", UPLOAD_INVENTORY, "UNKNOWN"},
    {"...", UPLOAD_INVENTORY, "..."},
    {".hidden" DATE, UPLOAD_INVENTORY, ".hidden" DATE},
};

Test(export, a_name_has_plain_characters_only_and_names_nothing_elsewhere)
{
    for (size_t i = 0; i < COUNT(names); i++) {
        char name[EXPORT_NAME_MAX];
        export_name(view_of(names[i].deviceid), names[i].kind, name);
        cr_expect_str_eq(name, names[i].name, "%s: %s", names[i].deviceid, name);
    }
    char name[EXPORT_NAME_MAX], longest[1000];
    memset(longest, 'x', sizeof longest);
    export_name((struct view){longest, sizeof longest}, UPLOAD_SNMP, name);
    cr_expect_lt(strlen(name), 220);
}

static char folder[64], outside[96], path[128];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/muster-export-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(outside, sizeof outside, "%s.outside", folder);
}

static void remove_folder(void)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf %s %s", folder, outside);
    cr_expect_eq(system(command), 0);
}

static void write_file(const char *name, bool overwrite, const char *content)
{
    struct reason why = {0};
    cr_expect_eq(export_write(folder, name, overwrite, view_of(content), &why), ST_OK, "%s: %s", name, why.text);
}

static const char *read_file(const char *file)
{
    static char text[64];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n < 0)
        return "(none)";
    text[n] = '\0';
    return text;
}

Test(export, files_are_numbered_or_replaced, .init = make_folder, .fini = remove_folder)
{
    write_file("pc" DATE, false, "1");
    write_file("pc" DATE, false, "2");
    write_file("UNKNOWN-SNMP", false, "3");
    write_file("UNKNOWN-SNMP", false, "4");
    write_file("UNKNOWN-SNMP", false, "5");
    cr_expect_str_eq(read_file("pc" DATE ".ocs"), "1");
    cr_expect_str_eq(read_file("pc" DATE "-1.ocs"), "2");
    cr_expect_str_eq(read_file("UNKNOWN-SNMP-2.ocs"), "5");
    write_file("pc" DATE, true, "new");
    cr_expect_str_eq(read_file("pc" DATE ".ocs"), "new");
    cr_expect_str_eq(read_file("pc" DATE "-2.ocs"), "(none)");
}

Test(export, links_are_not_followed, .init = make_folder, .fini = remove_folder)
{
    snprintf(path, sizeof path, "%s/a.ocs", folder);
    cr_assert_eq(symlink(outside, path), 0);
    write_file("a", false, "x");
    cr_expect_str_eq(read_file("a-1.ocs"), "x");
    cr_expect_eq(access(outside, F_OK), -1);
    write_file("a", true, "y");
    cr_expect_str_eq(read_file("a.ocs"), "y");
    cr_expect_eq(access(outside, F_OK), -1);
}

Test(export, a_folder_that_is_not_there_is_said)
{
    struct reason why = {0};
    cr_expect_eq(export_write("/nonexistent/folder", "a", true, view_of("x"), &why), ST_IO);
    cr_expect(strstr(why.text, "/nonexistent/folder") != NULL);
}
