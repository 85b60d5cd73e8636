import { type InvitationView, overused } from '../../node/roles/invitations.ts'

/** One line an invitation, then one a member. */
export function invitationLines(invitations: readonly InvitationView[]): readonly string[] {
  return invitations.flatMap(({ id, role, tags, person, maxuses, expires, members }) => {
    const names = Object.entries(tags).map(([name, value]) => `${name}=${value}`)
    const uses = `${members.length} of ${maxuses} uses`
    return [
      [`${id}  ${role}`, ...names, `by ${person}, until ${expires}, ${uses}`].join('  '),
      ...members.map(
        ({ peer, name, notbefore, isSurplus }) =>
          `  ${name} ${peer}, since ${notbefore}${isSurplus ? ', SURPLUS' : ''}`,
      ),
    ]
  })
}

/** What to do about invitations that more have used than were meant to. */
export function overuseLines(invitations: readonly InvitationView[]): readonly string[] {
  return overused(invitations).map(
    ({ id, maxuses, members }) =>
      `warning: ${members.length} nodes have come in by invitation ${id.slice(0, 12)}, which was made for ${maxuses}: mig invite list, then mig policy revoke PEER, or ${id} for all of them`,
  )
}
