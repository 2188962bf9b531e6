#include "common/settings/inner.h"

#include "common/base/cleanup.h"

#include <ctype.h>

static const char ours[] = "MUSTER_";

/* Variables of one service are no concern of the others, though they share one environment file. */
static const char *const service_prefixes[] = {
    "MUSTER_GATEWAY_", "MUSTER_PARSER_",  "MUSTER_WRITER_", "MUSTER_DEPLOY_",
    "MUSTER_SNMP_",    "MUSTER_CONSOLE_", "MUSTER_TEST_",
};

/* Settings that several services have: a service without one of them still lets it be there. */
static const char *const common_variables[] = {
    "MUSTER_ADMIN",     "MUSTER_DATABASE",      "MUSTER_DATABASE_FILE", "MUSTER_LOG_FORMAT",
    "MUSTER_LOG_LEVEL", "MUSTER_SECTIONS_FILE", "MUSTER_OCS_SESSIONS",
};

static bool begins(struct view name, const char *prefix)
{
    size_t len = strlen(prefix);
    return name.len >= len && memcmp(name.data, prefix, len) == 0;
}

void option_name(const struct settings_program *program, const struct setting *row, char out[static NAME_MAX_BYTES])
{
    struct view env = view_of(row->env);
    size_t skip = begins(env, program->prefix) ? strlen(program->prefix) : begins(env, ours) ? strlen(ours) : 0;
    size_t len = 0;
    for (const char *p = row->env + skip; *p && len < NAME_MAX_BYTES - 1; p++)
        out[len++] = (char)(*p == '_' ? '-' : tolower((unsigned char)*p));
    out[len] = '\0';
}

/* Is `given` the name, or for a secret the name with `suffix` behind it? */
static bool names_row(const struct setting *row, struct view given, const char *name, const char *suffix,
                      bool *from_file)
{
    if (view_is(given, name)) {
        *from_file = false;
        return true;
    }
    size_t len = strlen(name);
    *from_file = true;
    return row->type == SET_SECRET && begins(given, name) &&
           view_is((struct view){given.data + len, given.len - len}, suffix);
}

const struct setting *option_find(const struct settings_program *program, struct view option, bool *from_file)
{
    bool is_file;
    for (size_t i = 0; i < program->count; i++) {
        char name[NAME_MAX_BYTES];
        option_name(program, &program->table[i], name);
        if (!names_row(&program->table[i], option, name, "-file", &is_file))
            continue;
        if (from_file)
            *from_file = is_file;
        return &program->table[i];
    }
    return NULL;
}

/* Levenshtein's distance, by one row of the table; names longer than the row count as far away. */
static size_t distance(struct view a, struct view b)
{
    size_t row[NAME_MAX_BYTES + 1];
    if (a.len > NAME_MAX_BYTES || b.len > NAME_MAX_BYTES)
        return SIZE_MAX;
    for (size_t k = 0; k <= b.len; k++)
        row[k] = k;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b.len; k++) {
            size_t change = diagonal + (a.data[i - 1] != b.data[k - 1]);
            size_t shift = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            diagonal = row[k];
            row[k] = change < shift ? change : shift;
        }
    }
    return row[b.len];
}

static const struct setting *nearest(const struct settings_program *program, struct view given, bool as_option)
{
    const struct setting *best = NULL;
    size_t best_distance = given.len / 3 + 1; /* a third of the letters may be wrong */
    for (size_t i = 0; i < program->count; i++) {
        char name[NAME_MAX_BYTES];
        option_name(program, &program->table[i], name);
        size_t d = distance(given, view_of(as_option ? name : program->table[i].env));
        if (d <= best_distance) {
            best_distance = d - (d > 0); /* the first of two that are as near */
            best = &program->table[i];
        }
    }
    return best;
}

const struct setting *option_nearest(const struct settings_program *program, struct view option)
{
    return nearest(program, option, true);
}

const struct setting *variable_nearest(const struct settings_program *program, struct view name)
{
    return nearest(program, name, false);
}

static bool in_table(const struct settings_program *program, struct view name)
{
    bool from_file;
    for (size_t i = 0; i < program->count; i++)
        if (names_row(&program->table[i], name, program->table[i].env, "_FILE", &from_file))
            return true;
    return false;
}

static bool ends(struct view name, const char *suffix)
{
    size_t len = strlen(suffix);
    return name.len >= len && memcmp(name.data + name.len - len, suffix, len) == 0;
}

/* Kubernetes puts `NAME_SERVICE_HOST`, `NAME_PORT=tcp://...`, `NAME_PORT_8080_TCP_ADDR` and more into every
 * container for each Service there is, and one called "muster-gateway" gives names that look like ours. */
static bool is_service_link(struct view name, const char *value)
{
    if (ends(name, "_SERVICE_HOST") || memmem(name.data, name.len, "_SERVICE_PORT", 13))
        return true;
    if (ends(name, "_PORT"))
        return strstr(value, "://") != NULL;
    const char *port = memmem(name.data, name.len, "_PORT_", 6);
    return port && port + 6 < name.data + name.len && isdigit((unsigned char)port[6]);
}

bool variable_is_stray(const struct settings_program *program, struct view name, const char *value)
{
    if (!begins(name, ours) || in_table(program, name) || is_service_link(name, value))
        return false;
    if (begins(name, program->prefix))
        return true;
    for (size_t i = 0; i < COUNT(service_prefixes); i++)
        if (begins(name, service_prefixes[i]))
            return false;
    for (size_t i = 0; i < COUNT(common_variables); i++)
        if (view_is(name, common_variables[i]))
            return false;
    return true;
}
