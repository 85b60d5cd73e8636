"""What an investigator would write: looks into jars, and the jars in them, for a name or for bytes.
zip-search.py name|content NEEDLE DIRECTORY -> one line a hit, names from the outermost archive in, joined by "!/"."""
import io
import os
import sys
import zipfile

what, needle, top = sys.argv[1:4]
sought = needle.encode()


def look(source, place):
    with zipfile.ZipFile(source) as archive:
        for entry in archive.infolist():
            here = place + "!/" + entry.filename
            if what == "name" and entry.filename.rsplit("/", 1)[-1] == needle:
                print(here)
            is_jar = entry.filename.endswith(".jar")
            if what == "name" and not is_jar:
                continue
            content = archive.read(entry)
            if what == "content" and sought in content:
                print(here)
            if is_jar:
                look(io.BytesIO(content), here)


for folder, _, files in os.walk(top):
    for name in files:
        path = os.path.join(folder, name)
        if zipfile.is_zipfile(path):
            look(path, path)
