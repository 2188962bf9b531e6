#include "common/signals/signals.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <unistd.h>

Test(signals, each_is_waited_for_and_none_is_lost, .timeout = 10)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    signals_block();
    for (int i = 0; i < 3; i++) {
        kill(getpid(), numbers[i]);
        cr_expect_eq(signals_wait(-1), numbers[i]);
    }
}

Test(signals, waiting_ends_when_its_time_has_passed, .timeout = 10)
{
    signals_block();
    cr_expect_eq(signals_wait(0), 0);
    cr_expect_eq(signals_wait(20), 0);
}

Test(signals, a_reader_that_went_away_ends_nothing, .timeout = 10)
{
    int ends[2];
    signals_block();
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    cr_expect_eq(write(ends[1], "x", 1), -1);
}

static void drain_and_get(int number)
{
    signals_block();
    signals_second_ends(75);
    kill(getpid(), number);
    for (;;)
        pause();
}

Test(signals, a_second_sigterm_ends_the_process, .exit_code = 75, .timeout = 10)
{
    drain_and_get(SIGTERM);
}

Test(signals, a_second_sigint_ends_the_process, .exit_code = 75, .timeout = 10)
{
    drain_and_get(SIGINT);
}
