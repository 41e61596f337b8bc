"""Answers with prices: Parquet in and JSON lines out for whole tables, JSON in and out for single vehicles."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from features import COLUMNS, features
from train import predict


def model_fn(folder: str) -> dict:
    """The model that training left."""
    return json.loads((Path(folder) / "model.json").read_text())


def input_fn(body: bytes, content_type: str) -> pa.Table:
    """A table of vehicles."""
    if content_type == "application/x-parquet":
        return pq.read_table(io.BytesIO(body))
    if content_type == "application/json":
        vehicles = json.loads(body)
        return pa.table({name: pa.array([vehicle[name] for vehicle in vehicles], pa.float64()) for name in COLUMNS})
    raise ValueError(f"vehicles come as Parquet or JSON, not as {content_type}")


def predict_fn(vehicles: pa.Table, model: dict) -> list[dict]:
    """For each vehicle its price in EUR, with its id where there is one."""
    prices = np.exp(predict(model, features(vehicles)))
    found = [{"price_eur": round(float(price), 2)} for price in prices]
    if "vehicle_id" not in vehicles.column_names:
        return found
    return [{"vehicle_id": id, **row} for id, row in zip(vehicles["vehicle_id"].to_pylist(), found, strict=True)]


def output_fn(prices: list[dict], accept: str) -> tuple[str, str]:
    """A JSON list, or a line for each vehicle."""
    if accept == "application/jsonlines":
        return "".join(json.dumps(price) + "\n" for price in prices), accept
    return json.dumps(prices), "application/json"
