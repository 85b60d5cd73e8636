// AssemblyScript: compiled to WebAssembly by .ci/kernels.mjs, never run as TypeScript. Addresses are bytes of the one memory, laid out by
// ../layout.ts; every kernel may read up to 128 bytes behind what it is given, and says nothing about them.
export { find1, find2, find3, find4, findExact } from './pairs'
export { skip1, skip4 } from './wu-manber'
export { walk8 } from './walk'
export { newlines } from './newlines'
