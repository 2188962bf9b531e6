#include "services/writer/operator_rules.h"

#include "common/log/log.h"
#include "services/writer/pattern.h"
#include "services/writer/rules.h"
#include "services/writer/state.h"

#include <stdlib.h>

enum { RULES_BYTES_MAX = 64 << 20, VERSION_PARTS = 4 };

enum sign { SIGN_NONE, SIGN_EQUAL, SIGN_LESS, SIGN_MORE, SIGN_UNKNOWN };

struct category_rule {
    uint32_t category;
    struct pattern *agent; /* owned; NULL: any */
    struct pattern *name;  /* owned */
    enum sign sign;
    struct view version, publisher; /* in the rules' arena */
};

struct service_rule {
    uint32_t id;
    struct pattern *entry; /* owned */
};

struct operator_rules {
    struct arena *arena; /* owned; reset when the rules of categories change */
    uint32_t default_category;
    size_t category_count, service_count;
    struct category_rule *categories;        /* in the arena */
    struct service_rule *services;           /* owned */
    uint64_t categories_hash, services_hash; /* of the rows as they were read */
};

/* ---- memory ---- */

static void drop_categories(struct operator_rules *r)
{
    for (size_t i = 0; i < r->category_count; i++) {
        pattern_free(r->categories[i].agent);
        pattern_free(r->categories[i].name);
    }
    r->category_count = 0;
    r->categories_hash = 0;
    arena_reset(r->arena);
}

static void drop_services(struct operator_rules *r)
{
    for (size_t i = 0; i < r->service_count; i++)
        pattern_free(r->services[i].entry);
    free(r->services);
    r->services = NULL;
    r->service_count = 0;
    r->services_hash = 0;
}

struct operator_rules *operator_rules_new(void)
{
    AUTO(operator_rules_free) struct operator_rules *r = calloc(1, sizeof *r);
    if (r)
        r->arena = arena_new(RULES_BYTES_MAX);
    return r && r->arena ? STEAL(r) : NULL;
}

void operator_rules_free(struct operator_rules *r)
{
    if (!r)
        return;
    if (r->arena)
        drop_categories(r);
    drop_services(r);
    arena_destroy(r->arena);
    free(r);
}

/* ---- from the console's language to regular expressions ---- */

static bool is_among(char c, const char *set)
{
    return c && strchr(set, c);
}

/* Without characters that the console's language does not have, on both sides of the comparison. */
static struct view without(struct view v, const char *set, struct arena *arena)
{
    char *out = arena_alloc(arena, v.len + 1);
    size_t len = 0;
    if (!out)
        return VIEW_LITERAL("");
    for (size_t i = 0; i < v.len; i++)
        if (!is_among(v.data[i], set))
            out[len++] = v.data[i];
    return (struct view){out, len};
}

static const char ignored_in_names[] = "()[]{}|+";

/* '*' at an end: anything may follow or stand in front; inside it is the quantifier of Perl, as in OCS. '?': any one character, and
 * nothing is anchored. */
static void append_name(struct buffer *out, struct view e)
{
    bool jokers = memchr(e.data, '*', e.len) || memchr(e.data, '?', e.len);
    bool starts = e.len && e.data[0] == '*', ends = e.len && e.data[e.len - 1] == '*';
    buffer_text(out, !jokers || (ends && !starts) ? "^" : "");
    for (size_t i = 0; i < e.len; i++)
        if (e.data[i] != '*' || !(starts || ends))
            buffer_char(out, e.data[i] == '?' ? '.' : e.data[i]);
    buffer_text(out, !jokers || (starts && !ends) ? "$" : "");
}

static void append_service(struct buffer *out, struct view e)
{
    for (size_t i = 0; i < e.len; i++)
        buffer_text(out, e.data[i] == '*' ? ".*" : e.data[i] == '?' ? "." : (const char[]){e.data[i], '\0'});
}

typedef void append_fn(struct buffer *out, struct view expression);

static void append_as_is(struct buffer *out, struct view e)
{
    buffer_add(out, e.data, e.len);
}

