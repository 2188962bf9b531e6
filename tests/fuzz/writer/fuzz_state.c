/** Any bytes as what is remembered of a device: refused, or packed again to the same bytes; and as values for the rules. */
#include "services/writer/rules.h"
#include "services/writer/state.h"

#include <stdlib.h>

enum { CAP = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a build with NDEBUG would test nothing. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static void try_sections(struct view bytes)
{
    struct device_sections sections;
    if (!state_sections_unpack(bytes, &sections))
        return;
    AUTO(buffer_clear) struct buffer again = BUFFER_INIT(CAP);
    state_sections_pack(&sections, &again);
    must(view_equal(buffer_view(&again), bytes));
}

static void try_rows(struct view bytes, struct arena *arena)
{
    struct kept_rows rows;
    if (!state_rows_unpack(bytes, arena, &rows))
        return;
    AUTO(buffer_clear) struct buffer again = BUFFER_INIT(CAP);
    state_rows_pack(&rows, &again);
    must(again.len == bytes.len && memcmp(again.data + 2, bytes.data + 2, bytes.len - 2) == 0);
}

static void try_rules(struct view value, struct arena *arena)
{
    struct view pretty = rule_pretty_version(value, arena);
    must(pretty.len > 0);
    for (int part = 0; part < 3; part++)
        must(rule_version_part(pretty, part).len <= pretty.len);
    must(rule_checksum(value, 0) <= CHECKSUM_BITS);
    (void)rule_installdate_is_kept(value);
    (void)rule_is_system_user(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(CAP);
    struct view bytes = {(const char *)data, size};
    if (size == 0)
        bytes.data = "";
    try_sections(bytes);
    try_rows(bytes, arena);
    try_rules(bytes, arena);
    return 0;
}
