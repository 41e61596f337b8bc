"""Creates in the local cloud what a generated folder describes: deployment.json and the files it names."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import ClientError

from pipelinegen.assets import cache_folder
from pipelinegen.local.bundles import folder_files, runtime_files, zip_paths
from pipelinegen.local.deployed import Deployed, runtime_folder
from pipelinegen.local.faults import LocalCloudError
from pipelinegen.local.libraries import image_libraries, library_files
from pipelinegen.local.local_cloud import LocalCloud
from pipelinegen.local.s3_transfer import split_uri
from pipelinegen.local.variables import fill, fill_all

#: The parts of `runtime/` that a Glue job gets by --extra-py-files.
_GLUE_PACKAGES: Final = ("common", "glue")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What was deployed: deployment.json with its variables filled in, and the names AWS gave."""

    folder: Path
    settings: Mapping[str, Any]
    state_machine_arn: str
    role_arns: Mapping[str, str]
    topic_arns: Mapping[str, str]
    variables: Mapping[str, str]

    @property
    def pipeline(self) -> str:
        """The pipeline's name."""
        return str(self.settings["pipeline"])

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        """The steps in the order of the pipeline: `name`, `kind`, `title`, `states` and so on."""
        return list(self.settings["steps"])

    def step_of(self, state: str) -> str:
        """The step a state belongs to, else the state's own name."""
        return next((step["name"] for step in self.steps if state in step["states"]), state)


def state_names(machine: Mapping[str, Any]) -> Iterator[str]:
    """The names of all states of a definition, those of branches and of maps included."""
    for name, state in machine.get("States", {}).items():
        yield name
        for inner in [*state.get("Branches", []), state.get("ItemProcessor", {}), state.get("Iterator", {})]:
            yield from state_names(inner)


def deploy(
    cloud: LocalCloud,
    folder: Path,
    *,
    secrets: Mapping[str, Any],
    variables: Mapping[str, str] | None = None,
    code: Path | None = None,
) -> Deployment:
    """Deploys `generated/<pipeline>/<env>/`.

    `secrets`: the value of each secret by name (an object, stored as JSON, or a text). `variables`: what the templates
    call `${redis_host}` and so on. `code`: the folder that holds `runtime/`, by default the installed one.
    Raises: LocalCloudError if a file or a secret is missing, or the cloud refuses something.
    """
    known = {"account_id": cloud.account, "region": cloud.region, "partition": "aws", **(variables or {})}
    document = _read(folder / "deployment.json")
    # Variables that the generator knows, such as the addresses of images; they may name the ones above.
    known = {**fill_all(document.get("variables", {}), known), **known}
    settings = fill_all(document, known)
    settings["steps"] = _with_states(settings["steps"], _read(folder / settings["state_machine"]["definition"]))
    deployer = _Deployer(cloud, folder, settings, known, code or runtime_folder())
    try:
        return deployer.run(secrets)
    except ClientError as error:
        raise LocalCloudError(
            f"the local cloud refused {error.operation_name}: {error.response['Error'].get('Message', error)}",
            f"compare deployment.json in {folder} with what the call needs, or generate it again",
        ) from error


