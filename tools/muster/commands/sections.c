/* muster sections FILE: whether the services would take it, and what they would make of it. */
#include "common/sections/sections.h"
#include "common/settings/settings.h"
#include "tools/muster/command.h"

#include <stdio.h>

static void print_section(const struct section *s)
{
    printf("%s -> %s, %s%s:", s->path, s->table, s->single ? "one row" : "many rows",
           s->clears ? ", absent clears" : "");
    for (const char *const *field = s->fields; *field; field++)
        printf(" %s", *field);
    putchar('\n');
}

int command_sections(const struct options *options)
{
    struct reason why = {"memory", "out of memory"};
    AUTO(section_map_free) struct section_map *map = NULL;
    if (section_map_read(options->words[0], &map, &why) != ST_OK)
        return complain(&why), EXIT_USAGE;
    for (size_t i = sections_builtin.count; i < map->count; i++)
        print_section(&map->items[i]);
    return EXIT_CLEAN;
}
