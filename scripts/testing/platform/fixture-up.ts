/**
 * Brings a fixture platform up in a process of its own and stays, so that tests can kill it. Arguments: the
 * state folder and the source as JSON. Prints `ready` when all is healthy.
 */
import { prepare } from '../../platform/platform.ts'
import { waitForShutdown } from '../../platform/shutdown.ts'
import { quick } from './fixture-platform.ts'

const platform = await prepare({
  home: process.argv[2] ?? '',
  source: JSON.parse(process.argv[3] ?? '{}'),
  ports: 'free',
  timing: quick,
  ambient: process.env,
})
const stopped = waitForShutdown(platform)
await platform.start()
console.log('ready')
await stopped
