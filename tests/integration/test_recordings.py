"""Recorded results of the reference server (OCS Inventory 2.12.5), request by request, against Muster: replies and every table.

tests/recordings/README.md says where they come from. Nothing may differ but what tests/recordings/documented.json lists, each with its
entry in docs/compatibility.md; and whatever it lists must be seen.
"""
import unittest

from player import compare, report, request
from player.crowd import Crowd
from player.documented import Documented
from player.older import Present
from player.play import Player
from player.scenario import load_all
from player.site import JOBS, SERVER_OPTIONS, Site

#: what the reference server does inside requests and Muster in the background
JOB_SCENARIOS = ('102-', '122-', '123-', '124-', '208-')


def kind_of_site(scenario):
    """Scenarios with the same kind are played on the same installation: (settings as items, with background jobs)."""
    if scenario.name.startswith(JOB_SCENARIOS):
        return tuple(JOBS.items()), True
    return tuple((setting, 'yes' if value else 'no') for name, value in scenario.server.items()
                 for setting in SERVER_OPTIONS[name]), False


def play_all(count, documented):
    results, present = [], Present()
    kinds = {}
    for scenario in load_all('recorded', 'expected'):
        kinds.setdefault(kind_of_site(scenario), []).append(scenario)
    for (settings, jobs), scenarios in kinds.items():
        with Site(count, dict(settings)) as site:
            player = Player(site, documented, present)
            results += [player.play(scenario, jobs) for scenario in scenarios]
    present.show()
    if present.surprises():
        raise AssertionError('not there, though the schema should have it: %s' % present.surprises())
    return sorted(filter(None, results), key=lambda r: r.scenario)


