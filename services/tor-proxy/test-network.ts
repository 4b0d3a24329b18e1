/** What a private network needs of its clients. Nothing here can open a port, name a file or run a program. */
const allowed = new Set([
  'TestingTorNetwork',
  'DirAuthority',
  'PathsNeededToBuildCircuits',
  'TestingDirAuthVoteExit',
  'TestingDirAuthVoteHSDir',
  'TestingDirAuthVoteGuard',
  'TestingMinExitFlagThreshold',
  'ShutdownWaitLength',
])

/** The lines of a private network. Throws in production, and at a line that no such network needs. */
export const testLines = (text: string | undefined, env: 'production' | 'development'): readonly string[] => {
  if (text === undefined) return []
  if (env === 'production') throw new Error('TOR_TEST_NETWORK is for tests: it may not be set in production')
  const lines = text.split('\n').filter((line) => line !== '')
  for (const line of lines) {
    const [, key = ''] = /^([A-Za-z0-9]+) [A-Za-z0-9 .:=*_-]+$/.exec(line) ?? []
    if (!allowed.has(key)) throw new Error(`TOR_TEST_NETWORK may not hold the line ${JSON.stringify(line)}`)
  }
  return lines
}
