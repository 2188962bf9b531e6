"""Faults between the writer and its database, and uploads that nobody can take: each has one right outcome.

A proxy in front of MariaDB answers chosen statements with errors or cuts the line before or after them, so that each case happens when it
should and not when the dice say so. In every case a batch of good uploads is sent beside what fails; afterwards all of them must be
there, once, and what can never work must be in quarantine with a reason. A table of all cases is printed.
"""
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import zlib

from harness import BIN, SCHEMA, Muster, inventory, run, table, wait_for
from private_mariadb import PrivateMariaDb, load_281
from proxy import DatabaseProxy, Rule

BATCH = 24


def content(device, more=''):
    return ('<HARDWARE><NAME>%s</NAME><MEMORY>512</MEMORY></HARDWARE><BIOS><SSN>ssn %s</SSN></BIOS><DRIVES><VOLUMN>/</VOLUMN><TOTAL>7</TOTAL>'
            '</DRIVES><SOFTWARES><NAME>program %s</NAME><VERSION>1</VERSION></SOFTWARES>%s' % (device, device, device, more))


class TestFaults(unittest.TestCase):
    report = []

    @classmethod
    def setUpClass(cls):
        cls.db = PrivateMariaDb()
        cls.folder = tempfile.mkdtemp(prefix='muster-faults-')
        if SCHEMA:
            load_281(cls.db, 'ocsweb')
        run(os.path.join(BIN, 'muster'), 'db', 'create', '--database', cls.url(cls.db.socket))
        cls.proxy = DatabaseProxy(os.path.join(cls.folder, 'db'), cls.db.socket)
        cls.s = Muster('--database', cls.url(cls.proxy.path), env={'MUSTER_WRITER_RETRY_FOR': '3s', 'MUSTER_WRITER_COLUMNS_REFRESH': '1s',
                                                                        'MUSTER_PARSER_ROWS_MAX': '4000'})
        cls.s.start()
        cls.db.client("UPDATE config SET IVALUE=0 WHERE NAME='AUTO_DUPLICATE_LVL'", 'ocsweb')
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        table('Faults', ['case', 'expected', 'seen'], cls.report)
        cls.s.__exit__()
        cls.proxy.close()
        cls.db.close()
        shutil.rmtree(cls.folder, ignore_errors=True)

    @staticmethod
    def url(path):
        return 'mysql://root@localhost/ocsweb?socket=' + urllib.parse.quote(path, safe='')

    def sql(self, text):
        return [line.split('\t') for line in self.db.client(text, 'ocsweb').splitlines()]

    def tearDown(self):
        self.proxy.set_rules()

    def metric(self, name, service='writer-1'):
        out = subprocess.run(['curl', '-s', '--unix-socket', os.path.join(self.s.folder, 'run', service + '.admin'), 'http://x/metrics'],
                             stdout=subprocess.PIPE, text=True, timeout=20).stdout
        return sum(int(float(l.split()[-1])) for l in out.splitlines() if l.startswith(name))

    def quarantine(self):
        found = {}
        for root, _, names in os.walk(os.path.join(self.s.folder, 'spool')):
            for n in names:
                if n.endswith('.reason'):
                    with open(os.path.join(root, n), errors='replace') as f:
                        found[n] = f.readline().strip()
        return found

    def send(self, case, count=BATCH):
        type(self).count += 1
        devices = ['%s%d-%d-2026-03-04-05-06-07' % (case, self.count, i) for i in range(count)]
        for d in devices:
            self.assertEqual(self.s.post(inventory(d, content(d))).status, 200)
        return devices

    def check(self, devices):
        """Every device once, with its rows, none mixed. Returns what is wrong, as text."""
        found = {row[0]: row[1:] for row in self.sql(
            "SELECT h.DEVICEID,(SELECT COUNT(*) FROM hardware x WHERE x.DEVICEID=h.DEVICEID),"
            "(SELECT COUNT(*) FROM bios b WHERE b.HARDWARE_ID=h.ID AND b.SSN=CONCAT('ssn ',h.DEVICEID)),"
            "(SELECT COUNT(*) FROM drives d WHERE d.HARDWARE_ID=h.ID),"
            "(SELECT COUNT(*) FROM software s JOIN software_name n ON n.ID=s.NAME_ID WHERE s.HARDWARE_ID=h.ID AND "
            "n.NAME=CONCAT('program ',h.DEVICEID)) FROM hardware h WHERE h.DEVICEID IN ('%s')" % "','".join(devices))}
        return ['%s: %s' % (d, found.get(d)) for d in devices if found.get(d) != ['1', '1', '1', '1']]

    def outcome(self, case, expected, devices, what, new_in_quarantine=0, before=None):
        self.s.drain(120)
        wrong = self.check(devices)
        quarantined = len(self.quarantine()) - len(before if before is not None else self.before)
        seen = '%d of %d once and whole, %d in quarantine, %s' % (len(devices) - len(wrong), len(devices), quarantined, what)
        self.report.append([case, expected, seen])
        self.assertEqual(wrong, [], case)
        self.assertEqual(quarantined, new_in_quarantine, case)

    def setUp(self):
        self.before = self.quarantine()

    def test_statements_that_fail_for_a_while(self):
        cases = [
            ('deadlock, first time', 'retried', Rule('^INSERT INTO', 'error', 1213, times=1, state='40001')),
            ('deadlock, every 7th statement', 'retried', Rule('^(INSERT|UPDATE|DELETE|SELECT .* FOR UPDATE)', 'error', 1213, times=8, every=7, state='40001')),
            ('deadlock at COMMIT (Galera certification)', 'retried', Rule('^COMMIT', 'error', 1213, times=2, state='40001')),
            ('lock wait time-out', 'batch split, given back, offered again', Rule('^INSERT INTO', 'error', 1205, times=3)),
            ('read-only primary (fail-over)', 'reconnected, repeated', Rule('^(START|INSERT)', 'error', 1290, times=4)),
            ('Galera node not ready (1047)', 'reconnected, repeated', Rule('^START', 'error', 1047, times=3)),
            ('connection killed (1927)', 'reconnected, repeated', Rule('^INSERT INTO', 'error', 1927, times=2)),
            ('server shuts down (1053)', 'reconnected, repeated', Rule('^INSERT INTO', 'error', 1053, times=2)),
            ('table full, disk full (1114)', 'waits: no upload is to blame', Rule('^INSERT INTO', 'error', 1114, times=3)),
            ('line cut before a statement', 'reconnected, repeated', Rule('^INSERT INTO', 'cut_before', times=2)),
            ('line cut in a transaction, answer lost', 'reconnected, repeated', Rule('^INSERT INTO', 'cut_after', times=2)),
            ('line cut before COMMIT', 'reconnected, repeated', Rule('^COMMIT', 'cut_before', times=2)),
            ('COMMIT done, its answer lost', 'repeated without effect', Rule('^COMMIT', 'cut_after', times=2)),
        ]
        for case, expected, rule in cases:
            with self.subTest(case):
                self.proxy.set_rules(rule)
                skipped, retried = self.metric('muster_writer_skipped_total'), self.metric('muster_writer_retries_total')
                devices = self.send('fail')
                self.s.drain(120)
                self.assertGreater(rule.done, 0, 'the fault was never met')
                what = '%d faults, %d repeated, %d found stored' % (rule.done, self.metric('muster_writer_retries_total') - retried,
                                                                    self.metric('muster_writer_skipped_total') - skipped)
                self.outcome(case, expected, devices, what)
                if case.startswith('COMMIT done'):
                    self.assertGreater(self.metric('muster_writer_skipped_total'), skipped, 'the commit was not recognised')

    def test_an_upload_that_the_database_refuses(self):
        """One record can never be written: the batch is halved until it stands alone."""
        devices = self.send('good', 4)
        self.s.drain()
        splits = self.metric('muster_writer_splits_total')
        self.proxy.set_rules(Rule('poisonous', 'error', 1366, times=None))
        self.hold_writer()
        bad = 'bad%d-2026-03-04-05-06-07' % self.count
        devices += self.send('beside', BATCH // 2)
        self.assertEqual(self.s.post(inventory(bad, content(bad, '<PRINTERS><NAME>poisonous</NAME></PRINTERS>'))).status, 200)
        devices += self.send('beside', BATCH // 2)
        self.release_writer()
        self.s.drain(120)
        self.assertEqual(self.sql("SELECT COUNT(*) FROM hardware WHERE DEVICEID='%s'" % bad), [['0']])
        new = set(self.quarantine().items()) - set(self.before.items())
        self.assertEqual([reason for _, reason in new], ['database'])
        self.outcome('record that the database refuses', 'alone in quarantine', devices,
                     '%d splits' % (self.metric('muster_writer_splits_total') - splits), 1)
        self.assertGreater(self.metric('muster_writer_splits_total'), splits)

    def hold_writer(self):
        """Let uploads gather, so that they come as one batch."""
        self.pid = next(x['pid'] for x in self.s.state['services'] if x['service'] == 'writer')
        os.kill(self.pid, signal.SIGSTOP)

    def release_writer(self):
        os.kill(self.pid, signal.SIGCONT)

    def test_uploads_that_nobody_can_read(self):
        # most are refused at the door; what only the parser can tell goes to quarantine
        form = '<?xml version="1.0"?>\n%s<REQUEST><DEVICEID>%s-2026-03-04-05-06-07</DEVICEID><QUERY>INVENTORY</QUERY><CONTENT>%s</CONTENT></REQUEST>'
        bodies = {'cut in the middle': (form % ('', 'cut', content('x')))[:-60].encode(),
                  'a DOCTYPE': (form % ('<!DOCTYPE REQUEST []>', 'doc', content('x'))).encode(),
                  'not well-formed': (form % ('', 'tag', '<HARDWARE><NAME>x</HARDWARE>')).encode(),
                  'too deep': (form % ('', 'deep', '<A>' * 100 + '</A>' * 100)).encode(),
                  'too many rows': (form % ('', 'rows', '<DRIVES><VOLUMN>x</VOLUMN></DRIVES>' * 5000)).encode()}
        answers = {}
        before = self.metric('muster_parser_rejected_total', 'parser-1')
        devices = self.send('beside', 6)
        for name, body in bodies.items():
            answers[name] = self.s.post(zlib.compress(body), coded=True).status
        devices += self.send('beside', 6)
        self.s.drain()
        expected = sum(a == 200 for a in answers.values())
        self.assertTrue(all(a in (200, 400, 413) for a in answers.values()), answers)
        self.assertGreater(expected, 0, answers)
        self.assertEqual(self.metric('muster_parser_rejected_total', 'parser-1') - before, expected)
        self.outcome('uploads that no parser can read', 'refused at the door or in quarantine', devices, 'answers %s' % sorted(answers.values()), expected)

    def test_missing_column(self):
        """A column goes while the writer knows it: the columns are read again, the device is stored without it."""
        self.send('before', 2)
        self.s.drain()
        self.db.client('ALTER TABLE bios DROP COLUMN BMANUFACTURER', 'ocsweb')
        try:
            devices = self.send('column')
            self.outcome('missing column', 'stored without it', devices, '%d schema retries' % self.metric('muster_writer_retries_total{reason="schema"}'))
        finally:
            self.db.client('ALTER TABLE bios ADD COLUMN BMANUFACTURER VARCHAR(255) DEFAULT NULL', 'ocsweb')

    def test_column_without_default(self):
        self.db.client('ALTER TABLE drives ADD COLUMN PLUGIN INT NOT NULL', 'ocsweb')
        try:
            self.outcome('extra NOT NULL column without default', 'stored', self.send('extra'), '-')
        finally:
            self.db.client('ALTER TABLE drives DROP COLUMN PLUGIN', 'ocsweb')

    def test_small_packets(self):
        """max_allowed_packet is 64 KiB for new connections: statements are made smaller; what cannot be is refused alone."""
        self.db.client('SET GLOBAL max_allowed_packet=65536')
        try:
            self.proxy.reset()
            devices = self.send('packet')
            big = 'big%d-2026-03-04-05-06-07' % self.count
            many = ''.join('<SOFTWARES><NAME>small %d</NAME><VERSION>%s</VERSION></SOFTWARES>' % (i, 'v' * 100) for i in range(3000))
            self.assertEqual(self.s.post(inventory(big, content(big, many))).status, 200)
            self.s.drain(120)
            rows = self.sql("SELECT COUNT(*) FROM software s JOIN hardware h ON h.ID=s.HARDWARE_ID WHERE h.DEVICEID='%s'" % big)
            quarantined = len(self.quarantine()) - len(self.before)
            self.assertTrue(rows == [['3001']] or (rows == [['0']] and quarantined == 1), (rows, quarantined))
            self.outcome('max_allowed_packet of 64 KiB', 'smaller statements; too big alone in quarantine', devices,
                         '3001 programs: %s rows' % rows[0][0], quarantined)
        finally:
            self.db.client('SET GLOBAL max_allowed_packet=16777216')
            self.proxy.reset()

    def test_connections_exhausted(self):
        """max_connections is reached when the writer has to connect: it waits, and does not flood."""
        self.db.client('SET GLOBAL max_connections=10')
        hogs = [subprocess.Popen(['mariadb', '--no-defaults', '--socket=' + self.db.socket, '-uroot'], stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(14)]
        try:
            wait_for('all connections taken', lambda: run('mariadb', '--no-defaults', '--socket=' + self.db.socket, '-uroot', '-e',
                                                          'SELECT 1', check=False).returncode != 0)
            before = self.metric('muster_writer_retries_total{reason="connection"}')
            self.proxy.reset()
            devices = self.send('full')
            wait_for('a refused connection', lambda: self.metric('muster_writer_retries_total{reason="connection"}') > before)
        finally:
            for h in hogs:
                h.kill()
                h.communicate()
        wait_for('a free connection', lambda: run('mariadb', '--no-defaults', '--socket=' + self.db.socket, '-uroot', '-e',
                                                  'SET GLOBAL max_connections=150', check=False).returncode == 0, 60)
        self.outcome('max_connections reached (1040)', 'waits, then goes on', devices, '-')

    def test_locked_device(self):
        """Somebody holds one device's rows: the others of its batch do not wait for it, and it is stored when the lock is gone."""
        devices = self.send('lock')
        self.s.drain()
        held, others = devices[5], devices[:5] + devices[6:]
        locker = subprocess.Popen(['mariadb', '--no-defaults', '--socket=' + self.db.socket, '-uroot', 'ocsweb', '-N', '--unbuffered'],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(locker.kill)
        locker.stdin.write("BEGIN; SELECT 'locked' FROM muster_device WHERE DEVICEID='%s' FOR UPDATE;\n" % held)
        locker.stdin.flush()
        self.assertEqual(locker.stdout.readline().strip(), 'locked')
        self.hold_writer()
        for d in devices:
            self.assertEqual(self.s.post(inventory(d, content(d).replace('512', '1024'))).status, 200)
        self.release_writer()
        new = "SELECT COUNT(*) FROM hardware WHERE MEMORY=1024 AND DEVICEID IN ('%s')"
        began = time.monotonic()
        wait_for('the other devices', lambda: self.sql(new % "','".join(others)) == [[str(len(others))]], 90)
        waited = time.monotonic() - began
        self.assertEqual(self.sql(new % held), [['0']])
        locker.stdin.close()
        locker.wait(10)
        self.s.drain(60)
        self.assertEqual(self.sql(new % held), [['1']])
        self.outcome('one device locked by somebody', 'the others go on', devices, 'others stored after %.0f s' % waited)

    def test_frozen_writer(self):
        """Frozen for longer than its lease with a batch in its transaction: another writer does the work, the late one changes nothing."""
        with Muster('--writers', '2') as s:
            s.sql("UPDATE config SET IVALUE=0 WHERE NAME='AUTO_DUPLICATE_LVL'")
            devices = ['frozen%d-2026-03-04-05-06-07' % i for i in range(60)]
            pid = next(x['pid'] for x in s.state['services'] if x['name'] == 'writer-1')
            sender = threading.Thread(target=lambda: [s.post(inventory(d, content(d))) for d in devices])
            sender.start()
            wait_for('some in the database', lambda: int(s.one('SELECT COUNT(*) FROM hardware')) > 3)
            os.kill(pid, signal.SIGSTOP)
            sender.join()
            s.drain(120)
            os.kill(pid, signal.SIGCONT)
            more = ['after%d-2026-03-04-05-06-07' % i for i in range(30)]
            for d in more:
                s.post(inventory(d, content(d)))
            s.drain(60)
            rows = s.sql('SELECT COUNT(*),COUNT(DISTINCT DEVICEID) FROM hardware')
            doubled = s.sql('SELECT HARDWARE_ID FROM drives GROUP BY HARDWARE_ID HAVING COUNT(*)>1')
        self.report.append(['writer frozen beyond its lease', 'the other one goes on', '%s rows, %s devices, %d doubled' % (*rows[0], len(doubled))])
        self.assertEqual(rows, [['90', '90']])
        self.assertEqual(doubled, [])


if __name__ == '__main__':
    unittest.main()
