import type { Rule } from './rule.ts'
import { limitRules } from './slow-containers.ts'
import { loadRules } from './slow-host.ts'
import { powerRules } from './slow-power.ts'

/** What makes everything slow: memory, disk, processor, heat. */
export const slowRules: readonly Rule[] = [...limitRules, ...loadRules, ...powerRules]
