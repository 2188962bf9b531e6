#include "common/auth/users.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 16 << 20 };

void users_clear(struct users *u)
{
    if (u->text)
        explicit_bzero(u->text, strlen(u->text));
    free(u->text);
    free(u->list);
    *u = (struct users){0};
}

static status read_text(const char *file, char **out, struct reason *why)
{
    AUTO(fd_close) int fd = open(file, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        reason_set(why, "users_file", "cannot read the users in %.120s: %s", file, strerror(errno));
        return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
    }
    if (!S_ISREG(info.st_mode) || info.st_size > FILE_MAX) {
        reason_set(why, "users_file", "%.120s is no file, or has more than %d MiB", file, FILE_MAX >> 20);
        return ST_INVALID;
    }
    char *text = calloc(1, (size_t)info.st_size + 1);
    ssize_t len = text ? read(fd, text, (size_t)info.st_size) : -1;
    if (len < 0) {
        free(text);
        reason_set(why, "users_file", "cannot read the users in %.120s", file);
        return ST_IO;
    }
    *out = text;
    return ST_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct user *)a)->name, ((const struct user *)b)->name);
}

/* @return what is wrong with a line, or NULL */
static const char *take_line(struct users *u, char *line)
{
    char *colon = strchr(line, ':');
    if (!colon || colon == line)
        return "user:hash is expected";
    *colon = '\0';
    char *hash = colon + 1;
    hash[strcspn(hash, ":\r \t")] = '\0'; /* as in /etc/shadow, more fields may follow */
    if (crypt_checksalt(hash) != CRYPT_SALT_OK)
        return "its hash is of a kind that is not strong or not known; make it with openssl passwd -6 or htpasswd -B";
    u->list[u->count++] = (struct user){.name = line, .hash = hash};
    return NULL;
}

static status take_lines(struct users *u, const char *file, struct reason *why)
{
    unsigned number = 0;
    for (char *line = u->text, *end; line && *line; line = end) {
        end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        number++;
        line[strcspn(line, "\r")] = '\0';
        const char *fault = *line && *line != '#' ? take_line(u, line) : NULL;
        if (fault) {
            reason_set(why, "users_file", "%.60s, line %u: %s", file, number, fault);
            return ST_INVALID;
        }
    }
    qsort(u->list, u->count, sizeof *u->list, compare);
    for (size_t i = 1; i < u->count; i++)
        if (compare(&u->list[i - 1], &u->list[i]) == 0) {
            reason_set(why, "users_file", "%.60s names the user %.40s twice", file, u->list[i].name);
            return ST_INVALID;
        }
    if (u->count == 0) {
        reason_set(why, "users_file", "%.120s names no user: nobody could send", file);
        return ST_INVALID;
    }
    return ST_OK;
}

status users_read(const char *file, struct users *out, struct reason *why)
{
    struct users u = {0};
    status st = read_text(file, &u.text, why);
    if (st != ST_OK)
        return st;
    size_t lines = 1;
    for (const char *p = u.text; (p = strchr(p, '\n')); p++)
        lines++;
    u.list = calloc(lines, sizeof *u.list);
    st = u.list ? take_lines(&u, file, why) : ST_NO_MEMORY;
    if (st == ST_OK)
        *out = u;
    else
        users_clear(&u);
    return st;
}

struct user *users_find(const struct users *u, const char *name)
{
    const struct user key = {.name = name};
    return bsearch(&key, u->list, u->count, sizeof *u->list, compare);
}
