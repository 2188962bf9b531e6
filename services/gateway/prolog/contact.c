#include "services/gateway/prolog/contact.h"

#include <stdio.h>

static struct view number_text(char *text, size_t room, int64_t number)
{
    return (struct view){text, (size_t)snprintf(text, room, "%lld", (long long)number)};
}

static void add_single(struct record_builder *b, const char *section, const char *field, struct view value)
{
    record_section(b, view_of(section), (const struct view[]){view_of(field)}, 1);
    record_row(b, &value);
}

static void add_from_group(struct record_builder *b, const struct prolog_effects *effects)
{
    record_section(b, VIEW_LITERAL("DOWNLOAD_FROM_GROUP"),
                   (const struct view[]){VIEW_LITERAL("IVALUE"), VIEW_LITERAL("FORCE")}, 2);
    for (size_t i = 0; i < effects->from_group_count; i++) {
        char id[24];
        const struct view row[] = {number_text(id, sizeof id, effects->from_group[i].enable_id),
                                   effects->from_group[i].force ? VIEW_LITERAL("1") : VIEW_LITERAL("0")};
        record_row(b, row);
    }
}

static void add_in_history(struct record_builder *b, const struct prolog_effects *effects)
{
    record_section(b, VIEW_LITERAL("DOWNLOAD_IN_HISTORY"), (const struct view[]){VIEW_LITERAL("IVALUE")}, 1);
    for (size_t i = 0; i < effects->in_history_count; i++) {
        char id[24];
        struct view value = number_text(id, sizeof id, effects->in_history[i]);
        record_row(b, &value);
    }
}

status contact_build(struct record_builder *b, const struct record_head *head, bool send,
                     const struct prolog_effects *effects, struct view *out)
{
    record_begin(b, head);
    add_single(b, "CONTACT", "RESPONSE", send ? VIEW_LITERAL("SEND") : VIEW_LITERAL("STOP"));
    if (effects->from_group_count)
        add_from_group(b, effects);
    if (effects->in_history_count)
        add_in_history(b, effects);
    if (effects->notified)
        add_single(b, "DOWNLOAD_NOTIFIED", "ALL", VIEW_LITERAL("1"));
    return record_finish(b, false, out);
}
