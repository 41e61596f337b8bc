from words import LEAST


def transform(spark, tables, run_date, arguments):
    return tables["clicks"].where(f"length(item_id) >= {LEAST}")
