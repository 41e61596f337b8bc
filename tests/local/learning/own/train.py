"""A program of one's own on two hosts: each says hello, the first writes the model, both are told of their peers."""

import json
import os
from pathlib import Path

hosts, host = json.loads(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
config = json.loads((Path(os.environ["SM_INPUT_CONFIG_DIR"]) / "resourceconfig.json").read_text())
assert (config["hosts"], config["current_host"]) == (hosts, host)
print(f"hello from {host} of {len(hosts)}", flush=True)
if host == hosts[0]:
    rows = len(list(Path(os.environ["SM_CHANNEL_CLICKS"]).rglob("*.parquet")))
    (Path(os.environ["SM_MODEL_DIR"]) / "model.json").write_text(json.dumps({"files": rows}))
    print(f"a model to start from: {Path(os.environ.get('SM_CHANNEL_PROMOTED', 'none')).is_dir()}", flush=True)
    print(f"loss={os.environ['SM_HP_STEP']}", flush=True)
