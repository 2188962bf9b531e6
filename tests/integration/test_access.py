"""Who may send: users with passwords, clients' certificates, devices pinned to a certificate; files replaced while it runs.

Real agents where they can do it (user, password, realm); certificates as OpenSSL's command makes them.
"""
import base64
import http.client
import json
import os
import signal
import ssl
import tempfile
import unittest
import zlib

from harness import AGENT, Muster, inventory, prolog, run, wait_for

DEVICE = 'access-2026-01-02-03-04-05'
OTHER = 'other-2026-01-02-03-04-05'


def basic(user, password):
    return {'Authorization': 'Basic ' + base64.b64encode(('%s:%s' % (user, password)).encode()).decode()}


def metric(s, name):
    text = [g for g in json.loads(s.muster('status', '--json', check=False).stdout)['services']
                        if g['service'] == 'gateway'][0]['metrics']
    return text.get(name, 0)


def refused(s, reason):
    return metric(s, 'muster_gateway_refused_total{reason="%s"}' % reason)


class TestUsers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='muster-users-')
        cls.users = os.path.join(cls.folder, 'users')
        cls.write_users('agent', 'geheim')
        cls.s = Muster(env={'MUSTER_GATEWAY_USERS': cls.users, 'MUSTER_GATEWAY_REALM': 'Inventory of ours'})
        cls.s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.__exit__()
        run('rm', '-rf', cls.folder)

    @classmethod
    def write_users(cls, user, password):
        hashed = run('openssl', 'passwd', '-6', password).stdout.strip()
        with open(cls.users + '.new', 'w') as f:
            f.write('# who may send\n%s:%s\n' % (user, hashed))
        os.rename(cls.users + '.new', cls.users)

    def tearDown(self):
        self.write_users('agent', 'geheim')
        wait_for('the first password again', lambda: self.s.prolog(DEVICE, headers=basic('agent', 'geheim')).status == 200)

    def test_without_a_password_the_realm_is_named_and_nothing_is_stored(self):
        before = refused(self.s, 'auth_missing')
        reply = self.s.post(inventory(OTHER, '<HARDWARE><NAME>x</NAME></HARDWARE>'))
        self.assertEqual(reply.status, 401)
        self.assertEqual(reply.headers['www-authenticate'], 'Basic realm="Inventory of ours"')
        self.assertEqual(int(reply.headers['content-length']), len(reply.raw))
        self.assertEqual(refused(self.s, 'auth_missing'), before + 1)
        self.s.drain()
        self.assertEqual(self.s.sql("SELECT 1 FROM hardware WHERE DEVICEID='%s'" % OTHER), [])

    def test_right_and_wrong(self):
        for user, password, want in (('agent', 'geheim', 200), ('agent', 'Geheim', 401), ('nobody', 'geheim', 401), ('agent', '', 401)):
            self.assertEqual(self.s.prolog(DEVICE, headers=basic(user, password)).status, want, (user, password))

    def test_the_same_connection_is_used_for_the_second_try(self):
        c = http.client.HTTPConnection(*self.s.http.split('/')[2].split(':'), timeout=30)
        for headers, want in (({}, 401), (basic('agent', 'geheim'), 200), (basic('agent', 'geheim'), 200)):
            c.request('POST', '/ocsinventory', body=zlib.compress(prolog(DEVICE).encode()), headers=dict(headers, **{'User-Agent': AGENT}))
            reply = c.getresponse()
            reply.read()
            self.assertEqual(reply.status, want)
            self.assertFalse(reply.will_close)
        c.close()

    def run_agent(self, user=None, password=None):
        """The agent wants user and password in base64, as its configuration file has them."""
        coded = lambda text: base64.b64encode(text.encode()).decode()
        words = ['--user=' + coded(user), '--password=' + coded(password), '--realm=Inventory of ours'] if user else []
        var = tempfile.mkdtemp(prefix='agent-', dir=self.folder)
        return run('ocsinventory-agent', '--server=' + self.s.http, '--tag=access', '--basevardir=' + var, '--local=0', '--force',
                   '--debug', *words, check=False, timeout=300)

    def test_the_real_agent_sends_with_its_password_only(self):
        count = "SELECT COUNT(*) FROM accountinfo WHERE TAG='access'"
        right = self.run_agent('agent', 'geheim')
        self.s.drain()
        self.assertEqual(self.s.one(count), '1', '\n'.join(l for l in right.stdout.split('\n') if l.startswith('[')))
        self.run_agent('agent', 'wrong')
        self.s.drain()
        self.assertEqual(self.s.one(count), '1')

    def test_a_changed_file_is_in_use_without_a_restart(self):
        self.assertEqual(self.s.prolog(DEVICE, headers=basic('agent', 'geheim')).status, 200)
        self.write_users('other', 'neu')
        wait_for('the new user', lambda: self.s.prolog(DEVICE, headers=basic('other', 'neu')).status == 200)
        self.assertEqual(self.s.prolog(DEVICE, headers=basic('agent', 'geheim')).status, 401)