static status compile(append_fn *append, struct view expression, const char *table, struct pattern **out)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(1 << 16);
    append(&text, expression);
    status st = buffer_status(&text);
    if (st == ST_OK)
        st = pattern_compile(buffer_view(&text), out);
    if (st == ST_INVALID)
        log_warning("rule left out: no regular expression", LOG_TEXT("table", table), LOG_VIEW("rule", expression));
    return st;
}

/* ---- reading ---- */

/* Databases of older versions lack some of the tables or columns. */
static status read_rows(struct db *db, const char *sql, struct db_rows **rows)
{
    status st = db_query(db, sql, strlen(sql), rows);
    unsigned number = st == ST_IO ? db_errno(db) : 0;
    return number == 1146 || number == 1054 ? ST_OK : st;
}

static uint64_t hash_row(uint64_t hash, const struct view *row, size_t columns)
{
    for (size_t i = 0; i < columns; i++) {
        uint8_t len[4];
        put_be32(len, row[i].data ? (uint32_t)row[i].len + 1 : 0);
        hash = state_hash(hash, len, sizeof len);
        hash = state_hash(hash, row[i].data ? row[i].data : "", row[i].len);
    }
    return hash;
}

static enum sign sign_of(struct view v)
{
    return v.len == 0            ? SIGN_NONE
           : view_is(v, "EQUAL") ? SIGN_EQUAL
           : view_is(v, "LESS")  ? SIGN_LESS
           : view_is(v, "MORE")  ? SIGN_MORE
                                 : SIGN_UNKNOWN;
}

/* Columns: ID, OS, SOFTWARE_EXP, SIGN_VERSION, VERSION, PUBLISHER. */
static status add_category(struct operator_rules *r, const struct view *row)
{
    struct category_rule rule = {.category = (uint32_t)db_number(row[0]), .sign = sign_of(row[3])};
    AUTO(pattern_free) struct pattern *agent = NULL, *name = NULL;
    status st = view_is(row[1], "ALL") ? ST_OK : compile(append_as_is, row[1], "software_categories", &agent);
    if (st == ST_OK)
        st = compile(append_name, without(row[2], ignored_in_names, r->arena), "software_category_exp", &name);
    if (st != ST_OK)
        return st == ST_INVALID ? ST_OK : st;
    rule.version = arena_copy(r->arena, row[4]);
    rule.publisher = arena_copy(r->arena, row[5]);
    rule.agent = STEAL(agent);
    rule.name = STEAL(name);
    r->categories[r->category_count++] = rule;
    return ST_OK;
}

static const char categories_sql[] =
    "SELECT c.ID,c.OS,e.SOFTWARE_EXP,e.SIGN_VERSION,e.VERSION,e.PUBLISHER FROM software_categories c "
    "JOIN software_category_exp e ON e.CATEGORY_ID=c.ID ORDER BY c.ID,e.ID LIMIT 10000";
static const char services_sql[] = "SELECT ID,DNS_EXP FROM saas_exp ORDER BY ID LIMIT 10000";

static status take_categories(struct operator_rules *r, struct db_rows *rows, size_t count)
{
    drop_categories(r);
    r->categories = arena_alloc(r->arena, (count + 1) * sizeof *r->categories);
    if (!r->categories)
        return ST_NO_MEMORY;
    status st = ST_OK;
    for (const struct view *row; st == ST_OK && (row = db_rows_next(rows));)
        st = add_category(r, row);
    return st;
}

static status take_services(struct operator_rules *r, struct db_rows *rows, size_t count)
{
    drop_services(r);
    r->services = calloc(count + 1, sizeof *r->services);
    if (!r->services)
        return ST_NO_MEMORY;
    for (const struct view *row; (row = db_rows_next(rows));) {
        struct service_rule rule = {.id = (uint32_t)db_number(row[0])};
        status st = compile(append_service, row[1], "saas_exp", &rule.entry);
        if (st == ST_OK)
            r->services[r->service_count++] = rule;
        else if (st != ST_INVALID)
            return st;
    }
    return ST_OK;
}

