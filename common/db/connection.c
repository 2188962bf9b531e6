/* Connecting, the session as we want it, and running statements. */
#include "common/db/connection.h"

#include <errmsg.h>
#include <mysqld_error.h>
#include <stdarg.h>
#include <stdio.h>

/* What the numbers of the server (1000-1999) and of the client library (2000-2999) mean to a caller. */
static const struct {
    unsigned number;
    status st;
} meanings[] = {
    {ER_LOCK_DEADLOCK, ST_AGAIN},
    {ER_LOCK_WAIT_TIMEOUT, ST_AGAIN},
    {ER_NEED_REPREPARE, ST_AGAIN},
    {ER_DUP_ENTRY, ST_CONFLICT},
    {ER_NET_PACKET_TOO_LARGE, ST_TOO_BIG},
    {CR_NET_PACKET_TOO_LARGE, ST_TOO_BIG},
    {CR_OUT_OF_MEMORY, ST_UNAVAILABLE}, /* maybe in the middle of an answer: only a new connection helps */
    {CR_CONNECTION_ERROR, ST_UNAVAILABLE},
    {CR_CONN_HOST_ERROR, ST_UNAVAILABLE},
    {CR_UNKNOWN_HOST, ST_UNAVAILABLE},
    {CR_SERVER_GONE_ERROR, ST_UNAVAILABLE},
    {CR_SERVER_HANDSHAKE_ERR, ST_UNAVAILABLE},
    {CR_SERVER_LOST, ST_UNAVAILABLE},
    {CR_MALFORMED_PACKET, ST_UNAVAILABLE}, /* the same */
    {CR_SERVER_LOST_EXTENDED, ST_UNAVAILABLE},
    {ER_CON_COUNT_ERROR, ST_UNAVAILABLE},
    {ER_TOO_MANY_USER_CONNECTIONS, ST_UNAVAILABLE},
    {ER_SERVER_SHUTDOWN, ST_UNAVAILABLE},
    {ER_UNKNOWN_STMT_HANDLER, ST_UNAVAILABLE},      /* a proxy has put another server behind our session */
    {ER_UNKNOWN_COM_ERROR, ST_UNAVAILABLE},         /* a Galera node that has left its cluster */
    {ER_OPTION_PREVENTS_STATEMENT, ST_UNAVAILABLE}, /* read only: a replica, or in the middle of a fail-over */
    {1836 /* ER_READ_ONLY_MODE of MySQL */, ST_UNAVAILABLE},
    {ER_CONNECTION_KILLED, ST_UNAVAILABLE},
    {ER_NET_READ_ERROR, ST_UNAVAILABLE},
    {ER_NET_READ_INTERRUPTED, ST_UNAVAILABLE},
    {ER_NET_ERROR_ON_WRITE, ST_UNAVAILABLE},
    {ER_NET_WRITE_INTERRUPTED, ST_UNAVAILABLE},
};

/* Failures of connecting that waiting does not cure. */
static const unsigned refusals[] = {
    ER_ACCESS_DENIED_ERROR,
    ER_DBACCESS_DENIED_ERROR,
    ER_BAD_DB_ERROR,
    ER_HOST_NOT_PRIVILEGED,
    ER_ACCESS_DENIED_NO_PASSWORD_ERROR,
    ER_NOT_SUPPORTED_AUTH_MODE,
    CR_AUTH_PLUGIN_CANNOT_LOAD,
    CR_SSL_CONNECTION_ERROR,
};

static status meaning_of(unsigned number)
{
    for (size_t i = 0; i < COUNT(meanings); i++)
        if (meanings[i].number == number)
            return meanings[i].st;
    return ST_IO;
}

status db_remember(struct db *db, unsigned number, const char *text)
{
    db->error_no = number;
    snprintf(db->error, sizeof db->error, "%s", text);
    return meaning_of(number);
}

