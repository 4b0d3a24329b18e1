import { takeLease } from '../../host/lease.ts'
import { openShell } from '../../host/shell.ts'
import { releaseImages } from './release-images.ts'
import { sendImages } from './send-images.ts'
import { HOLDER } from './transfer.fixture.ts'

/** A deployer of its own process, to be killed: `bun kill.fixture.ts HOST CONFIG DIR DIST REPOSITORY`. Prints how far it is. */
const main = async ([host = '', sshConfig = '', dir = '', dist = '', repository = '']: readonly string[]) => {
  const lease = await takeLease(openShell({ host, sshConfig }), dir, { ...HOLDER, pid: process.pid })
  await sendImages(lease, releaseImages(dist, 'linux/amd64', repository), {
    dist,
    onProgress: (bytes, _, what) => process.stdout.write(`${bytes} ${what}\n`),
  })
  process.stdout.write('done\n')
}

if (import.meta.main) await main(process.argv.slice(2))
