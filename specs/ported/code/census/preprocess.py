"""Makes numbers of the census' rows: CSV without a header, the label first, as XGBoost reads it."""

import argparse
import os
from pathlib import Path

import pandas as pd

FOLDER = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
NUMBERS = ["age", "education", "capital gains", "capital losses", "weeks worked in year"]
LABEL = "income"


def main() -> None:
    """Writes `train` and `test`, or `rows` where there are no labels yet."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--without-labels", action="store_true")
    options = parser.parse_args()
    files = sorted((FOLDER / "input/raw").rglob("*.csv"))
    rows = pd.concat(map(pd.read_csv, files)).drop_duplicates().sample(frac=1, random_state=0)
    numbers = rows[NUMBERS].apply(pd.to_numeric, errors="coerce").fillna(0)
    if options.without_labels:
        write(numbers, "rows")
        return
    labelled = pd.concat([rows[LABEL].str.strip().ne("- 50000.").astype(int), numbers], axis=1)
    held = len(labelled) // 5
    write(labelled[held:], "train")
    write(labelled[:held], "test")


def write(rows: pd.DataFrame, name: str) -> None:
    """One file of the output `name`."""
    folder = FOLDER / "output" / name
    folder.mkdir(parents=True, exist_ok=True)
    rows.to_csv(folder / "part.csv", header=False, index=False)


if __name__ == "__main__":
    main()
