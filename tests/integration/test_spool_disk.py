"""The spool of a real gateway on real file systems that fill up, run out of inodes or turn read-only; with files that are missing or
not ours; with another gateway on it; and with more uploads than any installation has."""
import glob
import itertools
import os
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from harness import BIN, run, table, wait_for
from lone_gateway import Gateway, content, device, devices_in, rows, tool


class OnDisk(unittest.TestCase):
    """A folder, and file systems that may be mounted there."""

    def setUp(self):
        self.disk = tempfile.mkdtemp(prefix='muster-disk-')
        self.addCleanup(shutil.rmtree, self.disk, ignore_errors=True)
        self.numbers, self.answered, self.statuses = itertools.count(), [], []

    def mount(self, *words):
        if subprocess.run(['mount'] + list(words) + [self.disk], stderr=subprocess.DEVNULL).returncode:
            self.skipTest('SKIPPED: mount %s: not here (root and the right to mount are needed)' % ' '.join(words))
        self.addCleanup(run, 'umount', self.disk)

    def gateway(self, **settings):
        return Gateway(os.path.join(self.disk, 'spool'), **{'MUSTER_GATEWAY_SEGMENT_SIZE': '1MiB', 'MUSTER_GATEWAY_SPOOL_MAX': '1GiB', **settings})

    def post(self, g, size=60000):
        n = next(self.numbers)
        status, retry = g.post(device(n), content(n, size))
        self.statuses.append(status)
        if status == 200:
            self.answered.append(device(n))
        else:
            self.assertEqual(status, 503)
            self.assertRegex(retry, r'^\d+$', 'Retry-After')
        return status

    def until_full(self, g):
        for _ in range(200):
            self.post(g)
            if self.statuses[-20:] == [503] * 20:
                break
        self.assertIn(200, self.statuses)
        self.assertEqual(set(self.statuses[-20:]), {503}, 'full in the end')

    def all_is_there(self, g):
        g.kill()
        g.start()
        g.stop()
        self.assertEqual(sorted(devices_in(g.spool)), sorted(self.answered), 'all that was answered, and nothing else')

    def report(self, case, seen):
        table('Spool', ['faults.md', 'answered 200', '503', 'seen'], [[case, len(self.answered), self.statuses.count(503), seen]])


class TestUsedUp(OnDisk):
    def recovers(self, case, g, free):
        before = len(self.answered)
        self.assertEqual(g.page('/readyz'), (200, 'ready\n'), 'full is not broken')
        self.assertGreater(g.metric('muster_spool_refused_total{reason="full"}'), 0)
        free()
        wait_for('it takes again by itself', lambda: self.post(g) == 200)
        for _ in range(5):
            self.post(g)
        self.assertGreater(len(self.answered), before)
        self.all_is_there(g)
        self.report(case, 'ready all the time; takes again by itself; nothing lost')

    def test_blocks(self):
        self.mount('-t', 'tmpfs', '-o', 'size=8m', 'tmpfs')
        other = os.path.join(self.disk, 'other')
        with self.gateway() as g:
            g.start()
            with open(other, 'wb') as f:  # room for some segments only
                f.write(bytes(4 << 20))
            self.until_full(g)
            self.recovers('76', g, lambda: os.remove(other))

    def test_inodes(self):
        self.mount('-t', 'tmpfs', '-o', 'size=64m,nr_inodes=24', 'tmpfs')
        with self.gateway() as g:
            g.start()
            self.post(g)
            others = []
            try:
                for i in range(100):
                    path = os.path.join(self.disk, 'other%d' % i)
                    with open(path, 'w'):
                        others.append(path)
            except OSError:
                pass
            self.assertLess(len(others), 30, 'they are used up')
            self.until_full(g)
            self.recovers('77', g, lambda: [os.remove(path) for path in others])

    def test_quarantine_without_inodes(self):
        """At the start: what cannot be set aside must not keep the rest from being given out, nor be lost."""
        self.mount('-t', 'tmpfs', '-o', 'size=64m,nr_inodes=24', 'tmpfs')
        with self.gateway() as g:
            g.start()
            for _ in range(3):
                self.post(g, 3000)
            g.kill()
            flip(first_segment(g.spool), 64 + 50)
            try:
                for i in itertools.count():
                    with open(os.path.join(self.disk, 'other%d' % i), 'w'):
                        pass
            except OSError:
                os.remove(os.path.join(self.disk, 'other0'))  # one for the segment of the new start
            g.start()
            self.assertEqual(sorted(devices_in(g.spool)), self.answered[1:])
            self.assertIn('the spool is damaged', g.log())
            self.assertEqual(tool('check', '--spool', g.spool, check=False).returncode, 1, 'still there, still told')


