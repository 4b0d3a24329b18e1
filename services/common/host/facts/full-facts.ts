import { parseDeployed } from './deployed.ts'
import { parseDiagnosis } from './diagnosis.ts'
import { type HostFacts, parseFacts } from './host-facts.ts'
import { parseNetworks } from './networks.ts'
import { parseReadiness } from './readiness.ts'
import { parseSections } from './sections.ts'
import { dropUndefined } from './values.ts'

/** Reads what the collector printed at any level; else as `parseFacts`. The watch, which is shipped, needs no more than that. */
export const parseFullFacts = (text: string): HostFacts | undefined => {
  const facts = parseFacts(text)
  const sections = parseSections(text)
  return (
    facts && {
      ...facts,
      ...parseNetworks(sections),
      ...dropUndefined({
        deployed: parseDeployed(sections),
        readiness: parseReadiness(sections),
        diagnosis: parseDiagnosis(sections),
      }),
    }
  )
}
