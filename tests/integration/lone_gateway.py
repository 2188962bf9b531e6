"""A gateway alone, without parsers and without a database: what it accepts stays in its spool. And `muster spool`, to look there."""
import http.client
import os
import random
import shutil
import socket
import subprocess
import tempfile
import zlib

from harness import AGENT, BIN, inventory, run, wait_for


def content(number, size=0):
    """Not compressible beyond its half, so that `size` is what the spool has to take."""
    noise = random.Random(number).randbytes(size // 2).hex()
    return '<HARDWARE><NAME>pc%d</NAME></HARDWARE><BIOS><SSN>%s</SSN></BIOS>' % (number, noise)


class Gateway:
    """A gateway alone: nobody takes what it accepts. The database is away."""

    def __init__(self, spool, **settings):
        self.folder = tempfile.mkdtemp(prefix='muster-gateway-')
        self.spool = spool
        self.env = dict(os.environ, MUSTER_GATEWAY_HTTP='127.0.0.1:0', MUSTER_GATEWAY_SPOOL_DIR=spool,
                        MUSTER_GATEWAY_TLS_FOLDER=self.folder, MUSTER_GATEWAY_BIND='ipc://%s/link' % self.folder,
                        MUSTER_ADMIN='unix:%s/admin' % self.folder, MUSTER_GATEWAY_DRAIN_TIME='1s',
                        MUSTER_DATABASE='mysql://nobody@localhost/none?socket=%s/none' % self.folder,
                        MUSTER_GATEWAY_BODY_MAX='512KiB', MUSTER_GATEWAY_SPOOL_QUEUE='1MiB', **settings)
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, seconds=30):
        log = os.path.join(self.folder, 'log')
        with open(log, 'ab') as to:
            before = to.tell()
            self.process = subprocess.Popen([os.path.join(BIN, 'muster-gateway')], env=self.env, stdout=to, stderr=to)

        def listening():
            if self.process.poll() is not None:
                with open(log) as f:
                    raise AssertionError(f.read())
            with open(log) as f:
                f.seek(before)
                said = [line for line in f if 'event=listening' in line]
            return said and said[0].split(' http=')[1].split()[0]
        self.address = wait_for('the gateway listens', listening, seconds).strip('"')

    def refused(self):
        """Exit status and words of one that cannot start."""
        done = subprocess.run([os.path.join(BIN, 'muster-gateway')], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        return done.returncode, done.stdout

    def log(self):
        with open(os.path.join(self.folder, 'log')) as f:
            return f.read()

    def page(self, path):
        """Status and text of a page of the admin port."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(os.path.join(self.folder, 'admin'))
            s.sendall(b'GET %s HTTP/1.0\r\nHost: admin\r\n\r\n' % path.encode())
            raw = b''.join(iter(lambda: s.recv(65536), b'')).decode()
        return int(raw.split()[1]), raw.partition('\r\n\r\n')[2]

    def metric(self, name):
        """A sample by its whole name."""
        return next(float(line.split()[-1]) for line in self.page('/metrics')[1].splitlines() if line.startswith(name + ' '))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        if self.process.wait(30) not in (0, 75):
            raise AssertionError('exit status %d' % self.process.returncode)

    def post(self, device, body, timeout=10):
        """Status and Retry-After; (0, '') when there was no answer."""
        try:
            c = http.client.HTTPConnection(self.address, timeout=timeout)
            c.request('POST', '/ocsinventory', body=zlib.compress(inventory(device, body).encode(), 1),
                      headers={'User-Agent': AGENT, 'Content-Type': 'application/x-compress'})
            r = c.getresponse()
            r.read()
            c.close()
            return r.status, r.getheader('Retry-After') or ''
        except (OSError, http.client.HTTPException):
            return 0, ''


def device(number):
    return 'spool%06d-2026-01-02-03-04-05' % number


def tool(*words, check=True):
    return run(os.path.join(BIN, 'muster'), 'spool', *words, check=check)


def rows(where, spool):
    """Lines of `muster spool list` of one kind, as words."""
    return [line.split() for line in tool('list', '--spool', spool, '--limit', '1000000').stdout.splitlines()
            if line.startswith(where)]


def devices_in(spool):
    """DEVICEIDs of all pending uploads, out of their bodies."""
    found = []
    for row in rows('pending', spool):
        done = subprocess.run([os.path.join(BIN, 'muster'), 'spool', 'show', row[1], '--spool', spool],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
        found.append(done.stdout.split('<DEVICEID>')[1].split('<')[0])
    return found