class TestReadOnly(OnDisk):
    def test_at_the_start(self):
        self.mount('-t', 'tmpfs', '-o', 'size=16m', 'tmpfs')
        with self.gateway() as g:
            g.start()
            self.post(g)
            g.stop()
            run('mount', '-o', 'remount,ro', self.disk)
            status, said = g.refused()
            self.assertNotEqual(status, 0)
            self.assertIn('Read-only file system', said)
            self.assertIn(g.spool, said)
            self.assertEqual(len(rows('pending', g.spool)), 1, '`muster spool` can read it')
            dropped = tool('drop', rows('pending', g.spool)[0][1], '--spool', g.spool, check=False)
            self.assertEqual(dropped.returncode, 1)
            self.assertIn('Read-only file system', dropped.stdout)
            run('mount', '-o', 'remount,rw', self.disk)
            g.start()
            self.all_is_there(g)
            self.report('84, at the start', 'exit status %d, the file and the reason named' % status)

    def test_in_flight(self):
        if not shutil.which('mkfs.ext4'):
            self.skipTest('SKIPPED: mkfs.ext4 is not here')
        image = self.disk + '.img'
        self.addCleanup(os.remove, image)
        with open(image, 'wb') as f:
            f.truncate(64 << 20)
        run('mkfs.ext4', '-q', '-F', image)
        self.mount('-o', 'loop', image)
        with self.gateway() as g:
            g.start()
            for _ in range(5):
                self.post(g)
            run('mount', '-o', 'remount,abort', self.disk)  # what ext4 does to itself after an error
            for _ in range(5):
                self.assertEqual(self.post(g), 503)
            wait_for('not ready, and why', lambda: g.page('/readyz') == (503, 'not ready: spool\n'))
            self.assertEqual(g.metric('muster_spool_healthy'), 0)
            self.assertIn('the spool is closed', g.log())
            self.assertRegex(g.log(), 'error="?(Read-only file system|Input/output error)')
            self.assertEqual(sorted(devices_in(g.spool)), sorted(self.answered))
            g.kill()
            status, said = g.refused()
            self.assertNotEqual(status, 0)
            self.assertIn('Read-only file system', said)
            run('umount', self.disk)
            run('fsck.ext4', '-p', '-f', image, check=False)
            run('mount', '-o', 'loop', image, self.disk)
            g.start()
            self.assertEqual(self.post(g), 200)
            self.all_is_there(g)
            self.report('84, in flight', 'not ready: spool; nothing lost after repair')


def first_segment(spool):
    """The first one with records."""
    for path in sorted(glob.glob(spool + '/segments/*.seg')):
        with open(path, 'rb') as f:
            if b'UPLD' in f.read(1024):
                return path
    raise AssertionError('no records')


def flip(path, at):
    with open(path, 'r+b') as f:
        f.seek(at)
        byte = f.read(1)
        f.seek(at)
        f.write(bytes([byte[0] ^ 4]))


