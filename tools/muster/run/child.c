#include "tools/muster/run/child.h"

#include "common/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { EXIT_NOT_EXECUTED = 127 };

/* The environment is the operator's place for settings of the services: it is kept, and what the plan says comes on top. What
 * is meant for this program alone is taken out, because a service takes a variable that nobody knows for a mistake. */
static void set_environment(const struct child *c)
{
    for (size_t i = 0; i < c->plan->env_count; i++)
        setenv(c->plan->env[i].name, c->plan->env[i].value, !c->plan->env[i].is_default);
    if (*c->http)
        setenv("MUSTER_GATEWAY_HTTP", c->http, 1);
    if (*c->https)
        setenv("MUSTER_GATEWAY_HTTPS", c->https, 1);
}

static void redirect(const char *log)
{
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(EXIT_NOT_EXECUTED);
}

/* In the new process, before its program: signals as a program expects them, and an end with its parent. */
static void prepare(pid_t parent, bool own_group)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (own_group)
        setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it was killed before the line above */
        _exit(EXIT_NOT_EXECUTED);
}

void child_execute(const char *const *argv)
{
    char *const *words; /* the same: execvp() is older than const, and changes nothing */
    memcpy(&words, &argv, sizeof words);
    execvp(words[0], words);
    fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(EXIT_NOT_EXECUTED);
}

status child_start(struct child *c, struct reason *why)
{
    if (c->plan->spool && mkdir(c->plan->spool, 0700) != 0 && errno != EEXIST) {
        reason_set(why, "mkdir", "cannot make %s: %s", c->plan->spool, strerror(errno));
        return ST_IO;
    }
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        reason_set(why, "fork", "cannot start %s: %s", c->plan->name, strerror(errno));
        return ST_IO;
    }
    if (pid == 0) {
        prepare(parent, true);
        redirect(c->plan->log);
        set_environment(c);
        child_execute(c->plan->argv);
    }
    c->pid = pid;
    c->started_ms = clock_steady_ms();
    c->restart_at_ms = 0;
    c->ready = false;
    return ST_OK;
}

void child_signal(const struct child *c, int signal)
{
    if (c->pid > 0)
        kill(c->pid, signal);
}

void child_end_text(const struct child *c, char *out, size_t room)
{
    if (WIFSIGNALED(c->wait_status))
        snprintf(out, room, "signal %d (%s)", WTERMSIG(c->wait_status), strsignal(WTERMSIG(c->wait_status)));
    else
        snprintf(out, room, "exit status %d", WEXITSTATUS(c->wait_status));
}

int child_backoff_ms(unsigned failures)
{
    return failures < 7 ? 100 << failures : 10000;
}

status child_run(const char *const *argv, const char *log, struct reason *why)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        prepare(parent, false);
        redirect(log);
        child_execute(argv);
    }
    int end = 0;
    while (pid > 0 && waitpid(pid, &end, 0) < 0 && errno == EINTR)
        ;
    if (pid > 0 && WIFEXITED(end) && WEXITSTATUS(end) == 0)
        return ST_OK;
    reason_set(why, "run", "%s failed (%s %d); see %s", argv[0], WIFSIGNALED(end) ? "signal" : "exit status",
               WIFSIGNALED(end) ? WTERMSIG(end) : WEXITSTATUS(end), log);
    return ST_IO;
}

void child_log_tail(const char *log, unsigned lines, FILE *to)
{
    enum { ROOM = 8192 };
    char text[ROOM + 1];
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    ssize_t len = end < 0 ? 0 : pread(fd, text, ROOM, end > ROOM ? end - ROOM : 0);
    if (fd >= 0)
        close(fd);
    text[len > 0 ? len : 0] = '\0';
    char *from = text + strlen(text);
    for (unsigned seen = 0; from > text; from--)
        if (from[-1] == '\n' && from[0] && ++seen > lines - 1)
            break;
    for (char *line = strtok(from, "\n"); line; line = strtok(NULL, "\n"))
        fprintf(to, "  | %s\n", line);
}
