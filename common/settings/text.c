#include "common/settings/inner.h"

#include "common/base/cleanup.h"

enum { COLUMNS = 3, LINE_WIDTH = 100, DEFAULT_MAX = 24 };

static const struct {
    int code;
    const char *meaning;
} exits[] = {
    {EXIT_CLEAN, "ended as asked, nothing left to do"},
    {EXIT_FAILED, "it was tried and did not work"},
    {EXIT_USAGE, "a setting or an argument is wrong; nothing was opened"},
    {EXIT_RESOURCE, "a port, a file or the database could not be had: see the log"},
    {EXIT_UNDRAINED, "stopped at the deadline with work in hand; nothing accepted is lost"},
};

/* The cells of one row of the help: option, variable, default. */
struct cells {
    char text[COLUMNS][NAME_MAX_BYTES + 16];
};

static void cells_of(const struct settings_program *program, const struct setting *row, struct cells *cells)
{
    char option[NAME_MAX_BYTES];
    option_name(program, row, option);
    snprintf(cells->text[0], sizeof cells->text[0], "--%s %s", option, value_kind(row->type));
    snprintf(cells->text[1], sizeof cells->text[1], "%s", row->env);
    snprintf(cells->text[2], sizeof cells->text[2], "%s", *row->dflt ? row->dflt : "-");
}

static void widths_of(const struct settings_program *program, int widths[static COLUMNS])
{
    struct cells cells;
    static const char *const heads[COLUMNS] = {"option", "variable", "default"};
    for (int c = 0; c < COLUMNS; c++)
        widths[c] = (int)strlen(heads[c]);
    for (size_t i = 0; i < program->count; i++) {
        cells_of(program, &program->table[i], &cells);
        for (int c = 0; c < COLUMNS; c++) {
            int len = (int)strlen(cells.text[c]);
            if (len > widths[c] && (c != 2 || len <= DEFAULT_MAX)) /* one long default must not move all others */
                widths[c] = len;
        }
    }
}

static void print_row(const struct settings_program *program, const struct setting *row,
                      const int widths[static COLUMNS], FILE *to)
{
    struct cells cells;
    char bounds[VALUE_TEXT_MAX];
    cells_of(program, row, &cells);
    bounds_text(row, bounds);
    fprintf(to, "  %-*s  %-*s  %-*s  %s", widths[0], cells.text[0], widths[1], cells.text[1], widths[2], cells.text[2],
            row->help);
    if (bounds[0])
        fprintf(to, " (%s)", bounds);
    fprintf(to, "\n");
}

/* Words in lines of LINE_WIDTH. */
static void print_wrapped(const char *text, FILE *to)
{
    size_t column = 0;
    while (*text) {
        size_t len = strcspn(text, " ");
        if (column && column + 1 + len > LINE_WIDTH) {
            fputc('\n', to);
            column = 0;
        }
        column += (size_t)fprintf(to, "%s%.*s", column ? " " : "", (int)len, text);
        text += len;
        text += strspn(text, " ");
    }
    fputc('\n', to);
}

static bool has_secret(const struct settings_program *program)
{
    for (size_t i = 0; i < program->count; i++)
        if (program->table[i].type == SET_SECRET)
            return true;
    return false;
}

void settings_help(const struct settings_program *program, FILE *to)
{
    int widths[COLUMNS];
    widths_of(program, widths);
    print_wrapped(program->purpose, to);
    fprintf(to, "\nUsage: %s [--option value]...\n\n", program->name);
    fprintf(to, "  %-*s  %-*s  %-*s  %s\n", widths[0], "option", widths[1], "variable", widths[2], "default",
            "meaning");
    for (size_t i = 0; i < program->count; i++)
        print_row(program, &program->table[i], widths, to);
    fprintf(to, "  %-*s  %-*s  %-*s  print this and end\n", widths[0], "--help", widths[1], "", widths[2], "");
    fprintf(to, "  %-*s  %-*s  %-*s  print the version and end\n", widths[0], "--version", widths[1], "", widths[2],
            "");
    fprintf(to, "\nAn option wins over its variable, a variable over the default. A SIZE is a number with B, "
                "KiB, MiB,\n"
                "GiB or TiB; a TIME is a number with ms, s, min, h or d.\n");
    if (has_secret(program))
        fprintf(to, "A SECRET is better not typed: --...-file or ..._FILE names a file to read it from.\n");
    fprintf(to, "\nExit status:\n");
    for (size_t i = 0; i < COUNT(exits); i++)
        fprintf(to, "  %2d  %s\n", exits[i].code, exits[i].meaning);
}

void settings_print(const struct settings_program *program, const void *set, char *out, size_t len)
{
    size_t at = 0;
    if (len)
        out[0] = '\0';
    for (size_t i = 0; i < program->count && at + 1 < len; i++) {
        const struct setting *row = &program->table[i];
        char option[NAME_MAX_BYTES], value[VALUE_TEXT_MAX];
        option_name(program, row, option);
        value_text(row, (const char *)set + row->offset, value);
        int n = snprintf(out + at, len - at, "%s%s=%s", i ? " " : "", option, value);
        at += n > 0 ? (size_t)n : 0;
    }
}

/* A bar would end the cell. */
static void print_cell(const char *text, FILE *to)
{
    for (; *text; text++)
        fprintf(to, *text == '|' ? "\\%c" : "%c", *text);
}

void settings_manual(const struct settings_program *program, FILE *to)
{
    fprintf(to, "| Option | Variable | Default | Allowed | Meaning |\n| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < program->count; i++) {
        const struct setting *row = &program->table[i];
        char option[NAME_MAX_BYTES], bounds[VALUE_TEXT_MAX];
        option_name(program, row, option);
        bounds_text(row, bounds);
        fprintf(to, "| `--%s` | `%s` | ", option, row->env);
        fprintf(to, *row->dflt ? "`%s`" : "%s", row->dflt);
        fprintf(to, " | %s | ", bounds[0] ? bounds : value_kind(row->type));
        print_cell(row->help, to);
        fprintf(to, " |\n");
    }
}
