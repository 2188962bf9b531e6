#include "services/gateway/trusted.h"

#include "common/base/buffer.h"

#include <regex.h>

enum { PATTERNS_MAX = 32, PATTERN_MAX = 256, TEXT_MAX = 4096 };

struct trusted {
    struct networks networks;
    size_t count;
    regex_t patterns[PATTERNS_MAX];
};

/* The next entry of `*list`, which moves behind it; empty at the end. A comma within braces or brackets belongs to a pattern. */
static struct view next_entry(const char **list)
{
    const char *at = *list + strspn(*list, ", \t\r\n");
    size_t len = 0;
    int depth = 0;
    for (; at[len] && !strchr(" \t\r\n", at[len]) && !(at[len] == ',' && depth <= 0); len++)
        depth += (strchr("{[", at[len]) != NULL) - (strchr("}]", at[len]) != NULL);
    *list = at + len;
    return (struct view){at, len};
}

static bool is_pattern(struct view entry)
{
    for (size_t i = 0; i < entry.len; i++)
        if (strchr("^$\\*+?[](){}|", entry.data[i]))
            return true;
    return false;
}

/* The whole address has to match; \d is the one thing of Perl's that people write here. */
static status add_pattern(struct trusted *t, struct view entry, struct reason *why)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(TEXT_MAX);
    buffer_text(&text, "^(");
    for (size_t i = 0; i < entry.len; i++) {
        bool digit = entry.data[i] == '\\' && i + 1 < entry.len && entry.data[i + 1] == 'd';
        if (digit)
            buffer_text(&text, "[0-9]");
        else
            buffer_char(&text, entry.data[i]);
        i += digit;
    }
    buffer_text(&text, ")$");
    if (buffer_status(&text) == ST_OK && entry.len <= PATTERN_MAX && t->count < PATTERNS_MAX &&
        regcomp(&t->patterns[t->count], text.data, REG_EXTENDED | REG_NOSUB | REG_ICASE) == 0) {
        t->count++;
        return ST_OK;
    }
    reason_set(why, "trusted", "\"%.*s\" is no regular expression, or there are more than %d", (int)entry.len,
               entry.data, PATTERNS_MAX);
    return ST_INVALID;
}

static status add_entry(struct trusted *t, struct view entry, struct reason *why)
{
    char text[UPLOAD_ADDRESS_TEXT + 8];
    struct networks one;
    if (is_pattern(entry))
        return add_pattern(t, entry, why);
    size_t len = entry.len < sizeof text ? entry.len : sizeof text - 1;
    memcpy(text, entry.data, len);
    text[len] = '\0';
    status st = networks_parse(text, &one, why);
    if (st != ST_OK)
        return st;
    t->networks.unix_peers |= one.unix_peers;
    if (one.count && t->networks.count == NETWORKS_MAX) {
        reason_set(why, "trusted", "more than %d addresses; use networks like 10.0.0.0/8", NETWORKS_MAX);
        return ST_INVALID;
    }
    if (one.count)
        t->networks.list[t->networks.count++] = one.list[0];
    return ST_OK;
}

status trusted_new(const char *list, struct trusted **out, struct reason *why)
{
    AUTO(trusted_destroy) struct trusted *t = calloc(1, sizeof *t);
    if (!t)
        return ST_NO_MEMORY;
    const char *at = list ? list : "";
    for (struct view entry; (entry = next_entry(&at)).len > 0;) {
        status st = add_entry(t, entry, why);
        if (st != ST_OK)
            return st;
    }
    *out = STEAL(t);
    return ST_OK;
}

void trusted_destroy(struct trusted *t)
{
    if (!t)
        return;
    while (t->count)
        regfree(&t->patterns[--t->count]);
    free(t);
}

bool trusted_contains(const struct trusted *t, const struct upload_address *address)
{
    char text[UPLOAD_ADDRESS_TEXT];
    if (networks_contain(&t->networks, address))
        return true;
    upload_address_text(address, text);
    for (size_t i = 0; i < t->count && address->len; i++)
        if (regexec(&t->patterns[i], text, 0, NULL, 0) == 0)
            return true;
    return false;
}
