"""What AWS's own algorithms take: the examples of its documentation pass, slips in them do not."""

import json
from typing import Any

import pytest

from pipelinegen.errors import SpecError
from pipelinegen.steps.built_in_algorithms import algorithm, repositories
from tests.compiling import pipelines_of

#: Hyperparameters of the sample notebooks and pages that AWS's developer guide refers to, by repository.
EXAMPLES: dict[str, dict[str, Any]] = {
    "linear-learner": {"feature_dim": 784, "predictor_type": "binary_classifier", "mini_batch_size": 200},
    "factorization-machines": {
        "feature_dim": 784, "predictor_type": "binary_classifier", "mini_batch_size": 200, "num_factors": 10,
    },
    "kmeans": {"k": 10, "feature_dim": 784, "mini_batch_size": 500, "force_dense": "True", "_kvstore": "device"},
    "knn": {"feature_dim": 54, "k": 10, "sample_size": 200000, "predictor_type": "classifier"},
    "lda": {"num_topics": 5, "feature_dim": 25, "mini_batch_size": 6000, "alpha0": 1.0},
    "ntm": {"num_topics": 20, "feature_dim": 1000, "mini_batch_size": 128, "epochs": 100, "tolerance": 0.001},
    "object2vec": {
        "_num_gpus": "auto", "enc0_max_seq_len": 1, "enc0_vocab_size": 944, "enc0_network": "pooled_embedding",
        "enc0_layers": "auto", "enc1_max_seq_len": 1, "enc1_vocab_size": 1684, "enc_dim": 1024, "mlp_dim": 256,
        "output_layer": "mean_squared_error", "comparator_list": "hadamard, concat", "dropout": 0.0,
    },
    "pca": {
        "feature_dim": 50000, "num_components": 10, "subtract_mean": True, "algorithm_mode": "randomized",
        "mini_batch_size": 200, "extra_components": -1,
    },
    "randomcutforest": {"num_samples_per_tree": 512, "num_trees": 50, "feature_dim": 1, "eval_metrics": '["accuracy"]'},
    "ipinsights": {"num_entity_vectors": 20000, "vector_dim": 128, "mini_batch_size": 1000, "learning_rate": 0.01},
    "blazingtext": {
        "mode": "supervised", "epochs": 10, "min_count": 2, "learning_rate": 0.05, "early_stopping": True,
        "word_ngrams": 2,
    },
    "seq2seq": {"max_seq_len_source": "60", "optimized_metric": "bleu", "batch_size": "64", "rnn_num_hidden": "512"},
    "forecasting-deepar": {
        "time_freq": "1H", "epochs": "400", "context_length": "72", "prediction_length": "48",
        "learning_rate": "5E-4", "likelihood": "student-T", "num_dynamic_feat": "auto", "cardinality": "[2, 3]",
    },
    "image-classification": {
        "num_layers": "18", "resize": "32", "num_training_samples": "50000", "num_classes": "10",
        "image_shape": "3,28,28", "lr_scheduler_step": "2,3", "augmentation_type": "crop_color", "eps": "1e-8",
        "top_k": "5", "use_pretrained_model": 0,
    },
    "object-detection": {
        "base_network": "resnet-50", "use_pretrained_model": 1, "num_classes": 20, "lr_scheduler_step": "10",
        "optimizer": "sgd", "image_shape": 512, "label_width": 600, "num_training_samples": 5000,
    },
    "semantic-segmentation": {
        "backbone": "resnet-50", "algorithm": "fcn", "use_pretrained_model": "True", "crop_size": 240,
        "num_classes": 21, "num_training_samples": 1464, "optimizer": "rmsprop", "lr_scheduler": "poly",
    },
    "sagemaker-xgboost": {
        "max_depth": "5", "eta": "0.2", "gamma": "4", "subsample": "0.7", "objective": "reg:squarederror",
        "num_round": "50", "eval_metric": "rmse,error@0.7", "_kfold": 5,
    },
    "xgboost": {"max_depth": "5", "eta": "0.2", "silent": "0", "objective": "reg:linear", "num_round": "50"},
}  # fmt: skip

