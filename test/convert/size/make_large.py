"""Makes large.h5.gz: 10 MB of a Keras model, an LSTM of 64 inputs and 768 units whose weights repeat, so that it packs well.

    python3 test/convert/size/make_large.py     (Debian's python3-h5py)
"""

import gzip
import io
import json
import pathlib

import h5py
import numpy as np

INPUTS, UNITS = 64, 768
LAYER = "lstm"


def weights(*shape):
    return ((np.arange(np.prod(shape)) % 128) / 1280 - 0.05).astype("f4").reshape(shape)


lstm = {"name": LAYER, "units": UNITS, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True}
lstm |= {"return_sequences": True, "batch_input_shape": [None, None, INPUTS]}
config = {"name": "large", "layers": [{"class_name": "LSTM", "config": lstm}]}
arrays = {"kernel:0": weights(INPUTS, 4 * UNITS), "recurrent_kernel:0": weights(UNITS, 4 * UNITS)}
arrays["bias:0"] = weights(4 * UNITS)
buffer = io.BytesIO()
with h5py.File(buffer, "w") as file:
    file.attrs["keras_version"] = "2.4.0"
    file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": config})
    group = file.create_group("model_weights")
    group.attrs["layer_names"] = np.array([LAYER], "S")
    layer = group.create_group(LAYER)
    layer.attrs["weight_names"] = np.array([f"{LAYER}/{name}" for name in arrays], "S")
    for name, values in arrays.items():
        layer.create_dataset(f"{LAYER}/{name}", data=values)
path = pathlib.Path(__file__).parent / "large.h5.gz"
path.write_bytes(gzip.compress(buffer.getvalue(), 9, mtime=0))
