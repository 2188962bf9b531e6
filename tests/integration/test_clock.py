"""Clocks that jump (faults.md 73): a day forward, an hour and a day back, fast ones; of a gateway alone and of the whole machine.

libfaketime stands between the processes and the wall clock; the monotonic one stays what it is. Whatever the clock says, an upload that
is accepted later counts as newer, also after a restart of the gateway; no lease ends early; no time in the future is stored.
"""
import glob
import os
import signal
import tempfile
import unittest

from harness import Muster, inventory, table, wait_for
from test_chaos import quiet, services

DEVICE = 'clock-2026-01-02-03-04-05'
JUMPS = (('+1d', 'a day forward'), ('-1h', 'then back to an hour ago'), ('-1d', 'then back to a day ago'), ('+0 x20', 'right, but 20 times too fast'), ('+0', 'right again'))
AHEAD_MAX = 3  # seconds between a statement and the next
BEHIND_MAX = 600  # seconds from an upload to the look at what it left, the fast clock's included


def library():
    found = glob.glob('/usr/lib/*/faketime/libfaketimeMT.so.1')
    if not found:
        raise AssertionError('the package faketime is missing (packages.txt)')
    return found[0]


class ClockTests:
    only = None  # names of the programs whose clock is wrong; None: all of them

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='muster-clock-')
        self.file = os.path.join(self.folder, 'offset')
        self.set('+0')
        env = dict(LD_PRELOAD=library(), FAKETIME_TIMESTAMP_FILE=self.file, FAKETIME_NO_CACHE='1', DONT_FAKE_MONOTONIC='1',
                   FAKETIME_DONT_FAKE_MONOTONIC='1')
        if self.only:
            env.update(FAKETIME_ONLY_CMDS=self.only, TZ='Pacific/Auckland')
        self.s = Muster(env=env)
        self.s.start()
        self.addCleanup(self.s.__exit__)
        quiet(self.s)
        self.count, self.report = 0, []

    def tearDown(self):
        table('Clocks that jump: ' + (self.only or 'the whole machine'), ['no.', 'case', 'expected', 'seen'], self.report)

    def set(self, offset):
        with open(self.file + '.new', 'w') as f:
            f.write(offset)
        os.rename(self.file + '.new', self.file)

    def send(self):
        self.count += 1
        self.assertEqual(self.s.post(inventory(DEVICE, '<HARDWARE><NAME>state %d</NAME></HARDWARE>' % self.count)).status, 200)
        self.s.prolog(DEVICE)

    def check(self, case):
        self.s.drain(60)
        name, ahead, ahead_come = self.s.sql("SELECT NAME,TIMESTAMPDIFF(SECOND,NOW(),LASTDATE),TIMESTAMPDIFF(SECOND,NOW(),LASTCOME) FROM hardware")[0]
        skipped, lost = self.s.metric('muster_writer_skipped_total'), self.s.metric('muster_spool_lost_total')
        self.report.append([73, case, 'the newest upload is stored, no lease ends', '%s of %d, LASTDATE %s s from now, %d skipped, %d leases lost' % (
            name, self.count, ahead, skipped - self.skipped, lost - self.lost)])
        self.assertEqual(name, 'state %d' % self.count, case)
        self.assertLessEqual(int(ahead), AHEAD_MAX, case)
        self.assertGreater(int(ahead), -BEHIND_MAX, case)
        self.assertEqual((skipped, lost), (self.skipped, self.lost), case)
        return int(ahead_come)

    def look(self):
        self.skipped, self.lost = self.s.metric('muster_writer_skipped_total'), self.s.metric('muster_spool_lost_total')

    def test_jumps(self):
        self.look()
        writer = services(self.s)['writer-1']
        for offset, case in JUMPS:
            self.send()
            self.addCleanup(os.kill, writer, signal.SIGCONT)
            os.kill(writer, signal.SIGSTOP)  # what follows is held by the parser while the clock jumps
            self.send()
            wait_for('it is given out', lambda: self.s.metric('muster_link_in_flight') > 0)
            self.set(offset)
            self.send()
            os.kill(writer, signal.SIGCONT)
            ahead = self.check(case)
            if self.only:  # the database's clock is right: what it stored never lies in the future
                self.assertLessEqual(ahead, AHEAD_MAX, case)


class TestClockOfTheGateway(ClockTests, unittest.TestCase):
    only = 'muster-gateway'

    def test_restarts_with_another_clock(self):
        self.set('+1d')
        self.send()
        self.s.drain(60)
        for offset, how in (('-1h', signal.SIGKILL), ('-1d', signal.SIGTERM)):
            pid = services(self.s)['gateway-1']
            port = self.s.http
            os.kill(pid, how)
            self.set(offset)
            wait_for('another gateway', lambda: services(self.s).get('gateway-1') not in (None, pid))
            self.s.wait_ready()
            self.look()
            self.send()
            self.check('gateway %s, everything stored, started again with %s (port %s)' % (how.name, offset, port.split(':')[2].split('/')[0]))


class TestClockOfTheMachine(ClockTests, unittest.TestCase):
    pass


if __name__ == '__main__':
    unittest.main()
