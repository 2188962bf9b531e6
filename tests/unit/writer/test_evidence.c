/* Which evidence an upload gives, and when it is worth a search. */
#include "services/writer/apply/evidence.h"

#include "common/base/cleanup.h"

#include <criterion/criterion.h>

static struct identity full(void)
{
    struct identity id = {.name = VIEW_LITERAL("pc"),
                          .serial = VIEW_LITERAL("S1"),
                          .model = VIEW_LITERAL("M"),
                          .uuid = VIEW_LITERAL("U"),
                          .asset_tag = VIEW_LITERAL("A"),
                          .mac_count = 1};
    id.macs[0] = VIEW_LITERAL("00:11:22:33:44:55");
    return id;
}

static void take_away(struct identity *id, unsigned bits)
{
    struct view *values[] = {&id->name, &id->serial, NULL, &id->model, &id->uuid, &id->asset_tag};
    for (size_t i = 0; i < COUNT(values); i++)
        if ((bits >> i & 1) && values[i])
            *values[i] = VIEW_LITERAL("");
    if (bits & EVIDENCE_MAC)
        id->mac_count = 0;
}

Test(evidence, every_bit_of_the_level_must_be_given)
{
    for (int64_t level = 0; level <= EVIDENCE_ALL; level++)
        for (unsigned lacking = 0; lacking <= EVIDENCE_ALL; lacking++) {
            struct identity id = full();
            take_away(&id, lacking);
            cr_expect_eq(evidence_is_possible(&id, level), level > 0 && !(level & lacking), "level %d without %u",
                         (int)level, lacking);
        }
}

Test(evidence, a_level_that_nobody_knows_merges_nothing)
{
    struct identity id = full();
    cr_expect_not(evidence_is_possible(&id, 64 | 7));
    cr_expect_not(evidence_is_possible(&id, -1));
}

static bool same(const struct identity *a, const struct identity *b, int64_t level)
{
    struct record_hash x = evidence_hash(a, level), y = evidence_hash(b, level);
    return x.high == y.high && x.low == y.low;
}

Test(evidence, the_hash_sees_what_the_level_asks_for_and_nothing_else)
{
    struct identity a = full();
    for (unsigned bit = 1; bit <= EVIDENCE_ASSET_TAG; bit <<= 1) {
        struct identity b = full();
        take_away(&b, bit);
        cr_expect_not(same(&a, &b, EVIDENCE_ALL), "bit %u", bit);
        cr_expect_not(same(&a, &b, bit), "bit %u", bit);
        cr_expect(same(&a, &b, EVIDENCE_ALL & ~(int)bit), "bit %u", bit);
    }
    struct record_hash x = evidence_hash(&a, 1), y = evidence_hash(&a, 3);
    cr_expect(x.high != y.high);
}

Test(evidence, texts_are_kept_apart)
{
    struct identity a = full(), b = full();
    a.name = VIEW_LITERAL("ab"), a.serial = VIEW_LITERAL("c");
    b.name = VIEW_LITERAL("a"), b.serial = VIEW_LITERAL("bc");
    cr_expect_not(same(&a, &b, 3));
}
