#include "bench/report.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <version.h>

static double ratio_of(const struct figure *f)
{
    if (f->bare <= 0 || f->value <= 0)
        return 0;
    return f->less ? f->bare / f->value : f->value / f->bare;
}

/* "met", "missed" or nothing. */
static const char *verdict(const struct figure *f)
{
    if (f->goal <= 0)
        return "";
    if (f->bare > 0)
        return ratio_of(f) >= f->goal ? "met" : "missed";
    return (f->less ? f->value <= f->goal : f->value >= f->goal) ? "met" : "missed";
}

void report_head(void)
{
    printf("%-8s %-58s %12s %-16s %10s %6s %8s\n", "stage", "what", "value", "unit", "bare", "ratio", "goal");
}

void report_add(struct report *r, const struct figure *figure)
{
    char bare[24] = "", ratio[24] = "", goal[24] = "";
    if (figure->bare > 0) {
        snprintf(bare, sizeof bare, "%.*f", figure->bare < 100 ? 1 : 0, figure->bare);
        snprintf(ratio, sizeof ratio, "%.2f", ratio_of(figure));
    }
    if (figure->goal > 0)
        snprintf(goal, sizeof goal, "%.*f", figure->goal < 10 ? 2 : 0, figure->goal);
    printf("%-8s %-58s %12.*f %-16s %10s %6s %8s %s\n", figure->stage, figure->what, figure->value < 100 ? 2 : 0,
           figure->value, figure->unit, bare, ratio, goal, verdict(figure));
    fflush(stdout);
    if (r->count < REPORT_MAX)
        r->figures[r->count++] = *figure;
}

void report_format(struct report *r, struct figure figure, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(figure.what, sizeof figure.what, format, args);
    va_end(args);
    report_add(r, &figure);
}

bool report_write_json(const struct report *r, const char *path)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return false;
    fprintf(f, "{\"version\": \"%s\", \"time\": %lld, \"processors\": %ld, \"figures\": [", MUSTER_VERSION,
            (long long)time(NULL), sysconf(_SC_NPROCESSORS_ONLN));
    for (size_t i = 0; i < r->count; i++) {
        const struct figure *g = &r->figures[i];
        fprintf(f,
                "%s\n  {\"stage\": \"%s\", \"what\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"bare\": %.6g, "
                "\"ratio\": %.4f, "
                "\"goal\": %.6g, \"verdict\": \"%s\"}",
                i ? "," : "", g->stage, g->what, g->value, g->unit, g->bare, ratio_of(g), g->goal, verdict(g));
    }
    fputs("\n]}\n", f);
    return fclose(f) == 0;
}
