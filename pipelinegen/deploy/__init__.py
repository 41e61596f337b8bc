"""`deploy` and `rollback`: package, push images, upload code, plan, confirm, apply, and a run that proves it."""