/* The library may fail without a word, when its memory is out for one: where it is in the stream then nobody knows. */
static status remember_handle(struct db *db)
{
    if (mysql_errno(db->handle) == 0)
        return db_remember(db, CR_MALFORMED_PACKET,
                           "the client library failed and does not say why: memory may be out");
    return db_remember(db, mysql_errno(db->handle), mysql_error(db->handle));
}

void db_library_init(void)
{
    /* 0 or out of memory; in the latter case every db_open() fails and says so. */
    (void)mysql_library_init(0, NULL, NULL);
}

static void set_options(MYSQL *handle, const struct db_target *t, bool tls)
{
    unsigned protocol = t->socket[0] ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_DEFAULT, no_files = 0;
    my_bool enforce = tls, verify = t->tls == DB_TLS_VERIFY;
    mysql_optionsv(handle, MYSQL_OPT_CONNECT_TIMEOUT, (const void *)&t->connect_s);
    mysql_optionsv(handle, MYSQL_OPT_READ_TIMEOUT, (const void *)&t->read_s);
    mysql_optionsv(handle, MYSQL_OPT_WRITE_TIMEOUT, (const void *)&t->write_s);
    mysql_optionsv(handle, MYSQL_OPT_PROTOCOL, (const void *)&protocol);
    mysql_optionsv(handle, MYSQL_OPT_LOCAL_INFILE, (const void *)&no_files); /* a server could ask for our files */
    mysql_optionsv(handle, MYSQL_SET_CHARSET_NAME, (const void *)"utf8mb4");
    mysql_optionsv(handle, MYSQL_OPT_SSL_ENFORCE, (const void *)&enforce);
    mysql_optionsv(handle, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, (const void *)&verify);
    if (tls && t->tls_ca[0])
        mysql_optionsv(handle, MYSQL_OPT_SSL_CA, (const void *)t->tls_ca);
    if (tls && t->tls_cert[0])
        mysql_optionsv(handle, MYSQL_OPT_SSL_CERT, (const void *)t->tls_cert);
    if (tls && t->tls_key[0])
        mysql_optionsv(handle, MYSQL_OPT_SSL_KEY, (const void *)t->tls_key);
}

static bool connect_once(struct db *db, const struct db_target *t, const char *password, bool tls)
{
    if (db->handle)
        mysql_close(db->handle);
    db->handle = mysql_init(NULL);
    if (!db->handle) {
        (void)db_remember(db, CR_OUT_OF_MEMORY, "out of memory");
        return false;
    }
    set_options(db->handle, t, tls);
    if (mysql_real_connect(db->handle, t->socket[0] ? NULL : t->host, t->user, password, t->name, t->port,
                           t->socket[0] ? t->socket : NULL, CLIENT_MULTI_RESULTS))
        return true;
    (void)remember_handle(db);
    return false;
}

static status connect_any(struct db *db, const struct db_target *t, const char *password)
{
    if (connect_once(db, t, password, t->tls != DB_TLS_OFF))
        return ST_OK;
    /* The library has no "TLS if the server can": a server that cannot shows as an error of TLS. */
    if (t->tls == DB_TLS_PREFER && db->error_no == CR_SSL_CONNECTION_ERROR && connect_once(db, t, password, false))
        return ST_OK;
    for (size_t i = 0; i < COUNT(refusals); i++)
        if (refusals[i] == db->error_no)
            return ST_REFUSED;
    return meaning_of(db->error_no);
}

static status set_session(struct db *db, const struct db_target *t)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(4096);
    buffer_text(&sql, "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci, SESSION sql_mode='NO_ENGINE_SUBSTITUTION',"
                      " SESSION autocommit=1");
    if (t->time_zone[0]) {
        buffer_text(&sql, ", SESSION time_zone=");
        db_quote(db, &sql, view_of(t->time_zone));
    }
    status st = buffer_status(&sql);
    if (st == ST_OK)
        st = db_query(db, sql.data, sql.len, NULL);
    return st == ST_OK ? db_exec(db, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED") : st;
}

