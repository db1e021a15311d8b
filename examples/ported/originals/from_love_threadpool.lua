-- Terrain on love-threadpool: workers generate chunks, the main thread keeps the map. This is `main.lua`.

local threadpool = require "love-threadpool"

local pool, map, journal, working, fallbacks

-- One interface a worker, with tables of its own.
local function interface(seed)
  local heights = {}
  for i = 0, 255 do heights[i] = (i * 7 + seed) % 31 end
  local made = 0
  local interface = {}

  function interface.chunk(x, y)
    if y < 0 then error("there is no chunk below the sea") end
    local chunk = {}
    for i = 1, 16 do chunk[i] = heights[(x * 16 + y * 5 + i) % 256] end
    made = made + 1
    return chunk
  end

  function interface.highest(chunk)
    local top = 0
    for _, height in ipairs(chunk) do top = math.max(top, height) end
    return top
  end

  function interface.__exit()
    print("a worker has made " .. made .. " chunks")
  end

  return interface
end

local function lay(x, y, chunk)
  map[x .. "," .. y] = chunk
end

function love.load()
  map, journal, working, fallbacks = {}, {}, 0, 0
  pool = threadpool.new(2, interface, 3)

  -- By callback: independent chunks, laid in the order in which they are done.
  for x = 0, 7 do
    pool:call("chunk", function(ok, chunk)
      if ok then lay(x, 0, chunk) else fallbacks = fallbacks + 1 end
    end, x, 0)
  end
  pool:call("chunk", function(ok, trace)
    if not ok then
      fallbacks = fallbacks + 1
      table.insert(journal, trace:match("there is no chunk below the sea") or "?")
    end
  end, 0, -1)

  -- By coroutine: two walks, each of which needs one chunk after the other.
  for row = 1, 2 do
    working = working + 1
    coroutine.wrap(function()
      local x = 0
      for _ = 1, 4 do
        local chunk = pool.interface.chunk(x, row)
        lay(x, row, chunk)
        x = x + 1 + pool.interface.highest(chunk) % 3
      end
      table.insert(journal, "walk " .. row .. " ends at " .. x)
      working = working - 1
    end)()
  end
end

function love.update(dt)
  pool:tick()
  if working == 0 and not next(pool.tasks) then love.event.quit() end
end

function love.quit()
  pool:close()
  pool:close() -- does no harm
  local chunks = 0
  for _ in pairs(map) do chunks = chunks + 1 end
  assert(chunks == 16, "eight by callback, eight on walks")
  assert(fallbacks == 1, "one that there is not")
  table.sort(journal)
  assert(journal[1] == "there is no chunk below the sea")
  print(chunks .. " chunks", journal[2], journal[3])
end

function love.threaderror(_, err)
  error("a worker has failed: " .. err, 0)
end
