import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** One machine of the demo: what stands on its disk, and the tags of its certificate. */
export interface DemoMachine {
  readonly name: string
  readonly tags: Readonly<Record<string, string>>
  readonly files: Readonly<Record<string, string>>
  /** No listening address: it only dials out. */
  readonly dialsOut?: boolean
}

/** A secret that stands in one fixture file. It must never leave that machine; a test looks for it everywhere. */
export const demoSecret = 'abcdef123456'

const header =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'
const row = (local: string, remote: string, state: string) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 12345 1 0000000000000000 20 4 30 10 -1\n`
const header6 =
  '  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n'

/** What every machine has. */
function base(system: string, tcp = ''): Record<string, string> {
  return {
    '/etc/os-release': `PRETTY_NAME="${system}"\n`,
    '/etc/hostname': 'fixture\n',
    '/etc/cron.d/logrotate': '0 3 * * * root /usr/sbin/logrotate /etc/logrotate.conf\n',
    '/home/readme': 'nothing to see here\n',
    // 0x1F90 = 8080, listening.
    '/proc/net/tcp': header + row('00000000:1F90', '00000000:0000', '0A') + tcp,
    '/proc/net/udp': header,
    '/proc/net/tcp6': header6,
    '/proc/net/udp6': header6,
  }
}

export const machines: readonly DemoMachine[] = [
  {
    name: 'web1',
    tags: { operator: 'IT', site: 'paris' },
    files: {
      ...base('Debian GNU/Linux 12 (bookworm)'),
      '/etc/cron.d/backup': '15 2 * * * root mysqldump -u backup --password=s3cr3t all > /srv/all.sql\n',
    },
  },
  { name: 'web2', tags: { operator: 'IT', site: 'paris' }, files: base('Debian GNU/Linux 12 (bookworm)') },
  {
    name: 'db1',
    tags: { operator: 'DBA', site: 'berlin' },
    files: {
      ...base('Red Hat Enterprise Linux 9.4'),
      '/home/bob/.ssh/id_ed25519':
        '-----BEGIN OPENSSH PRIVATE KEY-----\nnot a real key\n-----END OPENSSH PRIVATE KEY-----\n',
    },
  },
  {
    name: 'laptop7',
    tags: { operator: 'IT', site: 'remote' },
    dialsOut: true,
    files: {
      ...base('Ubuntu 24.04 LTS'),
      '/home/jean-kevin/.boto': `[Credentials]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = ${demoSecret}\n`,
    },
  },
  {
    name: 'vpn1',
    tags: { operator: 'network', site: 'berlin' },
    // 13.37.66.66 as the kernel prints it: each address byte-reversed, port 443.
    files: base('Debian GNU/Linux 12 (bookworm)', row('0A01A8C0:C350', '4242250D:01BB', '01')),
  },
  { name: 'build1', tags: { operator: 'IT', site: 'berlin' }, files: base('Debian GNU/Linux 12 (bookworm)') },
]

/** Writes a machine's disk below `directory`. @returns its root */
export async function writeMachine(directory: string, machine: DemoMachine): Promise<string> {
  const root = join(directory, machine.name)
  for (const [path, text] of Object.entries(machine.files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return root
}
