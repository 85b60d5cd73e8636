// The floors of docs/architecture.md, held by `npm run floors`. Imports point down; verification,
// store, mesh and modules never import one another; each heavy package is imported on one floor.
const above = (name, from, to) => ({ name, severity: 'error', from: { path: from }, to: { path: to } })
const only = (name, where, what) => ({
  name, severity: 'error', from: { path: '^(node|modules|cli)', pathNot: where }, to: { path: `node_modules/${what}` },
})
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    above('core-imports-nothing-above', '^node/core', '^(node/(?!core)|modules|cli)'),
    above('verification-is-floor-1', '^node/verification', '^(node/(?!core|verification)|modules|cli)'),
    above('modules-are-floor-1', '^modules', '^(node/(?!core)|cli)'),
    above('store-is-floor-2', '^node/store', '^(node/(?!core|store)|modules|cli)'),
    above('mesh-is-floor-3', '^node/mesh', '^(node/(?!core|mesh)|modules|cli)'),
    above('gate-has-no-network', '^node/gate', '^(node/(mesh|sync|roles|api)|cli)'),
    above('sync-is-floor-4', '^node/sync', '^(node/(gate|roles|api)|modules|cli)'),
    above('roles-are-floor-5', '^node/roles', '^(node/api|cli)'),
    above('api-is-floor-6', '^node/api', '^cli'),
    only('openpgp-on-one-floor', '^node/verification', 'openpgp'),
    only('libp2p-on-one-floor', '^node/mesh', '(libp2p|@libp2p|@chainsafe|@multiformats)'),
    only('level-on-one-floor', '^node/store', '(level|classic-level)/'),
    only('commander-on-one-floor', '^cli', 'commander'),
    { name: 'core-does-nothing', severity: 'error', from: { path: '^node/core' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|v8)$' } },
    { name: 'only-host-touches-the-machine', severity: 'error', from: { path: '^modules', pathNot: '^modules/host/' },
      to: { dependencyTypes: ['core'], path: '^(node:)?(fs|fs/promises|child_process|net|os|dns|http|https)$' } },
    { name: 'mesh-runs-nothing', severity: 'error', from: { path: '^node/(mesh|sync)' },
      to: { path: '^(node:)?(child_process|worker_threads)$' } },
    { name: 'gate-opens-no-network', severity: 'error', from: { path: '^node/gate' },
      to: { path: '^(node:)?(dns|http|https|http2|dgram|tls)$' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js'] },
  },
}
