"""The Lambda function that gives the user of Redis a new password whenever Secrets Manager wants one."""
