"""What `vigie keys` may be given."""

from pathlib import Path
from typing import Annotated, Optional

import typer

keys = typer.Typer(
    help="Makes and lists API keys of the live page and the API.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
KeysFile = Annotated[Path, typer.Option(help="File of keys; made if absent.")]


@keys.command("new")
def keys_new(
    role: Annotated[
        str, typer.Option(help="viewer looks, operator acknowledges, admin adds cameras.")
    ],
    name: Annotated[str, typer.Option(help="Whose; the journal tells people apart by it.")],
    file: KeysFile = Path("keys.yaml"),
    days: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(min=1, help="The key ends after so many days; default: never."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Makes a key and prints it, once; the file keeps its hash.

    Example: `vigie keys new --role operator --name "Desk 1"`
    """
    from ray_app.commands.keys import run_new

    raise typer.Exit(run_new(file, role, name, days, as_json=as_json))


@keys.command("list")
def keys_list(file: KeysFile = Path("keys.yaml"), as_json: Json = False) -> None:
    """Lists whose keys a file holds. Delete an entry of the file to revoke its key, at once."""
    from ray_app.commands.keys import run_list

    raise typer.Exit(run_list(file, as_json=as_json))
