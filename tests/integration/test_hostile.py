"""Hostile input: what is answered, what is stored, what lies in quarantine, and what it costs.

Our own cases (hostile_cases.py, hostile_requests.py) run everywhere; those of the corpus when it stands beside the project. Each
table says what was expected of a case and what was seen.
"""
import csv
import json
import os
import subprocess
import sys
import tempfile
import unittest
import zlib

import hostile_wire as wire
import inventory_facts as facts
from harness import SHARED, Muster, have_shared, inventory, table
from hostile_cases import all_bodies
from hostile_requests import all_requests
from hostile_watch import Bait, Trap, Watch

#: small enough to be reached, and to make the bounds of docs/limits.md small
SETTINGS = {
    'MUSTER_GATEWAY_REQUEST_TIME': '20s',
    'MUSTER_GATEWAY_BODIES_MAX': '64MiB',
    'MUSTER_GATEWAY_SPOOL_QUEUE': '32MiB',
}
TABLES = sorted(list(facts.SECTIONS.values()) + list(facts.SINGLE.values()) + ['software', 'accountinfo'])
BYSTANDER = 'bystander-2026-01-02-03-04-05'
CORPUS_TRAP = 18099  # where make-hostile's entities point to
GROWTH_MAX = 256  # MiB, the corpus's rule
CPU_MAX = 20  # seconds for one body

#: cases where the recorded protocol (or a decision) says otherwise than the corpus wishes: what must be seen instead
DELIBERATE = {
    '089-wrong-root': (200, b'hostile-089-2026-03-04-05-06-07', "the root's name does not matter, as with OCS"),
    '100-deviceid-newline': (200, b'hostile-100-2026-03-04-05-06-07\n', 'one newline is taken and kept, as with OCS'),
    '109-query-unknown': (200, None, 'NETDISCOVERY is answered, counted and not stored'),
}


class Hostile(unittest.TestCase):
    """Runs cases against one installation and keeps the books."""

    def run_all(self, s):
        self.s, self.watch, self.tables = s, Watch(s), s.present(TABLES)
        self.port = int(s.http.split(':')[2].split('/')[0])
        self.rows, self.wrong = [], []
        s.post(inventory(BYSTANDER, '<HARDWARE><NAME>bystander</NAME></HARDWARE><BIOS><SSN>1</SSN></BIOS>'))
        s.drain()
        self.bystander = self.watch.devices()[BYSTANDER.encode()]
        self.kept = self.watch.fingerprint(self.bystander, self.tables)
        self.others = self.watch.others()
        self.known, self.counters, self.aside = set(self.watch.devices()), self.watch.counters(), {}
        self.calm = {name: self.watch.high_water(pid) for name, pid in self.watch.pids.items()}

    def complain(self, name, what):
        self.wrong.append('%s: %s' % (name, what))

    def finish(self, title, heads):
        table(title, heads, self.rows)
        print('%d cases, %d wrong' % (len(self.rows), len(self.wrong)))
        memory = [[n, self.calm[n], self.watch.peak[n], self.bound(self.watch.kinds[n]), self.watch.peak_case[n]]
                  for n in sorted(self.watch.pids)]
        table('Memory', ['service', 'calm MiB', 'peak MiB', 'bound MiB', 'at'], memory)
        for name, calm, peak, bound, case in memory:
            if peak > bound or peak - calm > GROWTH_MAX:
                self.complain(case, '%s grew from %d to %d MiB, its bound is %d' % (name, calm, peak, bound))
        if not self.watch.alive():
            self.complain('all', 'a process ended: ' + self.s.logs())
        if self.watch.fingerprint(self.bystander, self.tables) != self.kept:
            self.complain('all', 'rows of another device changed')
        if self.watch.others() != self.others:
            self.complain('all', 'a table changed that no agent may change')
        self.assertEqual(self.wrong, [])

    def bound(self, kind):
        """MiB, by the formulas of docs/limits.md, for one upload at a time."""
        inflated, record, bodies, queue, loops = 128, 60, 64, 32, 2
        return {
            'gateway': 64 + loops * 2 * inflated + 3 * bodies + queue,
            'parser': 64 + 4 * inflated + 2 * record,
            'writer': 64 + 256 + 1024,
        }[kind]


