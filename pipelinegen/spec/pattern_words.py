"""What a text has to look like, in words: for readers who do not read patterns."""

# ruff: noqa: E501 - a pattern and its words stand in one line

from collections.abc import Mapping
from typing import Final

#: By the pattern of a key in the schema.
PATTERN_WORDS: Final[Mapping[str, str]] = {
    r"^([A-Za-z0-9_][A-Za-z0-9_.-]*/)+[a-z_][a-z0-9_]*\.py$": "a file in a folder beside the spec, such as etl/clean.py",
    r"^([A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,2})$": "table, schema.table or catalog.schema.table",
    r"^([^@\s\"\\${}%]{1,64}@[^@\s\"\\${}%]{1,190}\.[^@\s\"\\${}%]{1,64})$": "an address such as team@example.com",
    r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$": "a host name such as api.example.com",
    r"^([a-z][a-z0-9_]*)$": "lower-case letters, digits and '_', such as train_model",
    r"^([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)$": "<dataset>.<column>, such as items.item_id",
    r"^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64})$": "the ARN of a key, such as arn:aws:kms:eu-central-1:111111111111:key/…",
    r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([A-Za-z0-9!_.=-]+/)*)$": "a folder such as s3://bucket/folder/",
    r"^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([A-Za-z0-9!_.=-]+/)+)$": "a folder such as s3://bucket/folder/",
    r"^[ -~]+$": "one line of ASCII characters, as SNS has subjects",
    r"^[0-9A-Z*?,/\-#LW]+( [0-9A-Z*?,/\-#LW]+){5}$": "six fields, such as 0 4 * * ? *",
    r"^[0-9]{12}$": "12 digits in quotes",
    r"^[A-Za-z0-9 _.:/=+@-]{0,256}$": "letters, digits, spaces and '_.:/=+@-'",
    r"^[A-Za-z0-9 _.:/=+@-]{1,128}$": "letters, digits, spaces and '_.:/=+@-'",
    r"^[A-Za-z0-9!_.()/=+@,:-]+$": "the beginning or end of keys, such as incoming/ or .csv",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._-]+\])?([<>=!~]=?[A-Za-z0-9.*+!]+(,[<>=!~]=?[A-Za-z0-9.*+!]+)*)?$": "a requirement as pip has it, such as requests>=2.32,<3",
    r"^[A-Za-z0-9_]+\.py$": "the name of a file of `code:`, such as train.py",
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$": "a folder beside the spec, such as lambdas/score",
    r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$": "a file in a folder beside the spec, such as machines/clean.asl.json",
    r"^[A-Za-z0-9_]{1,64}$": "a database's name: letters, digits and '_'",
    r"^[A-Za-z][A-Za-z0-9-]{0,63}$": "the name of a header, such as X-Api-Key",
    r"^[A-Za-z][A-Za-z0-9_-]{0,63}$": "a name such as NoPredictions",
    r"^[A-Za-z_][A-Za-z0-9_-]*(\[[0-9]{1,4}\])*(\.[A-Za-z_][A-Za-z0-9_-]*(\[[0-9]{1,4}\])*)*$": "a path such as Tasks[0].TaskArn",
    r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$": "module.function, such as handler.handler",
    r"^[a-f]$": "a letter from a to f",
    r"^[a-z0-9-]+:[A-Za-z0-9*?]+$": "service:Action, such as s3:GetObject",
    r"^[a-z0-9-]+:[A-Za-z0-9]+$": "service:Action, such as s3:GetObject",
    r"^[a-z0-9-]{3,64}$": "3 to 64 lower-case letters, digits and '-', such as analytics",
    r"^[a-z0-9.-]+\.amazonaws\.com$": "a service such as glue.amazonaws.com",
    r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$": "a bucket's name: 3 to 63 lower-case letters, digits and '-'",
    r"^[a-z0-9_]{1,255}$": "lower-case letters, digits and '_'",
    r"^[a-z]+/[A-Za-z0-9.+-]+(; ?[a-z_-]+=[A-Za-z0-9_-]+)*$": "a MIME type such as text/csv",
    r"^[a-z][a-z0-9-]{0,62}$": "lower-case letters, digits and '-', such as analytics",
    r"^[a-z][a-z0-9-]{0,62}:[a-zA-Z][A-Za-z0-9]{0,100}$": "service:action, such as s3:putObject",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "lower-case words with '-' between them, such as batch-scores",
    r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$": "lower-case words with '_' between them, such as train_model",
    r"^[a-z][a-z0-9_]*$": "lower-case letters, digits and '_', such as train_model",
    r"^https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$": "an address such as https://partner.example.com/v1/orders; what comes after `?` stands in `query:`",
    r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([A-Za-z0-9._=/-]*/)?$": "a folder such as s3://bucket/folder/",
}
