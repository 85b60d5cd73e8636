import { beforeAll, describe, expect, test } from 'vitest'
import type { AgentFacts } from '../../node/core/agent-facts.ts'
import { MigError } from '../../node/core/error.ts'
import { evaluateTarget, parseTarget } from '../../node/core/target.ts'
import { migAgents, now } from './target-cases.ts'

const [agent] = migAgents() as [AgentFacts]

async function refusal(text: string): Promise<MigError> {
  const thrown: unknown = await parseTarget(text).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(thrown instanceof MigError)) throw new Error(`not refused: ${text} (${String(thrown)})`)
  return thrown
}

describe('a refused target', () => {
  // The mark ‸ stands where the error is.
  test.each<[string, string]>([
    // Syntax.
    ["name = 'a' AND ‸) OR true", 'syntax error at or near ")"'],
    ['name = ‸', 'syntax error at end of input'],
    ['‸', 'syntax error at end of input'],
    ["name = ‸'a", 'unterminated quoted string at or near "\'a"'],
    ['1=1‸) OR (1=1', 'syntax error at or near ")"'],
    ['true‸; drop table agents', 'syntax error at or near ";"'],
    ['true ‸ORDER BY pid', 'syntax error at or near "ORDER"'],
    ['true ‸UNION SELECT 1', 'syntax error at or near "UNION"'],
    ['true ‸LIMIT 1', 'syntax error at or near "LIMIT"'],
    ["name = 'é😀' AND ‸= 2", 'syntax error at or near "="'],
    // Names.
    ["‸nocolumn='x'", 'column "nocolumn" does not exist'],
    ["name = 'é😀' AND ‸nmae = 'x'", 'column "nmae" does not exist'],
    ["‸commands.status='x'", 'column "commands.status" does not exist'],
    ['‸"Name" = \'x\'', 'column "Name" does not exist'],
    ["‸constructor = 'x'", 'column "constructor" does not exist'],
    ["NOT ‸uper(name) = 'X'", 'function uper(text) does not exist'],
    ['pid > 3 AND ‸pg_sleep(10) IS NULL', 'function pg_sleep(integer) does not exist'],
    ['‸now(1) IS NULL', 'function now(integer) does not exist'],
    ['‸length(pid) = 3', 'function length(integer) does not exist'],
    ['‸length(DISTINCT name) = 3', 'function length(text) does not exist'],
    // Sub-queries.
    [
      'id ‸IN (SELECT agentid FROM commands)',
      "sub-queries are resolved by the investigator's node: use --target-found",
    ],
    ['NOT ‸EXISTS (SELECT 1)', "sub-queries are resolved by the investigator's node: use --target-found"],
    ['pid = ‸(SELECT 1)', "sub-queries are resolved by the investigator's node: use --target-found"],
    // Types.
    ['‸name', 'argument of WHERE must be type boolean, not type text'],
    ["‸environment->>'addresses'", 'argument of WHERE must be type boolean, not type text'],
    ['true AND ‸pid', 'argument of AND must be type boolean, not type integer'],
    ['‸pid OR true', 'argument of OR must be type boolean, not type integer'],
    ['NOT ‸tags', 'argument of NOT must be type boolean, not type json'],
    ['‸name IS NOT TRUE', 'argument of IS NOT TRUE must be type boolean, not type text'],
    ['‸NOW()', 'argument of WHERE must be type boolean, not type timestamp with time zone'],
    ["‸'perhaps'", 'invalid input syntax for type boolean: "perhaps"'],
    ['name ‸= 5', 'operator does not exist: text = integer'],
    ["name ‸IN ('a', 5)", 'operator does not exist: text = integer'],
    ['pid ‸= name', 'operator does not exist: integer = text'],
    ['starttime ‸> pid', 'operator does not exist: timestamp with time zone > integer'],
    ["tags ‸= '{}'", 'operator does not exist: json = unknown'],
    ["environment->'os' ‸= 'linux'", 'operator does not exist: json = unknown'],
    ["environment ‸LIKE '%x%'", 'operator does not exist: json ~~ unknown'],
    ["name ‸->> 'x' = 'y'", 'operator does not exist: text ->> unknown'],
    ["name ‸#>> '{x}' = 'y'", 'operator does not exist: text #>> unknown'],
    ["environment ‸? 'os'", 'operator does not exist: json ? unknown'],
    ["name ‸|| 'x' = 'y'", 'operator does not exist: text || unknown'],
    [
      'NOW() ‸+ NOW() IS NULL',
      'operator does not exist: timestamp with time zone + timestamp with time zone',
    ],
    ['‸coalesce(name, pid) IS NULL', 'COALESCE types text and integer cannot be matched'],
    ['‸tags::boolean', 'cannot cast type json to boolean'],
    ['pid::‸jsonb IS NULL', 'a cast to jsonb is not supported in a target'],
    ['name::‸varchar(3) IS NULL', 'a cast to this form of varchar is not supported in a target'],
    // Literals.
    ["pid = ‸'abc'", 'invalid input syntax for type integer: "abc"'],
    ["pid = ‸'99999999999'", 'invalid input syntax for type integer: "99999999999"'],
    ["starttime > ‸'yesterday'", 'invalid input syntax for type timestamp with time zone: "yesterday"'],
    ["starttime > ‸'2026-02-30'", 'invalid input syntax for type timestamp with time zone: "2026-02-30"'],
    ["starttime > NOW() - ‸'30 days'", 'invalid input syntax for type timestamp with time zone: "30 days"'],
    ["starttime > NOW() - INTERVAL ‸'30 dyas'", 'invalid input syntax for type interval: "30 dyas"'],
    ["tags#>>‸'operator' = 'IT'", 'malformed array literal: "operator"'],
    ["tags#>>‸'{a,{b}}' = 'IT'", 'malformed array literal: "{a,{b}}"'],
    ["tags#>>‸'{a,}' = 'IT'", 'malformed array literal: "{a,}"'],
    ["tags#>>‸name = 'IT'", 'a json path must be a literal'],
    // Patterns.
    ['name ~ ‸queueloc', 'a pattern must be a literal'],
    ["name LIKE ‸tags->>'x'", 'a pattern must be a literal'],
    ["name LIKE ‸'x\\'", 'LIKE pattern must not end with escape character'],
    ["name ‸LIKE 'x' ESCAPE 'y'", 'ESCAPE is not supported in a target: backslash escapes'],
    [
      "name ~ ‸'x{1000}x{1000}'",
      'the regular expressions of this target need about 4000 steps, at most 1000 are allowed',
    ],
    // What PostgreSQL knows and a target does not.
    ['‸CASE WHEN true THEN true END', 'this is not supported in a target'],
    ['pid ‸= ANY (ARRAY[1])', 'this operator is not supported in a target'],
    ['pid = ‸$1', 'this is not supported in a target'],
    ['name ‸COLLATE "C" = \'x\'', 'this is not supported in a target'],
    ['‸ROW(pid, name) IS NULL', 'this is not supported in a target'],
    ['starttime > ‸CURRENT_DATE', 'this is not supported in a target'],
    ['pid = ‸1e999', 'this constant is not supported in a target'],
    // Text.
    ["name = 'a‸\0'", 'the target holds a character that is not text'],
    ["name = 'a‸\ud800'", 'the target holds a character that is not text'],
  ])('says where and why: %s', async (marked, sentence) => {
    const position = marked.indexOf('‸')
    const error = await refusal(marked.replace('‸', ''))
    expect([error.code, error.position, error.message]).toEqual(['bad-target', position, sentence])
  })

  test('points into the regular expression', async () => {
    const error = await refusal("name ~ 'web[0-9'")
    expect([error.code, error.position]).toEqual(['bad-target', "name ~ 'web".length])
    expect((await refusal("name ~ E'web[0-9'")).position).toBe('name ~ '.length)
  })

  test('quotes little of what was wrong', async () => {
    expect((await refusal(`name = '${'x'.repeat(2000)}`)).message.length).toBeLessThan(200)
  })

  test('is larger than 2,048 bytes, whatever its characters', async () => {
    const sized = (bytes: number, unit: string): string =>
      `name = '${unit.repeat((bytes - 9) / Buffer.byteLength(unit))}'`
    expect((await parseTarget(sized(2048, 'x'))).text).toHaveLength(2048)
    expect((await refusal(sized(2049, 'x'))).code).toBe('bad-target')
    expect((await refusal(sized(2049 + 2, 'é'))).code).toBe('bad-target')
  })

  test('is nested deeper than 64', async () => {
    const nots = (count: number): string => `${'NOT '.repeat(count)}true`
    expect(evaluateTarget(await parseTarget(nots(63)), agent, now)).toBe(false)
    const error = await refusal(nots(64))
    expect([error.code, error.position]).toEqual(['bad-target', nots(64).indexOf('true')])
  })
})

