"""The real agents of Debian against a real server: OCS's own for Unix and FusionInventory's, over HTTP and HTTPS."""
import os
import shutil
import tempfile
import unittest

from harness import Muster, run, table, wait_for

server = None


def setUpModule():
    global server
    server = Muster()
    server.start()


def tearDownModule():
    server.__exit__()


def installed_packages():
    """Packages that `dpkg -l` shows as installed."""
    return sum(line.startswith('ii') for line in run('dpkg', '-l').stdout.splitlines())


def rows_of(device):
    """Everything the database has about a device but times, as {table: sorted rows}."""
    number = server.one("SELECT ID FROM hardware WHERE DEVICEID='%s'" % device)
    tables = [r[0] for r in server.sql("SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema=DATABASE() "
                                       "AND column_name='HARDWARE_ID' AND table_name NOT LIKE 'muster%'")]
    state = {t: sorted(server.sql('SELECT * FROM `%s` WHERE HARDWARE_ID=%s' % (t, number))) for t in tables}
    return {t: r for t, r in state.items() if r}


def changed_rows(before, after):
    return {t: ([r for r in before.get(t, []) if r not in after.get(t, [])],
                [r for r in after.get(t, []) if r not in before.get(t, [])])
            for t in set(before) | set(after) if before.get(t) != after.get(t)}


class AgentCase:
    """What every agent must see; a subclass says how to run one."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='muster-agent-')
        self.addCleanup(shutil.rmtree, self.folder)
        server.sql("UPDATE config SET IVALUE=0 WHERE NAME='FREQUENCY'")

    def device(self):
        return server.one("SELECT h.DEVICEID FROM hardware h JOIN accountinfo a ON a.HARDWARE_ID=h.ID WHERE a.TAG IN ('%s')"
                          % "','".join(self.tags))

    def test_inventory_arrives_and_a_second_one_changes_only_what_changed(self):
        self.run_agent()
        server.drain()
        device = self.device()
        software = int(server.one("SELECT COUNT(*) FROM software s JOIN hardware h ON h.ID=s.HARDWARE_ID WHERE h.DEVICEID='%s'" % device))
        table('%s: software in the database and on the machine' % type(self).__name__,
              ['software rows', 'dpkg -l'], [[software, installed_packages()]])
        self.assertEqual(software, installed_packages())

        before = rows_of(device)
        date = server.one("SELECT LASTDATE FROM hardware WHERE DEVICEID='%s'" % device)
        self.run_agent()
        server.drain()
        changes = changed_rows(before, rows_of(device))
        for name, (gone, new) in sorted(changes.items()):
            print('really changed between two runs: %s -%d +%d' % (name, len(gone), len(new)))
        unexpected = set(changes) - set(self.may_change)
        self.assertEqual(unexpected, set(), {t: changes[t] for t in unexpected})
        self.assertGreater(server.one("SELECT LASTDATE FROM hardware WHERE DEVICEID='%s'" % device), date)
        self.assertEqual(server.one("SELECT COUNT(*) FROM hardware WHERE DEVICEID='%s'" % device), '1')

    def test_prolog_says_stop_when_frequency_says_so(self):
        self.run_agent()
        server.drain()
        server.sql("UPDATE config SET IVALUE=1 WHERE NAME='FREQUENCY'")
        reply = self.prolog_reply()
        self.assertIn('<RESPONSE>STOP</RESPONSE>', reply)
        server.sql("UPDATE config SET IVALUE=0 WHERE NAME='FREQUENCY'")
        reply = self.prolog_reply()
        self.assertIn('<RESPONSE>SEND</RESPONSE>', reply)

    def prolog_reply(self):
        """The answer once the gateway has read the option that was just changed (it refreshes every few seconds)."""
        want = 'STOP' if server.one("SELECT IVALUE FROM config WHERE NAME='FREQUENCY'") == '1' else 'SEND'
        return wait_for('PROLOG says ' + want,
                        lambda: next((t for t in [server.prolog(self.device()).text] if want in t), None), 20)


class OcsAgent(AgentCase):
    tag = 'ocs-http'
    tags = property(lambda self: [self.tag])  # each run with a folder of its own is a new device
    #: sections in which a machine differs from one second to the next (free space, frequency of a CPU ...)
    may_change = ['drives', 'cpus', 'memories']
    url, extra = property(lambda self: server.http), []

    def run_agent(self):
        os.makedirs(os.path.join(self.folder, 'var'), exist_ok=True)
        return run('ocsinventory-agent', '--server=' + self.url, '--tag=' + self.tag,
                   '--basevardir=' + os.path.join(self.folder, 'var'), '--local=0', '--force', '--debug',
                   *self.extra, timeout=300)


class TestOcsAgentOverHttp(OcsAgent, unittest.TestCase):
    pass


class TestOcsAgentOverHttps(OcsAgent, unittest.TestCase):
    tag = 'ocs-https'
    url = property(lambda self: server.https)
    extra = property(lambda self: ['--ssl=1', '--ca=' + server.certificate])

    def test_wrong_certificate_authority_is_noticed(self):
        """The same run with another CA file must fail: otherwise the test above proves nothing."""
        run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=other',
            '-keyout', self.folder + '/k.pem', '-out', self.folder + '/other.pem', '-days', '2')
        done = run('ocsinventory-agent', '--server=' + self.url, '--tag=never', '--basevardir=' + self.folder, '--local=0', '--force',
                   '--ssl=1', '--ca=' + self.folder + '/other.pem', check=False, timeout=300)
        self.assertNotEqual(done.returncode, 0)


class FusionAgent(AgentCase):
    tag = 'fusion-http'
    tags = ['fusion-http', 'fusion-https']  # it keeps its DEVICEID in a system folder, and the server the first TAG
    may_change = ['drives', 'cpus', 'memories']
    url, extra = property(lambda self: server.http), []

    def run_agent(self):
        settings = os.path.join(self.folder, 'agent.cfg')  # an empty one: nothing of the machine's own settings
        with open(settings, 'w'):
            pass
        done = run('fusioninventory-agent', '--server=' + self.url, '--tag=' + self.tag, '--force', '--no-httpd',
                   '--tasks=Inventory', '--conf-file=' + settings, '--logger=stderr', '--debug', *self.extra, timeout=300)
        self.assertNotRegex(done.stdout, r'\[error\]', done.stdout)


class TestFusionInventoryOverHttp(FusionAgent, unittest.TestCase):
    pass


class TestFusionInventoryOverHttps(FusionAgent, unittest.TestCase):
    tag = 'fusion-https'
    url = property(lambda self: server.https)
    extra = property(lambda self: ['--ca-cert-file=' + server.certificate])


if __name__ == '__main__':
    unittest.main()
