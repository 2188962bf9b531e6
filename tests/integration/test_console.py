"""The console and administrators work on the same tables while uploads are written (faults.md 95, 96, 97)."""
import concurrent.futures
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse

from harness import BIN, SCHEMA, Muster, inventory, run, table, wait_for
from private_mariadb import PrivateMariaDb, load_281
from proxy import DatabaseProxy, Rule
from test_chaos import quiet

WRITERS = 8
#: kinds of computers' tables that every content of this test has rows in
WHOLE = {'bios': 1, 'drives': 2, 'printers': 1, 'software': 2}


def name_of(n):
    return 'desk%d-2026-01-02-03-04-05' % n


def content(n, revision):
    return ('<HARDWARE><NAME>desk%d</NAME><DESCRIPTION>revision %d</DESCRIPTION></HARDWARE><BIOS><SSN>ssn %d</SSN></BIOS><DRIVES><VOLUMN>/</VOLUMN><TOTAL>%d</TOTAL></DRIVES>'
            '<DRIVES><VOLUMN>/home</VOLUMN></DRIVES><PRINTERS><NAME>printer %d</NAME></PRINTERS><SOFTWARES><NAME>a %d</NAME></SOFTWARES><SOFTWARES><NAME>b</NAME></SOFTWARES>'
            % (n, revision, n, revision, revision % 3, revision % 5))


