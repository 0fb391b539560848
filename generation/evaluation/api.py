"""The API of quality: measure a set, compare sets, list references. Thin: parse, call, answer."""

from typing import Any, cast

from django.db.models import QuerySet
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from accounts.idempotency import idempotent
from accounts.models import User
from generation.evaluation import adding, selectors, services, weights
from generation.evaluation.models import Comparison, Evaluation, Reference
from generation.evaluation.serializers import (
    ComparisonSerializer,
    EvaluationSerializer,
    FidSerializer,
    NewComparison,
    NewEvaluation,
    NewReference,
    ReferenceSerializer,
    WholeReferenceSerializer,
)
from generation.sets import selectors as sets


def _person(request: Request) -> User:
    return cast(User, request.user)


def _begun(answer: BaseSerializer[Any], route: str) -> Response:
    """What a job makes from now on, and where to watch it."""
    where = reverse(route, args=[answer.data["id"]])
    return Response(answer.data, status=status.HTTP_202_ACCEPTED, headers={"Location": where})


class SetEvaluationsView(ListAPIView[Evaluation]):
    """The measurements of a set."""

    serializer_class = EvaluationSerializer
    queryset = Evaluation.objects.none()

    def get_queryset(self) -> QuerySet[Evaluation]:
        """Of a set that the asker may look at."""
        image_set = sets.set_for(_person(self.request), self.kwargs["set_id"])
        return selectors.evaluations_of(image_set)

    @extend_schema(operation_id="evaluations_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All of them, latest first, each with the N of its day."""
        return self.list(request, *args, **kwargs)

    @extend_schema(
        operation_id="evaluations_create", request=NewEvaluation, responses={202: EvaluationSerializer}
    )
    @idempotent
    def post(self, request: Request, set_id: Any) -> Response:
        """Measure the set by a job; watch `GET evaluations/{id}`."""
        image_set = sets.set_for(_person(request), set_id)
        asked = NewEvaluation(data=request.data)
        asked.is_valid(raise_exception=True)
        made = services.evaluate(by=_person(request), image_set=image_set, **asked.validated_data)
        return _begun(EvaluationSerializer(made), "api-evaluation")


class EvaluationView(GenericAPIView[Evaluation]):
    """One measurement."""

    serializer_class = EvaluationSerializer

    @extend_schema(operation_id="evaluations_retrieve")
    def get(self, request: Request, evaluation_id: Any) -> Response:
        """Its state, and its result once there is one."""
        found = selectors.evaluation_for(_person(request), evaluation_id)
        return Response(EvaluationSerializer(found).data)


class ComparisonsView(ListAPIView[Comparison]):
    """One's own comparisons."""

    serializer_class = ComparisonSerializer
    queryset = Comparison.objects.none()

    def get_queryset(self) -> QuerySet[Comparison]:
        """Own ones."""
        return selectors.comparisons_of(_person(self.request))

    @extend_schema(operation_id="comparisons_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All of them, latest first."""
        return self.list(request, *args, **kwargs)

    @extend_schema(
        operation_id="comparisons_create", request=NewComparison, responses={202: ComparisonSerializer}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Compare two to six sets and references by a job; watch `GET comparisons/{id}`."""
        asked = NewComparison(data=request.data)
        asked.is_valid(raise_exception=True)
        wish, person = dict(asked.validated_data), _person(request)
        chosen = [sets.set_for(person, set_id) for set_id in dict.fromkeys(wish.pop("sets"))]
        made = services.compare(by=person, image_sets=chosen, **wish)
        return _begun(ComparisonSerializer(made), "api-comparison")


class ComparisonView(GenericAPIView[Comparison]):
    """One comparison."""

    serializer_class = ComparisonSerializer

    @extend_schema(operation_id="comparisons_retrieve")
    def get(self, request: Request, comparison_id: Any) -> Response:
        """Its state, and its result once there is one."""
        found = selectors.comparison_for(_person(request), comparison_id)
        return Response(ComparisonSerializer(found).data)


class ReferencesView(ListAPIView[Reference]):
    """What sets may be measured against."""

    serializer_class = ReferenceSerializer
    queryset = Reference.objects.none()
    ordering = ("created_at", "pk")

    def get_queryset(self) -> QuerySet[Reference]:
        """The site's, and the asker's own in whatever state."""
        return selectors.references_to_list(_person(self.request))

    @extend_schema(operation_id="references_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """All of them with lineage and terms; those whose state is ready can be measured against."""
        return self.list(request, *args, **kwargs)

    @extend_schema(
        operation_id="references_create", request=NewReference, responses={202: WholeReferenceSerializer}
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Make a reference from an uploaded archive by a job; watch `GET references/{id}`."""
        asked = NewReference(data=request.data)
        asked.is_valid(raise_exception=True)
        made = adding.add(by=_person(request), **asked.validated_data)
        return _begun(WholeReferenceSerializer(made), "api-reference")


class ReferenceView(GenericAPIView[Reference]):
    """One reference."""

    serializer_class = WholeReferenceSerializer

    @extend_schema(operation_id="references_retrieve")
    def get(self, request: Request, reference_id: Any) -> Response:
        """Its state, and which photographs were refused and why."""
        found = selectors.reference_for(_person(request), reference_id)
        return Response(WholeReferenceSerializer(found).data)

    @extend_schema(operation_id="references_delete", responses={204: None})
    def delete(self, request: Request, reference_id: Any) -> Response:
        """Remove it with its features and kept pictures; measurements keep its name."""
        person = _person(request)
        adding.delete(by=person, reference=selectors.reference_for(person, reference_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class FidView(GenericAPIView[Reference]):
    """Whether FID can be had here."""

    serializer_class = FidSerializer

    @extend_schema(operation_id="fid_retrieve")
    def get(self, request: Request) -> Response:
        """The weights, a reference measured with them, and the job that fetches them, if one does."""
        return Response(FidSerializer(weights.standing(_person(request))).data)

    @extend_schema(operation_id="fid_fetch", request=None, responses={202: FidSerializer})
    def post(self, request: Request) -> Response:
        """Have the standard weights fetched; administrators only."""
        weights.fetch(by=_person(request))
        return Response(
            FidSerializer(weights.standing(_person(request))).data, status=status.HTTP_202_ACCEPTED
        )
