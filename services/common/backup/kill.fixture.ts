import { backup } from './backup.ts'
import { cacheFile } from './cache-file.ts'
import { CHUNK_KEY, random } from './fixture.ts'
import { openRepository } from './repository.ts'
import { folderTree } from './tree.ts'

/**
 * A backup that is killed before its nth change of the disk, as a process of its own:
 * bun kill.fixture.ts SOURCE REPOSITORY CACHE RECIPIENT N. Ends with 0 when it has no nth change.
 */
const [source = '', root = '', cache = '', recipient = '', nth = ''] = process.argv.slice(2)
let changes = 0
await backup(
  {
    recipients: [recipient],
    chunkKey: CHUNK_KEY,
    host: 'test',
    tag: null,
    keep: { last: 1, daily: 0, weekly: 0, monthly: 0 },
    forget: [],
  },
  {
    tree: folderTree(source),
    repository: openRepository(root, {
      onWrite: () => {
        changes += 1
        if (changes > Number(nth)) process.kill(process.pid, 'SIGKILL')
      },
    }),
    cache: cacheFile(cache),
    freeze: async () => {},
    thaw: async () => 0,
    now: Date.now,
    random,
  },
)
