"""What the generated Glue scripts call: read declared columns, protect, check, run the SQL, write Parquet."""
