import numpy as np
import pytest
import torch

from models.nanodet import NanoDetG
from models.training.convert_nanodet import GraphConvolution, build_state, convert, convolutions
from models.weights import FOLDER, list_weights, load_weights
from ray_app.domain.errors import WeightsError


def test_every_file_of_the_table_is_there_and_intact():
    for entry in list_weights():
        assert load_weights(entry.name), entry.name


def test_every_file_of_weights_is_in_the_table_and_in_the_notices():
    notices = (FOLDER / "LICENCES").read_text("utf-8")
    listed = {entry.path.name for entry in list_weights()}
    for file in FOLDER.glob("*.safetensors"):
        assert file.name in listed
        assert file.name in notices


def altered(folder, change):
    entry = next(e for e in list_weights() if e.name == "nanodet_g")
    (folder / entry.path.name).write_bytes(change(entry.path.read_bytes()))
    return folder


@pytest.mark.parametrize(
    "change",
    [lambda b: b[:-1], lambda b: b"", lambda b: b[:-1] + bytes([b[-1] ^ 1])],
    ids=["cut short", "empty", "one bit"],
)
def test_altered_weights_are_refused_with_the_way_to_remake_them(tmp_path, change):
    with pytest.raises(WeightsError, match=r"altered or cut short.*convert_nanodet"):
        load_weights("nanodet_g", folder=altered(tmp_path, change))


def test_missing_weights_are_refused_with_the_way_to_remake_them(tmp_path):
    with pytest.raises(WeightsError, match=r"cannot be read .*convert_nanodet"):
        load_weights("nanodet_g", folder=tmp_path)


def test_unknown_weights_are_refused_with_the_known_names():
    with pytest.raises(WeightsError, match=r"known: .*nanodet_g"):
        load_weights("yolo9")


def test_convolutions_go_back_to_their_places():
    torch.manual_seed(3)
    state = {name: values.half() for name, values in NanoDetG().state_dict().items()}
    graph = [
        GraphConvolution(
            state[f"{prefix}.weight"].permute(2, 3, 1, 0).numpy(), state[f"{prefix}.bias"].numpy()
        )
        for prefix in convolutions()
    ]
    rebuilt = build_state(graph)
    assert rebuilt.keys() == state.keys()
    assert all(torch.equal(rebuilt[name], state[name]) for name in state)


def test_convolutions_of_another_network_are_refused():
    other = GraphConvolution(np.zeros((1, 1, 3, 32), np.float16), np.zeros(32, np.float16))
    with pytest.raises(WeightsError, match="34"):
        build_state([other])
    with pytest.raises(WeightsError, match=r"stem\.conv"):
        build_state([other] * 34)


def test_a_package_without_the_network_is_refused(tmp_path):
    (tmp_path / "other.tgz").write_bytes(b"not an archive")
    for package in (tmp_path, tmp_path / "other.tgz", tmp_path / "absent.tgz"):
        with pytest.raises(WeightsError, match=r"nanodet\.json"):
            convert(package, tmp_path / "out.safetensors")


def test_another_version_of_the_package_is_refused(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "nanodet.json").write_text("{}")
    with pytest.raises(WeightsError, match=r"not that of human-models 3\.0\.4"):
        convert(tmp_path, tmp_path / "out.safetensors")
    assert not list(tmp_path.glob("out*"))
