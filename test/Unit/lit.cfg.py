# -*- Python -*-
# Every case of every program below here whose name ends in Tests.

import os

import lit.formats

config.name = "Sextant-Unit"
config.suffixes = []
config.test_source_root = config.test_exec_root = os.path.join(config.sextant_obj_root, "test", "Unit")
config.test_format = lit.formats.GoogleTest(".", "Tests")
