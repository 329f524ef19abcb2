"""Streams plan images in wasmtime, with nothing but the module's exports.

    python3 stream.py WASM CASES.json

CASES.json: [{name, plan, inputs, inputBytes, outputBytes}], plan and inputs in base64, the bytes being those of one
timestep. Prints {engine, build, hashes}: by name, SHA-256 of the outputs.
"""

import base64
import hashlib
import importlib.metadata
import json
import sys

import wasmtime


def instantiate(path):
    engine = wasmtime.Engine()
    store = wasmtime.Store(engine)
    module = wasmtime.Module.from_file(engine, path)
    return store, wasmtime.Instance(store, module, []).exports(store)


def stream(path, case):
    """The outputs of all timesteps, one after the other."""
    store, exports = instantiate(path)
    memory = exports["memory"]

    def call(name, *arguments):
        return exports[name](store, *arguments)

    plan = base64.b64decode(case["plan"])
    plan_address = call("allocate", len(plan))
    memory.write(store, plan, plan_address)
    expect_ok("validate", call("validate", plan_address, len(plan)))
    session = call("allocate", call("sessionBytes", plan_address, 1, 1, 0))
    call("sessionInit", session, plan_address, 1, 1, 0)

    input_address = call("inputAddress", session, 0)
    output_address = call("outputAddress", session, 0)
    inputs = base64.b64decode(case["inputs"])
    outputs = bytearray()
    for at in range(0, len(inputs), case["inputBytes"]):
        memory.write(store, inputs[at : at + case["inputBytes"]], input_address)
        expect_ok("step", call("step", session))
        outputs += memory.read(store, output_address, output_address + case["outputBytes"])
    return outputs


def expect_ok(what, status):
    if status != 0:
        raise SystemExit(f"{what} answered status {status}")


def build_of(path):
    store, exports = instantiate(path)
    return "simd" if exports["simd"].value(store) == 1 else "scalar"


def main(path, cases_path):
    with open(cases_path, encoding="utf-8") as file:
        cases = json.load(file)
    hashes = {case["name"]: hashlib.sha256(stream(path, case)).hexdigest() for case in cases}
    engine = f"wasmtime {importlib.metadata.version('wasmtime')}"
    print(json.dumps({"engine": engine, "build": build_of(path), "hashes": hashes}))


main(*sys.argv[1:])
