/**
 * Connections to MySQL or MariaDB (libmariadb), and what every statement of ours needs: the session as we want it, escaping,
 * errors as statuses, the columns as they really are.
 *
 * Session, set at each connect and read back: utf8mb4, sql_mode NO_ENGINE_SUBSTITUTION (so escaping and conversions are the same
 * whatever the server's default), READ COMMITTED, autocommit on, the time zone of the target.
 *
 * Threads: one connection, one thread at a time. db_library_init() once in main before threads.
 */
#ifndef MUSTER_COMMON_DB_DB_H
#define MUSTER_COMMON_DB_DB_H

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/cleanup.h"

enum { DB_PASSWORD_MAX = 256 }; /**< with its NUL */

/** Where the database is: parsed from mysql://user:password@host:port/name?socket=/path&time_zone=SYSTEM&ssl=... */
struct db_target {
    char host[256], user[128], password[DB_PASSWORD_MAX], name[128], socket[256], time_zone[64];
    char password_file[256]; /**< holds the password instead, and is read again at each connect; "": none */
    unsigned port;
    enum { DB_TLS_OFF, DB_TLS_PREFER, DB_TLS_REQUIRE, DB_TLS_VERIFY } tls;
    char tls_ca[256];
    char tls_cert[256], tls_key[256]; /**< our own certificate, where the database wants one; "": none */
    unsigned connect_s;               /**< default 5 */
    unsigned read_s, write_s;         /**< default 60; a look-up for a waiting agent wants 2 */
};

/** @retval ST_INVALID not such an address (`why` says what is wrong; never shows the password) */
MUST_CHECK status db_target_parse(const char *url, struct db_target *out, struct reason *why);

/** The password as it is now: of the address, or of the file, without the end of its line.
 *  @retval ST_UNAVAILABLE the file cannot be read, or holds no password (`why`: db_password) */
MUST_CHECK status db_password(const struct db_target *t, char out[DB_PASSWORD_MAX], struct reason *why);

struct db;

/** Once, in main, before threads. */
void db_library_init(void);

/** @retval ST_UNAVAILABLE cannot be reached now  @retval ST_REFUSED wrong user or password, no such database  @retval ST_IO */
MUST_CHECK status db_open(const struct db_target *target, struct db **out, struct reason *why);
void db_close(struct db *db); /**< NULL is allowed */
AUTO_DEFINE(struct db, db_close)

/**
 * Run one statement, any kind.
 *
 * @param rows  when not NULL: the result's rows, all of them in memory, owned by the caller (db_rows_free()); NULL inside when
 *              the statement has no result. When NULL: a result is thrown away.
 * @retval ST_AGAIN        deadlock or lock wait time-out: the transaction is gone, repeat it
 * @retval ST_UNAVAILABLE  the connection is lost or the server refuses for now: open a new one; for a COMMIT: outcome unknown
 * @retval ST_CONFLICT     duplicate key (1062)
 * @retval ST_TOO_BIG      statement above max_allowed_packet
 * @retval ST_IO           anything else: db_error() tells
 */
struct db_rows;
MUST_CHECK status db_query(struct db *db, const char *sql, size_t len, struct db_rows **rows);
/**
 * Send a statement and do not wait: the server works on it while the caller prepares the next one. At most one is under way: the next
 * db_send() or db_query() takes its answer first and, when it failed, returns that failure instead of doing anything.
 */
