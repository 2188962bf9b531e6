#include "common/auth/auth.h"

#include <criterion/criterion.h>
#include <crypt.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/muster-users-XXXXXX";
static struct reason why;

static void begin(void)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
}

static void end(void)
{
    (void)unlink(path);
}

TestSuite(auth, .init = begin, .fini = end);

/* A new file in the place of the old one, as tools that edit such files make it. */
static void write_users(const char *text)
{
    char fresh[64];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *f = fopen(fresh, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    cr_assert_eq(fclose(f), 0);
    cr_assert_eq(rename(fresh, path), 0);
}

static const char *line(const char *user, const char *password, const char *salt)
{
    static char text[512];
    struct crypt_data data = {0};
    snprintf(text, sizeof text, "%s:%s\n", user, crypt_r(password, salt, &data));
    return text;
}

static struct auth *open_with(const char *text)
{
    struct auth *a = NULL;
    write_users(text);
    cr_assert_eq(auth_new(path, &a, &why), ST_OK, "%s", why.text);
    return a;
}

/* ---- asking and waiting for the answer ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told = PTHREAD_COND_INITIALIZER;
static int last = -1, answers;

static void done(void *ctx, enum auth_verdict verdict)
{
    (void)ctx;
    pthread_mutex_lock(&lock);
    last = (int)verdict;
    answers++;
    pthread_cond_signal(&told);
    pthread_mutex_unlock(&lock);
}

static enum auth_verdict ask_once(struct auth *a, const char *header, const char *client)
{
    return auth_check(a, header ? view_of(header) : VIEW_ABSENT, view_of(client), done, NULL);
}

static enum auth_verdict ask(struct auth *a, const char *header, const char *client)
{
    last = -1;
    enum auth_verdict at_once = ask_once(a, header, client);
    if (at_once != AUTH_LATER)
        return at_once;
    pthread_mutex_lock(&lock);
    while (last < 0)
        pthread_cond_wait(&told, &lock);
    at_once = (enum auth_verdict)last;
    pthread_mutex_unlock(&lock);
    return at_once;
}

#define RIGHT "Basic YWdlbnQ6czNjcmV0"     /* agent:s3cret */
#define WRONG "Basic YWdlbnQ6czNjcmVU"     /* agent:s3creT */
#define OTHER "Basic bm9ib2R5OnMzY3JldA==" /* nobody:s3cret */

Test(auth, a_right_pair_is_hashed_once)
{
    AUTO(auth_destroy) struct auth *a = open_with(line("agent", "s3cret", "$6$rounds=1000$salt$"));
    cr_expect_eq(ask_once(a, RIGHT, "1"), AUTH_LATER);
    while (ask(a, RIGHT, "1") != AUTH_YES)
        continue;
    cr_expect_eq(ask_once(a, RIGHT, "1"), AUTH_YES, "known: no hashing");
    cr_expect_eq(ask_once(a, "basic  YWdlbnQ6czNjcmV0", "1"), AUTH_YES, "case and blanks of the scheme do not matter");
}

Test(auth, wrong_passwords_and_users_are_refused)
{
    AUTO(auth_destroy) struct auth *a = open_with(line("agent", "s3cret", "$6$rounds=1000$salt$"));
    cr_expect_eq(ask(a, WRONG, "1"), AUTH_WRONG);
    cr_expect_eq(ask(a, OTHER, "1"), AUTH_WRONG);
    cr_expect_eq(ask(a, RIGHT, "1"), AUTH_YES);
    cr_expect_eq(ask(a, WRONG, "1"), AUTH_WRONG, "another password of a known user");
}

Test(auth, what_is_no_basic_credentials_is_missing)
{
    static const char *const headers[] = {NULL,
                                          "",
                                          "Basic",
                                          "Basic ",
                                          "Bearer YWdlbnQ6czNjcmV0",
                                          "Basic YWdlbnQ",
                                          "Basic !!!!",
                                          "Basic YWdlbnQ6AHg=" /* a NUL in the password */};
    AUTO(auth_destroy) struct auth *a = open_with(line("agent", "s3cret", "$6$rounds=1000$salt$"));
    for (size_t i = 0; i < COUNT(headers); i++)
        cr_expect_eq(ask(a, headers[i], "1"), AUTH_MISSING, "%zu", i);
    char longest[4096];
    memset(longest, 'Y', sizeof longest);
    memcpy(longest, "Basic ", 6);
    longest[sizeof longest - 1] = '\0';
    cr_expect_eq(ask(a, longest, "1"), AUTH_MISSING);
}

Test(auth, every_strong_hash_of_the_system_is_taken)
{
    static const struct {
        const char *prefix;
        unsigned long cost;
    } kinds[] = {{"$6$", 1000}, {"$2b$", 4}, {"$2y$", 4}, {"$y$", 1}};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        char salt[CRYPT_GENSALT_OUTPUT_SIZE];
        cr_assert_not_null(crypt_gensalt_rn(kinds[i].prefix, kinds[i].cost, NULL, 0, salt, sizeof salt));
        AUTO(auth_destroy) struct auth *a = open_with(line("agent", "s3cret", salt));
        cr_expect_eq(ask(a, RIGHT, "1"), AUTH_YES, "%s", salt);
        cr_expect_eq(ask(a, WRONG, "1"), AUTH_WRONG, "%s", salt);
    }
}

