"""What a SQL query makes of tables whose columns are known, without running it."""