/* What the session must show when it is read back: a proxy or an init_connect of the server may think otherwise. */
static const struct {
    const char *variable, *value;
} wanted[] = {
    {"character_set_client", "utf8mb4"},         {"character_set_connection", "utf8mb4"},
    {"sql_mode", "NO_ENGINE_SUBSTITUTION"},      {"tx_isolation", "READ-COMMITTED"},
    {"transaction_isolation", "READ-COMMITTED"}, {"autocommit", "ON"},
};

static bool check_variable(struct db *db, struct view name, struct view value, struct reason *why)
{
    for (size_t i = 0; i < COUNT(wanted); i++)
        if (view_is(name, wanted[i].variable) && !view_is(value, wanted[i].value)) {
            reason_set(why, "db_session", "the database keeps %s at another value than %s", wanted[i].variable,
                       wanted[i].value);
            return false;
        }
    if (view_is(name, "max_allowed_packet"))
        db->packet_max = db_number(value);
    else if (view_is(name, "innodb_autoinc_lock_mode"))
        db->ids_consecutive = db_number(value) < 2;
    else if (view_is(name, "auto_increment_increment"))
        db->id_step = (unsigned)db_number(value);
    return true;
}

static status read_session(struct db *db, struct reason *why)
{
    static const char sql[] =
        "SHOW SESSION VARIABLES WHERE Variable_name IN ('character_set_client',"
        "'character_set_connection','sql_mode','tx_isolation','transaction_isolation',"
        "'autocommit','max_allowed_packet','innodb_autoinc_lock_mode','auto_increment_increment')";
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = db_query(db, sql, sizeof sql - 1, &rows);
    if (st != ST_OK)
        return st;
    const struct view *row;
    while ((row = db_rows_next(rows)))
        if (!check_variable(db, row[0], row[1], why))
            return ST_IO;
    return ST_OK;
}

/* Refused for its user or password: an operator looks for that, not for the network. */
static bool is_login(unsigned error_no)
{
    return error_no == ER_ACCESS_DENIED_ERROR || error_no == ER_ACCESS_DENIED_NO_PASSWORD_ERROR ||
           error_no == ER_DBACCESS_DENIED_ERROR;
}

static status open_session(struct db *db, const struct db_target *t, struct reason *why)
{
    char password[DB_PASSWORD_MAX];
    status st = db_password(t, password, why);
    if (st != ST_OK)
        return st;
    reason_set(why, "db_connect", "cannot open a session with the database %s at %s", t->name,
               t->socket[0] ? t->socket : t->host);
    st = connect_any(db, t, password);
    explicit_bzero(password, sizeof password);
    if (st == ST_OK) {
        db->takes_arrays = db_offers_arrays(db->handle);
        st = set_session(db, t);
    }
    if (st != ST_OK || (st = read_session(db, why)) != ST_OK) {
        const char *at = t->socket[0] ? t->socket : t->host;
        if (is_login(db->error_no))
            reason_set(why, "db_login", "database %s at %s: %s (%u)", t->name, at, db->error, db->error_no);
        else if (db->error_no)
            reason_set(why, "db_connect", "database %s at %s: %s (%u)", t->name, at, db->error, db->error_no);
    }
    return st;
}

status db_open(const struct db_target *target, struct db **out, struct reason *why)
{
    AUTO(db_close) struct db *db = calloc(1, sizeof *db);
    if (!db) {
        reason_set(why, "no_memory", "out of memory");
        return ST_NO_MEMORY;
    }
    db->packet_max = 1 << 20;
    db->id_step = 1;
    status st = open_session(db, target, why);
    if (st == ST_OK)
        *out = STEAL(db);
    return st;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    if (db->handle)
        mysql_close(db->handle);
    db_prepared_free(db);
    free(db);
}

