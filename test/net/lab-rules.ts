/** What stands between a site and the internet. Every kind lets out whatever wants out.
 *
 *  | kind        | hosts have        | from outside                                    |
 *  |-------------|-------------------|-------------------------------------------------|
 *  | `open`      | public addresses  | let in                                          |
 *  | `fw`        | public addresses  | dropped: a stateful firewall                    |
 *  | `reject`    | public addresses  | answered with RST                               |
 *  | `fwpriv`    | private, routed   | dropped: two offices of one company             |
 *  | `nat`       | private           | dropped; NAT keeps the port, as home routers do |
 *  | `natreject` | private           | answered with RST; NAT keeps the port           |
 *  | `symnat`    | private           | dropped; NAT takes another port for each flow   |
 */
export type GatewayKind = 'open' | 'fw' | 'reject' | 'fwpriv' | 'nat' | 'natreject' | 'symnat'

export function hasPrivateAddresses(kind: GatewayKind): boolean {
  return kind === 'fwpriv' || translates(kind)
}

export function translates(kind: GatewayKind): boolean {
  return kind === 'nat' || kind === 'natreject' || kind === 'symnat'
}

/** nft 1.0.6 wants these over several lines, and chains not called `fwd` or `in` (reference/libp2p.md 4.1). */
export function gatewayRules(kind: GatewayKind): string {
  const otherwise =
    kind === 'open'
      ? 'accept'
      : kind === 'reject' || kind === 'natreject'
        ? 'meta l4proto tcp reject with tcp reset\n  drop'
        : 'drop'
  const filter = `table inet gateway {
 chain c_forward {
  type filter hook forward priority 0; policy drop
  ct state established,related accept
  iifname "lan" accept
  ${otherwise}
 }
 chain c_input {
  type filter hook input priority 0; policy drop
  iifname "lo" accept
  iifname "lan" accept
  ct state established,related accept
  icmp type echo-request accept
  ${otherwise}
 }
}
`
  if (!translates(kind)) return filter
  return `${filter}table ip nat {
 chain c_post {
  type nat hook postrouting priority 100
  oifname "wan" masquerade${kind === 'symnat' ? ' fully-random' : ''}
 }
}
`
}

/** The rules of the internet itself: sites that are cut off, and lossy ones. */
export function internetRules(uplinks: readonly string[]): string {
  const losses = uplinks.map((uplink) => ` chain loss_${uplink} {\n }\n`).join('')
  const jumps = uplinks
    .map((uplink) => `  iifname "${uplink}" jump loss_${uplink}\n  oifname "${uplink}" jump loss_${uplink}\n`)
    .join('')
  return `table inet weather {
 set cut {
  type ifname
 }
${losses} chain c_forward {
  type filter hook forward priority 0; policy accept
  iifname @cut drop
  oifname @cut drop
${jumps} }
}
`
}
