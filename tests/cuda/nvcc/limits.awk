# limits.awk TABLE LOG ...: holds what ptxas -v said of each kernel against the first line of TABLE that fits its mangled name
# and its architecture. A kernel over a bound, or without a line, fails.
# Lines of TABLE: a pattern of names, a pattern of architectures, the most registers, bytes of stack, and bytes of spills,
# stores and loads together.

FNR == 1 { file++ }

file == 1 {
  sub(/#.*/, "")
  if (NF == 0) next
  if (NF != 5) { print FILENAME ": line " FNR " has " NF " fields, 5 expected"; failed = 1; next }
  lines++
  name[lines] = $1; architecture[lines] = $2; registers[lines] = $3; stack[lines] = $4; spills[lines] = $5
  next
}

/Compiling entry function/ {
  split($0, parts, "'")
  kernel = parts[2]; target = parts[4]
  stack_seen = spills_seen = ""
}
/bytes stack frame/ && kernel != "" { stack_seen = $1; spills_seen = $5 + $9 }
/Used [0-9]+ registers/ && kernel != "" {
  match($0, /Used [0-9]+/)
  judge(substr($0, RSTART + 5, RLENGTH - 5) + 0)
  kernel = ""
}

function judge(registers_seen, i) {
  kernels++
  if (stack_seen == "") complain("has no line about its stack")
  for (i = 1; i <= lines; i++) {
    if (kernel !~ name[i] || target !~ architecture[i]) continue
    if (registers_seen > registers[i]) complain("needs " registers_seen " registers, at most " registers[i])
    if (stack_seen > stack[i]) complain("needs " stack_seen " bytes of stack, at most " stack[i])
    if (spills_seen > spills[i]) complain("spills " spills_seen " bytes, at most " spills[i])
    return
  }
  complain("fits no line of the table")
}
function complain(what) {
  print target ": " kernel " " what
  failed = 1
}

END {
  if (kernels == 0) { print "no kernel in the logs"; failed = 1 }
  if (!failed) print kernels " kernels keep to their bounds"
  exit failed
}
