"""Plays one scenario: empty tables, the operator's rows, then request by request, each followed by a look at everything."""
import dataclasses

from player import compare, request, tables
from player.database import DatabaseFault, quoted
from player.older import Present
from player.state import States


@dataclasses.dataclass
class Result:
    scenario: str
    steps: int = 0
    requests: int = 0
    tables: int = 0
    rows: int = 0
    #: [(step, Difference)]
    undocumented: list = dataclasses.field(default_factory=list)
    #: [(entry of documented.json, step, Difference)]
    documented: list = dataclasses.field(default_factory=list)

    @property
    def verdict(self):
        if self.undocumented:
            return '%d differences' % len(self.undocumented)
        return 'equal, %d documented' % len(self.documented) if self.documented else 'equal'


class Player:
    def __init__(self, site, documented, present=None):
        self.site, self.database, self.documented = site, site.database, documented
        self.states, self.present = States(site.database), present or Present()

    def play(self, scenario, jobs=False):
        """None: it needs what the database's schema does not have.

        @param jobs  the site runs background jobs: wait for them at each step"""
        self.jobs = jobs
        try:
            return self.play_it(scenario)
        except DatabaseFault as fault:
            self.database.catch_up()
            if not self.present.left_out(scenario.name, fault):
                raise
            self.clean_up(scenario)
            return None

    def play_it(self, scenario):
        self.prepare(scenario)
        result = Result(scenario.name)
        self.expected, self.known = scenario.start, set()
        self.whole = scenario.start is not None
        self.look(result, 'start')
        for step in scenario.steps:
            try:
                self.step(scenario, step, result)
            except AssertionError as e:
                raise AssertionError('%s [%s] %s' % (scenario.name, step.name, e)) from e
        self.clean_up(scenario)
        return result

    # ---------------------------------------------------------------------------------------------- preparation ----

    def prepare(self, scenario):
        self.database.ask(*set_options(scenario.settings))
        if self.jobs:
            self.site.jobs_are_done()  # one that began with the options of before would leave its mark in empty tables
        self.database.ask(*self.emptied())
        self.clean_up(scenario)  # of a run that was interrupted, or of another scenario with the same tables
        if scenario.setup:
            self.database.ask(*scenario.setup)
        if scenario.cleanup:
            self.states.look()
        self.states.forget()
        self.wait_for_the_operator()

    def emptied(self):
        names = tables.COMPARED + tables.OPERATORS + tables.OWN + self.states.snmp_types
        deletes = ['DELETE FROM `%s`%s' % (t, ' WHERE ID<>1' if t in tables.SEEDED else '')
                   for t in names if t in self.states.columns]
        return ['SET autocommit=0', *deletes, 'COMMIT', 'SET autocommit=1']

    def clean_up(self, scenario):
        if scenario.cleanup:
            self.database.ask(*scenario.cleanup, may_fail=True)
            self.states.look()

    def wait_for_the_operator(self):
        self.site.options_are_new()
        if self.jobs:
            self.site.jobs_are_done()

    # ----------------------------------------------------------------------------------------------------- steps ----

    def step(self, scenario, step, result):
        if step.statements:
            self.operate(step.statements)
        waits = self.documented.waits(scenario.name, step.name)
        got, held = {}, self.site.held() if waits else 0
        if step.is_request:
            got = request.send(*self.site.next_gateway(), step)
            result.requests += 1
        self.settle(waits, held)
        result.steps += 1
        self.judge(result, step.name, compare.compare_answers(step.expected, got))
        if self.whole:
            for changes in ('operator', 'changes'):
                self.expected = compare.apply(self.expected, step.expected.get(changes, {}))
        if step.get('state', True):
            self.look(result, step.name)
        for statement, rows in step.selects:
            self.select(result, step.name, statement, rows)

    def operate(self, statements):
        """What the operator does before a request. A background job sees all of it or nothing."""
        self.database.ask(*(['BEGIN', *statements, 'COMMIT'] if self.jobs else statements))
        self.wait_for_the_operator()

    def settle(self, waits, held):
        """Until what was accepted is in the database; or, where it has to wait, until a writer has tried."""
        if waits:
            self.site.tried_in_vain(held)
        else:
            self.site.drained()
        if self.jobs:
            self.site.jobs_are_done()

    def look(self, result, step):
        """Compare everything. A difference is said once, at the step where it appears."""
        if not self.whole:
            return
        there = self.states.read()
        self.present.look(self.states.tables)
        expected = self.present.of(self.expected)
        differences = compare.compare_states(expected, there)
        self.judge(result, step, [d for d in differences if d not in self.known])
        self.known = set(differences)
        result.tables += len(set(expected) | set(there))
        result.rows += sum(map(len, expected.values()))

    def select(self, result, step, statement, rows):
        there = [line.split('\t') for line in self.database.ask(statement)]
        result.tables += 1
        result.rows += len(rows)
        if there != rows:
            self.judge(result, step, [compare.Difference('select', '', statement, rows, there)])

    def scenario_of(self, difference, result):
        return result.scenario

    def judge(self, result, step, differences):
        for difference in differences:
            entry = self.documented.find(self.scenario_of(difference, result), step, difference)
            if entry:
                result.documented.append((entry, step, difference))
            else:
                result.undocumented.append((step, difference))


def set_options(settings):
    out = []
    for name, value in settings.items():
        column = 'TVALUE' if isinstance(value, str) else 'IVALUE'
        out.append('DELETE FROM config WHERE NAME=%s' % quoted(name))
        out.append('INSERT INTO config(NAME,%s) VALUES(%s,%s)' % (column, quoted(name), quoted(value)))
    return out
