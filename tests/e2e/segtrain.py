"""Training a line finder, end to end: from pages with baselines to a model that finds lines and a
card, as a user does it. The nets are small and learn little; what counts is that all of it fits."""

import json
import os
import shutil

import kit
from kit import LETTER, LETTER_XML

ARG, UNSUPPORTED, NOTFOUND = 2, 11, 19  # docs/errors.md
SPEC = "[1,240,0,1 Cr3,3,8,2,2 Gn4 Lbx4 Lby4]"


class Segtrain(kit.Test):
    def setUp(self):
        super().setUp()
        for folder, names in (("pages", "abc"), ("others", "d")):
            os.mkdir(self.path(folder))
            for name in names:
                shutil.copy(LETTER, self.path(f"{folder}/{name}.jpg"))
                shutil.copy(LETTER_XML, self.path(f"{folder}/{name}.xml"))

    def segtrain(self, *arguments, rc=0):
        return self.run_lesart("segtrain", *kit.WEAK, "--models", "models", "--cache", ".",
                               *arguments, rc=rc)

    def test_check(self):
        found = json.loads(self.segtrain("--check", "--json", "pages")[0])
        self.assertEqual(found["pages"], 3)
        self.assertEqual(found["baselines"], 3 * 15)
        self.assertEqual(found["failed_pages"], 0)
        self.assertIn("3 pages", self.segtrain("--check", "pages")[0])

    def test_train_and_use(self):
        out, _ = self.segtrain("-o", "finder", "-s", SPEC, "-N", "3", "--threads", "1",
                               "--progress", "json", "--validation", "others", "--name", "finder",
                               "--licence", "CC0-1.0", "pages")
        epochs = [json.loads(line) for line in out.splitlines()]
        epochs = [event for event in epochs if event["event"] == "epoch"]
        self.assertEqual([event["epoch"] for event in epochs], [1, 2, 3])
        self.assertEqual(epochs[0]["pages"], 3)
        for event in epochs:
            for score in ("precision", "recall", "f1", "pixel_f1"):
                self.assertTrue(0 <= event[score] <= 1)
        self.assertLess(epochs[2]["loss"], epochs[0]["loss"])
        for ending in ("safetensors", "md", "png", "checkpoint"):
            self.assertTrue(os.path.getsize(self.path("finder." + ending)))
        with open(self.path("finder.md"), encoding="utf-8") as file:
            card = file.read()
        for words in ("segmentation", "CC0-1.0", "baseline_f1", "_start_separator"):
            self.assertIn(words, card)
        shown = json.loads(self.run_lesart("model", "show", "--json", "--models", "models",
                                           "finder")[0])
        self.assertEqual(shown["type"], "segmentation")
        self.run_lesart("model", "export", "--models", "models", "--format", "mlmodel", "finder",
                        "finder.mlmodel")
        self.run_lesart("model", "import", *kit.WEAK, "--models", "models", "--name", "again",
                        "finder.mlmodel")

    def test_go_on(self):
        self.segtrain("-o", "first", "-s", SPEC, "-N", "1", "--threads", "1", "pages")
        self.segtrain("-o", "second", "-b", "first.safetensors", "-N", "1", "--threads", "1",
                      "pages")
        self.segtrain("-o", "bare", "-s", SPEC, "-N", "1", "--threads", "1", "--regions", "none",
                      "pages")
        _, err = self.segtrain("-o", "third", "-b", "bare.safetensors", "-N", "1", "--resize",
                               "fail", "pages", rc=UNSUPPORTED)
        self.assertIn('no class "text"', err)
        self.assertFalse(os.path.exists(self.path("third.safetensors")))
        _, err = self.run_lesart("train", *kit.WEAK, "--models", "models", "-o", "reader", "-b",
                                 "first.safetensors", "pages", rc=ARG)
        self.assertIn("no recogniser", err)

    def test_named_net(self):
        self.run_lesart("train", *kit.WEAK, "--models", "models", "--cache", ".", "-o", "reader",
                        "-s", "slim", "-N", "1", "pages")
        with open(self.path("reader.md"), encoding="utf-8") as file:
            self.assertIn("Spec `[1,64,0,1 Cr3,7,16 Mp2,2 Gn4", file.read())

    def test_refused(self):
        _, err = self.segtrain("-o", "x", "-s", "[1,240,0,2 Cr3,3,8]", "pages", rc=UNSUPPORTED)
        self.assertIn("grey or RGB", err)
        _, err = self.segtrain("-o", "x", "-s", SPEC, "nowhere", rc=NOTFOUND)
        self.assertIn("nowhere", err)
        os.mkdir(self.path("empty"))
        self.segtrain("-o", "x", "-s", SPEC, "empty", rc=ARG)
        self.assertFalse(os.path.exists(self.path("x.safetensors")))


if __name__ == "__main__":
    kit.main()
