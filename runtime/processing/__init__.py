"""Around a processing job's own program: runs it, and refuses to call nothing a success."""
