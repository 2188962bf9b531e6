#include "common/settings/inner.h"

#include "common/base/cleanup.h"
#include "version.h"

#include <errno.h>
#include <stdarg.h>

enum { SECRET_FILE_MAX = 64 * 1024 };

/* One run of settings_load(). */
struct load {
    const struct settings_program *program;
    char **argv;
    int argc;
    unsigned faults;
};

/* Where a row's value was found. */
struct source {
    const char *name; /* as the operator wrote it: "--spool-max", "MUSTER_GATEWAY_SPOOL_MAX", "the default" */
    const char *text; /* the value, or the name of a file */
    bool is_file;
};

__attribute__((format(printf, 2, 3))) static void fault(struct load *load, const char *format, ...)
{
    load->faults++;
    fprintf(stderr, "%s: ", load->program->name);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

/* One argument as an option: its name without dashes and value, and how many arguments it took. */
struct option {
    struct view name;
    const char *value; /* NULL: there is none */
    int taken;
};

static bool is_option(const char *argument)
{
    return strncmp(argument, "--", 2) == 0 && argument[2];
}

static struct option option_at(const struct load *load, int at)
{
    const char *argument = load->argv[at] + 2;
    const char *equals = strchr(argument, '=');
    if (equals)
        return (struct option){{argument, (size_t)(equals - argument)}, equals + 1, 1};
    struct option option = {view_of(argument), NULL, 1};
    if (at + 1 < load->argc && !is_option(load->argv[at + 1])) {
        option.value = load->argv[at + 1];
        option.taken = 2;
    }
    return option;
}

/* A flag may stand alone: `--verbose` is `--verbose=yes`. */
static void use_bare_flag(const struct setting *row, struct option *option)
{
    if (row && row->type == SET_FLAG && !option->value)
        option->value = "yes";
}

static void unknown_option(struct load *load, struct view name)
{
    const struct setting *near = option_nearest(load->program, name);
    char like[NAME_MAX_BYTES] = "", hint[NAME_MAX_BYTES + 32] = "";
    if (near) {
        option_name(load->program, near, like);
        snprintf(hint, sizeof hint, "did you mean --%s? ", like);
    }
    fault(load, "there is no option --%.*s; %s--help lists all", (int)name.len, name.data, hint);
}

static void check_arguments(struct load *load)
{
    for (int at = 1; at < load->argc;) {
        if (!is_option(load->argv[at])) {
            fault(load, "\"%s\": only options are understood, see --help", load->argv[at++]);
            continue;
        }
        struct option option = option_at(load, at);
        const struct setting *row = option_find(load->program, option.name, NULL);
        use_bare_flag(row, &option);
        if (!row)
            unknown_option(load, option.name);
        else if (!option.value)
            fault(load, "%s: give a value behind it", load->argv[at]);
        at += option.taken;
    }
}

static void check_environment(struct load *load)
{
    for (char **e = environ; e && *e; e++) {
        struct view name = {*e, strcspn(*e, "=")};
        if (!variable_is_stray(load->program, name, *e + name.len))
            continue;
        const struct setting *near = variable_nearest(load->program, name);
        fault(load, "%.*s: there is no such setting; %s%s%s", (int)name.len, name.data, near ? "did you mean " : "",
              near ? near->env : "unset it", near ? "?" : "");
    }
}

/* The last option of that name wins, as in a script that appends to a list of options. */
static bool from_arguments(const struct load *load, const struct setting *row, struct source *source)
{
    bool found = false, is_file = false;
    for (int at = 1; at < load->argc;) {
        if (!is_option(load->argv[at])) {
            at++;
            continue;
        }
        struct option option = option_at(load, at);
        const struct setting *named = option_find(load->program, option.name, &is_file);
        use_bare_flag(named, &option);
        if (named == row && option.value) { /* without a value: check_arguments() told */
            *source = (struct source){load->argv[at], option.value, is_file};
            found = true;
        }
        at += option.taken;
    }
    return found;
}

static bool from_environment(struct load *load, const struct setting *row, struct source *source)
{
    static const char suffix[] = "_FILE";
    const char *text = getenv(row->env);
    char file_variable[NAME_MAX_BYTES + sizeof suffix];
    snprintf(file_variable, sizeof file_variable, "%s%s", row->env, suffix);
    const char *file = row->type == SET_SECRET ? getenv(file_variable) : NULL;
    if (text && file)
        fault(load, "%s and %s are both set: unset one", row->env, file_variable);
    if (!text && !file)
        return false;
    *source = (struct source){row->env, text ? text : file, !text};
    return true;
}

static status read_secret(const char *path, char *out, size_t room, const char **why)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        *why = strerror(errno);
        return ST_IO;
    }
    size_t len = fread(out, 1, room, f);
    *why = ferror(f) ? strerror(errno) : len == room ? "the file is too large" : NULL;
    fclose(f);
    if (*why)
        return ST_IO;
    while (len && (out[len - 1] == '\n' || out[len - 1] == '\r'))
        len--;
    out[len] = '\0';
    return ST_OK;
}

