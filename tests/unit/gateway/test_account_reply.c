#include "services/gateway/account_reply.h"

#include <criterion/criterion.h>

enum { MAX = 3 };

struct pair {
    const char *name, *value; /* value NULL: missing or SQL NULL */
};

static struct account_pairs pairs_of(const struct pair *from, struct upload_account *into)
{
    size_t n = 0;
    for (; n < MAX && from[n].name; n++)
        into[n] = (struct upload_account){view_of(from[n].name), view_of(from[n].value)};
    return (struct account_pairs){into, n};
}

/* protocol.md 4.3 */
static const struct {
    const char *what;
    bool known, stored;
    struct pair have[MAX], sent[MAX];
    enum account_answer want;
} cases[] = {
    {"new device", false, false, {{0}}, {{"TAG", "a"}}, ACCOUNT_NO_UPDATE},
    {"the same", true, true, {{"TAG", "a"}}, {{"TAG", "a"}}, ACCOUNT_NO_UPDATE},
    {"another value", true, true, {{"TAG", "a"}}, {{"TAG", "b"}}, ACCOUNT_UPDATE_STORED},
    {"values compare with their case", true, true, {{"TAG", "a"}}, {{"TAG", "A"}}, ACCOUNT_UPDATE_STORED},
    {"empty against a value", true, true, {{"TAG", "a"}}, {{"TAG", NULL}}, ACCOUNT_UPDATE_STORED},
    {"missing is NULL", true, true, {{"TAG", NULL}}, {{"TAG", NULL}}, ACCOUNT_NO_UPDATE},
    {"empty is NULL", true, true, {{"TAG", NULL}}, {{"TAG", ""}}, ACCOUNT_NO_UPDATE},
    {"nothing sent", true, true, {{"TAG", "a"}}, {{0}}, ACCOUNT_UPDATE_STORED},
    {"more than there are", true, true, {{"TAG", "a"}}, {{"TAG", "a"}, {"x", "y"}}, ACCOUNT_UPDATE_STORED},
    {"fewer than there are", true, true, {{"TAG", "a"}, {"f3", "b"}}, {{"TAG", "a"}}, ACCOUNT_UPDATE_STORED},
    {"the count is met by an unknown name", true, true, {{"TAG", "a"}}, {{"x", "y"}}, ACCOUNT_NO_UPDATE},
    {"names compare with their case", true, true, {{"TAG", "a"}}, {{"tag", "b"}}, ACCOUNT_NO_UPDATE},
    {"one of two differs", true, true, {{"TAG", "a"}, {"f3", "b"}}, {{"f3", "c"}, {"TAG", "a"}}, ACCOUNT_UPDATE_STORED},
    {"a name twice", true, true, {{"TAG", "a"}, {"f3", "b"}}, {{"TAG", "a"}, {"TAG", "a"}}, ACCOUNT_NO_UPDATE},
    {"row lost", true, false, {{0}}, {{"TAG", "a"}}, ACCOUNT_UPDATE_LOST},
    {"row lost, nothing sent", true, false, {{0}}, {{0}}, ACCOUNT_UPDATE_LOST},
};

Test(account, is_decided_as_ocs_does)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct upload_account have[MAX], sent[MAX];
        const struct account_facts facts = {cases[i].known, cases[i].stored, pairs_of(cases[i].have, have)};
        cr_expect_eq(account_decide(&facts, pairs_of(cases[i].sent, sent)), cases[i].want, "%s", cases[i].what);
    }
}

