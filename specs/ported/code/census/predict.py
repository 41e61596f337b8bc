"""Scores rows with a model."""

import pandas as pd
import xgboost
from evaluate import FOLDER, model


def main() -> None:
    """Writes `predictions/scores.csv`, a row for each that came."""
    rows = pd.concat(pd.read_csv(path, header=None) for path in sorted((FOLDER / "input/rows").rglob("*.csv")))
    scores = model().predict(xgboost.DMatrix(rows.to_numpy()))
    folder = FOLDER / "output/predictions"
    folder.mkdir(parents=True, exist_ok=True)
    pd.Series(scores).to_csv(folder / "scores.csv", header=False, index=False)


if __name__ == "__main__":
    main()