class TestComparison(unittest.TestCase):
    """The player itself must find what differs."""

    WANT = {'bios': [{'DEVICE': 'a', 'SSN': '1', 'TYPE': 'x'}], 'slots': [{'DEVICE': 'a', 'NAME': 's'}] * 2}

    def differences(self, table, rows):
        return [d[:] for d in compare.compare_states(self.WANT, dict(self.WANT, **{table: rows}))]

    def test_equal(self):
        self.assertEqual(self.differences('bios', [{'TYPE': 'x', 'SSN': '1', 'DEVICE': 'a'}]), [])

    def test_value(self):
        self.assertEqual(self.differences('bios', [{'DEVICE': 'a', 'SSN': '2', 'TYPE': 'x'}]), [('bios', 'a', 'SSN', '1', '2')])

    def test_null_is_not_empty(self):
        self.assertEqual(self.differences('bios', [{'DEVICE': 'a', 'SSN': '1'}]), [('bios', 'a', 'TYPE', 'x', None)])
        self.assertEqual(self.differences('bios', [{'DEVICE': 'a', 'SSN': '1', 'TYPE': ''}]), [('bios', 'a', 'TYPE', 'x', '')])

    def test_rows_are_counted(self):
        row = {'DEVICE': 'a', 'NAME': 's'}
        self.assertEqual(self.differences('slots', [row]), [('slots', 'a', '*', compare.row_key(row), 'no row')])
        self.assertEqual(self.differences('slots', [row] * 3), [('slots', 'a', '*', 'no row', compare.row_key(row))])

    def test_table_that_nobody_expects(self):
        self.assertEqual(len(self.differences('ports', [{'DEVICE': 'a', 'NAME': 'p'}])), 1)

    def test_an_older_schema_lacks_what_is_known_and_nothing_else(self):
        present = Present('2.8.1')
        present.look({'bios': ['HARDWARE_ID', 'SSN'], 'software': ['HARDWARE_ID', 'NAME_ID']})
        state = {'bios': [{'DEVICE': 'a', 'SSN': '1'}], 'software': [{'DEVICE': 'a', 'NAME': 'n', 'ARCHITECTURE': 'x'}], 'local_users': [{}]}
        self.assertEqual(present.of(state), {'bios': state['bios'], 'software': [{'DEVICE': 'a', 'NAME': 'n'}]})
        self.assertEqual(present.surprises(), [])
        present.of(self.WANT)
        self.assertEqual(present.surprises(), ['bios.TYPE', 'slots'])
        self.assertTrue(present.left_out('130-snmp-configured-type', "ERROR 1146 (42S02): Table 'x'"))
        self.assertEqual(present.surprises(), ['bios.TYPE', 'slots'])
        self.assertTrue(present.left_out('001-contact', "ERROR 1146 (42S02): Table 'x'"))
        self.assertEqual(len(present.surprises()), 3)
        self.assertFalse(present.left_out('001-contact', 'ERROR 1064 (42000): syntax'))
        self.assertFalse(Present('').left_out('001-contact', "ERROR 1146 (42S02): Table 'x'"))
        self.assertEqual(Present('').of(state), state)

    def test_changes(self):
        changes = {'bios': {'-': self.WANT['bios']}, 'slots': {'-': self.WANT['slots'][:1]}}
        self.assertEqual(compare.apply(self.WANT, changes), {'slots': self.WANT['slots'][:1]})

    def test_answers(self):
        want = {'status': 200, 'encoding': 'zlib', 'reply': ['<A>', '  <B></B>', '</A>']}
        self.assertEqual(compare.compare_answers(want, dict(want)), [])
        for part, value in (('status', 500), ('encoding', 'gzip'), ('reply', ['<A>', '  <C></C>', '</A>'])):
            self.assertEqual([d.table for d in compare.compare_answers(want, dict(want, **{part: value}))], [part])

    def test_order_of_siblings_and_attributes_does_not_count(self):
        self.assertEqual(request.reply_lines(b'<A><B x="1" y="2"/><C>t</C></A>'), request.reply_lines(b'<A> <C>t</C><B y="2" x="1"></B></A>'))
        self.assertNotEqual(request.reply_lines(b'<A><B>t</B></A>'), request.reply_lines(b'<A><B>t </B></A>'))

    def test_only_what_is_documented_is_allowed(self):
        documented = Documented(schema='')
        meant = compare.Difference('hardware', 'd', 'LASTDATE', '0000-00-00 00:00:00', '<now>')
        self.assertEqual(documented.find('041-hardware-lastdate-bad', 'bad', meant)['entry'], 'G-43')
        self.assertIsNone(documented.find('041-hardware-lastdate-bad', 'bad', meant._replace(got='0001-01-01')))
        self.assertIsNone(documented.find('040-hardware-values', 'bad', meant))
        self.assertEqual(len(documented.never_seen()) + len(documented.never_seen(corpus=True)), len(documented.entries) - 1)


class TestRecordings(unittest.TestCase):
    def check(self, count, title):
        documented = Documented()
        results = play_all(count, documented)
        report.show(title, results)
        self.assertEqual(report.faults(results), '')
        self.assertEqual([e for e in documented.never_seen()], [], 'documented, but does not occur')

    def test_one_of_every_service(self):
        self.check(1, 'recordings, one of every service')

    def test_two_of_every_service(self):
        """Requests go to the gateways in turns, those of one device as well."""
        self.check(2, 'recordings, two of every service')

    def test_many_devices_at_once(self):
        """The section scenarios have the same steps: each step is sent for all their devices at the same time."""
        together = [s for s in load_all('recorded') if len(s.steps) == 13 and '-section-' in s.name]
        self.assertGreater(len(together), 20)
        with Site(2) as site:
            crowd = Crowd(site, Documented())
            result = crowd.play_together(together)
            crowd.present.show()
            self.assertEqual(crowd.present.surprises(), [])
        report.show('recordings, %d devices at once through two of every service' % len(together), [result])
        self.assertEqual(report.faults([result]), '')

    def test_every_documented_difference_stands_in_the_documentation(self):
        self.assertEqual([e['entry'] for e in Documented(schema='2.8.1').not_in_documentation()], [])


if __name__ == '__main__':
    unittest.main()
