import type { Command } from 'commander'
import { preAuthEncoding } from '../../node/core/envelope.ts'
import { MigError } from '../../node/core/error.ts'
import { envelopeOf, loadAction } from '../ask/action-file.ts'
import type { CommandContext } from '../context.ts'
import { wholeNumber } from '../option-values.ts'

/** `mig action bytes FILE`: exactly what is signed, for stock gpg:
 *  `mig action bytes FILE --signature 1 > sig; mig action bytes FILE | gpg --verify sig -`. */
export function define(command: Command, _context: CommandContext): void {
  command
    .argument('<file>', 'an action file; - for standard input')
    .option('--signature <n>', 'the n-th detached signature instead', wholeNumber)
    .action(async (path: string, options: { readonly signature?: number }) => {
      const file = await loadAction(path)
      if (options.signature === undefined) {
        const { type, body } = envelopeOf(file)
        return writeBytes(preAuthEncoding(type, body))
      }
      const signature = file.signatures[options.signature - 1]
      if (signature === undefined)
        throw new MigError('not-found', `${path} holds ${file.signatures.length} signatures`)
      return writeBytes(signature)
    })
}

function writeBytes(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error == null ? resolve() : reject(error)))
  })
}
