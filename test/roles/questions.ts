import type { DraftRequest } from '../../node/roles/service.ts'

/** Asks everybody for the files below /etc whose names match; of many a summary of 4 KiB holds the first few only. */
export const filesNamed = (pattern: string): DraftRequest => ({
  name: 'files by name',
  target: "status='online'",
  operations: [
    {
      module: 'file',
      parameters: { searches: { s1: { paths: ['/etc'], names: [pattern], options: { matchall: true } } } },
    },
  ],
  expireSeconds: 300,
})
