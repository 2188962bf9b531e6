/* muster db check: what differs, what it costs, what to do. Nothing is changed.
 *
 * Lines are "to do" when Muster works worse or not at all, or when OCS's own programs would; and "note" when it is only that the
 * database comes from an older OCS: Muster looks at the columns that there are. */
#include "schema/schema_text.h"
#include "tools/muster/schema/catalog.h"
#include "tools/muster/schema/inside.h"
#include "tools/muster/schema/schema.h"
#include "tools/muster/schema/script.h"

#include <stdarg.h>
#include <strings.h>

struct check {
    FILE *say;
    const struct catalog *have, *facts;
    bool current; /* the console's level is that of the facts: nothing of them may be missing */
    unsigned todo, notes;
};

static void finding(struct check *c, bool todo, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void finding(struct check *c, bool todo, const char *format, ...)
{
    if (todo)
        c->todo++;
    else
        c->notes++;
    if (!c->say)
        return;
    va_list args;
    va_start(args, format);
    fputs(todo ? "to do: " : "note:  ", c->say);
    vfprintf(c->say, format, args);
    fputc('\n', c->say);
    va_end(args);
}

static const char *advice(const struct check *c)
{
    return c->current ? "Do: compare with a backup, or let OCS's console repair its schema."
                      : "Nothing to do: this level of OCS's schema does not have it, or has it otherwise.";
}

static void check_column(struct check *c, const struct catalog_column *want)
{
    const struct catalog_column *have = catalog_column(c->have, want->table, want->name);
    if (!have) {
        finding(c, c->current, "%s.%s is missing: its values are left out. %s", want->table, want->name, advice(c));
        return;
    }
    enum column_fit fit = catalog_fit(have->type, want->type);
    if (fit == FIT_NARROWER)
        finding(c, c->current, "%s.%s is %s instead of %s: longer values are cut. %s", want->table, want->name,
                have->type, want->type, advice(c));
    else if (fit == FIT_OTHER)
        finding(c, c->current, "%s.%s is %s instead of %s: values are converted as the server does it. %s", want->table,
                want->name, have->type, want->type, advice(c));
}

static void check_columns(struct check *c)
{
    const char *missing = "";
    for (size_t i = 0; i < c->facts->column_count; i++) {
        const struct catalog_column *want = &c->facts->columns[i];
        if (catalog_has_table(c->have, want->table))
            check_column(c, want);
        else if (strcmp(missing, want->table) != 0)
            finding(c, c->current, "table %s is missing: its values are left out. %s", missing = want->table,
                    advice(c));
    }
}

static void check_ocs_keys(struct check *c)
{
    for (size_t i = 0; i < c->facts->key_count; i++) {
        const struct catalog_key *want = &c->facts->keys[i];
        if (catalog_has_table(c->have, want->table) && !catalog_has_key(c->have, want->table, want->columns))
            finding(c, c->current, "%s has no index %s on (%s): who looks there reads the whole table. %s", want->table,
                    want->name, want->columns, advice(c));
    }
}

static void check_our_keys(struct check *c)
{
    struct schema_index index;
    for (size_t at = 0; schema_index_next(schema_indexes, &at, &index);)
        if (catalog_has_table(c->have, index.table) && !catalog_has_key(c->have, index.table, index.columns))
            finding(c, true, "%s has no index on (%s). %s Do: muster db upgrade --indexes", index.table, index.columns,
                    index.cost);
}

static status check_migrations(struct check *c, struct db *db, enum schema_kind kind)
{
    uint64_t applied = 0;
    status st = schema_applied(db, &applied);
    for (size_t i = 0; st == ST_OK && i < schema_migration_count; i++) {
        const struct migration *m = &schema_migrations[i];
        if (schema_wanted(m, kind, false) && !(applied >> m->version & 1))
            finding(c, true, "pending: %s. Do: muster db upgrade", m->name);
    }
    return st;
}

static status check_all(struct check *c, struct db *db, enum schema_kind kind, const char *name)
{
    char level[64] = "", server[128] = "";
    status st = schema_value(db, "SELECT VERSION()", server, sizeof server);
    if (st == ST_OK && kind != KIND_EMPTY && catalog_has_table(c->have, "config"))
        st = schema_value(db, "SELECT TVALUE FROM config WHERE NAME = 'GUI_VERSION'", level, sizeof level);
    if (st != ST_OK)
        return st;
    c->current = kind == KIND_OURS || strtol(level, NULL, 10) >= SCHEMA_OCS_LEVEL;
    if (c->say)
        fprintf(c->say, "database %s: OCS's schema %s (expected: %d), server %s\n", name, level[0] ? level : "(none)",
                SCHEMA_OCS_LEVEL, server);
    st = check_migrations(c, db, kind);
    if (kind == KIND_EMPTY)
        return st; /* everything is missing: said by the pending steps */
    check_columns(c);
    check_ocs_keys(c);
    check_our_keys(c);
    return st;
}

status schema_check(const struct db_target *target, FILE *say, unsigned *todo_out, struct reason *why)
{
    AUTO(db_close) struct db *db = NULL;
    AUTO(catalog_free) struct catalog *facts = NULL;
    AUTO(catalog_free) struct catalog *have = NULL;
    enum schema_kind kind = KIND_EMPTY;
    status st = schema_open(target, true, &db, why);
    if (st != ST_OK)
        return st;
    if ((st = schema_kind_of(db, &kind)) != ST_OK)
        return schema_fault(db, st, "looking at the database", why);
    if (kind == KIND_STRANGER || kind == KIND_OLD_OCS)
        return schema_explain(kind, target->name, why), ST_REFUSED;
    if ((st = catalog_facts(schema_columns, schema_keys, &facts)) == ST_OK)
        st = catalog_read(db, &have);
    struct check c = {.say = say, .have = have, .facts = facts};
    if (st == ST_OK)
        st = check_all(&c, db, kind, target->name);
    if (st != ST_OK)
        return schema_fault(db, st, "comparing", why);
    if (say && c.todo)
        fprintf(say, "%u to do, %u to know\n", c.todo, c.notes);
    else if (say)
        fprintf(say, "nothing to do, %u to know\n", c.notes);
    *todo_out = c.todo;
    return ST_OK;
}
