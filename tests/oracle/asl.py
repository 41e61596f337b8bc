"""The product's own static checks, as tests use them: botocore and jsonata have to be there."""

from pipelinegen.asl_lint.lint import faults as faults