typedef status take_fn(struct operator_rules *r, struct db_rows *rows, size_t count);

/* A table is small and asked for every few seconds: it is read twice only when it changed. */
static status refresh(struct operator_rules *r, struct db *db, const char *sql, uint64_t *hash, take_fn *take)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL, *again = NULL;
    status st = read_rows(db, sql, &rows);
    if (st != ST_OK)
        return st;
    uint64_t now = 0;
    for (const struct view *row; rows && (row = db_rows_next(rows));)
        now = hash_row(now, row, db_rows_columns(rows));
    if (now == *hash)
        return ST_OK;
    st = read_rows(db, sql, &again);
    if (st == ST_OK)
        st = take(r, again, again ? db_rows_count(again) : 0);
    if (st == ST_OK)
        *hash = now;
    return st;
}

status operator_rules_read(struct operator_rules *r, struct db *db, const struct ocs_config *options)
{
    int64_t category = options->default_category;
    r->default_category = category > 0 && category <= INT32_MAX ? (uint32_t)category : 0;
    status st = refresh(r, db, categories_sql, &r->categories_hash, take_categories);
    if (st == ST_OK && options->inventory_saas_enabled)
        st = refresh(r, db, services_sql, &r->services_hash, take_services);
    return st;
}

/* ---- matching ---- */

uint64_t operator_rules_categories_hash(const struct operator_rules *r)
{
    return r->categories_hash + r->default_category;
}

uint64_t operator_rules_services_hash(const struct operator_rules *r)
{
    return r->services_hash;
}

static size_t count_parts(struct view pretty)
{
    size_t parts = 1;
    for (size_t i = 0; i < pretty.len; i++)
        parts += pretty.data[i] == '.';
    return parts < VERSION_PARTS ? parts : VERSION_PARTS;
}

/* The digits that a part begins with, as Perl reads a number. */
static uint64_t leading_number(struct view part)
{
    uint64_t n = 0;
    for (size_t i = 0; i < part.len && part.data[i] >= '0' && part.data[i] <= '9'; i++)
        n = n < UINT64_MAX / 100 ? n * 10 + (uint64_t)(part.data[i] - '0') : n;
    return n;
}

/* As many parts as the rule has decide. */
static bool version_matches(enum sign sign, struct view rule, struct view version, struct arena *arena)
{
    struct view wanted = rule_pretty_version(rule, arena), has = rule_pretty_version(version, arena);
    for (size_t i = 0; i < count_parts(wanted); i++) {
        uint64_t w = leading_number(rule_version_part(wanted, (int)i));
        uint64_t h = leading_number(rule_version_part(has, (int)i));
        if (h != w)
            return (sign == SIGN_LESS && h < w) || (sign == SIGN_MORE && h > w);
    }
    return true;
}

static bool details_match(const struct category_rule *rule, const struct software_words *words, struct arena *arena)
{
    if (rule->publisher.len && !view_equal(rule->publisher, words->publisher))
        return false;
    if (rule->sign == SIGN_NONE)
        return true;
    return rule->sign != SIGN_UNKNOWN && version_matches(rule->sign, rule->version, words->version, arena);
}

uint32_t operator_rules_category(const struct operator_rules *r, struct view agent, const struct software_words *words,
                                 struct arena *arena)
{
    struct view name = without(words->name, ignored_in_names, arena);
    for (size_t i = r->category_count; i-- > 0;) {
        const struct category_rule *rule = &r->categories[i];
        if ((!rule->agent || pattern_matches(rule->agent, agent)) && pattern_matches(rule->name, name) &&
            details_match(rule, words, arena))
            return rule->category;
    }
    return r->default_category;
}

bool operator_rules_service(const struct operator_rules *r, struct view entry, size_t *next, uint32_t *id)
{
    while (*next < r->service_count) {
        const struct service_rule *rule = &r->services[(*next)++];
        if (pattern_matches(rule->entry, entry)) {
            *id = rule->id;
            return true;
        }
    }
    return false;
}
