/* The file in which an operator declares sections. The format is described in docs/formats/sections.md and nowhere else: lines of words,
 * the first of a line is a keyword of the table below. */
#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/sections/names.h"
#include "common/sections/sections.h"

#include <errno.h>
#include <stdio.h>

enum { MEMORY_MAX = 4 << 20 };

struct declared_map {
    struct section_map map; /* first: what the caller has a pointer to */
    struct arena *arena;    /* owned: names and lists of fields */
    struct section *items;  /* owned */
};

/* A section while its lines are read. */
struct draft {
    struct view path, table;
    struct view fields[SECTIONS_FIELDS_MAX];
    size_t field_count;
    bool has_rows, is_single, has_absent, clears;
    unsigned line; /* of its beginning; 0: none is open */
};

struct reading {
    struct declared_map *into;
    const char *name;
    unsigned line;
    struct draft draft;
    struct reason *why;
};

#define FAULT(r, ...) fault_at(r, (r)->line, __VA_ARGS__)

/* The file's name may be long; what is wrong must be seen. */
__attribute__((format(printf, 3, 4))) static status fault_at(struct reading *r, unsigned line, const char *format, ...)
{
    enum { NAME_SHOWN = 80 };
    char what[160];
    size_t len = strlen(r->name), skip = len > NAME_SHOWN ? len - NAME_SHOWN : 0;
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    reason_set(r->why, "sections_file", "%s%s:%u: %s", skip ? "..." : "", r->name + skip, line, what);
    return ST_INVALID;
}

/* For a message: bounded, whatever stands in the file. */
#define SHOWN(v) (int)((v).len < 40 ? (v).len : 40), (v).data

/* ---- words ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct view next_word(struct view *line)
{
    while (line->len && is_blank(line->data[0]))
        line->data++, line->len--;
    struct view word = {line->data, 0};
    while (word.len < line->len && !is_blank(line->data[word.len]))
        word.len++;
    line->data += word.len;
    line->len -= word.len;
    return word;
}

static status one_word(struct reading *r, struct view keyword, struct view words, struct view *out)
{
    *out = next_word(&words);
    if (out->len == 0)
        return FAULT(r, "%.*s: a word is missing behind it", SHOWN(keyword));
    struct view more = next_word(&words);
    return more.len ? FAULT(r, "%.*s: one word is expected, not also %.*s", SHOWN(keyword), SHOWN(more)) : ST_OK;
}

/* One of two words; `seen` says whether the line was there before. */
static status choice(struct reading *r, struct view keyword, struct view words, const char *no, const char *yes,
                     bool *seen, bool *out)
{
    struct view word;
    status st = one_word(r, keyword, words, &word);
    if (st != ST_OK)
        return st;
    if (*seen)
        return FAULT(r, "%.*s stands twice in section %.*s", SHOWN(keyword), SHOWN(r->draft.path));
    if (!view_is(word, no) && !view_is(word, yes))
        return FAULT(r, "%.*s %.*s: it can be %s or %s", SHOWN(keyword), SHOWN(word), no, yes);
    *seen = true;
    *out = view_is(word, yes);
    return ST_OK;
}

static status check_name(struct reading *r, const char *what, struct view name)
{
    if (name_is_plain(name))
        return ST_OK;
    return FAULT(r, "%s %.*s: letters, digits and _ only, at most %d, no digit first", what, SHOWN(name),
                 SECTIONS_NAME_MAX);
}

/* ---- a section that is complete ---- */

static const char *keep_text(struct reading *r, struct view text)
{
    return arena_copy(r->into->arena, text).data;
}

static const char *const *keep_fields(struct reading *r)
{
    const char **list = arena_alloc(r->into->arena, (r->draft.field_count + 1) * sizeof *list);
    for (size_t i = 0; list && i < r->draft.field_count; i++) {
        list[i] = keep_text(r, r->draft.fields[i]);
        if (!list[i])
            return NULL;
    }
    if (list)
        list[r->draft.field_count] = NULL;
    return list;
}

