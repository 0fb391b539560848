"""Addresses of the API of sets, below /api/v1/."""

from django.urls import path

from generation.sets import (
    api,
    api_again,
    api_downloads,
    api_exports,
    api_images,
    api_sets,
    api_shares,
    api_webhooks,
)

urlpatterns = [
    path("models", api.ModelsView.as_view(), name="api-models"),
    path("models/<slug:name>", api.ModelView.as_view(), name="api-model"),
    path("orders", api.OrdersView.as_view(), name="api-orders"),
    path("orders/<uuid:order_id>", api.OrderView.as_view(), name="api-order"),
    path("orders/<uuid:order_id>/cancel", api.OrderCancelView.as_view(), name="api-order-cancel"),
    path("orders/<uuid:order_id>/resume", api.OrderResumeView.as_view(), name="api-order-resume"),
    path("orders/<uuid:order_id>/keep", api.OrderKeepView.as_view(), name="api-order-keep"),
    path("sets", api_sets.SetsView.as_view(), name="api-sets"),
    path("sets/<uuid:set_id>", api_sets.SetView.as_view(), name="api-set"),
    path("sets/<uuid:set_id>/again", api_again.SetAgainView.as_view(), name="api-set-again"),
    path("sets/<uuid:set_id>/more", api_again.SetMoreView.as_view(), name="api-set-more"),
    path("sets/<uuid:set_id>/restore", api_sets.SetRestoreView.as_view(), name="api-set-restore"),
    path("sets/<uuid:set_id>/download", api_downloads.SetDownloadView.as_view(), name="api-set-download"),
    path("sets/<uuid:set_id>/shards", api_downloads.SetShardsView.as_view(), name="api-set-shards"),
    path("sets/<uuid:set_id>/histogram", api_sets.SetHistogramView.as_view(), name="api-set-histogram"),
    path("sets/<uuid:set_id>/scores", api_sets.ScoresView.as_view(), name="api-set-scores"),
    path("sets/<uuid:set_id>/shares", api_shares.SharesView.as_view(), name="api-set-shares"),
    path("sets/<uuid:set_id>/shares/<int:share_id>", api_shares.ShareView.as_view(), name="api-set-share"),
    path("sets/<uuid:set_id>/images", api_images.SetImagesView.as_view(), name="api-set-images"),
    path(
        "sets/<uuid:set_id>/images/delete",
        api_images.DeleteImagesView.as_view(),
        name="api-set-images-delete",
    ),
    path(
        "sets/<uuid:set_id>/images/restore",
        api_images.RestoreImagesView.as_view(),
        name="api-set-images-restore",
    ),
    path("sets/<uuid:set_id>/images/star", api_images.StarImagesView.as_view(), name="api-set-images-star"),
    path(
        "sets/<uuid:set_id>/images/unstar",
        api_images.UnstarImagesView.as_view(),
        name="api-set-images-unstar",
    ),
    path("sets/<uuid:set_id>/images/copy", api_images.CopyImagesView.as_view(), name="api-set-images-copy"),
    path("exports", api_exports.ExportsView.as_view(), name="api-exports"),
    path("exports/<uuid:export_id>", api_exports.ExportView.as_view(), name="api-export"),
    path(
        "exports/<uuid:export_id>/download",
        api_exports.ExportDownloadView.as_view(),
        name="api-export-download",
    ),
    path("webhooks", api_webhooks.WebhooksView.as_view(), name="api-webhooks"),
    path("webhooks/<uuid:webhook_id>", api_webhooks.WebhookView.as_view(), name="api-webhook"),
    path("webhooks/<uuid:webhook_id>/test", api_webhooks.WebhookTestView.as_view(), name="api-webhook-test"),
    path(
        "webhooks/<uuid:webhook_id>/deliveries",
        api_webhooks.DeliveriesView.as_view(),
        name="api-webhook-deliveries",
    ),
    path("made-here", api_again.MadeHereView.as_view(), name="api-made-here"),
    path("images/<int:image_id>", api_images.ImageView.as_view(), name="api-image"),
    path("images/<int:image_id>/scores", api_images.ImageScoresView.as_view(), name="api-image-scores"),
    path("images/<int:image_id>/file", api_images.ImageFileView.as_view(), name="api-image-file"),
    path("images/<int:image_id>/thumb", api_images.ImageThumbView.as_view(), name="api-image-thumb"),
]
