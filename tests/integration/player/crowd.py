"""Many devices at once: the same step of several scenarios is sent at the same time, over all gateways, and only then the whole
database is compared. What each scenario expects by itself must hold for all of them together."""
import concurrent.futures

from player import compare, request
from player.play import Player, Result

#: tables of words that all devices share: a word is there once however many scenarios bring it
SHARED = ('hardware_osname_cache', 'registry_name_cache', 'registry_regvalue_cache', 'software_name', 'software_publisher',
          'software_version')


def unite(states):
    """One state that holds what all of them hold."""
    out = {}
    for table in sorted({t for s in states for t in s}):
        rows = [row for s in states for row in s.get(table, [])]
        if table in SHARED:
            rows = compare.rows_of(compare.count_rows(rows))
        out[table] = rows
    return out


def device_of(scenario):
    """DEVICEID of the computer that the first step makes."""
    return scenario.steps[0].expected['changes']['hardware']['+'][0]['DEVICEID']


class Crowd(Player):
    """@param scenarios  of the same options and with the same steps, each with one device of its own"""

    def play_together(self, scenarios):
        self.jobs, self.whole, self.known = False, True, set()
        self.scenarios = {device_of(s): s.name for s in scenarios}
        self.prepare(scenarios[0])
        self.all_expected = [s.start for s in scenarios]
        result = Result('%s to %s at once' % (scenarios[0].name, scenarios[-1].name))
        with concurrent.futures.ThreadPoolExecutor(len(scenarios)) as pool:
            for steps in zip(*(s.steps for s in scenarios)):
                self.step_together(pool, steps, result)
        return result

    def step_together(self, pool, steps, result):
        statements = sorted({line for step in steps for line in step.statements})
        if statements:
            self.operate(statements)
        answers = [pool.submit(request.send, *self.site.next_gateway(), step) for step in steps]
        for step, answer in zip(steps, answers):
            self.judge(result, step.name, compare.compare_answers(step.expected, answer.result()))
        self.site.drained()
        self.all_expected = [compare.apply(state, step.expected['changes']) for state, step in zip(self.all_expected, steps)]
        self.expected = unite(self.all_expected)
        self.look(result, steps[0].name)
        result.requests += len(steps)
        result.steps += 1

    def scenario_of(self, difference, result):
        return self.scenarios.get(difference.device, result.scenario)