static status finish_section(struct reading *r)
{
    const struct draft *d = &r->draft;
    if (d->line == 0)
        return ST_OK;
    if (!d->table.data)
        return fault_at(r, d->line, "section %.*s has no table", SHOWN(d->path));
    if (d->field_count == 0)
        return fault_at(r, d->line, "section %.*s has no columns", SHOWN(d->path));
    struct section s = {.path = keep_text(r, d->path),
                        .table = keep_text(r, d->table),
                        .form = SECTION_ROWS,
                        .single = d->is_single,
                        .clears = d->clears,
                        .fields = keep_fields(r)};
    if (!s.path || !s.table || !s.fields)
        return ST_NO_MEMORY;
    r->into->items[r->into->map.count++] = s;
    r->draft = (struct draft){0};
    return ST_OK;
}

/* ---- lines ---- */

static status line_section(struct reading *r, struct view keyword, struct view words)
{
    struct view name;
    status st = finish_section(r);
    if (st == ST_OK)
        st = one_word(r, keyword, words, &name);
    if (st == ST_OK)
        st = check_name(r, "section", name);
    if (st != ST_OK)
        return st;
    if (name_is_known_element(name))
        return FAULT(r, "section %.*s: the element is built in", SHOWN(name));
    if (section_map_find(&r->into->map, name))
        return FAULT(r, "section %.*s is declared twice", SHOWN(name));
    if (r->into->map.count == sections_builtin.count + SECTIONS_DECLARED_MAX)
        return FAULT(r, "more than %d sections", SECTIONS_DECLARED_MAX);
    r->draft = (struct draft){.path = name, .line = r->line};
    return ST_OK;
}

static status line_table(struct reading *r, struct view keyword, struct view words)
{
    struct view name;
    status st = one_word(r, keyword, words, &name);
    if (st == ST_OK)
        st = check_name(r, "table", name);
    if (st != ST_OK)
        return st;
    if (r->draft.table.data)
        return FAULT(r, "table stands twice in section %.*s", SHOWN(r->draft.path));
    if (name_is_taken_table(name))
        return FAULT(r, "table %.*s: OCS or Muster uses it for something else", SHOWN(name));
    for (size_t i = sections_builtin.count; i < r->into->map.count; i++)
        if (names_match(name, view_of(r->into->items[i].table)))
            return FAULT(r, "table %.*s is that of section %s already", SHOWN(name), r->into->items[i].path);
    r->draft.table = name;
    return ST_OK;
}

static status add_column(struct reading *r, struct view name)
{
    struct draft *d = &r->draft;
    status st = check_name(r, "column", name);
    if (st != ST_OK)
        return st;
    if (name_is_own_column(name))
        return FAULT(r, "column %.*s is filled by the server and must not be listed", SHOWN(name));
    for (size_t i = 0; i < d->field_count; i++)
        if (names_match(name, d->fields[i]))
            return FAULT(r, "column %.*s is listed twice", SHOWN(name));
    if (d->field_count == SECTIONS_FIELDS_MAX)
        return FAULT(r, "more than %d columns in section %.*s", SECTIONS_FIELDS_MAX, SHOWN(d->path));
    d->fields[d->field_count++] = name;
    return ST_OK;
}

static status line_columns(struct reading *r, struct view keyword, struct view words)
{
    size_t before = r->draft.field_count;
    status st = ST_OK;
    for (struct view word; st == ST_OK && (word = next_word(&words)).len;)
        st = add_column(r, word);
    if (st == ST_OK && r->draft.field_count == before)
        return FAULT(r, "%.*s: names are missing behind it", SHOWN(keyword));
    return st;
}

static status line_rows(struct reading *r, struct view keyword, struct view words)
{
    return choice(r, keyword, words, "many", "one", &r->draft.has_rows, &r->draft.is_single);
}

static status line_absent(struct reading *r, struct view keyword, struct view words)
{
    return choice(r, keyword, words, "setting", "clear", &r->draft.has_absent, &r->draft.clears);
}

