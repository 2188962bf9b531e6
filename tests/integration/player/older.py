"""Recordings against a database of an older schema (MUSTER_TEST_SCHEMA): what it has is compared, the rest is named.

The recordings are of schema 7081. A table or a column of theirs that the database does not have is left out of what is expected, and a
scenario whose operator uses one is left out as a whole; a run says all of them. With our own schema nothing may be missing: there
everything is compared, and an operator's statement that fails is an error.
"""
import collections

from harness import SCHEMA, table
from player.state import output_name

#: what a schema is known to lack of what the recordings have: anything else that is missing is a fault
LACKS = {'2.8.1': '''batteries.CYCLES batteries.DESCRIPTION batteries.ESTIMATEDCHARGEREMAINING batteries.STATUS local_groups local_users
 netmap.DEVICE snmp_accountinfo snmp_default software.ARCHITECTURE software_categories_link software_version.MAJOR
 software_version.MINOR software_version.PATCH software_version.PRETTYVERSION'''.split()}
#: scenarios whose operator uses what a schema lacks
NOT_PLAYED = {'2.8.1': ['090-software-versions', '127-snmp-option', '130-snmp-configured-type', '205-snmp-switches', '211-snmp-types']}

#: no such column, no such table
ABSENT = ('ERROR 1054 ', 'ERROR 1146 ')


class Present:
    """What a database has of what is expected."""

    def __init__(self, schema=SCHEMA):
        self.schema, self.whole = schema, not schema
        self.missing = collections.Counter()  #: table or table.column -> expected rows that have it
        self.scenarios = []  #: [name, why] of those left out

    def look(self, tables):
        """@param tables  {table: columns that are compared}"""
        self.names = {t: {output_name(t, c) for c in columns} for t, columns in tables.items()}

    def of(self, state):
        """A state without what the database does not have."""
        if self.whole:
            return state
        out = {}
        for name, rows in state.items():
            if name in self.names:
                out[name] = [self.row(name, row) for row in rows]
            else:
                self.missing[name] += len(rows)
        return out

    def row(self, name, row):
        for column in row.keys() - self.names[name]:
            self.missing['%s.%s' % (name, column)] += 1
        return {c: v for c, v in row.items() if c in self.names[name]}

    def left_out(self, scenario, fault):
        """Whether a statement failed because of what the database does not have."""
        if self.whole or not str(fault).startswith(ABSENT):
            return False
        self.scenarios.append([scenario, str(fault).splitlines()[0]])
        return True

    def surprises(self):
        """What is missing although this schema is not known to lack it."""
        return sorted(self.missing.keys() - set(LACKS.get(self.schema, []))) + [
            why for name, why in self.scenarios if name not in NOT_PLAYED.get(self.schema, [])]

    def show(self):
        if self.whole:
            return
        table('Schema %s: not compared, it is not there' % self.schema, ['table or column', 'rows that have it'], sorted(self.missing.items()))
        table('Scenarios left out', ['scenario', 'why'], self.scenarios)
