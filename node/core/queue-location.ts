/** MIG's `queueloc`: `<os>.<id>`. */
export function queueLocation(os: string, id: string): string {
  return `${os}.${id}`
}
