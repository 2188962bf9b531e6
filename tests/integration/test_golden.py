"""How many recorded scenarios of the real server are already equal. Runs where the recordings stand beside the project.

A yardstick at this stage: it fails when there are fewer equal scenarios than there were."""
import json
import os
import subprocess
import tempfile
import unittest

from harness import BIN, SHARED, Muster

#: equal scenarios of golden/own when this number was last raised
AT_LEAST = 120

#: OCS's options and tables are cached for some seconds otherwise; background jobs would meet the operator's statements
SETTINGS = {'MUSTER_GATEWAY_CONFIG_REFRESH': '10ms', 'MUSTER_WRITER_CONFIG_REFRESH': '10ms',
            'MUSTER_WRITER_COLUMNS_REFRESH': '10ms', 'MUSTER_WRITER_JOBS_PERIOD': '1h'}


@unittest.skipUnless(os.path.exists(os.path.join(SHARED, 'golden', 'golden')), 'no recordings beside the project')
class TestGolden(unittest.TestCase):
    def test_no_fewer_equal_scenarios_than_before(self):
        folder = os.path.join(SHARED, 'golden')
        with Muster(env=SETTINGS) as s:
            report = os.path.join(s.folder, 'golden.json')
            muster = '%s drain --data %s --timeout 2 || true' % (  # a device that the console holds waits
                os.path.join(BIN, 'muster'), s.folder)
            done = subprocess.run([os.path.join(folder, 'golden'), 'run', '--url', s.http, '--https-url', s.https,
                                   '--socket', os.path.join(s.folder, 'run', 'db.sock'), '--user', 'root',
                                   '--database', s.one('SELECT DATABASE()'), '--idle', '0', '--wait', '0.2', '--settle', muster,
                                   '--reset', "%s sql --data %s -e 'DELETE FROM muster_rows; DELETE FROM muster_device'" %
                                   (os.path.join(BIN, 'muster'), s.folder),
                                   '--json', report, os.path.join(folder, 'own')],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', timeout=850)
            print(done.stdout[-3000:])
            with open(report) as f:
                result = json.load(f)
        totals = result['totals']
        print('golden/own: %d of %d scenarios equal' % (totals['scenarios_equal'], totals['scenarios']))
        self.assertGreaterEqual(totals['scenarios_equal'], AT_LEAST)


if __name__ == '__main__':
    unittest.main()
