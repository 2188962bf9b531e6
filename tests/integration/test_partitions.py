"""Lines between gateway, parser and writer that are cut (faults.md 66, 68, 70, 72): nothing is lost or doubled, whoever is back is served
again within seconds.

The consumers connect over TCP to proxies in front of the producers' sockets. A line is held in one direction or both for longer
than the silence after which a peer is given up (10 s), refused, or reset by RST, all under load.
"""
import json
import os
import random
import signal
import threading
import time
import unittest

from harness import Muster, inventory, table, wait_for
from proxy import TO_CLIENT, TO_SERVER, Proxy
from test_chaos import quiet, services
from test_database_away import resident

#: longer than the silence after which a peer counts as gone
HOLD = float(os.environ.get('MUSTER_TEST_PARTITION_SECONDS', '12'))
BACK_MAX = 5
CONTENT = '<HARDWARE><NAME>cut</NAME></HARDWARE><DRIVES><VOLUMN>/</VOLUMN></DRIVES>'


class Load:
    """Sends one upload after the other."""

    def __init__(self, s):
        self.s, self.stop, self.sent, self.failed, self.slowest = s, threading.Event(), 0, [], 0
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while not self.stop.wait(0.02):
            began = time.monotonic()
            status = self.s.post(inventory('cut%d-2026-03-04-05-06-07' % self.sent, CONTENT)).status
            self.slowest = max(self.slowest, time.monotonic() - began)
            if status != 200:
                self.failed.append(status)
            self.sent += 1

    def end(self):
        self.stop.set()
        self.thread.join()


class TestPartitions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = s = Muster()
        cls.lines = {kind: Proxy(('127.0.0.1', 0), os.path.join(s.folder, 'run', kind + '-1.link')) for kind in ('gateway', 'parser')}
        address = {kind: 'tcp://127.0.0.1:%d' % p.path[1] for kind, p in cls.lines.items()}
        s.env.update(MUSTER_PARSER_GATEWAYS=address['gateway'], MUSTER_WRITER_PARSERS=address['parser'])
        s.start()
        quiet(s)
        cls.report = []

    @classmethod
    def tearDownClass(cls):
        table('Partitions, %.0f s each' % HOLD, ['no.', 'case', 'expected', 'seen'], cls.report)
        cls.s.__exit__()
        for p in cls.lines.values():
            p.close()

    def state(self):
        """Of services that answer; they need not be ready."""
        return json.loads(self.s.muster('status', '--json', check=False).stdout)['services']

    def has_joined(self):
        return self.s.metric('muster_link_consumers') == 2 and self.s.metric('muster_link_producers') == 2

    def oldest(self):
        return next(x for x in self.state() if x['service'] == 'gateway')['spool']['oldest_s']

    def pass_time(self, seconds):
        """Not a synchronisation: the length of the fault."""
        time.sleep(seconds)

    def cut(self, number, case, begin, end, seconds=HOLD, wants_gap=True):
        self.assertTrue(wait_for('everybody joined', self.has_joined))
        load = Load(self.s)
        wait_for('some load', lambda: load.sent > 5)
        sessions = self.s.metric('muster_link_sessions_total')
        begin()
        self.pass_time(seconds)
        missed = not self.has_joined()
        end()
        released = time.monotonic()
        wait_for('everybody joined again', self.has_joined, 30)
        back = time.monotonic() - released
        load.end()
        self.s.drain(120)
        sessions = self.s.metric('muster_link_sessions_total') - sessions
        rows = self.s.sql("SELECT COUNT(*),COUNT(DISTINCT DEVICEID),(SELECT COUNT(*) FROM drives d JOIN hardware x ON x.ID=d.HARDWARE_ID WHERE "
                          "x.NAME='cut') FROM hardware WHERE NAME='cut'")[0]
        self.report.append([number, case, 'no loss, back in %d s' % BACK_MAX, '%d uploads (%d answered otherwise), %s stored, back after %.1f s, %d new sessions' % (
            load.sent, len(load.failed), rows[0], back, sessions)])
        self.assertEqual(load.failed, [])
        self.assertEqual(rows, [str(load.sent)] * 3)
        self.assertLess(back, BACK_MAX)
        self.assertTrue(missed or not wants_gap, 'the cut was not noticed')
        self.assertGreaterEqual(sessions, 2, 'the cut was not noticed')
        self.assertEqual(self.s.metric('muster_spool_quarantine_files'), 0)
        self.s.sql("DELETE d FROM drives d JOIN hardware h ON h.ID=d.HARDWARE_ID WHERE h.NAME='cut'")
        self.s.sql("DELETE FROM hardware WHERE NAME='cut'")
        self.s.sql("DELETE FROM muster_device")

    def hold(self, of_gateway, of_parser):
        def begin():
            self.lines['gateway'].hold(*of_gateway)
            self.lines['parser'].hold(*of_parser)

        def end():
            for p in self.lines.values():
                p.release()
        return begin, end

    def test_held(self):
        both = [TO_SERVER, TO_CLIENT]
        self.cut('70', 'gateway hears nothing of the parser, writer nothing of the parser', *self.hold([TO_SERVER], [TO_CLIENT]))
        self.cut('70', 'parser hears nothing of the gateway; between it and the writer nothing passes', *self.hold([TO_CLIENT], both))

    def test_refused(self):
        """Nobody is there: intake goes on and the oldest upload gets older."""
        ages = []

        def accept(yes):
            for p in self.lines.values():
                p.accepts = yes
                p.reset(hard=True)

        def begin():
            accept(False)
            wait_for('nobody there', lambda: self.s.metric('muster_link_consumers') == 0)
            ages.append(self.oldest())

        def end():
            ages.append(self.oldest())
            accept(True)
        self.cut('68 70', 'no workers: connections end by RST and are refused', begin, end, HOLD / 2)
        self.assertGreater(ages[1], ages[0] + HOLD / 4, 'the age of the oldest upload does not rise')

    def test_resets(self):
        def begin():
            for _ in range(20):
                for p in self.lines.values():
                    p.reset(hard=True)
                self.pass_time(0.2)
        self.cut('70', '20 times RST on both lines', begin, lambda: None, 0, wants_gap=False)

    def test_frozen_parser(self):
        """SIGSTOP beyond its lease, then SIGCONT: its late answers count for nothing."""
        pid = services(self.s)['parser-1']
        late = self.s.metric('muster_link_late_answers_total')
        self.cut('66', 'the only parser frozen, then thawed', lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT))
        print('late answers ignored: %d' % (self.s.metric('muster_link_late_answers_total') - late))