/* ACCEPT_TAG_UPDATE_FROM_CLIENT: inventory-to-database.md 7 */
static const struct {
    const char *what;
    struct pair have[MAX], sent[MAX], want[MAX];
    enum account_answer answer;
} accepted[] = {
    {"another value", {{"TAG", "a"}}, {{"TAG", "b"}}, {{"TAG", "b"}}, ACCOUNT_NO_UPDATE},
    {"an empty value", {{"TAG", "a"}}, {{"TAG", ""}}, {{"TAG", ""}}, ACCOUNT_NO_UPDATE},
    {"nothing sent", {{"TAG", "a"}}, {{0}}, {{"TAG", "a"}}, ACCOUNT_UPDATE_STORED},
    {"one of two", {{"TAG", "a"}, {"f3", "b"}}, {{"f3", "c"}}, {{"TAG", "a"}, {"f3", "c"}}, ACCOUNT_UPDATE_STORED},
    {"twice, the last one counts",
     {{"TAG", "a"}, {"f3", "b"}},
     {{"TAG", "x"}, {"TAG", "y"}},
     {{"TAG", "y"}, {"f3", "b"}},
     ACCOUNT_UPDATE_STORED},
    {"names compare with their case", {{"TAG", "a"}}, {{"tag", "b"}}, {{"TAG", "a"}}, ACCOUNT_NO_UPDATE},
    {"no column", {{0}}, {{"TAG", "b"}}, {{0}}, ACCOUNT_UPDATE_STORED},
};

Test(account, agents_values_are_accepted)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(4096);
    for (size_t i = 0; i < COUNT(accepted); i++) {
        struct upload_account have[MAX], sent[MAX], want[MAX];
        struct account_facts facts = {true, true, pairs_of(accepted[i].have, have)};
        struct account_pairs wanted = pairs_of(accepted[i].want, want), from = pairs_of(accepted[i].sent, sent);
        account_facts_accept(&facts, from, arena);
        cr_assert_eq(facts.pairs.count, wanted.count, "%s", accepted[i].what);
        for (size_t k = 0; k < wanted.count; k++)
            cr_expect(view_equal(facts.pairs.list[k].value, wanted.list[k].value), "%s: %zu", accepted[i].what, k);
        cr_expect_eq(account_decide(&facts, from), accepted[i].answer, "%s", accepted[i].what);
    }
}

static const struct {
    enum account_answer answer;
    const char *inside;
} replies[] = {
    {ACCOUNT_NO_UPDATE, "  <RESPONSE>NO_ACCOUNT_UPDATE</RESPONSE>\n"},
    {ACCOUNT_UPDATE_STORED,
     "  <RESPONSE>ACCOUNT_UPDATE</RESPONSE>\n"
     "  <ACCOUNTINFO>\n    <KEYNAME>TAG</KEYNAME>\n    <KEYVALUE>a&amp;b</KEYVALUE>\n"
     "  </ACCOUNTINFO>\n"
     "  <ACCOUNTINFO>\n    <KEYNAME>f3</KEYNAME>\n    <KEYVALUE></KEYVALUE>\n  </ACCOUNTINFO>\n"},
    {ACCOUNT_UPDATE_LOST,
     "  <RESPONSE>ACCOUNT_UPDATE</RESPONSE>\n"
     "  <ACCOUNTINFO>\n    <KEYNAME>TAG</KEYNAME>\n    <KEYVALUE>LOST</KEYVALUE>\n  </ACCOUNTINFO>\n"
     "  <ACCOUNTINFO>\n    <KEYNAME>x</KEYNAME>\n    <KEYVALUE>y</KEYVALUE>\n  </ACCOUNTINFO>\n"},
};

Test(account, reply_has_the_stored_values_or_the_agents_own)
{
    struct upload_account have[MAX], sent[MAX];
    struct account_pairs stored = pairs_of((const struct pair[MAX]){{"TAG", "a&b"}, {"f3", NULL}}, have);
    struct account_pairs given = pairs_of((const struct pair[MAX]){{"TAG", "mine"}, {"x", "y"}}, sent);
    for (size_t i = 0; i < COUNT(replies); i++) {
        AUTO(buffer_clear) struct buffer out = BUFFER_INIT(4096);
        AUTO(buffer_clear) struct buffer want = BUFFER_INIT(4096);
        account_reply_write(replies[i].answer, stored, given, &out);
        buffer_format(&want, "<?xml version='1.0' encoding='UTF-8'?>\n<REPLY>\n%s</REPLY>\n", replies[i].inside);
        cr_expect_str_eq(out.data, want.data);
    }
}
