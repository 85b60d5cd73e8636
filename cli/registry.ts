import type { CommandEntry } from './command-entry.ts'

/** Every command, in the order of help. Modules (`mig file …`) are not here: they are asked. */
export const commands: readonly CommandEntry[] = [
  { words: 'init', summary: 'make a new fleet', load: () => import('./commands/init.ts') },
  { words: 'key new', summary: 'make an investigator key', load: () => import('./commands/key-new.ts') },
  {
    words: 'key import',
    summary: 'import an investigator key',
    load: () => import('./commands/key-import.ts'),
  },
  { words: 'key export', summary: 'print a public key', load: () => import('./commands/key-export.ts') },
  {
    words: 'key list',
    summary: 'list the keys that can sign here',
    load: () => import('./commands/key-list.ts'),
  },
  {
    words: 'policy show',
    summary: 'print the policy in force',
    load: () => import('./commands/policy-show.ts'),
  },
  {
    words: 'policy edit',
    summary: 'edit a new version of the policy',
    load: () => import('./commands/policy-edit.ts'),
  },
  {
    words: 'policy check',
    summary: 'check a policy before it is signed',
    load: () => import('./commands/policy-check.ts'),
  },
  { words: 'policy sign', summary: 'sign a policy', load: () => import('./commands/policy-sign.ts') },
  {
    words: 'policy publish',
    summary: 'send a signed policy to the fleet',
    load: () => import('./commands/policy-publish.ts'),
  },
  {
    words: 'policy revoke',
    summary: 'take a person, a peer or an invitation out',
    load: () => import('./commands/policy-revoke.ts'),
  },
  {
    words: 'policy relay',
    summary: 'choose who relays for an office',
    load: () => import('./commands/policy-relay.ts'),
  },
  // Before `invite`, which takes any words.
  {
    words: 'invite list',
    summary: 'list invitations and who has come in by them',
    load: () => import('./commands/invite-list.ts'),
  },
  {
    words: 'invite',
    summary: 'make a line to paste on a new node',
    load: () => import('./commands/invite.ts'),
  },
  {
    words: 'agent enrol',
    summary: 'make this machine an agent',
    load: () => import('./commands/agent-enrol.ts'),
  },
  { words: 'agent start', summary: 'run the agent', load: () => import('./commands/agent-start.ts') },
  {
    words: 'agent checkin',
    summary: 'one visit to the mesh, for cron',
    load: () => import('./commands/agent-checkin.ts'),
  },
  {
    words: 'agent mesh',
    summary: 'the agent’s network process',
    load: () => import('./commands/agent-mesh.ts'),
    hidden: true,
  },
  {
    words: 'agent bundle',
    summary: 'the agent’s process that reads and writes bundles',
    load: () => import('./commands/agent-bundle.ts'),
    hidden: true,
  },
  {
    words: 'agent status',
    summary: 'show the agent’s state',
    load: () => import('./commands/agent-status.ts'),
  },
  {
    words: 'relay enrol',
    summary: 'make this machine a relay',
    load: () => import('./commands/relay-enrol.ts'),
  },
  { words: 'relay start', summary: 'run the relay', load: () => import('./commands/relay-start.ts') },
  {
    words: 'relay status',
    summary: 'who is reached through this machine',
    load: () => import('./commands/relay-status.ts'),
  },
  {
    words: 'investigator enrol',
    summary: 'make this machine an investigator’s node',
    load: () => import('./commands/investigator-enrol.ts'),
  },
  {
    words: 'investigator start',
    summary: 'run the investigator’s node',
    load: () => import('./commands/investigator-start.ts'),
  },
  {
    words: 'agents',
    summary: 'list agents, or those that a target names',
    load: () => import('./commands/agents.ts'),
  },
  {
    words: 'mesh peers',
    summary: 'list the members that are connected',
    load: () => import('./commands/mesh-peers.ts'),
  },
  {
    words: 'action draft',
    summary: 'make an action file from a module line or a MIG file',
    load: () => import('./commands/action-draft.ts'),
  },
  {
    words: 'action check',
    summary: 'check an action file',
    load: () => import('./commands/action-check.ts'),
  },
  {
    words: 'action sign',
    summary: 'add my signature to an action file',
    load: () => import('./commands/action-sign.ts'),
  },
  {
    words: 'action verify',
    summary: 'check the signatures of an action file',
    load: () => import('./commands/action-verify.ts'),
  },
  {
    words: 'action bytes',
    summary: 'print exactly what is signed',
    load: () => import('./commands/action-bytes.ts'),
  },
  {
    words: 'action explain',
    summary: 'who may run it, who must still sign',
    load: () => import('./commands/action-explain.ts'),
  },
  { words: 'action send', summary: 'send a signed action', load: () => import('./commands/action-send.ts') },
  { words: 'action list', summary: 'list actions', load: () => import('./commands/action-list.ts') },
  { words: 'action show', summary: 'show one action', load: () => import('./commands/action-show.ts') },
  { words: 'action cancel', summary: 'stop an action', load: () => import('./commands/action-cancel.ts') },
  {
    words: 'bundle export',
    summary: 'write questions or answers to a file, for a stick',
    load: () => import('./commands/bundle-export.ts'),
  },
  {
    words: 'bundle import',
    summary: 'take them in again',
    load: () => import('./commands/bundle-import.ts'),
  },
  { words: 'results', summary: 'show answers', load: () => import('./commands/results.ts') },
  { words: 'follow', summary: 'follow an action', load: () => import('./commands/follow.ts') },
  {
    words: 'accounting',
    summary: 'who answered, failed, refused, is silent',
    load: () => import('./commands/accounting.ts'),
  },
  { words: 'module list', summary: 'list modules', load: () => import('./commands/module-list.ts') },
  {
    words: 'module help',
    summary: 'show a module’s options',
    load: () => import('./commands/module-help.ts'),
  },
  {
    words: 'module run',
    summary: 'run a module here on parameters from stdin',
    load: () => import('./commands/module-run.ts'),
  },
  {
    words: 'module host',
    summary: 'the process in which the gate runs modules',
    load: () => import('./commands/module-host.ts'),
    hidden: true,
  },
  {
    words: 'doctor',
    summary: 'check this machine’s nodes and say what to do',
    load: () => import('./commands/doctor.ts'),
  },
  {
    words: 'demo',
    summary: 'a throw-away fleet that answers questions',
    load: () => import('./commands/demo.ts'),
  },
  { words: 'bench', summary: 'measure and print the figures', load: () => import('./commands/bench.ts') },
  { words: 'completion', summary: 'print shell completion', load: () => import('./commands/completion.ts') },
]
