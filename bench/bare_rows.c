#include "bench/bare_rows.h"

#include "bench/measure.h"

#include <stdio.h>

enum { TABLES_MAX = 64, ROWS_IN_STATEMENT = 1000, SQL_MAX = 512 << 20 };

struct copying {
    const struct site *s;
    size_t table_count, rows;
    struct {
        char name[65], key[16];
    } tables[TABLES_MAX];
    struct buffer sql; /* statements, each with a NUL behind it */
};

static bool run(struct db *db, const char *sql)
{
    return db_query(db, sql, strlen(sql), NULL) == ST_OK;
}

static status find_tables(struct copying *c)
{
    static const char sql[] =
        "SELECT c.TABLE_NAME FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING (TABLE_SCHEMA, "
        "TABLE_NAME) WHERE c.TABLE_SCHEMA = DATABASE() AND c.COLUMN_NAME = 'HARDWARE_ID' AND t.ENGINE = 'InnoDB' AND "
        "c.TABLE_NAME NOT LIKE 'muster%' AND c.TABLE_NAME NOT LIKE 'bare%' ORDER BY 1";
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = db_query(c->s->db, sql, sizeof sql - 1, &rows);
    c->tables[c->table_count++] = (__typeof__(c->tables[0])){"hardware", "ID"};
    for (const struct view *row; st == ST_OK && c->table_count < TABLES_MAX && (row = db_rows_next(rows));
         c->table_count++) {
        snprintf(c->tables[c->table_count].name, sizeof c->tables[0].name, "%.*s", (int)row[0].len, row[0].data);
        snprintf(c->tables[c->table_count].key, sizeof c->tables[0].key, "HARDWARE_ID");
    }
    for (size_t t = 0; st == ST_OK && t < c->table_count; t++) {
        st = db_exec(c->s->db, "DROP TABLE IF EXISTS `bare_%s`", c->tables[t].name);
        if (st == ST_OK)
            st = db_exec(c->s->db, "CREATE TABLE `bare_%s` LIKE `%s`", c->tables[t].name, c->tables[t].name);
    }
    return st;
}

static void write_rows(struct copying *c, size_t t, struct db_rows *rows)
{
    size_t columns = db_rows_columns(rows), in_statement = 0;
    for (const struct view *row; (row = db_rows_next(rows)); in_statement = (in_statement + 1) % ROWS_IN_STATEMENT) {
        if (in_statement == 0 && c->rows)
            buffer_char(&c->sql, '\0');
        if (in_statement == 0)
            buffer_format(&c->sql, "INSERT INTO `bare_%s` VALUES ", c->tables[t].name);
        buffer_text(&c->sql, in_statement ? ",(" : "(");
        for (size_t i = 0; i < columns; i++) {
            if (i)
                buffer_char(&c->sql, ',');
            db_quote(c->s->db, &c->sql, row[i]);
        }
        buffer_char(&c->sql, ')');
        c->rows++;
    }
}

static status write_transaction(struct copying *c, uint64_t first, uint64_t last)
{
    buffer_text(&c->sql, "");
    for (size_t t = 0; t < c->table_count; t++) {
        AUTO(db_rows_free) struct db_rows *rows = NULL;
        char sql[256];
        int len = snprintf(sql, sizeof sql, "SELECT * FROM `%s` WHERE `%s` BETWEEN %llu AND %llu", c->tables[t].name,
                           c->tables[t].key, (unsigned long long)first, (unsigned long long)last);
        status st = db_query(c->s->db, sql, (size_t)len, &rows);
        if (st != ST_OK)
            return st;
        write_rows(c, t, rows);
    }
    return buffer_status(&c->sql);
}

/* Only the statements of one transaction at a time are in memory, and only running them is timed. */
static status copy(struct copying *c, uint64_t first, uint64_t last, struct bare_rows *out)
{
    buffer_reset(&c->sql);
    size_t before = c->rows;
    c->rows = 0;
    status st = write_transaction(c, first, last);
    size_t rows = c->rows;
    c->rows = before + rows;
    if (st != ST_OK || !rows)
        return st;
    double wall = measure_wall_s(), own = measure_own_cpu_s(), database = site_cpu_s(c->s, SITE_DATABASE);
    bool good = run(c->s->db, "START TRANSACTION");
    for (const char *sql = c->sql.data; good && sql < c->sql.data + c->sql.len; sql += strlen(sql) + 1)
        good = run(c->s->db, sql);
    good = good && run(c->s->db, "COMMIT");
    out->seconds += measure_wall_s() - wall;
    out->client_cpu_s += measure_own_cpu_s() - own;
    out->database_cpu_s += site_cpu_s(c->s, SITE_DATABASE) - database;
    return good ? ST_OK : ST_IO;
}

status bare_rows_insert(const struct site *s, uint64_t first, uint64_t last, unsigned together, struct bare_rows *out)
{
    struct copying c = {.s = s, .sql = BUFFER_INIT(SQL_MAX)};
    *out = (struct bare_rows){0};
    status st = find_tables(&c);
    for (uint64_t at = first; st == ST_OK && at <= last; at += together)
        st = copy(&c, at, at + together - 1 < last ? at + together - 1 : last, out);
    out->rows = c.rows;
    for (size_t t = 0; t < c.table_count && st == ST_OK; t++)
        st = db_exec(s->db, "DROP TABLE IF EXISTS `bare_%s`", c.tables[t].name);
    buffer_clear(&c.sql);
    return st;
}
