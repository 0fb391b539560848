"""How the lab's things are told to programs and pages alike: plain dictionaries in the reader's language."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from generation.lab import messages
from generation.lab.models import Dataset, Fit, Prediction


def of_dataset(dataset: Dataset) -> dict[str, Any]:
    """A data set."""
    return {
        "id": dataset.name,
        "state": dataset.state,
        "code": dataset.code,
        "message": dataset.text,
        "images": dataset.images,
        "size": dataset.size,
        "features_size": dataset.features_size,
        "source": dataset.source["kind"],
        "created_at": dataset.created_at,
    }


def of_eda(dataset: Dataset) -> dict[str, Any]:
    """What was found in the data: two splits of eleven numbers, and beside them what is wrong."""
    eda = dict(dataset.eda)
    corrupt = eda.get("corrupt", {"count": 0, "files": []})
    eda["corrupt"] = {"count": corrupt["count"], "files": corrupt_files(corrupt["files"])}
    return eda


def corrupt_files(files: list[dict[str, str]]) -> list[dict[str, str]]:
    """Files that were not taken, with the reason in words."""
    return [{**file, "reason": _(messages.IMAGE[file["reason"]]), "code": file["reason"]} for file in files]


def of_fit(fit: Fit) -> dict[str, Any]:
    """A model: the seven names of old, and ours."""
    report = fit.report
    return {
        "type_nn_pretrain": fit.backbone,
        "end_activation_function": "Sigmoid",
        **{name: fit.settings[name] for name in ("batch_size", "lr", "C", "num_epochs")},
        "accuracy": fit.accuracy,
        "input_size": fit.settings["input_size"],
        "seed": fit.settings["seed"],
        "roc_auc": report.get("roc_auc"),
        "roc": report.get("roc", []),
        "confusion": report.get("confusion"),
        "calibration": report.get("calibration", []),
        "calibration_error": report.get("calibration_error"),
        "history": fit.history,
        "trained": report.get("trained"),
        "tested": report.get("tested"),
        "in_both": fit.in_both,
        "feature_seconds": report.get("feature_seconds"),
        "fit_seconds": report.get("fit_seconds"),
        "dataset": fit.dataset_name,
        "state": fit.state,
        "code": fit.code,
        "message": fit.text,
        "set": fit.is_set,
        "created_at": fit.created_at,
    }


def of_prediction(prediction: Prediction) -> dict[str, Any]:
    """A prediction. Of a single image the answer also stands at the top."""
    results = [of_result(prediction, result) for result in prediction.results]
    answer: dict[str, Any] = {
        "id": str(prediction.pk),
        "model": prediction.fit.name,
        "threshold": prediction.threshold,
        "state": prediction.state,
        "code": prediction.code,
        "message": prediction.text,
        "url": reverse("api-lab-prediction", args=[prediction.pk]),
        "results": results,
    }
    if len(results) == 1:
        alone = ("REAL", "FAKE", "verdict", "text", "error")
        answer |= {name: results[0][name] for name in alone if name in results[0]}
    return answer


def of_result(prediction: Prediction, result: dict[str, Any]) -> dict[str, Any]:
    """What the model says of one image."""
    answer: dict[str, Any] = {"name": result["name"]}
    if "error" in result:
        return answer | {"error": _(messages.IMAGE[result["error"]]), "code": result["error"]}
    picture = reverse("api-lab-picture", args=[prediction.pk, result["index"], "image"])
    places = reverse("api-lab-picture", args=[prediction.pk, result["index"], "map"])
    return answer | {
        "REAL": result["real"],
        "FAKE": result["fake"],
        "verdict": result["verdict"],
        "text": verdict_words(result["verdict"]),
        "image": picture,
        "map": places if result["has_map"] else None,
    }


def verdict_words(verdict: str) -> str:
    """The verdict as a sentence."""
    return _("The image is REAL") if verdict == "REAL" else _("The image is FAKE")