#: One slip each: what is changed in the example (None: taken out), and what is said of it.
SLIPS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("linear-learner", {"predictor": "regressor"}, "Linear Learner has no hyperparameter 'predictor'"),
    ("linear-learner", {"target_recall": 1.5}, "takes a number from 0 to 1 as 'target_recall', found 1.5"),
    ("factorization-machines", {"num_factors": None}, "wants to know the hyperparameter 'num_factors'"),
    ("kmeans", {"init_method": "kmeans"}, "takes 'kmeans++' or 'random' as 'init_method', found 'kmeans'"),
    ("knn", {"dimension_reduction_type": "sign"}, "'dimension_reduction_target', as 'dimension_reduction_type' is"),
    ("knn", {"faiss_index_pq_m": 5}, "takes one of 16 values as 'faiss_index_pq_m', found 5"),
    ("lda", {"alpha0": 0}, "takes a number above 0 as 'alpha0', found 0"),
    ("ntm", {"num_topics": 1}, "takes a whole number from 2 to 1,000 as 'num_topics', found 1"),
    ("object2vec", {"enc0_layers": 5}, "takes 'auto' or a whole number from 1 to 4 as 'enc0_layers', found 5"),
    ("pca", {"subtract_mean": "yes"}, "takes true or false as 'subtract_mean', found 'yes'"),
    ("randomcutforest", {"num_trees": 49}, "takes a whole number from 50 to 1,000 as 'num_trees', found 49"),
    ("ipinsights", {"learning_rate": "nan"}, "takes a number from 0.000001 to 10 as 'learning_rate', found 'nan'"),
    ("blazingtext", {"mode": None}, "BlazingText wants to know the hyperparameter 'mode'"),
    ("seq2seq", {"encoder_type": "lstm"}, "takes 'cnn' or 'rnn' as 'encoder_type', found 'lstm'"),
    ("forecasting-deepar", {"likelihood": "student-t"}, "or 'student-T' as 'likelihood', found 'student-t'"),
    ("image-classification", {"augmentation type": "crop"}, "has no hyperparameter 'augmentation type'"),
    ("object-detection", {"image_shape": "3,300,300"}, "takes a whole number from 300 as 'image_shape'"),
    ("semantic-segmentation", {"crop_size": 8}, "takes a whole number from 16 as 'crop_size', found 8"),
    ("sagemaker-xgboost", {"objective": "multi:softmax"}, "'num_class', as 'objective' is 'multi:softmax'"),
    ("sagemaker-xgboost", {"eval_metric": "rmse,rms"}, "XGBoost measures no 'rms'"),
    ("xgboost", {"silent": 2}, "XGBoost 0.72 takes a whole number from 0 to 1 as 'silent', found 2"),
)  # fmt: skip


#: What is set beside the example, the metric that is used, and what is said of it, if anything.
METRICS: tuple[tuple[str, dict[str, Any], str, str | None], ...] = (
    ("linear-learner", {}, "test:recall", None),
    ("linear-learner", {}, "train:objective_loss:final", None),
    ("linear-learner", {}, "test:mse", "gives no 'test:mse' where 'predictor_type' is 'binary_classifier'"),
    ("linear-learner", {"predictor_type": "${run.id}"}, "test:mse", None),
    ("knn", {}, "test:mse", "gives no 'test:mse' where 'predictor_type' is 'classifier'"),
    ("blazingtext", {}, "train:mean_rho", "gives no 'train:mean_rho' where 'mode' is 'supervised'"),
    ("ntm", {}, "test:total_loss", None),
    ("ipinsights", {}, "test:discriminator_auc", "IP Insights gives no metric 'test:discriminator_auc'"),
    ("sagemaker-xgboost", {}, "validation:rmse", None),
    ("sagemaker-xgboost", {}, "validation:auc", "where 'eval_metric' is 'rmse,error@0.7'"),
    ("sagemaker-xgboost", {"eval_metric": None}, "validation:auc", "where 'objective' is 'reg:squarederror'"),
    ("sagemaker-xgboost", {"eval_metric": None}, "validation:rmse", None),
    ("sagemaker-xgboost", {"eval_metric": None, "objective": "rank:map"}, "validation:ndcg", None),
)  # fmt: skip