static const struct keyword {
    const char *word;
    bool in_section;
    status (*take)(struct reading *r, struct view keyword, struct view words);
} keywords[] = {
    {"section", false, line_section}, {"table", true, line_table},   {"columns", true, line_columns},
    {"rows", true, line_rows},        {"absent", true, line_absent},
};

static status take_line(struct reading *r, struct view line)
{
    struct view word = next_word(&line);
    if (word.len == 0 || word.data[0] == '#')
        return ST_OK;
    for (size_t i = 0; i < COUNT(keywords); i++) {
        if (!view_is(word, keywords[i].word))
            continue;
        if (keywords[i].in_section && r->draft.line == 0)
            return FAULT(r, "%s: no section is open; a line `section NAME` comes first", keywords[i].word);
        return keywords[i].take(r, word, line);
    }
    return FAULT(r, "%.*s: not a keyword; section, table, columns, rows and absent are", SHOWN(word));
}

static status take_lines(struct reading *r, struct view text)
{
    status st = ST_OK;
    while (text.len && st == ST_OK) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len, step = len + (end != NULL);
        r->line++;
        st = take_line(r, (struct view){text.data, len});
        text.data += step;
        text.len -= step;
    }
    return st == ST_OK ? finish_section(r) : st;
}

/* ---- the map ---- */

static int compare_tables(const void *a, const void *b)
{
    const struct section *x = a, *y = b;
    return strcmp(x->table, y->table);
}

static void declared_free(struct declared_map *d)
{
    if (!d)
        return;
    arena_destroy(d->arena);
    free(d->items);
    free(d);
}
AUTO_DEFINE(struct declared_map, declared_free)

void section_map_free(struct section_map *map)
{
    declared_free((struct declared_map *)(void *)map);
}

static struct declared_map *declared_new(void)
{
    AUTO(declared_free) struct declared_map *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->arena = arena_new(MEMORY_MAX);
    d->items = calloc(sections_builtin.count + SECTIONS_DECLARED_MAX, sizeof *d->items);
    if (!d->arena || !d->items)
        return NULL;
    memcpy(d->items, sections_builtin.items, sections_builtin.count * sizeof *d->items);
    d->map = (struct section_map){sections_builtin.count, d->items};
    return STEAL(d);
}

status section_map_parse(const char *name, struct view text, struct section_map **out, struct reason *why)
{
    AUTO(declared_free) struct declared_map *d = declared_new();
    if (!d)
        return ST_NO_MEMORY;
    struct reading r = {.into = d, .name = name, .why = why};
    if (text.len > SECTIONS_FILE_MAX)
        return fault_at(&r, 1, "the file has more than %d bytes", SECTIONS_FILE_MAX);
    status st = take_lines(&r, text);
    if (st != ST_OK)
        return st;
    /* in one order in every writer, as the built-in ones are */
    qsort(d->items + sections_builtin.count, d->map.count - sections_builtin.count, sizeof *d->items, compare_tables);
    *out = &STEAL(d)->map;
    return ST_OK;
}

static status read_file(const char *path, struct buffer *text, struct reason *why)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        reason_set(why, "sections_file", "%s: %s", path, strerror(errno));
        return ST_INVALID;
    }
    char piece[4096];
    errno = 0;
    for (size_t got; text->len <= SECTIONS_FILE_MAX && (got = fread(piece, 1, sizeof piece, f));)
        buffer_add(text, piece, got);
    bool failed = ferror(f);
    if (failed)
        reason_set(why, "sections_file", "%s: %s", path, strerror(errno));
    fclose(f);
    return failed ? ST_INVALID : buffer_status(text);
}

status section_map_read(const char *path, struct section_map **out, struct reason *why)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(SECTIONS_FILE_MAX + 8192);
    status st = *path ? read_file(path, &text, why) : ST_OK;
    return st == ST_OK ? section_map_parse(path, buffer_view(&text), out, why) : st;
}
