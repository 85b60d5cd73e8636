import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { fileModule } from '../../../modules/file/index.ts'
import { fileParameters } from '../../../modules/file/options.ts'
import { createHost } from '../../../modules/host/create-host.ts'
import { makeDeepTree } from '../../fixtures/deep-tree.ts'
import { runTypeScript } from '../../fixtures/run-typescript.ts'
import { temporaryDirectory } from '../../fixtures/temporary-directory.ts'
import { s1, searchIn } from './search.ts'

it('tests a FIFO that is a search path, and never reads it', async () => {
  const root = temporaryDirectory()
  execFileSync('mkfifo', [join(root, 'pipe')])
  const byMode = await searchIn(root, s1({ paths: ['/pipe'], modes: ['^p'] }))
  expect(byMode.files()).toEqual(['/pipe'])
  const byContent = await searchIn(root, s1({ paths: ['/pipe'], contents: ['!x'] }))
  expect(byContent.files()).toEqual([])
  expect(byContent.errors).toEqual(['not-regular: /pipe'])
  const inside = await searchIn(root, s1({ paths: ['/'], contents: ['!x'] }))
  expect(inside.statistics.filescount).toBe(0)
  expect(inside.errors).toEqual([])
})

it('passes by sockets and devices, and links to them', async (test) => {
  const root = temporaryDirectory()
  const server = createServer().listen(join(root, 'socket'))
  await new Promise((resolve) => server.once('listening', resolve))
  symlinkSync('socket', join(root, 'to-socket'))
  const answer = await searchIn(root, s1({ paths: ['/'], names: ['.'] }))
  expect(answer.statistics).toMatchObject({ filescount: 0, openfailed: 0 })
  await new Promise((resolve) => server.close(resolve))
  unlinkSync(join(root, 'to-socket'))
  try {
    execFileSync('mknod', [join(root, 'zero'), 'c', '1', '5'], { stdio: 'ignore' })
  } catch {
    test.skip('mknod is not permitted here')
  }
  const device = await searchIn(root, s1({ paths: ['/zero', '/'], contents: ['x'], names: ['.'] }))
  expect(device.errors).toEqual(['not-regular: /zero'])
  expect((await searchIn(root, s1({ paths: ['/zero'], modes: ['^Dc'] }))).files()).toEqual(['/zero'])
})

it('does not read a sparse terabyte, and says so', async () => {
  const root = temporaryDirectory()
  writeFileSync(join(root, 'huge'), 'needle')
  truncateSync(join(root, 'huge'), 2 ** 40)
  for (const contents of ['!x', 'needle']) {
    const answer = await searchIn(root, s1({ paths: ['/'], contents: [contents] }))
    expect(answer.files()).toEqual([])
    expect(answer.errors).toEqual(['sparse-file: /huge'])
  }
  // What needs no bytes is answered.
  expect((await searchIn(root, s1({ paths: ['/'], sizes: ['>1t'] }))).files()).toEqual(['/huge'])
})

it('stops within a second in the midst of a file without end', async () => {
  const root = temporaryDirectory()
  // Below the size from which holes are asked after, hashed in seconds by each of eight.
  for (let i = 0; i < 8; i++) {
    writeFileSync(join(root, `huge${i}`), '')
    truncateSync(join(root, `huge${i}`), 2 ** 30 - 1)
  }
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), 300)
  const started = performance.now()
  const answer = await searchIn(
    root,
    // An inverse check must not pass because the end was not seen.
    s1(
      { paths: ['/'], contents: ['!needle'], sha2: ['a'.repeat(64)] },
      { mismatch: ['sha2'], returnsha256: true },
    ),
    { signal: abort.signal },
  )
  clearTimeout(timer)
  expect(performance.now() - started).toBeLessThan(1300)
  expect(answer.files()).toEqual([])
  expect(answer.elements).toEqual({})
  expect(answer.statistics.filescount).toBeLessThan(3)
})

