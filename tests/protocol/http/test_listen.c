#include "common/http/listen.h"
#include "tests/protocol/http/site.h"
#include "tests/protocol/http/wire.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static status try(const struct http_settings *set, struct reason *why)
{
    struct http_server *server = NULL;
    status st = http_server_new(set, NULL, 0, &server, why);
    http_server_destroy(server);
    return st;
}

Test(listen, what_is_no_address_is_refused)
{
    static const char *const wrong[] = {
        "127.0.0.1", "8080",     "localhost:80", "127.0.0.1:",         "[::1:80", "::1:80", "127.0.0.1:x",
        "unix:",     "unix:a/b", "[]:80",        "127.0.0.1:99999999", ":80"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct reason why = {0};
        cr_expect_eq(try(&(struct http_settings){.http = wrong[i]}, &why), ST_INVALID, "%s: %s", wrong[i], why.text);
        cr_expect(strstr(why.text, wrong[i]), "%s", why.text);
    }
}

Test(listen, settings_that_cannot_go_together_are_refused)
{
    struct reason why = {0};
    cr_expect_eq(try(&(struct http_settings){.https = "127.0.0.1:0"}, &why), ST_INVALID);
    cr_expect_eq(try(&(struct http_settings){.http_proxied = "127.0.0.1:0"}, &why), ST_INVALID);
    cr_expect_eq(try(&(struct http_settings){.http = "127.0.0.1:0", .proxies = "nonsense"}, &why), ST_INVALID);
    cr_expect_eq(try(&(struct http_settings){.http = "127.0.0.1:0", .threads = 1000}, &why), ST_INVALID);
}

Test(listen, an_address_in_use_is_a_conflict_also_with_several_threads)
{
    AUTO(site_free) struct site *site = site_new(&(struct http_settings){.http = "127.0.0.1:0", .threads = 2});
    struct reason why = {0};
    struct http_settings again = {.http = site_address(site), .threads = 2};
    cr_expect_eq(try(&again, &why), ST_CONFLICT, "%s", why.text);
}

Test(listen, ipv6_is_served)
{
    AUTO(site_free) struct site *site = site_new(&(struct http_settings){.http = "[::1]:0", .threads = 2});
    char body[1024];
    cr_expect_eq(strncmp(site_address(site), "[::1]:", 6), 0);
    cr_expect_eq(wire_ask(site_address(site), "GET /later HTTP/1.1\r\n\r\n", body, sizeof body), 200);
    cr_expect(strstr(body, "from=::1 "), "%s", body);
}

static char folder[] = "/tmp/muster-http-XXXXXX", unix_address[64];

static void make_folder(void)
{
    cr_assert(mkdtemp(folder));
    snprintf(unix_address, sizeof unix_address, "unix:%s/s", folder);
}

static void remove_folder(void)
{
    (void)unlink(unix_address + 5);
    (void)rmdir(folder);
}

Test(listen, a_unix_socket_is_served_by_all_threads_and_removed_at_the_end, .init = make_folder, .fini = remove_folder)
{
    struct site *site =
        site_new(&(struct http_settings){.http = unix_address, .threads = 3, .unix_mode = 0600, .proxies = "unix"});
    struct stat info;
    char body[1024];
    cr_assert_eq(stat(unix_address + 5, &info), 0);
    cr_expect_eq(info.st_mode & 0777, 0600);
    for (int i = 0; i < 10; i++)
        cr_expect_eq(wire_ask(unix_address, "GET /later HTTP/1.1\r\nX-Real-IP: 192.0.2.4\r\n\r\n", body, sizeof body),
                     200);
    cr_expect(strstr(body, "from=192.0.2.4 "), "%s", body);
    struct reason why;
    cr_expect_eq(try(&(struct http_settings){.http = unix_address}, &why), ST_CONFLICT, "somebody listens there");
    site_free(site);
    cr_expect_neq(stat(unix_address + 5, &info), 0);
}

Test(listen, the_socket_file_of_a_killed_server_is_replaced_any_other_file_is_not, .init = make_folder,
     .fini = remove_folder)
{
    int fds[1];
    char bound[LISTEN_TEXT];
    struct reason why;
    cr_assert_eq(listen_open(unix_address, 0600, fds, 1, bound, &why), ST_OK);
    close(fds[0]); /* as a kill would: the file stays */
    cr_expect_eq(try(&(struct http_settings){.http = unix_address}, &why), ST_OK);

    FILE *f = fopen(unix_address + 5, "w");
    fclose(f);
    cr_expect_eq(try(&(struct http_settings){.http = unix_address}, &why), ST_CONFLICT);
    struct stat info;
    cr_expect_eq(stat(unix_address + 5, &info), 0);
}
