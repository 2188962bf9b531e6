"""Scenarios as files: settings, the operator's statements, requests, and what the reference server made of them.

The form of a file is described in tests/recordings/README.md.
"""
import base64
import dataclasses
import glob
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDINGS = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'recordings')

#: fields of a step that make it a request; without any of them it is work of the operator alone
REQUEST_FIELDS = ('xml', 'base64', 'method')
STEP_FIELDS = REQUEST_FIELDS + ('name', 'sql', 'charset', 'compress', 'agent', 'headers', 'path', 'https', 'from',
                                'chunked', 'length', 'state', 'check_headers', 'golden', 'select', 'why')
SCENARIO_FIELDS = ('name', 'about', 'settings', 'server', 'setup', 'cleanup', 'deliberate', 'start', 'steps')


class ScenarioFault(Exception):
    """A file that does not have the form that the player understands: an error, never skipped."""


@dataclasses.dataclass
class Step:
    name: str
    fields: dict

    def get(self, name, default=None):
        return self.fields.get(name, default)

    def has(self, name):
        return name in self.fields

    @property
    def is_request(self):
        return any(f in self.fields for f in REQUEST_FIELDS)

    @property
    def statements(self):
        return self.fields.get('sql', [])

    @property
    def changes_options(self):
        return any(' config ' in s for s in self.statements)

    @property
    def selects(self):
        """[(statement, rows of text)] of scenarios that were not recorded"""
        return self.fields.get('select', [])

    @property
    def expected(self):
        """Recorded: status, encoding, reply, headers; operator and changes are rows per table."""
        return self.fields['golden']

    @property
    def body(self):
        """The body before it is compressed; None: there is none."""
        if 'xml' in self.fields:
            return self.fields['xml'].encode(self.fields.get('charset', 'utf-8'), 'surrogatepass')
        return base64.b64decode(self.fields['base64']) if 'base64' in self.fields else None


@dataclasses.dataclass
class Scenario:
    name: str
    about: str
    settings: dict
    server: dict
    setup: list
    cleanup: list
    start: dict  #: None: replies and what the steps select are compared, not the whole state
    steps: list


def check_fields(where, found, known):
    unknown = sorted(set(found) - set(known))
    if unknown:
        raise ScenarioFault('%s: unknown fields %s' % (where, ', '.join(unknown)))


def load(path):
    with open(path, encoding='utf-8') as f:
        raw = json.load(f)
    name = os.path.basename(path)[:-len('.json')]
    check_fields(name, raw, SCENARIO_FIELDS)
    steps = []
    for number, fields in enumerate(raw['steps'], 1):
        where = '%s, step %d' % (name, number)
        check_fields(where, fields, STEP_FIELDS)
        if 'golden' not in fields or ('start' not in raw and not fields.get('why')):
            raise ScenarioFault(where + ': it does not say what is expected, or why')
        steps.append(Step(fields.get('name', str(number)), fields))
    return Scenario(name, raw.get('about', ''), baseline(raw.get('settings', {})), raw.get('server', {}),
                    raw.get('setup', []), raw.get('cleanup', []), raw.get('start'), steps)


def baseline(settings):
    """OCS's options for a scenario: every option that one may rely on has a value."""
    with open(os.path.join(RECORDINGS, 'baseline.json'), encoding='utf-8') as f:
        return dict(json.load(f), **settings)


def load_all(*folders):
    """All scenarios of the folders of tests/recordings, by name."""
    paths = [p for folder in folders for p in glob.glob(os.path.join(RECORDINGS, folder, '*.json'))]
    if not paths:
        raise ScenarioFault('no scenarios in ' + ', '.join(folders))
    return [load(p) for p in sorted(paths, key=os.path.basename)]