it('stops within a second in a tree without end', async () => {
  const root = temporaryDirectory()
  makeDeepTree(root, 'd', 300, '')
  const abort = new AbortController()
  const context = { host: createHost({ root }), signal: abort.signal, now: 0, maxMatches: 1e9 }
  // Every broken link is an event: the run is in full swing when it is told to stop.
  for (let i = 0; i < 50; i++) symlinkSync('nowhere', join(root, `d/link${i}`))
  const run = fileModule.run(fileParameters.parse(s1({ paths: ['/'], names: ['.'] })), context)
  let after = 0
  let step = await run.next()
  for (; step.done !== true; step = await run.next()) {
    if (abort.signal.aborted) after += 1
    if (step.value.kind === 'problem') abort.abort()
  }
  // The event that was on its way may still come; a claim that nothing matched may not.
  expect(after).toBeLessThanOrEqual(1)
  expect(step.value).toMatchObject({ filescount: 0, totalhits: 0 })
  expect(step.value.openfailed).toBeGreaterThan(0)
})

it('shows names that are not UTF-8 with their bytes, and keeps them whole beside', async () => {
  const root = temporaryDirectory()
  const name = Buffer.concat([Buffer.from('ä'), Buffer.from([0xff]), Buffer.from('.key')])
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), 'secret')
  writeFileSync(join(root, 'fine\\xff.key'), 'secret')
  const answer = await searchIn(root, s1({ paths: ['/'], names: ['key$'], contents: ['secret'] }))
  const shown = (answer.elements.s1 ?? []).map(({ file, rawfile }) => ({ file, rawfile }))
  expect(shown).toHaveLength(2)
  expect(shown).toContainEqual({
    file: '/ä\\xff.key',
    rawfile: Buffer.concat([Buffer.from('/'), name]).toString('base64'),
  })
  expect(shown).toContainEqual({ file: '/fine\\xff.key', rawfile: undefined })
  // Go reads the bad byte as one U+FFFD.
  const byName = await searchIn(root, s1({ paths: ['/'], names: ['^ä\\x{FFFD}\\.key$'] }))
  expect(byName.files()).toHaveLength(1)
})

it('finds a secret at the bottom of a tree that is deeper than PATH_MAX', async () => {
  const root = temporaryDirectory()
  makeDeepTree(root, 'quite-a-name-x', 600, 'abcdef123456')
  const answer = await searchIn(root, s1({ paths: ['/'], contents: ['^abcdef123456$'] }))
  expect(answer.files()).toEqual([`${'/quite-a-name-x'.repeat(600)}/secret`])
  expect(answer.errors).toEqual([])
})

it('leaves no descriptor open, at the end and when it is stopped', async () => {
  const root = temporaryDirectory()
  makeDeepTree(root, 'd', 100, 'x')
  const host = createHost({ root })
  const open = () => createHost({ root: '/' }).list(`/proc/${process.pid}/fd`).length
  const parameters = fileParameters.parse(s1({ paths: ['/'], contents: ['x'] }, { returnsha256: true }))
  const context = { host, signal: new AbortController().signal, now: 0, maxMatches: 9 }
  const before = open()
  for await (const _ of fileModule.run(parameters, context));
  expect(open()).toBe(before + 1) // the host of the line above
  for await (const _ of fileModule.run(parameters, context)) break
  expect(open()).toBe(before + 2)
})

it('stays inside its root, whatever links say', async () => {
  const outside = temporaryDirectory()
  const root = join(outside, 'root')
  mkdirSync(join(root, 'home'), { recursive: true })
  writeFileSync(join(outside, 'secret'), 'outside')
  symlinkSync(join(outside, 'secret'), join(root, 'home/absolute'))
  symlinkSync('../../../secret', join(root, 'home/climbing'))
  symlinkSync(outside, join(root, 'home/directory'))
  const answer = await searchIn(
    root,
    s1({ paths: ['/', '/home/climbing', '/home/directory/secret', '/../secret'], contents: ['outside'] }),
  )
  expect(answer.files()).toEqual([])
  expect(answer.errors).toContain('not-found: /home/absolute')
  expect(answer.errors).toContain('not-found: /home/climbing')
})

