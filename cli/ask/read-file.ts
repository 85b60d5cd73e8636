import { open } from 'node:fs/promises'
import { codeOf, MigError } from '../../node/core/error.ts'

/** Reads a file that a person named, or standard input for `-`.
 *  @throws MigError `not-found`, `too-large`, `bad-input` */
export async function readGivenFile(path: string, maxBytes: number): Promise<string> {
  const bytes = path === '-' ? await readAll(process.stdin, maxBytes) : await readFile(path, maxBytes)
  const text = bytes.toString('utf8')
  if (!Buffer.from(text).equals(bytes)) throw new MigError('bad-input', `${path} is not UTF-8`)
  return text.replace(/^\ufeff/, '')
}

async function readFile(path: string, maxBytes: number): Promise<Buffer> {
  try {
    const file = await open(path, 'r')
    try {
      if ((await file.stat()).isDirectory()) throw new MigError('bad-input', `${path} is a directory`)
      return await readAll(file.createReadStream({ autoClose: false }), maxBytes)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof MigError) throw error
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new MigError('not-found', `there is no file ${path}`)
    throw new MigError('bad-input', `${path} cannot be read: ${code ?? 'unknown reason'}`, { cause: error })
  }
}

async function readAll(input: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of input) {
    size += chunk.length
    if (size > maxBytes) throw new MigError('too-large', `expected a file of at most ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
