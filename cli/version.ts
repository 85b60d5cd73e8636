declare global {
  /** Put in by the build; absent when run from source. */
  var MIG_VERSION: string | undefined
}

export const version = globalThis.MIG_VERSION ?? '0.0.0-source'
