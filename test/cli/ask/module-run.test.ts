import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEventReader } from '../../../modules/event-reader.ts'
import { findModule, modules } from '../../../modules/registry.ts'
import { createChildRunner } from '../../../node/gate/child-runner.ts'
import { systemClock } from '../../../node/system/system-clock.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'
import { fillLongToRead } from '../../long-to-read.ts'
import { builtMig, runMig } from '../run-mig.ts'

function aTree(files: number): string {
  const root = temporaryDirectory()
  mkdirSync(join(root, 'etc'))
  for (let i = 0; i < files; i++) writeFileSync(join(root, 'etc', `file${i}`), `content ${i}\n`)
  return root
}

const search = (extra: object) => ({
  searches: { s1: { paths: ['/etc'], ...extra, options: { matchall: true } } },
})

describe('mig module run', () => {
  it("takes MIG's message or bare parameters and prints MIG's result", async () => {
    const root = aTree(1)
    const parameters = search({ names: ['^file'] })
    for (const message of [{ class: 'parameters', parameters }, parameters]) {
      const run = await runMig(['module', 'run', 'file', '--root', root], {
        home: root,
        stdin: JSON.stringify(message),
      })
      expect(run.code).toBe(0)
      expect(run.stdout.trimEnd()).not.toContain('\n')
      expect(JSON.parse(run.stdout)).toMatchObject({ foundanything: true, success: true, errors: null })
    }
  })

  it('reads older parameter forms', async () => {
    const root = aTree(1)
    const stdin = JSON.stringify({ s1: { path: '/etc', regexes: ['content'], options: { matchall: true } } })
    const run = await runMig(['module', 'run', 'file', '--root', root], { home: root, stdin })
    expect(JSON.parse(run.stdout).foundanything).toBe(true)
  })

  it.each([
    ['{"class":"stop"}', 'unexpected input is not module parameters'],
    ['{', 'not JSON'],
    [`"${'x'.repeat(600_000)}"`, 'at most'],
  ])('refuses %.20s', async (stdin, text) => {
    const root = temporaryDirectory()
    const run = await runMig(['module', 'run', 'file', '--root', root], { home: root, stdin })
    expect([run.code, run.stdout]).toEqual([1, ''])
    expect(run.stderr).toContain(text)
  })

  it('says in the result what is wrong with parameters', async () => {
    const root = temporaryDirectory()
    const run = await runMig(['module', 'run', 'file', '--root', root], {
      home: root,
      stdin: '{"searches":{"a":{}}}',
    })
    expect(run.code).toBe(1)
    expect(JSON.parse(run.stdout)).toMatchObject({
      success: false,
      elements: null,
      errors: [expect.stringContaining('paths')],
    })
  })
})

describe('the child of a gate', () => {
  const order = { module: 'file', wallMs: 20_000, matches: 1000, outputBytes: 1_000_000 }
  const serve = (root: string, ...orders: readonly object[]) =>
    runMig(['module', 'host', '--root', root], {
      home: root,
      stdin: orders.map((each) => `${JSON.stringify(each)}\n`).join(''),
    })

  it('streams events of each order that the gate reads to the same result', async () => {
    const root = aTree(50)
    const parameters = search({ contents: ['content [1-4]'] })
    const run = await serve(
      root,
      { ...order, parameters },
      { ...order, parameters: search({ names: ['^x'] }) },
    )
    const definition = findModule('file')
    if (definition === undefined) throw new Error('no module')
    const first = createEventReader(definition, parameters, { maxMatches: 1000 })
    const endOfFirst = run.bytes.indexOf('\n', run.bytes.indexOf('{"end"')) + 1
    first.push(run.bytes.subarray(0, endOfFirst))
    expect([run.code, first.ended, run.stderr]).toEqual([0, true, ''])
    expect(first.finish().result).toMatchObject({ foundanything: true, success: true })
    expect(first.finish().findings).toHaveLength(44)
    expect(run.stdout.slice(endOfFirst)).toMatch(/^\{"finding":\{"found":false.*\n\{"end".*\n$/)
  })

  it('takes parameters as they were signed: older forms are refused', async () => {
    const run = await serve(aTree(1), { ...order, parameters: { s1: { paths: ['/etc'] } } })
    expect(run.stdout).toContain('"failure":"bad-parameters"')
  })

  it.each([
    ['no order', { hello: 1 }],
    ['a field too many', { ...order, parameters: {}, root: '/' }],
    ['an unknown module', { ...order, module: 'fil', parameters: {} }],
    ['more than an action can hold', { ...order, parameters: { words: 'x'.repeat(600_000) } }],
  ])('ends at %s', async (_, nonsense) => {
    const run = await serve(aTree(1), nonsense)
    expect([run.code, run.stdout]).toEqual([1, ''])
    expect(run.stderr).not.toBe('')
  })

  it('is what the gate starts: answers, and stops at its own deadline with what it had', async () => {
    const root = aTree(20)
    const options = { command: [process.execPath, builtMig()], root, prlimit: undefined }
    const runner = createChildRunner(modules, options, { clock: systemClock, log: () => undefined })
    const order = {
      module: 'file',
      parameters: search({ names: ['^file'] }),
      cpuSeconds: 30,
      matches: 1000,
      outputBytes: 1_000_000,
      signal: new AbortController().signal,
    }
    const whole = await runner.run({ ...order, wallMs: 20_000 })
    expect([whole.outcome, whole.found]).toEqual(['done', 20])
    fillLongToRead(join(root, 'big'))
    const long = {
      searches: { s1: { paths: ['/etc', '/big'], sha2: ['0'.repeat(64)], names: ['.'], options: {} } },
    }
    const cut = await runner.run({ ...order, parameters: long, wallMs: 2500 })
    expect(cut.outcome).toBe('timed-out')
    expect(cut.reason).toMatch(/^stopped/)
    expect(cut.found).toBeGreaterThan(0)
  })
})
