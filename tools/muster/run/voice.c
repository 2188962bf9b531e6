#include "tools/muster/run/voice.h"

#include <stdarg.h>
#include <time.h>

static void stamp(FILE *to)
{
    char text[32];
    time_t now = time(NULL);
    struct tm parts;
    if (gmtime_r(&now, &parts) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ ", &parts))
        fputs(text, to);
}

static void write_line(FILE *to, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void write_line(FILE *to, const char *format, va_list args)
{
    vfprintf(to, format, args);
    fputc('\n', to);
    fflush(to);
}

void voice_say(struct voice *v, const char *format, ...)
{
    va_list args;
    if (v->person) {
        va_start(args, format);
        write_line(v->person, format, args);
        va_end(args);
    }
    if (v->log) {
        va_start(args, format);
        stamp(v->log);
        write_line(v->log, format, args);
        va_end(args);
    }
}
