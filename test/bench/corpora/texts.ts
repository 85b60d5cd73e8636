import type { SeededRandom } from '../random.ts'

const letters = 'abcdefghijklmnopqrstuvwxyz'
const scripts = [
  letters,
  'абвгдежзийклмнопрстуфхцчшщъыьэюя',
  'αβγδεζηθικλμνξοπρστυφχψω',
  'åäöéèüñçøæ',
  '日本語中文字漢検索例',
]

/** Words of 2 to 12 letters, none of which is in a case's pattern. */
export function wordList(random: SeededRandom, count: number): readonly string[] {
  return Array.from({ length: count }, () => word(random, letters))
}

function word(random: SeededRandom, from: string): string {
  return Array.from({ length: 2 + random.below(11) }, () => random.pick([...from])).join('')
}

/** Lines that look like a program, until there are `bytes` of them. */
export function programText(random: SeededRandom, bytes: number): Buffer {
  const words = wordList(random, 4096)
  const w = () => random.pick(words)
  return linesOf(bytes, () => {
    const indent = '  '.repeat(random.below(4))
    switch (random.below(5)) {
      case 0:
        return `${indent}const ${w()} = ${w()}.${w()}(${w()}, '${w()}-${random.below(1000)}')`
      case 1:
        return `${indent}if (${w()}.${w()} === ${random.below(100_000)}) return ${w()}(${w()})`
      case 2:
        return `${indent}// ${w()} ${w()} ${w()} ${w()} ${w()}`
      case 3:
        return `${indent}"${w()}": { "${w()}": "${w()} ${w()}", "${w()}": ${random.below(1000)} },`
      default:
        return `${indent}}`
    }
  })
}

/** Lines of nginx, sshd, a JSON logger and the kernel. */
export function logText(random: SeededRandom, bytes: number): Buffer {
  const words = wordList(random, 2048)
  const w = () => random.pick(words)
  const ip = () => `${1 + random.below(254)}.${random.below(255)}.${random.below(255)}.${random.below(255)}`
  const two = (end: number) => String(random.below(end)).padStart(2, '0')
  const time = () => `${two(24)}:${two(60)}:${two(60)}`
  const agents = [
    'Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0',
    'curl/7.88.1',
    'Wget/1.21.3',
    'Go-http-client/2.0',
  ]
  return linesOf(bytes, () => {
    switch (random.below(4)) {
      case 0:
        return `${ip()} - - [24/Nov/2026:${time()} +0000] "GET /${w()}/${w()}.html?id=${random.below(1e6)} HTTP/1.1" ${random.pick([200, 200, 301, 404, 500])} ${random.below(100_000)} "-" "${random.pick(agents)}"`
      case 1:
        return `Nov 24 ${time()} ${w()} sshd[${random.below(32_768)}]: Failed password for invalid user ${w()} from ${ip()} port ${random.below(65_536)} ssh2`
      case 2:
        return `{"ts":"2026-11-24T${time()}Z","level":"info","svc":"${w()}","msg":"${w()} ${w()} ${w()}","trace":"${random.below(2 ** 32).toString(16)}","ms":${random.below(5000)}}`
      default:
        return `Nov 24 ${time()} ${w()} kernel: [${random.below(1e6)}.${random.below(1e6)}] ${w()}: ${w()} ${w()} at 0x${random.below(2 ** 32).toString(16)}`
    }
  })
}

/** Lines of words of several scripts. */
export function mixedText(random: SeededRandom, bytes: number): Buffer {
  const words = Array.from({ length: 2048 }, () => word(random, random.pick(scripts)))
  return linesOf(bytes, () =>
    Array.from({ length: 3 + random.below(12) }, () => random.pick(words)).join(' '),
  )
}

function linesOf(bytes: number, line: () => string): Buffer {
  const lines: Buffer[] = []
  for (let size = 0; size < bytes; ) {
    const next = Buffer.from(`${line()}\n`)
    lines.push(next)
    size += next.length
  }
  return Buffer.concat(lines)
}

/** A part of a pool that begins with a line, about so long; cut at a line's end unless it is shorter than one. */
export function sliceOf(random: SeededRandom, pool: Buffer, bytes: number): Buffer {
  const wanted = Math.min(bytes, pool.length >> 1)
  const from = pool.indexOf(10, random.below(pool.length - wanted - 4096)) + 1
  const newline = pool.lastIndexOf(10, from + wanted)
  return pool.subarray(from, newline > from ? newline + 1 : from + wanted)
}