class TestOwn(Hostile):
    """Cases of our own, which need nothing beside the project."""

    def test_every_case(self):
        only = os.environ.get('MUSTER_TEST_ONLY', '')
        trap = Trap()
        self.addCleanup(trap.close)
        bait = Bait()
        self.addCleanup(bait.close)
        with Muster(env=SETTINGS) as s:
            self.run_all(s)
            for group, case in list(all_bodies(trap.address, bait.path)) + list(all_requests()):
                if only in case.name:
                    self.one(group, case)
            self.finish('Hostile cases of our own', ['class', 'case', 'faults.md', 'expected', 'seen', 'reason', 'MiB', 'CPU s', ''])
        self.assertEqual(trap.calls, 0, 'something was fetched')
        self.assertFalse(bait.was_read(), 'a file was read')

    def send(self, case):
        pieces = case.pieces if case.pieces is not None else [wire.post(case.body, case.headers)]
        return wire.converse(self.port, pieces, half_close=case.half_close)

    def one(self, group, case):
        self.watch.begin()
        answer = self.send(case)
        self.s.drain(90)
        peak, cpu = self.watch.end(case.name)
        now, counters, aside = self.watch.devices(), self.watch.counters(), self.watch.quarantine()
        new, reasons = set(now) - self.known, [code for f, code in aside.items() if f not in self.aside]
        rose = {c for c, n in counters.items() if n > self.counters.get(c, 0)}
        device = case.device.encode()
        faults = list(self.faults(case, answer, new, reasons, rose, cpu))
        if device in new:
            for question, want in case.rows:
                got = self.s.one(question.format(id=now[device]))
                if got != want:
                    faults.append('%r in place of %r' % (got[:80], want[:80]))
        self.known, self.counters, self.aside = set(now), counters, aside
        seen = '%s %s' % (answer.status or '-', 'rows' if device in new else 'nothing')
        refusals = sorted(c.split('"')[1] for c in rose if 'refused_total{' in c or 'closed_total{' in c)
        self.rows.append([group, case.name, ','.join(map(str, case.faults)), '%s %s' % ('/'.join(map(str, case.answers)) or '-', case.stored), seen,
                          ' '.join(refusals + reasons), peak, '%.1f' % cpu, '; '.join(faults) or 'ok'])
        for fault in faults:
            self.complain(case.name, fault)

    def faults(self, case, answer, new, reasons, rose, cpu):
        if case.answers and answer.statuses not in [[a] for a in case.answers]:
            yield 'answered %s' % answer.statuses
        if answer.status >= 400 and not any('_refused_total{' in c for c in rose):
            yield 'counted nowhere'
        if answer.seconds > case.soon:
            yield 'after %.1f s' % answer.seconds
        if not answer.closed:
            yield 'left open'
        if new != ({case.device.encode()} if case.stored == 'rows' else set()):
            yield 'stored: %r' % new
        if reasons != ([case.quarantine] if case.quarantine else []):
            yield 'quarantine: %s' % reasons
        for counter in self.expected_counters(case):
            if counter not in rose:
                yield 'not counted: ' + counter
        if cpu > CPU_MAX:
            yield '%.1f CPU seconds' % cpu

    def expected_counters(self, case):
        yield from case.counts
        if case.why:
            server, _, code = case.why.rpartition(':')
            yield 'muster_%s_refused_total{reason="%s"}' % (server or 'gateway', code)


