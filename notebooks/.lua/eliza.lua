-- ELIZA, a psychotherapist who knows nothing and turns the patient's words around.
--
-- The method is Joseph Weizenbaum's: "ELIZA, a computer program for the study of natural language
-- communication between man and machine", Communications of the ACM 9 (1), 1966. The rules are our own:
--
--   keywords   a line is cut into phrases; in the first phrase that has a keyword, the highest rank decides
--   patterns   take the phrase apart, the first that fits; "*" stands for any words
--   answers    put it together again and take turns; "%1" is what the first "*" stood for, I and you changed
--   memory     what the patient says about "my ..." is kept, and comes back when a line has no keyword
--
-- The same lines always get the same answers.

local gsub, match, gmatch, find, lower, remove =
  string.gsub, string.match, string.gmatch, string.find, string.lower, table.remove

local eliza = {greeting = "Good day. What brings you here?"}

-- ---------------------------------------------------------------- the rules

-- Written out, so that the patterns need to know one form only.
local spelled = {
  ["i'm"] = "i am", ["i've"] = "i have", ["you're"] = "you are", ["can't"] = "cannot", ["don't"] = "do not",
  ["won't"] = "will not", ["it's"] = "it is", mum = "mother", mom = "mother", dad = "father",
  dreamed = "dream", dreamt = "dream", dreams = "dream", computers = "computer", machine = "computer",
  hi = "hello", perhaps = "maybe", everybody = "everyone", nobody = "everyone", never = "always",
}

local turned = {
  i = "you", me = "you", my = "your", mine = "yours", myself = "yourself", am = "are",
  you = "me", your = "my", yours = "mine", yourself = "myself",
}

-- Keyword, rank, then a pattern and its answers for as many ways as there are to take a phrase apart.
local rules = {
  {"computer", 50, {"*", "Do machines trouble you?", "What would a machine know about that?"}},
  {"dream", 6, {"* dream about *", "Have you ever met %2 while awake?", "What does %2 stand for?"},
    {"*", "What does that dream tell you?", "Do you dream often?"}},
  {"remember", 5, {"* i remember *", "Why does %2 come back to you now?", "What else goes with %2?"},
    {"*", "Is that a memory you like?"}},
  {"if", 4, {"* if *", "How likely is it that %2?", "And what if not?"}},
  {"always", 3, {"*", "Can you think of one time when it was different?", "Really, without an exception?"}},
  {"everyone", 3, {"*", "Surely not all of them. Whom do you think of?", "Is there somebody in particular?"}},
  {"mother", 3, {"*", "Tell me more about your mother.", "How do you get on with her?"}},
  {"father", 3, {"*", "Tell me more about your father.", "Is he much in your thoughts?"}},
  {"my", 2, {"* my *", "Your %2?", 'What comes to mind when you say "your %2"?', 'Who else would say "your %2"?'}},
  {"i", 1, {"* i want *", "What would it mean to you to get %2?", "What keeps you from %2?"},
    {"* i need *", "What would change if you had %2?"},
    {"* i am *", "How long have you been %2?", "What is it like to be %2?"},
    {"* i feel *", "When did you begin to feel %2?", "Do others know that you feel %2?"},
    {"* i cannot *", "What would happen if you could %2?"},
    {"* i do not *", "Would you like to %2?", "What speaks against it?"},
    {"* i * you *", "Do you %2 others too?", "It is you we talk about."},
    {"* i *", "You %2?", "Go on about how you %2."}},
  {"you", 1, {"* you are *", "What makes you think I am %2?", "Would it help you if I were %2?"},
    {"* you * me *", "Why do you think I %2 you?"},
    {"*", "We were speaking of you, not of me.", "Does it matter what I am?"}},
  {"because", 1, {"*", "Is that the whole reason?", "What other reasons come to mind?"}},
  {"why", 1, {"*", "What answer would please you?", "Whom else have you asked?"}},
  {"hello", 0, {"*", "Hello. What is on your mind?"}},
  {"sorry", 0, {"*", "You need not apologize.", "What are you sorry about?"}},
  {"maybe", 0, {"*", "You do not sound sure.", "What would make you certain?"}},
  {"yes", 0, {"*", "I see. Go on.", "You sound certain."}},
  {"no", 0, {"*", "Why not?", "Do you say no to please somebody?"}},
}

