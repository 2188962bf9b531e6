#include "services/writer/turn.h"

#include <criterion/criterion.h>

enum { THREADS = 4, ROUNDS = 2000, MINUTE_MS = 60000 };

Test(turn, who_waits_in_vain_does_not_have_it, .timeout = 30)
{
    struct turn t;
    turn_init(&t);
    cr_expect(turn_take(&t, 0));
    cr_expect_not(turn_take(&t, 0));
    cr_expect_not(turn_take(&t, 20));
    turn_give(&t);
    cr_expect(turn_take(&t, MINUTE_MS));
    turn_give(&t);
    turn_clear(&t);
}

struct counted {
    struct turn turn;
    int inside, together, count; /* no atomics: the turn keeps threads apart */
};

static void *take_turns(void *ctx)
{
    struct counted *c = ctx;
    for (int i = 0; i < ROUNDS; i++) {
        if (!turn_take(&c->turn, MINUTE_MS))
            return NULL;
        c->together += c->inside++;
        c->count++;
        c->inside--;
        turn_give(&c->turn);
    }
    return c;
}

Test(turn, one_at_a_time_has_it, .timeout = 120)
{
    struct counted c = {.inside = 0};
    pthread_t threads[THREADS];
    turn_init(&c.turn);
    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, take_turns, &c), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(c.together, 0);
    cr_expect_eq(c.count, THREADS * ROUNDS);
    turn_clear(&c.turn);
}
