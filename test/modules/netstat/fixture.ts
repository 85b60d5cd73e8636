import { memoryHost } from '../memory-host.ts'

const heading =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'

/** A line of /proc/net/tcp or udp as the kernel prints it. */
export function socketLine(local: string, remote: string, state: string): string {
  return `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 1059 1 000000003ed94342 100 0 0 10 0`
}

export function table(...lines: readonly string[]): string {
  return [heading, ...lines, ''].join('\n')
}

const fibTrie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- 192.168.1.0/24 2 0 2
        |-- 192.168.1.46
           /32 host LOCAL
Local:
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.1
              /32 host LOCAL
`

/** A server: sshd and a resolver listen, one client and one botnet address are connected, one over a v4-mapped socket. */
export const server = {
  '/proc/net/tcp': table(
    socketLine('00000000:0016', '00000000:0000', '0A'),
    socketLine('2E01A8C0:0016', '0101A8C0:C350', '01'),
    socketLine('2E01A8C0:D431', '4242250D:01BB', '01'),
    socketLine('0100007F:D432', '0100007F:1F90', '01'),
    socketLine('0100007F:1F90', '0100007F:D432', '01'),
  ),
  '/proc/net/tcp6': table(
    socketLine(`${'0'.repeat(32)}:0050`, `${'0'.repeat(32)}:0000`, '0A'),
    socketLine('0000000000000000FFFF00002E01A8C0:0050', '0000000000000000FFFF00000A0B0C0D:9C40', '01'),
    socketLine('000080FE00000000FF005450B14EA3FE:0050', 'B80D01200000000067452301EFCDAB89:9C41', '01'),
  ),
  '/proc/net/udp': table(
    socketLine('00000000:0035', '00000000:0000', '07'),
    socketLine('2E01A8C0:9000', '08080808:0035', '01'),
  ),
  '/proc/net/arp': `IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         8c:70:5a:c8:be:50     *        eth0
192.168.1.9      0x1         0x0         00:00:00:00:00:00     *        eth0
`,
  '/proc/net/fib_trie': fibTrie,
  '/proc/net/if_inet6': `00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000505400fffea34eb1 02 40 20 80     eth0
`,
  '/sys/class/net/eth0/address': '02:FC:00:00:00:01\n'.toLowerCase(),
  '/sys/class/net/lo/address': '00:00:00:00:00:00\n',
  '/sys/class/net/bonding_masters': 'bond0\n',
} as const

export const serverHost = memoryHost(server)
