"""Every diagnostic id with its meaning, for `pipelinegen explain` and the reference."""

from collections.abc import Mapping

CATALOGUE: Mapping[str, str] = {
    "PG001": "The spec cannot be read: there is no such file, it is a folder, or it is too large. Nothing was done.",
    "PG002": (
        "The file is not YAML, or not UTF-8. A reference inside { } or [ ] needs quotes, because YAML gives "
        "braces a meaning of their own."
    ),
    "PG003": "A key is given twice in one mapping. YAML would silently keep the last one.",
    "PG004": "The file is empty or holds several documents. A spec is one mapping in one file.",
    "PG005": (
        "The file nests too deeply, grows too much when aliases are expanded, or carries a YAML tag. Specs "
        "are plain data."
    ),
    "PG006": "A key is not text. YAML reads 1, true and null as other things than text; put them in quotes.",
    "PG010": (
        "A key is not part of the language. Unknown keys are never ignored, so that no setting is lost by a "
        "misspelling."
    ),
    "PG011": "A required key is missing.",
    "PG012": "A reference names a step, an output or a dataset that does not exist (in this environment).",
    "PG013": "A value has another type or range than its key takes.",
    "PG014": "No step kind has this name; neither pipelinegen nor an installed plug-in brings it.",
    "PG015": "Steps need each other in a circle, so that none of them can start.",
    "PG016": (
        "A name is too long or has characters that an AWS service refuses, once it is part of role, job and "
        "bucket names; or the pipeline uses it itself."
    ),
    "PG017": "A reference is to something else than the key wants, for example to a model where a table belongs.",
    "PG018": (
        "Text in ${ } is no reference. References are ${steps.<step>.<output>}, ${datasets.<name>}, "
        "${run.date} and ${run.id}."
    ),
    "PG019": (
        "A column marked sensitive would reach S3 in the clear. It must be hashed, tokenised or dropped when it is "
        "read. The message shows the way it would take."
    ),
    "PG020": "An environment is named that the spec does not have.",
    "PG021": "A column is named that the dataset does not have.",
    "PG022": (
        "A model is promoted although a gate or an approval judges it, and not from there. Promote what the last of "
        "them gives, so that all of them count."
    ),
    "PG023": (
        "A step uses something that the pipeline does not have: a warehouse, a key for pseudonyms, or "
        "somebody to notify."
    ),
    "PG024": (
        "A gate's bound does not fit its metric: `at_least` is for metrics to maximize, `at_most` for "
        "metrics to minimize."
    ),
    "PG025": "AWS offers no SageMaker PyTorch image in the environment's region.",
    "PG026": "Two specs give the same names; their files and AWS resources would overwrite each other.",
    "PG027": "A step that is there all the time, such as an API, has no run that could be skipped or tried again.",
    "PG030": (
        "A file in the output folder was not made by pipelinegen. The folder is replaced as a whole, so "
        "nothing else may lie there."
    ),
    "PG031": "A generated file was edited by hand. The edit would be lost; move it to the spec or to a template.",
    "PG032": "The output folder cannot be read or written. Nothing was changed.",
    "PG033": "A generated file is not what the spec gives now. Run `pipelinegen generate` and commit the result.",
    "PG034": "A template is at fault, or an override has the name of no template.",
    "PG035": "What a function requires cannot be had for Lambda's platform, so that its bundle would be incomplete.",
    "PG050": "A package offers a step kind that does not import, is none, or repeats a name.",
    "PG060": (
        "`until:` is no moment. It is a date and a time of day with Z or an offset, as in "
        "${run.date}T06:00:00Z, or a reference to a step's value that holds one."
    ),
    "PG061": "A step comes after a `fail` step, which always ends the run, so that it could never start.",
    "PG062": "The folder of code that a step names cannot be taken, or does not hold the handler.",
    "PG063": (
        "An environment variable looks like a secret, or is one that Lambda sets itself. Variables are readable for "
        "everybody who may see the function; secrets are named, and read at run time."
    ),
    "PG064": "A `pipeline` step names its own pipeline, which would start itself again and again.",
    "PG065": "A file of the user's code is no Python: the job or function would fail when it starts.",
    "PG100": (
        "Two steps have the same name. Steps inside others, such as those of a loop, share one set of names with all, "
        "because roles, jobs and folders are named after them."
    ),
    "PG101": (
        "A result is referred to from outside of the loop that makes it, where there is one for each item. Collect it "
        "with `collect:`; folders that steps of a loop write can be referred to as a whole."
    ),
    "PG102": "A loop's item has the name of the item of a loop around it.",
    "PG106": (
        "A state machine is not what Step Functions takes: its structure, the name of an error, a variable, an "
        "expression, an integration, or an argument of an API call. `pipelinegen lint-asl` says so of any file."
    ),
    "PG107": "A file given to `lint-asl` is no state machine: it cannot be read, or is no JSON object.",
    "PG104": "What failed is known only where a failure is handled: inside `on_failure:`.",
    "PG105": ("A step that cleans up after a failed run refers to a step of the run, which may not have run by then."),
    "PG103": (
        "A trigger waits for objects in the pipeline's own data bucket where runs write, so that each run would start "
        "the next one. Let it wait below a prefix of its own."
    ),
    "PG070": (
        "SageMaker does not offer this instance type for this kind of job. The compiler's table is AWS's own "
        "list, as botocore has it; a newer type needs a newer pipelinegen."
    ),
    "PG071": (
        "An image is no address in ECR, or lies in another region than the environment. SageMaker pulls images "
        "of its own region only; the account may be another, if its repository lets this one pull."
    ),
    "PG072": (
        "A transform job would have more than 100 MiB of requests under way, which SageMaker refuses: "
        "`max_concurrency` times `max_payload_mib`."
    ),
    "PG073": (
        "A metric's regular expression is none, or has not exactly one group. SageMaker takes the number that the "
        "group finds."
    ),
    "PG074": (
        "An endpoint asks for what its platform does not have: a serverless endpoint has neither autoscaling nor "
        "rollback on alarm, and autoscaling starts from the number of instances."
    ),
    "PG075": (
        "A search for hyperparameters cannot be made: a range is empty, a hyperparameter has a value as well, or the "
        "objective is none of the step's metrics."
    ),
    "PG080": "The SQL cannot be read, or is something else than one query. It is Spark SQL; its result is the output.",
    "PG081": "The SQL reads a table that is no input of its step, or names one that it does not read.",
    "PG082": "The SQL names a column that none of its tables has.",
    "PG083": "The output dataset declares a column that the result of the SQL does not have.",
    "PG084": "A column of the SQL's result has a type that can never become the declared one.",
    "PG085": (
        "A column marked sensitive would be written to S3 in the clear, because the columns it is made of are not "
        "protected when they are read."
    ),
    "PG086": "The SQL has a parameter that the job does not bind. It binds `:run_date` and the pipeline's parameters.",
    "PG087": (
        "A check cannot be made of its column: the column is dropped or hashed when it is read, or its type does "
        "not go with the check's values."
    ),
    "PG110": (
        "A shared file cannot be included: `include:` takes relative paths of YAML files below the project's folder, "
        "each a mapping of the same keys as a spec."
    ),
    "PG111": "Files include each other in a circle.",
    "PG112": (
        "The overrides of an environment name a step that the spec does not have, or remove something else that it "
        "does not have, so that they would be lost. A new step is given with its kind."
    ),
    "PG113": (
        "EventBridge Scheduler would refuse the schedule, or never start it: the cron expression, the rate or the "
        "time zone. A cron expression has six fields, with '?' in exactly one of day-of-month and day-of-week."
    ),
    "PG114": (
        "AWS has no such thing, or would refuse it: a region, an account id, an ARN, a node type, a size of task. The "
        "compiler's tables are AWS's own lists; something newer needs a newer pipelinegen."
    ),
    "PG115": (
        "A text looks like a secret itself where the name of a secret belongs. Whoever reads the spec, its history or "
        "the generated files would have it: replace that secret, keep it in Secrets Manager, and name it here."
    ),
    "PG116": (
        "Permissions by hand that cannot be: an action that IAM does not know, a whole service, a resource that is no "
        "ARN, a role that is not there, or narrowing that takes nothing away or would widen what is derived."
    ),
    "PG117": (
        "AWS refuses the tag: a resource has at most 50, a key at most 128 characters, a value 256, none begins with "
        "aws:, and those that every resource has from the spec are not given again."
    ),
    "PG118": "An instance is named that the spec does not have, or its name makes others too long or equal.",
    "PG088": "`init` has no such template, or may not write there. It never overwrites a file.",
    "PG130": (
        "A foreign key cannot be held against its keys, because the step does not read the dataset that has them, or "
        "because one side is hashed or tokenised and the other is not."
    ),
    "PG131": "The SQL calls a function that Spark does not bring.",
    "PG132": (
        "The SQL names a column that several of its tables have, or gives one twice that the output dataset declares. "
        "Write the table before it, and give each its own name."
    ),
    "PG133": (
        "The SQL asks for what Spark cannot plan: types that never go together, a function of other arguments than it "
        "takes, a condition that is not true or false, a column beside an aggregate that is not grouped by, an "
        "aggregate or a window where none can stand, or halves of a UNION with other columns."
    ),
    "PG134": (
        "A column marked sensitive may reach S3 in the clear by a program or a statement of one's own, which nobody "
        "can look into. The message shows the way it would take. Where only its author knows, as of a procedure, the "
        "step has to say in `sensitive_data:` how it keeps such columns out of S3."
    ),
    "PG138": (
        "A column or a table cannot play the part it is given: its type does not do, it stands in the names of folders "
        "and not in the files, Parquet files are said to be something else, a bookmark is read in a loop, or a loop "
        "goes through partitions that there are not."
    ),
    "PG139": (
        "A parameter cannot be used there: a window has a whole number of days, `:run_date` is the run's date in "
        "every SQL, and Spark binds no parameter in a WINDOW clause."
    ),
    "PG135": (
        "A value is of another type than what is done with it, or nobody knows of which: a text is compared with a "
        "number, a number gone through as a list, or waited for as a moment. Step Functions would fail the run there. "
        "What programs and raw states give is declared in `result:` with its type, items of loops by `of:`."
    ),
    "PG136": (
        "The warehouse has keys that its kind does not take, or lacks one that it needs: databases have a secret, "
        "s3 a location, glue_catalog a database and locations."
    ),
    "PG137": (
        "A column cannot be a key or a partition: it is dropped when it is read, or its type does not allow it. "
        "Partitions become the names of folders in S3."
    ),
    "PG120": "AWS has no such service, or the service no such action; the compiler's table is botocore's.",
    "PG121": (
        "An argument of a call is not what the API takes: an unknown or missing name, another type, or a value outside "
        "its limits."
    ),
    "PG122": "A path leads to nothing in the answer of a call, or the answer is never what is waited for.",
    "PG123": (
        "What a call must be allowed cannot be told. Its resources are named by its literal arguments, or by "
        "`resources:`, as whole ARNs or from what follows the account; roles that it hands on by `passes_roles:`."
    ),
    "PG124": (
        "A call is waited for in a way that it does not have. Step Functions waits for some jobs by itself "
        "(`wait: true`); all others are asked for (`poll:`)."
    ),
    "PG140": (
        "`network:` names an existing VPC without its private subnets, or mixes keys of an existing VPC with those of "
        "an own one."
    ),
    "PG141": (
        "A block of addresses starts inside of itself, is not private, or has a size that the VPC cannot have. The own "
        "VPC has /16 to /24: AWS takes no larger one, and a smaller one has no room for the steps."
    ),
    "PG142": "Addresses overlap: those of the VPC, of its peers, or of two environments that have a peer in common.",
    "PG170": (
        "A model is to answer requests, and nothing says by which code. The built-in recommender brings its own; any "
        "other model needs a folder with an inference.py (model_fn, input_fn, predict_fn, output_fn), or an image."
    ),
    "PG125": (
        "Raw states are not of the Amazon States Language: a state that leads nowhere or that nothing leads to, a "
        "field that its type does not have, an unknown service or action, JSONata that does not parse, a variable, "
        "function or input that there is not, or a `result:` that no state gives."
    ),
    "PG126": (
        "A declared permission names no resource of its actions, or every resource without a reason, or lets a role be "
        "passed to anybody; or raw states call what no permission of theirs allows."
    ),
    "PG127": "Raw states set a variable of a name that the pipeline uses itself, or that belongs to a step.",
    "PG160": (
        "A bucket, Redis, key, image repository or another resource that holds something would be destroyed and made "
        "anew, because AWS cannot make the change in place."
    ),
    "PG161": (
        "A resource that holds something would be destroyed, because the pipeline no longer has it. Move or save what "
        "it holds before the next apply."
    ),
    "PG162": (
        "A pipeline that is renamed, or goes to another account, is made anew beside the old one: what the old one "
        "holds stays where it is, and nobody manages it any more."
    ),
    "PG163": "Something that a deployment needs is not there. Nothing was started; all of them are named at once.",
    "PG164": "The plan was not confirmed, or nobody is there who could. Nothing was applied.",
    "PG165": "An external command failed. Its own message stands above; what was done before it is not done twice.",
    "PG166": "There is no earlier deployment to go back to, none of that name, or its record cannot be read.",
    "PG167": "An image or object of an earlier deployment is no longer there, so that it cannot be gone back to.",
    "PG168": "The run that should prove a deployment could not be started, failed, or took too long.",
    "PG128": (
        "The built-in evaluation measures a recommender on the tables `interactions` and `items`, as ndcg_at_<top_k> "
        "and recall_at_<top_k>. Anything else is measured by a program of your own, in `code:`."
    ),
    "PG129": (
        "AWS takes no states of JSONPath inside of states in JSONata, which loops and steps at the same time are. Such "
        "states run alone, or are written in JSONata."
    ),
    "PG144": (
        "The rules that check SQL do not decide this query: it may be right or wrong. `validate` then has Spark plan "
        "it, on empty tables with the contracts' columns, and remembers the answer. That takes `pip install "
        "'pipelinegen[local]'` and a Java; without them such a query is not valid, for nobody can say that it runs. "
        "`generate` writes it, and warns."
    ),
    "PG145": (
        "An image of AWS cannot do what the step asks of it: it lies elsewhere or does not exist; its algorithm has no "
        "such hyperparameter, metric or channel, takes other values, files or machines, lacks something, or answers to "
        "other requests; or it is a framework, and has no program. SageMaker would end the job for it. Known are AWS's "
        "algorithms with images of their own, XGBoost's two images among them; `built_in_algorithms.json` says from "
        "which pages and code."
    ),
    "PG146": (
        "A program of one's own refuses what the step gives it on its command line: SageMaker hands hyperparameters "
        "over as `--name value`, and argparse knows no such argument, takes another type, or wants one that is not "
        "given. Only programs that say what they take in literal calls of argparse are looked into; they are not run."
    ),
    "PG143": "An API on Lambda is given what only containers have: processors, a number of tasks, scaling, a firewall.",
}
