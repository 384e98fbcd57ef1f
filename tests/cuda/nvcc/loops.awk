# loops.awk TABLE CODE: looks into the loops of kernels, in PTX (ending in .ptx) or as nvdisasm prints SASS (.sass). A loop is
# what lies between a label and a later jump back to it.
# Lines of TABLE: ptx or sass; a pattern of kernels' mangled names; words, as patterns. One loop of each kernel must have them
# all, and none of those with ! in front.

FNR == 1 { file++ }

file == 1 {
  sub(/#.*/, "")
  if (NF == 0) next
  if (NF < 3) { print FILENAME ": line " FNR " has " NF " fields, at least 3 expected"; failed = 1; next }
  lines++
  language[lines] = $1; name[lines] = $2; wanted[lines] = $3
  for (i = 4; i <= NF; i++) wanted[lines] = wanted[lines] " " $i
  next
}

FNR == 1 { is_ptx = FILENAME ~ /\.ptx$/ }
is_ptx && /^\.visible \.entry|^\.entry/ { start($0, "entry ", "(") }
!is_ptx && /^\.text\./ { start($0, ".text.", ":") }
kernel != "" { text[++count] = $0 }
END {
  finish()
  for (i = 1; i <= lines; i++)
    if (language[i] == (is_ptx ? "ptx" : "sass") && !used[i]) { print "no kernel fits the line " name[i]; failed = 1 }
  if (!failed) print looked " kernels have the loop that they should have"
  exit failed
}

function start(line, before, after, from) {
  finish()
  from = index(line, before) + length(before)
  kernel = substr(line, from)
  kernel = substr(kernel, 1, index(kernel, after) - 1)
  count = 0
}

# Loops of the kernel that ends here, against the lines that fit it.
function finish(   i, label, target, line) {
  if (kernel == "") return
  split("", place)
  loops = 0
  for (i = 1; i <= count; i++) {
    line = text[i]
    if (match(line, /^ *[$.]?[.A-Za-z0-9_$]+:/)) {
      label = substr(line, RSTART, RLENGTH - 1)
      gsub(/ /, "", label)
      place[label] = i
    }
    if (line ~ /[ \t@]bra(\.uni)?[ \t]|BRA/ && match(line, /[$.]L[A-Za-z0-9_$]+/)) {
      target = substr(line, RSTART, RLENGTH)
      if (target in place) { loops++; first[loops] = place[target]; last[loops] = i }
    }
  }
  for (i = 1; i <= lines; i++)
    if (language[i] == (is_ptx ? "ptx" : "sass") && kernel ~ name[i]) { used[i] = 1; judge(i) }
  kernel = ""
}

function judge(line,   i, n, words) {
  looked++
  n = split(wanted[line], words, " ")
  for (i = 1; i <= loops; i++)
    if (fits(i, words, n)) return
  print kernel ": none of its " loops " loops fits " wanted[line]
  failed = 1
}
function fits(loop, words, n,   i, unwanted) {
  for (i = 1; i <= n; i++) {
    unwanted = substr(words[i], 1, 1) == "!"
    if (has(loop, unwanted ? substr(words[i], 2) : words[i]) == unwanted) return 0
  }
  return 1
}
function has(loop, word,   i) {
  for (i = first[loop]; i <= last[loop]; i++)
    if (text[i] ~ word) return 1
  return 0
}
