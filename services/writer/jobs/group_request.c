#include "services/writer/jobs/group_request.h"

#include "common/xml/xml.h"

#include <ctype.h>
#include <strings.h>

/* ---- is it a SELECT ---- */

static bool is_word_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

/* Behind a quoted text that begins at `i`; 0 when it does not end. Backslashes count in '...' and "...", not in `...`. */
static size_t behind_quotes(struct view t, size_t i)
{
    char quote = t.data[i++];
    for (; i < t.len; i++) {
        if (t.data[i] == '\\' && quote != '`')
            i++;
        else if (t.data[i] == quote)
            return i + 1;
    }
    return 0;
}

static size_t behind_word(struct view t, size_t i)
{
    while (i < t.len && is_word_byte(t.data[i]))
        i++;
    return i;
}

static bool word_is(struct view word, const char *text)
{
    return word.len == strlen(text) && strncasecmp(word.data, text, word.len) == 0;
}

/* INTO writes a file or a variable; the others lock rows, and PROCEDURE runs something. */
static bool is_forbidden(struct view word)
{
    static const char *const words[] = {"INTO", "FOR", "LOCK", "PROCEDURE"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (word_is(word, words[i]))
            return true;
    return false;
}

static bool begins_comment(struct view t, size_t i)
{
    bool second = i + 1 < t.len;
    return t.data[i] == '#' || (second && t.data[i] == '/' && t.data[i + 1] == '*') ||
           (second && t.data[i] == '-' && t.data[i + 1] == '-');
}

static bool is_blank_from(struct view t, size_t i)
{
    while (i < t.len && isspace((unsigned char)t.data[i]))
        i++;
    return i == t.len;
}

/* The next piece of the statement: a word, a quoted text or one byte. @return where it ends; 0: the text is refused */
static size_t next_piece(struct view t, size_t i)
{
    char c = t.data[i];
    if (c == '\'' || c == '"' || c == '`')
        return behind_quotes(t, i);
    if (c == '\0' || begins_comment(t, i))
        return 0;
    if (c == ';')
        return is_blank_from(t, i + 1) ? t.len : 0;
    if (!is_word_byte(c))
        return i + 1;
    size_t end = behind_word(t, i);
    return is_forbidden((struct view){t.data + i, end - i}) ? 0 : end;
}

bool group_request_is_select(struct view text)
{
    size_t i = 0;
    while (i < text.len && isspace((unsigned char)text.data[i]))
        i++;
    size_t end = behind_word(text, i);
    if (!word_is((struct view){text.data + i, end - i}, "SELECT"))
        return false;
    for (i = end; i < text.len;) {
        i = next_piece(text, i);
        if (i == 0)
            return false;
    }
    return true;
}

/* ---- XMLDEF ---- */

struct reading {
    struct group_requests *out;
    unsigned depth, request; /* depth at which the REQUEST in hand was opened; 0: none */
};

static void restart(void *ctx)
{
    struct reading *r = ctx;
    group_requests_clear(r->out);
    r->depth = r->request = 0;
}

static status open(void *ctx, struct view name, const struct xml_attribute *attributes, size_t count)
{
    struct reading *r = ctx;
    (void)attributes, (void)count;
    r->depth++;
    if (r->request || !view_is(name, "REQUEST"))
        return ST_OK;
    if (r->out->count == GROUP_REQUESTS_MAX)
        return ST_TOO_BIG;
    r->out->texts[r->out->count++] = BUFFER_INIT(GROUP_TEXT_MAX);
    r->request = r->depth;
    return ST_OK;
}

static status take_text(void *ctx, struct view piece, bool stays)
{
    (void)stays;
    struct reading *r = ctx;
    if (r->request)
        buffer_add(&r->out->texts[r->out->count - 1], piece.data, piece.len);
    return ST_OK;
}

/* Blank ones do not exist, as everywhere in OCS's XML. */
static status close_element(void *ctx)
{
    struct reading *r = ctx;
    bool ends = r->request == r->depth--;
    if (!ends)
        return ST_OK;
    struct buffer *text = &r->out->texts[r->out->count - 1];
    r->request = 0;
    if (is_blank_from(buffer_view(text), 0)) {
        buffer_clear(text);
        r->out->count--;
        return ST_OK;
    }
    return buffer_status(text);
}

void group_requests_clear(struct group_requests *r)
{
    while (r->count)
        buffer_clear(&r->texts[--r->count]);
}

/* The console writes comparisons as they are: " < " is no markup. */
static void escape_comparisons(struct view in, struct buffer *out)
{
    for (size_t i = 0; i < in.len; i++) {
        bool between = i > 0 && i + 1 < in.len && in.data[i - 1] == ' ' && in.data[i + 1] == ' ';
        if (between && in.data[i] == '<')
            buffer_text(out, "&lt;");
        else
            buffer_char(out, in.data[i]);
    }
}

status group_requests_read(struct view xmldef, struct group_requests *out, struct reason *why)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(GROUP_TEXT_MAX);
    AUTO(buffer_clear) struct buffer memory = BUFFER_INIT(GROUP_TEXT_MAX);
    escape_comparisons(xmldef, &text);
    status st = buffer_status(&text);
    struct reading reading = {.out = out};
    const struct xml_handler handler = {
        .ctx = &reading, .restart = restart, .open = open, .text = take_text, .close = close_element};
    struct xml_repairs repairs = {0};
    const struct xml_limits limits = {0};
    if (st == ST_OK)
        st = xml_read(buffer_view(&text), &limits, &handler, &memory, &repairs, why);
    else
        reason_set(why, "xml_memory", "the definition is too long");
    return st;
}
