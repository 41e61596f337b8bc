"""Every name given to an AWS resource; deterministic, within each service's limit."""

import hashlib
from dataclasses import dataclass

from pipelinegen.ir.model import RoleKey, Service

_HASH_DIGITS = 6
#: What a service is called in names.
SERVICE_SUFFIX = {
    Service.GLUE: "glue",
    Service.SAGEMAKER: "sagemaker",
    Service.LAMBDA: "lambda",
    Service.STATES: "states",
    Service.SCHEDULER: "scheduler",
    Service.EVENTS: "events",
    Service.ECS: "ecs",
}


def fit(name: str, limit: int) -> str:
    """`name`, or where it is longer than `limit` its head and a hash of the whole, `limit` characters long."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{name[: limit - _HASH_DIGITS - 1].rstrip('-')}-{digest}"


def role_label(key: RoleKey) -> str:
    """A role's name inside the Terraform files: `train_sagemaker`, or `states` for the pipeline's own."""
    return "_".join(part for part in (key.step, key.purpose, SERVICE_SUFFIX[key.service]) if part)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one pipeline in one environment."""

    pipeline: str
    environment: str
    account_id: str

    @property
    def stem(self) -> str:
        """What every name starts with."""
        return f"{self.pipeline}-{self.environment}"

    def _join(self, *parts: str, limit: int) -> str:
        return fit("-".join((self.stem, *(part.replace("_", "-") for part in parts))), limit)

    def bucket(self, purpose: str) -> str:
        """At most 63 characters (S3 bucket); the account id makes it unique in the world."""
        return fit(f"{fit(f'{self.stem}-{purpose}', 50)}-{self.account_id}", 63)

    def role(self, key: RoleKey) -> str:
        """At most 64 characters (IAM role)."""
        parts = [part for part in (key.step, key.purpose, SERVICE_SUFFIX[key.service]) if part]
        return self._join(*parts, limit=64)

    def catalog_database(self) -> str:
        """At most 255 characters of a-z, 0-9 and _ (Glue database, as Athena reads it)."""
        return self.stem.replace("-", "_")

    def glue_job(self, step: str) -> str:
        """At most 255 characters (Glue job)."""
        return self._join(step, limit=255)

    def function(self, step: str) -> str:
        """At most 64 characters (Lambda function)."""
        return self._join(step, limit=64)

    def job_prefix(self, step: str) -> str:
        """At most 41 characters, so that `prefix-yyyymmdd-` and 12 digits stay within 63 (SageMaker job)."""
        return self._join(step, limit=41)

    def tuning_prefix(self, step: str) -> str:
        """At most 19 characters, so that `prefix-` and 12 digits stay within 32 (SageMaker tuning job)."""
        return self._join(step, limit=19)

    def state_machine(self) -> str:
        """At most 80 characters (Step Functions state machine)."""
        return fit(self.stem, 80)

    def schedule(self, label: str) -> str:
        """At most 64 characters (EventBridge schedule); the one schedule of a pipeline is named like its stem."""
        return fit(self.stem, 64) if label == "main" else self._join(label, limit=64)

    def trigger(self, label: str) -> str:
        """At most 64 characters (EventBridge rule)."""
        return self._join("on", label, limit=64)

    def untaken_events(self) -> str:
        """At most 80 characters (SQS queue): events that did not start the pipeline."""
        return self._join("untaken-events", limit=80)

    def topic(self, step: str = "notifications") -> str:
        """At most 256 characters (SNS topic): the pipeline's, or that of one step."""
        return self._join(step, limit=256)

    def repository(self, image: str) -> str:
        """At most 256 characters (ECR repository)."""
        return self._join(image, limit=256)

    def redis(self) -> str:
        """At most 40 characters (ElastiCache replication group)."""
        return fit(self.stem, 40)

    def connection(self, step: str) -> str:
        """At most 64 characters (EventBridge connection)."""
        return self._join(step, limit=64)

    def service(self, step: str) -> str:
        """At most 255 characters (ECS cluster, service and task family)."""
        return self._join(step, limit=255)

    def load_balancer(self, step: str) -> str:
        """At most 32 characters (load balancer and target group)."""
        return self._join(step, limit=32)

    def promoted_parameter(self) -> str:
        """The SSM parameter that points at the promoted model."""
        return f"/{self.pipeline}/{self.environment}/promoted-model"

    def model_registry(self) -> str:
        """At most 63 characters (SageMaker model package group)."""
        return fit(self.stem, 63)

    def dead_letters(self) -> str:
        """At most 80 characters (SQS queue); what functions were given and could not do."""
        return self._join("functions", "undelivered", limit=80)

    def redis_user(self) -> str:
        """At most 40 characters (ElastiCache user and user group); both have this name."""
        return fit(f"{self.stem}-redis", 40)

    def redis_secret(self) -> str:
        """The Secrets Manager secret with the Redis password."""
        return f"{self.pipeline}/{self.environment}/redis"
