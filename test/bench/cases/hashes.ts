import { createHash } from 'node:crypto'
import { type Peer, quoted, type ScanCase, searchAll, searchAny } from '../case.ts'
import type { Corpora } from '../corpora/corpora.ts'
import { escaped, needles } from '../corpora/indicators.ts'
import type { Programs } from '../programs.ts'

/** Hashes, and hashes with other things: cases 24 to 27. */
export function hashCases({ tree, logs }: Corpora, programs: Programs): readonly ScanCase[] {
  // Lists of indicators are mostly of what is not there.
  const strange = Array.from({ length: 1000 }, (_, n) => sha256(`not in any corpus ${n}`))
  const list = (hashes: readonly string[]) => [...hashes, ...strange.slice(hashes.length)]
  const known = (hashes: readonly string[]) => (output: string) =>
    output
      .split('\n')
      .filter((line) => hashes.includes(line.slice(0, 64)))
      .map((line) => line.slice(66))
  // Each process of xargs writes through a buffer of its own, which can cut another's line: the check has only one.
  const sums = (path: string, perProcess: number, aim?: number): Peer => ({
    name: 'xargs -P2 sha256sum',
    needs: ['find', 'xargs', 'sha256sum'],
    command: `find ${quoted(path)} -type f -print0 | xargs -0 -n ${perProcess} -P2 sha256sum`,
    check: `find ${quoted(path)} -type f -print0 | xargs -0 sha256sum`,
    ...(aim === undefined ? {} : { aim }),
  })
  const byList = (
    path: string,
    corpus: 'T1' | 'T3',
    hashes: readonly string[],
    perProcess: number,
  ): ScanCase => ({
    number: 25,
    what: `sha256 against 1,000, ${corpus === 'T1' ? 'small' : 'big'} files`,
    corpus,
    search: searchAny(path, { sha2: list(hashes) }),
    peers: [{ ...sums(path, perProcess, 0.4), hitsOf: known(hashes) }],
    hits: hashes.length,
  })
  const top = tree.directory
  const big = quoted(logs.directory)
  const every = (sum: string) => `find ${big} -type f -print0 | xargs -0 -n 1 -P2 ${sum}`
  const rg = quoted(programs.rg ?? 'rg')
  const needle = quoted(needles.literal)
  return [
    {
      number: 24,
      what: 'sha256 of all, small files',
      corpus: 'T1',
      search: searchAll(top, { names: ['.'] }, { returnsha256: true }),
      peers: [sums(top, 64)],
      compare: 'hashes',
      hits: tree.files,
    },
    byList(top, 'T1', tree.hashes, 64),
    byList(logs.directory, 'T3', logs.hashes, 1),
    {
      number: 26,
      what: 'md5 + sha1 + sha256 + sha512 + sha3, big files',
      corpus: 'T3',
      search: searchAny(logs.directory, {
        md5: ['0'.repeat(32)],
        sha1: ['0'.repeat(40)],
        sha2: [...logs.hashes, '0'.repeat(128)],
        sha3: ['0'.repeat(64)],
      }),
      peers: [
        {
          name: 'xargs -P2 of each sum',
          needs: ['find', 'xargs', 'md5sum', 'sha1sum', 'sha256sum', 'sha512sum', 'openssl'],
          command: ['md5sum', 'sha1sum', 'sha256sum', 'sha512sum', 'openssl dgst -sha3-256']
            .map(every)
            .join(' && '),
          check: `find ${big} -type f -print0 | xargs -0 sha256sum`,
          hitsOf: known(logs.hashes),
        },
      ],
      hits: logs.hashes.length,
    },
    {
      number: 27,
      what: 'name, content and hash in one',
      corpus: 'T1',
      search: {
        searches: {
          name: { paths: [top], names: ['^evil-dropper\\.js$'], options: { matchall: true, matchlimit: 0 } },
          content: {
            paths: [top],
            contents: [escaped(needles.literal)],
            options: { matchall: true, matchlimit: 0 },
          },
          hash: { paths: [top], sha2: list(tree.hashes), options: { matchall: false, matchlimit: 0 } },
        },
      },
      peers: [
        {
          name: 'find, rg, sha256sum',
          needs: ['find', 'rg', 'xargs', 'sha256sum'],
          command: `find ${quoted(top)} -name evil-dropper.js; ${rg} --no-config -uu -a -E none -l -F ${needle} ${quoted(top)}; ${sums(top, 64).command}`,
          check: `find ${quoted(top)} -name evil-dropper.js; ${rg} --no-config -uu -a -E none -l -F ${needle} ${quoted(top)}; ${sums(top, 64).check}`,
          hitsOf: (output) => [
            ...new Set([
              ...output.split('\n').filter((line) => line.startsWith('/')),
              ...known(tree.hashes)(output),
            ]),
          ],
        },
      ],
    },
  ]
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
