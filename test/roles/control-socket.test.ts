import { expect, it, onTestFinished } from 'vitest'
import { connectControl, serveControl } from '../../node/roles/control-socket.ts'
import type { InvestigatorService } from '../../node/roles/service.ts'
import { temporaryDirectory } from '../fixtures/temporary-directory.ts'

it('a command whose node stops is told so, whether it waits for an answer then or asks afterwards', async () => {
  const path = temporaryDirectory()
  // A node that stops before it answers.
  const service = { about: () => new Promise(() => undefined) } as unknown as InvestigatorService
  const stop = await serveControl(service, path, () => undefined)
  const control = await connectControl(path)
  onTestFinished(() => control?.close())
  const waiting = expect(control?.service.about()).rejects.toMatchObject({ code: 'not-reachable' })
  await stop()
  await waiting
  await expect(control?.service.about()).rejects.toMatchObject({ code: 'not-reachable' })
  expect(await connectControl(path)).toBeUndefined()
})
