/* muster sql: becomes the mariadb client, connected to the database that `up` works with. */
#include "common/db/db.h"
#include "common/settings/settings.h"
#include "tools/muster/command.h"
#include "tools/muster/run/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int become_client(const struct db_target *t, const char *statement)
{
    char host[300], port[32], user[160], socket[300], execute[16] = "--execute";
    snprintf(host, sizeof host, "--host=%s", t->host);
    snprintf(port, sizeof port, "--port=%u", t->port);
    snprintf(user, sizeof user, "--user=%s", t->user);
    snprintf(socket, sizeof socket, "--socket=%s", t->socket);
    char *argv[12] = {(char[]){"mariadb"}, (char[]){"--no-defaults"}, (char[]){"--default-character-set=utf8mb4"},
                      user};
    size_t n = 4;
    if (*t->socket) {
        argv[n++] = socket;
    } else {
        argv[n++] = host;
        argv[n++] = port;
        argv[n++] = (char[]){"--protocol=tcp"};
    }
    if (*statement) {
        argv[n++] = execute;
        argv[n++] = strdup(statement);
    }
    argv[n++] = strdup(t->name);
    /* Not as an argument: those can be read by everybody on the machine. */
    char password[DB_PASSWORD_MAX];
    struct reason why;
    if (db_password(t, password, &why) != ST_OK)
        return complain(&why), EXIT_FAILED;
    if (*password)
        setenv("MYSQL_PWD", password, 1);
    execvp(argv[0], argv);
    fprintf(stderr, "muster: cannot run mariadb: %s (apt-get install mariadb-client-core)\n", strerror(errno));
    return EXIT_FAILED;
}

int command_sql(const struct options *options)
{
    struct folder folder;
    struct reason why;
    struct db_target target;
    AUTO(state_free) struct state *state = NULL;
    if (folder_find(options->data, &folder, &why) != ST_OK || state_read(&folder, &state, &why) != ST_OK)
        return complain(&why), EXIT_NOT_RUNNING;
    if (db_target_parse(state->database, &target, &why) != ST_OK)
        return complain(&why), EXIT_FAILED;
    return become_client(&target, options->statement);
}
