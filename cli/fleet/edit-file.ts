import { spawn } from 'node:child_process'
import { MigError } from '../../node/core/error.ts'

/** Opens a file in the person's editor and waits until it is closed.
 *  @param editor `$EDITOR`: a program, perhaps with arguments; no shell is started
 *  @throws MigError `not-found` when it cannot be started, `cancelled` when it ended badly */
export function editFile(editor: string, path: string): Promise<void> {
  const [program = 'vi', ...args] = editor.split(/\s+/).filter((word) => word !== '')
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args, path], { stdio: 'inherit' })
    child.once('error', (cause) =>
      reject(
        new MigError('not-found', `the editor '${program}' cannot be started`, {
          hint: `set EDITOR, or edit ${path} with another program`,
          cause,
        }),
      ),
    )
    child.once('exit', (code) => {
      if (code === 0) resolve()
      else reject(new MigError('cancelled', `the editor '${program}' ended with code ${code}`))
    })
  })
}
