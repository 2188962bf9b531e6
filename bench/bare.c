#include "bench/bare.h"

#include "bench/measure.h"
#include "common/http/http.h"
#include "common/tls/tls.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum { FILE_SIZE = 64 << 20, TOGETHER_MAX = 128 };

static void answer(void *ctx, struct http_request *request)
{
    (void)ctx;
    http_answer(request,
                &(struct http_response){.status = 200, .content_type = "text/plain", .body = VIEW_LITERAL("ok")});
}

static _Noreturn void serve(const char *tls_folder, int tell, int hold)
{
    const struct http_route route = {"/", answer, NULL};
    struct tls_context *tls = NULL;
    struct http_server *server = NULL;
    struct reason why = {0};
    char text[128], end;
    (void)signal(SIGPIPE, SIG_IGN);
    if (tls_context_new(&(struct tls_settings){.folder = tls_folder}, &tls, &why) == ST_OK &&
        http_server_new(
            &(struct http_settings){.http = "127.0.0.1:0", .https = "127.0.0.1:0", .tls = tls, .threads = 2}, &route, 1,
            &server, &why) == ST_OK) {
        int len = snprintf(text, sizeof text, "%s %s\n", http_server_address(server, false),
                           http_server_address(server, true));
        if (write(tell, text, (size_t)len) == len)
            (void)!read(hold, &end, 1);
    }
    if (why.text[0])
        fprintf(stderr, "bench: %s\n", why.text);
    _exit(0);
}

status bare_server_start(struct bare_server *s, const char *tls_folder)
{
    int tell[2], hold[2];
    char text[128] = "";
    *s = (struct bare_server){.hold = -1};
    if (pipe2(tell, O_CLOEXEC) != 0 || pipe2(hold, O_CLOEXEC) != 0)
        return ST_IO;
    s->pid = fork();
    if (s->pid == 0) {
        close(hold[1]);
        serve(tls_folder, tell[1], hold[0]);
    }
    close(tell[1]);
    close(hold[0]);
    s->hold = hold[1];
    ssize_t len = s->pid > 0 ? read(tell[0], text, sizeof text - 1) : -1;
    close(tell[0]);
    return len > 0 && sscanf(text, "%63s %63s", s->http, s->https) == 2 ? ST_OK : ST_IO;
}

void bare_server_stop(struct bare_server *s)
{
    if (s->hold >= 0)
        close(s->hold);
    if (s->pid > 0)
        (void)waitpid(s->pid, NULL, 0);
    *s = (struct bare_server){.hold = -1};
}

static double commit_all(int fd, const char *record, size_t len, unsigned together, unsigned count)
{
    struct iovec parts[TOGETHER_MAX];
    off_t at = 0;
    for (unsigned i = 0; i < together; i++)
        parts[i] = (struct iovec){(void *)(uintptr_t)record, len};
    double begin = measure_wall_s();
    for (unsigned done = 0; done < count; done += together) {
        if (at + (off_t)(together * len) > FILE_SIZE)
            at = 0;
        if (pwritev(fd, parts, (int)together, at) != (ssize_t)(together * len) || fdatasync(fd) != 0)
            return 0;
        at += (off_t)(together * len);
    }
    return count / (measure_wall_s() - begin);
}

double bare_commits(const char *folder, size_t len, unsigned together, unsigned count)
{
    char path[4200];
    static char zeros[1 << 20];
    snprintf(path, sizeof path, "%s/bare-commits", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && len <= sizeof zeros && together <= TOGETHER_MAX;
    for (int i = 0; good && i < FILE_SIZE >> 20; i++)
        good = write(fd, zeros, sizeof zeros) == (ssize_t)sizeof zeros;
    double rate = good && fsync(fd) == 0 ? commit_all(fd, zeros, len, together, count) : 0;
    if (fd >= 0)
        close(fd);
    unlink(path);
    return rate;
}
