#!/bin/sh
# docs_test.sh SOURCE: the Markdown pages fit together.
# - Every relative link leads to a file, and every #anchor to a heading of that file.
# - Every page in docs is linked in docs/README.md.
# - Sentences are short: a page has fewer than 25 words per sentence on average. Code, tables and headings do not count.
set -eu
cd "$1"
pages="README.md CONTRIBUTING.md CHANGELOG.md SECURITY.md $(find docs -name '*.md' | sort)"
bad=0

# headings FILE: the anchors that GitHub makes of its headings
headings() {
  awk '/^```/ { code = !code; next } !code && /^#+ / { sub(/^#+ /, ""); print }' "$1" |
    tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}
for page in $pages; do
  folder=$(dirname "$page")
  # shellcheck disable=SC2016
  links=$(awk '/^```/ { code = !code; next } !code && !/^    /' "$page" | sed 's/`[^`]*`//g' | grep -oE '\]\([^)]*\)|(src|href)="[^"]*"' |
    sed -E 's/^\]\(//; s/\)$//; s/^(src|href)="//; s/"$//' || true)
  for link in $links; do
    case $link in http://* | https://* | mailto:*) continue ;; esac
    file=${link%%#*}
    if [ -z "$file" ]; then target=$page; else target=$folder/$file; fi
    if [ ! -e "$target" ]; then
      echo "$page: broken link $link" >&2
      bad=1
    elif [ "$link" != "$file" ] && ! headings "$target" | grep -qxF -- "${link#*#}"; then
      echo "$page: no heading for $link" >&2
      bad=1
    fi
  done
done

for page in $(cd docs && find . -name '*.md' | sed 's|^\./||'); do
  [ "$page" = README.md ] || grep -qF "]($page)" docs/README.md || { echo "docs/README.md has no link to $page" >&2; bad=1; }
done

for page in $pages; do
  # shellcheck disable=SC2016
  awk -v page="$page" '
    /^```/ { code = !code; next }
    code || /^    / || /^\|/ || /^#/ || /^</ || /^!\[/ { print ""; next }
    { sub(/^ *([-*]|[0-9]+\.) /, "\n"); print }' "$page" |
    sed 's/`[^`]*`/code/g; s/\[\([^]]*\)\]([^)]*)/\1/g' |
    awk -v page="$page" -v show="${SHOW:-}" 'BEGIN { RS = "" }
      { gsub(/\n/, " "); text = $0
        gsub(/([.!?])(\*\*)?\)? +/, "&\001", text)
        count = split(text, parts, "\001")
        for (i = 1; i <= count; i++) {
          n = split(parts[i], w, / +/); if (w[n] == "") n--; if (w[1] == "") n--
          if (n < 2) continue
          words += n; sentences++
          if (show && n > 30) print page ": " n ": " parts[i]
        } }
      END { if (show) printf "%s: %.1f words per sentence, %d sentences\n", page, words / (sentences ? sentences : 1), sentences
            if (sentences && words / sentences >= 25) { printf "%s: %.1f words per sentence, the limit is 25\n", page, words / sentences; exit 1 } }' || bad=1
done
[ $bad -eq 0 ] && echo "all links are valid"
exit $bad
