import type { ComponentLogger, Logger } from '@libp2p/interface'

const silent: Logger = Object.assign(() => undefined, {
  enabled: false,
  error: () => undefined,
  trace: () => undefined,
  newScope: () => silent,
})

/** libp2p's own log goes nowhere: what matters reaches our log as events. Its stock logger asks the terminal anew for each stream
 *  that opens, four system calls a second on an idle node. */
export const silentLogger: ComponentLogger = { forComponent: () => silent }
