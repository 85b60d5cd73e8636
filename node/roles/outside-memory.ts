import { z } from 'zod'
import { utf8, utf8Decode } from '../core/encoding.ts'
import { MigError } from '../core/error.ts'
import { documentIdField, peerIdField } from '../core/schema.ts'
import type { OutsideMemory } from '../gate/rollback-guard.ts'
import { readPrivateFile, replaceFile } from '../store/private-file.ts'

const schema = z.strictObject({
  step: z.int().min(0),
  policyVersion: z.int().min(0),
  policyHash: documentIdField.optional(),
  peer: peerIdField.optional(),
})

/** The file beside the state directory, `<state>.steps`: restoring the directory from a copy does not restore it. */
export function createOutsideMemory(statePath: string): OutsideMemory {
  const path = `${statePath.replace(/[/\\]+$/, '')}.steps`
  return {
    async read() {
      let bytes: Uint8Array
      try {
        bytes = await readPrivateFile(path)
      } catch (error) {
        if (error instanceof MigError && error.code === 'not-found') return undefined
        throw error
      }
      try {
        return schema.parse(JSON.parse(utf8Decode(bytes) ?? ''))
      } catch {
        // Unreadable counts as missing: the gate then fences off everything issued before now.
        return undefined
      }
    },
    async write(record) {
      await replaceFile(path, utf8(`${JSON.stringify(record)}\n`))
    },
  }
}
