#include "services/writer/apply/election.h"

#include "common/base/cleanup.h"

#include <ctype.h>
#include <strings.h>

bool election_is_dotted(struct view v)
{
    size_t groups = 1, digits = 0;
    for (size_t i = 0; i < v.len; i++) {
        if (isdigit((unsigned char)v.data[i])) {
            if (++digits > 3)
                return false;
        } else if (v.data[i] == '.' && digits) {
            groups++;
            digits = 0;
        } else
            return false;
    }
    return groups == 4 && digits;
}

static bool contains(struct view v, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= v.len; i++)
        if (strncasecmp(v.data + i, word, len) == 0)
            return true;
    return false;
}

static bool begins(struct view v, const char *word)
{
    size_t len = strlen(word);
    return v.len >= len && memcmp(v.data, word, len) == 0;
}

bool election_agent_can_scan(struct view agent)
{
    static const char *const names[] = {"OCS-NG_unified_unix_agent", "OCS-NG_windows_client", "OCS-NG_WINDOWS_AGENT"};
    for (size_t end = agent.len; end-- > 1;) {
        if (agent.data[end] != 'v' || agent.data[end - 1] != '_')
            continue;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (view_is((struct view){agent.data, end - 1}, names[i]))
                return true;
        return false;
    }
    return false;
}

bool election_agent_is_local(struct view agent)
{
    return contains(agent, "local");
}

bool election_is_steady(uint64_t fidelity, double quality)
{
    return fidelity > 2 && (quality < 0 || quality > 0);
}

static bool is_of_tag(const struct election_role *role, const struct election_rules *rules, struct view tag)
{
    return !rules->by_tag || tag.len == 0 || view_equal(role->tag, tag);
}

static bool is_for(const struct election_role *role, const struct election_rules *rules, struct view subnet,
                   struct view tag)
{
    return !role->gone && view_equal(role->subnet, subnet) && is_of_tag(role, rules, tag);
}

size_t election_count(const struct election_role *roles, size_t count, const struct election_rules *rules,
                      struct view subnet, struct view tag)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += is_for(&roles[i], rules, subnet, tag);
    return found;
}

/* An interface that is up, of a network that is small enough to be scanned, and no dialled line. */
static bool suits(const struct election_iface *iface)
{
    return !contains(iface->description, "ppp") && contains(iface->status, "up") &&
           (begins(iface->mask, "255.255.") || begins(iface->mask, "0xffff")) && election_is_dotted(iface->subnet) &&
           !iface->blacklisted;
}

/* Of one subnet only: OCS carries the worst of one interface over to the next, and so gives away roles of another subnet. */
static struct election_result replace_worst(const struct election_candidate *candidate, struct view subnet,
                                            const struct election_role *roles, size_t count,
                                            const struct election_rules *rules)
{
    size_t worst = count;
    for (size_t i = 0; i < count; i++) {
        const struct election_role *role = &roles[i];
        if (!is_for(role, rules, subnet, candidate->tag) || role->by_operator || !role->known ||
            role->hardware_id == candidate->hardware_id)
            continue;
        if (role->over)
            return (struct election_result){ELECTION_OVER, subnet, i};
        if (worst == count || role->quality > roles[worst].quality)
            worst = i;
    }
    if (worst < count && roles[worst].quality - candidate->quality > (double)rules->threshold &&
        candidate->quality < roles[worst].quality)
        return (struct election_result){ELECTION_BETTER, subnet, worst};
    return (struct election_result){.kind = ELECTION_NONE};
}

struct election_result election_decide(const struct election_candidate *candidate, const struct election_role *roles,
                                       size_t count, const struct election_rules *rules)
{
    for (size_t i = 0; i < candidate->iface_count; i++) {
        const struct election_iface *iface = &candidate->ifaces[i];
        if (suits(iface) && (int64_t)election_count(roles, count, rules, iface->subnet, candidate->tag) < rules->wanted)
            return (struct election_result){.kind = ELECTION_VACANT, .subnet = iface->subnet};
    }
    for (size_t i = 0; i < candidate->iface_count; i++) {
        struct view subnet = candidate->ifaces[i].subnet;
        struct election_result result = {.kind = ELECTION_NONE};
        if (election_is_dotted(subnet))
            result = replace_worst(candidate, subnet, roles, count, rules);
        if (result.kind != ELECTION_NONE)
            return result;
    }
    return (struct election_result){.kind = ELECTION_NONE};
}
