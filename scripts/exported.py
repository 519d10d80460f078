"""Loads files written by `sparsegate export` into ONNX Runtime and PyTorch. Each function can be used by itself.

    from exported import torch_model, onnx_session
    model, about = torch_model("imdb-1f2e3d4c.safetensors")
    logits, states = model(ids)                 # ids [steps, batch]

Networks with sigmoid gates use PyTorch's own layers. Two kinds of networks have no such layer: gates with a hard
sigmoid, and a GRU whose new state is multiplied by a factor. They use `Cells`, which computes step by step and is
slower.
"""

import json


def description(entries):
    """The description stored in the file: sizes, words, classes."""
    return json.loads(entries["sparsegate"])


def onnx_session(path, threads=1):
    """An ONNX Runtime session on the CPU, and the description."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    # Suppresses warnings about optional inputs.
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session, description(session.get_modelmeta().custom_metadata_map)


def torch_model(path):
    """A PyTorch module, and the description."""
    import torch
    from safetensors import safe_open
    with safe_open(str(path), "pt") as file:
        about = description(file.metadata())
        tensors = {name: file.get_tensor(name) for name in file.keys()}

    class Cells(torch.nn.Module):
        """nn.LSTM, nn.GRU or nn.RNN for any gates, with a factor on the new state."""

        def __init__(self, kind, inputs, units, gate, factor):
            super().__init__()
            layer = getattr(torch.nn, kind)(inputs, units)
            for name, value in layer.named_parameters():
                self.register_parameter(name, value)
            self.kind, self.gate, self.factor = kind, gate, factor

        def forward(self, inputs, states):
            h, c = (state[0] for state in (states if self.kind == "LSTM" else (states, states)))
            seen = []
            for x in inputs:
                a = torch.nn.functional.linear(x, self.weight_ih_l0, self.bias_ih_l0)
                b = torch.nn.functional.linear(h, self.weight_hh_l0, self.bias_hh_l0)
                if self.kind == "LSTM":
                    i, f, g, o = (a + b).chunk(4, 1)
                    c = self.gate(f) * c + self.gate(i) * g.tanh()
                    h = self.gate(o) * c.tanh()
                elif self.kind == "GRU":
                    (ar, az, an), (br, bz, bn) = a.chunk(3, 1), b.chunk(3, 1)
                    z = self.gate(az + bz)
                    h = self.factor * ((1 - z) * (an + self.gate(ar + br) * bn).tanh() + z * h)
                else:
                    h = (a + b).tanh()
                seen.append(h)
            return torch.stack(seen), (h[None], c[None]) if self.kind == "LSTM" else h[None]

    class Network(torch.nn.Module):
        """Logits after every step of a language model, or after the last step of each text of a classifier."""

        def __init__(self):
            super().__init__()
            (symbols, inputs), units = tensors["embedding.weight"].shape, about["units"]
            kind = {"lstm": "LSTM", "gru": "GRU", "gru-zhstate": "GRU", "rnn": "RNN"}[about["cell"]]
            plain = kind == "RNN" or about["activation"] == "sigmoid" and "state_factor" not in tensors
            gate = torch.sigmoid if about["activation"] == "sigmoid" else lambda x: (x / 5 + 0.5).clamp(0, 1)
            self.embedding = torch.nn.Embedding(symbols, inputs)
            self.rnn = (getattr(torch.nn, kind)(inputs, units) if plain
                        else Cells(kind, inputs, units, gate, tensors.pop("state_factor", 1.0)))
            self.output = torch.nn.Linear(units, about["outputs"])

        def forward(self, ids, states=None, lengths=None):
            if states is None:
                zeros = torch.zeros(1, ids.shape[1], self.rnn.weight_hh_l0.shape[1])
                states = (zeros, zeros) if about["cell"] == "lstm" else zeros
            seen, states = self.rnn(self.embedding(ids), states)
            if about["task"] == "language-model":
                return self.output(seen), states
            last = torch.full((ids.shape[1],), len(ids)) if lengths is None else lengths
            return self.output(seen[last.long() - 1, torch.arange(ids.shape[1])]), states

    network = Network()
    network.load_state_dict(tensors)
    return network.eval(), about
