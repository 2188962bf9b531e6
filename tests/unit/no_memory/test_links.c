/* Messages of links: what memory fails for is not sent, and its owner's body is released exactly once. */
#include "common/link/wire.h"
#include "tests/unit/no_memory/trial.h"

#include <criterion/criterion.h>

static size_t released;

static void release(void *body)
{
    (void)body;
    released++;
}

static status run_wrapping(const void *what, struct digest *out)
{
    static char body[] = "a body that is not copied";
    const struct link_message message = {
        .kind = UPLOAD_INVENTORY, .body = body, .len = sizeof body, .release = release};
    (void)what;
    zmq_msg_t part;
    released = 0;
    status st = wire_wrap(&message, &part);
    if (st == ST_OK) {
        digest_add(out, (struct view){zmq_msg_data(&part), zmq_msg_size(&part)});
        if (released)
            out->fault = "released too early";
        zmq_msg_close(&part);
    }
    if (released != 1)
        out->fault = "not released once";
    return st;
}

Test(no_memory, wrapping_messages)
{
    static const struct trial t = {.name = "a message", .run = run_wrapping, .at_least = 1};
    trials_run(&t, 1);
}