def _changed(repository: str, change: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**EXAMPLES[repository], **change}.items() if value is not None}


def _step(repository: str, hyperparameters: dict[str, Any]) -> dict[str, Any]:
    found = algorithm(repository)
    assert found is not None
    step = {
        "kind": "sagemaker_training",
        "image": f"{found.account('eu-west-1')}.dkr.ecr.eu-west-1.amazonaws.com/{repository}:{found.tags[-2]}",
        "inputs": dict.fromkeys(found.required_channels, "${parameters.rows}"),
        "hyperparameters": hyperparameters,
    }
    return {**step, "instance": {"type": "ml.p3.2xlarge"}} if "gpu" in found.machines else step


def _spec(steps: dict[str, Any]) -> str:
    environments = {"dev": {"account_id": "111111111111", "region": "eu-west-1"}}
    head = {"version": 1, "name": "demo", "description": "Algorithms.", "on_failure": {"notify": "demo@example.com"}}
    owner = {"team": "demo", "email": "demo@example.com"}
    parameters = {"rows": {"type": "s3_uri", "within": "s3://rows/", "default": "s3://rows/"}}
    whole = {**head, "owner": owner, "parameters": parameters, "steps": steps, "environments": environments}
    return json.dumps(whole)


def test_the_examples_of_the_documentation_pass() -> None:
    assert set(EXAMPLES) == set(repositories())
    steps = {name.replace("-", "_"): _step(name, given) for name, given in EXAMPLES.items()}
    (pipeline,) = pipelines_of(_spec(steps))
    assert len(pipeline.steps) == len(steps)
    shared_out = [step.name for step in pipeline.steps if "ShardedByS3Key" in str(step.files[0].context)]
    assert shared_out == ["randomcutforest"]  # its channel `train` takes no other distribution


def test_slips_are_named() -> None:
    steps = {f"step_{index}": _step(name, _changed(name, change)) for index, (name, change, _) in enumerate(SLIPS)}
    with pytest.raises(SpecError) as found:
        pipelines_of(_spec(steps))
    said = [item.message for item in found.value.diagnostics]
    assert [expected for _, _, expected in SLIPS if not any(expected in message for message in said)] == []
    assert len(said) == len(SLIPS)


def test_metrics_depend_on_what_is_set() -> None:
    rows = "${parameters.rows}"
    steps: dict[str, Any] = {}
    for index, (repository, change, metric, _) in enumerate(METRICS):
        step = _step(repository, _changed(repository, change))
        inputs = {metric.partition(":")[0]: rows, **step["inputs"]}
        steps[f"step_{index}"] = {**step, "inputs": inputs, "metrics": {"it": {"goal": "minimize", "name": metric}}}
    steps["step_7"]["inputs"] = {"train": rows}
    with pytest.raises(SpecError) as found:
        pipelines_of(_spec(steps))
    said = [item.message for item in found.value.diagnostics]
    expected = [text for _, _, _, text in METRICS if text]
    assert [text for text, message in zip(expected, said, strict=True) if text not in message] == []


def test_some_channels_have_types_of_their_own() -> None:
    topics, forest = algorithm("ntm"), algorithm("randomcutforest")
    assert topics is not None
    assert forest is not None
    assert topics.content_type("auxiliary", "text/csv;label_size=0") == "text/plain"
    assert forest.content_type("test", "text/csv;label_size=0") == "text/csv;label_size=1"
    assert forest.content_type("train", "text/csv;label_size=0") == "text/csv;label_size=0"


def test_of_releases_whose_names_are_not_published_slips_are_named() -> None:
    newest = algorithm("sagemaker-xgboost", "3.0-5")
    assert newest is not None
    known = list(newest.rules)
    taken = {name: newest.may_have(name, known) for name in ("device", "multi_strategy", "zzz", "max_dpth", "etaa")}
    assert taken == {"device": True, "multi_strategy": True, "zzz": True, "max_dpth": False, "etaa": False}
