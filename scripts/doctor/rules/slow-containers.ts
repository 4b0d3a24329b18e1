import { bytes } from '#common/cli/format'
import { compareLimits } from '../../release/drift/container-drift.ts'
import { ofPresent, ofRunning, percent, type Rule } from './rule.ts'

/** Containers that are held up by their limits, or have others than the release says. */

/** Above what a rotated log of ours takes (10 MB x 3), with one file over its size. */
const LOG_BYTES = 45e6

export const limitRules: readonly Rule[] = [
  {
    kind: 'altered-limits',
    find: ofPresent(({ expected, container }, facts) => {
      const differs = compareLimits(expected, container, facts.host.engine)
      if (differs.length === 0) return undefined
      return {
        what: 'has other limits than the release gives it',
        evidence: `docker inspect ${expected.container}: ${differs.join(', ')}`,
        cause: 'somebody changed them by hand (docker update)',
      }
    }),
  },
  {
    kind: 'memory-limit',
    find: ofRunning(({ container }) => {
      const used = container.memoryUsed ?? 0
      if (container.memoryLimit === 0 || used / container.memoryLimit < 0.9) return undefined
      return {
        what: `uses ${percent(used / container.memoryLimit)} of its memory`,
        evidence: `control group: ${bytes(used)} of ${bytes(container.memoryLimit)}, without files that can be dropped`,
        cause: 'it grew: a leak, or more work than its limit was made for; the next growth ends it',
      }
    }),
  },
  {
    kind: 'processor-limit',
    find: ofRunning(({ container }, facts) => {
      const { periods = 0, throttled = 0 } = facts.host.diagnosis.limitUse[container.id] ?? {}
      if (periods < 5 || throttled / periods < 0.5) return undefined
      return {
        what: `is held up by its processor limit of ${container.cpus}`,
        evidence: `cpu.stat: nr_throttled ${throttled} of nr_periods ${periods} while we looked`,
        cause: 'it wants more than it is given: more work, or a program that turns in a circle',
      }
    }),
  },
  {
    kind: 'process-limit',
    find: ofRunning(({ container }, facts) => {
      const { pids = 0, pidsMax = 0, pidsRefused = 0 } = facts.host.diagnosis.limitUse[container.id] ?? {}
      const most = pidsMax || container.pidsLimit
      if (most === 0 || (pids / most < 0.9 && pidsRefused === 0)) return undefined
      return {
        what: `has ${pids} of ${most} processes and threads that it may have`,
        evidence: `pids.current ${pids}, pids.max ${most}, refused ${pidsRefused} times`,
        cause: 'it starts processes and does not end them',
      }
    }),
  },
  {
    kind: 'growing-log',
    find: ofPresent(({ expected, container }, facts) => {
      const size = facts.logSizes[container.id] ?? 0
      const free = container.logDriver === 'json-file' && container.logMaxSize === ''
      if (!free && size < LOG_BYTES) return undefined
      return {
        what: free ? 'its log has no limit' : `its log takes ${bytes(size)}`,
        evidence: `docker inspect ${expected.container}: LogConfig ${container.logDriver} max-size=${container.logMaxSize || 'none'}; ${bytes(size)} so far`,
        cause: 'the container was made by hand: a release rotates logs at 10 MB',
      }
    }),
  },
]
