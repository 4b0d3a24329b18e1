import type { Lease } from '../../host/lease.ts'
import { openStacks } from './compose-stacks.ts'
import { openReleaseFiles } from './release-files.ts'
import type { ReleaseHost } from './release-host.ts'
import { openSupplies, type Supply } from './supply.ts'

/** A host over a shell, under a lease. `supply` is where its images come from. */
export const openShellHost = (lease: Lease, supply: Supply): ReleaseHost => {
  const files = openReleaseFiles(lease)
  const supplies = openSupplies(lease, supply)
  return {
    name: lease.shell.name,
    ...openStacks(lease),
    ...files,
    ...supplies,
    prune: async (keep) => {
      await files.prune(keep)
      await supplies.prune(keep)
    },
  }
}
