#include "services/gateway/agent_gate.h"

#include <criterion/criterion.h>

#include <stdio.h>

static const struct {
    const char *list, *agent; /* agent NULL: none was sent */
    bool admitted;
} cases[] = {
    {"*", "anything", true},
    {"*", NULL, true},
    {"OCS-NG_unified_unix_agent_v", "OCS-NG_unified_unix_agent_v2.10.0", true},
    {"OCS-NG_unified_unix_agent_v", "ocs-ng_unified_unix_agent_v2.10.0", false},
    {"OCS-NG_unified_unix_agent_v", "OCS-NG_unified", false},
    {"OCS-NG_unified_unix_agent_v", NULL, false},
    {"OCS-NG_", "OCS-NG_.*_v2.0", true},
    {".*_v2.0", "OCS-NG_unified_unix_agent_v2.0", false},
    {"A_v, FusionInventory-Agent_v ,B", "FusionInventory-Agent_v2.6", true},
    {"A_v,B", "C_v1", false},
    {"Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)", true},
    {"OCS-NG_windows_client=4032..4062", "OCS-NG_windows_client_v4032", true},
    {"OCS-NG_windows_client=4032..4062", "OCS-NG_windows_client_v4062", true},
    {"OCS-NG_windows_client=4032..4062", "OCS-NG_windows_client_v4063", false},
    {"OCS-NG_windows_client=4032..4062", "OCS-NG_windows_client_v4031", false},
    {"OCS-NG_windows_client=4032..4062", "OCS-NG_windows_client_v2.1", false},
    {"X=..2.12", "X_v2.9", true},
    {"X=..2.12", "X_v2.12.5", true},
    {"X=..2.12", "X_v2.13", false},
    {"X=..2.12", "X_v3.0", false},
    {"X=..2.12", "X", true},
    {"X=2.4..", "X_v2.10.0", true},
    {"X=2.4..", "X_v2.3.9", false},
    {"X=2.4..", "X_v", false},
    {"X=2.4..", "X_v99999999999999999999.1", true},
    {"X=1..2,X=4..5", "X_v4.5", true},
};

Test(agent_gate, admits_by_literal_prefix_and_version)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(agent_gate_destroy) struct agent_gate *gate = NULL;
        struct reason why = {0};
        cr_assert_eq(agent_gate_new(cases[i].list, NULL, &gate, &why), ST_OK, "%s: %s", cases[i].list, why.text);
        cr_expect_eq(agent_gate_admits(gate, view_of(cases[i].agent)), cases[i].admitted, "%s against %s",
                     cases[i].agent ? cases[i].agent : "(none)", cases[i].list);
    }
}

Test(agent_gate, a_wrong_list_is_refused_with_the_entry)
{
    static const char *const lists[] = {"", " , ", "X=", "X=2", "X=..", "X=2..3.", "X=2..x", "=1..2", "X=2-3"};
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct agent_gate *gate = NULL;
        struct reason why = {0};
        cr_expect_eq(agent_gate_new(lists[i], "", &gate, &why), ST_INVALID, "\"%s\"", lists[i]);
        cr_expect_null(gate);
        cr_expect_str_not_empty(why.text);
    }
}

static const struct {
    const char *agent;
    bool admitted;
} of_file[] = {
    {"Mozilla/5.0 (X11)", true},
    {"Mozilla/5.0 (X11) more", false},
    {"Fusion.*", true},
    {"FusionInventory", false},
    {"# no agent", false},
    {"listed_v1", true},
    {"last line without end", true},
    {NULL, false},
    {"", false},
};

Test(agent_gate, lines_of_the_file_are_taken_literally_and_whole)
{
    char path[] = "/tmp/muster-agents-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && dprintf(fd, "# no agent\n\nMozilla/5.0 (X11)\r\nFusion.*\nlast line without end") > 0);
    close(fd);
    AUTO(agent_gate_destroy) struct agent_gate *gate = NULL;
    struct reason why = {0};
    status st = agent_gate_new("listed", path, &gate, &why);
    unlink(path);
    cr_assert_eq(st, ST_OK, "%s", why.text);
    for (size_t i = 0; i < COUNT(of_file); i++)
        cr_expect_eq(agent_gate_admits(gate, view_of(of_file[i].agent)), of_file[i].admitted, "%s",
                     of_file[i].agent ? of_file[i].agent : "(none)");
    struct agent_gate *none = NULL;
    cr_expect_eq(agent_gate_new("*", "/nonexistent/agents", &none, &why), ST_NOT_FOUND);
}
