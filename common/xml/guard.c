/* What libxml2 must never see: it looks only at '<' and what follows, so it costs little more than finding them. */
#include "common/xml/inner.h"

#include <strings.h>

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
    char quote = 0;
    for (const char *p = at + 1; p < end; p++) {
        if (quote)
            quote = *p == quote ? 0 : quote;
        else if (*p == '"' || *p == '\'')
            quote = *p;
        else if (*p == '>')
            return p + 1;
    }
    return NULL;
}

static bool begins(const char *at, const char *end, const char *with)
{
    size_t len = strlen(with);
    return (size_t)(end - at) >= len && strncasecmp(at, with, len) == 0;
}

status xml_guard(struct view text, struct reason *why)
{
    const char *at = text.data, *end = text.data + text.len;
    while ((at = memchr(at, '<', (size_t)(end - at)))) {
        const char *begin = at;
        if (begins(at, end, "<!--"))
            at = behind(at + 4, end, "-->");
        else if (begins(at, end, "<![CDATA["))
            at = behind(at + 9, end, "]]>");
        else if (begins(at, end, "<?"))
            at = behind(at + 2, end, "?>");
        else if (begins(at, end, "<!"))
            return reason_set(why, "xml_doctype", "a document type or another declaration at byte %zu",
                              (size_t)(begin - text.data)),
                   ST_MALFORMED;
        else
            at = tag_end(at, end);
        if (!at && end - begin > XML_TAG_MAX && !begins(begin, end, "<!") && !begins(begin, end, "<?"))
            return reason_set(why, "xml_tag_too_long", "a tag of more than %d bytes at byte %zu", XML_TAG_MAX,
                              (size_t)(begin - text.data)),
                   ST_TOO_BIG;
        if (!at)
            return reason_set(why, "xml_not_well_formed", "what opens at byte %zu never closes",
                              (size_t)(begin - text.data)),
                   ST_MALFORMED;
    }
    return ST_OK;
}
