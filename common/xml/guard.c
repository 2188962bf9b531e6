/* What libxml2 must never see: it looks only at '<' and what follows, so it costs little more than finding them. */
#include "common/xml/inner.h"

#include "common/base/cleanup.h"

/* Behind the end of `mark`, or NULL. */
static const char *behind(const char *at, const char *end, const char *mark)
{
    size_t len = strlen(mark);
    const char *found = memmem(at, (size_t)(end - at), mark, len);
    return found ? found + len : NULL;
}

/* Behind the '>' that ends the tag which begins at `at`; quotes may hold others. NULL: not within XML_TAG_MAX bytes. */
static const char *tag_end(const char *at, const char *end)
{
    if (end - at > XML_TAG_MAX)
        end = at + XML_TAG_MAX;
    for (const char *p = at + 1; p < end; p++) {
        if (*p == '>')
            return p + 1;
        if ((*p == '"' || *p == '\'') && !(p = memchr(p + 1, *p, (size_t)(end - p - 1))))
            return NULL;
    }
    return NULL;
}

/* What opens at '<', told by what follows it. CDATA is written in capitals only, as libxml2 wants it. */
static const struct {
    const char *open, *close;
} spans[] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};

/* Behind the end of the comment, CDATA section or processing instruction at `at`.
 * @return false when it is none of them; `*end_of` is NULL when it does not end */
static bool span_end(const char *at, const char *end, const char **end_of)
{
    for (size_t i = 0; i < COUNT(spans); i++) {
        size_t len = strlen(spans[i].open);
        if ((size_t)(end - at) >= len && memcmp(at, spans[i].open, len) == 0) {
            *end_of = behind(at + len, end, spans[i].close);
            return true;
        }
    }
    return false;
}

static size_t offset_in(struct view text, const char *at)
{
    return (size_t)(at - text.data);
}

status xml_guard(struct view text, struct reason *why)
{
    const char *at = text.data, *end = text.data + text.len;
    while ((at = memchr(at, '<', (size_t)(end - at)))) {
        const char *begin = at;
        bool declares = end - at > 1 && (at[1] == '!' || at[1] == '?');
        if (!declares)
            at = tag_end(at, end);
        else if (!span_end(at, end, &at))
            return reason_set(why, "xml_doctype", "a document type or another declaration at byte %zu",
                              offset_in(text, begin)),
                   ST_MALFORMED;
        if (!at && !declares && end - begin > XML_TAG_MAX)
            return reason_set(why, "xml_tag_too_long", "a tag of more than %d bytes at byte %zu", XML_TAG_MAX,
                              offset_in(text, begin)),
                   ST_TOO_BIG;
        if (!at)
            return reason_set(why, "xml_not_well_formed", "what opens at byte %zu never closes",
                              offset_in(text, begin)),
                   ST_MALFORMED;
    }
    return ST_OK;
}
