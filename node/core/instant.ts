import type { Instant } from './clock.ts'

const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/

/** `YYYY-MM-DDTHH:MM:SSZ` and nothing else (protocol 3.1) → instant; undefined when it is not one. */
export function parseInstant(text: string): Instant | undefined {
  if (!form.test(text)) return undefined
  const ms = Date.parse(text)
  // Date.parse rolls 31 February over; a time that does not print as itself is not a time.
  if (Number.isNaN(ms) || formatInstant(ms as Instant) !== text) return undefined
  return ms as Instant
}

/** Whole seconds, UTC, rounded down. */
export function formatInstant(instant: Instant): string {
  return `${new Date(Math.floor(instant / 1000) * 1000).toISOString().slice(0, 19)}Z`
}

export function plusSeconds(instant: Instant, seconds: number): Instant {
  return (instant + seconds * 1000) as Instant
}
