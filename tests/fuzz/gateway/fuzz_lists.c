/* The gateway's lists, and what an agent sends to be found in them: a list and a User-Agent or an address, cut at the first newline. */
#include "services/gateway/agent_gate.h"
#include "services/gateway/exchange.h"
#include "services/gateway/trusted.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a build with NDEBUG would test nothing. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

static void try_gate(const char *list, struct view agent)
{
    AUTO(agent_gate_destroy) struct agent_gate *gate = NULL;
    struct reason why = {0};
    status st = agent_gate_new(list, NULL, &gate, &why);
    must((st == ST_OK) == (why.code[0] == '\0'));
    if (st == ST_OK)
        (void)agent_gate_admits(gate, agent);
}

static void try_trusted(const char *list, struct view text)
{
    AUTO(trusted_destroy) struct trusted *trusted = NULL;
    struct reason why = {0};
    struct upload_address from;
    status st = trusted_new(list, &trusted, &why);
    must((st == ST_OK) == (why.code[0] == '\0'));
    if (address_read(text, &from)) {
        char back[UPLOAD_ADDRESS_TEXT];
        struct upload_address again;
        must(address_read(view_of(upload_address_text(&from, back)), &again));
        must(again.len == from.len && memcmp(again.bytes, from.bytes, from.len) == 0);
        if (trusted)
            (void)trusted_contains(trusted, &from);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *cut = size ? memchr(data, '\n', size) : NULL;
    size_t len = cut ? (size_t)(cut - data) : size;
    if (len > 200)
        return 0; /* a list is an administrator's, and regcomp() of the C library is not made for a hostile one */
    char list[201];
    if (len)
        memcpy(list, data, len);
    list[len] = '\0';
    struct view sent = cut ? (struct view){(const char *)cut + 1, size - len - 1} : (struct view){"", 0};
    try_gate(list, sent);
    if (!strpbrk(list, "{*+")) /* repetitions of repetitions take regcomp() all memory there is */
        try_trusted(list, sent);
    (void)exchange_content_type(sent, CODING_GZIP);
    return 0;
}
