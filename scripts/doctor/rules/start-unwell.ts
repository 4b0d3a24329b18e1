import { judgeContainer } from '#common/host/facts/container'
import { lastWords } from './rule.ts'
import { explainAltered, type Form } from './start-form.ts'

/** Forms of a container that runs and is not well. */

export const unwellForms: readonly Form[] = [
  {
    kind: 'tor-not-joined',
    of: (one) =>
      /bootstrap/i.test(one.container.healthOutput) && judgeContainer(one.container) === 'unhealthy'
        ? {
            what: 'has not joined Tor',
            evidence: one.container.healthOutput.slice(0, 300),
            cause: 'tor finds no way into its network: no connection, a wrong clock, or a blocked port',
          }
        : undefined,
  },
  {
    kind: 'unhealthy',
    of: (one, facts) =>
      judgeContainer(one.container) === 'unhealthy'
        ? {
            what: 'runs and is not well',
            evidence: one.container.healthOutput.slice(0, 300) || lastWords(facts, one.container),
            cause: `${explainAltered(one)}its own health check fails`,
          }
        : undefined,
  },
  {
    kind: 'never-well',
    of: (one, facts) =>
      judgeContainer(one.container) === 'starting' && (facts.host.at ?? 0) - (one.container.startedAt ?? 0) > 120_000
        ? {
            what: 'has been starting for more than two minutes',
            evidence: one.container.healthOutput.slice(0, 300) || lastWords(facts, one.container),
            cause: `${explainAltered(one)}its own health check has not passed yet`,
          }
        : undefined,
  },
]
