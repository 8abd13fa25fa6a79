"""Runs the tests of one library, by the module's name. The first failure ends it."""

import importlib
import sys

for test in importlib.import_module(sys.argv[1]).TESTS:
    test()
    print(f"ok {test.__name__}", flush=True)
