#include "common/signals/signals.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sys/wait.h>
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

/* @return the wait status of a process that gets `number` while it drains */
static int second_signal(int number)
{
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        alarm(5); /* SIGALRM instead of the exit code: not ended */
        signals_block();
        signals_second_ends(75);
        kill(getpid(), number);
        for (;;)
            pause();
    }
    int how;
    cr_assert_eq(waitpid(child, &how, 0), child);
    return how;
}

Test(signals, the_second_one_ends_the_process, .timeout = 20)
{
    for (int i = 0; i < 2; i++) {
        int how = second_signal(i ? SIGINT : SIGTERM);
        cr_expect(WIFEXITED(how) && WEXITSTATUS(how) == 75, "wait status %x", (unsigned)how);
    }
}
