/* muster up: prepares the folder, makes the plan, goes into the background when asked, and hands over to the supervisor. */
#include "common/db/db.h"
#include "common/sections/sections.h"
#include "common/settings/settings.h"
#include "tools/muster/command.h"
#include "tools/muster/run/guide.h"
#include "tools/muster/run/private_db.h"
#include "tools/muster/run/programs.h"
#include "tools/muster/run/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>

enum { PLAN_MEMORY = 4 << 20 };

/* Ends what the background process writes to the one that waits for it: everything is ready. */
static const char ready_mark = '\004';

struct up {
    const struct options *options;
    struct folder folder;
    struct plan plan;
    struct voice voice;
    FILE *waiting; /* the pipe to the process that waits; NULL when not detached */
};

/* ---- in the background ---- */

/* Show what the background process says until it is ready or gives up. */
static int wait_for_ready(int from, pid_t pid)
{
    char text[4096];
    bool ready = false;
    for (ssize_t len; (len = read(from, text, sizeof text)) > 0 || (len < 0 && errno == EINTR);) {
        if (len > 0 && text[len - 1] == ready_mark) {
            ready = true;
            len--;
        }
        if (len > 0)
            fwrite(text, 1, (size_t)len, stdout);
        fflush(stdout);
    }
    int end = 0;
    if (ready)
        return EXIT_CLEAN;
    return waitpid(pid, &end, 0) == pid && WIFEXITED(end) && WEXITSTATUS(end) ? WEXITSTATUS(end) : EXIT_FAILED;
}

static bool leave_terminal(FILE *log)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool good =
        null >= 0 && setsid() > 0 && dup2(null, 0) == 0 && dup2(fileno(log), 1) == 1 && dup2(fileno(log), 2) == 2;
    if (null >= 0)
        close(null);
    return good;
}

/* Returns in the background process with true; in the other one with false and the exit status. */
static bool detach(struct up *up, int *exit_status)
{
    int ends[2];
    pid_t pid = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;
    if (pid < 0) {
        fprintf(stderr, "muster: cannot go into the background: %s\n", strerror(errno));
        *exit_status = EXIT_FAILED;
        return false;
    }
    if (pid > 0) {
        close(ends[1]);
        *exit_status = wait_for_ready(ends[0], pid);
        return false;
    }
    close(ends[0]);
    up->waiting = up->voice.person = fdopen(ends[1], "w");
    if (up->waiting && leave_terminal(up->voice.log))
        return true;
    _exit(EXIT_FAILED);
}

static void release_waiting(struct up *up)
{
    if (!up->waiting)
        return;
    fputc(ready_mark, up->waiting);
    fclose(up->waiting);
    up->waiting = up->voice.person = NULL;
}

/* ---- ready ---- */

static void on_ready(void *ctx, const struct plan *plan, const struct child *children)
{
    struct up *up = ctx;
    struct guide guide = {.data = up->folder.data,
                          .listen = up->options->listen,
                          .database = plan->database_socket ? plan->database_socket : "",
                          .detached = up->waiting != NULL};
    for (size_t i = 0; i < plan->count; i++)
        if (plan->children[i].kind == CHILD_GATEWAY && guide.count++ == 0)
            guide.gateways = &children[i]; /* children are ordered by kind */
    readiness_certificate(guide.gateways, &guide.certificate);
    guide_print(&guide, up->voice.person);
    if (up->voice.log)
        voice_say(&(struct voice){.log = up->voice.log}, "ready: %s, %s", guide.gateways->http, guide.gateways->https);
    release_waiting(up);
}

/* ---- before ---- */

static status open_log(struct up *up, struct reason *why)
{
    char path[FOLDER_PATH_MAX];
    folder_path(&up->folder, "log/up.log", path);
    up->voice = (struct voice){.person = stdout, .log = fopen(path, "ae")};
    if (up->voice.log)
        return ST_OK;
    reason_set(why, "log", "cannot write %s: %s", path, strerror(errno));
    return ST_IO;
}

/* A wrong address of a database is found here, not by the services one after the other. */
static status check_database(const char *url, struct reason *why)
{
    struct db_target target;
    return *url ? db_target_parse(url, &target, why) : ST_OK;
}

/* The tests run the private database with other options than ours, for example with another sql_mode. */
static const char database_options_variable[] = "MUSTER_TEST_DATABASE_OPTIONS";

/* The same for the file of sections, which parsers and writers would refuse. */
static status check_sections(const char *path, struct reason *why)
{
    AUTO(section_map_free) struct section_map *map = NULL;
    return section_map_read(path, &map, why);
}

/* Bytes of memory that this machine has; 0: it does not say. */
static uint64_t machine_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
}

static status make_plan(struct up *up, const char *database, struct arena *arena, struct reason *why)
{
    const char *environment = getenv("MUSTER_SECTIONS_FILE"), *given = up->options->sections;
    struct plan_input in = {.options = up->options,
                            .folder = &up->folder,
                            .database = database,
                            .sections = *given        ? given
                                        : environment ? environment
                                                      : "",
                            .user = private_db_user(),
                            .memory = machine_memory(),
                            .database_options = getenv(database_options_variable)};
    status st = programs_find(in.programs, why);
    if (st == ST_OK)
        st = check_sections(in.sections, why);
    if (st == ST_OK)
        st = check_database(database, why);
    return st == ST_OK ? plan_make(&in, arena, &up->plan, why) : st;
}

static status prepare(struct up *up, const char *database, struct arena *arena, int *lock, struct reason *why)
{
    status st = folder_make(up->options->data, &up->folder, why);
    if (st == ST_OK)
        st = make_plan(up, database, arena, why);
    if (st == ST_OK)
        st = folder_lock(&up->folder, lock, why);
    return st == ST_OK ? open_log(up, why) : st;
}

/* In the process that stays: its id into the lock file, the database's folder, and on. */
static int run(struct up *up, int lock)
{
    struct reason why;
    bool made = false;
    if (ftruncate(lock, 0) != 0 || dprintf(lock, "%ld\n", (long)getpid()) < 0)
        voice_say(&up->voice, "run/lock cannot be written: %s", strerror(errno));
    if (up->folder.sockets_elsewhere)
        voice_say(&up->voice,
                  "sockets are in %s: the path of the data folder is too long for them or has special characters",
                  up->folder.sockets);
    voice_say(&up->voice, "starting on %s", up->folder.data);
    if (up->plan.database_socket && private_db_prepare(&up->folder, &made, &why) != ST_OK)
        return voice_say(&up->voice, "%s", why.text), EXIT_FAILED;
    if (made)
        voice_say(&up->voice, "made a database folder for a private MariaDB");
    return supervisor_run(&(struct supervisor_run){
        .folder = &up->folder, .plan = &up->plan, .voice = &up->voice, .on_ready = on_ready, .ctx = up});
}

int command_up(const struct options *options)
{
    struct up up = {.options = options};
    struct reason why;
    int lock = -1, exit_status = EXIT_FAILED; /* the lock's descriptor stays open to the end */
    const char *environment = getenv("MUSTER_DATABASE");
    const char *database = *options->database ? options->database : environment ? environment : "";
    AUTO(arena_destroy) struct arena *arena = arena_new(PLAN_MEMORY);
    status st = arena ? prepare(&up, database, arena, &lock, &why) : ST_NO_MEMORY;
    if (st != ST_OK)
        return complain(&why), st == ST_INVALID ? EXIT_USAGE : EXIT_FAILED;
    db_library_init();
    if (!options->detach || detach(&up, &exit_status))
        exit_status = run(&up, lock);
    fclose(up.voice.log);
    return exit_status;
}