class TestConsole(unittest.TestCase):
    report = []

    @classmethod
    def setUpClass(cls):
        cls.s = Muster('--writers', str(WRITERS), env={'MUSTER_WRITER_COLUMNS_REFRESH': '1s'})
        cls.s.start()
        cls.addClassCleanup(cls.s.__exit__)
        quiet(cls.s)
        cls.with_device = [r[0] for r in cls.s.sql(
            "SELECT c.TABLE_NAME FROM information_schema.COLUMNS c JOIN information_schema.TABLES t USING(TABLE_SCHEMA,TABLE_NAME) WHERE "
            "TABLE_SCHEMA=DATABASE() AND COLUMN_NAME='HARDWARE_ID' AND TABLE_TYPE='BASE TABLE' AND TABLE_NAME<>'locks' ORDER BY TABLE_NAME")]

    @classmethod
    def tearDownClass(cls):
        table('Console', ['no.', 'case', 'expected', 'seen'], cls.report)

    def send(self, n, revision):
        self.assertEqual(self.s.post(inventory(name_of(n), content(n, revision))).status, 200)

    def orphans(self):
        """table -> rows of devices that are not there."""
        found = {}
        for name in self.with_device:
            count = int(self.s.one('SELECT COUNT(*) FROM `%s` t LEFT JOIN hardware h ON h.ID=t.HARDWARE_ID WHERE h.ID IS NULL AND t.HARDWARE_ID>0' % name))
            if count:
                found[name] = count
        return found

    def halves(self):
        """Devices that do not have all rows of one content."""
        counts = ','.join('(SELECT COUNT(*) FROM %s t WHERE t.HARDWARE_ID=h.ID)' % t for t in WHOLE)
        want = [str(v) for v in WHOLE.values()]
        return [r for r in self.s.sql("SELECT DEVICEID,DESCRIPTION,%s FROM hardware h WHERE NAME LIKE 'desk%%'" % counts) if r[2:] != want]

    def client(self, text):
        """One script as the console runs it: statement by statement, each its own transaction."""
        return subprocess.run([os.path.join(BIN, 'muster'), 'sql', '--data', self.s.folder], input=text.encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)

    def delete(self, n, dice):
        """As the console deletes a computer: its row in `locks`, then table after table."""
        tables = dice.sample(self.with_device, len(self.with_device))
        words = ["SELECT ID INTO @id FROM hardware WHERE DEVICEID='%s' LIMIT 1" % name_of(n),
                 "INSERT INTO locks(HARDWARE_ID,ID,SINCE) VALUES(@id,1,NOW())"]
        words += ['DELETE FROM `%s` WHERE HARDWARE_ID=@id' % t for t in tables]
        words += ["DELETE FROM hardware WHERE ID=@id", "DELETE FROM locks WHERE HARDWARE_ID=@id"]
        return self.client(';\n'.join(words) + ';\n').returncode == 0

    def merge(self, n, into, dice):
        """As the console merges two: what people entered moves, then the one is deleted."""
        tables = dice.sample(self.with_device, len(self.with_device))
        words = ["SELECT ID INTO @id FROM hardware WHERE DEVICEID='%s' LIMIT 1" % name_of(n), "SELECT ID INTO @to FROM hardware WHERE DEVICEID='%s' LIMIT 1" % name_of(into),
                 "INSERT INTO locks(HARDWARE_ID,ID,SINCE) VALUES(@id,1,NOW())", "INSERT INTO locks(HARDWARE_ID,ID,SINCE) VALUES(@to,1,NOW())",
                 "UPDATE devices SET HARDWARE_ID=@to WHERE HARDWARE_ID=@id", "DELETE FROM accountinfo WHERE HARDWARE_ID=@to",
                 "UPDATE accountinfo SET HARDWARE_ID=@to WHERE HARDWARE_ID=@id"]
        words += ['DELETE FROM `%s` WHERE HARDWARE_ID=@id' % t for t in tables]
        words += ["DELETE FROM hardware WHERE ID=@id", "DELETE FROM locks WHERE HARDWARE_ID IN (@id,@to)"]
        done = self.client(';\n'.join(words) + ';\n').returncode == 0
        if not done:  # the second row was not there, or somebody else has it
            self.client("DELETE FROM locks WHERE HARDWARE_ID IN (SELECT ID FROM hardware WHERE DEVICEID='%s')" % name_of(n))
        return done

    def test_the_console_deletes_and_merges_what_is_written(self):
        devices, dice = 12, random.Random(97)
        end, sent, done = threading.Event(), [0] * devices, {'deleted': 0, 'merged': 0}

        def agents(part):
            while not end.is_set():
                for n in part:
                    self.send(n, sent[n])
                    sent[n] += 1
        threads = [threading.Thread(target=agents, args=(range(k, devices, 3),), daemon=True) for k in range(3)]
        for t in threads:
            t.start()
        wait_for('all devices', lambda: all(sent))
        until = time.monotonic() + 60
        while (done['deleted'] < 6 or done['merged'] < 2) and time.monotonic() < until:
            if done['deleted'] < 6:
                done['deleted'] += self.delete(dice.randrange(devices), dice)
            if done['merged'] < 2:
                done['merged'] += self.merge(*dice.sample(range(devices), 2), dice)
        end.set()
        for t in threads:
            t.join()
        self.client('DELETE FROM locks')
        self.s.drain(120)
        orphans, halves = self.orphans(), self.halves()
        for n in range(devices):
            self.send(n, 1000)
        self.s.drain(60)
        last = self.s.sql("SELECT COUNT(*),COUNT(DISTINCT DEVICEID) FROM hardware WHERE DESCRIPTION='revision 1000'")[0]
        self.report.append([97, 'deleted and merged while written', 'no orphans, no halves', '%d deleted, %d merged, %d uploads; orphans %s, halves %s; afterwards %s of %d' % (
            done['deleted'], done['merged'], sum(sent), orphans, halves, last[0], devices)])
        self.assertEqual(done, {'deleted': 6, 'merged': 2})
        self.assertEqual(orphans, {})
        self.assertEqual(halves, [])
        self.assertEqual(last, [str(devices)] * 2)
        self.assertEqual((self.orphans(), self.halves()), ({}, []))

    def test_a_table_is_locked_for_long(self):
        """LOCK TABLES by an administrator, as a long ALTER: uploads that need the table wait, the others pass. It ends when they have
        passed twice, and not before MUSTER_TEST_LOCK_SECONDS."""
        devices = range(100, 130)
        for n in devices:
            self.send(n, 0)
        self.s.drain()
        admin = subprocess.Popen([os.path.join(BIN, 'muster'), 'sql', '--data', self.s.folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        admin.stdin.write("LOCK TABLES printers WRITE; SELECT 'locked';\n")
        admin.stdin.flush()
        wait_for('the lock', lambda: self.s.sql("SHOW OPEN TABLES WHERE `Table`='printers' AND In_use>0"))
        needs = [n for n in devices if n % 6 == 0]
        began = time.monotonic()
        for n in devices:  # revision 3 has the same printer as 0, revision 1 another
            self.send(n, 1 if n in needs else 3)
        stored = "SELECT COUNT(*) FROM hardware WHERE DESCRIPTION='revision %d' AND DEVICEID IN ('" + "','".join(map(name_of, devices)) + "')"
        wait_for('those that do not need it', lambda: self.s.one(stored % 3) == str(len(devices) - len(needs)), 240)
        others = time.monotonic() - began
        for n in devices:
            if n not in needs:
                self.send(n, 6)
        wait_for('those that do not need it, again', lambda: self.s.one(stored % 6) == str(len(devices) - len(needs)), 240)
        again = time.monotonic() - began - others
        rounds = 2
        while time.monotonic() - began < float(os.environ.get('MUSTER_TEST_LOCK_SECONDS', '0')):
            rounds += 1
            for n in devices:
                if n not in needs:
                    self.send(n, (3, 6)[rounds % 2])
            wait_for('those that do not need it, as ever', lambda: self.s.one(stored % (3, 6)[rounds % 2]) == str(len(devices) - len(needs)), 240)
        locked = time.monotonic() - began
        self.assertEqual(self.s.one(stored % 1), '0')
        admin.stdin.write('UNLOCK TABLES;\n')
        admin.stdin.close()
        admin.wait(30)
        admin.stdout.close()
        self.s.drain(120)
        self.report.append([96, 'a table locked for %.0f s by an administrator' % locked, 'the queue drains afterwards, other devices proceed',
                            'others stored after %.0f s and %.0f s, %d times in all; then %s of %d' % (others, again, rounds, self.s.one(stored % 1), len(needs))])
        self.assertEqual(self.s.one(stored % 1), str(len(needs)))
        self.assertEqual((self.orphans(), self.halves()), ({}, []))
        self.assertEqual(self.s.metric('muster_spool_quarantine_files'), 0)

    def test_first_contact_of_one_device_with_eight_writers(self):
        numbers = [300 + n // 8 for n in range(64)]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda n: self.send(n, 2), numbers))
        self.s.drain(60)
        rows = self.s.sql("SELECT COUNT(*),COUNT(DISTINCT DEVICEID) FROM hardware WHERE DEVICEID IN ('%s')" % "','".join(map(name_of, set(numbers))))[0]
        refused = self.s.metric('muster_writer_rejected_total')
        self.report.append([95, '8 first contacts of each of 8 devices, 8 writers', 'one row each, no error outside', '%s rows, %s devices, %d refused' % (*rows, refused)])
        self.assertEqual((rows, refused, self.halves(), self.orphans()), (['8', '8'], 0, [], {}))

    def exhaust(self, name, numbers, others):
        """The table has one id left: uploads that need another one wait, the others pass, and nothing is to blame."""
        last = 2147483647
        if 'unsigned' in self.s.one("SELECT COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=DATABASE() AND TABLE_NAME='%s' AND COLUMN_NAME='ID'" % name):
            last = 4294967295
        for n in others:
            self.send(n, 0)
        self.s.drain()
        self.s.sql('ALTER TABLE %s AUTO_INCREMENT=%d' % (name, last))
        for n in numbers:
            self.send(n, 0)
        for n in others:
            self.send(n, 15)  # as 0, but for a description and a drive's size
        changed = "SELECT COUNT(*) FROM hardware WHERE DESCRIPTION='revision 15' AND DEVICEID IN ('" + "','".join(map(name_of, others)) + "')"
        stored = "SELECT COUNT(*) FROM hardware WHERE DEVICEID IN ('" + "','".join(map(name_of, numbers)) + "')"
        wait_for('the others', lambda: self.s.one(changed) == str(len(others)), 60)
        wait_for('somebody has no id', lambda: self.s.metric('muster_writer_retries_total{reason="lock_wait"}') > 0)
        before = int(self.s.one(stored))
        # more room: the device that has the last id is deleted, counting goes on where it was
        owner = self.s.one('SELECT DEVICEID FROM hardware h WHERE h.ID=(SELECT %s FROM %s WHERE ID=%d)' % ('ID' if name == 'hardware' else 'HARDWARE_ID', name, last))
        self.assertTrue(self.delete(int(owner[len('desk'):].split('-')[0]), random.Random(95)))
        self.s.sql("ALTER TABLE %s AUTO_INCREMENT=1" % name)
        self.s.drain(60)
        for n in numbers:
            self.send(n, 3)
        self.s.drain(60)
        self.report.append([95, 'AUTO_INCREMENT of %s exhausted' % name, 'who needs an id waits, the others pass', '%d of %d, others %s of %d; with ids again %s' % (
            before, len(numbers), self.s.one(changed), len(others), self.s.one(stored))])
        self.assertLess(before, len(numbers))
        self.assertEqual(self.s.one(stored), str(len(numbers)))
        self.assertEqual(self.s.metric('muster_spool_quarantine_files'), 0)

    def test_no_more_ids_for_devices(self):
        self.exhaust('hardware', range(400, 406), range(410, 416))

    def test_no_more_ids_for_rows(self):
        self.exhaust('printers', range(420, 426), range(430, 436))


class TestConsoleBetween(unittest.TestCase):
    """The console begins in the middle of a writer's transaction: a proxy holds one statement of it."""

    def test_a_device_is_deleted_in_the_middle_of_its_transaction(self):
        folder = tempfile.mkdtemp(prefix='muster-between-')
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        db = PrivateMariaDb()
        self.addCleanup(db.close)
        if SCHEMA:
            load_281(db, 'ocsweb')
        url = lambda path: 'mysql://root@localhost/ocsweb?socket=' + urllib.parse.quote(path, safe='')
        run(os.path.join(BIN, 'muster'), 'db', 'create', '--database', url(db.socket))
        proxy = DatabaseProxy(os.path.join(folder, 'db'), db.socket)
        self.addCleanup(proxy.close)
        s = Muster('--database', url(proxy.path))
        s.start()
        self.addCleanup(s.__exit__)
        ask = lambda text: db.client(text, 'ocsweb').strip()
        body = lambda more: inventory(name_of(1), content(1, 0) + more)
        self.assertEqual(s.post(body('')).status, 200)
        s.drain()
        number = ask("SELECT ID FROM hardware WHERE DEVICEID='%s'" % name_of(1))
        rule = Rule('^INSERT INTO .?printers', 'hold')
        proxy.set_rules(rule)
        self.assertEqual(s.post(body('<PRINTERS><NAME>another</NAME></PRINTERS>')).status, 200)
        wait_for('the middle of the transaction', lambda: rule.done)
        tables = ask("SELECT TABLE_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=DATABASE() AND COLUMN_NAME='HARDWARE_ID' AND TABLE_NAME "
                     "NOT IN ('locks') AND TABLE_NAME NOT LIKE 'muster%'").split()
        ask('INSERT INTO locks(HARDWARE_ID,ID,SINCE) VALUES(%s,1,NOW())' % number)
        for name in tables:
            ask('DELETE FROM `%s` WHERE HARDWARE_ID=%s' % (name, number))
        rest = ['DELETE FROM muster_rows WHERE HARDWARE_ID=%s', 'DELETE FROM muster_device WHERE HARDWARE_ID=%s', 'DELETE FROM hardware WHERE ID=%s',
                'DELETE FROM locks WHERE HARDWARE_ID=%s']
        console = threading.Thread(target=lambda: ask('SET innodb_lock_wait_timeout=60;' + ';'.join(rest) % ((number,) * 4)))
        console.start()
        rule.passes.set()
        console.join()
        s.drain(60)
        self.assertEqual(ask('SELECT COUNT(*) FROM hardware WHERE ID=%s' % number), '0')
        for name in tables + ['muster_rows', 'muster_device']:
            self.assertEqual(ask('SELECT COUNT(*) FROM `%s` WHERE HARDWARE_ID=%s' % (name, number)), '0', name)
        self.assertEqual(ask("SELECT (SELECT COUNT(*) FROM printers p WHERE p.HARDWARE_ID=h.ID),(SELECT COUNT(*) FROM drives d WHERE d.HARDWARE_ID=h.ID) "
                             "FROM hardware h WHERE DEVICEID='%s'" % name_of(1)), '2\t2')


if __name__ == '__main__':
    unittest.main()
