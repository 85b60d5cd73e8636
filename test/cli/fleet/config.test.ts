import { describe, expect, it } from 'vitest'
import { readTags } from '../../../cli/commands/invite.ts'
import { parseConfig } from '../../../cli/config.ts'
import { withoutLoopback } from '../../../cli/fleet/reachable.ts'

const codeOf = (run: () => unknown) => {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

describe('mig.toml', () => {
  it('reads every key', () => {
    const text = `key = "F0"\ngpg = false\n[targets]\nweb = "name LIKE 'web%'"\n[agent]\nroot = "/mnt"\nlisten = []\n`
    expect(parseConfig(text, 'mig.toml')).toEqual({
      key: 'F0',
      gpg: false,
      targets: { web: "name LIKE 'web%'" },
      agent: { root: '/mnt', listen: [] },
    })
  })

  it('refuses a key that it does not know, and says which was meant', () => {
    expect(codeOf(() => parseConfig('[agent]\nrot = "/"', 'mig.toml'))).toMatchObject({
      code: 'bad-input',
      hint: "did you mean 'agent.root'?",
    })
  })

  it('says where it is no TOML, and which value is wrong', () => {
    expect(codeOf(() => parseConfig('key = \n', 'mig.toml'))).toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/^mig\.toml, line 1, column \d+/),
    })
    expect(codeOf(() => parseConfig('[agent]\nmode = "often"', 'mig.toml'))).toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('agent.mode'),
    })
  })
})

describe('what an invitation carries', () => {
  it('reads tags from one list or several', () => {
    expect(readTags(['operator=IT,site=Berlin', 'note=a=b'])).toEqual({
      operator: 'IT',
      site: 'Berlin',
      note: 'a=b',
    })
  })

  it('names loopback addresses only where there are no others', () => {
    const inside = '/ip4/127.0.0.1/tcp/1/p2p/x'
    const outside = '/ip4/192.0.2.1/tcp/1/p2p/x'
    expect(withoutLoopback([inside, outside, '/ip6/::1/tcp/1/p2p/x'])).toEqual([outside])
    expect(withoutLoopback([inside])).toEqual([inside])
  })
})
