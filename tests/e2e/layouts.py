"""PAGE and ALTO of other programs, real and broken, through --layout: ../shared/xml-samples."""

import json
import os
import sys

import kit

SAMPLES = os.path.join(kit.SHARED, "xml-samples")

# File, the sides of its image (where it says none, any), exit code, lines.
ROWS = [
    ("170025120000003,0074.xml", 2743, 3965, 0, 44),
    ("alto_bsb00084914_00007.xml", 3177, 4308, 0, 31),
    ("alto_invalid_dims.xml", 300, 300, 0, 31),
    ("alto_invalid_image.xml", 3177, 4308, 0, 31),
    ("alto_invalid_mu.xml", 3177, 4308, 11, 0),
    ("alto_invalid_zero_dims_missing_image.xml", 1000, 1000, 0, 0),
    ("alto_missing_coords_ro.xml", 1000, 1000, 0, 4),
    ("alto_reg_test.xml", 3177, 4308, 0, 0),
    ("alto_zero_dims.xml", 1000, 1000, 0, 0),
    ("page_cPAS-2000.xml", 3631, 4734, 0, 97),
    ("page_explicit_ro.xml", 1000, 1000, 0, 5),
    ("page_explicit_ro_unordered.xml", 1000, 1000, 0, 3),
    ("page_invalid_dims.xml", 300, 300, 0, 97),
    ("page_invalid_image.xml", 3631, 4734, 0, 97),
    ("page_invalid_zero_dims_missing_image.xml", 1000, 1000, 0, 0),
    ("page_missing_coords_ro.xml", 1000, 1000, 0, 4),
    ("page_missing_coords_transkribus.xml", 1000, 1000, 0, 4),
    ("page_zero_dims.xml", 1000, 1000, 0, 0),
]


class Layouts(kit.Test):
    def read(self, name, width, height, rc):
        image = self.write("page.png", kit.png_of(width, 1, [b"\xff" * width] * height))
        return self.run_lesart("read", "-f", "json", "--layout", os.path.join(SAMPLES, name), image,
                               rc=rc)[0]

    def test_each_sample(self):
        for name, width, height, rc, lines_n in ROWS:
            with self.subTest(name):
                out = self.read(name, width, height, rc)
                if rc == 0:
                    kit.hold_json(out, "result.schema.json")
                    self.assertEqual(len(json.loads(out)["pages"][0]["lines"]), lines_n)

    def test_no_sample_is_forgotten(self):
        self.assertEqual([row[0] for row in ROWS],
                         sorted(name for name in os.listdir(SAMPLES) if name.endswith(".xml")))

    def test_an_explicit_order_is_kept(self):
        lines = json.loads(self.read("page_explicit_ro.xml", 1000, 1000, 0))["pages"][0]["lines"]
        self.assertEqual([line["id"] for line in lines], ["l3", "l4", "l1", "l2", "l5"])

    def test_another_image_is_refused(self):
        self.read("page_explicit_ro.xml", 999, 1000, 2)


if __name__ == "__main__":
    if not os.path.isdir(SAMPLES):
        print("skipped: ../shared not present")
        sys.exit(77)
    kit.main()
