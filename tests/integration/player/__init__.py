"""Plays recorded scenarios against a running Muster and compares replies and database with what was recorded.

  scenario.py    reads the files of tests/recordings
  request.py     sends one request as an agent would
  site.py        the Muster under test: when all is written, when its caches are new
  database.py    one client of the database for the whole run
  state.py       what stands in the tables, independent of ids and of the time of day
  compare.py     what differs
  documented.py  which differences are documented
  play.py        all of it together
  crowd.py      many scenarios at the same time
  report.py     what is said about it
"""