Test(auth, guessing_is_limited_for_each_client_and_never_for_known_pairs)
{
    AUTO(auth_destroy) struct auth *a = open_with(line("agent", "s3cret", "$6$rounds=1000$salt$"));
    cr_assert_eq(ask(a, RIGHT, "guess"), AUTH_YES);
    for (int i = 0; i < AUTH_FAILURES; i++)
        cr_expect_eq(ask(a, WRONG, "guess"), AUTH_WRONG, "%d", i);
    cr_expect_eq(ask(a, WRONG, "guess"), AUTH_LIMITED);
    cr_expect_eq(ask(a, RIGHT, "guess"), AUTH_YES);
    cr_expect_eq(ask(a, WRONG, "other"), AUTH_WRONG);
}

Test(auth, a_changed_file_is_read_and_forgets)
{
    bool changed;
    AUTO(auth_destroy) struct auth *a = open_with(line("agent", "s3cret", "$6$rounds=1000$salt$"));
    cr_assert_eq(ask(a, RIGHT, "1"), AUTH_YES);
    cr_expect_eq(auth_refresh(a, false, &changed, &why), ST_OK);
    cr_expect_not(changed);
    write_users(line("agent", "another", "$6$rounds=1000$salt$"));
    cr_expect_eq(auth_refresh(a, false, &changed, &why), ST_OK);
    cr_expect(changed);
    cr_expect_eq(ask(a, RIGHT, "1"), AUTH_WRONG);
}

Test(auth, a_file_that_became_wrong_changes_nothing)
{
    bool changed;
    AUTO(auth_destroy) struct auth *a = open_with(line("agent", "s3cret", "$6$rounds=1000$salt$"));
    write_users("agent:plain\n");
    cr_expect_eq(auth_refresh(a, false, &changed, &why), ST_INVALID);
    cr_expect_str_eq(why.code, "users_file");
    cr_expect_not_null(strstr(why.text, "line 1"), "%s", why.text);
    cr_expect_eq(ask(a, RIGHT, "1"), AUTH_YES);
    cr_expect_eq(auth_refresh(a, false, &changed, &why), ST_OK, "said once");
}

Test(auth, files_without_a_usable_user_are_refused)
{
    static const char *const texts[] = {"",
                                        "# only\n\n",
                                        "agent\n",
                                        ":x\n",
                                        "agent:\n",
                                        "agent:{SHA}deadbeef=\n",
                                        "agent:$apr1$salt$hash\n",
                                        "agent:abJnggxhB/yWI\n" /* DES */,
                                        "agent:$5$rounds=1000$x$hash\n"};
    struct auth *a = NULL;
    for (size_t i = 0; i < COUNT(texts); i++) {
        write_users(texts[i]);
        cr_expect_eq(auth_new(path, &a, &why), ST_INVALID, "%s", texts[i]);
    }
    char twice[1024];
    snprintf(twice, sizeof twice, "%s", line("agent", "a", "$6$rounds=1000$x$"));
    snprintf(twice + strlen(twice), sizeof twice - strlen(twice), "%s", line("agent", "b", "$6$rounds=1000$x$"));
    write_users(twice);
    cr_expect_eq(auth_new(path, &a, &why), ST_INVALID);
    (void)unlink(path);
    cr_expect_eq(auth_new(path, &a, &why), ST_NOT_FOUND);
}

Test(auth, what_waits_at_the_end_is_answered)
{
    struct auth *a = open_with(line("agent", "s3cret", "$6$rounds=1000$salt$"));
    for (int i = 0; i < 20; i++)
        cr_expect_eq(ask_once(a, WRONG, "1"), AUTH_LATER);
    auth_stop(a);
    cr_expect_eq(ask(a, WRONG, "2"), AUTH_BUSY);
    auth_destroy(a);
    cr_expect_eq(answers, 20);
}
