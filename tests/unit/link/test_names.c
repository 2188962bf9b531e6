/* A name whose addresses change: what is new is connected, what is gone is let go once it is silent, and while the name cannot be
 * resolved nothing is let go. The resolver of libc is this test's own for names below .test. */
#include "owner.h"

#include "common/base/cleanup.h"
#include "common/link/resolver.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_uint hosts; /* bit n: 127.0.0.(n+1); 0: the name is not found */
static atomic_uint looks; /* how often it was looked for */

typedef int lookup_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static struct addrinfo *numeric(lookup_fn *real, unsigned host, const char *port)
{
    char text[16];
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    snprintf(text, sizeof text, "127.0.0.%u", host + 1);
    cr_assert_eq(real(text, port, &hints, &found), 0);
    return found;
}

int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints, struct addrinfo **out)
{
    union {
        void *symbol;
        lookup_fn *call;
    } real = {dlsym(RTLD_NEXT, "getaddrinfo")};
    size_t len = name ? strlen(name) : 0;
    if (len < 5 || strcmp(name + len - 5, ".test") != 0)
        return real.call(name, port, hints, out);
    atomic_fetch_add(&looks, 1);
    unsigned now = atomic_load(&hosts);
    struct addrinfo **end = out;
    *out = NULL;
    for (unsigned i = 0; i < 8; i++)
        if (now & 1u << i) {
            *end = numeric(real.call, i, port);
            end = &(*end)->ai_next;
        }
    return now ? 0 : EAI_AGAIN; /* a list of lists: freeaddrinfo() follows the same links */
}

/* The resolver has asked again, and what it heard before was acted upon. @return false: not within `ms` */
static bool looks_again(int ms)
{
    unsigned before = atomic_load(&looks);
    return BECOMES_TRUE(atomic_load(&looks) >= before + 2, ms);
}

static struct link_producer *listen_on(struct owner *o, unsigned host, const char *port)
{
    char address[64];
    struct link_producer *p = NULL;
    struct reason why = {0};
    const struct link_settings set = {.beat_ms = 50, .silence_ms = 5000};
    owner_init(o, 3, 10);
    snprintf(address, sizeof address, "tcp://127.0.0.%u:%s", host + 1, port);
    cr_assert_eq(link_producer_new(address, &set, &o->link, &p, &why), ST_OK, "%s", why.text);
    return p;
}

static size_t take(struct link_consumer *c, size_t most)
{
    size_t n = 0;
    for (struct link_delivery *d; n < most && (d = link_consumer_take(c, PATIENCE_MS)); n++)
        link_consumer_answer(c, d, LINK_ACK, NULL);
    return n;
}

Test(link_names, addresses_that_change_are_followed, .timeout = 90)
{
    struct owner first, second;
    struct link_consumer *c = NULL;
    struct reason why = {0};
    char name[64], port[8]; /* it outlives the producer */
    const struct link_settings set = {.beat_ms = 50, .silence_ms = 5000};
    struct link_producer *a = listen_on(&first, 0, "*");
    snprintf(port, sizeof port, "%s", strrchr(link_producer_address(a), ':') + 1);
    struct link_producer *b = listen_on(&second, 1, port);
    snprintf(name, sizeof name, "tcp://pods.test:%s", port);
    atomic_store(&hosts, 1);
    cr_assert_eq(link_consumer_new(name, ~0u, 4, &set, &c, &why), ST_OK, "%s", why.text);
    cr_expect_eq(take(c, 3), 3);
    cr_expect_eq(link_producer_consumers(b), 0);

    atomic_store(&hosts, 3); /* one more */
    cr_assert(BECOMES_TRUE(link_consumer_producers(c) == 2, PATIENCE_MS));
    cr_expect_eq(take(c, 3), 3);

    atomic_store(&hosts, 0); /* the name server is away: nobody is let go */
    cr_assert(looks_again(PATIENCE_MS));
    cr_expect_eq(link_consumer_producers(c), 2);
    owner_add(&first);
    link_producer_wake(a);
    cr_expect_eq(take(c, 1), 1);

    atomic_store(&hosts, 2); /* the first one has left its name, and drains: what it has still comes */
    cr_assert(looks_again(PATIENCE_MS));
    owner_add(&first);
    link_producer_wake(a);
    cr_expect_eq(take(c, 1), 1);
    link_producer_destroy(a);
    cr_expect(BECOMES_TRUE(link_consumer_producers(c) == 1, PATIENCE_MS));
    struct link_producer *again = listen_on(&first, 0, port); /* somebody else's now: not connected any more */
    owner_add(&second);
    link_producer_wake(b);
    cr_expect_eq(take(c, 1), 1);
    cr_assert(looks_again(PATIENCE_MS));
    cr_expect_eq(link_producer_consumers(again), 0);
    link_consumer_destroy(c);
    link_producer_destroy(again);
    link_producer_destroy(b);
}
