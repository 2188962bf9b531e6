/* muster down: asks the supervisor to end, shows what it says meanwhile, and returns when the folder is free. */
#include "common/base/cleanup.h"
#include "common/settings/settings.h"
#include "tools/muster/command.h"
#include "tools/muster/run/state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>

static int open_log_end(const struct folder *f)
{
    char path[FOLDER_PATH_MAX];
    folder_path(f, "log/up.log", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        lseek(fd, 0, SEEK_END);
    return fd;
}

static void show_new_lines(int log)
{
    char text[4096];
    for (ssize_t len; log >= 0 && (len = read(log, text, sizeof text)) > 0;)
        fwrite(text, 1, (size_t)len, stdout);
    fflush(stdout);
}

/* Before up.json is there, the lock file knows the supervisor. */
static long supervisor_pid(const struct folder *f)
{
    char path[FOLDER_PATH_MAX], text[32] = "";
    folder_path(f, "run/lock", path);
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, text, sizeof text - 1) > 0 ? strtol(text, NULL, 10) : 0;
}

int command_down(const struct options *options)
{
    static const struct timespec pause = {0, 20 * 1000000L};
    struct folder folder;
    struct reason why;
    if (folder_find(options->data, &folder, &why) != ST_OK)
        return complain(&why), EXIT_FAILED;
    if (!folder_in_use(&folder))
        return printf("nothing runs on %s\n", folder.data) < 0 ? EXIT_FAILED : EXIT_CLEAN;
    long pid = supervisor_pid(&folder);
    AUTO(fd_close) int log = open_log_end(&folder);
    if (pid > 1 && kill((pid_t)pid, SIGTERM) != 0 && errno != ESRCH)
        return fprintf(stderr, "muster: cannot signal process %ld: %s\n", pid, strerror(errno)), EXIT_FAILED;
    while (folder_in_use(&folder)) {
        show_new_lines(log);
        nanosleep(&pause, NULL);
    }
    show_new_lines(log);
    return EXIT_CLEAN;
}
