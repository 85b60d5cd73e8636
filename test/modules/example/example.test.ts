import { expect, test } from 'vitest'
import { exampleModule } from '../../../modules/example/index.ts'
import { parseHostsLine } from '../../../modules/example/parse-hosts.ts'
import { runModule } from '../../../modules/run-module.ts'
import { contextOf, moduleContract } from '../contract.ts'
import { memoryHost } from '../memory-host.ts'
import { server } from '../netstat/fixture.ts'

const hosts =
  '127.0.0.1 localhost # here\n\n::1\tlocalhost ip6-localhost\n10.0.0.9  DB1.example.net db1\nrubbish\n'
const host = memoryHost({ ...server, '/etc/hosts': hosts }, { hostname: 'web1' })
const everything = { gethostname: true, getaddresses: true, lookuphost: ['localhost', 'db1.example.net'] }

moduleContract(exampleModule, {
  goodParameters: everything,
  badParameters: [
    { gethostname: 'yes' },
    { lookuphost: ['a b'] },
    { lookuphost: 'localhost' },
    { lookuphost: [''] },
  ],
  host,
  sampleText: `${hosts}${server['/proc/net/fib_trie']}`,
})

test('tells name, addresses without loopback, and what /etc/hosts says (NX34)', async () => {
  const { result } = await runModule(exampleModule, everything, contextOf(host))
  expect(result).toMatchObject({
    foundanything: true,
    success: true,
    errors: null,
    statistics: { stufffound: 6 },
  })
  expect(result.elements).toEqual({
    hostname: 'web1',
    addresses: ['192.168.1.46', 'fe80::5054:ff:fea3:4eb1'],
    lookeduphost: { localhost: ['127.0.0.1', '::1'], 'db1.example.net': ['10.0.0.9'] },
  })
  expect(exampleModule.render(result, { foundOnly: false })).toEqual([
    'hostname is web1',
    'address is 192.168.1.46',
    'address is fe80::5054:ff:fea3:4eb1',
    'lookedup host localhost has IP 127.0.0.1',
    'lookedup host localhost has IP ::1',
    'lookedup host db1.example.net has IP 10.0.0.9',
    'stat: 6 stuff found',
  ])
})

test('asks no name server: a name that the machine does not know is an error', async () => {
  const { result } = await runModule(exampleModule, { lookuphost: ['example.net'] }, contextOf(host))
  expect(result).toMatchObject({ foundanything: false, success: true, errors: ['not-resolved: example.net'] })
})

test('does not pass on a host name that is none', async () => {
  const odd = memoryHost({ '/etc/hosts': hosts }, { hostname: '\u001b[31mroot' })
  const { result } = await runModule(exampleModule, { gethostname: true }, contextOf(odd))
  expect(result).toMatchObject({ foundanything: false, errors: ['corrupt-data: hostname'] })
})

test.each([
  ['# 1.2.3.4 x', undefined],
  ['1.2.3.4', undefined],
  ['1.2.3 x', undefined],
  ['fe80::1%lo0 x', undefined],
  [' 1.2.3.4\tA b#c', { address: '1.2.3.4', names: ['a', 'b'] }],
])('reads %j', (line, entry) => {
  expect(parseHostsLine(line)).toEqual(entry)
})
