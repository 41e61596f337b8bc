"""Inference code of the demo's model."""

import xgboost


def model_fn(model_dir):
    model = xgboost.Booster()
    model.load_model(f"{model_dir}/xgboost-model")
    return model


def predict_fn(data, model):
    return model.predict(xgboost.DMatrix(data))
