/* The password of a target: in its address, or in a file that is read again whenever it is asked for. */
#include "common/db/db.h"

#include <errno.h>
#include <stdio.h>

static status unreadable(const struct db_target *t, const char *what, struct reason *why)
{
    reason_set(why, "db_password", "the database's password cannot be read from %s: %s", t->password_file, what);
    return ST_UNAVAILABLE;
}

static status read_file(const struct db_target *t, char out[DB_PASSWORD_MAX], struct reason *why)
{
    char text[DB_PASSWORD_MAX + 2]; /* with the end of its line */
    FILE *f = fopen(t->password_file, "re");
    if (!f)
        return unreadable(t, strerror(errno), why);
    size_t len = fread(text, 1, sizeof text, f);
    int error = ferror(f) ? errno : 0;
    fclose(f);
    if (error)
        return unreadable(t, strerror(error), why);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    bool fits = len < DB_PASSWORD_MAX && !memchr(text, '\0', len);
    if (fits) {
        memcpy(out, text, len);
        out[len] = '\0';
    }
    explicit_bzero(text, sizeof text);
    return fits ? ST_OK : unreadable(t, "what is in it is no password", why);
}

status db_password(const struct db_target *t, char out[DB_PASSWORD_MAX], struct reason *why)
{
    if (t->password_file[0])
        return read_file(t, out, why);
    memcpy(out, t->password, DB_PASSWORD_MAX);
    return ST_OK;
}
