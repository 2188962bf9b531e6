/*
 * The envelope in one pass: from '<' to '<', with the names of the open elements on a small stack. Nothing is built and nothing is
 * looked at but tags and the few values that the gateway needs.
 *
 * Nearly all of an inventory is rows of plain elements that nothing is wanted of. skip_rows() passes over those, many in a row; whatever is not
 * of the plainest kind it leaves to markup(), which knows everything, also what is wrong.
 */
#include "common/base/cleanup.h"
#include "common/upload/envelope_value.h"
#include "common/upload/tag_marks.h"

enum { DEPTH_MAX = 64, TAG_MAX = 4096, ELEMENTS_MAX = 5000000 };

struct scan {
    const char *begin, *at, *end; /* `at`: the '<' that is looked at */
    struct view names[DEPTH_MAX]; /* of the elements that are open */
    size_t depth, elements;
    bool is_plain_section; /* nothing is wanted of names[2], which is open or, at depth 2, was open last */
    struct upload_envelope *out;
    struct view inner_deviceid;    /* CONTENT/DEVICEID */
    struct upload_account account; /* of the ACCOUNTINFO that is open */
    struct view *wanted;           /* where the value of the open element goes; NULL: nobody wants it */
    size_t wanted_depth;           /* depth of that element */
    const char *value_at;          /* begin of its text */
    bool not_text;                 /* it has attributes or elements: no plain text */
    struct envelope_scratch scratch;
    struct reason *why;
    struct tag_marks marks; /* of skip_rows() */
};

/* Present, but an element with attributes or elements, or repeated: equal to nothing that anybody expects. */
#define NOT_TEXT VIEW_LITERAL("")

static status fail(const struct scan *s, const char *code, const char *what)
{
    reason_set(s->why, code, "%s at byte %zu", what, (size_t)(s->at - s->begin));
    return ST_MALFORMED;
}

static status fail_limit(const struct scan *s, const char *code, const char *what)
{
    reason_set(s->why, code, "%s at byte %zu", what, (size_t)(s->at - s->begin));
    return ST_TOO_BIG;
}

/* ---------------------------------------------------------------- values ---- */

static struct view *root_child(struct scan *s, struct view name)
{
    const struct {
        const char *name;
        struct view *to;
    } wanted[] = {
        {"QUERY", &s->out->query}, {"DEVICEID", &s->out->deviceid}, {"PLATFORM", &s->out->platform},
        {"AGENT", &s->out->agent}, {"DMI", &s->out->dmi},           {"IPDISCOVER", &s->out->ipdiscover},
    };
    for (size_t i = 0; i < COUNT(wanted); i++)
        if (view_is(name, wanted[i].name))
            return wanted[i].to;
    return NULL;
}

/* Where the value called `name` of the element that is open at `depth` goes; NULL: nobody wants it. */
static struct view *place_of(struct scan *s, size_t depth, struct view name)
{
    if (depth == 1)
        return root_child(s, name);
    if (depth > 3 || !view_is(s->names[1], "CONTENT"))
        return NULL;
    if (depth == 2)
        return view_is(name, "DEVICEID") ? &s->inner_deviceid : NULL;
    if (!view_is(s->names[2], "ACCOUNTINFO"))
        return NULL;
    if (view_is(name, "KEYNAME"))
        return &s->account.name;
    return view_is(name, "KEYVALUE") ? &s->account.value : NULL;
}

static void keep(struct scan *s, struct view *to, struct view value)
{
    if (!value.data)
        return;
    if (to->data && to == &s->out->query)
        s->out->query_repeated = true;
    *to = to->data ? NOT_TEXT : value;
}

static status keep_raw(struct scan *s, struct view *to, struct view raw, bool attribute)
{
    struct view value;
    status st = envelope_value(raw, attribute, &s->scratch, &value);
    if (st == ST_TOO_BIG)
        return fail_limit(s, "xml_value_too_long", "a value of the envelope is too long");
    if (st != ST_OK)
        return fail(s, "xml_entity", "an entity that XML does not know, or a bare '&', in the value that ends");
    keep(s, to, value);
    return ST_OK;
}

static bool is_account(const struct scan *s)
{
    return s->depth == 3 && view_is(s->names[2], "ACCOUNTINFO") && view_is(s->names[1], "CONTENT");
}

