def handler(event, context):
    return event
return 1
