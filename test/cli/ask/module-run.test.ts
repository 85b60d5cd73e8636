import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createEventReader } from '../../../modules/event-reader.ts'
import { findModule, modules } from '../../../modules/registry.ts'
import { createChildRunner } from '../../../node/gate/child-runner.ts'
import { systemClock } from '../../../node/system/system-clock.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'
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
  const limits = ['--wall-ms', '20000', '--matches', '1000', '--bytes', '1000000']

  it('streams events that the gate reads to the same result', async () => {
    const root = aTree(50)
    const parameters = search({ contents: ['content [1-4]'] })
    const stdin = JSON.stringify({ class: 'parameters', parameters })
    const run = await runMig(['module', 'run', 'file', '--events', '--root', root, ...limits], {
      home: root,
      stdin,
    })
    const definition = findModule('file')
    if (definition === undefined) throw new Error('no module')
    const reader = createEventReader(definition, parameters, { maxMatches: 1000 })
    reader.push(run.bytes)
    expect([run.code, reader.ended, run.stderr]).toEqual([0, true, ''])
    expect(reader.finish().result).toMatchObject({ foundanything: true, success: true })
    expect(reader.finish().findings).toHaveLength(44)
  })

  it('takes parameters as they were signed: older forms are refused', async () => {
    const root = aTree(1)
    const stdin = JSON.stringify({ class: 'parameters', parameters: { s1: { paths: ['/etc'] } } })
    const run = await runMig(['module', 'run', 'file', '--events', '--root', root, ...limits], {
      home: root,
      stdin,
    })
    expect(run.stdout).toContain('"failure":"bad-parameters"')
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
    mkdirSync(join(root, 'big'))
    // Sparse: long to read, quick to make.
    writeFileSync(join(root, 'big', 'sparse'), '')
    truncateSync(join(root, 'big', 'sparse'), 200 * 1024 ** 3)
    const long = {
      searches: { s1: { paths: ['/etc', '/big'], sha2: ['0'.repeat(64)], names: ['.'], options: {} } },
    }
    const cut = await runner.run({ ...order, parameters: long, wallMs: 2500 })
    expect(cut.outcome).toBe('timed-out')
    expect(cut.reason).toMatch(/^stopped/)
    expect(cut.found).toBeGreaterThan(0)
  })
})
