#include "tools/muster/run/folder.h"

#include "common/base/cleanup.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_mode(const struct folder *f, const char *name, mode_t want)
{
    char path[FOLDER_PATH_MAX];
    struct stat info;
    folder_path(f, name, path);
    cr_assert_eq(stat(path, &info), 0, "%s", path);
    cr_expect_eq(info.st_mode & 0777 & ~want, 0, "%s: %o", path, (unsigned)info.st_mode & 0777);
}

static void make(struct folder *f, char *data)
{
    struct reason why = {0};
    cr_assert_not_null(mkdtemp(data));
    cr_assert_eq(folder_make(data, f, &why), ST_OK, "%s", why.text);
}

static void drop(const char *data)
{
    char command[FOLDER_PATH_MAX];
    snprintf(command, sizeof command, "rm -rf '%s'", data);
    cr_expect_eq(system(command), 0);
}

Test(folder, what_others_must_not_see_is_for_the_owner_only)
{
    char data[] = "/tmp/muster-test-XXXXXX";
    struct folder f;
    make(&f, data);
    expect_mode(&f, "run", 0700);
    expect_mode(&f, "spool", 0700);
    expect_mode(&f, "tls", 0755);
    drop(data);
}

Test(folder, one_lock_at_a_time_and_its_text_names_the_folder)
{
    char data[] = "/tmp/muster-test-XXXXXX";
    struct folder f;
    struct reason why = {0};
    AUTO(fd_close) int first = -1;
    AUTO(fd_close) int second = -1;
    make(&f, data);
    cr_expect_not(folder_in_use(&f));
    cr_assert_eq(folder_lock(&f, &first, &why), ST_OK);
    cr_expect(folder_in_use(&f));
    cr_expect_eq(folder_lock(&f, &second, &why), ST_CONFLICT);
    cr_expect(strstr(why.text, data), "%s", why.text);
    drop(data);
}

Test(folder, sockets_stay_within_what_the_system_takes)
{
    static const struct {
        const char *data;
        bool want;
    } cases[] = {
        {"/var/lib/muster", true},
        {"/home/me/my data", false},
        {"/home/me/a,b", false},
        {"/h\xc3\xb6me", false},
        {"/1234567890123456789012345678901234567890123456789012345678901234567890123456789012345", true},
        {"/12345678901234567890123456789012345678901234567890123456789012345678901234567890123456", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        cr_expect_eq(folder_sockets_fit(cases[i].data), cases[i].want, "%s", cases[i].data);
}

Test(folder, a_long_path_gets_short_sockets_that_are_private)
{
    char data[] = "/tmp/muster test-XXXXXX";
    struct folder f;
    struct stat info;
    unsetenv("XDG_RUNTIME_DIR");
    make(&f, data);
    cr_expect(f.sockets_elsewhere);
    cr_expect_leq(strlen(f.sockets) + strlen("/gateway-32.admin"), SOCKET_PATH_MAX);
    cr_assert_eq(stat(f.sockets, &info), 0);
    cr_expect_eq(info.st_mode & 0777, 0700);
    drop(f.sockets);
    drop(data);
}

Test(folder, a_folder_that_is_not_there_is_said_so)
{
    struct folder f;
    struct reason why = {0};
    cr_expect_eq(folder_find("/nonexistent/muster", &f, &why), ST_NOT_FOUND);
    cr_expect(strstr(why.text, "/nonexistent/muster"));
}
