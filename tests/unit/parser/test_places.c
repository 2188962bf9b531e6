#include "services/parser/document.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(places, every_section_of_the_map_can_be_reached)
{
    for (size_t i = 0; i < sections_inventory_count; i++) {
        char path[128];
        snprintf(path, sizeof path, "CONTENT/%s", sections_inventory[i].path);
        struct place place = place_find(&sections_builtin, UPLOAD_INVENTORY, view_of(path));
        cr_expect_eq(place.form, PLACE_ROWS, "%s", path);
        for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
            *slash = '\0'; /* what holds it must be a container */
            cr_expect_eq(place_find(&sections_builtin, UPLOAD_INVENTORY, view_of(path)).form, PLACE_CONTAINER, "%s",
                         path);
        }
    }
}
