"""A database that OCS 2.8.1 made is taken over as it is: the schema of Debian's package, loaded into a MariaDB of our own.

The package's SQL is fetched with apt and unpacked, nothing of it is installed or kept in the project."""
import glob
import gzip
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import BIN, Muster, inventory, run, wait_for


class PrivateMariaDb:
    """A MariaDB in a folder of its own, socket only."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='muster-db-')
        self.socket = os.path.join(self.folder, 's')
        data, user = os.path.join(self.folder, 'data'), '--user=' + run('id', '-un').stdout.strip()
        tmp = '--tmpdir=' + os.path.join(self.folder, 'tmp')  # a server that starts empties it: never a shared one
        os.mkdir(os.path.join(self.folder, 'tmp'))
        run('mariadb-install-db', '--no-defaults', '--datadir=' + data, tmp, '--auth-root-authentication-method=normal', '--skip-test-db', user)
        self.process = subprocess.Popen(['/usr/sbin/mariadbd', '--no-defaults', '--datadir=' + data, tmp, '--socket=' + self.socket,
                                         '--skip-networking', '--innodb-buffer-pool-size=64M', user],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for('MariaDB', lambda: run('mariadb', '--no-defaults', '--socket=' + self.socket, '-uroot', '-e', 'SELECT 1', check=False).returncode == 0)

    def client(self, text, database=None, force=False):
        words = ['mariadb', '--no-defaults', '--socket=' + self.socket, '-uroot', '-N', '-B'] + (['--force'] if force else [])
        done = subprocess.run(words + ([database] if database else []), input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, errors='replace', timeout=120)
        if done.returncode and not force:
            raise AssertionError(done.stdout)
        return done.stdout

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


def load_281(db, name):
    """The database as the console's installer makes it: base file, then the update files of that level."""
    folder = tempfile.mkdtemp(prefix='muster-281-')
    try:
        os.chmod(folder, 0o777)
        fetched = run('apt-get', 'download', 'ocsinventory-reports', cwd=folder, check=False)
        if fetched.returncode:
            run('apt-get', 'update', timeout=300)
            run('apt-get', 'download', 'ocsinventory-reports', cwd=folder)
        run('dpkg-deb', '-x', glob.glob(folder + '/*.deb')[0], folder + '/x')
        found = {os.path.basename(p): p for p in glob.glob(folder + '/x/**/*.sql*', recursive=True)}
        base = next(p for n, p in found.items() if n.startswith('ocsbase.sql'))
        updates = sorted((int(n.split('.')[0]), p) for n, p in found.items() if re.match(r'\d{4}\.sql', n))
        level = 7039
        db.client("CREATE DATABASE %s CHARACTER SET utf8 COLLATE utf8_bin" % name)
        for path in [base] + [p for n, p in updates if n <= level]:
            text = (gzip.open if path.endswith('.gz') else open)(path, 'rt', errors='replace').read()
            text = re.sub(r'(?im)^\s*(CREATE DATABASE|USE|GRANT)\b[^;]*;', '', text)
            db.client("SET sql_mode='NO_ENGINE_SUBSTITUTION';\n" + text, name, force=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


CONTENT = ('<HARDWARE><NAME>old-%s</NAME><OSNAME>Example</OSNAME><MEMORY>2048</MEMORY><CHECKSUM>262143</CHECKSUM></HARDWARE>'
           '<BIOS><SSN>serial %s</SSN></BIOS><ACCOUNTINFO><KEYNAME>TAG</KEYNAME><KEYVALUE>281</KEYVALUE></ACCOUNTINFO>'
           '<BATTERIES><NAME>battery</NAME></BATTERIES><CPUS><TYPE>cpu</TYPE><CORES>4</CORES></CPUS>'
           '<DRIVES><VOLUMN>/</VOLUMN><TOTAL>100</TOTAL></DRIVES>'
           '<SOFTWARES><NAME>shell</NAME><VERSION>1.0</VERSION></SOFTWARES><SOFTWARES><NAME>editor</NAME></SOFTWARES>')


class TestExistingDatabase(unittest.TestCase):
    def test_a_database_of_2_8_1_is_served(self):
        db = PrivateMariaDb()
        self.addCleanup(db.close)
        load_281(db, 'ocs281')
        before = set(db.client("SELECT CONCAT(table_name, '.', column_name, ' ', column_type) FROM information_schema.columns "
                               "WHERE table_schema='ocs281'").splitlines())
        url = 'mysql://root@localhost/ocs281?socket=' + db.socket
        with Muster('--database', url) as s:
            reply = s.prolog('pc-2026-01-02-03-04-05')
            self.assertEqual((reply.status, '<RESPONSE>SEND</RESPONSE>' in reply.text), (200, True))
            for round_ in ('one', 'two'):
                self.assertEqual(s.post(inventory('pc-2026-01-02-03-04-05', CONTENT % (round_, round_))).status, 200)
                s.drain()
            row = db.client("SELECT h.NAME, a.TAG, b.SSN, h.MEMORY FROM hardware h JOIN accountinfo a ON a.HARDWARE_ID=h.ID "
                            "JOIN bios b ON b.HARDWARE_ID=h.ID WHERE h.DEVICEID LIKE 'pc-%'", 'ocs281')
            self.assertEqual(row, 'old-two\t281\tserial two\t2048\n')
            for name, rows in {'software': 2, 'cpus': 1, 'drives': 1, 'batteries': 1}.items():
                self.assertEqual(db.client('SELECT COUNT(*) FROM ' + name, 'ocs281'), '%d\n' % rows, name)
            state = s.muster('status', '--json').stdout
            self.assertIn('"ready": true', state.replace('"ready":true', '"ready": true'))
        after = set(db.client("SELECT CONCAT(table_name, '.', column_name, ' ', column_type) FROM information_schema.columns "
                              "WHERE table_schema='ocs281' AND table_name NOT LIKE 'muster%'").splitlines())
        self.assertEqual(after, before, 'OCS tables were changed')
        done = run(os.path.join(BIN, 'muster'), 'db', 'check', '--database', url, check=False)
        print(done.stdout)
        self.assertIn(done.returncode, (0, 1), done.stdout)


if __name__ == '__main__':
    unittest.main()
