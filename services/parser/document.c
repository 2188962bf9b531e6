/*
 * From SAX events to rows, without a tree: at any moment we are in one of four states, told by which depth is set.
 *
 *   containers      nothing set: elements are looked up by their path
 *   a single value  value_depth: its text is collected
 *   a row           row_depth: its children are fields (at row_depth + 1), whatever is deeper adds its text to the field
 *   passed over     skip_depth: until that element closes
 *
 * Rows and values live in one arena; a reading makes no other allocation once its buffers have grown.
 */
#include "services/parser/document.h"

#include "services/parser/suspicious.h"

enum {
    SECTIONS_MAX = 256,
    PATH_LEN = 256,
    ROWS = 250000,
    VALUE_MAX = 4 << 20,
    MEMORY_MAX = 256 << 20,
    KEEP_MEMORY = 8 << 20
};

struct document {
    struct document_limits limits;
    struct arena *arena;
    struct view piece;    /* text of the field or single value at hand, when it is one piece that stays; else */
    struct buffer text;   /* its pieces, copied together */
    struct buffer memory; /* for conversion and repair */
    struct reason *why;
    enum upload_kind kind;
    unsigned unknown, sanitized;

    struct document_section sections[SECTIONS_MAX];
    size_t section_count;
    struct view values[VALUE_COUNT];

    char path[PATH_LEN]; /* of the open containers, below the root */
    size_t path_len;
    size_t container_len[8]; /* path_len before each open container but the root */
    size_t containers;

    size_t depth, value_depth, row_depth, skip_depth;
    enum document_value value;
    struct document_section
        *section;             /* of the row at hand; afterwards of the row before, which is likely the next one's */
    const char *section_name; /* interned name of the element that began it */
    size_t section_parent;    /* path_len of its parent */
    struct document_row *row;
    int field;          /* at hand, -1: not one of ours */
    bool field_exists;  /* has attributes: exists without text */
    char *joined;       /* text of the field of this row that was joined last, */
    size_t joined_room; /* and how long it may become where it is */
    int joined_field;   /* -1: none */
    bool row_has_child, row_has_text;
};

struct document *document_new(const struct document_limits *limits)
{
    AUTO(document_destroy) struct document *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->limits = *limits;
    d->limits.sections = limits->sections ? limits->sections : &sections_builtin;
    d->limits.rows = limits->rows ? limits->rows : ROWS;
    d->limits.value_max = limits->value_max ? limits->value_max : VALUE_MAX;
    d->limits.memory_max = limits->memory_max ? limits->memory_max : MEMORY_MAX;
    d->text = BUFFER_INIT(d->limits.value_max);
    d->memory = BUFFER_INIT(d->limits.memory_max);
    d->arena = arena_new(d->limits.memory_max);
    return d->arena ? STEAL(d) : NULL;
}

void document_destroy(struct document *d)
{
    if (!d)
        return;
    arena_destroy(d->arena);
    buffer_clear(&d->text);
    buffer_clear(&d->memory);
    free(d);
}

/* Beyond the cap it will never be read; without memory it may be later. */
static status out_of_memory(struct document *d)
{
    status st = arena_failure(d->arena);
    if (st == ST_TOO_BIG)
        reason_set(d->why, "memory", "its rows need more than %zu bytes", d->limits.memory_max);
    else
        reason_set(d->why, "no_memory", "no memory for its rows");
    return st;
}

static bool is_blank(struct view v)
{
    for (size_t i = 0; i < v.len; i++) {
        char c = v.data[i];
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
            return false;
    }
    return true;
}

/* ---- text of the field or single value at hand: nearly always one piece, which is used where it is ---- */

static void begin_text(struct document *d)
{
    d->piece = VIEW_ABSENT;
    if (d->text.len || buffer_status(&d->text) != ST_OK) /* seldom: most texts are one piece */
        buffer_reset(&d->text);
}

static status add_text(struct document *d, struct view piece, bool stays)
{
    if (stays && !d->piece.data && !d->text.len && piece.len <= d->limits.value_max) {
        d->piece = piece;
        return ST_OK;
    }
    if (d->piece.data)
        buffer_add(&d->text, d->piece.data, d->piece.len);
    d->piece = VIEW_ABSENT;
    buffer_add(&d->text, piece.data, piece.len);
    if (buffer_status(&d->text) == ST_TOO_BIG)
        reason_set(d->why, "value_too_big", "a value above %zu bytes", d->limits.value_max);
    return buffer_status(&d->text);
}

