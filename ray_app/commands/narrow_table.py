"""Tables whose cells stay whole in a terminal of 80 columns."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Column, Table


def narrow_table(titles: Sequence[str]) -> Table:
    """Returns a table without frames, to fit names whole: cut short they read alike.

    Args:
        titles: Of the columns; titles and cells break where a line break stands in them.
    """
    columns = [Column(title, no_wrap=True) for title in titles]
    return Table(*columns, box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
