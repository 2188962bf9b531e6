#include "common/link/upstreams.h"

#include "common/log/log.h"

#include <stdio.h>

static void upstream_destroy(struct upstream *u)
{
    if (!u)
        return;
    if (u->socket)
        zmq_close(u->socket);
    free(u);
}
AUTO_DEFINE(struct upstream, upstream_destroy)

static status add(struct upstreams *all, const char *address, bool is_of_name)
{
    if (all->count == UPSTREAMS_MAX)
        return ST_TOO_BIG;
    AUTO(upstream_destroy) struct upstream *u = calloc(1, sizeof *u);
    if (!u)
        return ST_NO_MEMORY;
    *u = (struct upstream){.number = ++all->last_number,
                           .version = (uint8_t)all->set.version,
                           .is_of_name = is_of_name,
                           .is_wanted = true};
    snprintf(u->address, sizeof u->address, "%s", address);
    u->socket = wire_socket(all->context, ZMQ_DEALER, &all->set, (int64_t)all->set.message_max);
    if (!u->socket || curve_connect(u->socket, &all->keys) != ST_OK || zmq_connect(u->socket, address) != 0)
        return ST_IO;
    all->list[all->count++] = STEAL(u);
    return ST_OK;
}

struct upstream *upstreams_find(const struct upstreams *all, uint32_t number)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i]->number == number)
            return all->list[i];
    return NULL;
}

static struct upstream *find_by_address(const struct upstreams *all, const char *address)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->list[i]->address, address) == 0)
            return all->list[i];
    return NULL;
}

void upstreams_resolved(struct upstreams *all)
{
    struct resolved now;
    if (!all->resolver || !resolver_take(all->resolver, &now))
        return;
    for (size_t i = 0; i < all->count; i++)
        all->list[i]->is_wanted = !all->list[i]->is_of_name;
    for (size_t i = 0; i < now.count; i++) {
        struct upstream *u = find_by_address(all, now.texts[i]);
        if (u)
            u->is_wanted = true;
        else if (add(all, now.texts[i], true) != ST_OK)
            log_error("cannot connect", LOG_TEXT("address", now.texts[i]));
    }
    free(now.texts);
}

status upstream_send(struct upstream *u, struct frame f)
{
    f.version = u->version;
    return wire_send(u->socket, NULL, &f, NULL);
}

/* One that drains has left its name and still sends: it is let go when it is silent, or has said BYE. */
void upstreams_drop_vanished(struct upstreams *all)
{
    for (size_t i = all->count; i-- > 0;) {
        struct upstream *u = all->list[i];
        if (u->is_wanted || u->state == JOINED)
            continue;
        log_info("producer let go", LOG_TEXT("address", u->address));
        upstream_destroy(u);
        all->list[i] = all->list[--all->count];
    }
}

static status connect_all(struct upstreams *all, const char *addresses, struct reason *why)
{
    AUTO(mem_free) struct address *list = calloc(ADDRESS_LIST_MAX, sizeof *list);
    size_t count = 0, names = 0;
    if (!list)
        return ST_NO_MEMORY;
    status st = address_list(addresses, list, &count, why);
    for (size_t i = 0; st == ST_OK && i < count; i++) {
        if (list[i].is_name)
            names++;
        else if (!find_by_address(all, list[i].text))
            st = add(all, list[i].text, false);
    }
    if (st == ST_OK && names > 0)
        st = resolver_new(list, count, &all->resolver);
    return st;
}

status upstreams_open(struct upstreams *all, const struct link_settings *set, const char *addresses, struct reason *why)
{
    all->set = *set;
    all->context = zmq_ctx_new();
    return all->context ? connect_all(all, addresses, why) : ST_IO;
}

void upstreams_close(struct upstreams *all)
{
    while (all->count > 0)
        upstream_destroy(all->list[--all->count]);
    resolver_destroy(all->resolver);
    all->resolver = NULL;
    wire_end(all->context);
    all->context = NULL;
}
