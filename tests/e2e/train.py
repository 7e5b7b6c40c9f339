"""Training a recogniser, end to end, where `lesart train` and what reads with its models must agree."""

import json
import os
import shutil

import kit
from kit import LETTER, LETTER_XML

ARG = 2  # docs/errors.md
BASE = os.path.join(kit.SOURCE, "models/fraktur.safetensors")
SPEC = "[1,32,0,1 Cr3,5,8 Mp2,2 Gn4 Mp2,2 S1(1x0)1,3 Lbx16]"


class Train(kit.Test):
    def setUp(self):
        super().setUp()
        for folder in ("pages", "others"):
            os.mkdir(self.path(folder))
            shutil.copy(LETTER, self.path(folder, "a.jpg"))
            shutil.copy(LETTER_XML, self.path(folder, "a.xml"))

    def train(self, output, *arguments, rc=0):
        """The epochs of a training by the letter, which also chooses."""
        out, err = self.run_lesart("train", *kit.WEAK, "--models", "models", "--cache", ".",
                                   "--progress", "json", "--threads", "1", "--validation",
                                   "others", "-o", output, *arguments, "pages", rc=rc)
        events = [json.loads(line) for line in out.splitlines()]
        return [event for event in events if event["event"] == "epoch"], err

    def cut_of(self, name):
        self.run_lesart("model", "import", *kit.WEAK, "--models", "models", "--name", name,
                        f"{name}.safetensors")
        out, _ = self.run_lesart("model", "show", "--json", "--models", "models", name)
        return json.loads(out)["cut"]

    def read_rate(self, name):
        out, _ = self.run_lesart("eval", "--json", "--engine", "neural", "--precision", "f32",
                                 "--model", f"{name}.safetensors", "pages")
        return json.loads(out)["total"]["cer"]

    def test_models_read_lines_as_they_learnt_them(self):
        rates = set()
        for cut in ("band", "polygon"):
            epochs, _ = self.train(cut, "-b", BASE, "-N", "1", "--cut", cut, "--precision", "f32",
                                   "--augment", "0")
            self.assertTrue(0 < epochs[0]["cer"] < 1)
            self.assertAlmostEqual(self.read_rate(cut), epochs[0]["cer"], delta=0.005)
            self.assertEqual(self.cut_of(cut), cut)
            rates.add(epochs[0]["cer"])
        self.assertEqual(len(rates), 2, "both ways see the same")

    def test_lines_are_cut_as_the_base_wants_them(self):
        self.train("plain", "-s", SPEC, "-N", "1")
        self.train("kraken", "-s", SPEC, "-N", "1", "--cut", "polygon")
        self.assertEqual(self.cut_of("plain"), "band")
        self.assertEqual(self.cut_of("kraken"), "polygon")
        for name, cut in (("plain", "band"), ("kraken", "polygon")):
            self.train(f"from-{name}", "-b", f"{name}.safetensors", "-N", "1")
            self.assertEqual(self.cut_of(f"from-{name}"), cut)
        self.train("changed", "-b", "plain.safetensors", "-N", "1", "--cut", "polygon")
        self.assertEqual(self.cut_of("changed"), "polygon")
        _, err = self.train("never", "-s", SPEC, "--cut", "box", rc=ARG)
        self.assertIn('--cut: "box" is none of band, polygon', err)


if __name__ == "__main__":
    kit.main()
