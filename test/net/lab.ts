import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtMig } from '../cli/run-mig.ts'
import { type Finished, type Running, sh, shQuietly, startInside } from './lab-machine.ts'
import {
  type GatewayKind,
  gatewayRules,
  hasPrivateAddresses,
  internetRules,
  translates,
} from './lab-rules.ts'

/** An internet in network namespaces of this machine: sites behind gateways, hosts in sites, one router between all.
 *
 *      const lab = await createLab({ sites: { cloud: { gateway: 'open', hosts: ['relay'] },
 *                                             home: { gateway: 'nat', hosts: ['laptop'] } } })
 *      await lab.host('relay').start('relay', 'start', …)
 *      lab.site('home').cut()
 *      await lab.remove()
 *
 *  Nothing in it reaches the real network. Namespaces carry this process's id; those of a process that died are
 *  removed by the next lab, and processes in them die with the one that started them.
 *  @see docs/decisions/hole-punching.md, reference: prototypes/nat-lab.sh */
export interface Lab {
  host(name: string): Host
  site(name: string): Site
  /** Kills every process in the lab and takes everything away. May be called twice. */
  remove(): Promise<void>
}

export interface Site {
  /** What the rest of the world sees of a site with NAT; the gateway's own address otherwise. */
  readonly wan: () => string
  /** Nothing gets in or out; the site's hosts still reach each other. */
  cut(): void
  heal(): void
  /** Loses that many of 100 packets each way; 0 ends it. */
  lose(percent: number): void
  /** The gateway gets another outside address and forgets what it translated. Sites with NAT only. */
  renumber(): void
}

export interface Host {
  readonly name: string
  readonly namespace: string
  /** `MIG_HOME` of this host. */
  readonly home: string
  readonly address: () => string
  /** Pulls the cable of this host alone. */
  unplug(): void
  plug(): void
  /** Its line carries only so much each way, late; 0 ends it. */
  slow(kilobitsPerSecond: number): void
  /** Carries the host to another site; it gets an address there. */
  moveTo(site: string): void
  /** Runs a command to its end. */
  run(words: readonly string[], options?: { readonly timeoutMs?: number }): Promise<Finished>
  /** Starts any command in the background. */
  spawn(words: readonly string[]): Running
  /** Runs `mig …` to its end. */
  mig(...words: readonly string[]): Promise<Finished>
  /** Starts `mig …` in the background. */
  start(...words: readonly string[]): Running
}

export interface LabPlan {
  readonly sites: Readonly<
    Record<string, { readonly gateway: GatewayKind; readonly hosts: readonly string[] }>
  >
}

/** Why there can be no lab on this machine; undefined when there can. */
export function labUnavailable(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are Linux’s'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  for (const [tool, flag] of [
    ['ip', '-V'],
    ['nft', '--version'],
    ['setpriv', '--version'],
  ] as const)
    if (shQuietly(tool, [flag]) === '')
      return `${tool} is missing: apt-get install iproute2 nftables util-linux`
  const probe = `${prefix}${process.pid}-probe`
  try {
    sh('ip', ['netns', 'add', probe])
    sh('ip', ['netns', 'exec', probe, 'nft', 'list', 'ruleset'])
    return undefined
  } catch (error) {
    return `network namespaces are not allowed here: ${error instanceof Error ? error.message : error}`
  } finally {
    shQuietly('ip', ['netns', 'del', probe])
  }
}

/** Of every key in a lab. */
export const passphrase = 'a passphrase for tests'

const prefix = 'miglab-'
let labs = 0

export async function createLab(plan: LabPlan): Promise<Lab> {
  removeOrphans()
  const id = `${prefix}${process.pid}-${labs++}-`
  const homes = mkdtempSync(join(tmpdir(), id))
  const world = new World(id, homes)
  const onExit = () => world.tearDown()
  process.once('exit', onExit)
  try {
    world.build(plan)
  } catch (error) {
    world.tearDown()
    throw error
  }
  return {
    host: (name) => found(world.hosts, name),
    site: (name) => found(world.sites, name),
    async remove() {
      process.off('exit', onExit)
      await world.stop()
    },
  }
}

class World {
  readonly hosts = new Map<string, LabHost>()
  readonly sites = new Map<string, LabSite>()
  readonly #id: string
  readonly #homes: string

  constructor(id: string, homes: string) {
    this.#id = id
    this.#homes = homes
  }

