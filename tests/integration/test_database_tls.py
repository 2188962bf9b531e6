"""The database over TLS: with the right authority it works, with a wrong one or another host's name it is refused, with the reason."""
import os
import shutil
import socket
import subprocess
import tempfile
import unittest

from harness import BIN, OPTIONS, run, wait_for
from test_access import Authority


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class TestDatabaseTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='muster-dbtls-')
        cls.ca, cls.foreign = Authority(cls.folder, 'ours'), Authority(cls.folder, 'foreign')
        cls.ca.issue('server', names='IP:127.0.0.1,DNS:localhost')
        cls.ca.issue('elsewhere', names='DNS:db.example.org')
        as_root = ['--user=root'] if os.geteuid() == 0 else []
        cls.data = os.path.join(cls.folder, 'data')
        os.mkdir(os.path.join(cls.folder, 'tmp'))
        run('mariadb-install-db', '--no-defaults', '--datadir=' + cls.data, '--tmpdir=' + cls.folder + '/tmp', '--skip-test-db',
            '--auth-root-authentication-method=normal', *as_root)
        cls.options = ['--no-defaults', '--datadir=' + cls.data, '--tmpdir=' + cls.folder + '/tmp', '--skip-name-resolve',
                       '--bind-address=127.0.0.1', '--innodb-flush-method=nosync', *as_root,
                       *os.environ.get(OPTIONS, '').split()]
        cls.servers = []
        cls.port = cls.start('server')

    @classmethod
    def start(cls, certificate):
        port = free_port()
        log = open(cls.folder + '/log', 'a')
        server = subprocess.Popen([shutil.which('mariadbd') or '/usr/sbin/mariadbd', *cls.options, '--port=%d' % port,
                                   '--socket=%s/sock-%d' % (cls.folder, port), '--ssl-cert=' + cls.ca.path(certificate, 'crt'),
                                   '--ssl-key=' + cls.ca.path(certificate, 'key'), '--ssl-ca=' + cls.ca.file],
                                  stdout=subprocess.DEVNULL, stderr=log)
        log.close()
        cls.servers.append(server)
        def answers():
            if server.poll() is not None:
                with open(cls.folder + '/log') as f:
                    raise AssertionError('mariadbd ended: ' + f.read()[-2000:])
            with socket.socket() as s:
                return s.connect_ex(('127.0.0.1', port)) == 0
        wait_for('the database', answers, 60)
        return port

    @classmethod
    def stop(cls):
        for server in cls.servers:
            server.terminate()
            server.wait(60)
        cls.servers.clear()

    @classmethod
    def tearDownClass(cls):
        cls.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def create(self, options, port=None, user='root'):
        url = 'mysql://' + user + '@127.0.0.1:%d/ocs?%s' % (port or self.port, options)
        return run(os.path.join(BIN, 'muster'), 'db', 'create', '--database', url, check=False)

    def test_1_the_right_authority(self):
        done = self.create('ssl=verify&ssl_ca=' + self.ca.file)
        self.assertEqual(done.returncode, 0, done.stdout)
        ciphers = run('mariadb', '--no-defaults', '--socket=%s/sock-%d' % (self.folder, self.port), '-uroot', '-N', '-e',
                      "SELECT VARIABLE_VALUE>0 FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME='SSL_ACCEPTS'")
        self.assertEqual(ciphers.stdout.strip(), '1', 'it went over TLS')

    def test_2_a_wrong_authority_is_refused_with_the_reason(self):
        done = self.create('ssl=verify&ssl_ca=' + self.foreign.file)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r'(?i)certificate|TLS|SSL')

    def test_3_without_the_authority_nothing_is_believed(self):
        self.assertNotEqual(self.create('ssl=verify').returncode, 0)

    def test_4_require_alone_does_not_check(self):
        done = self.create('ssl=require')
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_5_a_database_that_wants_our_certificate(self):
        run('mariadb', '--no-defaults', '--socket=%s/sock-%d' % (self.folder, self.port), '-uroot', '-e',
            "CREATE USER ocs@'127.0.0.1' REQUIRE X509; GRANT ALL ON *.* TO ocs@'127.0.0.1'")
        self.ca.issue('muster')
        checked = 'ssl=verify&ssl_ca=' + self.ca.file
        self.assertNotEqual(self.create(checked, user='ocs').returncode, 0)
        done = self.create(checked + '&ssl_cert=%s&ssl_key=%s' % (self.ca.path('muster', 'crt'), self.ca.path('muster', 'key')), user='ocs')
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_6_another_hosts_certificate(self):
        self.stop()
        port = self.start('elsewhere')
        self.assertEqual(self.create('ssl=require', port).returncode, 0)
        done = self.create('ssl=verify&ssl_ca=' + self.ca.file, port)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r'(?i)certificate|TLS|SSL')

    def outdated(self, name, start, end):
        """A certificate of our authority that is not valid now."""
        self.ca.issue(name, names='IP:127.0.0.1')
        settings = os.path.join(self.folder, 'outdated.cnf')
        with open(settings, 'w') as f:
            f.write('[ca]\ndefault_ca=c\n[c]\ndatabase=%s\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n'
                    % (self.ca.path(self.ca.name, 'index'), self.folder))
        run('openssl', 'ca', '-batch', '-notext', '-config', settings, '-cert', self.ca.file, '-keyfile', self.ca.path(self.ca.name, 'key'),
            '-in', self.ca.path(name, 'csr'), '-out', self.ca.path(name, 'crt'), '-startdate', start, '-enddate', end, '-extfile', self.ca.path(name, 'ext'))

    def test_7_a_certificate_that_is_not_valid_now(self):
        for name, start, end, words in (('expired', '20200101000000Z', '20210101000000Z', 'expired'),
                                        ('early', '20910101000000Z', '20920101000000Z', 'not yet valid')):
            with self.subTest(name):
                self.outdated(name, start, end)
                self.stop()
                port = self.start(name)
                done = self.create('ssl=verify&ssl_ca=' + self.ca.file, port)
                print('faults.md 100, a certificate that is %s: %s' % (name, done.stdout.strip()))
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(words, done.stdout)


if __name__ == '__main__':
    unittest.main()