static void *field_of(const struct setting *row, void *out)
{
    return (char *)out + row->offset;
}

/* "--spool-max=32" -> "--spool-max": the value is named beside it. */
static int name_length(const struct source *source)
{
    return (int)strcspn(source->name, "=");
}

static void use_text(struct load *load, const struct setting *row, const struct source *source, const char *text,
                     void *out)
{
    char what[VALUE_TEXT_MAX];
    status st = value_parse(row, text, field_of(row, out), what);
    if (st == ST_NO_MEMORY)
        fault(load, "memory is out");
    else if (st != ST_OK)
        fault(load, "%.*s: \"%.100s\" is not usable: %s", name_length(source), source->name, text, what);
}

static void use_file(struct load *load, const struct setting *row, const struct source *source, void *out)
{
    char *text = malloc(SECRET_FILE_MAX + 1);
    const char *why = "memory is out";
    if (text && read_secret(source->text, text, SECRET_FILE_MAX, &why) == ST_OK)
        use_text(load, row, source, text, out);
    else
        fault(load, "%.*s: cannot read the file \"%s\": %s", name_length(source), source->name, source->text, why);
    if (text)
        explicit_bzero(text, SECRET_FILE_MAX + 1);
    free(text);
}

static void load_row(struct load *load, const struct setting *row, void *out)
{
    struct source source = {"the default", row->dflt, false};
    if (!from_arguments(load, row, &source))
        (void)from_environment(load, row, &source); /* else the default stands */
    if (source.is_file)
        use_file(load, row, &source, out);
    else
        use_text(load, row, &source, source.text, out);
}

/* --help and --version win over everything, wherever they stand. @return true when answered */
static bool answer_question(const struct load *load)
{
    for (int i = 1; i < load->argc; i++) {
        if (strcmp(load->argv[i], "--help") == 0 || strcmp(load->argv[i], "-h") == 0) {
            settings_help(load->program, stdout);
            return true;
        }
        if (strcmp(load->argv[i], "--version") == 0) {
            printf("%s %s\n", load->program->name, MUSTER_VERSION);
            return true;
        }
    }
    return false;
}

void settings_clear(const struct settings_program *program, void *set)
{
    for (size_t i = 0; i < program->count; i++) {
        const struct setting *row = &program->table[i];
        if (row->type != SET_TEXT && row->type != SET_SECRET)
            continue;
        char **text = field_of(row, set);
        if (*text && row->type == SET_SECRET)
            explicit_bzero(*text, strlen(*text));
        free(*text);
        *text = NULL;
    }
}

static void clear_fields(const struct settings_program *program, void *out)
{
    for (size_t i = 0; i < program->count; i++) {
        enum setting_type type = program->table[i].type;
        if (type == SET_TEXT || type == SET_SECRET)
            *(char **)field_of(&program->table[i], out) = NULL;
    }
}

status settings_load(const struct settings_program *program, int argc, char **argv, void *out, int *exit_code)
{
    struct load load = {program, argv, argc, 0};
    *exit_code = EXIT_CLEAN;
    if (answer_question(&load))
        return ST_INVALID;
    clear_fields(program, out);
    check_arguments(&load);
    check_environment(&load);
    for (size_t i = 0; i < program->count; i++)
        load_row(&load, &program->table[i], out);
    if (load.faults == 0)
        return ST_OK;
    fprintf(stderr, "%s: not started, %u fault%s in its settings\n", program->name, load.faults,
            load.faults == 1 ? "" : "s");
    settings_clear(program, out);
    *exit_code = EXIT_USAGE;
    return ST_INVALID;
}