it('bears what changes while it walks', async () => {
  const root = temporaryDirectory()
  const outside = temporaryDirectory()
  writeFileSync(join(outside, 'file'), 'outside')
  for (const name of ['a', 'b', 'c']) {
    mkdirSync(join(root, name))
    writeFileSync(join(root, name, 'file'), 'inside')
    writeFileSync(join(root, name, 'other'), 'inside')
  }
  const parameters = fileParameters.parse(s1({ paths: ['/'], contents: ['side'] }))
  const context = {
    host: createHost({ root }),
    signal: new AbortController().signal,
    now: Date.now(),
    maxMatches: 100,
  }
  const codes: string[] = []
  let files = 0
  for await (const event of fileModule.run(parameters, context)) {
    if (event.kind === 'problem') codes.push(event.code)
    else if (event.found) files += 1
    if (files !== 1) continue
    // The first hit stands in one of the three: the others go now, one becomes a link that leads out.
    const at = event.kind === 'finding' ? event.element.file.split('/')[1] : ''
    const [gone, swapped] = ['a', 'b', 'c'].filter((name) => name !== at) as [string, string]
    rmSync(join(root, gone), { recursive: true, force: true })
    rmSync(join(root, swapped), { recursive: true, force: true })
    symlinkSync(outside, join(root, swapped))
    if (at !== '') rmSync(join(root, `${at}/other`), { force: true })
    files += 1
  }
  expect(codes.filter((code) => code === 'vanished').length).toBeGreaterThanOrEqual(2)
  expect(files).toBeLessThanOrEqual(3)
})

it('never reports what a link swapped in under the walk leads to', async () => {
  const root = temporaryDirectory()
  const outside = temporaryDirectory()
  for (const name of ['one', 'two']) mkdirSync(join(root, `${name}/deep`), { recursive: true })
  for (const directory of [join(root, 'one/deep'), join(root, 'two/deep'), outside]) {
    for (let i = 0; i < 20; i++)
      writeFileSync(join(directory, `f${i}`), directory === outside ? 'bad' : 'good')
  }
  let swapped = false
  const parameters = fileParameters.parse(s1({ paths: ['/'], contents: ['bad|good'] }))
  const context = {
    host: createHost({ root }),
    signal: new AbortController().signal,
    now: 0,
    maxMatches: 1000,
  }
  const bad = fileParameters.parse(s1({ paths: ['/'], contents: ['bad'] }))
  for (let round = 0; round < 20; round++) {
    for (const question of [parameters, bad]) {
      for await (const event of fileModule.run(question, context)) {
        if (event.kind === 'finding' && question === bad) expect(event.found).toBe(false)
        if (swapped) {
          unlinkSync(join(root, 'two/deep'))
          renameSync(join(root, 'aside'), join(root, 'two/deep'))
        } else {
          renameSync(join(root, 'two/deep'), join(root, 'aside'))
          symlinkSync(outside, join(root, 'two/deep'))
        }
        swapped = !swapped
      }
    }
  }
})

