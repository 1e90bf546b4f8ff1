"""Tests of the kernel, case by case, through a real Jupyter client.

    python kernel_cases.py KERNEL [PART_OF_A_NAME]

runs every case (or those whose name contains the part) and prints one JSON line for each:
{"case": ..., "passed": true|false, "detail": ...}, the detail being the error or a measurement. `tests/tests/kernel.rs` asserts on them.
The cases are in `cases_*.py`.
"""

import json
import sys
import time
import traceback

import cases_completion
import cases_habits
import cases_endings
import cases_output
import cases_protocol
import cases_session
import cases_statics
import cases_stopping
import cases_variables
from case_tools import CASES, use_kernel


def main():
    use_kernel(sys.argv[1])
    part = sys.argv[2] if len(sys.argv) > 2 else ""
    for function in CASES:
        if part not in function.__name__:
            continue
        start = time.perf_counter()
        try:
            passed, detail = True, function() or ""
        except Exception as error:
            passed, detail = False, "".join(traceback.format_exception(error)[-3:])
        seconds = round(time.perf_counter() - start, 1)
        line = {"case": function.__name__, "passed": passed, "detail": detail, "seconds": seconds}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
