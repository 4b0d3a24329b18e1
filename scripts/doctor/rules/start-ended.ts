import { bytes } from '#common/cli/format'
import { explainExit } from '#common/host/exit-codes'
import type { Facts } from '../facts.ts'
import { recover } from '../finding.ts'
import { lastWords } from './rule.ts'
import { chooseRepair, explainAltered, explainEnd, type Form, isLooping, showEnd } from './start-form.ts'

/** Forms of a container that ended, once or again and again. */

/** Whether the kernel ended it for want of memory in the last quarter of an hour: the engine's own word may miss that. */
const wasKilled = ({ host: { diagnosis } }: Facts, name: string): boolean =>
  diagnosis.events.some((event) => event.outOfMemory && event.name === name)

export const endedForms: readonly Form[] = [
  {
    kind: 'out-of-memory',
    of: (one, facts) =>
      one.container.oomKilled || wasKilled(facts, one.container.name)
        ? {
            what: 'is ended by the kernel for want of memory',
            evidence: `State.OOMKilled ${one.container.oomKilled}, limit ${bytes(one.container.memoryLimit)}, exit code ${one.container.exitCode}`,
            cause:
              one.container.memoryLimit !== one.expected.memory
                ? `its limit was changed by hand: the release gives it ${bytes(one.expected.memory)}`
                : `${explainAltered(one)}it takes more than its limit`,
            repair:
              one.container.memoryLimit !== one.expected.memory
                ? [recover('service', one.expected.name)]
                : chooseRepair(facts, one),
          }
        : undefined,
  },
  {
    kind: 'configuration',
    of: (one, facts) =>
      one.container.exitCode === 78 && (one.container.status !== 'running' || isLooping(one, facts))
        ? {
            what: 'refuses its configuration',
            evidence: showEnd(facts, one.container),
            cause: explainEnd(one),
            repair: chooseRepair(facts, one),
          }
        : undefined,
  },
  {
    kind: 'restart-loop',
    of: (one, facts) => {
      if (!isLooping(one, facts)) return undefined
      const { restarts } = one.container
      return {
        what: `ends again and again (${restarts} restarts)`,
        evidence: showEnd(facts, one.container),
        cause: explainEnd(one),
        repair: chooseRepair(facts, one),
      }
    },
  },
  {
    kind: 'stopped',
    of: (one, facts) =>
      one.container.status === 'exited' && /^(?:unless-stopped|always)$/.test(one.container.restartPolicy)
        ? {
            what: 'is stopped',
            evidence: `State.Status exited, exit code ${one.container.exitCode}, restart ${one.container.restartPolicy}${lastWords(facts, one.container) && `; ${lastWords(facts, one.container)}`}`,
            cause: `somebody stopped it: the engine would have started it again after ${explainExit(one.container.exitCode)}`,
          }
        : undefined,
  },
  {
    kind: 'ended',
    of: (one, facts) =>
      ['exited', 'dead', 'removing'].includes(one.container.status)
        ? {
            what: `ended (${one.container.status})`,
            evidence: showEnd(facts, one.container),
            cause: explainEnd(one),
            repair: one.expected.once ? [recover('service', one.expected.name)] : chooseRepair(facts, one),
          }
        : undefined,
  },
]
