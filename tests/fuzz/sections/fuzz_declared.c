/* Any bytes as the file that declares sections. What is taken must be safe to stand in a statement, whatever it was. */
#include "common/sections/names.h"
#include "common/sections/sections.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name)
{
    if (!name_is_plain(view_of(name)))
        abort();
}

static void check_section(const struct section *s)
{
    size_t count = 0;
    check_name(s->path);
    check_name(s->table);
    if (name_is_taken_table(view_of(s->table)) || section_find(view_of(s->path)))
        abort();
    for (; s->fields[count]; count++)
        check_name(s->fields[count]);
    if (count == 0 || count > SECTIONS_FIELDS_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(section_map_free) struct section_map *map = NULL;
    struct reason why = {0};
    if (section_map_parse("fuzz", (struct view){(const char *)data, size}, &map, &why) != ST_OK) {
        if (strncmp(why.text, "fuzz:", 5) != 0)
            abort();
        return 0;
    }
    if (map->count > sections_builtin.count + SECTIONS_DECLARED_MAX)
        abort();
    for (size_t i = sections_builtin.count; i < map->count; i++)
        check_section(&map->items[i]);
    return 0;
}
