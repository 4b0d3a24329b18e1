/** The environment of services that are to be killed, or whose database is. */
export const killEnv = {
  'session-recorder': { RESUME_GRACE_MS: '4000' },
  'session-encryptor': { FREE_BYTES_KEPT: String(64 * 1024 ** 2) },
  // Whoever does not come back holds a place until its time of grace is over.
  'session-orchestrator': { MAX_ACTIVE_SESSIONS: '100' },
} as const
