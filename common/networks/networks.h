/**
 * Lists of addresses and networks, as an administrator writes them: proxies that are believed, addresses that are trusted.
 *
 * Threads: everything here is pure; a list is read-only once parsed.
 */
#ifndef MUSTER_COMMON_NETWORKS_NETWORKS_H
#define MUSTER_COMMON_NETWORKS_NETWORKS_H

#include "common/upload/upload.h"

enum { NETWORKS_MAX = 64 };

struct network {
    struct upload_address address; /**< IPv4 in IPv6 clothes is stored as IPv4 */
    unsigned bits;                 /**< leading bits that must agree */
};

struct networks {
    struct network list[NETWORKS_MAX];
    size_t count;
    bool unix_peers; /**< "unix" was listed: whoever may open our unix socket is meant */
};

/**
 * @param text  addresses, networks ("10.0.0.0/8", "fd00::/8") and the word "unix", separated by commas or blanks; may be NULL
 * @retval ST_INVALID  `why` quotes the entry
 */
MUST_CHECK status networks_parse(const char *text, struct networks *out, struct reason *why);
/** @param address  of length 0: the peer of a unix socket */
bool networks_contain(const struct networks *networks, const struct upload_address *address);

/** IPv4-mapped IPv6 becomes IPv4, so that one host has one address whatever the listener's family is. */
void address_unmap(struct upload_address *address);
/** One address, nothing around it; unmapped. */
bool address_read(struct view text, struct upload_address *out);

#endif
