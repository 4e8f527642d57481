#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Says which engines' Python modules are here: a line `module version` for each argument."""
import importlib
import sys

for name in sys.argv[1:]:
    try:
        module = importlib.import_module(name)
        print(name, getattr(module, "__version__", "?"))
    except Exception as error:  # a broken installation is as good as none
        print(f"{name}: {error}", file=sys.stderr)
