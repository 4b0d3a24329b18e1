/** From where on something is a warning, and from where on it is bad; each with its reason. */

const HOUR = 3_600_000
const DAY = 24 * HOUR
const GIB = 2 ** 30

export const limits = {
  /** Share of its memory limit. From 95 % the next burst (a chunk in flight costs 23 MB of 256) ends the process. */
  memory: { warn: 0.85, bad: 0.95 },
  /** Free share of a file system. A recording writes up to 15 GB a day: 15 % of 256 GB are days, 5 % are hours. */
  diskShare: { warn: 0.15, bad: 0.05 },
  /** Free bytes below which the pipeline takes no new session (SPEC section 4: 2 GB free disk kept). */
  diskBytes: { bad: 2 * GIB },
  /** Before the end of a certificate, ms: three weeks are time to order one, in one week somebody is on holiday. */
  certificate: { warn: 21 * DAY, bad: 7 * DAY },
  /** Age of the newest backup, ms: daily with two hours for it to run; three missed ones are no accident. */
  backup: { warn: 26 * HOUR, bad: 72 * HOUR },
  /** Age of the last restore drill, ms: monthly, with some days' grace. A backup nobody restored is a hope. */
  drill: { warn: 35 * DAY },
  /** Age of the facts, ms: cron runs every five minutes, so three have been missed. */
  facts: { warn: 15 * 60_000 },
  /** How long what is run once may run, ms: setting up the database takes seconds, its restarts a minute or two. */
  runOnce: { warn: 5 * 60_000 },
  /** Degrees Celsius: at 80 the Raspberry Pi 5 begins to slow down. */
  temperature: { warn: 80 },
} as const
