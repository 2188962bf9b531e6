"""The recordings' own harness, where it stands beside the project: over its own scenarios and over the corpus of real documents, which
may not be copied. Nothing may differ but what the recordings call deliberate and what tests/recordings/documented.json lists.

tests/recordings has the first of the two as its own; this is the check that our player sees what the harness sees.
"""
import collections
import filecmp
import json
import os
import subprocess
import time
import unittest

from harness import BIN, SHARED, Muster, table
from player.documented import Documented
from player.scenario import RECORDINGS
from player.site import SETTINGS

FOLDER = os.path.join(SHARED, 'golden')
MUSTER = os.path.join(BIN, 'muster')
TIMEOUT_S = 1700


def run_harness(s, scenarios):
    """(exit status, last lines, report)"""
    report = os.path.join(s.folder, 'golden.json')
    # what the console holds waits; anything else must be written, however long the machine takes
    drain = ('%s drain --data %s --timeout 2 || test "$(%s sql --data %s -e "SELECT COUNT(*) FROM locks" | tail -1)" != 0 || '
             '%s drain --data %s --timeout 60' % ((MUSTER, s.folder) * 3))
    forget = "%s sql --data %s -e 'DELETE FROM muster_rows; DELETE FROM muster_device; DELETE FROM muster_session'" % (MUSTER, s.folder)
    done = subprocess.run(
        [os.path.join(FOLDER, 'golden'), 'run', '--url', s.http, '--https-url', s.https,
         '--socket', os.path.join(s.folder, 'run', 'db.sock'), '--user', 'root', '--database', s.one('SELECT DATABASE()'),
         '--idle', '0', '--wait', '0.2', '--settle', drain, '--reset', forget, '--quiet',
         '--ignore', os.path.join(RECORDINGS, 'documented.json'), '--json', report, os.path.join(FOLDER, scenarios)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', timeout=TIMEOUT_S)
    if not os.path.exists(report):
        raise AssertionError('the harness ended early, status %d:\n%s' % (done.returncode, done.stdout[-3000:]))
    with open(report, encoding='utf-8') as f:
        return done.returncode, done.stdout[-3000:], json.load(f)


def reasons(report, kind):
    """How often each reason for a difference was given."""
    return collections.Counter(item[-1] for scenario in report['scenarios'] for item in scenario[kind])


@unittest.skipUnless(os.path.exists(os.path.join(FOLDER, 'golden')), 'no recordings beside the project')
class TestGolden(unittest.TestCase):
    def check(self, scenarios):
        began = time.monotonic()
        with Muster(env=SETTINGS) as s:
            status, said, report = run_harness(s, scenarios)
        totals = dict(report['totals'], seconds=round(time.monotonic() - began))
        table('golden/' + scenarios, ['what', 'number'], totals.items())
        table('documented', ['number', 'reason'], [(n, r) for r, n in reasons(report, 'ignored').items()])
        self.assertEqual((status, totals['differences']), (0, 0), said)
        self.assertGreater(totals['scenarios'], 0)
        return report

    def test_ours_are_as_recorded(self):
        ours = filecmp.dircmp(os.path.join(RECORDINGS, 'recorded'), os.path.join(FOLDER, 'own'))
        _, differ, missing = filecmp.cmpfiles(ours.left, ours.right, sorted(os.listdir(ours.right)), shallow=False)
        self.assertEqual((differ, missing, ours.left_only), ([], [], []))

    @unittest.skipUnless(os.environ.get('MUSTER_TEST_LONG'),
                         'integration/recordings plays the same scenarios; MUSTER_TEST_LONG=1 runs the harness over them, too')
    def test_own(self):
        self.check('own')

    def test_corpus(self):
        seen = reasons(self.check('corpus'), 'ignored')
        for entry in Documented().entries:
            if entry.get('corpus'):
                self.assertIn('%s %s' % (entry['entry'], entry['reason']), seen, 'documented, but does not occur')


if __name__ == '__main__':
    unittest.main()