class TestBackPressure(unittest.TestCase):
    def test_slow_writer(self):
        """The writer stops working: PROLOGs are put off, then uploads refused; memory stays flat; afterwards all is stored."""
        big = lambda n: CONTENT.replace('cut', 'full') + '<NOTES>%s</NOTES>' % random.Random(n).randbytes(24 << 10).hex()
        with Muster(env={'MUSTER_GATEWAY_SPOOL_MAX': '16MiB', 'MUSTER_GATEWAY_SEGMENT_SIZE': '2MiB', 'MUSTER_GATEWAY_BODY_MAX': '1MiB',
                         'MUSTER_GATEWAY_LAG_FILL': '50'}) as s:
            pid = services(s)['writer-1']
            s.post(inventory('full0-2026-03-04-05-06-07', big(0)))
            s.drain()
            os.kill(pid, signal.SIGSTOP)
            self.addCleanup(lambda: os.path.exists('/proc/%d' % pid) and os.kill(pid, signal.SIGCONT))
            taken, stopped_at, reply, memory = 1, None, None, {}
            while taken < 2000:
                if stopped_at is None and '<RESPONSE>STOP</RESPONSE>' in s.prolog('other%d-2026-03-04-05-06-07' % taken).text:
                    stopped_at = taken
                reply = s.post(inventory('full%d-2026-03-04-05-06-07' % taken, big(taken)))
                if reply.status != 200:
                    break
                taken += 1
                if taken == 100:
                    memory = {n: resident(p) for n, p in services(s).items()}
            grown = {n: resident(p) - memory[n] for n, p in services(s).items() if n in memory and n.split('-')[0] in ('gateway', 'parser', 'writer')}
            again = [s.post(inventory('more%d-2026-03-04-05-06-07' % n, big(n))).status for n in range(50)]
            os.kill(pid, signal.SIGCONT)
            s.drain(120)
            stored = int(s.one("SELECT COUNT(*) FROM hardware WHERE NAME='full'"))
            wait_for('SEND again', lambda: '<RESPONSE>SEND</RESPONSE>' in s.prolog('last-2026-03-04-05-06-07').text)
            accepted = sum(a == 200 for a in again)
        table('Back-pressure', ['no.', 'case', 'expected', 'seen'], [[
            72, 'the writer stands still, 16 MiB of spool', 'STOP, then 503 with Retry-After, memory flat', 'STOP after %s uploads, %d after %d with Retry-After %s, grown by %s KiB' % (
                stopped_at, reply.status, taken, reply.headers.get('retry-after'), max(grown.values()))]])
        self.assertEqual(reply.status, 503)
        self.assertGreater(int(reply.headers['retry-after']), 0)
        self.assertIsNotNone(stopped_at, 'no PROLOG was put off')
        self.assertLess(stopped_at, taken)
        self.assertEqual(stored, taken + accepted)
        self.assertLess(max(grown.values()), 16 << 10)


if __name__ == '__main__':
    unittest.main()