/* Results behind the first one (of a stored procedure) must be taken off the line before the next statement. */
static status skip_further_results(struct db *db)
{
    int next;
    while ((next = mysql_next_result(db->handle)) == 0) {
        MYSQL_RES *result = mysql_store_result(db->handle);
        if (result)
            mysql_free_result(result);
    }
    return next > 0 ? remember_handle(db) : ST_OK;
}

static status take_result(struct db *db, struct db_rows **rows)
{
    MYSQL_RES *result = mysql_store_result(db->handle);
    if (!result && mysql_errno(db->handle))
        return remember_handle(db);
    db->affected = mysql_affected_rows(db->handle);
    db->insert_id = mysql_insert_id(db->handle);
    if (result && rows) {
        *rows = db_rows_of(result);
        if (!*rows)
            return db_remember(db, CR_OUT_OF_MEMORY, "out of memory");
    } else if (result) {
        mysql_free_result(result);
    }
    status st = skip_further_results(db);
    if (st != ST_OK && rows) {
        db_rows_free(*rows);
        *rows = NULL;
    }
    return st;
}

/* The command that `sql` is to be sent with. Of the library's calls only those for text come back without having waited for the answer. */
static status send_command(struct db *db, enum enum_server_command command, const char *sql, size_t len)
{
    status st = db_finish(db);
    if (st != ST_OK)
        return st;
    db->error_no = 0;
    /* The server would close the connection in the middle of the statement. */
    if (len + 1 >= db->packet_max)
        return db_remember(db, ER_NET_PACKET_TOO_LARGE, "the statement is larger than max_allowed_packet");
    int failed = command == COM_QUERY ? mysql_send_query(db->handle, sql, len)
                                      : db->handle->methods->db_command(db->handle, command, sql, len, 1, NULL);
    if (failed)
        return remember_handle(db);
    db->is_under_way = true;
    return ST_OK;
}

status db_send(struct db *db, const char *sql, size_t len)
{
    return send_command(db, COM_QUERY, sql, len);
}

status db_send_array(struct db *db, const char *rows, size_t len)
{
    return send_command(db, COM_STMT_BULK_EXECUTE, rows, len);
}

static status take_answer(struct db *db, struct db_rows **rows)
{
    db->is_under_way = false;
    return mysql_read_query_result(db->handle) == 0 ? take_result(db, rows) : remember_handle(db);
}

status db_finish(struct db *db)
{
    return db->is_under_way ? take_answer(db, NULL) : ST_OK;
}

status db_query(struct db *db, const char *sql, size_t len, struct db_rows **rows)
{
    if (rows)
        *rows = NULL;
    status st = db_send(db, sql, len);
    return st == ST_OK ? take_answer(db, rows) : st;
}

/* Length of the text, or `room` when it does not fit. */
__attribute__((format(printf, 3, 0))) static size_t print_statement(char *text, size_t room, const char *format,
                                                                    va_list args)
{
    int len = vsnprintf(text, room, format, args);
    return len >= 0 && (size_t)len < room ? (size_t)len : room;
}

status db_exec(struct db *db, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    size_t len = print_statement(text, sizeof text, format, args);
    va_end(args);
    if (len == sizeof text)
        return db_remember(db, ER_NET_PACKET_TOO_LARGE, "the text of a statement is too long");
    return db_query(db, text, len, NULL);
}

uint64_t db_insert_id(const struct db *db)
{
    return db->insert_id;
}

uint64_t db_affected_rows(const struct db *db)
{
    return db->affected;
}

unsigned db_errno(const struct db *db)
{
    return db->error_no;
}

const char *db_error(const struct db *db)
{
    return db->error;
}

size_t db_packet_max(const struct db *db)
{
    return db->packet_max;
}

bool db_ids_consecutive(const struct db *db)
{
    return db->ids_consecutive;
}

unsigned db_id_step(const struct db *db)
{
    return db->id_step;
}
