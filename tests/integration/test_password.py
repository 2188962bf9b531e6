"""The database's password changes while everything runs (faults.md 100): the file is read again at each connect, a wrong one is said."""
import os
import unittest
import urllib.parse

from harness import BIN, SCHEMA, Muster, inventory, run, table, wait_for
from private_mariadb import PrivateMariaDb, load_281
from test_chaos import services

USER = "'ocs'@'localhost'"


class TestPassword(unittest.TestCase):
    def setUp(self):
        self.db = db = PrivateMariaDb()
        self.addCleanup(db.close)
        if SCHEMA:
            load_281(db, 'ocsweb')
        run(os.path.join(BIN, 'muster'), 'db', 'create', '--database', db.url('ocsweb'))
        db.client("CREATE USER %s IDENTIFIED BY 'first'; GRANT ALL ON ocsweb.* TO %s" % (USER, USER))
        self.file = os.path.join(db.folder, 'password')
        self.write('first')
        self.s = Muster('--database', 'mysql://ocs@localhost/ocsweb?socket=%s&password_file=%s' % tuple(
            urllib.parse.quote(p, safe='') for p in (db.socket, self.file)), env={'MUSTER_WRITER_RETRY_FOR': '2s'})
        self.s.start()
        self.addCleanup(self.s.__exit__)
        self.count, self.report = 0, []

    def write(self, password):
        with open(self.file, 'w') as f:
            f.write(password + '\n')

    def send(self, count=5):
        for _ in range(count):
            self.count += 1
            device = 'pass%d-2026-01-02-03-04-05' % self.count
            self.assertEqual(self.s.post(inventory(device, '<HARDWARE><NAME>pass</NAME></HARDWARE>')).status, 200)

    def stored(self):
        return int(self.db.client("SELECT COUNT(*) FROM hardware WHERE NAME='pass'", 'ocsweb'))

    def kill_connections(self):
        for line in self.db.client("SELECT ID FROM information_schema.PROCESSLIST WHERE USER='ocs'").split():
            self.db.client('KILL %s' % line, force=True)

    def log(self, service):
        with open(os.path.join(self.s.folder, 'log', service + '.log'), errors='replace') as f:
            return f.read()

    def test_rotation(self):
        running = services(self.s)
        self.send()
        self.s.drain()
        # old connections go on with the new password in place
        self.db.client("ALTER USER %s IDENTIFIED BY 'second'" % USER)
        self.write('second')
        self.send()
        self.s.drain()
        self.report.append(['changed in database and file', 'nothing is noticed', '%d of %d stored' % (self.stored(), self.count)])
        self.kill_connections()
        self.send()
        self.s.drain()
        self.report.append(['then all connections end', 'connected with the new one', '%d of %d stored' % (self.stored(), self.count)])
        self.assertEqual(self.stored(), self.count)
        # the file is late: refused with the reason, accepted all the same, done when it is right
        self.db.client("ALTER USER %s IDENTIFIED BY 'third'" % USER)
        self.kill_connections()
        self.send()
        for service in ('writer-1', 'gateway-1'):
            wait_for(service + ' says why', lambda: 'db_login' in self.log(service))
            self.assertRegex(self.log(service), r'db_login .*Access denied for user .*ocs.*1045')
            self.assertNotIn('second', self.log(service), 'a password in the log')
        self.assertLess(self.stored(), self.count)
        os.unlink(self.file)
        wait_for('writer says why', lambda: 'db_password' in self.log('writer-1') or 'db_password' in self.s.muster('status', '--json', check=False).stdout)
        self.write('third')
        self.s.drain(60)
        self.report.append(['file wrong, then gone, then right', 'says db_login, db_password; then goes on', '%d of %d stored' % (self.stored(), self.count)])
        self.assertEqual(self.stored(), self.count)
        self.assertEqual(services(self.s), running, 'somebody was started again')
        self.assertEqual(self.s.sql('SELECT 1'), [['1']])  # `muster sql` takes it from there, too
        table('Password of the database (100)', ['case', 'expected', 'seen'], self.report)


if __name__ == '__main__':
    unittest.main()