  build(plan: LabPlan): void {
    const internet = `${this.#id}inet`
    addNamespace(internet)
    for (const [index, [name, { gateway }]] of Object.entries(plan.sites).entries())
      this.sites.set(name, new LabSite(`${this.#id}gw-${name}`, internet, index + 1, gateway))
    inside(internet, ['nft', '-f', '-'], internetRules([...this.sites.values()].map(({ uplink }) => uplink)))
    for (const [siteName, { hosts }] of Object.entries(plan.sites)) {
      for (const name of hosts) {
        const home = join(this.#homes, name)
        mkdirSync(join(home, 'tmp'), { recursive: true })
        const host = new LabHost(name, `${this.#id}host-${name}`, home, (site) => found(this.sites, site))
        this.hosts.set(name, host)
        host.moveTo(siteName)
      }
    }
  }

  async stop(): Promise<void> {
    const running = [...this.hosts.values()].flatMap((host) => host.running)
    for (const one of running) one.kill('SIGTERM')
    const last = setTimeout(() => {
      for (const one of running) one.kill('SIGKILL')
    }, 5000)
    await Promise.all(running.map(({ ended }) => ended))
    clearTimeout(last)
    this.tearDown()
  }

  tearDown(): void {
    removeNamespaces((name) => name.startsWith(this.#id))
    rmSync(this.#homes, { recursive: true, force: true })
  }
}

class LabSite implements Site {
  readonly namespace: string
  /** The name of its link in the internet's namespace. */
  readonly uplink: string
  readonly #internet: string
  readonly #number: number
  readonly #kind: GatewayKind
  #wanHost = 2
  #nextHost = 10

  constructor(namespace: string, internet: string, number: number, kind: GatewayKind) {
    this.namespace = namespace
    this.uplink = `up${number}`
    this.#internet = internet
    this.#number = number
    this.#kind = kind
    addNamespace(namespace)
    link({ namespace: internet, name: this.uplink }, { namespace, name: 'wan' })
    address(internet, this.uplink, `${this.#wanNet}.1/24`)
    address(namespace, 'wan', `${this.wan()}/24`)
    ip(namespace, 'route', 'add', 'default', 'via', `${this.#wanNet}.1`)
    ip(namespace, 'link', 'add', 'lan', 'type', 'bridge')
    address(namespace, 'lan', `${this.#lanNet}.1/24`)
    inside(namespace, ['nft', '-f', '-'], gatewayRules(kind))
    if (!translates(kind)) ip(internet, 'route', 'add', `${this.#lanNet}.0/24`, 'via', this.wan())
  }

  wan = () => `${this.#wanNet}.${this.#wanHost}`

  /** Public addresses look public on purpose: libp2p treats documentation and shared ranges as private. */
  get #wanNet(): string {
    return `5.5.${this.#number}`
  }

  get #lanNet(): string {
    return hasPrivateAddresses(this.#kind) ? `10.${this.#number}.0` : `5.6.${this.#number}`
  }

  /** Plugs a host in; it gets an address of its own. */
  attach(namespace: string, port: string): string {
    const own = `${this.#lanNet}.${this.#nextHost++}`
    link({ namespace: this.namespace, name: port }, { namespace, name: 'eth0' })
    ip(this.namespace, 'link', 'set', port, 'master', 'lan')
    address(namespace, 'eth0', `${own}/24`)
    ip(namespace, 'route', 'add', 'default', 'via', `${this.#lanNet}.1`)
    return own
  }

  cut(): void {
    this.#weather('add', 'element', 'inet', 'weather', 'cut', `{ "${this.uplink}" }`)
  }

  heal(): void {
    this.#weather('delete', 'element', 'inet', 'weather', 'cut', `{ "${this.uplink}" }`)
  }

  lose(percent: number): void {
    this.#weather('flush', 'chain', 'inet', 'weather', `loss_${this.uplink}`)
    if (percent > 0) {
      const rule = percent >= 100 ? 'drop' : `numgen random mod 100 < ${percent} drop`
      this.#weather('add', 'rule', 'inet', 'weather', `loss_${this.uplink}`, rule)
    }
  }

  renumber(): void {
    if (!translates(this.#kind)) throw new Error(`a gateway of kind ${this.#kind} translates nothing`)
    ip(this.namespace, 'addr', 'del', `${this.wan()}/24`, 'dev', 'wan')
    this.#wanHost++
    ip(this.namespace, 'addr', 'add', `${this.wan()}/24`, 'dev', 'wan')
    ip(this.namespace, 'route', 'replace', 'default', 'via', `${this.#wanNet}.1`)
  }

  #weather(...words: readonly string[]): void {
    inside(this.#internet, ['nft', ...words])
  }
}

class LabHost implements Host {
  readonly name: string
  readonly namespace: string
  readonly home: string
  readonly running: Running[] = []
  readonly #site: (name: string) => LabSite
  readonly #port: string
  #plugged: LabSite | undefined
  #address = ''

  constructor(name: string, namespace: string, home: string, site: (name: string) => LabSite) {
    this.name = name
    this.namespace = namespace
    this.home = home
    this.#site = site
    this.#port = `p${hostNumber++}`
    addNamespace(namespace)
  }

  address = () => this.#address

  unplug(): void {
    ip(this.#at().namespace, 'link', 'set', this.#port, 'down')
  }

  plug(): void {
    ip(this.#at().namespace, 'link', 'set', this.#port, 'up')
  }

  slow(kilobitsPerSecond: number): void {
    for (const [namespace, name] of [
      [this.namespace, 'eth0'],
      [this.#at().namespace, this.#port],
    ] as const) {
      shQuietly('ip', ['netns', 'exec', namespace, 'tc', 'qdisc', 'del', 'dev', name, 'root'])
      const shape = ['root', 'tbf', 'rate', `${kilobitsPerSecond}kbit`, 'burst', '2kb', 'latency', '3s']
      if (kilobitsPerSecond > 0) inside(namespace, ['tc', 'qdisc', 'add', 'dev', name, ...shape])
    }
  }

  moveTo(site: string): void {
    if (this.#plugged !== undefined) ip(this.namespace, 'link', 'del', 'eth0')
    this.#plugged = this.#site(site)
    this.#address = this.#plugged.attach(this.namespace, this.#port)
  }

  async run(words: readonly string[], { timeoutMs = 30_000 } = {}): Promise<Finished> {
    const process = startInside(this.namespace, words, this.#setting())
    const limit = setTimeout(() => process.kill('SIGKILL'), timeoutMs)
    const code = await process.ended
    clearTimeout(limit)
    return { code, stdout: process.stdout(), stderr: process.stderr() }
  }

  spawn(words: readonly string[]): Running {
    const process = startInside(this.namespace, words, this.#setting())
    this.running.push(process)
    return process
  }

  mig(...words: readonly string[]): Promise<Finished> {
    return this.run([process.execPath, builtMig(), ...words])
  }

  start(...words: readonly string[]): Running {
    return this.spawn([process.execPath, builtMig(), ...words])
  }

  #at(): LabSite {
    if (this.#plugged === undefined) throw new Error(`${this.name} is nowhere`)
    return this.#plugged
  }

  #setting() {
    const PATH = process.env.PATH ?? ''
    const env = {
      PATH,
      HOME: this.home,
      MIG_HOME: this.home,
      MIG_PASSPHRASE: passphrase,
      TMPDIR: join(this.home, 'tmp'),
    }
    return { env, cwd: process.cwd() }
  }
}

/** Interface names are at most 15 characters and unique in a gateway. */
let hostNumber = 0

function found<T>(named: ReadonlyMap<string, T>, name: string): T {
  const one = named.get(name)
  if (one === undefined) throw new Error(`the lab has no '${name}': ${[...named.keys()].join(', ')}`)
  return one
}

function inside(namespace: string, words: readonly string[], stdin = ''): string {
  return sh('ip', ['netns', 'exec', namespace, ...words], stdin)
}

function ip(namespace: string, ...words: readonly string[]): void {
  sh('ip', ['-n', namespace, ...words])
}

function addNamespace(name: string): void {
  sh('ip', ['netns', 'add', name])
  ip(name, 'link', 'set', 'lo', 'up')
  inside(name, ['sysctl', '-qw', 'net.ipv4.ip_forward=1'])
}

interface LinkEnd {
  readonly namespace: string
  readonly name: string
}

function link(one: LinkEnd, other: LinkEnd): void {
  const peer = ['peer', 'name', other.name, 'netns', other.namespace]
  sh('ip', ['link', 'add', one.name, 'netns', one.namespace, 'type', 'veth', ...peer])
  for (const { namespace, name } of [one, other]) ip(namespace, 'link', 'set', name, 'up')
}

function address(namespace: string, name: string, withLength: string): void {
  ip(namespace, 'addr', 'add', withLength, 'dev', name)
  ip(namespace, 'link', 'set', name, 'up')
}

function removeNamespaces(isOurs: (name: string) => boolean): void {
  const names = shQuietly('ip', ['netns', 'list'])
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter(isOurs)
  for (const name of names) {
    for (const pid of shQuietly('ip', ['netns', 'pids', name]).split('\n').filter(Boolean))
      shQuietly('kill', ['-KILL', pid])
    shQuietly('ip', ['netns', 'del', name])
  }
}

/** What a lab left behind whose process was killed. */
function removeOrphans(): void {
  const isOrphan = (name: string) => {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]
    return pid !== undefined && !isAlive(Number(pid))
  }
  removeNamespaces(isOrphan)
  for (const name of readdirSync(tmpdir()).filter(isOrphan))
    rmSync(join(tmpdir(), name), { recursive: true, force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
