"""`vigie live --print-config`: what Serve and KubeRay take for a site."""

from pathlib import Path

import typer

from ray_app.config.load import load_site
from ray_app.domain.errors import ConfigError
from ray_app.live.cluster_files.embed import config_text, with_serve_config
from ray_app.store.written_aside import write_whole


def print_config(site: Path, at: str | None, into: Path | None) -> int:
    """Prints the Serve config of a site, or writes it into a RayService.

    Args:
        site: The site file.
        at: Where every node finds it; None for the same path as here.
        into: Manifest whose serveConfigV2 is replaced; None prints.

    Raises:
        ConfigError: The site has faults, or the manifest cannot be used.
    """
    from ray_app.live.serve_config import serve_config

    config = serve_config(load_site(site), at or str(site.absolute()), site.parent)
    if into is None:
        typer.echo(config_text(config), nl=False)
        return 0
    try:
        manifest = into.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{into}: cannot be read: {error}") from None
    written = with_serve_config(manifest, config)
    write_whole(into, written.encode())
    typer.echo(f"{into}: {'is of this site' if written == manifest else 'serveConfigV2 replaced'}")
    return 0
