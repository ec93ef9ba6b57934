"""Site files that are not on disk: those kept in a run's record."""

import tempfile
from pathlib import Path

from ray_app.config.load import load_site
from ray_app.config.schema import SiteConfig
from ray_app.domain.errors import ConfigError


def load_site_text(text: str, name: str) -> SiteConfig:
    """Returns the checked site of a text; faults name it `name`.

    Raises:
        ConfigError: The text has faults.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "site.yaml"
        path.write_text(text, "utf-8")
        try:
            return load_site(path)
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(path), name)) from None
