"""Stands in for terraform, docker and aws, as a real program on the PATH: writes down what it is told, and answers.

It runs under one of those names. FAKE_FOLDER holds `calls.txt` (one JSON list a line), `bucket/` (objects by key) and
`images.txt` (tags that the registry has); `answers.json` overrules: text in the command → [exit code, output].
"""

import json
import os
import shutil
import sys
from pathlib import Path

PASSWORD = "a-password-that-nobody-may-see"


def main() -> int:
    name, words = Path(sys.argv[0]).name, sys.argv[1:]
    folder = Path(os.environ["FAKE_FOLDER"])
    line = " ".join([name, *words])
    with (folder / "calls.txt").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps([name, *words]) + "\n")
    for text, (code, out) in json.loads((folder / "answers.json").read_text(encoding="utf-8")).items():
        if text in line:
            print(out)
            return int(code)
    answer = {"aws": aws, "docker": docker, "terraform": terraform}[name]
    return answer(words, folder)


def aws(words: list[str], folder: Path) -> int:
    what, bucket = " ".join(words[:2]), folder / "bucket"
    if what.startswith("s3 "):
        return s3(words, bucket)
    if what == "ecr describe-images":
        tag = words[words.index("--image-ids") + 1].removeprefix("imageTag=")
        return 0 if tag in (folder / "images.txt").read_text(encoding="utf-8").split() else 254
    if what == "s3api head-bucket":
        return 0 if bucket.is_dir() else 254
    if what == "s3api head-object":
        return 0 if (bucket / words[words.index("--key") + 1]).is_file() else 254
    keys = [path.relative_to(bucket).as_posix() for path in sorted(bucket.rglob("deployments/*"))]
    answers = {
        "ecr get-login-password": PASSWORD,
        "s3api list-objects-v2": json.dumps({"Contents": [{"Key": key} for key in keys]}),
        "stepfunctions describe-execution": json.dumps({"status": "SUCCEEDED"}),
        "stepfunctions start-execution": json.dumps({"executionArn": "arn:aws:states:eu-central-1:2:execution:x:y"}),
        "sts get-caller-identity": json.dumps({"Account": "222222222222"}),
    }
    print(answers[what])
    return 0


def s3(words: list[str], bucket: Path) -> int:
    source, target = (_place(word, bucket) for word in words[2:4])
    if words[1] == "sync":
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return 0


def _place(word: str, bucket: Path) -> Path:
    return bucket / word.split("/", 3)[3] if word.startswith("s3://") else Path(word)


def docker(words: list[str], folder: Path) -> int:
    if words[0] == "login":
        given = sys.stdin.read().strip()
        return 0 if given == PASSWORD else 1
    if words[0] == "push":
        with (folder / "images.txt").open("a", encoding="utf-8") as stream:
            stream.write(words[1].rsplit(":", 1)[1] + "\n")
    return 0


def terraform(words: list[str], folder: Path) -> int:
    if "apply" in words:
        (folder / "bucket").mkdir(exist_ok=True)
    if words[0] == "version":
        print(json.dumps({"terraform_version": "1.11.4"}))
    if "show" in words:
        print(json.dumps({"resource_changes": []}))
    if "output" in words:
        print("arn:aws:states:eu-central-1:222222222222:stateMachine:x", end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
