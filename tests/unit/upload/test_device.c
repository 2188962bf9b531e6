#include "common/base/cleanup.h"
#include "common/upload/upload.h"

#include <criterion/criterion.h>

static const struct {
    const char *text;
    bool valid;
} deviceids[] = {
    {"ok-2025-01-02-03-04-05", true},
    {"x-9999-99-99-99-99-99", true}, /* the form counts, not the date */
    {"a b-2025-01-02-03-04-05", true},
    {"\xc3\xa9t\xc3\xa9-2025-01-02-03-04-05", true},
    {" ok-2025-01-02-03-04-05", true},
    {"h.example.org-2025-01-02-03-04-05", true},
    {"o'b-2025-01-02-03-04-05", true},
    {"../etc-2025-01-02-03-04-05", true},
    {"OK-2025-01-02-03-04-05", true},
    {"x-2025-01-02-03-04-05\n", true}, /* one newline is tolerated, and kept */
    {"--2025-01-02-03-04-05", true},
    {"", false},
    {"noname", false},
    {"-2025-01-02-03-04-05", false},
    {"2025-01-02-03-04-05", false},
    {"ok-2025-01-02-03-04-5", false},
    {"ok-2025-01-02-03-04-05 ", false},
    {"ok-2025-01-02-03-04-05x", false},
    {"ok-2025-01-02-03-04-05\n\n", false},
    {"\nok-2025-01-02-03-04-05", false},
    {"o\nk-2025-01-02-03-04-05", false},
    {"ok-2025/01/02-03-04-05", false},
    {"ok-20a5-01-02-03-04-05", false},
    {"\n-2025-01-02-03-04-05", false},
};

Test(device, deviceids_are_taken_and_refused_as_ocs_does)
{
    for (size_t i = 0; i < COUNT(deviceids); i++)
        cr_expect_eq(upload_deviceid_is_valid(view_of(deviceids[i].text)), deviceids[i].valid, "\"%s\"",
                     deviceids[i].text);
    cr_expect_not(upload_deviceid_is_valid(VIEW_ABSENT));
}

Test(device, a_deviceid_longer_than_its_column_is_refused)
{
    static const char date[] = "-2025-01-02-03-04-05";
    char text[UPLOAD_DEVICEID_MAX + 1];
    memset(text, 'x', sizeof text);
    memcpy(text + UPLOAD_DEVICEID_MAX - (sizeof date - 1), date, sizeof date - 1);
    cr_expect(upload_deviceid_is_valid((struct view){text, UPLOAD_DEVICEID_MAX}));
    memcpy(text + sizeof text - (sizeof date - 1), date, sizeof date - 1);
    cr_expect_not(upload_deviceid_is_valid((struct view){text, sizeof text}));
}

Test(device, case_does_not_make_another_device)
{
    uint64_t lower = upload_device_hash(VIEW_LITERAL("host-2025-01-02-03-04-05"));
    cr_expect_eq(upload_device_hash(VIEW_LITERAL("HOST-2025-01-02-03-04-05")), lower);
    cr_expect_eq(upload_device_hash(VIEW_LITERAL("hOsT-2025-01-02-03-04-05")), lower);
    cr_expect_neq(upload_device_hash(VIEW_LITERAL("host-2025-01-02-03-04-06")), lower);
    cr_expect_eq(lower, upload_device_hash(VIEW_LITERAL("host-2025-01-02-03-04-05")));
}

static const struct {
    const char *sent, *clean;
} agents[] = {
    {"OCS-NG_unified_unix_agent_v2.10.0", "OCS-NG_unified_unix_agent_v2.10.0"},
    {"", ""},
    {"a\x01"
     "b\x08"
     "c\x0b"
     "d\x0c"
     "e\x0e"
     "f\x1f"
     "g",
     "abcdefg"},
    {"tab\tand\x7f stay", "tab\tand\x7f stay"},
    {"<script>", "Invalid_agent"},
    {"a>b", "Invalid_agent"},
    {"a\"b", "Invalid_agent"},
    {"a'b", "Invalid_agent"},
    {"Mozilla/5.0 (X11; Linux)", "Invalid_agent"},
};

Test(device, user_agents_are_cleaned_as_ocs_does)
{
    for (size_t i = 0; i < COUNT(agents); i++) {
        char out[UPLOAD_AGENT_MAX];
        size_t len = upload_clean_agent(view_of(agents[i].sent), out);
        cr_expect(view_is((struct view){out, len}, agents[i].clean), "\"%s\" gave \"%.*s\"", agents[i].sent, (int)len,
                  out);
    }
}

Test(device, a_nul_in_a_user_agent_is_dropped_like_any_control_byte)
{
    char out[UPLOAD_AGENT_MAX];
    cr_expect_eq(upload_clean_agent((struct view){"a\0b", 3}, out), 2);
    cr_expect_eq(memcmp(out, "ab", 2), 0);
}

Test(device, a_long_user_agent_is_cut_between_characters)
{
    char sent[UPLOAD_AGENT_MAX + 10], out[UPLOAD_AGENT_MAX];
    for (size_t ascii = UPLOAD_AGENT_MAX - 4; ascii <= UPLOAD_AGENT_MAX; ascii++) {
        memset(sent, 'x', sizeof sent);
        memcpy(sent + ascii, "\xf0\x9f\x98\x80", 4);
        size_t len = upload_clean_agent((struct view){sent, sizeof sent}, out);
        bool fits = ascii + 4 <= UPLOAD_AGENT_MAX;
        cr_expect_eq(len, fits ? UPLOAD_AGENT_MAX : ascii, "%zu before it: %zu", ascii, len);
    }
}
