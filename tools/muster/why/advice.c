#include "tools/muster/why/advice.h"

enum { CODE_CELL = 1, MEANING_CELL = 4, REMEDY_CELL = 5 };

static struct view trim(struct view v)
{
    while (v.len > 0 && *v.data == ' ')
        v = (struct view){v.data + 1, v.len - 1};
    while (v.len > 0 && v.data[v.len - 1] == ' ')
        v.len--;
    return v;
}

/* "| a | b |": cell 0 is what stands before the first bar. */
static struct view cell(struct view line, unsigned number)
{
    for (;; number--) {
        const char *bar = memchr(line.data, '|', line.len);
        size_t len = bar ? (size_t)(bar - line.data) : line.len;
        if (number == 0)
            return trim((struct view){line.data, len});
        if (!bar)
            return VIEW_ABSENT;
        line = (struct view){bar + 1, line.len - len - 1};
    }
}

static bool is_code(struct view found, const char *code)
{
    size_t len = strlen(code);
    return found.len == len + 2 && found.data[0] == '`' && found.data[len + 1] == '`' &&
           memcmp(found.data + 1, code, len) == 0;
}

bool advice_find(struct view page, const char *code, struct advice *out)
{
    while (page.len > 0) {
        const char *end = memchr(page.data, '\n', page.len);
        struct view line = {page.data, end ? (size_t)(end - page.data) : page.len};
        size_t used = line.len + (end != NULL);
        page = (struct view){page.data + used, page.len - used};
        if (line.len == 0 || line.data[0] != '|' || !is_code(cell(line, CODE_CELL), code))
            continue;
        *out = (struct advice){cell(line, MEANING_CELL), cell(line, REMEDY_CELL)};
        return true;
    }
    return false;
}
