/* What an operator typed, against what an agent sent: a pattern and a text, cut at the first zero byte; and a group's request. Neither may
 * hold the writer or do anything but read. */
#include "services/writer/jobs/group_request.h"
#include "services/writer/pattern.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a build with NDEBUG would test nothing. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static void try_pattern(struct view expression, struct view text)
{
    AUTO(pattern_free) struct pattern *p = NULL;
    status st = pattern_compile(expression, &p);
    must((st == ST_OK) == (p != NULL));
    if (p)
        (void)pattern_matches(p, text);
}

static void try_request(struct view text)
{
    if (!group_request_is_select(text))
        return;
    size_t blanks = 0;
    while (blanks < text.len && isspace((unsigned char)text.data[blanks]))
        blanks++;
    must(text.len - blanks >= 6 && strncasecmp(text.data + blanks, "select", 6) == 0);
}

static void try_definition(struct view text)
{
    AUTO(group_requests_clear) struct group_requests requests = {0};
    struct reason why = {0};
    status st = group_requests_read(text, &requests, &why);
    must(requests.count <= GROUP_REQUESTS_MAX);
    must((st == ST_OK) == (why.code[0] == '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view all = {size ? (const char *)data : "", size};
    const char *cut = memchr(all.data, 0, all.len);
    struct view expression = {all.data, cut ? (size_t)(cut - all.data) : all.len};
    struct view text = cut ? (struct view){cut + 1, all.len - expression.len - 1} : (struct view){"", 0};
    try_pattern(expression, text);
    try_request(all);
    try_definition(all);
    return 0;
}