const repeated = (head: string, middle: string, tail: string, count: number): string =>
  head.repeat(count) + middle + tail.repeat(count)

describe('hostile text is refused or evaluated in good time', () => {
  // Compiling PostgreSQL's parser and this code takes longer than any target may.
  beforeAll(async () => {
    for (let i = 0; i < 50; i++)
      await parseTarget("name LIKE '%a%' AND pid IN (1, 2) OR NOT tags->>'x' = 'y'")
  })
  const longFacts: AgentFacts = { ...agent, name: 'a'.repeat(2048), environment: { os: 'a'.repeat(16_000) } }

  async function judge(text: string): Promise<unknown> {
    try {
      return evaluateTarget(await parseTarget(text), longFacts, now)
    } catch (error) {
      if (error instanceof MigError) return error.code
      throw error
    }
  }

  test.each<[string, string]>([
    ['parentheses', repeated('(', 'true', ')', 1000)],
    ['open parentheses', '('.repeat(2048)],
    ['NOTs', `${'NOT '.repeat(510)}true`],
    ['signs', `pid = ${'- '.repeat(1000)}1`],
    ['prefix operators', `pid = ${'@ '.repeat(1000)}1`],
    ['operators', '+'.repeat(2048)],
    ['ANDs', `true${' AND true'.repeat(220)}`],
    ['ORs', new Array(200).fill('pid=1').join(' OR ')],
    ['casts', `name${'::text'.repeat(330)} = ''`],
    ['arrows', `environment${"->'a'".repeat(400)} IS NULL`],
    ['functions', repeated('lower(', 'name', ')', 290)],
    ['an IN list', `pid IN (${'1,'.repeat(1000)}1)`],
    ['BETWEENs that would double', repeated('(', 'pid BETWEEN 1 AND 2', ' BETWEEN false AND true)', 60)],
    ['sub-queries', repeated('(select ', 'true', ')', 220)],
    ['CASEs', repeated('CASE WHEN ', 'true', ' THEN true END', 80)],
    ['arrays', repeated('ARRAY[', '1', ']', 290)],
    ['comments', '/*'.repeat(1000)],
    ['dollars', '$a$'.repeat(680)],
    ['quotes', "'".repeat(2048)],
    ['escapes', `name = E'${'\\x'.repeat(1000)}'`],
    ['LIKE with many wildcards', `name LIKE '${'%a'.repeat(1000)}%b'`],
    ['LIKE of a long run', `environment->>'os' LIKE '%${'a'.repeat(2000)}b'`],
    ['LIKE of a long run with one wildcard', `environment->>'os' LIKE '%b_${'a'.repeat(2000)}'`],
    ['many LIKEs', new Array(50).fill("environment::text LIKE '%a%a%b'").join(' OR ')],
    ['a counted repetition', `name ~ '${'x{1000}'.repeat(280)}'`],
    ['a nested repetition', "name ~ '((((x{10}){10}){10}){10}){10}'"],
    ['many regular expressions', new Array(50).fill("environment::text ~ '(a|b)*c$'").join(' OR ')],
    ['what makes backtracking engines explode', "environment->>'os' ~ '^(a+)+$b' OR name ~ '(a|a)*(a|aa)+b'"],
    ['a long interval', `NOW() > NOW() - INTERVAL '${'1 day '.repeat(330)}'`],
    ['a long time', `NOW() > '${' '.repeat(1000)}2026${' '.repeat(1000)}'`],
    ['a long path', `tags#>>'{${'a,'.repeat(1000)}b}' IS NULL`],
    ['an odd path', `tags#>>'{${'a '.repeat(1000)}' IS NULL`],
    ['a path of backslashes', `tags#>>'{"${'\\'.repeat(1999)}' IS NULL`],
  ])('%s', async (_, text) => {
    // Processor time, the best of three: other processes share this machine, and code is compiled on the way.
    const usedMs: number[] = []
    for (let attempt = 0; attempt < 3; attempt++) {
      const before = process.cpuUsage()
      expect([true, false, null, 'bad-target']).toContain(await judge(text.slice(0, 2048)))
      const { user, system } = process.cpuUsage(before)
      usedMs.push((user + system) / 1000)
    }
    expect(Math.min(...usedMs)).toBeLessThan(50)
    // The parser is one instance for the whole process: it must have survived.
    expect((await parseTarget('true')).text).toBe('true')
  })
})
