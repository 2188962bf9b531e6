"""Starts the real thing for the integration tests: `muster up` on free loopback ports, with a private MariaDB.

Every test talks to it as an agent or an administrator would: HTTP in, SQL and `muster` commands out. Nothing sleeps to
synchronise: `drain()` returns when everything accepted is in the database, the rest waits for a condition with a deadline.
"""
import gzip
import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BIN = os.environ.get('MUSTER_TEST_BIN', os.path.join(TOP, 'build', 'release', 'bin'))
SHARED = os.environ.get('MUSTER_TEST_SHARED', os.path.join(os.path.dirname(TOP), 'shared'))
SCHEMA = os.environ.get('MUSTER_TEST_SCHEMA', '')
OPTIONS = 'MUSTER_TEST_DATABASE_OPTIONS'
AGENT = 'OCS-NG_unified_unix_agent_v2.10.0'


def have_shared():
    """The reference material that may stand beside the project; a bare clone has none."""
    return os.path.isdir(os.path.join(SHARED, 'corpus', 'inventories'))


def run(*words, check=True, timeout=120, env=None, **more):
    """Run a program to its end; its output is part of the error when it fails."""
    done = subprocess.run(list(words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                          env=env, text=True, errors='replace', stdin=subprocess.DEVNULL, **more)
    if check and done.returncode != 0:
        raise AssertionError('%s: exit status %d\n%s' % (' '.join(words), done.returncode, done.stdout))
    return done


def wait_for(what, condition, seconds=30):
    """Wait until condition() is true; its last value is returned."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError('waited %d s for: %s' % (seconds, what))
        time.sleep(0.01)


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.raw = status, headers, body

    @property
    def text(self):
        if self.raw[:2] == b'\x1f\x8b':
            return gzip.decompress(self.raw).decode()
        if self.raw[:1] == b'\x78':
            return zlib.decompress(self.raw).decode()
        return self.raw.decode()


def give_old_schema(folder):
    """The database of an older schema in a new data folder."""
    from private_mariadb import give_281
    if not os.path.exists(os.path.join(folder, 'db')):
        give_281(folder)


class Muster:
    """One installation in a folder of its own; use it as a context manager.

    Its database is a private one with our schema; with MUSTER_TEST_SCHEMA=2.8.1 it finds one there that OCS 2.8.1 made. Options of
    the private server are in MUSTER_TEST_DATABASE_OPTIONS, of the environment or of `env` or of both."""

    def __init__(self, *args, folder=None, keep=False, env=None):
        self.folder = folder or tempfile.mkdtemp(prefix='muster-')
        self.env = dict(os.environ, **(env or {}))
        self.env[OPTIONS] = ' '.join(e[OPTIONS] for e in (os.environ, env or {}) if OPTIONS in e)
        if SCHEMA and '--database' not in args:
            give_old_schema(self.folder)
        self.args, self.keep = args, keep
        self.up = False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            if not self.keep:
                shutil.rmtree(self.folder, ignore_errors=True)

    def muster(self, *words, check=True, timeout=120):
        return run(os.path.join(BIN, 'muster'), words[0], '--data', self.folder, *words[1:], check=check,
                   timeout=timeout, env=self.env)

    def start(self):
        done = self.muster('up', '--http', '0', '--https', '0', '--detach', *self.args, check=False)
        if done.returncode != 0:
            raise AssertionError('muster up: exit status %d\n%s\n%s' % (done.returncode, done.stdout, self.logs()))
        self.up = True
        self.said = done.stdout
        self.look(json.loads(self.muster('status', '--json').stdout))

    def look(self, state):
        """Where everything is: services get other ports when they start again."""
        self.state = state
        self.gateways = [s for s in self.state['services'] if s['service'] == 'gateway']
        self.http = 'http://%s/ocsinventory' % self.gateways[0]['http']
        self.https_port = int(self.gateways[0]['https'].rsplit(':', 1)[1])
        self.https = 'https://localhost:%d/ocsinventory' % self.https_port
        self.certificate = self.gateways[0]['certificate']

    def wait_ready(self, seconds=60):
        """Until all services say so in one answer, which is kept: a link may take some moments to notice that its other end died."""
        def ready():
            done = self.muster('status', '--json', check=False)
            return json.loads(done.stdout) if done.returncode == 0 else None
        self.look(wait_for('everything ready', ready, seconds))

    def stop(self):
        if self.up:
            self.up = False
            self.muster('down')

    def logs(self):
        out = []
        for root, _, names in os.walk(os.path.join(self.folder, 'log')):
            for name in sorted(names):
                with open(os.path.join(root, name), errors='replace') as f:
                    out += ['== ' + name] + f.read().splitlines()[-15:]
        return '\n'.join(out)

    def drain(self, seconds=60):
        self.muster('drain', '--timeout', str(seconds), timeout=seconds + 30)

    def sql(self, statement):
        """Rows of one statement, as lists of text (NULL is the text NULL)."""
        done = subprocess.run([os.path.join(BIN, 'muster'), 'sql', '--data', self.folder, '-e', statement],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace', timeout=60,
                              stdin=subprocess.DEVNULL)
        if done.returncode:
            raise AssertionError('SQL: %s\n%s' % (statement, done.stderr))
        lines = done.stdout.split('\n')[:-1]
        return [line.split('\t') for line in lines[1:]]

    def present(self, tables):
        """Those of the tables that the database has. With our own schema that is all of them; what an older one lacks is said."""
        there = {r[0] for r in self.sql('SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA=DATABASE()')}
        missing = [t for t in tables if t not in there]
        if missing and not SCHEMA:
            raise AssertionError('no table ' + ', '.join(missing))
        if missing:
            print('schema %s, not looked at: no table %s' % (SCHEMA, ', '.join(missing)))
        return [t for t in tables if t in there]

    def script(self, text):
        """Any number of statements, of any length."""
        done = subprocess.run([os.path.join(BIN, 'muster'), 'sql', '--data', self.folder], input=text.encode(),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        if done.returncode:
            raise AssertionError('SQL: %s\n%s' % (text[:1000], done.stdout.decode(errors='replace')))

    def metric(self, name):
        """Sum of a metric over all processes that have it and answer; a name without labels stands for all of them."""
        state = json.loads(self.muster('status', '--json', check=False).stdout)
        values = [value for service in state['services'] for key, value in (service.get('metrics') or {}).items()
                  if key == name or key.startswith(name + '{')]
        if not values:
            raise AssertionError('no such metric: ' + name)
        return sum(values)

    def one(self, statement):
        rows = self.sql(statement)
        if not rows:
            raise AssertionError('no row: ' + statement)
        return rows[0][0]

    def post(self, body, url=None, agent=AGENT, content_type='application/x-compress', coded=False, method='POST',
             headers=None, timeout=30):
        """Send a body (XML text or bytes; compressed with zlib unless `coded`) and return the Reply."""
        if isinstance(body, str):
            body = body.encode()
        data = body if coded or body is None else zlib.compress(body)
        url = urllib.parse.urlsplit(url or self.http)
        if url.scheme == 'https':
            trust = ssl.create_default_context(cafile=self.certificate)
            c = http.client.HTTPSConnection(url.hostname, url.port, timeout=timeout, context=trust)
        else:
            c = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)
        send = {'User-Agent': agent, 'Content-Type': content_type} if agent else {'Content-Type': content_type}
        send.update(headers or {})
        c.request(method, url.path, body=data, headers=send)
        r = c.getresponse()
        reply = Reply(r.status, {k.lower(): v for k, v in r.getheaders()}, r.read())
        c.close()
        return reply

    def prolog(self, deviceid, **more):
        return self.post(prolog(deviceid), **more)


def prolog(deviceid):
    return '<?xml version="1.0" encoding="UTF-8"?>\n<REQUEST><DEVICEID>%s</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>\n' % deviceid


def inventory(deviceid, content):
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<REQUEST><DEVICEID>%s</DEVICEID><CONTENT>%s</CONTENT>'
            '<QUERY>INVENTORY</QUERY></REQUEST>\n' % (deviceid, content))


def table(title, heads, rows):
    """Print a table for the log of the test run."""
    rows = [[str(c) for c in r] for r in rows]
    width = [max([len(h)] + [len(r[i]) for r in rows]) for i, h in enumerate(heads)]
    line = lambda r: '  '.join(c.ljust(w) for c, w in zip(r, width)).rstrip()
    print('\n'.join(['', title, line(heads), line(['-' * w for w in width])] + [line(r) for r in rows]))
    sys.stdout.flush()
