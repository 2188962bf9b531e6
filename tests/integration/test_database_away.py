"""The database is away while a fleet sends: agents notice nothing, the services' memory stays flat, then the spool drains.

Ten minutes of absence are scaled down (MUSTER_TEST_AWAY_SECONDS, 40): what counts is that it is longer than every time in which
something is held or tried again (a batch for 4 s here, a silent peer for 10 s), so that everything has been given back and offered
again several times.
"""
import os
import signal
import threading
import time
import unittest

from harness import Muster, inventory, table, wait_for
from test_chaos import services

AWAY = float(os.environ.get('MUSTER_TEST_AWAY_SECONDS', '40'))
AGENTS = 4
#: kibibytes that a service may grow by while thousands of uploads wait; the index of the spool takes 90 bytes for each
GROWTH_MAX = 16 * 1024
CONTENT = ('<HARDWARE><NAME>away</NAME><MEMORY>%d</MEMORY></HARDWARE><BIOS><SSN>%s</SSN></BIOS>' +
           ''.join('<SOFTWARES><NAME>program %d</NAME><VERSION>%d</VERSION></SOFTWARES>' % (i, i) for i in range(40)))


def resident(pid):
    with open('/proc/%d/status' % pid) as f:
        return next(int(l.split()[1]) for l in f if l.startswith('VmRSS'))


class Load:
    def __init__(self, s):
        self.s, self.stop, self.lock = s, threading.Event(), threading.Lock()
        self.sent, self.failed, self.slowest = [], [], 0.0
        self.threads = [threading.Thread(target=self.work, args=(n,), daemon=True) for n in range(AGENTS)]
        for t in self.threads:
            t.start()

    def ask(self, what, device):
        began = time.monotonic()
        try:
            reply = self.s.prolog(device) if what == 'PROLOG' else self.s.post(inventory(device, CONTENT % (len(self.sent), device)))
            bad = None if reply.status == 200 else '%s: %d' % (what, reply.status)
        except OSError as error:
            bad = '%s: %s' % (what, error)
        with self.lock:
            self.slowest = max(self.slowest, time.monotonic() - began)
            if bad:
                self.failed.append(bad)
            elif what == 'INVENTORY':
                self.sent.append(device)

    def work(self, n):
        count = 0
        while not self.stop.wait(0.01):
            device = 'away%d-%d-2026-03-04-05-06-07' % (n, count)
            count += 1
            self.ask('PROLOG', device)
            self.ask('INVENTORY', device)

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join()


class TestDatabaseAway(unittest.TestCase):
    def memory(self, s):
        return {name: resident(pid) for name, pid in services(s).items() if name.split('-')[0] in ('gateway', 'parser', 'writer')}

    def test_agents_notice_nothing(self):
        with Muster(env={'MUSTER_WRITER_RETRY_FOR': '4s'}) as s:
            load = Load(s)
            wait_for('some load', lambda: len(load.sent) > 200)
            running = services(s)
            pid = running['mariadb-1']
            os.kill(pid, signal.SIGSTOP)  # it neither answers nor refuses: the worst way to be away
            began = time.monotonic()
            wait_for('a first third', lambda: time.monotonic() - began > AWAY / 3, AWAY)
            early, before = self.memory(s), len(load.sent)
            wait_for('the end', lambda: time.monotonic() - began > AWAY, 2 * AWAY)
            late, during = self.memory(s), len(load.sent)
            self.assertEqual(services(s), running, 'a service has ended')
            os.kill(pid, signal.SIGCONT)
            load.end()
            s.drain(300)
            stored = {r[0] for r in s.sql("SELECT DEVICEID FROM hardware WHERE NAME='away'")}
            doubled = s.sql("SELECT DEVICEID FROM hardware GROUP BY DEVICEID HAVING COUNT(*)>1")
        table('Resident memory in KiB, %.0f uploads apart' % (during - before), ['service', 'early', 'late', 'growth'],
              [[n, early[n], late[n], late[n] - early[n]] for n in sorted(early)])
        print('away for %.0f s: %d uploads and as many PROLOGs, slowest answer %.2f s, %d errors, %d stored, %d missing' %
              (AWAY, len(load.sent), load.slowest, len(load.failed), len(stored), len(set(load.sent) - stored)))
        self.assertEqual(load.failed, [])
        self.assertGreater(during - before, 100, 'there was no load while the database was away')
        self.assertEqual(set(load.sent) - stored, set())
        self.assertEqual(doubled, [])
        for name in early:
            self.assertLess(late[name] - early[name], GROWTH_MAX, name)


if __name__ == '__main__':
    unittest.main()
