import { backup } from './backup.ts'
import { jobFor, partsOf } from './fixture.ts'
import { openRepository } from './repository.ts'

/**
 * A backup that is killed before its nth change of the disk, as a process of its own:
 * bun kill.fixture.ts SOURCE REPOSITORY CACHE RECIPIENT N. Ends with 0 when it has no nth change.
 */
const [source = '', root = '', cache = '', recipient = '', nth = ''] = process.argv.slice(2)
let changes = 0
const onWrite = () => {
  changes += 1
  if (changes > Number(nth)) process.kill(process.pid, 'SIGKILL')
}
const keep = { last: 1, daily: 0, weekly: 0, monthly: 0 }
await backup({ ...jobFor(recipient), keep }, partsOf(source, openRepository(root, { onWrite }), cache))
