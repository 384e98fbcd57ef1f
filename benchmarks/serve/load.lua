-- wrk: each request has the next of many sentences; threads begin at places of their own.
--   wrk -t2 -c64 -d5s --latency -s load.lua URL/invocations -- sentences.txt
local bodies, next_body = {}, 0

function init(arguments)
  local headers = { ["Content-Type"] = "application/json", ["Accept"] = "application/json" }
  for sentence in io.lines(arguments[1]) do
    bodies[#bodies + 1] = wrk.format("POST", nil, headers, '["' .. sentence .. '"]')
  end
  math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 100000)
  next_body = math.random(#bodies)
end

function request()
  next_body = next_body % #bodies + 1
  return bodies[next_body]
end
