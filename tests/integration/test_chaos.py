"""Everything fails at once, and nothing is lost and nothing is there twice.

Three gateways, three parsers and three writers take the uploads of a fleet while services are killed, frozen and cut off at random (the
seed is printed) and MariaDB is restarted twice. Afterwards the database equals that of a calm run, row for row.

MUSTER_TEST_CHAOS_UPLOADS (20000), MUSTER_TEST_CHAOS_SEED.
"""
import http.client
import json
import os
import random
import signal
import socket
import threading
import time
import unittest
import zlib

from harness import AGENT, Muster, inventory, table, wait_for
from proxy import TO_CLIENT, TO_SERVER, Proxy

UPLOADS = int(os.environ.get('MUSTER_TEST_CHAOS_UPLOADS', '20000'))
SEED = int(os.environ.get('MUSTER_TEST_CHAOS_SEED', '20260304'))
REVISIONS = 10
DEVICES = max(1, UPLOADS // REVISIONS)
COUNT = 3
AGENTS = 16
#: above the link's idea of silence (10 s), so that some are given up and come back
FREEZE_MAX = 13
#: an agent outwaits a frozen gateway: a repetition elsewhere, with the first one accepted later, would be a newer upload
PATIENCE = 60

#: differ between any two runs, or depend on which of a device's uploads was overtaken by a newer one
IGNORED = {'ID', 'HARDWARE_ID', 'LASTDATE', 'LASTCOME', 'FIDELITY', 'QUALITY', 'CHECKSUM', 'NAME_ID', 'PUBLISHER_ID', 'VERSION_ID'}


def device_name(d):
    return 'chaos%05d-2026-03-04-05-06-07' % d


def content(d, revision):
    """A small inventory; what changes from one revision to the next differs from device to device."""
    r = random.Random(d * 1000 + revision)
    steady = random.Random(d)
    drives = ''.join('<DRIVES><VOLUMN>/v%d</VOLUMN><TOTAL>%d</TOTAL><FREE>%d</FREE></DRIVES>' % (i, 1000 * (i + 1), r.randrange(1000))
                     for i in range(1 + steady.randrange(3)))
    software = ''.join('<SOFTWARES><NAME>program %d</NAME><VERSION>%d.%d</VERSION><PUBLISHER>house %d</PUBLISHER></SOFTWARES>' %
                       (n, n % 7, r.randrange(3), n % 11) for n in sorted(r.sample(range(300), 6)))
    return ('<HARDWARE><NAME>chaos%d</NAME><OSNAME>Example OS %d</OSNAME><MEMORY>%d</MEMORY><DESCRIPTION>revision %d</DESCRIPTION>'
            '<CHECKSUM>131071</CHECKSUM></HARDWARE><BIOS><SSN>serial %d</SSN><BVERSION>%d</BVERSION></BIOS>'
            '<CPUS><TYPE>cpu</TYPE><CORES>%d</CORES></CPUS><MEMORIES><CAPACITY>%d</CAPACITY><NUMSLOTS>1</NUMSLOTS></MEMORIES>%s%s' %
            (d, steady.randrange(9), 1024 + revision, revision, d, revision // 4, 1 + steady.randrange(8), 1024, drives, software))


class Fleet:
    """Agents that keep their connections, try the next gateway when one is gone, and never give up."""

    def __init__(self, ports):
        self.ports, self.lock = ports, threading.Lock()
        self.answered = self.interrupted = self.busy = 0
        self.wrong, self.threads = [], []
        self.stop = threading.Event()

    def start(self):
        for n in range(AGENTS):
            t = threading.Thread(target=self.work, args=(n,), daemon=True)
            t.start()
            self.threads.append(t)

    def join(self):
        for t in self.threads:
            t.join()

    def work(self, n):
        lines = {}
        for revision in range(REVISIONS):
            for d in range(n, DEVICES, AGENTS):
                body = zlib.compress(inventory(device_name(d), content(d, revision)).encode(), 1)
                if not self.send(lines, body, d + revision):
                    break
        for line in lines.values():
            line.close()

    def send(self, lines, body, turn):
        while not self.stop.is_set():
            port = self.ports[turn % len(self.ports)]
            try:
                line = lines.get(port) or http.client.HTTPConnection('127.0.0.1', port, timeout=PATIENCE)
                lines[port] = line
                line.request('POST', '/ocsinventory', body, {'User-Agent': AGENT, 'Content-Type': 'application/x-compress'})
                reply = line.getresponse()
                reply.read()
            except (OSError, http.client.HTTPException):
                lines.pop(port).close()
                self.count('interrupted')
                turn += 1
                time.sleep(0.02)  # an agent's pause, not a synchronisation
                continue
            if reply.status == 200:
                self.count('answered')
                return True
            if reply.status != 503:
                self.wrong.append(reply.status)
                return False
            self.count('busy')
            turn += 1
            time.sleep(0.05)  # an agent's pause, as above
        return False

    def count(self, name):
        with self.lock:
            setattr(self, name, getattr(self, name) + 1)


def services(s):
    """kind-number -> process id, as the supervisor knows them now."""
    try:
        with open(os.path.join(s.folder, 'run', 'up.json')) as f:
            return {x['name']: x['pid'] for x in json.load(f)['services'] if x.get('pid')}
    except (OSError, ValueError):
        return {}


class Counters:
    """Sums counters of processes that start again at 0."""
    NAMES = ('muster_spool_lost_total', 'muster_spool_retries_total', 'muster_writer_skipped_total', 'muster_spool_quarantined_total',
             'muster_link_late_answers_total', 'muster_link_sessions_total', 'muster_writer_splits_total')

    def __init__(self, s):
        self.s, self.last, self.sums = s, {}, dict.fromkeys(self.NAMES, 0)

    def look(self):
        for name in ['%s-%d' % (k, n + 1) for k in ('gateway', 'parser', 'writer') for n in range(COUNT)]:
            for metric, value in self.ask(name).items():
                before = self.last.get((name, metric), 0)
                self.sums[metric] += value - before if value >= before else value
                self.last[name, metric] = value

    def ask(self, name):
        c = socket.socket(socket.AF_UNIX)
        c.settimeout(0.3)
        out = {}
        try:
            c.connect(os.path.join(self.s.folder, 'run', name + '.admin'))
            c.sendall(b'GET /metrics HTTP/1.0\r\n\r\n')
            text = b''
            while chunk := c.recv(65536):
                text += chunk
            for line in text.decode().splitlines():
                word, _, value = line.partition(' ')
                if word in self.sums:
                    out[word] = int(float(value))
        except (OSError, ValueError):
            pass
        c.close()
        return out


class Chaos:
    """Does one thing after the other; the dice are seeded, what the processes make of the moment is not."""

    def __init__(self, s, proxies, fleet):
        self.s, self.proxies, self.fleet = s, proxies, fleet
        self.dice = random.Random(SEED)
        self.counts = {}
        self.timers = []
        self.end = threading.Event()
        self.counters = Counters(s)
        self.restarts = [(0.3, signal.SIGKILL), (0.65, signal.SIGTERM)]
        self.thread = threading.Thread(target=self.run, daemon=True)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def later(self, seconds, act, *args):
        t = threading.Timer(seconds, act, args)
        t.daemon = True
        t.start()
        self.timers.append(t)

    def signal(self, pid, number):
        try:
            os.kill(pid, number)
            return True
        except ProcessLookupError:
            return False

    def one(self):
        kind = self.dice.choice(['gateway', 'parser', 'parser', 'writer', 'writer'])
        name = '%s-%d' % (kind, 1 + self.dice.randrange(COUNT))
        action = self.dice.choice(['kill', 'kill', 'freeze', 'hold', 'hold_one_way', 'reset'])
        seconds = self.dice.choice([0.3, 1, 2, FREEZE_MAX])
        pid = services(self.s).get(name)
        if action == 'kill' and pid and self.signal(pid, signal.SIGKILL):
            self.count('kill %s' % kind)
        elif action == 'freeze' and pid and self.signal(pid, signal.SIGSTOP):
            self.count('freeze %s' % kind)
            self.later(seconds, self.signal, pid, signal.SIGCONT)
        elif action in ('hold', 'hold_one_way', 'reset'):
            self.cut(action, self.dice.choice(self.proxies), self.dice.choice([TO_SERVER, TO_CLIENT]), seconds)

    def cut(self, action, proxy, way, seconds):
        self.count('cut: ' + action)
        if action == 'reset':
            proxy.reset()
            return
        proxy.hold(*([TO_SERVER, TO_CLIENT] if action == 'hold' else [way]))
        self.later(seconds, proxy.release)

    def run(self):
        while not self.end.wait(self.dice.uniform(0.1, 0.8)):
            self.counters.look()
            if self.restarts and self.fleet.answered >= self.restarts[0][0] * DEVICES * REVISIONS:
                pid = services(self.s).get('mariadb-1')
                if pid and self.signal(pid, self.restarts[0][1]):
                    self.count('MariaDB ended by signal %d' % self.restarts.pop(0)[1])
            else:
                self.one()

    def stop(self):
        self.end.set()
        self.thread.join()
        for t in self.timers:
            t.cancel()
        for pid in services(self.s).values():
            self.signal(pid, signal.SIGCONT)
        for p in self.proxies:
            p.release()


def dump(s):
    """table -> sorted rows, of every table whose rows belong to a device; software with its words."""
    columns = s.sql("SELECT c.TABLE_NAME,c.COLUMN_NAME FROM information_schema.COLUMNS c JOIN information_schema.TABLES t "
                    "USING(TABLE_SCHEMA,TABLE_NAME) WHERE TABLE_SCHEMA=DATABASE() AND TABLE_TYPE='BASE TABLE' "
                    "ORDER BY TABLE_NAME,ORDINAL_POSITION")
    tables = {}
    for name, column in columns:
        tables.setdefault(name, []).append(column)
    out = {}
    for name, names in tables.items():
        if name.startswith('muster_') or not (name == 'hardware' or 'HARDWARE_ID' in names):
            continue
        list_ = ','.join(['h.DEVICEID'] + ['t.`%s`' % c for c in names if c not in IGNORED])
        join = 'JOIN hardware h ON h.ID=t.%s' % ('ID' if name == 'hardware' else 'HARDWARE_ID')
        if name == 'software':
            list_ += ',n.NAME,p.PUBLISHER,v.VERSION'
            join += ' LEFT JOIN software_name n ON n.ID=t.NAME_ID LEFT JOIN software_publisher p ON p.ID=t.PUBLISHER_ID' \
                    ' LEFT JOIN software_version v ON v.ID=t.VERSION_ID'
        rows = s.sql('SELECT %s FROM `%s` t %s' % (list_, name, join))
        whole = int(s.one('SELECT COUNT(*) FROM `%s`' % name))
        out[name] = sorted(rows)
        if whole != len(rows):
            raise AssertionError('%s: %d rows, %d of them of a device' % (name, whole, len(rows)))
    for name in ('software_name', 'software_publisher', 'software_version'):
        out[name] = sorted(s.sql('SELECT %s FROM %s' % (name.split('_')[1].upper(), name)))
    return out


def free_ports(count):
    """`count` ports in a row that nobody has now, below those that the system gives out by itself."""
    for first in random.SystemRandom().sample(range(11000, 30000, 16), 200):
        held = []
        try:
            for port in range(first, first + count):
                held.append(socket.socket())
                held[-1].bind(('127.0.0.1', port))
            return first
        except OSError:
            continue
        finally:
            for h in held:
                h.close()
    raise AssertionError('no free ports')


def quiet(s):
    s.sql("UPDATE config SET IVALUE=0 WHERE NAME='AUTO_DUPLICATE_LVL'")


class TestChaos(unittest.TestCase):
    maxDiff = 2000

    def calm(self):
        with Muster() as s:
            quiet(s)
            fleet = Fleet([int(s.gateways[0]['http'].rsplit(':', 1)[1])])
            began = time.monotonic()
            fleet.start()
            fleet.join()
            s.drain(600)
            print('calm run: %d uploads in %.0f s' % (fleet.answered, time.monotonic() - began))
            self.assertEqual(fleet.wrong, [])
            return dump(s)

    def stormy(self):
        first = free_ports(2 * COUNT)
        s = Muster('--gateways', str(COUNT), '--parsers', str(COUNT), '--writers', str(COUNT), '--listen', '127.0.0.1',
                   '--http', str(first), '--https', str(first + COUNT))
        proxies, lists = [], {}
        for kind in ('gateway', 'parser'):
            names = ['%s-%d' % (kind, n + 1) for n in range(COUNT)]
            proxies += [Proxy(os.path.join(s.folder, n + '.proxy'), os.path.join(s.folder, 'run', n + '.link')) for n in names]
            lists[kind] = ','.join('ipc://' + p.path for p in proxies[-COUNT:])
        # Bad luck that a poison is told from by 3 deaths, not by a death each second: what is in quarantine is not lost, but is missing here.
        s.env.update(MUSTER_GATEWAY_ATTEMPTS_MAX='5', MUSTER_GATEWAY_SUSPECT_PAUSE='250ms')
        s.env.update(MUSTER_PARSER_GATEWAYS=lists['gateway'], MUSTER_WRITER_PARSERS=lists['parser'])
        with s:
            quiet(s)
            fleet = Fleet([first + n for n in range(COUNT)])
            chaos = Chaos(s, proxies, fleet)
            began = time.monotonic()
            fleet.start()
            chaos.thread.start()
            fleet.join()
            chaos.stop()
            took = time.monotonic() - began
            s.wait_ready(120)
            s.drain(600)
            chaos.counters.look()
            self.assertEqual(chaos.restarts, [], 'MariaDB was not restarted twice: the run was too short')
            result = dump(s)
            s.wait_ready()
            quarantined = sum(x['spool']['quarantined'] for x in s.state['services'] if x['service'] == 'gateway')
        for p in proxies:
            p.close()
        print('stormy run: %d uploads in %.0f s, drained after %.0f s more' % (fleet.answered, took, time.monotonic() - began - took))
        return fleet, chaos, result, quarantined

    def test_storm_equals_calm(self):
        print('\nseed %d, %d devices, %d uploads' % (SEED, DEVICES, DEVICES * REVISIONS))
        calm = self.calm()
        fleet, chaos, stormy, quarantined = self.stormy()
        lost = doubled = 0
        report = []
        for name in sorted(calm):
            want, got = calm[name], stormy.get(name, [])
            if name.startswith('software_'):  # words of uploads that were overtaken may be missing
                more = [w for w in got if w not in want]
                self.assertEqual(more, [], name)
                continue
            missing, more = difference(want, got)
            lost, doubled = lost + len(missing), doubled + len(more)
            if want or got:
                report.append([name, len(want), len(got), len(missing), len(more)])
            for row in (missing + more)[:5]:
                print('%s: %s' % (name, row))
        table('Rows', ['table', 'calm', 'storm', 'lost', 'doubled or other'], report)
        sums = chaos.counters.sums
        table('Storm', ['what', 'count'], sorted(chaos.counts.items()) + [
            ['uploads answered 200', fleet.answered], ['interrupted, sent again', fleet.interrupted], ['answered 503, sent again', fleet.busy],
            ['redelivered: consumer lost', sums['muster_spool_lost_total']], ['redelivered: to be retried', sums['muster_spool_retries_total']],
            ['found to be stored already or overtaken', sums['muster_writer_skipped_total']],
            ['late answers ignored', sums['muster_link_late_answers_total']], ['sessions of links', sums['muster_link_sessions_total']],
            ['batches split', sums['muster_writer_splits_total']], ['quarantined', quarantined], ['lost', lost], ['doubled', doubled]])
        self.assertEqual(fleet.wrong, [])
        self.assertEqual(fleet.answered, DEVICES * REVISIONS)
        self.assertEqual((lost, doubled, quarantined), (0, 0, 0))
        self.assertEqual(len(stormy['hardware']), DEVICES)


def difference(want, got):
    """Rows of sorted lists that only one of them has, as often as it has them more often."""
    from collections import Counter
    a, b = Counter(map(tuple, want)), Counter(map(tuple, got))
    return list((a - b).elements()), list((b - a).elements())


if __name__ == '__main__':
    unittest.main()
