"""A MariaDB in a folder of its own, socket only, and the schema of OCS 2.8.1 for it.

MUSTER_TEST_DATABASE_OPTIONS are more options for the server, as for every private database of the tests. The schema is that of
Debian's package: its SQL is fetched with apt and unpacked, nothing of it is installed or kept in the project."""
import atexit
import glob
import gzip
import os
import re
import shutil
import subprocess
import tempfile

from harness import run, wait_for

#: the last update file of the package: what the console's installer stops at
LEVEL_281 = 7039


class PrivateMariaDb:
    def __init__(self, options=None):
        self.folder = tempfile.mkdtemp(prefix='muster-db-')
        self.socket = os.path.join(self.folder, 's')
        self.data = data = os.path.join(self.folder, 'data')
        user = '--user=' + run('id', '-un').stdout.strip()
        tmp = '--tmpdir=' + os.path.join(self.folder, 'tmp')  # a server that starts empties it: never a shared one
        os.mkdir(os.path.join(self.folder, 'tmp'))
        run('mariadb-install-db', '--no-defaults', '--datadir=' + data, tmp, '--auth-root-authentication-method=normal', '--skip-test-db', user)
        more = (os.environ.get('MUSTER_TEST_DATABASE_OPTIONS', '') if options is None else options).split()
        self.process = subprocess.Popen(['/usr/sbin/mariadbd', '--no-defaults', '--datadir=' + data, tmp, '--socket=' + self.socket,
                                         '--skip-networking', '--innodb-buffer-pool-size=64M', user] + more,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for('MariaDB', lambda: run('mariadb', '--no-defaults', '--socket=' + self.socket, '-uroot', '-e', 'SELECT 1', check=False).returncode == 0)

    def url(self, database):
        return 'mysql://root@localhost/%s?socket=%s' % (database, self.socket)

    def client(self, text, database=None, force=False):
        words = ['mariadb', '--no-defaults', '--default-character-set=utf8mb4', '--socket=' + self.socket, '-uroot', '-N', '-B']
        words += (['--force'] if force else []) + ([database] if database else [])
        done = subprocess.run(words, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', timeout=120)
        if done.returncode and not force:
            raise AssertionError(done.stdout)
        return done.stdout

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def fetch_package(folder):
    done = run('apt-get', 'download', 'ocsinventory-reports', cwd=folder, check=False)
    if done.returncode:
        run('apt-get', 'update', timeout=300, check=False)  # another test may be at it: then its lists are as good
        wait_for('the package', lambda: run('apt-get', 'download', 'ocsinventory-reports', cwd=folder, check=False).returncode == 0, 60)
    run('dpkg-deb', '-x', glob.glob(folder + '/*.deb')[0], folder + '/x')


def load_281(db, name):
    """The database as the console's installer makes it: base file, then the update files of that level."""
    folder = tempfile.mkdtemp(prefix='muster-281-')
    try:
        os.chmod(folder, 0o777)
        fetch_package(folder)
        found = {os.path.basename(p): p for p in glob.glob(folder + '/x/**/*.sql*', recursive=True)}
        base = next(p for n, p in found.items() if n.startswith('ocsbase.sql'))
        updates = sorted((int(n.split('.')[0]), p) for n, p in found.items() if re.match(r'\d{4}\.sql', n))
        db.client("CREATE DATABASE %s CHARACTER SET utf8 COLLATE utf8_bin" % name)
        for path in [base] + [p for n, p in updates if n <= LEVEL_281]:
            with (gzip.open if path.endswith('.gz') else open)(path, 'rt', errors='replace') as f:
                text = f.read()
            text = re.sub(r'(?im)^\s*(CREATE DATABASE|USE|GRANT)\b[^;]*;', '', text)
            db.client("SET sql_mode='NO_ENGINE_SUBSTITUTION';\n" + text, name, force=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_pattern = None


def give_281(folder):
    """Give a data folder of `muster up` that has no database yet one that OCS 2.8.1 made: a copy of the one that this test program
    has for all."""
    global _pattern
    if _pattern is None:
        _pattern = PrivateMariaDb('')
        atexit.register(_pattern.close)
        load_281(_pattern, 'ocsweb')
        _pattern.stop()
    run('cp', '-a', '--sparse=always', _pattern.data, os.path.join(folder, 'db'))
