"""What ECS may do to start the API; the application itself reads Redis only, which is no AWS call."""

from pipelinegen.ir.model import Api, Permission
from pipelinegen.ir.names import Names
from pipelinegen.steps.permissions import pull_image, read_secrets, read_with_key, write_logs
from pipelinegen.steps.redis import restart_permission


def api_permissions(api: Api, names: Names) -> tuple[Permission, ...]:
    """Pulling the image, reading the secrets that become environment variables, writing logs."""
    role = api.role
    return (
        *pull_image(role, names.repository(api.image)),
        read_secrets(role, *sorted({secret for secret, _ in api.secrets.values()})),
        read_with_key(role),
        write_logs(role, f"/ecs/{api.name}"),
        restart_permission(api.name),
    )
