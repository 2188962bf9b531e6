"""faults.md 14 and 25: what a TLS port hears that is no handshake, or none that we take. Each is refused and counted with its reason,
costs no memory, and honest clients are served before, meanwhile and afterwards.
"""
import http.client
import os
import random
import re
import socket
import ssl
import struct
import subprocess
import tempfile
import unittest
import zlib

from harness import AGENT, Muster, prolog, run, table, wait_for
from hostile_watch import Watch
from test_access import Authority, text_of

REFUSED = 'muster_http_refused_total{reason="%s"}'
CLOSED = 'muster_http_closed_total{reason="%s"}'
COUNTERS = {'handshake': REFUSED % 'handshake', 'certificate_refused': REFUSED % 'certificate_refused', 'no_handshake': CLOSED % 'no_handshake'}
MUTATIONS = 150
GROWTH_MAX = 24  # MiB over all cases


def hello(**more):
    """The first bytes of a client: a ClientHello."""
    context = ssl.create_default_context()
    for name, value in more.items():
        setattr(context, name, value)
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        context.wrap_bio(into, out, server_hostname='localhost').do_handshake()
    except ssl.SSLWantReadError:
        pass
    return out.read()


def record(kind, body, version=0x0301):
    return struct.pack('!BHH', kind, version, len(body)) + body


GARBAGE = [
    ('plain HTTP', b'POST /ocsinventory HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n', 'handshake'),
    ('noise', bytes(random.Random(1).randrange(256) for _ in range(4000)), 'handshake'),
    ('NULs', bytes(4000), 'handshake'),
    ('SSL 2', b'\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80\x02\x00\x80\x03\x00\x80\x04\x00\x80\x05\x00\x80' + bytes(22), 'handshake'),
    ('SSL 3', record(22, b'\x01\x00\x00\x2b\x03\x00' + bytes(32) + b'\x00\x00\x04\x00\x2f\x00\x0a\x01\x00', 0x0300), 'handshake'),
    ('a record of 64 KiB', struct.pack('!BHH', 22, 0x0301, 0xffff) + bytes(0xffff), 'handshake'),
    ('a hello of 16 MiB', record(22, b'\x01\xff\xff\xff\x03\x03' + bytes(16000)) + record(22, bytes(16000)) * 3, 'handshake'),
    ('an empty hello', record(22, b'\x01\x00\x00\x00'), 'handshake'),
    ('a heartbeat first', record(24, b'\x01\x40\x00'), 'handshake'),
    ('data first', record(23, bytes(100)), 'handshake'),
    ('an alert first', record(21, b'\x02\x28'), 'handshake'),
    ('an HTTP/2 preface', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'handshake'),
    ('half a hello, and silence', hello()[:100], 'no_handshake'),
    ('silence', b'', 'no_handshake'),
]


