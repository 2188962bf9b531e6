"""`muster why`: what it says of a device that is well, refused, in quarantine, adjusted, locked, unknown; OCS's activity.log."""
import json
import os
import re
import signal
import unittest

from harness import AGENT, Muster, inventory, wait_for

HARDWARE = '<HARDWARE><NAME>%s</NAME></HARDWARE>'


def device(name):
    return name + '-2026-01-02-03-04-05'


class TestWhy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = Muster()
        cls.activity = os.path.join(cls.s.folder, 'activity.log')
        cls.s.env['MUSTER_GATEWAY_ACTIVITY_LOG'] = cls.activity
        cls.s.start()

    @classmethod
    def tearDownClass(cls):
        cls.s.__exit__()

    def why(self, name, status=0):
        done = self.s.muster('why', '--json', name, check=False)
        self.assertEqual(done.returncode, status, done.stdout)
        return json.loads(done.stdout)

    def send(self, name, content, want=200):
        self.assertEqual(self.s.post(inventory(name, content)).status, want)

    def event(self, told, text):
        """The one event of that name."""
        found = [e for e in told['events'] if e['event'] == text]
        self.assertEqual(len(found), 1, '%s in %s' % (text, json.dumps(told['events'], indent=1)))
        return found[0]

    def test_a_device_that_is_well(self):
        name = device('well')
        self.s.prolog(name)
        self.send(name, HARDWARE % 'well')
        self.s.drain()
        told = self.why(name)
        contact, stored, written = (self.event(told, e) for e in ('contact', 'upload stored', 'upload written'))
        self.assertEqual((contact['phase'], contact['response'], contact['agent']), ('prolog', 'SEND', AGENT))
        self.assertEqual((stored['phase'], stored['by']), ('inventory', 'gateway-1'))
        self.assertEqual((written['phase'], written['result'], written['upload']), ('write', 'new', stored['upload']))
        self.assertEqual(told['database']['address'], '127.0.0.1')
        self.assertIn(stored['upload'], told['database']['newest_upload'])
        self.assertEqual((told['quarantine'], told['waiting'], told['reasons'], told['silent']), ([], [], {}, []))
        times = [e['time'] for e in told['events']]
        self.assertEqual(times, sorted(times))

    def test_a_device_that_is_refused(self):
        name = 'refused-without-a-date'
        self.send(name, HARDWARE % 'x', 400)
        told = self.why(name)
        refused = self.event(told, 'refused')
        self.assertEqual((refused['reason'], refused['phase'], refused['status']), ('deviceid_bad', 'envelope', 400))
        self.assertEqual((refused['from'], refused['agent']), ('127.0.0.1', AGENT))
        self.assertIn('name-YYYY', told['reasons']['deviceid_bad']['remedy'])

    def test_a_device_in_quarantine(self):
        name = device('poison')
        self.send(name, '<HARDWARE><NAME>&nosuch;</NAME></HARDWARE>')
        told = wait_for('the quarantine', lambda: next((t for t in [self.why(name)] if t['quarantine']), None))
        self.assertEqual(told['quarantine'][0]['reason'], 'xml_not_well_formed')
        self.assertTrue(os.path.exists(told['quarantine'][0]['file']))
        told = wait_for('the event', lambda: next((t for t in [self.why(name)] if 'upload in quarantine' in json.dumps(t)), None))
        self.assertEqual(self.event(told, 'upload refused')['by'], 'parser-1')
        self.assertEqual(self.event(told, 'upload in quarantine')['by'], 'gateway-1')
        self.assertIn('remedy', told['reasons']['xml_not_well_formed'])
        text = self.s.muster('why', name).stdout
        self.assertIn('in quarantine: inventory', text)
        self.assertIn('WHAT TO DO', text)

    def test_a_device_whose_values_are_adjusted(self):
        name = device('adjusted')
        self.send(name, HARDWARE % ('x' * 300))
        self.send(name, HARDWARE % 'a&#1;b')
        self.s.drain()
        told = self.why(name)
        adjusted = self.event(told, 'values adjusted')
        self.assertEqual((adjusted['reason'], adjusted['count'], adjusted['first_column']), ('values_adjusted', 1, 'NAME'))
        repaired = self.event(told, 'text repaired')
        self.assertEqual((repaired['reason'], repaired['phase'], repaired['agent']), ('text_repaired', 'parse', AGENT))
        self.assertEqual(set(told['reasons']), {'values_adjusted', 'text_repaired'})

    def test_a_device_whose_inventory_names_another_one(self):
        name = device('outside')
        self.send(name, HARDWARE % 'x' + '<DEVICEID>%s</DEVICEID>' % device('inside'))
        self.s.drain()
        told = self.why(name)
        other = self.event(told, 'another DEVICEID inside')
        self.assertEqual((other['reason'], other['inside'], other['agent']), ('deviceid_inside', device('inside'), AGENT))
        self.assertEqual(self.s.one("SELECT COUNT(*) FROM hardware WHERE DEVICEID='%s'" % device('inside')), '0')

    def test_a_device_that_the_console_holds(self):
        name = device('locked')
        self.send(name, HARDWARE % 'locked')
        self.s.drain()
        computer = self.s.one("SELECT ID FROM hardware WHERE DEVICEID='%s'" % name)
        self.s.sql('INSERT INTO locks (HARDWARE_ID,ID,SINCE) VALUES (%s,1,NOW())' % computer)
        self.send(name, HARDWARE % 'again')
        told = wait_for('the lock', lambda: next((t for t in [self.why(name)] if 'device_locked' in t['reasons']), None))
        self.assertTrue(told['database']['locked_since'])
        self.assertEqual(told['waiting'][0]['gateway'], 'gateway-1')
        self.s.sql('DELETE FROM locks WHERE HARDWARE_ID=%s' % computer)
        self.s.drain()

    def test_a_device_that_nobody_knows(self):
        told = self.why(device('nobody'), 1)
        self.assertEqual((told['events'], told['database'], told['quarantine']), ([], {}, []))

    def test_requests_without_a_device_are_found_by_the_address(self):
        name = device('address')
        self.send(name, HARDWARE % 'address')
        self.s.drain()
        self.assertEqual(self.s.post(b'\x78\x9c broken', coded=True).status, 400)
        told = self.why(name)
        self.assertIn('inflate_broken', told['reasons'])

    def test_the_files_remember_what_a_service_has_forgotten(self):
        name = 'file-without-a-date'
        self.send(name, HARDWARE % 'x', 400)
        pid = self.s.gateways[0]['pid']
        os.kill(pid, signal.SIGTERM)

        def gateways():
            """Those of one look: a moment later a service may find that its old connection is gone."""
            told = json.loads(self.s.muster('status', '--json', check=False).stdout)
            found = [g for g in told['services'] if g['service'] == 'gateway']
            return found if told['ready'] and found[0]['pid'] not in (0, pid) else None
        self.__class__.s.gateways = wait_for('another gateway', gateways, 60)
        self.s.http = 'http://%s/ocsinventory' % self.s.gateways[0]['http']
        self.assertEqual(self.event(self.why(name), 'refused')['reason'], 'deviceid_bad')

    def lines(self):
        with open(self.activity) as f:
            return f.read().split('\n')[:-1]

    def test_activity_log_has_ocs_lines_and_is_opened_again(self):
        name = device('active')
        self.s.prolog(name)
        self.send(name, HARDWARE % 'active')
        self.s.post(inventory('bad;name', HARDWARE % 'x'), agent='evil;agent')
        mine = [l for l in self.lines() if name in l]
        line = re.compile(r'^\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4};(\d+);(\d+);([^;]*);127\.0\.0\.1;([^;]*);(\w+);([^;]*)$')
        parts = [line.match(l).groups() for l in mine]
        self.assertEqual([(p[1], p[4], p[5]) for p in parts], [
            ('103', 'prolog', 'new_deviceid'), ('100', 'prolog', 'accepted'), ('104', 'inventory', 'incoming'), ('101', 'inventory', 'transmitted')])
        self.assertEqual({p[3] for p in parts}, {AGENT})
        bad = line.match(next(l for l in self.lines() if 'Bad deviceid' in l and 'bad' in l.split(';')[3]))
        self.assertEqual(bad.group(2, 3, 4), ('502', 'bad?name', 'Invalid_agent'))
        os.rename(self.activity, self.activity + '.1')
        os.kill(self.s.gateways[0]['pid'], signal.SIGHUP)
        wait_for('the new file', lambda: os.path.exists(self.activity))
        self.s.prolog(name)
        self.assertTrue([l for l in self.lines() if name in l])


if __name__ == '__main__':
    unittest.main()
