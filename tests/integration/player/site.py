"""The Muster under test, as the player needs it: when everything accepted is written, when its caches are as old as the last change.

Nothing sleeps to synchronise: both are conditions of the services' own status.
"""
import http.client
import json
import os
import socket
import time

from harness import Muster, wait_for
from player.database import Database

REFRESH_MS = 10
#: OCS's options and tables are cached for some seconds otherwise; background jobs would meet the operator's statements
SETTINGS = {'MUSTER_GATEWAY_CONFIG_REFRESH': '%dms' % REFRESH_MS, 'MUSTER_WRITER_CONFIG_REFRESH': '%dms' % REFRESH_MS,
            'MUSTER_WRITER_COLUMNS_REFRESH': '%dms' % REFRESH_MS, 'MUSTER_WRITER_ASSETS_REFRESH': '%dms' % REFRESH_MS,
            'MUSTER_WRITER_JOBS_PERIOD': '1h'}
JOBS = {'MUSTER_WRITER_JOBS_PERIOD': '20ms'}
#: options of the reference server that stand in its file -> our settings
SERVER_OPTIONS = {'ACCEPT_TAG_UPDATE_FROM_CLIENT': ('MUSTER_WRITER_ACCEPT_TAG', 'MUSTER_GATEWAY_ACCEPT_TAG')}
OPTIONS_READ = 'muster_gateway_options_read_total'
JOBS_DONE = 'muster_writer_jobs_total{result="done"}'
JOBS_FAILED = 'muster_writer_jobs_total{result="failed"}'
#: after so many every job has begun and ended: the rarest that matter run every sixth time
JOBS_ROUND = 16
DRAIN_S = 60


class Admin(http.client.HTTPConnection):
    """A kept connection to a service's admin port."""

    def __init__(self, path):
        super().__init__('localhost', timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def status(self):
        self.request('GET', '/status')
        return json.loads(self.getresponse().read())


class Site:
    """One installation with `count` of every service; use it as a context manager."""

    def __init__(self, count=1, env=None):
        words = [w for kind in ('--gateways', '--parsers', '--writers') for w in (kind, str(count))]
        self.muster = Muster(*words, env=dict(SETTINGS, **(env or {})))
        self.turn = 0

    def __enter__(self):
        self.muster.start()
        self.gateways = [(Admin(g['admin']), *addresses(g)) for g in self.muster.gateways]
        self.writers = [Admin(s['admin']) for s in self.muster.state['services'] if s['service'] == 'writer']
        self.database = Database(os.path.join(self.muster.folder, 'run', 'db.sock'), self.muster.one('SELECT DATABASE()'))
        return self

    def __exit__(self, *why):
        try:
            self.database.close()
            for admin in [g[0] for g in self.gateways] + self.writers:
                admin.close()
        finally:
            self.muster.__exit__(*why)

    def next_gateway(self):
        """URLs of the gateway whose turn it is: requests go to all in turns, those of one device as well."""
        self.turn += 1
        return self.gateways[self.turn % len(self.gateways)][1:]

    def pending(self):
        return sum(admin.status()['spool']['pending'] for admin, _, _ in self.gateways)

    def drained(self):
        wait_for('everything accepted to be written', lambda: self.pending() == 0, DRAIN_S)

    def held(self):
        """How often writers put an upload back because the console holds its device."""
        return sum(w.status()['metrics']['muster_writer_held_total'] for w in self.writers)

    def tried_in_vain(self, held):
        """A writer tried since it had `held`, and the upload waits still."""
        wait_for('a writer to find the device held', lambda: self.held() > held)
        if self.pending() == 0:
            raise AssertionError('nothing waits although the console holds the device')

    def options_are_new(self):
        """After a change of the operator: every gateway has begun and ended a reading of the options since, and what writers keep
        is too old to be used (they look at its age with each batch)."""
        due = time.monotonic() + 2 * REFRESH_MS / 1000
        counts = [admin.status()['metrics'][OPTIONS_READ] for admin, _, _ in self.gateways]
        wait_for('gateways to read the options twice', lambda: time.monotonic() > due and all(
            admin.status()['metrics'][OPTIONS_READ] >= before + 2
            for before, (admin, _, _) in zip(counts, self.gateways)))

    def jobs_are_done(self):
        """Every background job has begun and ended since now."""
        def count():
            status = [w.status()['metrics'] for w in self.writers]
            return sum(m[JOBS_DONE] + m[JOBS_FAILED] for m in status)
        before = count()
        wait_for('all jobs to run', lambda: count() >= before + JOBS_ROUND)


def addresses(gateway):
    return ('http://%s/ocsinventory' % gateway['http'],
            'https://localhost:%s/ocsinventory' % gateway['https'].rsplit(':', 1)[1])
