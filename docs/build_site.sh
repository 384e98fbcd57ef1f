#!/bin/sh
# build_site.sh [FOLDER]: builds a site with the guides, the reference of all headers, and a search. Warnings are errors.
# Needs only Doxygen and no network. Debian's package doxygen-awesome-css makes it look better. It is used if it is installed, or
# from the folder $DOXYGEN_AWESOME.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "${1:-$top/build/site}"
out=$(cd "${1:-$top/build/site}" && pwd)
awesome=${DOXYGEN_AWESOME:-/usr/share/doxygen-awesome-css}
cd "$top"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

doxygen -l "$scratch/layout.xml"
sed -i -e '/<navindex>/,/<\/navindex>/{s/\(type="mainpage" visible="yes" title="\)/\1Overview/; s/\(type="pages" visible="yes" title="\)/\1Guides/
  s/\(type="files" visible="yes" title="\)/\1Headers/}' "$scratch/layout.xml"

# Guides become pages of Doxygen: headings get labels, links between pages become references, links to other files become text.
# docs/README.md is split at its headings: each becomes a page, with the linked pages below it.
guides=$(find docs -name '*.md' ! -name README.md | sort)
# shellcheck disable=SC2086
awk -v out="$scratch" '
  function page_id(path) { sub(/^docs\//, "", path); sub(/\.md$/, "", path); gsub(/[^A-Za-z0-9]/, "_", path); return "guide_" tolower(path) }
  function slug(text) { text = tolower(text); gsub(/[^a-z0-9 _-]/, "", text); gsub(/ /, "-", text); return text }
  # the path that a link means, from the folder of the page
  function resolve(folder, link) {
    link = folder link
    while (match(link, /[^\/]+\/\.\.\//)) link = substr(link, 1, RSTART - 1) substr(link, RSTART + RLENGTH)
    return link
  }
  function references(text,    done, label, target, hash, file, anchor) {
    done = ""
    while (match(text, /!?\[([^]`]|`[^`]*`)*\]\([^)]*\)/)) {
      done = done substr(text, 1, RSTART - 1)
      label = substr(text, RSTART, RLENGTH)
      text = substr(text, RSTART + RLENGTH)
      target = label
      sub(/^.*\]\(/, "", target); sub(/\)$/, "", target)
      is_image = label ~ /^!/
      sub(/^!?\[/, "", label); sub(/\]\([^)]*\)$/, "", label)
      if (subpages) gsub(/`/, "", label)
      hash = index(target, "#")
      file = hash ? substr(target, 1, hash - 1) : target
      anchor = hash ? "--" substr(target, hash + 1) : ""
      if (is_image) { sub(/^.*\//, "", target); done = done "<img src=\"" target "\" alt=\"" label "\"/>" }
      else if (target ~ /^https?:/) done = done "[" label "](" target ")"
      else if (file == "") done = done "[" label "](@ref " page_id(FILENAME) anchor ")"
      else if (resolve(folder, file) == "docs/README.md") done = done "[" label "](@ref guide_tutorial_pages)"
      else if (resolve(folder, file) in is_page) done = done (subpages ? "@subpage " page_id(resolve(folder, file)) " \"" label "\"" : "[" label "](@ref " page_id(resolve(folder, file)) anchor ")")
      else done = done label
    }
    return done text
  }
  BEGIN { for (i = 1; i < ARGC; i++) is_page[ARGV[i]] = 1 }
  FNR == 1 {
    code = titled = 0
    folder = FILENAME; sub(/[^\/]*$/, "", folder)
    subpages = FILENAME == "docs/README.md"
    to = out "/" sprintf("%02d_", ++pages) page_id(FILENAME) ".md"
  }
  /^```/ { code = !code }
  code || /^```/ { print >to; next }
  subpages && !titled && !/^## / { next }
  subpages && /^## / {
    titled = 1
    kind = substr($0, 4)
    to = out "/" sprintf("%02d_", ++pages) "kind_" slug(kind) ".md"
    print "# " kind " {#guide_" tolower(slug(kind)) "_pages}\n" >to
    next
  }
  !titled && /^# / { titled = 1; gsub(/`/, ""); print $0 " {#" (FILENAME == "README.md" ? "mainpage" : page_id(FILENAME)) "}" >to; next }
  FILENAME == "README.md" && /^##+ / { print references($0) >to; next }  # no label: these are not pages of the tree
  /^##+ / { text = $0; sub(/^#+ /, "", text); gsub(/`/, ""); print references($0) " {#" page_id(FILENAME) "--" slug(text) "}" >to; next }
  /^    / { print >to; next }
  { line = references($0); while (match(line, /src="[^"]*\//)) line = substr(line, 1, RSTART + 4) substr(line, RSTART + RLENGTH); print line >to }
' README.md docs/README.md $guides CHANGELOG.md CONTRIBUTING.md SECURITY.md

{
  cat docs/reference/Doxyfile
  echo "OUTPUT_DIRECTORY = \"$out\""
  echo "INPUT = \"$scratch\" include/lstmlib"
  echo "FILE_PATTERNS = *.hpp *.md"
  echo "STRIP_FROM_PATH = include \"$scratch\""
  echo "LAYOUT_FILE = \"$scratch/layout.xml\""
  echo "HTML_EXTRA_FILES = $(echo docs/images/* benchmarks/results/zen5/*.png)"
  echo "GENERATE_TREEVIEW = YES"
  echo "TOC_INCLUDE_HEADINGS = 0"
  if [ -r "$awesome/doxygen-awesome.css" ]; then
    echo "HTML_EXTRA_STYLESHEET = \"$awesome/doxygen-awesome.css\" \"$awesome/doxygen-awesome-sidebar-only.css\" docs/reference/site.css"
  else
    echo "HTML_EXTRA_STYLESHEET = docs/reference/site.css"
  fi
} | doxygen -
echo "The site is in $out/html/index.html"
