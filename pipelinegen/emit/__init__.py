"""From IR to files; one emitter a target, in the order in which they see each other's files."""

from pipelinegen.emit.asl import emit_state_machine
from pipelinegen.emit.base import Emitter, Workbench
from pipelinegen.emit.deployment import emit_deployment
from pipelinegen.emit.docs import emit_readme
from pipelinegen.emit.policies import emit_policies
from pipelinegen.emit.step_files import emit_step_files
from pipelinegen.emit.terraform import emit_terraform
from pipelinegen.emit.terraform_dashboard import emit_dashboard
from pipelinegen.emit.terraform_tests import emit_terraform_tests

EMITTERS: tuple[Emitter, ...] = (
    emit_step_files,
    emit_state_machine,
    emit_policies,
    emit_dashboard,
    emit_terraform,
    emit_terraform_tests,
    emit_deployment,
    emit_readme,
)

__all__ = ["EMITTERS", "Emitter", "Workbench"]
