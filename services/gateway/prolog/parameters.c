#include "services/gateway/prolog/parameters.h"

#include <strings.h>

static const char *const names[PARAM_COUNT] = {
    [PARAM_FREQUENCY] = "FREQUENCY",
    [PARAM_PROLOG_FREQ] = "PROLOG_FREQ",
    [PARAM_INVENTORY_ON_STARTUP] = "INVENTORY_ON_STARTUP",
    [PARAM_IPDISCOVER] = "IPDISCOVER",
    [PARAM_IPDISCOVER_LATENCY] = "IPDISCOVER_LATENCY",
    [PARAM_SCAN_TYPE_IPDISCOVER] = "SCAN_TYPE_IPDISCOVER",
    [PARAM_SCAN_TYPE_SNMP] = "SCAN_TYPE_SNMP",
    [PARAM_SCAN_ARP_BANDWIDTH] = "SCAN_ARP_BANDWIDTH",
    [PARAM_SNMP_SWITCH] = "SNMP_SWITCH",
    [PARAM_SNMP_NETWORK] = "SNMP_NETWORK",
    [PARAM_DOWNLOAD] = "DOWNLOAD",
    [PARAM_DOWNLOAD_FORCE] = "DOWNLOAD_FORCE",
    [PARAM_DOWNLOAD_SCHEDULE] = "DOWNLOAD_SCHEDULE",
    [PARAM_DOWNLOAD_POSTCMD] = "DOWNLOAD_POSTCMD",
    [PARAM_DOWNLOAD_SWITCH] = "DOWNLOAD_SWITCH",
    [PARAM_DOWNLOAD_CYCLE_LATENCY] = "DOWNLOAD_CYCLE_LATENCY",
    [PARAM_DOWNLOAD_FRAG_LATENCY] = "DOWNLOAD_FRAG_LATENCY",
    [PARAM_DOWNLOAD_PERIOD_LATENCY] = "DOWNLOAD_PERIOD_LATENCY",
    [PARAM_DOWNLOAD_PERIOD_LENGTH] = "DOWNLOAD_PERIOD_LENGTH",
    [PARAM_DOWNLOAD_TIMEOUT] = "DOWNLOAD_TIMEOUT",
    [PARAM_DOWNLOAD_EXECUTION_TIMEOUT] = "DOWNLOAD_EXECUTION_TIMEOUT",
};

bool parameter_find(struct view name, enum parameter_name *out)
{
    for (int i = 0; i < PARAM_COUNT; i++)
        if (name.data && strlen(names[i]) == name.len && strncasecmp(names[i], name.data, name.len) == 0) {
            *out = (enum parameter_name)i;
            return true;
        }
    return false;
}

const struct parameter *parameter_of_device(const struct parameters *p, enum parameter_name name)
{
    for (size_t i = 0; i < p->count && p->rows[i].group == 0; i++)
        if (p->rows[i].name == name)
            return &p->rows[i];
    return NULL;
}

static bool wins(enum parameter_rule rule, int64_t number, int64_t best)
{
    return rule == GROUPS_LARGEST ? number > best : number < best;
}

bool parameter_of_groups(const struct parameters *p, enum parameter_name name, enum parameter_rule rule, int64_t *out)
{
    bool found = false;
    for (size_t i = 0; i < p->count; i++) {
        const struct parameter *row = &p->rows[i];
        if (row->group == 0 || row->name != name || !row->has_number)
            continue;
        if (rule == GROUPS_SMALLEST && row->number == 0)
            continue;
        if (!found || wins(rule, row->number, *out))
            *out = row->number;
        found = true;
    }
    return found;
}

int64_t parameter_switch(const struct parameters *p, enum parameter_name name, bool option)
{
    int64_t on = option, lowest;
    if (on && parameter_of_groups(p, name, GROUPS_SMALLEST_WITH_ZERO, &lowest) && lowest < on)
        on = lowest;
    const struct parameter *own = parameter_of_device(p, name);
    return on && own && own->has_number ? own->number : on;
}

struct view parameter_text_of_groups(const struct parameters *p, enum parameter_name name)
{
    for (size_t i = p->count; i-- > 0 && p->rows[i].group != 0;)
        if (p->rows[i].name == name && p->rows[i].text.data)
            return p->rows[i].text;
    return VIEW_ABSENT;
}
