#include "services/gateway/prolog/decision.h"

enum { DAY = 86400 };

enum outcome { SEND, STOP, STOP_BARE };

/** The lowest IVALUE of all FREQUENCY rows of the device and its groups replaces the global one; NULL acts as 0 and is lowest. */
static int64_t frequency_of(const struct parameters *p, int64_t global)
{
    bool found = false;
    int64_t lowest = global;
    for (size_t i = 0; i < p->count; i++) {
        const struct parameter *row = &p->rows[i];
        if (row->name != PARAM_FREQUENCY)
            continue;
        if (!row->has_number)
            return 0;
        if (!found || row->number < lowest)
            lowest = row->number;
        found = true;
    }
    return lowest;
}

/** An INVENTORY that rests in the spool is as good as one in the database: else the device would be told to send again. */
static int64_t last_inventory(const struct prolog_facts *facts)
{
    if (facts->pending && facts->pending_s > facts->last_s)
        return facts->pending_s;
    return facts->last_s;
}

static enum outcome by_age(const struct prolog_facts *facts, int64_t days, int64_t now_s)
{
    int64_t last = last_inventory(facts);
    return last == 0 || last + days * DAY < now_s ? SEND : STOP;
}

static enum outcome decide_known(const struct prolog_facts *facts, const struct ocs_config *config, int64_t now_s)
{
    int64_t days = config->frequency;
    if (days != 0 && days != -1)
        days = frequency_of(&facts->parameters, days);
    if (days == 0)
        return SEND;
    return days == -1 ? STOP_BARE : by_age(facts, days, now_s);
}

static enum outcome decide(const struct prolog_facts *facts, const struct ocs_config *config, int64_t now_s)
{
    if (!facts->database)
        return STOP_BARE; /* an option DOWNLOAD that says OFF would end a download that is under way */
    if (config->frequency_is_null)
        return STOP;
    if (facts->known || facts->pending)
        return decide_known(facts, config, now_s);
    return config->frequency == -1 ? STOP_BARE : SEND;
}

/** Device, else groups, else option; a 0 of the device counts, a 0 of a group does not. */
static int64_t value_of(const struct parameters *p, enum parameter_name name, int64_t option)
{
    const struct parameter *own = parameter_of_device(p, name);
    if (own && own->has_number)
        return own->number;
    int64_t value = option;
    return parameter_of_groups(p, name, GROUPS_SMALLEST, &value) ? value : option;
}

static bool groups_forbid_discovery(const struct parameters *p)
{
    int64_t lowest;
    return parameter_of_groups(p, PARAM_IPDISCOVER, GROUPS_SMALLEST_WITH_ZERO, &lowest) && lowest == 0;
}

static bool is_elected(const struct prolog_facts *facts, const struct ocs_config *config)
{
    const struct parameter *own = parameter_of_device(&facts->parameters, PARAM_IPDISCOVER);
    if (config->ipdiscover == 0 || !facts->known || !own || own->number == 0 || own->text.len == 0)
        return false;
    return config->ipdiscover_use_groups == 0 || !groups_forbid_discovery(&facts->parameters);
}

/** A scan's result is an inventory, too: it is asked for when the device comes again. */
static void postpone(struct prolog_decision *out)
{
    out->send = out->ipdiscover = false;
    out->postponed = true;
}

void prolog_decide(const struct prolog_facts *facts, const struct ocs_config *config, int64_t now_s,
                   struct prolog_decision *out)
{
    enum outcome outcome = decide(facts, config, now_s);
    *out = (struct prolog_decision){
        .send = outcome == SEND,
        .options = outcome != STOP_BARE,
        .contact = facts->database && (facts->known || facts->pending) && !config->frequency_is_null,
        .prolog_freq = value_of(&facts->parameters, PARAM_PROLOG_FREQ, config->prolog_freq),
        .on_startup = value_of(&facts->parameters, PARAM_INVENTORY_ON_STARTUP, config->inventory_on_startup),
    };
    out->ipdiscover = out->options && facts->database && is_elected(facts, config);
    if (out->ipdiscover)
        out->send = true;
    if (out->send && facts->lagging)
        postpone(out);
}
