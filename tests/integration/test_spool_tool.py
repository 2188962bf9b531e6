"""`muster spool`: what rests in a spool and its quarantine, with a running gateway and without; and the spool of the real gateway:
killed at random moments under load."""
import concurrent.futures
import glob
import itertools
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import zlib
from collections import Counter

from harness import AGENT, BIN, Muster, inventory, wait_for
from lone_gateway import Gateway, content, device, devices_in, rows, tool


class WithSpool(unittest.TestCase):
    def setUp(self):
        self.spool = tempfile.mkdtemp(prefix='muster-spool-')
        self.addCleanup(shutil.rmtree, self.spool, ignore_errors=True)


class TestCommandLine(WithSpool):
    def test_errors_have_their_exit_status_and_say_what_is_wrong(self):
        for words, status, text in [(['nosuch'], 2, 'check, list, show, replay or drop'),
                                    (['show'], 2, 'needs the ID'),
                                    (['list', 'something'], 2, 'takes no ID'),
                                    (['list', '--spool', '/nonexistent'], 1, 'no spool'),
                                    (['check', '--data', self.spool], 1, 'no spool'),
                                    (['--help'], 0, '--spool'),
                                    (['--help'], 0, 'a pending upload only while its gateway is stopped')]:
            done = tool(*words, check=False)
            self.assertEqual(done.returncode, status, done.stdout)
            self.assertIn(text, done.stdout, words)