MUST_CHECK status db_send(struct db *db, const char *sql, size_t len);
/** Wait for the statement that is under way, if one is. @retval as db_query() */
MUST_CHECK status db_finish(struct db *db);
/** db_query() with printf formatting, for statements without values from outside. */
MUST_CHECK status db_exec(struct db *db, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * Many rows as parameters of one prepared statement ("array binding", "bulk"): the server reads the statement once, and no literals at
 * all. MariaDB has it; MySQL and most proxies have not. A value is stored as the same text in quotes would be. Ids of the rows ascend,
 * but need not follow each other, whatever db_ids_consecutive() says: another connection's may stand between them. The server takes ids
 * from the counter by twos, fours, eights, ...: 2^n - 1 rows waste none.
 */
bool db_takes_arrays(const struct db *db);

enum { DB_PREPARED_MAX = 64 };
/** Prepare a statement, with a `?` for each value of a row, or find it prepared: a connection keeps the last DB_PREPARED_MAX.
 *  @param id  names it to db_array_start()
 *  @retval ST_REFUSED the server does not prepare it, db_error() tells why: text may do  @retval others as db_query() */
MUST_CHECK status db_prepare(struct db *db, struct view sql, uint32_t *id);
/** Begin rows for a prepared statement in `rows`, of which the content is forgotten. @param bytes values are bytes and no text */
void db_array_start(struct buffer *rows, uint32_t id, size_t values_in_row, bool bytes);
/** The next value, of one row after the other. */
void db_array_value(struct buffer *rows, struct view value);
/** Send the rows and do not wait, as db_send(). */
MUST_CHECK status db_send_array(struct db *db, const char *rows, size_t len);

/** Next row or NULL; values by column number: absent for SQL NULL. Valid until db_rows_free(). */
const struct view *db_rows_next(struct db_rows *rows);
/**
 * Bring rows that were not taken yet into the order of these columns (at most 4), the first one first: numbers without sign, NULL as 0.
 * For what ORDER BY would do in the server, which makes a table on disk for it when the rows have long texts.
 * @retval ST_NO_MEMORY  they stay as they came
 */
MUST_CHECK status db_rows_sort(struct db_rows *rows, const size_t *columns, size_t count);
size_t db_rows_count(const struct db_rows *rows);
size_t db_rows_columns(const struct db_rows *rows);
/** Name of a column; valid until db_rows_free(). @param column  below db_rows_columns() */
const char *db_rows_name(const struct db_rows *rows, size_t column);
void db_rows_free(struct db_rows *rows); /**< NULL is allowed */
AUTO_DEFINE(struct db_rows, db_rows_free)

uint64_t db_insert_id(const struct db *db); /**< first AUTO_INCREMENT value of the last INSERT */
uint64_t db_affected_rows(const struct db *db);
unsigned db_errno(const struct db *db); /**< number of the server or client for the last statement; 0: it succeeded */
const char *db_error(const struct db *db); /**< text of the last failure */
size_t db_packet_max(const struct db *db); /**< max_allowed_packet of the server, bytes */
/** innodb_autoinc_lock_mode is 0 or 1: the ids of a multi-row INSERT follow each other. */
bool db_ids_consecutive(const struct db *db);
unsigned db_id_step(const struct db *db); /**< auto_increment_increment */

/** Append 'text' quoted and escaped, or NULL for an absent view. The only way a value from outside gets into a statement. */
void db_quote(struct db *db, struct buffer *sql, struct view value);
/** The same for bytes that are no text (our packed columns): X'...', or NULL. */
void db_bytes(struct buffer *sql, struct view value);
/** Append `name` in backquotes (for names of tables and columns from the database or the section map). */
void db_name(struct buffer *sql, struct view name);

/** Unsigned number of a value; 0 for absent or not a number. */
uint64_t db_number(struct view value);

/** One column as the database has it. */
struct db_column {
    char name[65];
    enum {
        DB_TEXT,
        DB_INTEGER,
        DB_DECIMAL,
        DB_DATE,
        DB_DATETIME, /**< without fractions of a second */
        DB_BYTES,
        DB_OTHER /**< anything else (float, time, enum, ...): db_fit() leaves it to the database */
    } type;
    uint32_t length;   /**< DB_TEXT: characters; DB_BYTES: bytes */
    uint32_t byte_max; /**< DB_TEXT: bytes (65535 for text) */
    bool utf8mb4;      /**< DB_TEXT: can hold 4-byte characters */
    bool latin;        /**< DB_TEXT: a single-byte character set (neither of the two above is utf8) */
    bool padded;       /**< DB_TEXT: char(n), blanks at the end are not kept */
    bool nullable, has_default, auto_increment;
    int64_t min;              /**< DB_INTEGER */
    uint64_t max;             /**< DB_INTEGER */
    uint8_t precision, scale; /**< DB_DECIMAL: decimal(precision,scale) */
    bool is_unsigned;         /**< DB_DECIMAL */
};

struct db_table {
    char name[65];
    size_t count;
    struct db_column columns[]; /**< in the table's order */
};

/** Columns of one table of the current database, owned by the caller (free()). @retval ST_NOT_FOUND no such table */
MUST_CHECK status db_table_read(struct db *db, const char *table, struct db_table **out);
/** By name without ASCII case, or NULL. */
const struct db_column *db_table_column(const struct db_table *t, const char *name);

/**
 * What a non-strict database would store for a text in this column, as text again: cut at the length in characters, numbers
 * read up to their first foreign character and clipped, dates checked, characters the column cannot hold replaced by '?'.
 *
 * @param value     valid UTF-8; absent stays absent
 * @param adjusted  set to true when the result differs from `value` (never set to false)
 * @return a view of `value` or of memory from `arena`
 */
struct view db_fit(const struct db_column *column, struct view value, struct arena *arena, bool *adjusted);

#endif
