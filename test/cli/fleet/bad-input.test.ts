import { chmodSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runMig } from '../run-mig.ts'
import { aDesk, passphrase } from './desk.ts'
import { startNode } from './processes.ts'

const ada = 'Ada Lovelace <ada@example.org>'
const bob = 'Bob Bobson <bob@example.org>'
const day = 86_400_000

interface EditablePolicy {
  version: number
  fleet: string
  acl: Record<
    string,
    { minimumweight: number; investigators: Record<string, { fingerprint: string; weight: number }> }
  >
  people: { name: string; keys: { fingerprint: string; certificate: string }[] }[]
  enrollers: { person: string; roles: string[] }[]
}

describe('what people get wrong', () => {
  const desk = aDesk()
  const other = aDesk()
  const original = () => readFileSync(desk.path('fleet', 'policy.json'), 'utf8')
  let policyText: string
  let invitation: string

  beforeAll(async () => {
    await desk.mig('init', '--fleet-name', 'Office', '--person', ada, '--person', bob)
    await other.mig('init', '--fleet-name', 'Other', '--person', 'Eve Others <eve@example.org>')
    policyText = original()
    invitation = (await desk.mig('invite', '--role', 'relay', '--key', 'ada@', '--uses', '9')).out
  }, 60_000)

  afterAll(() => {
    desk.remove()
    other.remove()
  })

  /** What `mig policy check` says of the policy after this edit. */
  async function checkEdited(
    change: (policy: EditablePolicy) => void,
  ): Promise<{ code?: string; message?: string; hint?: string; warnings?: string[]; sound: boolean }> {
    const policy = JSON.parse(policyText) as EditablePolicy
    change(policy)
    writeFileSync(desk.path('edited.json'), JSON.stringify(policy))
    try {
      return JSON.parse((await desk.mig('policy', 'check', desk.path('edited.json'), '--json')).out)
    } finally {
      writeFileSync(desk.path('fleet', 'policy.json'), policyText)
    }
  }
  const everybody = (policy: EditablePolicy) => {
    const entry = policy.acl.default
    if (entry === undefined) throw new Error('no default entry')
    return entry
  }

  describe('in a policy', () => {
    it('accepts the one that init made', async () => {
      expect(await checkEdited(() => undefined)).toMatchObject({ sound: true, warnings: [] })
    })

    it('finds a typo in a module’s name, and says which was meant', async () => {
      const said = await checkEdited((policy) => {
        policy.acl.nestat = everybody(policy)
      })
      expect(said).toMatchObject({ sound: false, code: 'bad-acl', hint: "did you mean 'netstat'?" })
      expect(said.message).toContain('acl.nestat')
    })

    it('finds one fingerprint under two people', async () => {
      const said = await checkEdited((policy) => {
        const entry = everybody(policy)
        const fingerprint = entry.investigators['Ada Lovelace']?.fingerprint ?? ''
        policy.acl.default = {
          ...entry,
          investigators: { ...entry.investigators, 'Bob Bobson': { fingerprint, weight: 1 } },
        }
      })
      expect(said).toMatchObject({ code: 'bad-acl' })
      const twice = await checkEdited((policy) => {
        const keys = policy.people[0]?.keys
        if (keys !== undefined && policy.people[1] !== undefined) policy.people[1].keys = keys
      })
      expect(twice).toMatchObject({ code: 'bad-policy' })
    })

    it('finds a minimum that nobody can reach', async () => {
      const said = await checkEdited((policy) => {
        everybody(policy).minimumweight = 3
      })
      expect(said).toMatchObject({ code: 'bad-acl' })
      expect(said.message).toMatch(/3 cannot be reached.*2/)
    })

    it('finds an unknown person and a weight that is no whole number, with its place', async () => {
      const unknown = await checkEdited((policy) => {
        policy.enrollers.push({ person: 'Mallory', roles: ['agent'] })
      })
      expect(unknown).toMatchObject({ code: 'bad-policy' })
      expect(unknown.message).toContain('Mallory')
      const half = await checkEdited((policy) => {
        everybody(policy).minimumweight = 1.5
      })
      expect(half).toMatchObject({ sound: false })
      expect(half.message).toContain('acl.default.minimumweight')
    })

    it('finds the policy of another fleet', async () => {
      const said = await checkEdited((policy) => {
        policy.fleet = JSON.parse(readFileSync(other.path('fleet', 'policy.json'), 'utf8')).fleet
      })
      expect(said).toMatchObject({ code: 'wrong-fleet' })
    })

    it('finds text that is no JSON', async () => {
      writeFileSync(desk.path('broken.json'), `${policyText}}`)
      expect(await desk.fails('policy', 'check', desk.path('broken.json'))).toBe('bad-json')
    })

    it('warns when nobody is left who may invite', async () => {
      const { warnings } = await checkEdited((policy) => {
        policy.enrollers = policy.enrollers.map((enroller) => ({ ...enroller, roles: ['agent', 'relay'] }))
      })
      expect(warnings).toEqual(['enrollers: nobody who is not revoked may enrol nodes of role investigator'])
    })

    it('warns of a minimum that only revoked people could reach', async () => {
      await desk.mig('policy', 'revoke', 'Bob Bobson')
      try {
        const policy = JSON.parse(original()) as EditablePolicy
        everybody(policy).minimumweight = 2
        writeFileSync(desk.path('fleet', 'policy.json'), JSON.stringify(policy))
        expect((await desk.mig('policy', 'check')).said).toMatch(/weight 2 is needed.*weigh 1/)
      } finally {
        writeFileSync(desk.path('fleet', 'policy.json'), policyText)
      }
    })

    it('does not sign what is wrong, nor what is signed already', async () => {
      expect(await desk.fails('policy', 'sign', '--key', 'ada@')).toBe('usage')
      const before = readFileSync(desk.path('fleet', 'policy.mig'))
      const policy = JSON.parse(policyText) as EditablePolicy
      policy.acl.nestat = everybody(policy)
      writeFileSync(desk.path('fleet', 'policy.json'), JSON.stringify(policy))
      try {
        expect(await desk.fails('policy', 'sign', '--key', 'ada@')).toBe('bad-acl')
        expect(readFileSync(desk.path('fleet', 'policy.mig'))).toEqual(before)
      } finally {
        writeFileSync(desk.path('fleet', 'policy.json'), policyText)
      }
    })

    it('says who was probably meant by a name that nobody has', async () => {
      await expect(desk.mig('policy', 'revoke', 'Bob Bobsen')).rejects.toMatchObject({
        code: 'not-found',
        hint: "did you mean 'Bob Bobson'?",
      })
    })
  })

  describe('with keys', () => {
    const keyFile = () => {
      const { fingerprint } = JSON.parse(policyText).people[0].keys[0]
      return desk.path('keys', `${fingerprint}.asc`)
    }

    it('refuses a wrong passphrase', async () => {
      expect(
        await desk.with({ passphrase: 'wrong' }).fails('invite', '--role', 'agent', '--key', 'ada@'),
      ).toBe('bad-passphrase')
    })

    it('refuses a key file that others can read, and says which command mends it', async () => {
      chmodSync(keyFile(), 0o644)
      try {
        await expect(desk.mig('invite', '--role', 'agent', '--key', 'ada@')).rejects.toMatchObject({
          code: 'state-mode',
          hint: `chmod 600 ${keyFile()}`,
        })
        const { code, out } = await desk.mig('doctor', '--json')
        expect(code).toBe(1)
        expect(JSON.parse(out).findings).toContainEqual(
          expect.objectContaining({ about: 'keys', verdict: 'wrong', advice: `chmod 600 ${keyFile()}` }),
        )
      } finally {
        chmodSync(keyFile(), 0o600)
      }
    })

    it('asks which key when several would do', async () => {
      expect(await desk.fails('invite', '--role', 'agent')).toBe('usage')
    })

    it('does not sign with a key that the policy does not know', async () => {
      const { out } = await desk.mig('key', 'new', 'Mallory Malice <mallory@example.org>')
      expect(out).toMatch(/^[0-9A-F]{40}$/)
      expect(await desk.fails('invite', '--role', 'agent', '--key', 'mallory@')).toBe('not-found')
      expect(await desk.fails('policy', 'sign', '--key', out)).toBe('usage')
    })

    it('names both keys when a name fits two, and takes no part of a word for a name', async () => {
      const mig = aDesk()
      try {
        const malice = (await mig.mig('key', 'new', 'Malice Adams <malice@example.org>')).out
        await expect(mig.mig('key', 'export', 'Alice')).rejects.toMatchObject({ code: 'not-found' })
        const alice = (await mig.mig('key', 'new', 'Alice Adams <alice@example.org>')).out
        expect((await mig.mig('key', 'export', 'Alice')).out).toBe(
          (await mig.mig('key', 'export', alice)).out,
        )
        await expect(mig.mig('key', 'export', 'Adams')).rejects.toMatchObject({
          code: 'usage',
          message: expect.stringMatching(new RegExp(`(${malice}.*${alice})|(${alice}.*${malice})`)),
        })
      } finally {
        mig.remove()
      }
    })

    it('makes, imports, lists and exports key files only where the configuration says so, though there may be gpg', async () => {
      const { out } = await desk.mig('key', 'new', 'Carol Carver <carol@example.org>')
      const where = desk.path('keys', `${out}.asc`)
      const views = JSON.parse((await desk.mig('key', 'list', '--json')).out)
      expect(views).toContainEqual(expect.objectContaining({ fingerprint: out, where }))
      expect((await desk.mig('key', 'export', out)).out).toMatch(/^-----BEGIN PGP PUBLIC KEY BLOCK-----/)
      renameSync(where, desk.path('carol.asc'))
      expect(await desk.fails('key', 'export', out)).toBe('not-found')
      expect((await desk.mig('key', 'import', desk.path('carol.asc'))).said).toContain(where)
      rmSync(where)
    })

    it('refuses a name in another form, and a private key as a person', async () => {
      expect(await desk.fails('key', 'new', 'ada@example.org')).toBe('usage')
      expect(
        await other.fails('init', '--dir', other.path('second'), '--fleet-name', 'X', '--person', keyFile()),
      ).toBe('bad-key')
    })
  })

  describe('with invitations', () => {
    const enrol = (line: string, ...words: string[]) =>
      ['relay', 'enrol', line, '--state', other.path('nobody'), ...words] as const

    it('refuses one that has expired', async () => {
      expect(await other.with({ laterMs: 8 * day }).fails(...enrol(invitation))).toBe('expired')
    })

    it('refuses one that was cut off or altered', async () => {
      expect(await other.fails(...enrol(invitation.slice(0, -9)))).toBe('bad-invitation')
      const at = 200
      const altered = `${invitation.slice(0, at)}${invitation[at] === 'A' ? 'B' : 'A'}${invitation.slice(at + 1)}`
      expect(await other.fails(...enrol(altered))).toBe('bad-invitation')
    })

    it('refuses one for another role', async () => {
      expect(await other.fails('agent', 'enrol', invitation, '--state', other.path('nobody'))).toBe(
        'bad-invitation',
      )
    })

    it('refuses the directory of another fleet, and ignores it when nobody asked for it', async () => {
      expect(await other.fails(...enrol(invitation, '--fleet-dir', other.path('fleet')))).toBe('wrong-fleet')
      const enrolled = await other.mig('relay', 'enrol', invitation, '--state', other.path('theirs'))
      expect(enrolled.said).not.toMatch(/root and policy are taken/)
    })

    it('enrols no second node into one directory', async () => {
      await desk.mig('relay', 'enrol', invitation, '--name', 'hub')
      const before = readFileSync(desk.path('relay', 'mesh', 'peer.key'))
      expect(await desk.fails('relay', 'enrol', invitation)).toBe('usage')
      expect(readFileSync(desk.path('relay', 'mesh', 'peer.key'))).toEqual(before)
    })

    it('refuses bad tags, uses, lifetimes and addresses', async () => {
      const bad = [
        ['--tags', 'operator'],
        ['--tags', 'a=1,a=2'],
        ['--uses', '0'],
        ['--expires', '15d'],
        ['--address', '/ip4/192.0.2.1/tcp/7373'],
      ]
      for (const words of bad) expect(await desk.fails('invite', '--role', 'agent', ...words)).toBe('usage')
      expect(await desk.fails('invite', '--role', 'boss')).toBe('usage')
    })
  })

  describe('with nodes', () => {
    it('refuses keys of wrong modes, and says which command mends them', async () => {
      const key = desk.path('relay', 'mesh', 'peer.key')
      chmodSync(key, 0o640)
      try {
        await expect(desk.mig('relay', 'start')).rejects.toMatchObject({
          code: 'state-mode',
          hint: `chmod 600 ${key}`,
        })
      } finally {
        chmodSync(key, 0o600)
      }
      chmodSync(desk.path('relay', 'mesh'), 0o755)
      expect(await desk.fails('relay', 'start')).toBe('state-mode')
      chmodSync(desk.path('relay', 'mesh'), 0o700)
    })

    it('says how to enrol where there is no node', async () => {
      expect(await other.fails('agent', 'start')).toBe('not-enrolled')
      expect(await other.fails('agent', 'status', '--state', other.path('nowhere'))).toBe('not-enrolled')
    })

    it('refuses a bootstrap list that is none', async () => {
      writeFileSync(desk.path('peers.json'), JSON.stringify({ peers: ['/ip4/192.0.2.1/tcp/7373'] }))
      const start = ['relay', 'start', '--bootstrap']
      expect(await desk.fails(...start, desk.path('peers.json'))).toBe('bad-input')
      expect(await desk.fails(...start, '192.0.2.1:7373')).toBe('bad-input')
    })

    it('refuses an agent whose machine is not there', async () => {
      const line = (await desk.mig('invite', '--role', 'agent', '--key', 'ada@')).out
      await desk.mig('agent', 'enrol', line)
      expect(await desk.fails('agent', 'start', '--root', desk.path('no-such-machine'))).toBe('bad-input')
    })

    it.each([
      ['--listen', 'nonsense'],
      ['--bootstrap', '/nonsense/x/p2p/12D3KooWEczC7WEBeZKdCttZ26bgWXRNNnUfFKSj16HJJADXtRBi'],
    ])('ends an agent whose mesh process cannot use its %s', async (option, value) => {
      const env = { MIG_PASSPHRASE: passphrase }
      const { code, stderr } = await runMig(['agent', 'start', option, value], { home: desk.home, env })
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: '\S+' is no/m)])
      expect(stderr).toContain('error: the mesh process cannot start with these settings')
    })

    it('runs on when no bootstrap peer answers, and the doctor names each that does not', async () => {
      // Port 1 is closed on every machine that this runs on.
      const dead = '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWEczC7WEBeZKdCttZ26bgWXRNNnUfFKSj16HJJADXtRBi'
      const line = (await desk.mig('invite', '--role', 'investigator', '--key', 'ada@', '--address', dead))
        .out
      await desk.mig('investigator', 'enrol', line, '--name', 'laptop')
      const node = await startNode(desk.home, ['investigator', 'start'], /^ready$/)
      try {
        const { findings } = await doctor(desk.path('investigator'))
        expect(findings).toContainEqual(
          expect.objectContaining({ verdict: 'wrong', words: 'no member is connected' }),
        )
      } finally {
        expect((await node.stop()).code).toBe(0)
      }
      const { healthy, findings } = await doctor(desk.path('investigator'))
      expect(healthy).toBe(false)
      expect(findings.find(({ words }) => words.includes(dead))?.words).toMatch(
        /does not answer: .*ECONNREFUSED/,
      )
    })

    async function doctor(
      state: string,
    ): Promise<{ healthy: boolean; findings: { verdict: string; words: string }[] }> {
      return JSON.parse((await desk.mig('doctor', '--json', '--state', state)).out)
    }
  })

  describe('with a fleet', () => {
    it('overwrites nothing when it is made again', async () => {
      const before = statSync(desk.path('fleet', 'root.mig')).mtimeMs
      expect(await desk.fails('init', '--fleet-name', 'Office', '--person', ada)).toBe('bad-input')
      expect(statSync(desk.path('fleet', 'root.mig')).mtimeMs).toBe(before)
    })

    it('is not made with a minimum weight that nobody reaches, or for a module that is not there', async () => {
      const make = [
        'init',
        '--dir',
        desk.path('third'),
        '--fleet-name',
        'Third',
        '--person',
        ada,
        '--with-weights',
      ]
      expect(await desk.fails(...make, 'netstat=2')).toBe('bad-acl')
      expect(await desk.fails(...make, 'nestat=1')).toBe('bad-acl')
      expect(await desk.fails(...make, 'netstat')).toBe('usage')
    })

    it('is not made when nobody who has to sign is here', async () => {
      const key = desk.path('ada.asc')
      writeFileSync(key, (await desk.mig('key', 'export', 'ada@')).out)
      expect(
        await other.fails('init', '--dir', other.path('third'), '--fleet-name', 'Third', '--person', key),
      ).toBe('not-found')
    })

    it('has no policy in force before as many have signed as the root asks for', async () => {
      const dir = desk.path('two')
      await desk.mig(
        'init',
        '--dir',
        dir,
        '--fleet-name',
        'Two',
        '--person',
        ada,
        '--person',
        bob,
        '--threshold',
        '2',
      )
      const path = `${dir}/policy.json`
      const policy = JSON.parse(readFileSync(path, 'utf8'))
      policy.limits.wallseconds = 60
      writeFileSync(path, JSON.stringify(policy))
      const sign = ['policy', 'sign', '--fleet-dir', dir, '--key']
      expect((await desk.mig(...sign, 'ada@')).said).toMatch(/1 of 2 people have signed/)
      expect(await desk.fails('policy', 'show', '--fleet-dir', dir)).toBe('bad-policy')
      expect(await desk.fails(...sign, 'ada@')).toBe('not-found')
      expect((await desk.mig(...sign, 'bob@')).said).toMatch(/co-signed by Ada Lovelace, Bob Bobson/)
      const view = JSON.parse((await desk.mig('policy', 'show', '--fleet-dir', dir, '--json')).out)
      expect(view).toMatchObject({ version: 2, signers: ['Ada Lovelace', 'Bob Bobson'], threshold: 2 })
    })
  })
})