static struct view text_at_hand(const struct document *d)
{
    return d->piece.data ? d->piece : buffer_view(&d->text);
}

/* Absent: memory is out. */
static struct view keep_text(struct document *d, struct view text)
{
    return text.data == d->piece.data ? text : arena_copy(d->arena, text);
}

/* ---- fields ---- */

/* Another value of a field that has one: a repeated leaf, such as the members of a group. Thousands of them come in a row,
 * so the joined text has room to grow: copying it for each would take time and memory with the square of their number. */
static status join_field(struct document *d, int field, struct view value)
{
    struct view *at = &d->row->values[field];
    size_t len = at->len + 1 + value.len;
    if (len > d->limits.value_max)
        return reason_set(d->why, "value_too_big", "a value above %zu bytes", d->limits.value_max), ST_TOO_BIG;
    if (d->joined_field != field || len > d->joined_room) {
        char *room = arena_alloc(d->arena, 2 * len);
        if (!room)
            return out_of_memory(d);
        memcpy(room, at->data, at->len);
        d->joined = room;
        d->joined_room = 2 * len;
        d->joined_field = field;
    }
    d->joined[at->len] = ',';
    memcpy(d->joined + at->len + 1, value.data, value.len);
    *at = (struct view){d->joined, len};
    return ST_OK;
}

/* OCS looks at what is below CONTENT only: rows of INVENTORY and SNMP. */
static struct view sanitize(struct document *d, struct view value)
{
    if (!d->limits.sanitizes || d->kind == UPLOAD_NOTIFY || !value_is_suspicious(value))
        return value;
    d->sanitized++;
    return VIEW_LITERAL("1");
}

static status set_field(struct document *d, int field, struct view value)
{
    struct view *at = &d->row->values[field];
    value = sanitize(d, value);
    if (at->data)
        return join_field(d, field, value);
    *at = keep_text(d, value);
    return at->data ? ST_OK : out_of_memory(d);
}

enum { NO_FIELD = -1, NO_MEMORY_FOR_FIELD = -2 };

static int add_field(struct document *d, struct document_section *s, struct view name)
{
    if (!s->grows || s->field_count == RECORD_FIELDS_MAX)
        return NO_FIELD;
    s->fields[s->field_count] = arena_copy(d->arena, name);
    return s->fields[s->field_count].data ? (int)s->field_count++ : NO_MEMORY_FOR_FIELD;
}

/* The address of an interned name says which it is; where in the table it stands, too. */
static struct document_seen *seen_of(struct document_section *s, const char *name)
{
    uintptr_t address = (uintptr_t)name;
    return &s->seen[(address ^ address >> 6) % COUNT(s->seen)];
}

/* The same names come row after row: the answer of the row before is looked at first, also when it was that there is no such field. */
static int find_field(struct document *d, struct view name)
{
    struct document_section *s = d->section;
    struct document_seen *seen = seen_of(s, name.data);
    if (seen->name == name.data)
        return seen->field;
    size_t i = 0;
    while (i < s->field_count && !view_equal(s->fields[i], name))
        i++;
    int field = i < s->field_count ? (int)i : add_field(d, s, name);
    if (field != NO_MEMORY_FOR_FIELD)
        *seen = (struct document_seen){name.data, field};
    return field;
}

static status open_field(struct document *d, struct view name, size_t attributes)
{
    d->field = find_field(d, name);
    d->field_exists = attributes > 0;
    begin_text(d);
    return d->field == NO_MEMORY_FOR_FIELD ? out_of_memory(d) : ST_OK;
}

static status close_field(struct document *d)
{
    struct view text = text_at_hand(d);
    if (is_blank(text)) {
        if (!d->field_exists)
            return ST_OK; /* blank and without attributes: it does not exist */
        text.len = 0;
    }
    d->row_has_child = true;
    return d->field >= 0 ? set_field(d, d->field, text) : ST_OK;
}

/* ---- rows and sections ---- */

