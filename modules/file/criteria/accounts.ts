import { MigError } from '../../../node/core/error.ts'
import { type Host, HostError } from '../../host/host.ts'
import { type BytePath, cleanPath } from '../file-path.ts'
import { splitInverse } from '../inverse.ts'

const maxListBytes = 16 * 1024 * 1024

/** A name or a number; `!` in front turns it round. @throws MigError `bad-parameters` */
export function parseAccount(text: string): { readonly account: string; readonly inverse: boolean } {
  const { pattern: account, inverse } = splitInverse(text)
  if (!/^[^\s:,!/]{1,256}$/.test(account)) {
    throw new MigError(
      'bad-parameters',
      `'${text}' is no account: expected a name as in /etc/passwd, or a number`,
    )
  }
  return { account, inverse }
}

/** People and groups of an endpoint as its own files have them. Directories of accounts elsewhere (LDAP) are not asked. */
export class Accounts {
  readonly #host: Host
  #users: readonly (readonly string[])[] | undefined
  #groups: readonly (readonly string[])[] | undefined

  constructor(host: Host) {
    this.#host = host
  }

  /** @returns undefined for a name that is not there */
  uid(account: string): number | undefined {
    this.#users ??= this.#lines('/etc/passwd')
    return idOf(account, this.#users)
  }

  /** @returns undefined for a name that is not there */
  gid(account: string): number | undefined {
    this.#groups ??= this.#lines('/etc/group')
    return idOf(account, this.#groups)
  }

  /** Home directories, each once; that of those who have none (`/`) left out.
   *  @returns undefined when no list of users can be read */
  homes(): readonly BytePath[] | undefined {
    this.#users ??= this.#lines('/etc/passwd')
    if (this.#users.length === 0) return undefined
    const homes = this.#users.map((fields) => cleanPath(fields[5] ?? '/'))
    return [...new Set(homes)].filter((home) => home !== '/')
  }

  #lines(path: string): readonly (readonly string[])[] {
    try {
      const text = Buffer.from(this.#host.readFile(path, maxListBytes)).toString('latin1')
      return text.split('\n').map((line) => line.split(':'))
    } catch (error) {
      if (error instanceof HostError) return []
      throw error
    }
  }
}

function idOf(account: string, lines: readonly (readonly string[])[]): number | undefined {
  const name = Buffer.from(account, 'utf8').toString('latin1')
  const text = lines.find((fields) => fields[0] === name)?.[2] ?? account
  return /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined
}