class TestFiles(OnDisk):
    def test_missing_foreign_empty_newer(self):
        with self.gateway() as g:
            g.start()
            for _ in range(150):
                self.assertEqual(self.post(g), 200)
            g.stop()
            segments = sorted(path for path in glob.glob(g.spool + '/segments/*.seg') if b'UPLD' in open(path, 'rb').read(1024))
            here = {r[1]: r for r in rows('pending', g.spool)}
            before = len(here)
            os.remove(segments[2])
            gone = before - len(rows('pending', g.spool))
            self.assertGreater(gone, 5)
            with open(segments[1], 'rb') as f:
                newer = bytearray(f.read())
            newer[4:8] = (99).to_bytes(4, 'big')
            newer[60:64] = crc32c(newer[:60]).to_bytes(4, 'big')
            strange = {'notes.txt': b'do not touch', '00000000000000f0.seg': b'', '00000000000000f1.seg': bytes(newer), 'ffffffffffffffff.seg': b'x'}
            for name, text in strange.items():
                with open(os.path.join(g.spool, 'segments', name), 'wb') as f:
                    f.write(text)
            os.mkfifo(os.path.join(g.spool, 'segments', '00000000000000f2.seg'))
            g.start()
            self.assertEqual(len(rows('pending', g.spool)), before - gone, 'the rest is there')
            for name in strange:
                self.assertRegex(g.log(), 'left alone.*file="?%s' % re.escape(name))
            self.assertIn('format is newer', g.log())
            self.assertEqual(g.metric('muster_spool_foreign_files'), len(strange) + 1)
            self.assertEqual(self.post(g), 200)
            checked = tool('check', '--spool', g.spool, check=False)
            self.assertEqual(checked.returncode, 1)
            self.assertIn('%d foreign files' % (len(strange) + 1), checked.stdout)
            g.stop()
            for name, text in strange.items():
                with open(os.path.join(g.spool, 'segments', name), 'rb') as f:
                    self.assertEqual(f.read(), text, name)
            self.report('81', '%d of a missing segment are gone, %d are there; %d files named and left alone' % (gone, before - gone, len(strange) + 1))

    def test_second_gateway(self):
        with self.gateway() as g, self.gateway() as second:
            g.start()
            self.assertEqual(self.post(g), 200)
            status, said = second.refused()
            self.assertNotEqual(status, 0)
            self.assertIn('another process has this spool', said)
            self.assertIn(g.spool, said)
            self.assertEqual(self.post(g), 200)
            g.kill()
            second.start()
            self.assertEqual(self.post(second), 200)
            self.all_is_there(second)
            self.report('83', 'exit status %d; when the first is gone the second one starts' % status)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


class TestBacklog(OnDisk):
    """More uploads than are ever pending: from the start to ready, and what the index of them takes. MUSTER_TEST_BACKLOG=10000000, and
    MUSTER_TEST_BACKLOG_BYTES for larger ones."""
    COUNT = int(os.environ.get('MUSTER_TEST_BACKLOG', '200000'))
    BYTES = int(os.environ.get('MUSTER_TEST_BACKLOG_BYTES', '200'))

    def test_memory_and_all_of_them(self):
        fill = os.path.join(os.path.dirname(BIN), 'bench', 'bench-spool')
        if not os.path.exists(fill):
            self.skipTest('SKIPPED: %s is not built' % fill)
        spool = os.path.join(self.disk, 'spool')
        run(fill, spool, str(self.COUNT), str(self.BYTES), timeout=3600)
        with Gateway(spool, MUSTER_GATEWAY_SPOOL_MAX='1TiB', MUSTER_GATEWAY_SPOOL_UPLOADS=str(self.COUNT + 1000)) as g:
            began = time.monotonic()
            g.start(300)
            wait_for('ready', lambda: g.page('/readyz')[0] == 200)
            took = time.monotonic() - began
            self.assertEqual(g.metric('muster_spool_pending'), self.COUNT)
            self.assertEqual(g.post(device(1), content(1))[0], 200)
            with open('/proc/%d/status' % g.process.pid) as f:
                peak = int(re.search(r'VmHWM:\s+(\d+)', f.read()).group(1)) >> 10
            bound = 64 + 90 * self.COUNT * 3 // 2 // (1 << 20)  # tables grow by half
            table('Backlog', ['faults.md', 'uploads', 'bytes', 'ready after s', 'peak MiB', 'bound MiB'],
                  [['85', self.COUNT, self.BYTES, '%.2f' % took, peak, bound]])
            self.assertLess(peak, bound)


if __name__ == '__main__':
    unittest.main()