class TestTls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix='muster-tls-')
        cls.ca, cls.foreign = Authority(cls.folder, 'ours'), Authority(cls.folder, 'foreign')
        cls.good, cls.revoked = cls.ca.issue('good'), cls.ca.issue('revoked')
        cls.client_ca = os.path.join(cls.folder, 'client-ca')
        with open(cls.client_ca, 'w') as f:
            f.write(text_of(cls.ca.file) + cls.ca.revoke(cls.revoked))
        cls.s = Muster(env={'MUSTER_GATEWAY_CLIENT_CA': cls.client_ca, 'MUSTER_GATEWAY_HANDSHAKE_TIME': '2s'})
        cls.s.start()
        cls.watch = Watch(cls.s)
        cls.honest(cls.good)
        cls.calm = cls.watch.high_water(cls.watch.pids['gateway-1'])

    @classmethod
    def tearDownClass(cls):
        cls.s.__exit__()
        run('rm', '-rf', cls.folder)

    def setUp(self):
        self.rows, self.standing = [], self.counters()

    def tearDown(self):
        if self.rows:
            table(self.id().rsplit('.', 1)[1], ['case', 'what', 'expected', 'seen'], self.rows)
        self.assertTrue(self.watch.alive())
        peak = self.watch.high_water(self.watch.pids['gateway-1'])
        self.assertLess(peak - self.calm, GROWTH_MAX, 'MiB')
        self.assertEqual([r for r in self.rows if r[2] != r[3]], [])

    @classmethod
    def context(cls, client=None, **more):
        context = ssl.create_default_context(cafile=cls.s.certificate)
        for name, value in more.items():
            setattr(context, name, value)
        if client:
            context.load_cert_chain(client)
        return context

    @classmethod
    def honest(cls, client=None, **more):
        """-> status of a PROLOG over TLS, or None when there was no handshake."""
        c = http.client.HTTPSConnection('localhost', cls.s.https_port, timeout=30, context=cls.context(client, **more))
        try:
            c.request('POST', '/ocsinventory', body=zlib.compress(prolog('tls-2026-01-02-03-04-05').encode()), headers={'User-Agent': AGENT})
            return c.getresponse().status
        except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
            return None
        finally:
            c.close()

    def counters(self):
        all_of = self.watch.counters()
        return {short: all_of[name] for short, name in COUNTERS.items()}

    def rose(self, count):
        """What has been counted since the last call, as soon as it is `count` in all."""
        def enough():
            now = self.counters()
            return sum(now.values()) - sum(self.standing.values()) >= count and now
        now = wait_for('%d refusals to be counted' % count, enough)
        out = {short: n - self.standing[short] for short, n in now.items() if n != self.standing[short]}
        self.standing = now
        return out

    def note(self, what, expected):
        rose = self.rose(1)
        self.assertEqual(self.honest(self.good), 200, 'behind ' + what)
        self.rows.append(['25', what, '1 ' + expected, ', '.join('%d %s' % (n, k) for k, n in rose.items())])

    def throw(self, data, half=False):
        """Send and wait for the end, which the server makes."""
        c = socket.create_connection(('127.0.0.1', self.s.https_port), timeout=20)
        try:
            c.sendall(data)
            if half:
                c.shutdown(socket.SHUT_WR)
            while c.recv(1 << 16):
                pass
        except ConnectionError:
            pass
        finally:
            c.close()

    def test_what_is_no_hello(self):
        for what, data, expected in GARBAGE:
            self.throw(data)
            self.note(what, expected)

    def test_a_hello_with_a_wrong_byte_somewhere(self):
        """Refused, or answered and then given up by the client: counted once in any case."""
        random_of, good = random.Random(7), hello()
        for _ in range(MUTATIONS):
            wrong = bytearray(good)
            for _ in range(random_of.randrange(1, 6)):
                wrong[random_of.randrange(len(wrong))] = random_of.randrange(256)
            self.throw(bytes(wrong), half=True)
        rose = self.rose(MUTATIONS)
        self.assertEqual(self.honest(self.good), 200)
        self.rows.append(['25', '%d hellos with wrong bytes' % MUTATIONS, MUTATIONS, sum(rose.values())])
        self.assertGreater(rose.get('handshake', 0), MUTATIONS // 4, rose)

    def test_old_versions(self):
        for what, version in (('TLS 1.0', ssl.TLSVersion.TLSv1), ('TLS 1.1', ssl.TLSVersion.TLSv1_1)):
            context = self.context(self.good)
            context.set_ciphers('ALL:@SECLEVEL=0')  # so that it is the server that refuses
            context.minimum_version = context.maximum_version = version
            with self.assertRaises(ssl.SSLError):
                context.wrap_socket(socket.create_connection(('127.0.0.1', self.s.https_port)), server_hostname='localhost')
            self.note(what, 'handshake')
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assertEqual(self.honest(self.good, minimum_version=version, maximum_version=version), 200)

    def test_http2_is_not_offered(self):
        for offered, chosen in ((['h2', 'http/1.1'], 'http/1.1'), (['h2'], None)):
            context = self.context(self.good)
            context.set_alpn_protocols(offered)
            with context.wrap_socket(socket.create_connection(('127.0.0.1', self.s.https_port)), server_hostname='localhost') as c:
                self.rows.append(['14', 'ALPN ' + ' '.join(offered), chosen, c.selected_alpn_protocol()])
                c.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' + b'\0\0\0\4\0\0\0\0\0' + b'\0\0\4\3\0\0\0\0\1\0\0\0\x08' * 1000)
                said = b''
                try:
                    while got := c.recv(1 << 16):
                        said += got
                except (ConnectionError, ssl.SSLError):
                    pass
                self.assertTrue(said == b'' or said.startswith(b'HTTP/1.1 400'), said[:100])
        self.assertEqual(self.honest(self.good), 200)

    def test_certificates_of_clients(self):
        expired = self.ca.issue('expired', days=-1)
        huge = os.path.join(self.folder, 'huge')
        with open(huge, 'w') as f:
            f.write(text_of(self.good) + text_of(self.foreign.file) * 400)
        self.assertGreater(os.path.getsize(huge), 200000)
        for what, client, expected in (('expired', expired, 'certificate_refused'), ('revoked', self.revoked, 'certificate_refused'),
                                       ('of a foreign authority', self.foreign.issue('stranger'), 'certificate_refused'),
                                       ('a chain of 400', huge, 'handshake')):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                self.assertIsNone(self.honest(client, maximum_version=version), what)
                self.note('%s, %s' % (what, version.name), expected)
        self.assertEqual(self.honest(), 200, 'without a certificate')

    def test_another_handshake_inside_the_first(self):
        """What a client could use to make a server work for nothing: TLS 1.2 lets it ask as often as it likes."""
        words = ['openssl', 's_client', '-tls1_2', '-connect', '127.0.0.1:%d' % self.s.https_port, '-CAfile', self.s.certificate]
        out = b''
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as c:
            while b'Extended master secret' not in out:
                got = os.read(c.stdout.fileno(), 1 << 16)
                self.assertTrue(got, out)
                out += got
            c.stdin.write(b'R\n')
            c.stdin.flush()
            out += c.stdout.read()
        self.assertRegex(out.decode(errors='replace'), re.compile('RENEGOTIATING.*(no renegotiation|error|closed)', re.S | re.I))
        self.note('renegotiation', 'handshake')


if __name__ == '__main__':
    unittest.main()
