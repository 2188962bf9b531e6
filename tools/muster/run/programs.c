#include "tools/muster/run/programs.h"

#include "tools/muster/run/private_db.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char beside[CHILD_KINDS][PATH_MAX];

/* `<folder of this program>/muster-<kind>`, or the bare name, which execvp() looks for in PATH. */
static const char *find(enum child_kind kind)
{
    char *path = beside[kind];
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
    char *slash = NULL;
    if (len > 0) {
        path[len] = '\0';
        slash = strrchr(path, '/');
    }
    size_t at = slash ? (size_t)(slash - path) + 1 : 0;
    int more = snprintf(path + at, PATH_MAX - at, "muster-%s", child_kind_name(kind));
    if (more < 0 || (size_t)more >= PATH_MAX - at || access(path, X_OK) != 0)
        snprintf(path, PATH_MAX, "muster-%s", child_kind_name(kind));
    return path;
}

static bool in_path(const char *name)
{
    const char *path = getenv("PATH");
    for (size_t len; path && *path; path += len + (path[len] == ':')) {
        char full[PATH_MAX];
        len = strcspn(path, ":");
        snprintf(full, sizeof full, "%.*s/%s", (int)len, path, name);
        if (access(full, X_OK) == 0)
            return true;
    }
    return false;
}

status programs_find(const char *out[static CHILD_KINDS], struct reason *why)
{
    out[CHILD_DATABASE] = private_db_program();
    if (!out[CHILD_DATABASE])
        out[CHILD_DATABASE] = "mariadbd"; /* told by private_db_prepare(), when one is wanted */
    for (int kind = CHILD_WRITER; kind < CHILD_KINDS; kind++) {
        out[kind] = find((enum child_kind)kind);
        if (!strchr(out[kind], '/') && !in_path(out[kind])) {
            reason_set(why, "no_program", "%s is neither beside this program nor in PATH", out[kind]);
            return ST_NOT_FOUND;
        }
    }
    return ST_OK;
}
