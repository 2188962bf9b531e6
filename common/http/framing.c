#include "common/http/framing.h"

#include <strings.h>

struct counts {
    unsigned lengths, codings, hosts;
};

/* One line without its CR LF; false at the end of `block` or when the line does not end in exactly that. */
static bool take_line(struct view *block, struct view *line)
{
    const char *end = memchr(block->data, '\n', block->len);
    if (!end || end == block->data || end[-1] != '\r')
        return false;
    *line = (struct view){block->data, (size_t)(end - block->data) - 1};
    block->data += line->len + 2;
    block->len -= line->len + 2;
    return true;
}

static bool is_header(struct view line, const char *name_and_colon)
{
    size_t len = strlen(name_and_colon);
    return line.len >= len && strncasecmp(line.data, name_and_colon, len) == 0;
}

static void count(struct view line, struct counts *counts)
{
    counts->lengths += is_header(line, "content-length:");
    counts->codings += is_header(line, "transfer-encoding:");
    counts->hosts += is_header(line, "host:");
}

static bool is_ambiguous(const struct counts *counts, bool is_http10)
{
    return counts->lengths + counts->codings > 1 || counts->hosts > 1 || (counts->codings > 0 && is_http10);
}

enum framing framing_check(struct view block, bool is_http10)
{
    const char *begin = block.data;
    struct counts counts = {0};
    struct view line;
    if (!take_line(&block, &line))
        return FRAMING_AMBIGUOUS;
    if (line.len == 0 && !take_line(&block, &line)) /* h2o skips one empty line before a request */
        return FRAMING_AMBIGUOUS;
    while (take_line(&block, &line)) {
        if ((size_t)(block.data - begin) > FRAMING_HEADER_MAX)
            return FRAMING_TOO_LONG;
        if (line.len == 0)
            return is_ambiguous(&counts, is_http10) ? FRAMING_AMBIGUOUS : FRAMING_CLEAR;
        if (line.data[0] == ' ' || line.data[0] == '\t')
            return FRAMING_AMBIGUOUS;
        count(line, &counts);
    }
    return FRAMING_AMBIGUOUS;
}
