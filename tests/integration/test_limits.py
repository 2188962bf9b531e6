"""Bounds of a whole installation: slow clients are closed at their deadline while honest ones are served."""
import json
import os
import unittest

from harness import Muster, inventory, table, wait_for
from hostile_watch import Watch
from slow_clients import SlowClients, allow_files

SLOW = int(os.environ.get('MUSTER_TEST_SLOW', '1000'))
GRACE = 5  # seconds that a request may take before its rate is looked at


class TestSlowClients(unittest.TestCase):
    def counter(self, s, name):
        services = json.loads(s.muster('status', '--json', check=False).stdout)['services']
        return sum(x.get('metrics', {}).get(name, 0) for x in services)

    def test_slow_ones_are_closed_and_honest_ones_served(self):
        if not allow_files(SLOW + 500):
            self.skipTest('no room for %d connections' % SLOW)
        slow_counter = 'muster_http_refused_total{reason="slow"}'
        with Muster() as s:
            port = int(s.http.split(':')[2].split('/')[0])
            with SlowClients(port, SLOW) as slow:
                served = 0
                while slow.open:
                    device = 'honest%d-2026-01-02-03-04-05' % served
                    self.assertEqual(s.prolog(device).status, 200)
                    self.assertEqual(s.post(inventory(device, '<HARDWARE><NAME>honest</NAME></HARDWARE>')).status, 200)
                    served += 1
                    self.assertLess(served, 100000, 'the slow ones stay')
            s.drain()
            rows = [['slow connections', SLOW], ['closed with 408', slow.refused], ['closed without a word', slow.silent],
                    ['shortest life, s', '%.1f' % min(slow.lives)], ['longest life, s', '%.1f' % max(slow.lives)],
                    ['honest inventories meanwhile', served]]
            table('Slow clients', ['', ''], rows)
            self.assertEqual(slow.refused, SLOW)
            self.assertGreaterEqual(min(slow.lives), GRACE - 0.5, 'closed before they were slow')
            self.assertGreaterEqual(self.counter(s, slow_counter), SLOW)
            self.assertEqual(s.one("SELECT COUNT(*) FROM hardware WHERE NAME='honest'"), str(served))

    def test_above_the_cap_honest_ones_get_in_as_slow_ones_end(self):
        """More slow connections than the cap: an honest client waits for a slot, and gets it."""
        with Muster(env={'MUSTER_GATEWAY_CONNECTIONS_MAX': '50'}) as s:
            port = int(s.http.split(':')[2].split('/')[0])
            with SlowClients(port, 80):
                self.assertEqual(s.prolog('late-2026-01-02-03-04-05', timeout=60).status, 200)
            wait_for('the slow ones gone', lambda: self.counter(s, 'muster_http_connections') < 20)


RANGES = [('overlapping', '0-99,50-149,0-'), ('5000 of them', ','.join('%d-' % i for i in range(5000))), ('reversed', '99-0'), ('beyond the end', '%d-' % (1 << 40)),
          ('of 2^64', '0-18446744073709551615'), ('none', 'bytes'), ('10000 of them', ','.join('%d-%d' % (i, i) for i in range(10000)))]


class TestRanges(unittest.TestCase):
    """faults.md 22: parts of a file are asked for, and the whole is given: once, whatever the ranges are."""

    def test_a_file_of_table_deploy(self):
        content = 'label ' * 5000
        with Muster() as s:
            s.script("INSERT INTO deploy (NAME, CONTENT) VALUES ('label', '%s');" % content)
            s.sql("INSERT INTO config (NAME, IVALUE) VALUES ('DEPLOY', 1) ON DUPLICATE KEY UPDATE IVALUE=1")
            url = s.http + '/deploy/label'
            get = lambda headers: s.post(None, url=url, method='GET', coded=True, headers=headers)
            wait_for('the option', lambda: get({}).status == 200)
            watch, rows = Watch(s), []
            watch.begin()
            for what, ranges in RANGES:
                reply = get({'Range': 'bytes=' + ranges if ranges != 'bytes' else ranges})
                want = 431 if len(ranges) > 65536 else 200
                rows.append(['22', what, '%d whole' % want if want == 200 else want,
                             '%d whole' % reply.status if reply.status == 200 and reply.text == content else reply.status])
            peak, cpu = watch.end('ranges')
        table('Ranges', ['case', 'ranges', 'expected', 'seen'], rows + [['', 'CPU s', '< 1', '%.2f' % cpu], ['', 'MiB', '< 64', peak]])
        self.assertEqual([r for r in rows if r[2] != r[3]], [])
        self.assertLess(cpu, 1)
        self.assertLess(peak, 64)


if __name__ == '__main__':
    unittest.main()
