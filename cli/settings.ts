import { homedir } from 'node:os'

/** What the environment says. This is the only file that reads `process.env`. */
export interface Settings {
  readonly home: string
  /** Where nodes, keys and the configuration live, when set. */
  readonly migHome: string | undefined
  readonly noColor: boolean
  readonly gnupgHome: string | undefined
  /** For automation only; people are asked at the terminal. */
  readonly passphrase: string | undefined
  readonly xdgDataHome: string | undefined
  readonly localAppData: string | undefined
  readonly editor: string | undefined
  /** An HTTP proxy for connections out of the network. */
  readonly httpsProxy: string | undefined
  readonly path: string
  readonly isCi: boolean
}

export function readSettings(): Settings {
  const { env } = process
  return {
    home: homedir(),
    migHome: env.MIG_HOME,
    noColor: env.NO_COLOR !== undefined && env.NO_COLOR !== '',
    gnupgHome: env.GNUPGHOME,
    passphrase: env.MIG_PASSPHRASE ?? env.MIGPGPPASSPHRASE,
    xdgDataHome: env.XDG_DATA_HOME,
    localAppData: env.LOCALAPPDATA,
    editor: env.VISUAL ?? env.EDITOR,
    httpsProxy: env.HTTPS_PROXY ?? env.https_proxy,
    path: env.PATH ?? '',
    isCi: env.CI !== undefined && env.CI !== '',
  }
}

/** What gpg and its agent need to find the person's keys, their passphrase prompt and their session; nothing else is passed on. */
export function gpgEnvironment(): Record<string, string> {
  const wanted = [
    'PATH',
    'HOME',
    'GNUPGHOME',
    'GPG_TTY',
    'DISPLAY',
    'WAYLAND_DISPLAY',
    'XDG_RUNTIME_DIR',
    'DBUS_SESSION_BUS_ADDRESS',
    'TERM',
    'LANG',
    'LC_ALL',
    'USERPROFILE',
    'APPDATA',
    'SystemRoot',
  ]
  const environment: Record<string, string> = {}
  for (const name of wanted) {
    const value = process.env[name]
    if (value !== undefined) environment[name] = value
  }
  return environment
}