def text_of(path):
    with open(path) as f:
        return f.read()


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.file = os.path.join(folder, name + '.pem')
        run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=' + name,
            '-keyout', self.path(name, 'key'), '-out', self.file, '-days', '30')
        with open(self.path(name, 'index'), 'w'):
            pass
        with open(self.path(name, 'cnf'), 'w') as f:
            f.write('[ca]\ndefault_ca=c\n[c]\ndatabase=%s\ndefault_md=sha256\ndefault_crl_days=30\n' % self.path(name, 'index'))

    def path(self, name, suffix):
        return os.path.join(self.folder, '%s.%s' % (name, suffix))

    def issue(self, name, days=30, key=None, names='DNS:localhost'):
        """-> path of a file with certificate and key."""
        key_file = key or self.path(name, 'key')
        if not key:
            run('openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', key_file)
        with open(self.path(name, 'ext'), 'w') as f:
            f.write('subjectAltName=%s\n' % names)
        run('openssl', 'req', '-new', '-key', key_file, '-subj', '/CN=' + name, '-out', self.path(name, 'csr'))
        run('openssl', 'x509', '-req', '-in', self.path(name, 'csr'), '-CA', self.file, '-CAkey', self.path(self.name, 'key'), '-CAcreateserial',
            '-out', self.path(name, 'crt'), '-days', str(days), '-extfile', self.path(name, 'ext'))
        with open(self.path(name, 'both'), 'w') as out:
            for part in (self.path(name, 'crt'), key_file):
                out.write(text_of(part))
        return self.path(name, 'both')

    def revoke(self, both):
        ca = ['openssl', 'ca', '-config', self.path(self.name, 'cnf'), '-keyfile', self.path(self.name, 'key'), '-cert', self.file]
        run(*ca, '-revoke', both.replace('.both', '.crt'))
        run(*ca, '-gencrl', '-out', self.path(self.name, 'crl'))
        return text_of(self.path(self.name, 'crl'))


class TestCertificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='muster-certs-')
        cls.ca, cls.foreign = Authority(cls.folder, 'ours'), Authority(cls.folder, 'foreign')
        cls.client_ca = os.path.join(cls.folder, 'client-ca')
        cls.put(cls.client_ca, text_of(cls.ca.file))
        cls.server_files = [os.path.join(cls.folder, n) for n in ('server.crt', 'server.key')]
        cls.serve_as('server-one')
        cls.s = Muster(env={'MUSTER_GATEWAY_CLIENT_CA': cls.client_ca, 'MUSTER_GATEWAY_PIN': 'yes',
                            'MUSTER_GATEWAY_CERTIFICATE': cls.server_files[0], 'MUSTER_GATEWAY_KEY': cls.server_files[1]})
        cls.s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.__exit__()
        run('rm', '-rf', cls.folder)

    @staticmethod
    def put(path, text):
        with open(path + '.new', 'w') as f:
            f.write(text)
        os.rename(path + '.new', path)

    @classmethod
    def serve_as(cls, name):
        cls.ca.issue(name, names='DNS:localhost,IP:127.0.0.1')
        for path, suffix in zip(cls.server_files, ('crt', 'key')):
            cls.put(path, text_of(cls.ca.path(name, suffix)))

    def context(self, client=None):
        trust = ssl.create_default_context(cafile=self.ca.file)
        if client:
            trust.load_cert_chain(client)
        return trust

    def ask(self, device, client=None):
        """-> status of a PROLOG, or None when there is no handshake."""
        c = http.client.HTTPSConnection('localhost', self.s.https_port, timeout=30, context=self.context(client))
        try:
            c.request('POST', '/ocsinventory', body=zlib.compress(prolog(device).encode()), headers={'User-Agent': AGENT})
            return c.getresponse().status
        except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
            return None
        finally:
            c.close()

    def test_a_device_is_held_to_the_key_that_it_showed_first(self):
        device = 'pinned-2026-01-02-03-04-05'
        one, two = self.ca.issue('one'), self.ca.issue('two')
        renewed = self.ca.issue('one-renewed', key=self.ca.path('one', 'key'))
        self.assertEqual(self.ask(device, one), 200)
        self.assertEqual(self.ask(device, one), 200)
        self.assertEqual(self.ask(device, renewed), 200, 'the same key in a new certificate')
        self.assertEqual(self.ask(device, two), 403)
        self.assertEqual(self.ask(device), 403)
        self.assertEqual(self.s.prolog(device).status, 403, 'plain HTTP')
        self.assertEqual(refused(self.s, 'certificate_mismatch'), 1)
        self.assertEqual(refused(self.s, 'certificate_needed'), 2)
        self.assertIn(device, self.s.muster('pin', 'list').stdout)
        told = self.s.muster('why', device).stdout
        self.assertIn('certificate_mismatch', told)
        self.assertIn('muster pin clear', told)
        self.s.muster('pin', 'clear', device)
        self.assertEqual(self.ask(device, two), 200)
        self.assertEqual(self.ask(device, one), 403)
        self.assertNotEqual(self.s.muster('pin', 'clear', 'nobody', check=False).returncode, 0)

    def test_an_inventory_of_another_device_is_not_taken(self):
        device, one, two = 'stored-2026-01-02-03-04-05', self.ca.issue('s-one'), self.ca.issue('s-two')
        for client, name, want in ((one, 'first', 200), (two, 'forged', 403), (one, 'second', 200)):
            c = http.client.HTTPSConnection('localhost', self.s.https_port, timeout=30, context=self.context(client))
            body = inventory(device, '<HARDWARE><NAME>%s</NAME></HARDWARE>' % name)
            c.request('POST', '/ocsinventory', body=zlib.compress(body.encode()), headers={'User-Agent': AGENT})
            self.assertEqual(c.getresponse().status, want)
            c.close()
        self.s.drain()
        self.assertEqual(self.s.one("SELECT NAME FROM hardware WHERE DEVICEID='%s'" % device), 'second')

    def test_devices_without_a_certificate_go_on_as_before(self):
        self.assertEqual(self.ask('plain-2026-01-02-03-04-05'), 200)
        self.assertEqual(self.s.prolog('plain-2026-01-02-03-04-05').status, 200)

    def test_foreign_expired_and_revoked_certificates_end_the_handshake(self):
        expired, revoked = self.ca.issue('expired', days=-1), self.ca.issue('revoked')
        self.assertEqual(self.ask(OTHER, revoked), 200)
        name = 'muster_http_refused_total{reason="certificate_refused"}'
        before = metric(self.s, name)
        self.assertIsNone(self.ask(OTHER, self.foreign.issue('stranger')))
        self.assertIsNone(self.ask(OTHER, expired))
        self.assertEqual(metric(self.s, name), before + 2)
        self.put(self.client_ca, text_of(self.ca.file) + self.ca.revoke(revoked))
        try:
            wait_for('the list of revoked certificates', lambda: self.ask(OTHER, revoked) is None)
            self.assertEqual(self.ask('fresh-2026-01-02-03-04-05', self.ca.issue('fresh')), 200)
        finally:
            self.put(self.client_ca, text_of(self.ca.file))
            wait_for('the old list', lambda: self.ask(OTHER, revoked) == 200)

    def served(self):
        c = http.client.HTTPSConnection('localhost', self.s.https_port, timeout=30, context=self.context())
        c.connect()
        name = dict(x[0] for x in c.sock.getpeercert()['subject'])['commonName']
        c.close()
        return name

    def test_a_renewed_server_certificate_is_served_without_a_restart(self):
        pid = self.s.gateways[0]['pid']
        self.serve_as('server-two')
        wait_for('the new certificate', lambda: self.served() == 'server-two')
        with open(self.server_files[0], 'w') as f:
            f.write('no certificate\n')
        os.kill(pid, signal.SIGHUP)
        log = os.path.join(self.s.folder, 'log', 'gateway-1.log')
        wait_for('the complaint', lambda: 'tls_certificate_invalid' in text_of(log))
        self.assertEqual(self.served(), 'server-two', 'the old one stays')
        self.serve_as('server-three')
        wait_for('the third', lambda: self.served() == 'server-three')
        os.kill(pid, 0)


class TestRequired(unittest.TestCase):
    def test_nobody_without_a_certificate(self):
        folder = tempfile.mkdtemp(prefix='muster-required-')
        ca = Authority(folder, 'ours')
        with Muster(env={'MUSTER_GATEWAY_CLIENT_CA': ca.file, 'MUSTER_GATEWAY_CLIENT_REQUIRED': 'yes'}) as s:
            self.assertEqual(s.prolog(DEVICE).status, 403)
            self.assertEqual(s.prolog(DEVICE, url=s.https).status, 403)
            trust = ssl.create_default_context(cafile=s.certificate)
            trust.load_cert_chain(ca.issue('client'))
            c = http.client.HTTPSConnection('localhost', s.https_port, timeout=30, context=trust)
            c.request('POST', '/ocsinventory', body=zlib.compress(prolog(DEVICE).encode()), headers={'User-Agent': AGENT})
            self.assertEqual(c.getresponse().status, 200)
            c.close()
            self.assertEqual(refused(s, 'certificate_missing'), 2)
        run('rm', '-rf', folder)


if __name__ == '__main__':
    unittest.main()
