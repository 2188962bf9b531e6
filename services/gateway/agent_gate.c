#include "services/gateway/agent_gate.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

enum { PARTS = 4, ENTRIES_MAX = 512, PREFIX_MAX = 256 };

/** "2.10.5": numbers compare part by part; what is missing is 0. */
struct version {
    unsigned parts[PARTS];
};

struct entry {
    char prefix[PREFIX_MAX];
    bool everybody; /**< "*" */
    bool whole;     /**< the User-Agent must be `prefix` and nothing more */
    bool has_first, has_last;
    struct version first, last;
    int last_parts; /**< "..2.12" lets 2.12.7 in: only as many parts are compared as were written */
};

struct agent_gate {
    size_t count;
    struct entry entries[ENTRIES_MAX];
};

/* ----------------------------------------------------------------- versions ---- */

/** @return the number of parts read, 0 when `text` does not begin with a number */
static int read_version(struct view text, struct version *out, size_t *used)
{
    enum { PART_MAX = 100000000 };
    *out = (struct version){{0}};
    int count = 0;
    size_t i = 0;
    while (count < PARTS && i < text.len && isdigit((unsigned char)text.data[i])) {
        unsigned n = 0;
        for (; i < text.len && isdigit((unsigned char)text.data[i]); i++)
            n = n < PART_MAX ? n * 10 + (unsigned)(text.data[i] - '0') : n;
        out->parts[count++] = n;
        *used = i;
        bool more = i + 1 < text.len && text.data[i] == '.' && isdigit((unsigned char)text.data[i + 1]);
        if (!more)
            break;
        i++;
    }
    return count;
}

static int compare(const struct version *a, const struct version *b, int parts)
{
    for (int i = 0; i < parts; i++)
        if (a->parts[i] != b->parts[i])
            return a->parts[i] < b->parts[i] ? -1 : 1;
    return 0;
}

static struct version version_of(struct view agent)
{
    struct version v = {{0}};
    size_t used;
    for (size_t i = agent.len; i >= 2; i--)
        if (agent.data[i - 2] == '_' && agent.data[i - 1] == 'v') {
            (void)read_version((struct view){agent.data + i, agent.len - i}, &v, &used);
            break;
        }
    return v;
}

/* --------------------------------------------------------------------- list ---- */

/** FIRST..LAST, either may be missing. */
static bool read_range(struct view text, struct entry *e)
{
    size_t used = 0;
    e->has_first = read_version(text, &e->first, &used) > 0;
    text = (struct view){text.data + used, text.len - used};
    if (text.len < 2 || memcmp(text.data, "..", 2) != 0)
        return false;
    text = (struct view){text.data + 2, text.len - 2};
    used = 0;
    e->last_parts = read_version(text, &e->last, &used);
    e->has_last = e->last_parts > 0;
    return used == text.len && (e->has_first || e->has_last);
}

static bool read_entry(struct view text, struct entry *e)
{
    *e = (struct entry){0};
    if (view_is(text, "*")) {
        e->everybody = true;
        return true;
    }
    const char *equals = memchr(text.data, '=', text.len);
    size_t len = equals ? (size_t)(equals - text.data) : text.len;
    if (len == 0 || len >= sizeof e->prefix)
        return false;
    memcpy(e->prefix, text.data, len);
    return !equals || read_range((struct view){equals + 1, text.len - len - 1}, e);
}

/** Cut the next entry from the front of `rest`, blanks around it removed. */
static struct view next_entry(struct view *rest)
{
    const char *comma = memchr(rest->data, ',', rest->len);
    struct view entry = {rest->data, comma ? (size_t)(comma - rest->data) : rest->len};
    size_t used = entry.len + (comma != NULL);
    *rest = (struct view){rest->data + used, rest->len - used};
    while (entry.len && isspace((unsigned char)entry.data[0]))
        entry = (struct view){entry.data + 1, entry.len - 1};
    while (entry.len && isspace((unsigned char)entry.data[entry.len - 1]))
        entry.len--;
    return entry;
}

static status read_list(struct agent_gate *g, struct view list, struct reason *why)
{
    while (list.len) {
        struct view text = next_entry(&list);
        if (text.len == 0)
            continue;
        if (g->count == ENTRIES_MAX || !read_entry(text, &g->entries[g->count])) {
            reason_set(why, "agents", "\"%.*s\" is no entry: want PREFIX, PREFIX=FIRST..LAST or *, at most %d of them",
                       (int)text.len, text.data, ENTRIES_MAX);
            return ST_INVALID;
        }
        g->count++;
    }
    if (g->count)
        return ST_OK;
    reason_set(why, "agents", "the list is empty: nobody could ask; * lets everybody in");
    return ST_INVALID;
}

/** A line without its end; editors of other systems leave a carriage return. */
static size_t line_length(const char *line)
{
    return strcspn(line, "\r\n");
}

static status read_file(struct agent_gate *g, const char *path, struct reason *why)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        reason_set(why, "agents_file", "cannot read %s: %s", path, strerror(errno));
        return ST_NOT_FOUND;
    }
    char line[PREFIX_MAX];
    bool fits = true;
    while (fits && fgets(line, sizeof line, file)) {
        size_t len = line_length(line);
        fits = line[len] != '\0' || feof(file);
        if (len == 0 || line[0] == '#')
            continue;
        fits = fits && g->count < ENTRIES_MAX;
        if (!fits)
            break;
        struct entry *e = &g->entries[g->count++];
        *e = (struct entry){.whole = true};
        memcpy(e->prefix, line, len);
    }
    fclose(file);
    if (fits)
        return ST_OK;
    reason_set(why, "agents_file", "%s: at most %d lines of %d characters", path, ENTRIES_MAX, PREFIX_MAX - 2);
    return ST_INVALID;
}

status agent_gate_new(const char *list, const char *file, struct agent_gate **out, struct reason *why)
{
    struct agent_gate *g = calloc(1, sizeof *g);
    if (!g) {
        reason_set(why, "no_memory", "no memory for the list of agents");
        return ST_NO_MEMORY;
    }
    status st = read_list(g, view_of(list), why);
    if (st == ST_OK && file && *file)
        st = read_file(g, file, why);
    if (st == ST_OK)
        *out = g;
    else
        agent_gate_destroy(g);
    return st;
}

void agent_gate_destroy(struct agent_gate *g)
{
    free(g);
}

static bool fits(const struct entry *e, struct view agent)
{
    if (e->everybody)
        return true;
    size_t len = strlen(e->prefix);
    if (!agent.data || agent.len < len || memcmp(agent.data, e->prefix, len) != 0)
        return false;
    if (e->whole)
        return agent.len == len;
    struct version v = version_of(agent);
    return (!e->has_first || compare(&v, &e->first, PARTS) >= 0) &&
           (!e->has_last || compare(&v, &e->last, e->last_parts) <= 0);
}

bool agent_gate_admits(const struct agent_gate *g, struct view agent)
{
    for (size_t i = 0; i < g->count; i++)
        if (fits(&g->entries[i], agent))
            return true;
    return false;
}
