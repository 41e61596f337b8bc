def handler(event, context):
    return {"rows": 1, "found": []}
