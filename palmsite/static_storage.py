"""Static files, hashed and compressed, the same wherever the site is installed."""

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Names by content, with gzipped copies beside them.

    Not with brotli's: that package is there only where another one has brought it, as the tests' tools do, and it keeps
    a first start waiting for a quarter of a minute.
    """

    def create_compressor(self, **options: object) -> Compressor:
        """Whitenoise's own, with gzip alone, and not for the maps of scripts: only who debugs those asks for them."""
        extensions = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
        return Compressor(**{**options, "extensions": extensions, "use_brotli": False})
