"""What may be said and stored of people: that they are there, and where."""

from collections.abc import Iterator

import pyarrow as pa
import pytest

from ray_app.domain.observation import Label
from ray_app.store import events, observation_columns, readings, segments

TOLD_OF_A_BOX = {"x1", "y1", "x2", "y2", "score", "label"}
TOLD_OF_A_HEAD = {"x", "y", "score"}
# Parts of names that would tell who or of what kind somebody is, or follow them elsewhere.
FORBIDDEN = ("track", "face", "embed", "feature", "identity", "gender", "skin", "plate", "colour")


def leaves(fields: pa.Schema | pa.StructType) -> Iterator[str]:
    """Yields the name of every column, however deep."""
    for field in fields:
        yield field.name
        kind = field.type.value_type if pa.types.is_list(field.type) else field.type
        if pa.types.is_struct(kind):
            yield from leaves(kind)


def test_nothing_but_people_bags_and_vehicles_can_be_said() -> None:
    assert [label.name for label in Label] == ["PERSON", "BAG", "VEHICLE"]


@pytest.mark.parametrize("table", [observation_columns, readings, events, segments])
def test_no_stored_column_holds_a_feature_of_a_person(table) -> None:
    names = list(leaves(table.SCHEMA))
    assert not [name for name in names for part in FORBIDDEN if part in name]


def test_a_stored_box_is_a_place_and_a_kind() -> None:
    schema = observation_columns.SCHEMA
    assert set(leaves(schema.field("detections").type.value_type)) == TOLD_OF_A_BOX
    assert set(leaves(schema.field("heads").type.value_type)) == TOLD_OF_A_HEAD