local nothing = {"Please go on.", "How does that make you feel?", "Can you say that in other words?"}
local remembered = {'Let us go back to "your %1".', 'Has this to do with "your %1"?'}
local MOST_REMEMBERED = 10
local farewells = {goodbye = true, bye = true, quit = true}

-- ---------------------------------------------------------------- words

-- The verbs that tell that "you" was who did it, so that it becomes "I" and not "me".
local verbs = {are = "am"}
for verb in gmatch("were have had will would can could do did think know", "%a+") do
  verbs[verb] = verb
end

-- Changes I and you round.
local function reflect(text)
  local words = " " .. gsub(text, "[%w']+", turned) .. " "
  words = gsub(words, " me (%a+) ", function(word)
    return verbs[word] and " I " .. verbs[word] .. " "
  end)
  words = gsub(words, " I are ", " I am ")
  return match(words, "^%s*(.-)%s*$")
end

-- Turns "* my *" into a Lua pattern for a phrase with a space at either end.
local function compile(pattern)
  return "^" .. gsub(pattern, "%*", "(.-)") .. "$"
end

for _, rule in ipairs(rules) do
  for i = 3, #rule do
    rule[i].pattern = compile(rule[i][1])
  end
end

-- Puts an answer together from the parts of a phrase.
local function assemble(answer, parts)
  local text = gsub(answer, "%%(%d)", function(digit)
    return reflect(parts[tonumber(digit)])
  end)
  return (gsub(gsub(text, "%s+([?.])", "%1"), "^%l", string.upper))
end

-- Returns the phrases of a line: lower case, words spelled out, a space at either end.
local function phrases(line)
  local found = {}
  for phrase in gmatch(gsub(lower(line), "%f[%w]but%f[%W]", ","), "[^,.;:!?]+") do
    local words = {}
    for word in gmatch(phrase, "[%w']+") do
      words[#words + 1] = spelled[word] or word
    end
    found[#found + 1] = " " .. table.concat(words, " ") .. " "
  end
  return found
end

-- Returns the rule with the highest rank whose keyword is in the phrase; the earlier one of equals.
local function rule_for(phrase)
  local best
  for _, rule in ipairs(rules) do
    if find(phrase, " " .. rule[1] .. " ", 1, true) and (not best or rule[2] > best[2]) then
      best = rule
    end
  end
  return best
end

-- ---------------------------------------------------------------- a conversation

local Talk = {}
Talk.__index = Talk

-- Begins a conversation.
function eliza.new()
  return setmetatable({turns = {}, memory = {}}, Talk)
end

-- Returns the answer whose turn it is, of those in list[first] and after.
function Talk:next(list, first)
  local turn = self.turns[list] or first
  self.turns[list] = turn < #list and turn + 1 or first
  return list[turn]
end

-- Returns the answer to a line, and true when the patient has said goodbye.
function Talk:answer(line)
  local cut = phrases(line)
  for _, phrase in ipairs(cut) do
    local rule = rule_for(phrase)
    if farewells[match(phrase, "%S+") or ""] then
      return "Goodbye. It was good to talk to you.", true
    elseif rule then
      return self:follow(rule, phrase), false
    end
  end
  local topic = remove(self.memory, 1)
  if topic then
    return assemble(self:next(remembered, 1), {topic}), false
  end
  return self:next(nothing, 1), false
end

-- Takes the phrase apart by the first pattern that fits, and puts an answer together.
function Talk:follow(rule, phrase)
  if rule[1] == "my" and #self.memory < MOST_REMEMBERED then
    self.memory[#self.memory + 1] = match(phrase, " my (.*)$")
  end
  for i = 3, #rule do
    local way = rule[i]
    local parts = {match(phrase, way.pattern)}
    if parts[1] then
      return assemble(self:next(way, 2), parts)
    end
  end
  return self:next(nothing, 1)
end

return eliza