it('reports what it may not read, and goes on', () => {
  const root = temporaryDirectory()
  mkdirSync(join(root, 'closed'))
  writeFileSync(join(root, 'closed/key'), 'secret')
  writeFileSync(join(root, 'key'), 'secret')
  writeFileSync(join(root, 'open'), 'secret')
  chmodSync(join(root, 'closed'), 0)
  chmodSync(join(root, 'key'), 0)
  chmodSync(root, 0o755)
  const answer = runTypeScript(
    `
    import { fileModule } from ${JSON.stringify(join(process.cwd(), 'modules/file/index.ts'))}
    import { createHost } from ${JSON.stringify(join(process.cwd(), 'modules/host/create-host.ts'))}
    if (process.getuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534) }
    const search = { paths: ['/'], contents: ['secret'], options: { matchall: true } }
    const context = { host: createHost({ root: process.argv[2] }), signal: new AbortController().signal, now: 0, maxMatches: 9 }
    const run = fileModule.run({ searches: { s1: search } }, context)
    const lines = []
    let step = await run.next()
    for (; !step.done; step = await run.next()) lines.push(step.value.code ? step.value.code + ' ' + step.value.about : step.value.element.file)
    console.log(JSON.stringify({ lines: lines.sort(), openfailed: step.value.openfailed }))`,
    [root],
  )
  expect(JSON.parse(answer)).toEqual({
    lines: ['/open', 'permission-denied /closed', 'permission-denied /key'],
    openfailed: 2,
  })
})

it('gives up a gzip bomb and says so, whatever the question', async () => {
  const root = temporaryDirectory()
  // A quarter of a gigabyte of zeros in a quarter of a megabyte: 1000 to 1.
  writeFileSync(join(root, 'bomb.gz'), gzipSync(Buffer.alloc(256 * 1024 * 1024)))
  for (const search of [{ contents: ['!needle'] }, { md5: ['a'.repeat(32)] }]) {
    const answer = await searchIn(root, s1({ paths: ['/'], ...search }, { decompress: true }))
    expect(answer.files()).toEqual([])
    expect(answer.errors).toEqual(['too-large: /bomb.gz'])
  }
  // What was found before the end is found.
  const early = await searchIn(root, s1({ paths: ['/'], contents: ['\\x00'] }, { decompress: true }))
  expect(early.files()).toEqual(['/bomb.gz'])
}, 30_000)

it('reports a truncated gzip file, and what it held before the cut', async () => {
  const root = temporaryDirectory()
  const text = Buffer.from(
    `needle\n${Array.from({ length: 200_000 }, (_, i) => `line ${i * 7919}`).join('\n')}`,
  )
  const whole = gzipSync(text)
  writeFileSync(join(root, 'cut.gz'), whole.subarray(0, whole.length - 1000))
  const inverse = await searchIn(root, s1({ paths: ['/'], contents: ['!nothing'] }, { decompress: true }))
  expect(inverse.files()).toEqual([])
  expect(inverse.errors).toEqual(['corrupt-data: /cut.gz'])
  const early = await searchIn(root, s1({ paths: ['/'], contents: ['^needle$'] }, { decompress: true }))
  expect(early.files()).toEqual(['/cut.gz'])
})

it('searches a line whatever its length', async () => {
  const root = temporaryDirectory()
  writeFileSync(join(root, 'long'), `early${'x'.repeat(8 * 1024 * 1024)}late\nnext\n`)
  const hits = async (...contents: string[]) => {
    const answer = await searchIn(root, s1({ paths: ['/'], contents }))
    return { files: answer.files().length, errors: answer.errors }
  }
  for (const content of ['early', '^next$', 'late', '^earlyx+late$', '!lately', '!x$']) {
    expect(await hits(content)).toEqual({ files: 1, errors: [] })
  }
  for (const content of ['!late', '!early', 'x$', '^late', 'late.*next']) {
    expect(await hits(content)).toEqual({ files: 0, errors: [] })
  }
})

it.runIf(process.platform === 'linux')('reads kernel files to their end behind a link too', async () => {
  const root = temporaryDirectory()
  symlinkSync('/proc', join(root, 'link'))
  // A page at a time, and what is asked for is in the last one.
  const search = { names: ['^maps$'], contents: ['\\[stack\\]'] }
  for (const path of [`/proc/${process.pid}`, `${root}/link/${process.pid}`]) {
    const answer = await searchIn('/', s1({ paths: [path], ...search }, { maxdepth: 1 }))
    expect(answer.files()).toEqual([`${path}/maps`])
  }
})
