"""What AWS's APIs take and give: a committed table, so that no SDK is needed to compile."""