static void keep_account(struct scan *s)
{
    struct upload_envelope *out = s->out;
    if ((s->account.name.data || s->account.value.data) && out->account_count < UPLOAD_ACCOUNTS_MAX)
        out->accounts[out->account_count++] = s->account;
    s->account = (struct upload_account){VIEW_ABSENT, VIEW_ABSENT};
}

/* ---------------------------------------------------------------- tags ---- */

static bool is_blank(char c)
{
    return (unsigned char)c <= ' '; /* control characters are no text: the parser leaves them out */
}

static bool is_blank_only(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at == end;
}

static const char *name_end(const char *p, const char *end)
{
    while (p < end && !is_blank(*p) && *p != '>' && *p != '/' && *p != '=')
        p++;
    return p;
}

/* The '>' that ends a tag; others may stand in quotes. NULL: not before `end`. */
static const char *tag_end(const char *p, const char *end)
{
    char quote = 0;
    for (; p < end; p++) {
        if (quote)
            quote = *p == quote ? 0 : quote;
        else if (*p == '>')
            return p;
        else if (*p == '"' || *p == '\'')
            quote = *p;
    }
    return NULL;
}

static const char *tag_limit(const struct scan *s)
{
    return s->end - s->at > TAG_MAX ? s->at + TAG_MAX : s->end;
}

static status tag_does_not_end(const struct scan *s)
{
    if (s->end - s->at > TAG_MAX)
        return fail_limit(s, "xml_tag_too_long", "a tag of more than 4096 bytes");
    return fail(s, "xml_not_closed", "a tag that does not end");
}

/* One `name = "value"` at `p`; returns what is behind it, or NULL when it is none. */
static const char *attribute_at(const char *p, const char *end, struct view *name, struct view *value)
{
    const char *stop = name_end(p, end);
    *name = (struct view){p, (size_t)(stop - p)};
    for (p = stop; p < end && (is_blank(*p) || *p == '='); p++)
        ;
    if (name->len == 0 || p == end || (*p != '"' && *p != '\''))
        return NULL;
    const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));
    if (!close)
        return NULL;
    *value = (struct view){p + 1, (size_t)(close - p - 1)};
    return close + 1;
}

/* The attributes of the element that was just opened, as its children: between `p` and the end of its tag. */
static status take_attributes(struct scan *s, const char *p, const char *end)
{
    for (;;) {
        while (p < end && is_blank(*p))
            p++;
        if (p >= end)
            return ST_OK;
        struct view name, value;
        p = attribute_at(p, end, &name, &value);
        if (!p)
            return fail(s, "xml_not_closed", "a tag that is not well-formed");
        struct view *to = place_of(s, s->depth, name);
        status st = to ? keep_raw(s, to, value, true) : ST_OK;
        if (st != ST_OK)
            return st;
    }
}

/* Leave the innermost element; its text ended at `text_end`. */
static status leave(struct scan *s, const char *text_end)
{
    status st = ST_OK;
    if (s->wanted && s->depth == s->wanted_depth) {
        if (s->not_text)
            keep(s, s->wanted, NOT_TEXT);
        else
            st = keep_raw(s, s->wanted, (struct view){s->value_at, (size_t)(text_end - s->value_at)}, false);
        s->wanted = NULL;
    } else if (is_account(s)) {
        keep_account(s);
    }
    s->depth--;
    return st;
}

/* The innermost element is new: its attributes and, when it is one of those that are wanted, where its text begins. */
static status enter(struct scan *s, const char *attributes, const char *end, const char *text_at)
{
    bool has_attributes = !is_blank_only(attributes, end);
    if (s->wanted) {
        s->not_text = true;
        return ST_OK;
    }
    s->wanted = place_of(s, s->depth - 1, s->names[s->depth - 1]);
    if (s->wanted) {
        s->wanted_depth = s->depth;
        s->not_text = has_attributes;
        s->value_at = text_at;
        return ST_OK;
    }
    return has_attributes && s->depth <= 3 ? take_attributes(s, attributes, end) : ST_OK;
}

