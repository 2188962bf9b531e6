#include "tests/support/private_database.h"

#include "common/base/clock.h"
#include "schema/schema_text.h"

#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 30000, ARGS_MAX = 40 };

static const char folder_variable[] = "MUSTER_TEST_PRIVATE_DATABASE";
static pid_t server;

static void run(const char *command)
{
    if (system(command) != 0) {
        fprintf(stderr, "failed: %s\n", command);
        _exit(1);
    }
}

static struct db_target target_of(const char *name)
{
    struct db_target t = {.user = "root", .port = 3306, .connect_s = 5, .read_s = 60, .write_s = 60};
    const char *folder = getenv(folder_variable);
    cr_assert_not_null(folder, "the private database was not started");
    snprintf(t.socket, sizeof t.socket, "%s/sock", folder);
    snprintf(t.host, sizeof t.host, "localhost");
    snprintf(t.name, sizeof t.name, "%s", name);
    snprintf(t.time_zone, sizeof t.time_zone, "SYSTEM");
    return t;
}

/* Options of the server, at most ARGS_MAX: ours, then those of the variable MUSTER_TEST_DATABASE_OPTIONS, separated by blanks. */
static void run_server(const char *folder)
{
    char text[2048], *args[ARGS_MAX + 1], *rest = NULL;
    const char *more = getenv("MUSTER_TEST_DATABASE_OPTIONS");
    size_t count = 0;
    /* no sync: only the tests' own kills have to be survived; a server that starts empties its tmpdir: never a shared one */
    snprintf(
        text, sizeof text,
        "mariadbd --no-defaults --datadir=%s/data --socket=%s/sock --pid-file=%s/pid --tmpdir=%s/tmp --skip-networking "
        "--innodb-buffer-pool-size=64M --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 "
        "--innodb-flush-method=nosync --max-connections=200 %s %s",
        folder, folder, folder, folder, geteuid() == 0 ? "--user=root" : "", more ? more : "");
    for (char *arg = strtok_r(text, " ", &rest); arg && count < ARGS_MAX; arg = strtok_r(NULL, " ", &rest))
        args[count++] = arg;
    args[count] = NULL;
    execvp(args[0], args);
    _exit(127);
}

static void start_server(const char *folder)
{
    server = fork();
    if (server != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test program that is killed leaves no server behind */
    char log_file[256];
    snprintf(log_file, sizeof log_file, "%s/log", folder);
    if (!freopen(log_file, "w", stderr) || !freopen("/dev/null", "w", stdout))
        _exit(126);
    run_server(folder);
}

static void wait_for_server(void)
{
    struct db_target t = target_of("mysql");
    int64_t deadline = clock_steady_ms() + START_MS;
    while (clock_steady_ms() < deadline) {
        AUTO(db_close) struct db *db = NULL;
        if (db_open(&t, &db, NULL) == ST_OK)
            return;
        usleep(20000); /* nothing tells when a server of MariaDB is ready but asking it */
    }
    fprintf(stderr, "the private database did not start\n");
    _exit(1);
}

ReportHook(PRE_ALL)(struct criterion_test_set *tests)
{
    (void)tests;
    char folder[128], command[1024];
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/muster-db-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(folder) || setenv(folder_variable, folder, 1) != 0)
        _exit(1);
    snprintf(command, sizeof command,
             "mkdir %s/tmp && mariadb-install-db --no-defaults --datadir=%s/data --tmpdir=%s/tmp"
             " --auth-root-authentication-method=normal --skip-test-db%s >%s/install.log 2>&1",
             folder, folder, folder, geteuid() == 0 ? " --user=root" : "", folder);
    run(command);
    db_library_init();
    start_server(folder);
    wait_for_server();
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
    (void)stats;
    if (server > 0 && kill(server, SIGKILL) == 0)
        waitpid(server, NULL, 0);
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", getenv(folder_variable));
    run(command);
}

struct db *private_database_open(const struct db_target *target)
{
    struct db *db = NULL;
    struct reason why = {0};
    status st = db_open(target, &db, &why);
    cr_assert_eq(st, ST_OK, "%s", why.text);
    return db;
}

struct db_target private_database_new(const char *name)
{
    struct db_target base = target_of("mysql");
    AUTO(db_close) struct db *db = private_database_open(&base);
    cr_assert_eq(db_exec(db, "CREATE DATABASE `%s` CHARACTER SET utf8mb3", name), ST_OK, "%s", db_error(db));
    return target_of(name);
}

void private_database_script(const struct db_target *target, struct view sql)
{
    char command[768];
    snprintf(command, sizeof command, "mariadb --no-defaults -u root --socket='%s' '%s'", target->socket, target->name);
    FILE *client = popen(command, "w");
    cr_assert_not_null(client);
    size_t written = fwrite(sql.data, 1, sql.len, client);
    cr_assert(pclose(client) == 0 && written == sql.len, "the database refused a script");
}

struct db_target private_database_with_schema(const char *name)
{
    struct db_target t = private_database_new(name);
    AUTO(buffer_clear) struct buffer all = BUFFER_INIT(4 << 20);
    buffer_add(&all, schema_base.data, schema_base.len);
    buffer_add(&all, schema_seed.data, schema_seed.len);
    buffer_add(&all, schema_muster.data, schema_muster.len);
    private_database_script(&t, buffer_view(&all));
    return t;
}

const char *private_database_url(const struct db_target *target, char *out)
{
    snprintf(out, PRIVATE_DATABASE_URL, "mysql://%s@localhost/%s?socket=%s", target->user, target->name,
             target->socket);
    return out;
}
