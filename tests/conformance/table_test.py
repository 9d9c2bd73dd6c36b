#!/usr/bin/env python3
"""Tests of table.py: what counts as a citation, and that each kind of fault is found."""
import unittest

from table import BEGIN, END, Catalogue, cited, problems, table

MODULES = ["LOCK", "AGEN", "TASK"]


def ids(text):
    return sorted("%s-%s" % each for each in cited(text, MODULES))


def faults(catalogue, tests, readme=None):
    catalogue = Catalogue(catalogue)
    if readme is None:
        readme = BEGIN + table(catalogue, tests) + END
    return list(problems(catalogue, tests, readme))


class Citations(unittest.TestCase):
    def test_names_of_cases(self):
        self.assertEqual(ids("BOOST_AUTO_TEST_CASE(LOCK_007_it_works) {"), ["LOCK-007"])
        self.assertEqual(ids("CASE(LOCK_007_008_x) CASE(LOCK_009_TASK_001_y)"),
                         ["LOCK-007", "LOCK-008", "LOCK-009", "TASK-001"])

    def test_comments(self):
        self.assertEqual(ids("// LOCK-007"), ["LOCK-007"])
        self.assertEqual(ids("// AGEN-001, 002 and TASK-003, and 004"), ["AGEN-001", "AGEN-002", "TASK-003", "TASK-004"])
        self.assertEqual(ids("// TASK-001 to 003, 007"), ["TASK-001", "TASK-002", "TASK-003", "TASK-007"])
        self.assertEqual(ids("// TASK-001,\n    // 002: both\n# and LOCK-001"), ["LOCK-001", "TASK-001", "TASK-002"])

    def test_what_is_none(self):
        self.assertEqual(ids("UNLOCK_007_x LOCK_07_x LOCK-0071 lock_007 TASK-001 in 300 ms"), ["TASK-001"])


class Faults(unittest.TestCase):
    def test_none(self):
        self.assertEqual(faults("LOCK-001\nLOCK-002 n/a: no such thing\nLOCK-003 not yet: later\nTASK not yet: x\nTASK-001",
                                {("LOCK", "001")}), [])

    def test_an_id_without_a_test(self):
        self.assertIn("LOCK-001 has no test", faults("LOCK-001", set())[0])

    def test_an_unknown_id(self):
        self.assertIn("LOCK-002, which is not in ids.txt", faults("LOCK-001", {("LOCK", "001"), ("LOCK", "002")})[0])

    def test_a_reason_that_a_test_refutes(self):
        self.assertIn("has a test", faults("LOCK-001 n/a: cannot be", {("LOCK", "001")})[0])

    def test_lines_that_are_nothing(self):
        for line in ("lock-001", "LOCK-001 n/a:", "LOCK-001 n/a", "LOCK", "LOCK n/a: all of it"):
            self.assertEqual(len(faults(line, set())), 1, line)
        self.assertIn("twice", faults("LOCK-001\nLOCK-001", {("LOCK", "001")})[0])

    def test_a_stale_table(self):
        self.assertIn("out of date", faults("LOCK-001", {("LOCK", "001")}, BEGIN + END)[0])
        self.assertIn("no place", faults("LOCK-001", {("LOCK", "001")}, "")[0])


class Table(unittest.TestCase):
    def test_it_counts(self):
        lines = table(Catalogue("LOCK-001\nLOCK-002 n/a: x\nTASK-001\nTASK not yet: y"), {("LOCK", "001")}).splitlines()
        self.assertEqual(lines[2:], ["| LOCK | 2 | 1 | 1 | 0 |", "| TASK | 1 | 0 | 0 | 1 |",
                                     "| **all** | 3 | 1 | 1 | 1 |"])


if __name__ == "__main__":
    unittest.main()
