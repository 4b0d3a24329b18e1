import { serviceEnv } from '#common/env'

export const Env = serviceEnv('blockchain-vm', {})