class TestPending(WithSpool):
    def fill(self, g, count):
        for i in range(count):
            self.assertEqual(g.post(device(i), content(i))[0], 200)

    def test_a_running_gateway_is_looked_at_and_not_disturbed(self):
        with Gateway(self.spool) as g:
            g.start()
            self.fill(g, 5)
            self.assertEqual(len(rows('pending', self.spool)), 5)
            self.assertIn('a gateway has it', tool('check', '--spool', self.spool).stdout)
            self.assertEqual(devices_in(self.spool), [device(i) for i in range(5)])
            first = rows('pending', self.spool)[0][1]
            refused = tool('drop', first, '--spool', self.spool, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn('a gateway has the spool', refused.stdout)
            refused = tool('replay', first, '--spool', self.spool, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn('it will be offered anyway', refused.stdout)
            self.fill(g, 1)
            self.assertEqual(len(rows('pending', self.spool)), 6)

    def test_without_a_gateway_uploads_can_be_dropped(self):
        with Gateway(self.spool) as g:
            g.start()
            self.fill(g, 4)
            g.stop()
            ids = [row[1] for row in rows('pending', self.spool)]
            self.assertIn('no gateway has it', tool('check', '--spool', self.spool).stdout)
            tool('drop', ids[1], ids[2], '--spool', self.spool)
            self.assertEqual(devices_in(self.spool), [device(0), device(3)])
            self.assertEqual(tool('drop', ids[1], '--spool', self.spool, check=False).returncode, 1, 'not there any more')
            g.start()
            wait_for('the rest is there', lambda: devices_in(self.spool) == [device(0), device(3)])

    def test_damage_is_found(self):
        with Gateway(self.spool) as g:
            g.start()
            self.fill(g, 3)
            g.kill()
        self.assertEqual(tool('check', '--spool', self.spool).returncode, 0)
        for path in glob.glob(self.spool + '/segments/*.seg'):
            with open(path, 'r+b') as f:
                if b'UPLD' not in f.read(1024):
                    continue
                f.seek(64 + 64 + 60)
                byte = f.read(1)
                f.seek(-1, 1)
                f.write(bytes([byte[0] ^ 4]))
        with open(self.spool + '/segments/notes.txt', 'w') as f:
            f.write('do not touch')
        done = tool('check', '--spool', self.spool, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn('1 damaged pieces, 1 foreign files', done.stdout)
        self.assertIn('move it elsewhere', done.stdout)
        refused = tool('drop', 'notes.txt', '--spool', self.spool, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn('moved away by hand', refused.stdout)


class TestQuarantine(unittest.TestCase):
    """With parsers and a writer: what they cannot read goes to quarantine."""

    def test_list_show_replay_drop(self):
        with Muster() as s:
            def words(*w, check=True):
                return s.muster('spool', *w, check=check)

            def quarantined():
                return [line.split() for line in words('list').stdout.splitlines() if line.startswith('quarantine')]
            self.assertEqual(s.post(unreadable(device(1))).status, 200)
            row = wait_for('it is rejected', quarantined)[0]
            self.assertIn('bytes', words('list').stdout)
            self.assertEqual(row[3], 'inventory')
            self.assertGreater(len(row), 6, 'with a reason')
            self.assertIn(device(1), words('show', row[1]).stdout)
            self.assertIn('offered again', words('replay', row[1]).stdout)
            wait_for('it is rejected again, under its own id', lambda: [r[1] for r in quarantined()] == [row[1]])
            self.assertIn('removed', words('drop', row[1]).stdout)
            self.assertEqual(quarantined(), [])
            self.assertEqual(words('replay', row[1], check=False).returncode, 1)
            # one that was rejected only because of the time
            s.stop()
            spool = os.path.join(s.folder, 'spool', '1')
            self.assertIn('0 pending', words('check').stdout)
            self.put_into_quarantine(spool, device(2))
            self.assertIn('when the gateway starts', words('replay', quarantined()[0][1]).stdout)
            s.start()
            wait_for('it is in the database', lambda: s.sql("SELECT ID FROM hardware WHERE DEVICEID='%s'" % device(2)))
            self.assertEqual(quarantined(), [])

    def put_into_quarantine(self, spool, name):
        """As a gateway does: head (common/upload/upload.h) and body."""
        upload_id = (int(time.time() * 1e6).to_bytes(8, 'big'), (1).to_bytes(8, 'big'))
        head = bytes([1, 1, 2, 4, 127, 0, 0, 1]) + bytes(12) + upload_id[0] + upload_id[1] + bytes(8)
        agent = AGENT.encode()
        body = zlib.compress(inventory(name, content(2)).encode())
        path = os.path.join(spool, 'quarantine', '%s-%s' % (upload_id[0].hex(), upload_id[1].hex()))
        with open(path + '.upload', 'wb') as f:
            f.write(head + len(agent).to_bytes(2, 'big') + bytes(2) + agent + body)
        with open(path + '.reason', 'w') as f:
            f.write('test\nit was put there\n')


def unreadable(name):
    """The gateway, which reads the envelope only, takes it; the parser does not."""
    return inventory(name, '<HARDWARE><NAME>x</NAME></HARDWARE><BIOS><SSN>&nosuch;</SSN></BIOS>')


class TestKilled(WithSpool):
    """kill -9 at random moments under load: what was answered 200 is there, once."""
    KILLS, SECONDS, CLIENTS = 30, 15, 4

    def test_nothing_answered_is_lost_or_doubled(self):
        answered, sent, stop, numbers, statuses = [], [], threading.Event(), itertools.count(), Counter()
        with Gateway(self.spool, MUSTER_GATEWAY_SEGMENT_SIZE='1MiB', MUSTER_GATEWAY_SPOOL_MAX='4GiB') as g:
            g.start()

            def load():
                while not stop.is_set():
                    n = next(numbers)
                    sent.append(device(n))
                    status, _ = g.post(device(n), content(n, random.choice([10, 3000, 30000])), timeout=5)
                    statuses[status] += 1
                    if status == 200:
                        answered.append(device(n))
                    elif g.process.poll() is not None:
                        stop.wait(0.01)

            def answer_more(count):
                enough = len(answered) + count
                try:
                    wait_for('some were answered', lambda: len(answered) >= enough)
                except AssertionError as e:
                    raise AssertionError('%s; answers by status, 0 is none: %s' % (e, dict(statuses))) from None
            kills, end = 0, time.monotonic() + self.SECONDS
            with concurrent.futures.ThreadPoolExecutor(self.CLIENTS) as pool:
                work = [pool.submit(load) for _ in range(self.CLIENTS)]
                try:
                    while kills < self.KILLS and time.monotonic() < end:
                        answer_more(random.randint(1, 40))
                        g.kill()
                        kills += 1
                        g.start()
                finally:
                    stop.set()
                for w in work:
                    w.result()
            g.stop()
            found = devices_in(self.spool)
            lost, doubled = set(answered) - set(found), len(found) - len(set(found))
            print('\nkilled %d times, %d sent, answers %s, %d found, lost %d, doubled %d, foreign %d' % (
                kills, len(sent), dict(statuses), len(found), len(lost), doubled, len(set(found) - set(sent))))
            self.assertGreater(kills, 3)
            self.assertEqual((lost, doubled, set(found) - set(sent)), (set(), 0, set()))
            self.assertEqual(set(statuses) - {0, 200}, set(), 'nothing was refused: the spool had room')
            self.assertEqual(tool('check', '--spool', self.spool).returncode, 0)

    def test_many_starts_do_not_fill_the_spool(self):
        """A gateway that crashes again and again, where each life takes one upload: 220 segments of 1 MiB below a cap of 64 MiB."""
        starts = 220
        with Gateway(self.spool, MUSTER_GATEWAY_SEGMENT_SIZE='1MiB', MUSTER_GATEWAY_SPOOL_MAX='64MiB') as g:
            for n in range(starts):
                g.start()
                self.assertEqual(g.post(device(n), content(n, 3000))[0], 200, 'start %d' % n)
                g.kill()
            self.assertEqual(len(rows('pending', self.spool)), starts)
            done = tool('check', '--spool', self.spool)
            self.assertEqual(done.returncode, 0, done.stdout)
            held = int(done.stdout.split(' bytes)')[0].rsplit('(', 1)[1])
            print('\n%d starts: the segments take %d KiB' % (starts, held >> 10))
            self.assertLess(held, 16 << 20)


if __name__ == '__main__':
    unittest.main()