static status open_tag(struct scan *s)
{
    const char *name = s->at + 1, *limit = tag_limit(s), *name_stop = name_end(name, limit);
    const char *close = tag_end(name_stop, limit);
    if (!close)
        return tag_does_not_end(s);
    if (name_stop == name)
        return fail(s, "xml_not_closed", "'<' that begins no tag");
    if (s->depth == 0 && s->elements)
        return fail(s, "xml_after_root", "a second root element");
    if (s->depth == DEPTH_MAX)
        return fail_limit(s, "xml_depth", "more than 64 elements in each other");
    if (s->elements++ == ELEMENTS_MAX)
        return fail_limit(s, "xml_elements", "more than 5000000 elements");
    s->names[s->depth++] = (struct view){name, (size_t)(name_stop - name)};
    bool empty = close[-1] == '/';
    status st = enter(s, name_stop, close - empty, close + 1);
    if (s->depth <= 3)
        s->is_plain_section = s->depth == 3 && !s->wanted && !view_is(s->names[2], "ACCOUNTINFO");
    if (st == ST_OK && empty)
        st = leave(s, close + 1);
    s->at = st == ST_OK ? close + 1 : s->at;
    return st;
}

static status close_tag(struct scan *s)
{
    if (s->depth == 0)
        return fail(s, s->elements ? "xml_after_root" : "xml_no_root", "an end tag without its element");
    struct view open = s->names[s->depth - 1];
    const char *name = s->at + 2, *limit = tag_limit(s);
    if ((size_t)(s->end - name) < open.len || memcmp(name, open.data, open.len) != 0)
        return fail(s, "xml_not_closed", "an end tag that is not the open element's");
    const char *p = name + open.len;
    while (p < limit && is_blank(*p))
        p++;
    if (p >= limit)
        return tag_does_not_end(s);
    if (*p != '>')
        return fail(s, "xml_not_closed", "an end tag that is not the open element's");
    status st = leave(s, s->at);
    s->at = st == ST_OK ? p + 1 : s->at;
    return st;
}

/* ---------------------------------------------------------------- plain rows ---- */

/* Length of the name at the beginning, of letters, digits and the like: all that ends a name or makes it something else does, and more. */
static size_t plain_name_len(block b)
{
    unsigned ends = block_bits(block_below(b, '0') | block_below(b - block_fill('<'), 4)); /* < = > ? */
    return ends ? (size_t)__builtin_ctz(ends) : BLOCK;
}

/* "</NAME>" of the innermost element. */
static bool skip_close(struct scan *s, const char *tag)
{
    struct view open = s->names[s->depth - 1];
    if (s->depth < 3 || open.len > BLOCK || tag[2 + open.len] != '>' ||
        !block_same_start(block_load(tag + 2), block_load(open.data), open.len))
        return false;
    s->depth--;
    s->at = tag + 2 + open.len + 1;
    return true;
}

/* "<NAME>": an element in a row, or a row like the one before. */
static bool skip_open(struct scan *s, const char *tag, block name, size_t len)
{
    if (s->depth == 2 && (s->names[2].len != len || !block_same_start(name, block_load(s->names[2].data), len)))
        return false;
    s->names[s->depth++] = (struct view){tag + 1, len};
    s->elements++;
    s->at = tag + 1 + len + 1;
    return true;
}

/* What is at `tag`, when it is of the plainest kind; `then`: the next '<'. Returns how many of them are passed; 0: it is something else. */
static size_t skip_plain(struct scan *s, const char *tag, const char *then)
{
    if (tag[1] == '/')
        return skip_close(s, tag);
    block name = block_load(tag + 1);
    size_t len = plain_name_len(name);
    if (len == 0 || len == BLOCK || tag[1 + len] != '>' || s->depth == DEPTH_MAX || s->elements >= ELEMENTS_MAX)
        return 0;
    if (s->depth < 3 || then[1] != '/' || !block_same_start(name, block_load(then + 2), len + 1))
        return skip_open(s, tag, name, len);
    s->elements++; /* <NAME>text</NAME>, as most are */
    s->at = then + 2 + len + 1;
    return 2;
}

/* Two marks from `at` on: a tag and the one behind it. */
static bool has_marks(struct scan *s)
{
    struct tag_marks *m = &s->marks;
    while (m->next < m->count && m->from + m->at[m->next] < s->at)
        m->next++;
    if (m->count - m->next < 2)
        tag_marks_find(m, s->at, s->end);
    return m->count >= 2;
}

