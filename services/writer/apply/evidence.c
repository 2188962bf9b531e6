#include "services/writer/apply/evidence.h"

/* First value of a section's first row, under a name. */
static struct view first_value(const struct record_section_view *s, const char *field)
{
    struct record_row_view row;
    int i = s ? record_field(s, field) : -1;
    const uint8_t *at = s ? s->rows : NULL;
    return i >= 0 && record_next_row(s, &at, &row) ? row.values[i] : VIEW_ABSENT;
}

static void read_macs(const struct record_section_view *s, const struct blacklists *lists, struct identity *out)
{
    struct record_row_view row;
    int i = s ? record_field(s, "MACADDR") : -1;
    if (i < 0)
        return;
    for (const uint8_t *at = s->rows; out->mac_count < EVIDENCE_MACS_MAX && record_next_row(s, &at, &row);)
        if (row.values[i].len && !blacklists_has(lists, BLACKLIST_MAC, row.values[i]))
            out->macs[out->mac_count++] = row.values[i];
}

void identity_read(const struct record *r, const struct blacklists *lists, struct identity *out)
{
    const struct record_section_view *hardware = record_section_find(r, "HARDWARE");
    const struct record_section_view *bios = record_section_find(r, "BIOS");
    out->name = first_value(hardware, "NAME");
    out->uuid = first_value(hardware, "UUID");
    out->serial = first_value(bios, "SSN");
    out->model = first_value(bios, "SMODEL");
    out->asset_tag = first_value(bios, "ASSETTAG");
    if (blacklists_has(lists, BLACKLIST_SERIAL, out->serial))
        out->serial = VIEW_ABSENT;
    out->mac_count = 0;
    read_macs(record_section_find(r, "NETWORKS"), lists, out);
}

static unsigned evidence_given(const struct identity *id)
{
    return (id->name.len ? EVIDENCE_NAME : 0) | (id->serial.len ? EVIDENCE_SERIAL : 0) |
           (id->mac_count ? EVIDENCE_MAC : 0) | (id->model.len ? EVIDENCE_MODEL : 0) |
           (id->uuid.len ? EVIDENCE_UUID : 0) | (id->asset_tag.len ? EVIDENCE_ASSET_TAG : 0);
}

bool evidence_is_possible(const struct identity *id, int64_t level)
{
    return level > 0 && (level & evidence_given(id)) == level;
}

static uint64_t add(uint64_t hash, bool counts, struct view value)
{
    uint8_t len[4];
    if (!counts)
        return hash;
    put_be32(len, (uint32_t)value.len);
    hash = state_hash(hash, len, sizeof len);
    return value.len ? state_hash(hash, value.data, value.len) : hash;
}

struct record_hash evidence_hash(const struct identity *id, int64_t level)
{
    uint64_t hash = (uint64_t)level;
    hash = add(hash, level & EVIDENCE_NAME, id->name);
    hash = add(hash, level & EVIDENCE_SERIAL, id->serial);
    hash = add(hash, level & EVIDENCE_MODEL, id->model);
    hash = add(hash, level & EVIDENCE_UUID, id->uuid);
    hash = add(hash, level & EVIDENCE_ASSET_TAG, id->asset_tag);
    for (size_t i = 0; i < id->mac_count; i++)
        hash = add(hash, level & EVIDENCE_MAC, id->macs[i]);
    return (struct record_hash){(uint64_t)level, hash};
}
