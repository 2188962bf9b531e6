/**
 * The addresses that operators write: "tcp://host:port", "ipc:///path"; lists of them. Private to common/link.
 *
 * Threads: pure, but address_expand(), which asks the resolver and may take its time.
 */
#ifndef MUSTER_COMMON_LINK_ADDRESSES_H
#define MUSTER_COMMON_LINK_ADDRESSES_H

#include "common/base/bytes.h"
#include "common/base/status.h"

enum {
    ADDRESS_TEXT = 320,    /**< scheme, a DNS name of 253, a port; an IPC path has at most 107 */
    ADDRESS_IPC_MAX = 107, /**< sun_path without its NUL */
    ADDRESS_LIST_MAX = 64,
};

struct address {
    char text[ADDRESS_TEXT]; /**< as ZeroMQ takes it */
    char host[ADDRESS_TEXT]; /**< TCP: without brackets; "" for IPC */
    char port[8];
    bool is_name; /**< TCP with a name that stands for addresses */
};

/** @param may_bind  "*" is allowed as host and port  @retval ST_INVALID with `why` */
MUST_CHECK status address_parse(struct view text, bool may_bind, struct address *out, struct reason *why);
/** A list, separated by commas or blanks. @param count  entries of `out`, at most ADDRESS_LIST_MAX, at least 1 */
MUST_CHECK status address_list(const char *text, struct address out[ADDRESS_LIST_MAX], size_t *count,
                               struct reason *why);
/** All addresses of a name, as texts for ZeroMQ, each once. @return how many; -1 when the resolver failed */
int address_expand(const struct address *name, char (*out)[ADDRESS_TEXT], size_t room);

#endif
