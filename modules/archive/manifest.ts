import type { ArchiveBudget } from './archive-budget.ts'
import { ArchiveError } from './archive-error.ts'
import type { ByteSource } from './byte-source.ts'
import { zipData } from './zip-data.ts'
import type { ZipDirectory } from './zip-directory.ts'
import { type ZipEntry, zipEntries } from './zip-entries.ts'

/** Real manifests with an `Import-Package` of hundreds stay far below. */
const maxManifestBytes = 1024 * 1024
/** Of all texts of one jar, which may list any number of entries under one name. */
const maxTextBytes = 4 * maxManifestBytes
/** A jar that holds many others unpacked has one of them for each. */
const maxProjects = 1000

/** What a jar says that it is, a line each: the main attributes of its manifest as `Implementation-Version: 2.14.1`, and of every
 *  Maven project in it `org.apache.logging.log4j:log4j-core:2.14.1`.
 *  @param budget whose bound of entries holds for this jar by itself: they are counted when they are walked
 *  @throws ArchiveError; HostError
 *  @see https://docs.oracle.com/javase/8/docs/technotes/guides/jar/jar.html#JAR_Manifest */
export async function manifestLines(
  source: ByteSource,
  directory: ZipDirectory,
  budget: ArchiveBudget,
): Promise<readonly string[]> {
  const lines: string[] = []
  let entries = 0
  let projects = 0
  let textBytes = 0
  const read = async (entry: ZipEntry): Promise<string> => {
    const text = await textOf(source, entry, budget)
    textBytes += text.length
    if (textBytes > maxTextBytes) throw new ArchiveError('too-large')
    return text
  }
  for (const entry of zipEntries(source, directory)) {
    entries += 1
    if (entries > budget.limits.maxEntries) throw new ArchiveError('limit-reached')
    const name = entry.name.toString('latin1')
    if (/^META-INF\/MANIFEST\.MF$/i.test(name)) {
      // One by one: they may be more than a call takes arguments.
      for (const line of mainAttributes(await read(entry))) lines.push(line)
    } else if (/^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/.test(name)) {
      projects += 1
      if (projects > maxProjects) throw new ArchiveError('limit-reached')
      lines.push(...projectOf(await read(entry)))
    }
  }
  return lines
}

async function textOf(source: ByteSource, entry: ZipEntry, budget: ArchiveBudget): Promise<string> {
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  for await (const piece of zipData(source, entry, budget).chunks()) {
    sizeBytes += piece.length
    if (sizeBytes > maxManifestBytes) throw new ArchiveError('too-large')
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Up to the first empty line. A line that begins with a space goes on with the one before. */
export function mainAttributes(text: string): readonly string[] {
  const lines: string[] = []
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line === '') break
    if (line.startsWith(' ')) lines.push(`${lines.pop() ?? ''}${line.slice(1)}`)
    else lines.push(line)
  }
  return lines
}

/** `group:artifact:version`, if the properties name all three. */
export function projectOf(text: string): readonly string[] {
  const values = new Map<string, string>()
  for (const line of text.split(/\r\n|\n|\r/)) {
    const [, key, value] = /^\s*([A-Za-z]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? []
    if (key !== undefined && value !== undefined) values.set(key, value)
  }
  const parts = ['groupId', 'artifactId', 'version'].map((key) => values.get(key))
  return parts.includes(undefined) ? [] : [parts.join(':')]
}