/* Pass over all that is plain from `at` on. */
static void skip_rows(struct scan *s)
{
    while (s->depth >= 2 && s->is_plain_section && !s->wanted && has_marks(s)) {
        struct tag_marks *m = &s->marks;
        const char *tag = m->from + m->at[m->next], *then = m->from + m->at[m->next + 1];
        size_t passed = skip_plain(s, tag, then);
        if (!passed)
            return;
        m->next += passed;
    }
}

/* ---------------------------------------------------------------- the document ---- */

static bool begins(const struct scan *s, const char *with)
{
    size_t len = strlen(with);
    return (size_t)(s->end - s->at) >= len && memcmp(s->at, with, len) == 0;
}

/* Behind the next `mark`, looked for `skip` bytes from here. */
static status skip_to(struct scan *s, size_t skip, const char *mark)
{
    size_t len = strlen(mark);
    const char *from = s->at + skip, *found = memmem(from, (size_t)(s->end - from), mark, len);
    if (!found)
        return fail(s, "xml_not_closed", "a comment, CDATA or processing instruction that does not end");
    s->at = found + len;
    return ST_OK;
}

/* Nothing but comments and the like may stand outside of the root element. */
static status stray(const struct scan *s)
{
    if (s->elements)
        return fail(s, "xml_after_root", "text behind the root element");
    return fail(s, "xml_no_root", "text before the root element");
}

static status markup(struct scan *s)
{
    if (begins(s, "</"))
        return close_tag(s);
    if (begins(s, "<?"))
        return skip_to(s, 2, "?>");
    if (!begins(s, "<!"))
        return open_tag(s);
    if (begins(s, "<!--"))
        return skip_to(s, 4, "-->");
    if (!begins(s, "<![CDATA["))
        return fail(s, "xml_doctype", "a document type or another declaration");
    return s->depth ? skip_to(s, 9, "]]>") : stray(s);
}

static status scan_document(struct scan *s)
{
    for (;;) {
        skip_rows(s);
        const char *from = s->at, *next = memchr(from, '<', (size_t)(s->end - from));
        s->at = next ? next : s->end;
        if (s->depth == 0 && !is_blank_only(from, s->at))
            return stray(s);
        if (!next)
            break;
        status st = markup(s);
        if (st != ST_OK)
            return st;
    }
    if (s->depth)
        return fail(s, "xml_not_closed", "elements are still open at the end,");
    return s->elements ? ST_OK : fail(s, "xml_no_root", "no element up to the end,");
}

static status check_begin(struct scan *s)
{
    const unsigned char *p = (const unsigned char *)s->at;
    size_t len = (size_t)(s->end - s->at);
    if (len >= 2 && (p[0] == 0 || p[1] == 0 || (p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)))
        return fail(s, "xml_encoding", "UTF-16, or no text at all,");
    if (begins(s, "\xef\xbb\xbf"))
        s->at += 3;
    return is_blank_only(s->at, s->end) ? fail(s, "xml_empty", "no document") : ST_OK;
}

static void finish(struct scan *s)
{
    struct upload_envelope *out = s->out;
    if (!out->deviceid.data)
        out->deviceid = s->inner_deviceid;
    if (!view_is(out->query, "UPDATE"))
        out->platform = out->agent = out->dmi = out->ipdiscover = VIEW_ABSENT;
}

status upload_envelope_read(const char *text, size_t len, char *scratch, size_t scratch_len,
                            struct upload_envelope *out, struct reason *why)
{
    memset(out, 0, sizeof *out);
    struct scan s;
    memset(&s, 0,
           offsetof(struct scan, marks)); /* the marks themselves are many, and none is read that was not found */
    s.marks.count = s.marks.next = 0;
    s.begin = s.at = len ? text : "";
    s.end = s.begin + len;
    s.out = out;
    s.scratch = (struct envelope_scratch){scratch, scratch + scratch_len};
    s.why = why;
    status st = check_begin(&s);
    if (st == ST_OK)
        st = scan_document(&s);
    if (st == ST_OK)
        finish(&s);
    return st;
}
