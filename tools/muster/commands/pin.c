/* muster pin: which device is held to which certificate (the gateway's setting pin), and how to let it show a new one. */
#include "common/db/db.h"
#include "common/settings/settings.h"
#include "tools/muster/command.h"
#include "tools/muster/run/state.h"

#include <stdio.h>
#include <string.h>

enum { STATEMENT_MAX = 8192 };

static status open_database(const struct options *options, struct db **out, struct reason *why)
{
    struct folder folder;
    struct db_target target;
    AUTO(state_free) struct state *state = NULL;
    const char *url = options->database;
    if (!*url) {
        status st = folder_find(options->data, &folder, why);
        if (st == ST_OK)
            st = state_read(&folder, &state, why);
        if (st != ST_OK)
            return st;
        url = state->database;
    }
    status st = db_target_parse(url, &target, why);
    return st == ST_OK ? db_open(&target, out, why) : st;
}

static int failed(struct db *db)
{
    fprintf(stderr, "muster: %s (is the table there? muster db upgrade)\n", db_error(db));
    return EXIT_FAILED;
}

static int list(struct db *db)
{
    static const char sql[] = "SELECT DEVICEID,KEY_SHA256,PINNED FROM muster_pin ORDER BY DEVICEID";
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (db_query(db, sql, sizeof sql - 1, &rows) != ST_OK)
        return failed(db);
    for (const struct view *row; (row = db_rows_next(rows));)
        printf("%.*s  %.*sZ  %.*s\n", (int)row[1].len, row[1].data, (int)row[2].len, row[2].data, (int)row[0].len,
               row[0].data);
    return EXIT_CLEAN;
}

static int clear(struct db *db, const char *deviceid)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(STATEMENT_MAX);
    buffer_text(&sql, "DELETE FROM muster_pin WHERE DEVICEID=");
    db_quote(db, &sql, view_of(deviceid));
    if (buffer_status(&sql) != ST_OK || db_query(db, sql.data, sql.len, NULL) != ST_OK)
        return failed(db);
    if (db_affected_rows(db) == 0) {
        fprintf(stderr, "muster: %s is not pinned\n", deviceid);
        return EXIT_FAILED;
    }
    printf("%s: the next certificate that it shows is the one it is held to\n", deviceid);
    return EXIT_CLEAN;
}

int command_pin(const struct options *options)
{
    struct reason why = {0};
    AUTO(db_close) struct db *db = NULL;
    bool is_list = strcmp(options->words[0], "list") == 0 && options->word_count == 1;
    bool is_clear = strcmp(options->words[0], "clear") == 0 && options->word_count == 2;
    if (!is_list && !is_clear)
        return fprintf(stderr, "muster: muster pin list, or muster pin clear DEVICEID\n"), EXIT_USAGE;
    db_library_init();
    status st = open_database(options, &db, &why);
    if (st != ST_OK)
        return complain(&why), st == ST_NOT_FOUND ? EXIT_NOT_RUNNING : EXIT_FAILED;
    return is_list ? list(db) : clear(db, options->words[1]);
}
