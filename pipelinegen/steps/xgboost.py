"""What XGBoost as AWS ships it takes by name and type, as its own validation has it (aws/sagemaker-xgboost-container).

Images of one's own that are called alike, other releases than 1.x and programs inside of the image are not looked into.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from pipelinegen.errors import Diagnostic, SpecError, suggest
from pipelinegen.spec.conditions import Scalar
from pipelinegen.steps.algorithms import MetricSpec
from pipelinegen.steps.base import Scope

_IMAGE: Final = re.compile(r"(?P<account>\d{12})\.[^/]+/sagemaker-xgboost:1\.\d.*")
_WHOLE: Final = frozenset(
    (
        *("_kfold", "_num_cv_round", "csv_weights", "early_stopping_rounds", "max_bin", "max_depth", "max_leaves"),
        *("nthread", "num_class", "num_parallel_tree", "num_round", "one_drop", "prob_buffer_row", "refresh_leaf"),
        *("seed", "verbosity"),
    )
)
_NUMBERS: Final = frozenset(
    (
        *("aft_loss_distribution_scale", "alpha", "base_score", "colsample_bylevel", "colsample_bynode"),
        *("colsample_bytree", "eta", "gamma", "lambda", "lambda_bias", "learning_rate", "max_delta_step"),
        *("min_child_weight", "min_split_loss", "rate_drop", "reg_alpha", "reg_lambda", "scale_pos_weight"),
        *("sketch_eps", "skip_drop", "subsample", "tweedie_variance_power"),
    )
)
_OTHERS: Final = frozenset(
    (
        *("_tuning_objective_metric", "aft_loss_distribution", "booster", "deterministic_histogram", "dsplit"),
        *("eval_metric", "grow_policy", "huber_slope", "interaction_constraints", "max_cached_hist_node"),
        *("monotone_constraints", "normalize_type", "objective", "predictor", "process_type", "sample_type"),
        *("sampling_method", "save_model_on_termination", "single_precision_histogram", "tree_method", "updater"),
    )
)
_METRICS: Final = frozenset(
    (
        *("accuracy", "aft-nloglik", "auc", "aucpr", "balanced_accuracy", "cox-nloglik", "error", "f1", "f1_binary"),
        *("f1_macro", "gamma-deviance", "gamma-nloglik", "interval-regression-accuracy", "logloss", "mae", "map"),
        *("mape", "merror", "mlogloss", "mphe", "mse", "ndcg", "poisson-nloglik", "precision", "precision_macro"),
        *("precision_micro", "r2", "recall", "recall_macro", "recall_micro", "rmse", "rmsle", "tweedie-nloglik"),
    )
)


@dataclass(frozen=True, slots=True)
class Given:
    """What a step gives the algorithm.

    `search` are the hyperparameters that a tuning looks for, and whether it looks among whole numbers only.
    """

    image: str | None
    inputs: Iterable[str]
    hyperparameters: Mapping[str, Scalar]
    metrics: Mapping[str, MetricSpec]
    search: Mapping[str, bool] = field(default_factory=dict)


def check_xgboost(scope: Scope, given: Given) -> None:
    """Raises: SpecError with PG145 for every name and type that XGBoost would end the job for."""
    found = _IMAGE.fullmatch(given.image or "")
    is_own = found is not None and found["account"] == scope.names.account_id
    if found is None or is_own or "sagemaker_program" in given.hyperparameters:
        return
    faults = [*_of_names(scope, given), *_of_types(scope, given), *_of_metrics(scope, given)]
    if faults:
        raise SpecError(faults)


def _of_names(scope: Scope, given: Given) -> Iterator[Diagnostic]:
    known = _WHOLE | _NUMBERS | _OTHERS
    for part, names in (("hyperparameters", given.hyperparameters), ("search", given.search)):
        for name in names:
            if name not in known:
                span = scope.spans.at(part, name).label
                yield Diagnostic(
                    span, "PG145", f"XGBoost has no hyperparameter '{name}'", suggest(name, known, "it has")
                )
    if "num_round" not in {*given.hyperparameters, *given.search}:
        message = "XGBoost wants to know how many rounds it trains"
        yield Diagnostic(scope.spans.label, "PG145", message, "give `num_round` among the `hyperparameters:`")
    if "train" not in given.inputs:
        message = "XGBoost reads what it learns from a channel 'train'"
        yield Diagnostic(scope.spans.at("inputs").label, "PG145", message, "call one of the `inputs:` so")


def _of_types(scope: Scope, given: Given) -> Iterator[Diagnostic]:
    for name, is_whole in given.search.items():
        if name in _WHOLE and not is_whole:
            message = f"XGBoost takes a whole number as '{name}', and others are looked for"
            yield Diagnostic(
                scope.spans.at("search", name).value, "PG145", message, "let it go from 3 to 9, as whole numbers"
            )
    for name, value in given.hyperparameters.items():
        if isinstance(value, str) and "${" in value:
            continue
        wanted = "a whole number" if name in _WHOLE else "a number" if name in _NUMBERS else None
        if wanted and not _fits(value, is_whole=name in _WHOLE):
            shown = str(value).lower() if isinstance(value, bool) else repr(value)
            message = f"XGBoost takes {wanted} as '{name}', found {shown}"
            help = "write 1 for true, 0 for false" if isinstance(value, bool) else f"write {wanted}"
            yield Diagnostic(scope.spans.at("hyperparameters", name).value, "PG145", message, help)


def _fits(value: Scalar, *, is_whole: bool) -> bool:
    if isinstance(value, bool):
        return False
    try:
        _ = int(str(value)) if is_whole else float(value)
    except ValueError:
        return False
    return True


def _of_metrics(scope: Scope, given: Given) -> Iterator[Diagnostic]:
    for key, metric in given.metrics.items():
        channel, _, name = (metric.name or "").partition(":")
        if metric.name and (channel not in ("train", "validation") or name.partition("@")[0] not in _METRICS):
            known = [f"{channel}:{name}" for channel in ("train", "validation") for name in _METRICS]
            span = scope.spans.at("metrics", key, "name").value
            help = suggest(metric.name, known, "it has")
            yield Diagnostic(span, "PG145", f"XGBoost gives no metric '{metric.name}'", help)
