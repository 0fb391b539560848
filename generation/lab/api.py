"""The API of the lab: data sets, what is in them, models, and answers about images. Thin: parse, call, answer."""

from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from accounts import private_files
from accounts.errors import InvalidInput, NotFound
from accounts.models import User
from generation.jobs import selectors as jobs
from generation.lab import answers, policies, selectors, serializers, services, sources, storage
from generation.lab.limits import limits
from generation.lab.models import Dataset, Prediction
from generation.lab.waiting import seats
from generation.uploads import services as uploads


def _person(request: Request) -> User:
    return cast(User, request.user)


class DatasetViewSet(GenericViewSet[Dataset]):
    """One's own data sets."""

    serializer_class = serializers.DatasetAnswer
    queryset = Dataset.objects.none()
    parser_classes = [JSONParser, FormParser, MultiPartParser]

    def get_queryset(self) -> QuerySet[Dataset]:
        """Own data sets."""
        return selectors.datasets_of(_person(self.request))

    @extend_schema(operation_id="lab_datasets_list", responses=serializers.DatasetAnswer(many=True))
    def list(self, request: Request) -> Response:
        """All of them, latest first."""
        page = self.paginate_queryset(self.get_queryset())
        return self.get_paginated_response([answers.of_dataset(one) for one in page or []])

    @extend_schema(
        operation_id="lab_datasets_create",
        request={
            "multipart/form-data": serializers.NewDataset,
            "application/json": serializers.NewDataset,
        },
        responses={202: serializers.BegunDataset},
    )
    def create(self, request: Request) -> Response:
        """Have an archive read by a job; watch `GET datasets/{id}` or the job."""
        asked = serializers.NewDataset(data=request.data)
        asked.is_valid(raise_exception=True)
        data, person = asked.validated_data, _person(request)
        name = data["id"].strip()
        if name:
            policies.check_dataset_id(person, name)
        upload_id = data.get("upload")
        received = None
        if data.get("file") is not None:
            file: Any = data["file"]
            received = uploads.receive(
                by=person, purpose=sources.PURPOSE, name=file.name or "data", size=file.size or 0, stream=file
            )
            upload_id = received.pk
        if upload_id is None and "sets" not in data:
            message = _("Send an archive as `file`, or the id of a finished upload as `upload`.")
            raise InvalidInput(message, fields={"file": message})
        try:
            if "sets" in data:
                dataset = services.compose_dataset(
                    by=person,
                    name=name,
                    sets=data["sets"],
                    upload_id=upload_id,
                    reference=data["reference"].strip(),
                    seed=data["seed"],
                )
            else:
                dataset = services.create_dataset(by=person, name=name, upload_id=upload_id)
        except BaseException:
            if received is not None:
                uploads.discard(received)
            raise
        dataset.refresh_from_db()
        job = selectors.job_of(dataset)
        answer = answers.of_dataset(dataset) | {"job": job and str(job.pk)}
        where = reverse("api-lab-dataset", args=[dataset.name])
        return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Location": where})

    @extend_schema(operation_id="lab_datasets_retrieve", responses=serializers.DatasetAnswer)
    def retrieve(self, request: Request, name: str) -> Response:
        """One of them."""
        return Response(answers.of_dataset(selectors.dataset_for(_person(request), name)))

    @extend_schema(operation_id="lab_datasets_delete", responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        """Remove it with its files; models fitted on it stay."""
        person = _person(request)
        services.delete_dataset(by=person, dataset=selectors.dataset_for(person, name))
        return Response(status=status.HTTP_204_NO_CONTENT)


class EdaView(APIView):
    """What is in a data set."""

    @extend_schema(
        operation_id="lab_eda",
        parameters=[OpenApiParameter("dataset", str, required=True)],
        responses=serializers.EdaAnswer,
    )
    def get(self, request: Request) -> Response:
        """The numbers of train and test, and what is wrong with the files."""
        name = request.query_params.get("dataset", "").strip()
        if not name:
            message = _("Say which data set, as ?dataset=ID.")
            raise InvalidInput(message, fields={"dataset": message})
        dataset = selectors.dataset_for(_person(request), name)
        policies.check_ready(dataset)
        return Response(answers.of_eda(dataset))


class FitView(APIView):
    """New models."""

    @extend_schema(operation_id="lab_fit", request=serializers.NewFit, responses={202: serializers.FitAnswer})
    def post(self, request: Request) -> Response:
        """Fit a model by a job. The answer says on which network it will stand."""
        asked = serializers.NewFit(data=request.data)
        asked.is_valid(raise_exception=True)
        wish = dict(asked.validated_data)
        name, dataset_name = wish.pop("id").strip(), wish.pop("dataset").strip()
        made = services.fit(by=_person(request), name=name, dataset_name=dataset_name, wish=wish)
        job = selectors.job_of(made)
        answer: dict[str, Any] = {
            "id": made.name,
            "type_nn_pretrain": made.backbone,
            "dataset": made.dataset_name,
            "state": made.state,
            "job": str(job.pk) if job else None,
            "url": reverse("api-lab-model", args=[made.name]),
        }
        return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Location": answer["url"]})


class ModelsView(APIView):
    """One's own models."""

    @extend_schema(
        operation_id="lab_models",
        responses={200: OpenApiResponse(serializers.MODELS_BY_ID, "An object by id of models.")},
    )
    def get(self, request: Request) -> Response:
        """All models as an object by id."""
        return Response({fit.name: answers.of_fit(fit) for fit in selectors.fits_of(_person(request))})


class ModelView(APIView):
    """One model."""

    @extend_schema(operation_id="lab_model", responses=serializers.ModelAnswer)
    def get(self, request: Request, name: str) -> Response:
        """How it was fitted and how well it tells."""
        return Response(answers.of_fit(selectors.fit_for(_person(request), name)))

    @extend_schema(operation_id="lab_model_delete", responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Remove it; one that is being fitted stops."""
        person = _person(request)
        services.delete_fit(by=person, fit=selectors.fit_for(person, name))
        return Response(status=status.HTTP_204_NO_CONTENT)


class SetView(APIView):
    """Which model answers."""

    @extend_schema(
        operation_id="lab_set", request=serializers.SetModel, responses={200: serializers.SetAnswer}
    )
    def post(self, request: Request) -> Response:
        """Make one of one's own finished models the one for inference."""
        asked = serializers.SetModel(data=request.data)
        asked.is_valid(raise_exception=True)
        person = _person(request)
        fit = services.set_fit(by=person, fit=selectors.fit_for(person, asked.validated_data["id"].strip()))
        return Response({"id": fit.name, "message": _("'%(id)s' is set for inference.") % {"id": fit.name}})


class PredictView(APIView):
    """Questions to the model that is set."""

    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="lab_predict",
        request={"multipart/form-data": serializers.NewPrediction},
        responses={200: serializers.PredictionAnswer, 202: serializers.PredictionAnswer},
    )
    def post(self, request: Request) -> Response:
        """Answered at once when a worker does it in time, otherwise 202 and a place to look."""
        sent = request.data if isinstance(request.data, dict) else {}
        asked = serializers.NewPrediction(data={"threshold": sent.get("threshold", limits().threshold)})
        asked.is_valid(raise_exception=True)
        files = [file for name in request.FILES for file in request.FILES.getlist(name)]
        person = _person(request)
        prediction, job = services.predict(
            by=person, files=files, threshold=asked.validated_data.get("threshold")
        )
        with seats.one() as seated:
            if seated:
                jobs.wait_until_ended(job, seconds=limits().predict_seconds)
        return _prediction(selectors.prediction_for(person, prediction.pk))


class PredictionView(APIView):
    """One prediction."""

    @extend_schema(
        operation_id="lab_prediction",
        responses={200: serializers.PredictionAnswer, 202: serializers.PredictionAnswer},
    )
    def get(self, request: Request, prediction_id: Any) -> Response:
        """The answers, or 202 while they are on their way."""
        return _prediction(selectors.prediction_for(_person(request), prediction_id))

    @extend_schema(operation_id="lab_prediction_delete", responses={204: None})
    def delete(self, request: Request, prediction_id: Any) -> Response:
        """Remove it with its pictures; one that is being answered stops."""
        person = _person(request)
        services.delete_prediction(by=person, prediction=selectors.prediction_for(person, prediction_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _prediction(prediction: Prediction) -> Response:
    answer = answers.of_prediction(prediction)
    if prediction.is_waiting:
        return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Location": answer["url"]})
    return Response(answer)


class PictureView(APIView):
    """The pictures of a prediction."""

    @extend_schema(
        operation_id="lab_picture",
        responses={(200, "image/png"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, prediction_id: Any, index: int, kind: str) -> HttpResponseBase:
        """The image saved anew, or where the model looked in it."""
        prediction = selectors.prediction_for(_person(request), prediction_id)
        path = {"image": storage.picture_path, "map": storage.map_path}.get(kind)
        if path is None or prediction.result_of(index) is None:
            raise NotFound(_("There is no such image."))
        return private_files.response(
            request._request, path(prediction.folder, index), download_name=None, content_type="image/png"
        )
