#include "tools/muster/options.h"

#include "common/base/cleanup.h"

#include <errno.h>
#include <string.h>

struct option {
    const char *name;
    enum { OPT_TEXT, OPT_NUMBER, OPT_FLAG } type;
    const char *dflt;
    long min, max;
    size_t offset;
    const char *value, *help;
};

static const struct option options[] = {
#define X(field, name, type, dflt, min, max, value, help)                                                              \
    {name, type, dflt, min, max, offsetof(struct options, field), value, help},
    OPTIONS(X)
#undef X
};

_Static_assert(COUNT(options) <= 32, "a command's options are bits of an unsigned");

static void *field_of(struct options *out, const struct option *o)
{
    return (char *)out + o->offset;
}

static status set_number(const struct option *o, const char *text, struct options *out, struct reason *why)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (errno || end == text || *end || n < o->min || n > o->max) {
        reason_set(why, "bad_value", "%s %s: a whole number from %ld to %ld is expected", o->name, text, o->min,
                   o->max);
        return ST_INVALID;
    }
    *(long *)field_of(out, o) = n;
    return ST_OK;
}

static status set_value(const struct option *o, const char *text, struct options *out, struct reason *why)
{
    if (o->type == OPT_NUMBER)
        return set_number(o, text, out, why);
    if (o->type == OPT_TEXT)
        *(const char **)field_of(out, o) = text;
    else
        *(bool *)field_of(out, o) = true;
    return ST_OK;
}

static void set_defaults(struct options *out)
{
    *out = (struct options){0};
    for (size_t i = 0; i < COUNT(options); i++)
        if (options[i].type != OPT_FLAG && set_value(&options[i], options[i].dflt, out, NULL) != ST_OK)
            abort(); /* a default outside its own bounds */
}

static const struct option *find(const struct command *command, const char *name, size_t len)
{
    for (size_t i = 0; i < COUNT(options); i++)
        if (command->options >> i & 1 && strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0)
            return &options[i];
    return NULL;
}

/* One option at argv[*i]; steps over its value. */
static status take_option(const struct command *command, int argc, char **argv, int *i, struct options *out,
                          struct reason *why)
{
    const char *word = argv[*i], *equals = strchr(word, '=');
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return ST_NOT_FOUND;
    const struct option *o = find(command, word, equals ? (size_t)(equals - word) : strlen(word));
    if (!o) {
        reason_set(why, "unknown_option", "%s: muster %s has no such option; muster %s --help lists them", word,
                   command->name, command->name);
        return ST_INVALID;
    }
    if (o->type == OPT_FLAG && equals) {
        reason_set(why, "bad_value", "%s: %s takes no value", word, o->name);
        return ST_INVALID;
    }
    if (o->type == OPT_FLAG || equals)
        return set_value(o, equals ? equals + 1 : "", out, why);
    if (*i + 1 >= argc) {
        reason_set(why, "no_value", "%s: a value is missing (%s)", word, o->value);
        return ST_INVALID;
    }
    return set_value(o, argv[++*i], out, why);
}

status options_parse(const struct command *command, int argc, char **argv, struct options *out, struct reason *why)
{
    set_defaults(out);
    size_t count = 0;
    bool only_words = false;
    for (int i = 0; i < argc; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0) {
            only_words = true;
        } else if (only_words || argv[i][0] != '-' || argv[i][1] == '\0') {
            argv[count++] = argv[i];
        } else {
            status st = take_option(command, argc, argv, &i, out, why);
            if (st != ST_OK)
                return st;
        }
    }
    out->words = (const char *const *)argv;
    out->word_count = count;
    if (count >= command->words_min && count <= command->words_max)
        return ST_OK;
    if (count > command->words_max)
        reason_set(why, "too_many", "%s: not expected here; muster %s --help", argv[command->words_max], command->name);
    else
        reason_set(why, "too_few", "muster %s: %s is missing", command->name, command->words);
    return ST_INVALID;
}

void options_help(const struct command *command, FILE *to)
{
    fprintf(to, "usage: muster %s%s%s [OPTION]...\n\n%s\n\n", command->name, *command->words ? " " : "", command->words,
            command->purpose);
    for (size_t i = 0; i < COUNT(options); i++) {
        if (!(command->options >> i & 1))
            continue;
        char head[40];
        snprintf(head, sizeof head, "%s %s", options[i].name, options[i].value);
        fprintf(to, "  %-20s %s%s%s%s\n", head, options[i].help, *options[i].dflt ? " (default: " : "", options[i].dflt,
                *options[i].dflt ? ")" : "");
    }
}
