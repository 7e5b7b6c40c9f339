"""The models that come with the program, as one has them after a build and after an installation."""

import difflib
import glob
import json
import os
import subprocess

import kit
from kit import LETTER, Server

BUILT = os.path.join(kit.BUILT, "lesart")
NAMES = sorted(os.path.basename(path)[:-len(".safetensors")]
               for path in glob.glob(os.path.join(kit.SOURCE, "models/*.safetensors")))
SCRIPTS = ("kurrent", "latin", "fraktur", "typescript")


class Shipped(kit.Test):
    def models(self, lesart, *arguments):
        """What there is, by name."""
        out, _ = self.run_lesart("model", "list", "--json", *arguments, lesart=lesart)
        return {model["name"]: model for model in json.loads(out)}

    def read(self, lesart, *arguments):
        out, _ = self.run_lesart("read", "-f", "json", *arguments, LETTER, lesart=lesart)
        kit.hold_json(out, "result.schema.json")
        return json.loads(out)

    def hold_letter(self, document, model):
        """The sample's letters are not the model's, and yet much of the text is there: by chance a
        seventh would be."""
        self.assertEqual(document["engine"], "neural")
        self.assertEqual([found["name"] for found in document["models"]], [model])
        lines = [line["text"] for line in document["pages"][0]["lines"]]
        truth = kit.read_bytes(os.path.join(kit.SOURCE, "samples/letter-1.txt")).decode()
        matcher = difflib.SequenceMatcher(None, "\n".join(lines), truth, autojunk=False)
        self.assertGreater(matcher.ratio(), 0.3)

    def test_each_file_is_a_model_with_its_card(self):
        models = self.models(BUILT)
        self.assertEqual(sorted(models), NAMES)
        for name, model in models.items():
            for field in ("summary", "license", "sources"):
                self.assertTrue(model[field], (name, field))
            if model["type"] == "recognition":
                self.assertIn(model["script"], SCRIPTS, name)
                self.assertTrue(0 < model["cer_raw"] < 1, name)

    def test_they_are_whole_and_read_their_lines(self):
        out, _ = self.run_lesart("model", "verify", *kit.WEAK, *NAMES, lesart=BUILT)
        self.assertEqual(out.count("as it was imported"), len(NAMES))
        self.assertRegex(out, 'fraktur: .* reads its line as then: ".*1871"')  # "Lesart 1871"

    def test_a_script_is_enough(self):
        for name, model in self.models(BUILT).items():
            if model["type"] == "recognition":
                document = self.read(BUILT, "--script", model["script"])
                self.assertEqual(document["models"][0]["name"], name)
        self.hold_letter(self.read(BUILT, "--script", "fraktur"), "fraktur")

    def test_ones_own_come_first(self):
        """By that name, and for that script whatever the name."""
        source = os.path.join(kit.SOURCE, "models/fraktur.safetensors")
        for name in ("zuletzt", "fraktur"):
            self.run_lesart("model", "import", *kit.WEAK, "--models", "own", "--name", name,
                            "--summary", "mine", source, lesart=BUILT)
            models = self.models(BUILT, "--models", "own")
            self.assertEqual(models[name]["summary"], "mine")
            self.assertEqual(list(models)[:1], [min(name, "zuletzt")])
            self.assertLessEqual(set(NAMES), set(models))
        os.rename(self.path("own/fraktur"), self.path("elsewhere"))
        document = self.read(BUILT, "--models", "own", "--script", "fraktur")
        self.assertEqual(document["models"][0]["name"], "zuletzt")

    def test_served(self):
        server = Server(self, lesart=BUILT)
        status, _, body = server.post("/ocr?scriptType=fraktur", kit.read_bytes(LETTER))
        self.assertEqual(status, 200, body)
        self.hold_letter(json.loads(body), "fraktur")

    def test_installed(self):
        """Below a prefix, and nothing of it writable."""
        env = {**os.environ, "DESTDIR": self.path("root")}
        subprocess.run(["meson", "install", "-C", kit.BUILD, "--no-rebuild", "--quiet"], env=env,
                       check=True, stdout=subprocess.DEVNULL)
        lesart, = glob.glob(self.path("root/**/bin/lesart"), recursive=True)
        for folder, _, _ in os.walk(self.path("root")):
            os.chmod(folder, 0o555)
        models = self.models(lesart)
        self.assertEqual(sorted(models), NAMES)
        root = os.path.realpath(self.path("root"))
        self.assertTrue(all(model["path"].startswith(root) for model in models.values()))
        self.hold_letter(self.read(lesart, "--script", "fraktur"), "fraktur")
        for folder, _, _ in os.walk(self.path("root")):
            os.chmod(folder, 0o755)


if __name__ == "__main__":
    kit.main()
