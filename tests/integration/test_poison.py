"""An upload that kills who takes it (faults.md 71): three deaths, then quarantine; everything else passes, nothing dies in a loop.

The killing is done from outside: the line to the parsers (or to the writers) kills with SIGKILL the process that is about to get
the upload, whichever it is, whenever it is given out. `muster up` starts what died again.
"""
import os
import signal
import unittest

from harness import Muster, inventory, table, wait_for
from proxy import KillingProxy
from test_chaos import quiet, services

MARK = 'Kx7qVz93WpLr'
DEATHS = 3


def content(name):
    return '<HARDWARE><NAME>%s</NAME></HARDWARE><DRIVES><VOLUMN>/</VOLUMN></DRIVES>' % name


class TestPoison(unittest.TestCase):
    report = []

    @classmethod
    def tearDownClass(cls):
        table('Poison', ['no.', 'case', 'expected', 'seen'], cls.report)

    def start(self, kind, **env):
        """An installation whose parsers (writers) die of the mark: env names who is told of the line."""
        self.s = s = Muster('--parsers', '2', '--writers', '2', env={'MUSTER_LOG_LEVEL': 'info'})
        self.proxies = [KillingProxy(os.path.join(s.folder, 'p%d' % n), os.path.join(s.folder, 'run', '%s-%d.link' % (kind, n)), MARK.encode())
                        for n in range(1, 3 if kind == 'parser' else 2)]
        links = ','.join('ipc://' + p.path for p in self.proxies)
        s.env['MUSTER_PARSER_GATEWAYS' if kind == 'gateway' else 'MUSTER_WRITER_PARSERS'] = links
        self.addCleanup(self.end)
        s.start()
        quiet(s)
        self.sent = 0

    def end(self):
        self.s.__exit__()
        for p in self.proxies:
            p.close()

    def killed(self):
        return [pid for p in self.proxies for pid in p.killed]

    def send(self, count):
        for _ in range(count):
            self.sent += 1
            device = 'good%d-2026-01-02-03-04-05' % self.sent
            self.assertEqual(self.s.post(inventory(device, content('good'))).status, 200)

    def send_poison(self):
        # clear text, so that the mark is seen on the line; a parser's record has it as it is, too
        body = inventory('poison-2026-01-02-03-04-05', content(MARK)).encode()
        self.assertEqual(self.s.post(body, coded=True).status, 200)

    def quarantine(self):
        found = {}
        for root, _, names in os.walk(os.path.join(self.s.folder, 'spool')):
            for n in names:
                if n.endswith('.reason'):
                    with open(os.path.join(root, n)) as f:
                        found[n[:-len('.reason')]] = f.readline().strip()
        return found

    def reasons(self):
        return list(self.quarantine().values())

    def suspects(self):
        try:
            with open(os.path.join(self.s.folder, 'spool', '1', 'suspects')) as f:
                return [line.split()[2] for line in f.read().splitlines()]
        except OSError:
            return []

    def good(self):
        return int(self.s.one("SELECT COUNT(*) FROM hardware h WHERE NAME='good' AND (SELECT COUNT(*) FROM drives d WHERE d.HARDWARE_ID=h.ID)=1"))

    def check(self, number, case, uncounted=0):
        """`uncounted`: deaths that were perhaps not told to a gateway: it was killed in the same moment, or the upload had not been begun."""
        self.s.drain(120)
        self.assertEqual(self.good(), self.sent, 'in quarantine: %s' % self.quarantine())
        self.assertEqual(self.s.one("SELECT COUNT(*) FROM hardware WHERE NAME='%s'" % MARK), '0')
        self.assertEqual(self.reasons(), ['poison'])
        self.report.append([number, case, '%d deaths, 1 in quarantine, others stored' % DEATHS, '%d deaths, %d in quarantine, %d of %d stored' % (
            len(self.killed()), len(self.reasons()), self.good(), self.sent)])
        self.assertIn(len(self.killed()), range(DEATHS, DEATHS + uncounted + 1))

    def test_a_parser_dies_of_it(self):
        self.start('gateway')
        self.send(20)
        self.send_poison()
        self.send(40)
        self.check(71, 'kills parsers')
        self.s.wait_ready()
        before = services(self.s)
        self.send(20)
        self.s.drain()
        self.assertEqual(services(self.s), before, 'somebody died of something else')
        self.assertEqual(self.good(), self.sent)
        # A parser that does not die of it any more: the operator replays it.
        for p in self.proxies:
            p.mark = b''
        self.s.muster('spool', 'replay', *self.quarantine())
        wait_for('the upload', lambda: self.s.sql("SELECT 1 FROM hardware WHERE NAME='%s'" % MARK))
        self.assertEqual(self.reasons(), [])

    def test_the_gateway_starts_again_between(self):
        self.start('gateway')
        self.send(5)
        self.send_poison()
        for losses in (1, 2):
            wait_for('loss %d written down' % losses, lambda: str(losses) in self.suspects(), 60)
            pid = services(self.s)['gateway-1']
            os.kill(pid, signal.SIGKILL if losses == 1 else signal.SIGTERM)
            wait_for('another gateway', lambda: services(self.s).get('gateway-1') not in (None, pid))
        wait_for('quarantine', lambda: self.reasons() == ['poison'], 120)
        self.s.wait_ready()
        self.check(71, 'kills parsers; gateway killed, then stopped between', uncounted=2)
        self.assertEqual(self.suspects(), [])

    def test_a_writer_dies_of_it(self):
        self.start('parser')
        self.send(20)
        self.send_poison()
        self.send(40)
        # On the line to a writer that has just said that it works at another parser's suspect: killed before it was begun, so not counted.
        self.check(71, 'kills writers', uncounted=1)


if __name__ == '__main__':
    unittest.main()