static struct document_section *section_open(struct document *d, const struct place *place)
{
    for (size_t i = 0; i < d->section_count; i++)
        if (view_equal(d->sections[i].name, place->section))
            return &d->sections[i];
    if (d->section_count == SECTIONS_MAX)
        return NULL;
    struct document_section *s = &d->sections[d->section_count];
    *s = (struct document_section){
        .name = arena_copy(d->arena, place->section), .single = place->single, .grows = place->form == PLACE_ANY_ROWS};
    if (!s->name.data)
        return NULL;
    for (; place->fields && place->fields[s->field_count]; s->field_count++)
        s->fields[s->field_count] = view_of(place->fields[s->field_count]);
    d->section_count++;
    return s;
}

static status open_row(struct document *d, const struct xml_attribute *attributes, size_t count)
{
    struct document_section *s = d->section;
    if (s->row_count >= d->limits.rows)
        return reason_set(d->why, "rows", "more than %zu rows of %.*s", d->limits.rows, (int)s->name.len, s->name.data),
               ST_TOO_BIG;
    size_t fields = s->grows ? RECORD_FIELDS_MAX : s->field_count;
    size_t len = sizeof *d->row + fields * sizeof d->row->values[0];
    d->row = arena_alloc(d->arena, len);
    if (!d->row)
        return out_of_memory(d);
    memset(d->row, 0, len);
    d->row_depth = d->depth;
    d->row_has_child = d->row_has_text = false;
    d->joined_field = -1;
    for (size_t i = 0; i < count; i++) {
        int field = find_field(d, attributes[i].name);
        d->row_has_child = true;
        status st = field >= 0                     ? set_field(d, field, attributes[i].value)
                    : field == NO_MEMORY_FOR_FIELD ? out_of_memory(d)
                                                   : ST_OK;
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

static void close_row(struct document *d)
{
    struct document_section *s = d->section;
    d->row_depth = 0;
    if (!d->row_has_child && !d->row_has_text)
        return; /* all its children vanished: it does not exist */
    if (s->single && !d->row_has_child) {
        d->unknown++; /* words where the one row should be say nothing, and must not blank what is stored */
        return;
    }
    d->row->text_only = !d->row_has_child;
    s->has_text_rows |= d->row->text_only;
    if (s->last)
        s->last->next = d->row;
    else
        s->first = d->row;
    s->last = d->row;
    s->row_count++;
}

/* ---- places ---- */

static void pass_over(struct document *d)
{
    d->skip_depth = d->depth;
    d->unknown++;
}

static void open_container(struct document *d, size_t name_len)
{
    if (d->containers == COUNT(d->container_len)) {
        pass_over(d);
        return;
    }
    d->container_len[d->containers++] = d->path_len;
    d->path_len += name_len + (d->path_len > 0);
}

/* The path of a child of the open containers, behind the path that is there already. */
static bool path_of_child(struct document *d, struct view name, struct view *path)
{
    size_t slash = d->path_len > 0;
    if (d->path_len + slash + name.len > sizeof d->path)
        return false;
    if (slash)
        d->path[d->path_len] = '/';
    memcpy(d->path + d->path_len + slash, name.data, name.len);
    *path = (struct view){d->path, d->path_len + slash + name.len};
    return true;
}

static bool is_section_before(const struct document *d, struct view name)
{
    return d->section_name == name.data && d->section_parent == d->path_len;
}

static status open_section_row(struct document *d, struct view name, const struct place *place,
                               const struct xml_attribute *attributes, size_t count)
{
    if (place) {
        d->section = section_open(d, place);
        if (!d->section && d->section_count < SECTIONS_MAX)
            return out_of_memory(d);
        if (!d->section)
            return reason_set(d->why, "rows", "more than %d sections", SECTIONS_MAX), ST_TOO_BIG;
        d->section_name = name.data;
        d->section_parent = d->path_len;
    }
    if (d->section->single && d->section->row_count) {
        pass_over(d);
        return ST_OK;
    }
    return open_row(d, attributes, count);
}

static status open_place(struct document *d, struct view name, const struct xml_attribute *attributes, size_t count)
{
    struct view path;
    if (is_section_before(d, name))
        return open_section_row(d, name, NULL, attributes, count);
    struct place place = path_of_child(d, name, &path) ? place_find(d->limits.sections, d->kind, path)
                                                       : (struct place){.form = PLACE_NONE};
    switch (place.form) {
    case PLACE_CONTAINER: open_container(d, name.len); break;
    case PLACE_VALUE:
        d->value = place.value;
        d->value_depth = d->depth;
        begin_text(d);
        break;
    case PLACE_ROWS:
    case PLACE_ANY_ROWS: return open_section_row(d, name, &place, attributes, count);
    case PLACE_NONE: pass_over(d); break;
    }
    return ST_OK;
}

static status keep_value(struct document *d, enum document_value value, struct view text)
{
    if (is_blank(text) || d->values[value].data)
        return ST_OK;
    d->values[value] = keep_text(d, text);
    return d->values[value].data ? ST_OK : out_of_memory(d);
}

/* Attributes of the root are children: <REQUEST QUERY="DOWNLOAD" ID="1" ERR="SUCCESS"/> */
static status open_root(struct document *d, const struct xml_attribute *attributes, size_t count)
{
    status st = ST_OK;
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        struct place place = place_find(d->limits.sections, d->kind, attributes[i].name);
        if (place.form == PLACE_VALUE)
            st = keep_value(d, place.value, attributes[i].value);
    }
    return st;
}

/* ---- events ---- */

static void on_restart(void *ctx)
{
    struct document *d = ctx;
    arena_reset(d->arena);
    begin_text(d);
    d->section_count = d->unknown = d->sanitized = 0;
    memset(d->values, 0, sizeof d->values);
    d->path_len = d->containers = d->depth = d->value_depth = d->row_depth = d->skip_depth = 0;
    d->section = NULL;
    d->section_name = NULL;
}

static status on_open(void *ctx, struct view name, const struct xml_attribute *attributes, size_t count)
{
    struct document *d = ctx;
    d->depth++;
    if (d->skip_depth || d->value_depth)
        return ST_OK;
    if (d->row_depth) {
        return d->depth == d->row_depth + 1 ? open_field(d, name, count) : ST_OK;
    }
    return d->depth == 1 ? open_root(d, attributes, count) : open_place(d, name, attributes, count);
}

static status on_text(void *ctx, struct view piece, bool stays)
{
    struct document *d = ctx;
    if (d->skip_depth)
        return ST_OK;
    if (d->row_depth && d->depth == d->row_depth) {
        d->row_has_text |= !is_blank(piece);
        return ST_OK;
    }
    if (!d->value_depth && !d->row_depth)
        return ST_OK; /* beside the places: blanks between elements */
    return add_text(d, piece, stays);
}

static status on_close(void *ctx)
{
    struct document *d = ctx;
    size_t depth = d->depth--;
    if (d->skip_depth) {
        d->skip_depth = depth == d->skip_depth ? 0 : d->skip_depth;
    } else if (d->value_depth) {
        if (depth != d->value_depth)
            return ST_OK;
        d->value_depth = 0;
        return keep_value(d, d->value, text_at_hand(d));
    } else if (d->row_depth) {
        if (depth == d->row_depth + 1)
            return close_field(d);
        if (depth == d->row_depth)
            close_row(d);
    } else if (d->containers) {
        d->path_len = d->container_len[--d->containers];
    }
    return ST_OK;
}

status document_read(struct document *d, enum upload_kind kind, struct view text, struct xml_repairs *repairs,
                     struct reason *why)
{
    const struct xml_handler handler = {d, on_restart, on_open, on_text, on_close};
    d->kind = kind;
    d->why = why;
    if (d->memory.room > KEEP_MEMORY)
        buffer_clear(&d->memory);
    status st = xml_read(text, &d->limits.xml, &handler, &d->memory, repairs, why);
    d->why = NULL;
    return st;
}

size_t document_section_count(const struct document *d)
{
    return d->section_count;
}

const struct document_section *document_section_at(const struct document *d, size_t i)
{
    return &d->sections[i];
}

struct view document_value(const struct document *d, enum document_value value)
{
    return d->values[value];
}

unsigned document_unknown(const struct document *d)
{
    return d->unknown;
}

unsigned document_sanitized(const struct document *d)
{
    return d->sanitized;
}
