#!/bin/sh
# versions_test.sh SOURCE: every file that names the version names the one of version.hpp, and no public file points outside of
# the repository.
set -eu
cd "$1"
version=$(sed -n 's/^#define LSTMLIB_VERSION_[A-Z]* //p' include/lstmlib/version.hpp | paste -s -d .)
bad=0
# says FILE LINE: the file has exactly this line
says() { grep -qxF -- "$2" "$1" || { echo "$1 has no line: $2" >&2; bad=1; }; }
says CITATION.cff "version: $version"
says packaging/vcpkg/lstmlib/vcpkg.json "  \"version\": \"$version\","
says CHANGELOG.md "## $version"
says docs/stability.md "So \`find_package(lstmlib ${version%.*})\` accepts every ${version%.*}.x and no ${version%%.*}.$(($(echo "$version" | cut -d. -f2) + 1)).0."
says include/lstmlib/version.hpp "#define LSTMLIB_ABI v$(echo "$version" | tr . _)"
# .ci/run alone may look for files beside the repository.
outside=$(grep -rnE '(^|[^./a-z])\.\./shared' --include='*.sh' --include='CMakeLists.txt' --include='*.cmake' --include='*.json' --include='*.py' \
  --include='*.md' --exclude=versions_test.sh --exclude-dir='build*' --exclude-dir='result*' . || true)
[ -z "$outside" ] || { echo "these point outside of the repository:" >&2; echo "$outside" >&2; bad=1; }
[ $bad -eq 0 ] && echo "version $version throughout"
exit $bad
