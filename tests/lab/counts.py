"""Prints "passed failed skipped" of a junit report of pytest, for tests/run."""

import sys
import xml.etree.ElementTree as tree

suites = list(tree.parse(sys.argv[1]).getroot().iter("testsuite"))
total, failures, errors, skipped = (sum(int(suite.get(name, 0)) for suite in suites)
                                    for name in ("tests", "failures", "errors", "skipped"))
print(total - failures - errors - skipped, failures + errors, skipped)
