"""The test suites of other libraries, run against this engine: see suites.py."""
