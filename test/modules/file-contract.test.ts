import { fileModule } from '../../modules/file/index.ts'
import { makeZip } from './archive/make-zip.ts'
import { moduleContract } from './contract.ts'
import { memoryHost } from './memory-host.ts'

const secret = 'user=root\npassword=abcdef123456\n'
const sha2 = '0'.repeat(64)

moduleContract(fileModule, {
  goodParameters: {
    searches: {
      all: {
        description: 'cron jobs that hold a password',
        paths: ['/etc'],
        names: ['cron', '!\\.bak$'],
        contents: ['password='],
        sizes: ['<1k'],
        options: { matchall: true, returnsha256: true, return: 'location' },
      },
      packed: {
        paths: ['/opt'],
        names: ['config'],
        manifests: null,
        options: { matchall: true, archives: true, archivedepth: 2, returnsha256: true },
      },
      jars: { paths: ['/opt'], manifests: ['Version: 2'], options: { matchall: true } },
      any: { paths: ['/etc', '/home'], names: ['boto'], sha2: [sha2], mtimes: ['>1d'], modes: ['^-rw'] },
    },
  },
  badParameters: [
    { searches: { s1: { names: ['x'] } } },
    { searches: { s1: { paths: ['/etc'], names: ['('] } } },
    { searches: { s1: { paths: ['/etc'], name: ['x'] } } },
    { searches: { s1: { paths: ['etc'] } } },
    { searches: { s1: { paths: ['/etc'], sizes: ['big'] } } },
    { searches: { s1: { paths: ['/etc'], md5: ['abc'] } } },
    { searches: { s1: { paths: ['/etc'], manifests: ['('] } } },
    { searches: { s1: { paths: ['/etc'], options: { archives: 'yes' } } } },
    { searches: { s1: { paths: ['/etc'], options: { return: 'content' } } } },
    { searches: { s1: { paths: ['/etc'], options: { archivedepth: 17 } } } },
    { searches: { s1: { paths: ['/etc'], options: { archivedepth: 0 } } } },
    { searches: { '': { paths: ['/etc'] } } },
  ],
  host: memoryHost({
    '/etc/cron.d/backup-cron': secret,
    '/etc/cron.d/backup-cron.bak': secret,
    '/etc/passwd': 'root:x:0:0\n',
    '/home/julien/.boto': secret,
    '/opt/app.jar': makeZip([
      { name: 'META-INF/MANIFEST.MF', content: 'Implementation-Version: 2\n\n' },
      { name: 'WEB-INF/config', content: secret, mode: 0o100600 },
    ]),
    '/home/julien/link': { link: '/etc/passwd' },
    '/home/julien/locked': { refuse: 'permission-denied' },
  }),
  sampleText: secret,
  freeText: [
    'file',
    'entry',
    'matches.content',
    'search.paths',
    // Gaps that a malicious child could talk through: they should be closed in modules/file/element.ts (forms for the first two,
    // `.meta({ echo: true })` for the others) and then leave this list.
    'fileinfo.lastmodified',
    'fileinfo.mode',
    'search.contents',
    'search.manifests',
    'search.description',
    'search.modes',
    'search.mtimes',
    'search.names',
    'search.sha2',
    'search.sizes',
  ],
})