@unittest.skipUnless(os.path.exists(os.path.join(SHARED, 'corpus', 'make-hostile')), 'no corpus beside the project')
class TestCorpus(Hostile):
    """make-hostile's cases, as its expected.csv wants them."""

    def test_every_case(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, os.path.join(SHARED, 'corpus', 'make-hostile'), folder], check=True,
                           stderr=subprocess.DEVNULL)
            with open(os.path.join(folder, 'expected.csv'), newline='', encoding='utf-8') as f:
                cases = list(csv.DictReader(f))
            trap = Trap(CORPUS_TRAP)
            self.addCleanup(trap.close)
            only = os.environ.get('MUSTER_TEST_ONLY', '')
            with Muster(env=SETTINGS) as s:
                self.run_all(s)
                for case in cases:
                    if only in case['file']:
                        with open(os.path.join(folder, case['file']), 'rb') as f:
                            self.one(case, f.read())
                self.finish('Corpus of hostile uploads', ['case', 'http', 'seen', 'stored', 'seen', 'quarantine', 'MiB', 'CPU s', ''])
                self.assertEqual(trap.calls, 0, 'something was fetched')

    def send(self, case, body):
        headers = json.loads(case['headers'])
        orders = {k: headers.pop(k) for k in list(headers) if k.startswith('@')}
        agent = headers.pop('User-Agent', None)
        headers, length, half_close = list(headers.items()), None, False
        pieces = [body]
        if '@content-length' in orders:
            word = orders['@content-length']
            length = len(body) + int(word) if word[0] in '+-' else int(word)
        if '@chunked' in orders:
            headers.append(('Transfer-Encoding', 'chunked'))
            pieces = [wire.chunks_of(body, int(orders['@chunked']))]
        if '@drip' in orders:
            size, ms = map(int, orders['@drip'].split('/'))
            pieces = [x for i in range(0, len(body), size) for x in (body[i:i + size], ms / 1000)]
        head = wire.post(b'', headers, path=case['path'], method=case['method'], agent=agent,
                         length=len(body) if length is None else length)
        return wire.converse(self.port, [head] + pieces, timeout=130, half_close=half_close)

    def one(self, case, body):
        name = case['file'][:-4]
        devices = [d.encode() for d in json.loads(case['deviceids'])]
        before, quarantined = set(self.watch.devices()), set(self.watch.quarantine())
        self.watch.begin()
        answer = self.send(case, body)
        self.s.drain(90)
        peak, cpu = self.watch.end(name)
        now = self.watch.devices()
        set_aside = [code for f, code in self.watch.quarantine().items() if f not in quarantined]
        new = set(now) - before
        stored = devices[0] in new
        if name in DELIBERATE:
            faults = list(self.deliberate(name, answer, new))
        else:
            faults = list(self.faults(case, answer, stored, new - set(devices[:1]), cpu))
        seen = 'rows' if stored else 'nothing'
        if stored and self.must_be_whole(case):
            faults += self.compare(body, now[devices[0]])
        self.rows.append([name, case['http'], answer.status or '-', case['stored'], seen, ' '.join(set_aside), peak, '%.1f' % cpu,
                          '; '.join(faults) or DELIBERATE.get(name, ('ok',))[-1]])
        for fault in faults:
            self.complain(name, fault)

    def faults(self, case, answer, stored, strangers, cpu):
        status = '%dxx' % (answer.status // 100) if 400 <= answer.status < 500 else str(answer.status)
        if answer.status == 0 and not ('@content-length' in case['headers'] or '@drip' in case['headers']):
            yield 'no answer'
        elif answer.status and status not in case['http'].split('|'):
            yield 'answered %d' % answer.status
        if stored and status == '4xx':
            yield 'refused and stored'
        if stored and not set(case['stored'].split('|')) & {'as-is', 'sanitised'}:
            yield 'stored'
        if not stored and 'nothing' not in case['stored'].split('|'):
            yield 'not stored'
        if strangers:
            yield 'stored too: %r' % strangers
        if cpu > float(case['max_seconds']):
            yield '%.1f CPU seconds' % cpu

    def deliberate(self, name, answer, new):
        status, device, _ = DELIBERATE[name]
        if answer.status != status or new != ({device} if device else set()):
            yield 'answered %d, stored %r' % (answer.status, new)

    def must_be_whole(self, case):
        return 'sanitised' not in case['stored'] and case['method'] == 'POST'

    def compare(self, body, number):
        """as-is: as many rows in each table as the document has; what we cannot read ourselves is not compared."""
        try:
            data = zlib.decompressobj().decompress(body) if body[:1] == b'\x78' else body
            _, want = facts.expected(data)
        except (zlib.error, facts.ET.ParseError, ValueError, LookupError):
            return []
        got = self.watch.rows_of(number, self.tables)
        return ['%s: %d rows of %d' % (t, got[t], want[t]) for t in self.tables if t in want and got[t] != want[t]]


if __name__ == '__main__':
    unittest.main()
