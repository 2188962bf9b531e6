"""Differences that are meant: tests/recordings/documented.json, each with the number of its entry in docs/compatibility.md.

A pattern is a shell pattern, alternatives separated by `|`; one that is missing matches all. Every entry must stand in the
documentation, and must occur: a documented difference that is none is an error, too. With `waits`, the step's upload is accepted and
not written before a later step.
"""
import fnmatch
import json
import os
import re

from harness import SCHEMA
from player.scenario import RECORDINGS, ScenarioFault, check_fields

TOP = os.path.dirname(os.path.dirname(RECORDINGS))
PATTERNS = ('scenario', 'step', 'table', 'column', 'expected', 'got')
FIELDS = PATTERNS + ('entry', 'reason', 'corpus', 'waits')


def table_rows(path):
    """First cells of the tables of a Markdown page."""
    with open(path, encoding='utf-8') as f:
        return {re.split(r'(?<!\\)\|', line)[1].strip() for line in f if line.startswith('|')}


def load_list(name):
    with open(os.path.join(RECORDINGS, name), encoding='utf-8') as f:
        entries = json.load(f)
    for entry in entries:
        check_fields('%s, %s' % (name, entry.get('entry', '?')), entry, FIELDS)
        for field in ('entry', 'reason', 'scenario'):
            if not entry.get(field):
                raise ScenarioFault('%s: an entry without %s: %r' % (name, field, entry))
    return entries


class Documented:
    def __init__(self, schema=SCHEMA):
        """@param schema  an older one than the recordings': its own list counts before the common one"""
        self.entries = load_list('documented-%s.json' % schema) if schema else []
        self.must_occur = len(self.entries)
        self.entries += load_list('documented.json')
        if not schema:  # what an older one does not have cannot differ there
            self.must_occur = len(self.entries)
        self.seen = [0] * len(self.entries)

    def find(self, scenario, step, difference):
        """The first entry that allows a difference; None: it is not documented."""
        facts = dict(difference._asdict(), scenario=scenario, step=step)
        for number, entry in enumerate(self.entries):
            if all(self.matches(facts[p], entry[p]) for p in PATTERNS if p in entry):
                self.seen[number] += 1
                return entry
        return None

    def waits(self, scenario, step):
        """Whether what is sent in this step is accepted and has to wait for the operator."""
        return any(entry.get('waits') and self.matches(scenario, entry['scenario']) and self.matches(step, entry['step'])
                   for entry in self.entries)

    @staticmethod
    def matches(value, pattern):
        return any(fnmatch.fnmatchcase(str(value), p) for p in pattern.split('|'))

    def never_seen(self, corpus=False):
        """Entries that had to occur and did not. Those that only the corpus of real documents can show are asked for apart."""
        return [e for e, n in zip(self.entries[:self.must_occur], self.seen) if n == 0 and bool(e.get('corpus')) == corpus]

    def not_in_documentation(self):
        page = table_rows(os.path.join(TOP, 'docs', 'compatibility.md'))
        return [e for e in self.entries if e['entry'] not in page]
