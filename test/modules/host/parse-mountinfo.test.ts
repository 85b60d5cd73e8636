import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseMountinfo } from '../../../modules/host/parse-mountinfo.ts'

const read = (text: string) =>
  parseMountinfo(Buffer.from(text)).map(({ path, fileSystem }) => [
    Buffer.from(path).toString('utf8'),
    fileSystem,
  ])

it('reads path and type past optional fields', () => {
  const text = `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 propagate_from:2 - ext3 /dev/root rw,errors=continue
22 28 0:20 / /proc rw,nosuid shared:13 - proc proc rw
40 28 0:44 / /mnt/a\\040b\\134c rw - fuse.sshfs me@host:/ rw
`
  expect(read(text)).toEqual([
    ['/mnt2', 'ext3'],
    ['/proc', 'proc'],
    ['/mnt/a b\\c', 'fuse.sshfs'],
  ])
})

it('skips what does not fit', () => {
  expect(read('')).toEqual([])
  expect(read('x\n1 2 3 - \n - ext4 \n36 35 98:0 / relative rw - ext4 x rw')).toEqual([])
})

it('reads any bytes without throwing', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => Array.isArray(parseMountinfo(bytes))))
})
