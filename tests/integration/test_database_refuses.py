"""What a database can refuse besides statements: further connections of a user (faults.md 91), and every write (98)."""
import os
import subprocess
import unittest
import urllib.parse

from harness import BIN, SCHEMA, Muster, inventory, run, table, wait_for
from private_mariadb import PrivateMariaDb, load_281

CONTENT = '<HARDWARE><NAME>refuses</NAME></HARDWARE>'


class TestDatabaseRefuses(unittest.TestCase):
    report = []

    def setUp(self):
        # a limit for all users can be changed only where there is one from the start
        self.db = PrivateMariaDb(os.environ.get('MUSTER_TEST_DATABASE_OPTIONS', '') + ' --max-user-connections=100')
        self.addCleanup(self.db.close)
        if SCHEMA:
            load_281(self.db, 'ocsweb')
        run(os.path.join(BIN, 'muster'), 'db', 'create', '--database', self.db.url('ocsweb'))
        self.db.client('CREATE USER ocs@localhost; GRANT ALL ON ocsweb.* TO ocs@localhost')
        self.s = Muster('--database', 'mysql://ocs@localhost/ocsweb?socket=' + urllib.parse.quote(self.db.socket, safe=''),
                        env={'MUSTER_WRITER_RETRY_FOR': '2s', 'MUSTER_GATEWAY_TRUSTED': '192.0.2.1'})
        self.s.start()
        self.addCleanup(self.s.__exit__)
        self.count = 0

    @classmethod
    def tearDownClass(cls):
        table('A database that refuses', ['no.', 'case', 'expected', 'seen'], cls.report)

    def log(self, service):
        with open(os.path.join(self.s.folder, 'log', service + '.log'), errors='replace') as f:
            return f.read()

    def send(self, device):
        return self.s.post(inventory(device, CONTENT)).status

    def stored(self):
        return int(self.db.client("SELECT COUNT(*) FROM hardware WHERE NAME='refuses'", 'ocsweb'))

    def take_the_only_connection(self):
        """Somebody else has it, and everybody's old ones are gone. -> the process"""
        taken = []

        def is_taken():
            rows = [r.split('\t') for r in self.db.client(
                "SELECT ID,IFNULL(INFO,'') FROM information_schema.PROCESSLIST WHERE USER='ocs'").splitlines()]
            if len(rows) == 1 and 'SLEEP(999)' in rows[0][1]:
                return self.is_refused()
            for number, info in rows:
                if 'SLEEP(999)' not in info:
                    self.db.client('KILL %s' % number, force=True)
            if not taken or taken[-1].poll() is not None:
                taken.append(subprocess.Popen(['mariadb', '--no-defaults', '--socket=' + self.db.socket, '-uocs', '-e', 'SELECT SLEEP(999)'],
                                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
                self.addCleanup(taken[-1].wait)
                self.addCleanup(taken[-1].kill)
            return False
        wait_for('no connection is left', is_taken)
        return taken[-1]

    def is_refused(self):
        """Whether another connection is: the server counts one that was killed until it has ended, and may then let one in."""
        return subprocess.run(['mariadb', '--no-defaults', '--socket=' + self.db.socket, '-uocs', '-e', 'DO 1'], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0

    def one_connection(self, number, limit, unlimit):
        before = self.s.metric('muster_writer_retries_total{reason="connection"}')
        self.db.client(limit)
        other = self.take_the_only_connection()
        devices = ['refuse%d-%d-2026-01-02-03-04-05' % (number, i) for i in range(6)]
        self.assertEqual([self.send(d) for d in devices], [200] * 6)
        said = lambda: '(%d)' % number in self.log('writer-1') and '(%d)' % number in self.log('gateway-1')
        wait_for('writer and gateway say so', said)
        wait_for('the writer waits', lambda: self.s.metric('muster_writer_retries_total{reason="connection"}') > before)
        self.assertEqual(self.stored(), self.count)
        tries = self.refused()
        self.db.client(unlimit)
        other.kill()
        self.s.drain(60)
        self.count += 6
        quarantined = self.s.metric('muster_spool_quarantine_files')
        self.report.append([91, 'no more connections for the user (%d)' % number, 'waits and says why, then all is stored',
                            '%d refused meanwhile; %d of %d stored, %d in quarantine' % (tries, self.stored(), self.count, quarantined)])
        self.assertEqual((self.stored(), quarantined), (self.count, 0))

    def refused(self):
        """Connections that the database has refused, since it started."""
        return int(self.db.client("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME='ABORTED_CONNECTS'"))

    def test_no_more_connections_of_a_user(self):
        self.one_connection(1203, 'SET GLOBAL max_user_connections=1', 'SET GLOBAL max_user_connections=100')

    # ---- read-only ----

    def answer(self, device):
        text = self.s.prolog(device + '-2026-01-02-03-04-05').text
        return text.split('<RESPONSE>')[1].split('<')[0]

    def option(self, name, value):
        """Set, and read by the gateway."""
        self.db.client("DELETE FROM config WHERE NAME='%s'; INSERT INTO config(NAME,IVALUE) VALUES('%s',%d)" % (name, name, value), 'ocsweb')
        before = self.s.metric('muster_gateway_options_read_total')
        wait_for('the options are read', lambda: self.s.metric('muster_gateway_options_read_total') > before + 1)

    def read_only(self, value):
        self.db.client('SET GLOBAL read_only=%d' % value)

    def test_a_database_that_is_read_only(self):
        """As a replica is, or the old primary of a fail-over. Sessions are what a PROLOG has to write."""
        seen = []
        self.option('SESSION_VALIDITY_TIME', 600)
        self.option('INVENTORY_SESSION_ONLY', 1)
        seen.append(('writable, sessions on: a contact', self.answer('before'), 'SEND'))
        self.read_only(1)
        self.addCleanup(self.read_only, 0)
        seen.append(('read-only: a contact', self.answer('during'), 'STOP'))
        seen.append(('an inventory without a session', self.send('during-2026-01-02-03-04-05') >= 400, True))
        seen.append(('an inventory with a session', self.send('before-2026-01-02-03-04-05'), 200))
        for i in range(20):
            self.answer('during%d' % i)
        seen.append(('lines in the log of 21 contacts', self.log('gateway-1').count('event="database is read-only"'), 1))
        seen.append(('is said why', 'read-only option' in self.log('gateway-1'), True))
        seen.append(('muster_gateway_database_read_only', self.s.metric('muster_gateway_database_read_only'), 1))
        seen.append(('muster_gateway_database_up', self.s.metric('muster_gateway_database_up'), 1))
        self.option('INVENTORY_SESSION_ONLY', 0)
        seen.append(('sessions off: a contact', self.answer('without'), 'SEND'))
        self.option('INVENTORY_SESSION_ONLY', 1)
        seen.append(('stored meanwhile', self.stored(), 0))
        self.read_only(0)
        seen.append(('writable again: a contact', self.answer('during'), 'SEND'))
        seen.append(('an inventory with a session', self.send('during-2026-01-02-03-04-05'), 200))
        self.s.drain(60)
        seen.append(('stored', self.stored(), 2))
        seen.append(('in quarantine', self.s.metric('muster_spool_quarantine_files'), 0))
        self.report += [[98, case, want, got] for case, got, want in seen]
        self.assertEqual([(case, got) for case, got, _ in seen], [(case, want) for case, _, want in seen])


if __name__ == '__main__':
    unittest.main()
