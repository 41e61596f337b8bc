"""A program of one's own that measures: how many of the clicks came from users the model has never seen."""

import json
import os
import tarfile
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq

base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")) / "processing"
with tarfile.open(base / "input/model/model.tar.gz") as archive:
    member = archive.extractfile("users.parquet")
    assert member is not None
    known = set(pq.read_table(BytesIO(member.read()))["id"].to_pylist())
users = pq.read_table(base / "input/clicks")["user_id"].to_pylist()
strangers = sum(user not in known for user in users) / len(users)
target = base / "output/metrics/metrics.json"
target.write_text(json.dumps({"schema_version": 1, "metrics": {"strangers": strangers}}))
