#include "tests/unit/settings/cafe.h"

#include "version.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>

static const struct cafe_settings filled = {
    .name = "corner",
    .database = "mysql://guest:word@host/db",
    .seats = 40,
    .pot_max = 1536 << 10,
    .close_after = 1500,
    .music = true,
};

Test(settings_text, the_line_at_start_has_units_and_no_secret)
{
    char line[512];
    settings_print(&cafe, &filled, line, sizeof line);
    cr_expect_str_eq(line, "name=corner database=*** seats=40 pot-max=1536KiB close-after=1500ms music=yes");
}

Test(settings_text, the_line_at_start_is_cut_at_its_room)
{
    char line[16] = "0123456789abcde";
    settings_print(&cafe, &filled, line, 8);
    cr_expect_str_eq(line, "name=co");
    cr_expect_str_eq(line + 8, "89abcde");
}

static const char *manual(char *text, size_t room)
{
    FILE *to = fmemopen(text, room, "w");
    cr_assert_not_null(to);
    settings_manual(&cafe, to);
    fclose(to);
    return text;
}

Test(settings_text, the_manual_is_a_table)
{
    char text[4096] = "";
    manual(text, sizeof text);
    cr_expect_not_null(strstr(text, "| Option | Variable | Default | Allowed | Meaning |\n| --- |"));
    cr_expect_not_null(
        strstr(text, "| `--name` | `MUSTER_CAFE_NAME` | `corner` | TEXT | what the sign says \\| and the bill |\n"));
    cr_expect_not_null(strstr(text, "| `--database` | `MUSTER_DATABASE` |  | SECRET | "));
    cr_expect_not_null(
        strstr(text, "| `--pot-max` | `MUSTER_CAFE_POT_MAX` | `32MiB` | 1KiB to 1TiB | largest pot |\n"));
}

static int ask(const char *option)
{
    char *argv[] = {(char *)(uintptr_t) "muster-cafe", (char *)(uintptr_t) "--pot-max=wrong", (char *)(uintptr_t)option,
                    NULL};
    struct cafe_settings set;
    int exit_code = -1;
    cr_redirect_stdout();
    cr_expect_eq(settings_load(&cafe, 3, argv, &set, &exit_code), ST_INVALID);
    fflush(stdout);
    return exit_code;
}

Test(settings_text, version_is_told_before_anything_is_checked)
{
    cr_expect_eq(ask("--version"), EXIT_CLEAN);
    cr_expect_stdout_eq_str("muster-cafe " MUSTER_VERSION "\n");
}

Test(settings_text, help_shows_every_row_in_line)
{
    cr_expect_eq(ask("--help"), EXIT_CLEAN);
    cr_expect_stdout_eq_str(
        "Serves coffee. Is not part of Muster.\n"
        "\n"
        "Usage: muster-cafe [--option value]...\n"
        "\n"
        "  option              variable                 default  meaning\n"
        "  --name TEXT         MUSTER_CAFE_NAME         corner   what the sign says | and the bill\n"
        "  --database SECRET   MUSTER_DATABASE          -        where guests are written down\n"
        "  --seats NUMBER      MUSTER_CAFE_SEATS        40       guests at a time (1 to 500)\n"
        "  --pot-max SIZE      MUSTER_CAFE_POT_MAX      32MiB    largest pot (1KiB to 1TiB)\n"
        "  --close-after TIME  MUSTER_CAFE_CLOSE_AFTER  90s      from the last guest (0 to 1h)\n"
        "  --music yes|no      MUSTER_CAFE_MUSIC        no       is there any\n"
        "  --help                                                print this and end\n"
        "  --version                                             print the version and end\n"
        "\n"
        "An option wins over its variable, a variable over the default. A SIZE is a number with B, KiB, MiB,\n"
        "GiB or TiB; a TIME is a number with ms, s, min, h or d.\n"
        "A SECRET is better not typed: --...-file or ..._FILE names a file to read it from.\n"
        "\n"
        "Exit status:\n"
        "   0  ended as asked, nothing left to do\n"
        "   1  it was tried and did not work\n"
        "   2  a setting or an argument is wrong; nothing was opened\n"
        "  69  a port, a file or the database could not be had: see the log\n"
        "  75  stopped at the deadline with work in hand; nothing accepted is lost\n");
}
