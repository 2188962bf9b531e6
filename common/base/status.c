#include "common/base/status.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name;
    int http;
} rows[ST_COUNT] = {
#define X(code, name, http) [code] = {name, http},
    STATUS_LIST(X)
#undef X
};

const char *status_name(status st)
{
    return (unsigned)st < ST_COUNT ? rows[st].name : "unknown";
}

int status_http(status st)
{
    return (unsigned)st < ST_COUNT ? rows[st].http : 500;
}

void reason_set(struct reason *why, const char *code, const char *format, ...)
{
    if (!why)
        return;
    snprintf(why->code, sizeof why->code, "%s", code);
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    for (char *p = why->text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
}
