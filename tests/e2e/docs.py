"""What docs/ says against what the sources and --help say."""

import os
import re

import kit


def source(*parts):
    with open(os.path.join(kit.SOURCE, *parts), encoding="utf-8") as file:
        return file.read()


def rows(text):
    """The rows of all Markdown tables, as lists of cells."""
    return [[cell.strip() for cell in line.strip("| \n").split(" | ")]
            for line in text.splitlines() if line.startswith("| ")]


def limits():
    """The numbers of limits.h by name."""
    values = {}
    for name, value in re.findall(r"#define (LES_\w+)[ \t]+(?:\\\n\s*)?([^\n/]+)",
                                  source("src/types/limits.h")):
        values[name] = eval(re.sub(r"\b(\d+)u(ll)?\b", r"\1", value), {}, dict(values))
    return values


class Docs(kit.Test):
    def test_errors(self):
        kinds = re.findall(r'\[-LES_\w+\] = \{"(\w+)", (\d+), (\d+), (\w+)\}',
                           source("src/base/error.c"))
        said = [tuple(row[:4]) for row in rows(source("docs/errors.md")) if row[0][0] == "`"]
        self.assertEqual(said, [(f"`{name}`", status, code, {"true": "yes", "false": "no"}[retry])
                                for name, status, code, retry in kinds if name != "OK"])

    def test_limits(self):
        values = limits()
        for name, value in re.findall(r"(LES_HTTP_\w+) = ([^,\n]+),", source("src/http/server.h")):
            values[name] = eval(value)
        said = [row for row in rows(source("docs/limits.md")) if row[0].startswith("`LES_")]
        self.assertGreater(len(said), 30)
        for row in said:
            self.assertEqual(int(row[1].split()[0]), values[row[0].strip("`")], row[0])
        options, _ = self.run_lesart("serve", "--help")
        for option in re.findall(r"`serve (--[a-z-]+)`", source("docs/limits.md")):
            self.assertIn(option, options)

    def test_no_option_goes_beyond_its_limit(self):
        values = limits()
        for option, name in (("--file-bytes-max", "LES_FILE_BYTES_MAX"),
                             ("--page-px-max", "LES_PAGE_PX_MAX"),
                             ("--page-seconds", "LES_PAGE_SECONDS_MAX"),
                             ("--pages-max", "LES_PAGES_MAX"),
                             ("--recogniser-documents", "LES_RECOGNISER_DOCUMENTS_MAX"),
                             ("--room-bytes-max", "LES_ROOM_BYTES_MAX"),
                             ("--threads", "LES_THREADS_MAX")):
            _, err = self.run_lesart("serve", option, str(values[name] + 1), rc=2)
            self.assertIn(str(values[name]), err)

    def test_http(self):
        text = source("docs/http.md")
        for path in re.findall(r'"(?:GET|POST)", "(/[\w/]+)"', source("src/http/server.c")):
            self.assertIn(path, text)
        names = re.findall(r'TEXT\("(\w+)"|\{"(\w+)", offsetof', source("src/http/params.c"))
        self.assertGreater(len(names), 8)
        for name in (one or other for one, other in names):
            self.assertIn(f"`{name}`", text)
        for event in re.findall(r'"const": "([a-z-]+)"', source("docs/schemas/event.schema.json")):
            self.assertIn(f"`{event}`", text)

    def test_manual(self):
        text = source("docs/lesart.1").replace("\\-", "-")
        for option in re.findall(r"(--[a-z-]+)", self.run_lesart("read", "--help")[0]):
            if option != "--help":
                self.assertIn(option, text)
        for command in re.findall(r"^  (\w+) ", self.run_lesart("help")[0], re.M):
            self.assertIn(command, text)

    def test_links_lead_somewhere(self):
        for page in ("README.md", "docs/http.md", "docs/errors.md", "docs/limits.md", "docs/models.md"):
            for link in re.findall(r"\]\(([^)#:]+)\)", source(page)):
                target = os.path.join(kit.SOURCE, os.path.dirname(page), link)
                self.assertTrue(os.path.exists(target), f"{page}: {link}")


if __name__ == "__main__":
    kit.main()
