"""The committed table of instance types, held against botocore's model of SageMaker."""

import pytest

from pipelinegen.steps.sagemaker_instances import instance_types
from tests.oracle.renew_instance_types import SHAPES, listed_types


@pytest.mark.parametrize("job", sorted(SHAPES))
def test_the_table_is_what_aws_lists(job: str) -> None:
    """Renew with `python -m tests.oracle.renew_instance_types` after a new botocore."""
    assert sorted(instance_types(job)) == sorted(listed_types(job))
