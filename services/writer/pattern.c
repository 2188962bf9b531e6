#include "services/writer/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

enum { MATCH_STEPS_MAX = 100000, DEPTH_MAX = 10000, HEAP_MAX_KIB = 4096, CODE_MAX = 64 << 10 };

struct pattern {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

void pattern_free(struct pattern *p)
{
    if (!p)
        return;
    pcre2_match_context_free(p->limits);
    pcre2_match_data_free(p->match);
    pcre2_code_free(p->code);
    free(p);
}

static bool is_small(const pcre2_code *code)
{
    size_t size = 0;
    return pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size) == 0 && size <= CODE_MAX;
}

status pattern_compile(struct view expression, struct pattern **out)
{
    int error = 0;
    PCRE2_SIZE at = 0;
    AUTO(pattern_free) struct pattern *p = calloc(1, sizeof *p);
    if (!p)
        return ST_NO_MEMORY;
    p->code = pcre2_compile((PCRE2_SPTR)(expression.len ? expression.data : ""), expression.len,
                            PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &at, NULL);
    if (!p->code || !is_small(p->code))
        return ST_INVALID;
    p->match = pcre2_match_data_create(1, NULL);
    p->limits = pcre2_match_context_create(NULL);
    if (!p->match || !p->limits)
        return ST_NO_MEMORY;
    pcre2_set_match_limit(p->limits, MATCH_STEPS_MAX);
    pcre2_set_depth_limit(p->limits, DEPTH_MAX);
    pcre2_set_heap_limit(p->limits, HEAP_MAX_KIB);
    *out = STEAL(p);
    return ST_OK;
}

bool pattern_matches(const struct pattern *p, struct view text)
{
    return pcre2_match(p->code, (PCRE2_SPTR)(text.len ? text.data : ""), text.len, 0, 0, p->match, p->limits) >= 0;
}
