#include "tools/muster/run/private_db.h"

#include "common/base/cleanup.h"
#include "tools/muster/run/child.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

const char *private_db_program(void)
{
    /* sbin is not in the PATH of ordinary users. */
    static const char *const places[] = {"/usr/sbin/mariadbd", "/usr/local/sbin/mariadbd", "/usr/bin/mariadbd"};
    for (size_t i = 0; i < COUNT(places); i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

const char *private_db_user(void)
{
    return geteuid() == 0 ? "root" : NULL;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info, (void)type, (void)where;
    return remove(path);
}

/* mariadb-install-db is a shell script that takes a blank in a path for the end of it: such a folder is shown to it by
 * another name, a link in the folder of the sockets. (The server itself minds no blanks.) */
static status plain_name(const struct folder *f, char out[static FOLDER_PATH_MAX], struct reason *why)
{
    folder_path(f, "db.new", out);
    if (!f->sockets_elsewhere)
        return ST_OK;
    char link[FOLDER_PATH_MAX];
    snprintf(link, sizeof link, "%s/data", f->sockets);
    snprintf(out, FOLDER_PATH_MAX, "%s/data/db.new", f->sockets);
    (void)unlink(link); /* of an earlier run; when it cannot be removed, symlink() says why */
    if (symlink(f->data, link) == 0)
        return ST_OK;
    reason_set(why, "symlink", "cannot make %s: %s", link, strerror(errno));
    return ST_IO;
}

static status install(const struct folder *f, const char *log, struct reason *why)
{
    char folder[FOLDER_PATH_MAX], datadir[FOLDER_PATH_MAX + 16], tmpdir[FOLDER_PATH_MAX + 16];
    status st = plain_name(f, folder, why);
    if (st != ST_OK)
        return st;
    snprintf(datadir, sizeof datadir, "--datadir=%s", folder);
    snprintf(tmpdir, sizeof tmpdir, "--tmpdir=%.*s/tmp", (int)(strrchr(folder, '/') - folder), folder);
    const char *argv[] = {"mariadb-install-db", "--no-defaults", datadir, tmpdir,
                          /* Who reaches the socket is in: its folder is for its owner only. */
                          "--auth-root-authentication-method=normal", "--skip-test-db",
                          private_db_user() ? "--user=root" : NULL, NULL};
    return child_run(argv, log, why);
}

status private_db_prepare(const struct folder *f, bool *made_out, struct reason *why)
{
    char folder[FOLDER_PATH_MAX], fresh[FOLDER_PATH_MAX], log[FOLDER_PATH_MAX];
    folder_path(f, "db", folder);
    folder_path(f, "db.new", fresh);
    folder_path(f, "log/mariadb-install.log", log);
    *made_out = false;
    if (!private_db_program()) {
        reason_set(why, "no_mariadb",
                   "MariaDB's server is not installed: apt-get install mariadb-server-core, or use --database");
        return ST_NOT_FOUND;
    }
    if (access(folder, F_OK) == 0)
        return ST_OK;
    nftw(fresh, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    status st = install(f, log, why);
    if (st != ST_OK)
        return st;
    if (rename(fresh, folder) != 0) {
        reason_set(why, "rename", "cannot rename %s: %s", fresh, strerror(errno));
        return ST_IO;
    }
    *made_out = true;
    return ST_OK;
}
