import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../fixtures/temporary-directory.ts'
import { createLab, type Host, type Lab } from './lab.ts'
import { isShort, skipWithoutLab } from './skip.ts'

/** Whether a TCP connection to a listener comes about. */
async function reaches(from: Host, address: string, port: number): Promise<boolean> {
  const program = `const s=require('net').connect({host:'${address}',port:${port}});s.on('connect',()=>process.exit(0));s.on('error',()=>process.exit(3));setTimeout(()=>process.exit(4),1500)`
  return (await from.run([process.execPath, '-e', program])).code === 0
}

async function listen(host: Host, port: number): Promise<void> {
  const program = `require('net').createServer(s=>{s.on('error',()=>{});s.write(s.remoteAddress+'\\n')}).listen(${port},()=>console.log('up'))`
  await host.spawn([process.execPath, '-e', program]).says(/^up$/)
}

async function seenAs(from: Host, address: string, port: number): Promise<string> {
  const program = `require('net').connect({host:'${address}',port:${port}}).on('data',d=>{process.stdout.write(String(d));process.exit(0)})`
  return (await from.run([process.execPath, '-e', program])).stdout.trim()
}

describe.skipIf(skipWithoutLab())('the network lab', () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await createLab({
      sites: {
        cloud: { gateway: 'open', hosts: ['relay'] },
        home: { gateway: 'nat', hosts: ['laptop', 'phone'] },
        hotel: { gateway: 'symnat', hosts: ['tablet'] },
        school: { gateway: 'reject', hosts: ['desk'] },
        office: { gateway: 'fwpriv', hosts: ['server'] },
      },
    })
    for (const host of ['relay', 'laptop', 'desk', 'server']) await listen(lab.host(host), 4001)
  })
  afterAll(() => lab?.remove())

  it('lets every host out and only the open site in', async () => {
    const [relay, laptop, server] = [lab.host('relay'), lab.host('laptop'), lab.host('server')]
    for (const name of ['laptop', 'tablet', 'desk', 'server'])
      expect([name, await reaches(lab.host(name), relay.address(), 4001)]).toEqual([name, true])
    expect(await reaches(relay, lab.site('home').wan(), 4001)).toBe(false)
    expect(await reaches(relay, lab.host('desk').address(), 4001)).toBe(false)
    expect(await reaches(relay, server.address(), 4001)).toBe(false)
    // Hosts of one site reach each other.
    expect(await reaches(lab.host('phone'), laptop.address(), 4001)).toBe(true)
  })

  it('shows the world a site behind NAT by the address of its gateway, also after that has changed', async () => {
    const { relay, laptop } = { relay: lab.host('relay'), laptop: lab.host('laptop') }
    const before = lab.site('home').wan()
    expect(await seenAs(laptop, relay.address(), 4001)).toContain(before)
    lab.site('home').renumber()
    expect(lab.site('home').wan()).not.toBe(before)
    expect(await seenAs(laptop, relay.address(), 4001)).toContain(lab.site('home').wan())
  })

  it('cuts, heals, unplugs, loses and moves', async () => {
    const relay = lab.host('relay').address()
    const laptop = lab.host('laptop')
    lab.site('home').cut()
    expect(await reaches(laptop, relay, 4001)).toBe(false)
    expect(await reaches(lab.host('phone'), laptop.address(), 4001)).toBe(true)
    lab.site('home').heal()
    expect(await reaches(laptop, relay, 4001)).toBe(true)
    laptop.unplug()
    expect(await reaches(laptop, relay, 4001)).toBe(false)
    laptop.plug()
    expect(await reaches(laptop, relay, 4001)).toBe(true)
    lab.site('home').lose(100)
    expect(await reaches(laptop, relay, 4001)).toBe(false)
    lab.site('home').lose(0)
    expect(await reaches(laptop, relay, 4001)).toBe(true)
    lab.host('tablet').moveTo('office')
    expect(lab.host('tablet').address()).toMatch(/^10\.5\.0\./)
    expect(await reaches(lab.host('tablet'), relay, 4001)).toBe(true)
  })

  it.skipIf(isShort)('leaves nothing behind when its process is killed', async () => {
    const program = `
      const { createLab } = await import('./test/net/lab.ts')
      const lab = await createLab({ sites: { one: { gateway: 'open', hosts: ['host'] } } })
      lab.host('host').spawn(['sleep', '4711'])
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 200)`
    const script = join(temporaryDirectory(), 'script.mjs')
    const options = [
      '--bundle',
      '--platform=node',
      '--format=esm',
      `--outfile=${script}`,
      '--log-level=error',
    ]
    execFileSync('node_modules/.bin/esbuild', options, { input: program })
    const { pid, signal } = spawnSync(process.execPath, [script])
    expect(signal).toBe('SIGKILL')
    const left = () => execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).includes(`miglab-${pid}-`)
    expect(left()).toBe(true)
    await (await createLab({ sites: {} })).remove()
    expect(left()).toBe(false)
    expect(spawnSync('pgrep', ['-f', '^sleep 4711$']).status).toBe(1)
  })
})