def _with_states(steps: Sequence[Mapping[str, Any]], machine: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps with their `states`: those listed, else those whose name starts with the step's title."""
    names = list(state_names(machine))
    return [
        {**step, "states": step.get("states", [name for name in names if name.partition(":")[0] == step["title"]])}
        for step in steps
    ]


class _Deployer:
    """One deployment in progress."""

    def __init__(
        self, cloud: LocalCloud, folder: Path, settings: Mapping[str, Any], variables: Mapping[str, str], code: Path
    ) -> None:
        self._cloud = cloud
        self._folder = folder
        self._settings = settings
        self._variables = variables
        self._code = code

    def run(self, secrets: Mapping[str, Any]) -> Deployment:
        self._tell_the_server(self._connections(secrets))
        self._create_buckets()
        self._create_secrets(secrets)
        self._create_parameters()
        self._create_model_groups()
        topics = self._create_topics()
        roles = self._create_roles()
        self._create_glue_jobs(roles)
        self._create_functions(roles)
        arn = self._create_state_machine(roles)
        return Deployment(self._folder, self._settings, arn, roles, topics, self._variables)

    def _connections(self, secrets: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """What HTTP tasks use, with the keys that stand in for the real ones."""
        found = {}
        for given in self._settings.get("connections", []):
            arn = f"arn:aws:events:{self._cloud.region}:{self._cloud.account}:connection/{given['name']}/local"
            value = secrets.get(given["secret"])
            key = value.get(given["field"]) if isinstance(value, Mapping) else None
            key = key or f"local stand-in of {given['secret']}"
            found[arn] = {"arn": arn, "name": given["name"], "header": given["header"], "key": str(key)}
            self._variables = {**self._variables, f"connection_{given['step']}": arn}
        return found

    def _tell_the_server(self, connections: Mapping[str, Mapping[str, str]]) -> None:
        """First of all: jobs may start as soon as the state machine exists."""
        steps = {state: step["name"] for step in self._settings["steps"] for state in step["states"]}
        described = self._settings.get("images", [])
        images = {image["uri"]: self._text(image["dockerfile"]) for image in described}
        # As with an image: what a job runs is what there was when it was deployed.
        root = self._cloud.workdir / "build-context"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(self._code / "runtime", root / "runtime", ignore=shutil.ignore_patterns("__pycache__"))
        contexts = {image["uri"]: self._own_context(root, image) for image in described if self._own_code(image)}
        libraries = {
            uri: str(found)
            for uri in contexts
            if (found := image_libraries(Path(contexts[uri]).name, images[uri], cache_folder()))
        }
        Deployed(steps, images, str(root), contexts, libraries, connections).write(self._cloud.workdir)

    def _own_code(self, image: Mapping[str, str]) -> Path | None:
        """The user's code that goes into an image, if any does."""
        folder = (self._folder / image["dockerfile"]).parent / "code"
        return folder if folder.is_dir() else None

    def _own_context(self, root: Path, image: Mapping[str, str]) -> str:
        own, code = root / "own" / Path(image["dockerfile"]).parent.name, self._own_code(image)
        assert code is not None
        shutil.copytree(code, own / "code", ignore=shutil.ignore_patterns("__pycache__"))
        (own / "runtime").symlink_to(root / "runtime", target_is_directory=True)
        return str(own)

    def _create_buckets(self) -> None:
        s3 = self._cloud.client("s3")
        # us-east-1 is the one region that must not be named.
        where = {"CreateBucketConfiguration": {"LocationConstraint": self._cloud.region}}
        # An earlier process may have left them, with what they hold; see cloud/durable.py.
        there = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
        for name in (name for name in self._settings.get("buckets", []) if name not in there):
            s3.create_bucket(Bucket=name, **({} if self._cloud.region == "us-east-1" else where))

    def _create_secrets(self, secrets: Mapping[str, Any]) -> None:
        wanted = self._settings.get("secrets", [])
        missing = sorted(set(wanted) - set(secrets))
        if missing:
            names = ", ".join(f"'{name}'" for name in missing)
            raise LocalCloudError(f"no local value for the secret {names}", "give the run a value for each of them")
        client = self._cloud.client("secretsmanager")
        for name in wanted:
            value = secrets[name]
            client.create_secret(Name=name, SecretString=value if isinstance(value, str) else json.dumps(value))

    def _create_parameters(self) -> None:
        """Only those that are missing: later values are not Terraform's, and not ours."""
        client = self._cloud.client("ssm")
        for parameter in self._settings.get("parameters", []):
            with suppress(client.exceptions.ParameterAlreadyExists):
                client.put_parameter(Name=parameter["name"], Value=parameter["value"], Type="String")

    def _create_model_groups(self) -> None:
        for group in self._settings.get("model_groups", []):
            self._cloud.client("sagemaker").create_model_package_group(
                ModelPackageGroupName=group["name"], ModelPackageGroupDescription=group["description"]
            )

    def _create_topics(self) -> dict[str, str]:
        arns = {}
        for topic in self._settings.get("topics", []):
            arn = self._cloud.client("sns").create_topic(Name=topic["name"])["TopicArn"]
            for address in topic.get("emails", []):
                self._cloud.client("sns").subscribe(TopicArn=arn, Protocol="email", Endpoint=address)
            arns[topic["name"]] = arn
        return arns

    def _create_roles(self) -> dict[str, str]:
        iam = self._cloud.client("iam")
        arns = {}
        for role in self._settings.get("roles", []):
            created = iam.create_role(RoleName=role["name"], AssumeRolePolicyDocument=self._trust(role))
            policy = fill(self._text(role["policy"]), self._variables)
            iam.put_role_policy(RoleName=role["name"], PolicyName=role["name"], PolicyDocument=policy)
            arns[role["name"]] = created["Role"]["Arn"]
        return arns

    def _trust(self, role: Mapping[str, str]) -> str:
        if "trust" in role:
            return fill(self._text(role["trust"]), self._variables)
        statement = {"Effect": "Allow", "Principal": {"Service": role["service"]}, "Action": "sts:AssumeRole"}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def _create_glue_jobs(self, roles: Mapping[str, str]) -> None:
        for job in self._settings.get("glue_jobs", []):
            arguments = job.get("default_arguments", {})
            self._upload(job["script_location"], self._text(job["script"]).encode())
            own = job.get("code")
            for uri in filter(None, arguments.get("--extra-py-files", "").split(",")):
                is_own = own and uri == own["location"]
                files = (
                    folder_files(self._folder / own["folder"]) if is_own else runtime_files(self._code, _GLUE_PACKAGES)
                )
                self._upload(uri, zip_paths(files))
            self._cloud.client("glue").create_job(
                Name=job["name"],
                Role=self._role(roles, job["role"], f"Glue job '{job['name']}'"),
                Command={"Name": "glueetl", "ScriptLocation": job["script_location"], "PythonVersion": "3"},
                GlueVersion=job["glue_version"],
                DefaultArguments=arguments,
                Timeout=job["timeout_minutes"],
                ExecutionProperty={"MaxConcurrentRuns": job.get("max_concurrent_runs", 1)},
            )

    def _create_functions(self, roles: Mapping[str, str]) -> None:
        for function in self._settings.get("functions", []):
            files = [
                *self._libraries(function),
                *folder_files(self._folder / function["folder"]),
                *runtime_files(self._code, function.get("packages", [])),
            ]
            self._cloud.client("lambda").create_function(
                FunctionName=function["name"],
                Runtime="python3.11",
                Role=self._role(roles, function["role"], f"function '{function['name']}'"),
                Handler=function["handler"],
                Code={"ZipFile": zip_paths(files)},
                MemorySize=function["memory_mib"],
                Timeout=function["timeout_seconds"],
                Environment={"Variables": function.get("environment", {})},
            )

    def _libraries(self, function: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
        """What the user's functions require; what our own do is here."""
        if not function.get("packages"):
            required = self._text(f"{function['folder']}/requirements.txt")
            yield from library_files(function["step"], required, cache_folder())

    def _create_state_machine(self, roles: Mapping[str, str]) -> str:
        machine = self._settings["state_machine"]
        definition = fill(self._text(machine["definition"]), self._variables)
        created = self._cloud.client("stepfunctions").create_state_machine(
            name=machine["name"],
            definition=definition,
            roleArn=self._role(roles, machine["role"], f"state machine '{machine['name']}'"),
        )
        return str(created["stateMachineArn"])

    def _upload(self, uri: str, body: bytes) -> None:
        bucket, key = split_uri(uri)
        self._cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body)

    def _role(self, roles: Mapping[str, str], name: str, user: str) -> str:
        if name not in roles:
            raise LocalCloudError(
                f"the {user} has the role '{name}', which is not deployed", "generate the folder again"
            )
        return roles[name]

    def _text(self, name: str) -> str:
        return _text(self._folder / name)


def _read(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except ValueError as error:
        raise LocalCloudError(f"{path} is not JSON: {error}", "run `pipelinegen generate` again") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise LocalCloudError(
            f"{path} cannot be read: {error.strerror}", "run `pipelinegen generate` for this environment first"
        ) from error
