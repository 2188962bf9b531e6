#include "common/db/db.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

static const struct {
    const char *url;
    status want;
    const char *host, *user, *password, *name, *socket, *zone;
    unsigned port, tls;
} cases[] = {
    {"mysql://ocs@localhost/ocsweb", ST_OK, "localhost", "ocs", "", "ocsweb", "", "SYSTEM", 3306, DB_TLS_OFF},
    {"mariadb://ocs:geheim@db1:3307/ocsweb", ST_OK, "db1", "ocs", "geheim", "ocsweb", "", "SYSTEM", 3307,
     DB_TLS_PREFER},
    {"mysql://u:p%40ss%3A%2f@h/n", ST_OK, "h", "u", "p@ss:/", "n", "", "SYSTEM", 3306, DB_TLS_PREFER},
    {"mysql://u:p@ss@h/n", ST_OK, "h", "u", "p@ss", "n", "", "SYSTEM", 3306, DB_TLS_PREFER},
    {"mysql://u@/n?socket=/run/my%20sql.sock", ST_OK, "localhost", "u", "", "n", "/run/my sql.sock", "SYSTEM", 3306,
     DB_TLS_OFF},
    {"mysql://u@[::1]:3308/n?ssl=require", ST_OK, "::1", "u", "", "n", "", "SYSTEM", 3308, DB_TLS_REQUIRE},
    {"mysql://u@h/n?ssl=verify&ssl_ca=/ca.pem", ST_OK, "h", "u", "", "n", "", "SYSTEM", 3306, DB_TLS_VERIFY},
    {"mysql://u@h/n?time_zone=Europe/Berlin&ssl=off", ST_OK, "h", "u", "", "n", "", "Europe/Berlin", 3306, DB_TLS_OFF},
    {"mysql://u@h/n?", ST_OK, "h", "u", "", "n", "", "SYSTEM", 3306, DB_TLS_PREFER},
    {.url = "mysql://h/n", .want = ST_INVALID},
    {.url = "mysql://u@h", .want = ST_INVALID},
    {.url = "mysql://u@h/", .want = ST_INVALID},
    {.url = "mysql://@h/n", .want = ST_INVALID},
    {.url = "mysql://u@h:0/n", .want = ST_INVALID},
    {.url = "mysql://u@h:70000/n", .want = ST_INVALID},
    {.url = "mysql://u@h:33a/n", .want = ST_INVALID},
    {.url = "mysql://u:%zz@h/n", .want = ST_INVALID},
    {.url = "mysql://u:%00@h/n", .want = ST_INVALID},
    {.url = "mysql://u@h/n?sock=/x", .want = ST_INVALID},
    {.url = "mysql://u@h/n?ssl=maybe", .want = ST_INVALID},
    {.url = "postgres://u@h/n", .want = ST_INVALID},
    {.url = "", .want = ST_INVALID},
    {.url = NULL, .want = ST_INVALID},
};

Test(db_target, parse_reads_every_part)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct db_target t = {.port = 7};
        struct reason why = {0};
        const char *url = cases[i].url ? cases[i].url : "(none)";
        cr_expect_eq(db_target_parse(cases[i].url, &t, &why), cases[i].want, "%s: %s", url, why.text);
        if (cases[i].want != ST_OK) {
            cr_expect_eq(t.port, 7, "%s: output touched", url);
            cr_expect_neq(why.text[0], '\0', "%s: no reason", url);
            continue;
        }
        cr_expect_str_eq(t.host, cases[i].host, "%s", url);
        cr_expect_str_eq(t.user, cases[i].user, "%s", url);
        cr_expect_str_eq(t.password, cases[i].password, "%s", url);
        cr_expect_str_eq(t.name, cases[i].name, "%s", url);
        cr_expect_str_eq(t.socket, cases[i].socket, "%s", url);
        cr_expect_str_eq(t.time_zone, cases[i].zone, "%s", url);
        cr_expect_eq(t.port, cases[i].port, "%s", url);
        cr_expect_eq(t.tls, cases[i].tls, "%s: %u", url, t.tls);
    }
}

Test(db_target, a_reason_never_shows_the_password)
{
    static const char *const urls[] = {"mysql://u:geheim@h", "mysql://u:geheim@h/n?x=1", "mysql://u:geheim%zz@h/n"};
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct db_target t;
        struct reason why = {0};
        cr_expect_eq(db_target_parse(urls[i], &t, &why), ST_INVALID);
        cr_expect_null(strstr(why.text, "geheim"), "%s", why.text);
    }
}

static void put(const char *path, const char *text, size_t len)
{
    FILE *f = fopen(path, "we");
    cr_assert_not_null(f);
    cr_assert_eq(fwrite(text, 1, len, f), len);
    fclose(f);
}

Test(db_target, a_password_file_is_read_each_time)
{
    static const struct {
        const char *text;
        size_t len;
        const char *want; /* NULL: none */
    } files[] = {
        {"geheim", 6, "geheim"}, {"neu\n", 4, "neu"}, {"mit blank \r\n", 12, "mit blank "}, {"", 0, ""},
        {"null\0byte", 9, NULL}, {NULL, 256, NULL},
    };
    static const char many[256] = {[0 ... 255] = 'x'};
    char path[] = "/tmp/muster-password-XXXXXX", url[128], password[DB_PASSWORD_MAX];
    struct db_target t;
    struct reason why = {0};
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    close(fd);
    snprintf(url, sizeof url, "mysql://u@h/n?password_file=%s", path);
    cr_assert_eq(db_target_parse(url, &t, &why), ST_OK, "%s", why.text);
    for (size_t i = 0; i < COUNT(files); i++) {
        put(path, files[i].text ? files[i].text : many, files[i].len);
        status st = db_password(&t, password, &why);
        cr_expect_eq(st, files[i].want ? ST_OK : ST_UNAVAILABLE, "%zu", i);
        if (files[i].want && st == ST_OK)
            cr_expect_str_eq(password, files[i].want);
    }
    cr_expect_str_eq(why.code, "db_password");
    unlink(path);
    cr_expect_eq(db_password(&t, password, &why), ST_UNAVAILABLE);
    cr_expect_not_null(strstr(why.text, path));
}

Test(db_target, one_password_only)
{
    struct db_target t;
    struct reason why = {0};
    cr_expect_eq(db_target_parse("mysql://u:p@h/n?password_file=/x", &t, &why), ST_INVALID);
    cr_assert_eq(db_target_parse("mysql://u:p@h/n", &t, &why), ST_OK);
    char password[DB_PASSWORD_MAX];
    cr_expect_eq(db_password(&t, password, &why), ST_OK);
    cr_expect_str_eq(password, "p");
}
