"""Words for "no value" by pandas and numpy, and columns with them as pandas reads them.

Made with Python 3.11, pandas 3.1 and numpy 2: python make.py.
"""
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
from pandas._libs.parsers import STR_NA_VALUES

words = sorted(STR_NA_VALUES) + [str(np.ma.masked)]
words += [str(value) for value in (None, float("nan"), pd.NA, pd.NaT)]

columns = {
    "numbers": ["1", "2.5", "NaN", "n/a", "-3e2", "", "null", "+4", " 5 ", "None", "--"],
    "classes": ["ring", "bar", "NA", "nan", "", "None", "unknown", "no", "Nano", "null", "<NA>"],
}
also = ["--", "masked"]
read = {}
for name, cells in columns.items():
    series = pd.read_csv(io.StringIO("x\n" + "\n".join(f'"{cell}"' for cell in cells) + "\n"), na_values=also,
                         skip_blank_lines=False, skipinitialspace=True)["x"]
    if name == "numbers":
        series = pd.to_numeric(series)
    read[name] = [cells, [None if pd.isna(value) else value for value in series]]
print(pd.__version__, np.__version__)
Path(__file__).with_name("expected.json").write_text(json.dumps({"words": sorted(set(words)), "columns": read}, indent=0) + "\n")
